"""The page an outside developer reads is run as it stands: its programs, its calls, its shapes, its mapping."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.generic import answer, door
from connectors.kit import registry
from connectors.kit.api import Operation
from hub import configuration, schema
from hub.store import console
from hub.web.serve import free_port
from mappings.engine import Mapping, lint, read_json
from tests.connectors.tutorial import Shell, blocks
from tests.pipeline.scenario import SECRET, Scenario
from tests.pipeline.scenario import scenario as scenario
from tests.web.test_serve import answers, wait_until

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "connectors" / "generic" / "README.md"
MAPPING = ROOT / "mappings" / "generic.yaml"
BLOCKS = blocks(README.read_text())
PATIENCE = 60.0


def of(kind: str) -> list[tuple[str, str]]:
    return [(name, text) for word, name, text in BLOCKS if word == kind]


# -- its shapes


def test_every_shape_is_taken_translated_and_all_topics_are_shown() -> None:
    shapes = [text for name, text in of("json") if not name]
    mapping, seen = Mapping.load(MAPPING), set()
    for text in shapes:
        (message,) = door.unpack(text.encode())
        fields = mapping.read(message.stream, read_json(message.body), {}, account="here")
        fragment = schema.fragment(fields)
        assert fragment != schema.fragment({})
        seen.add(message.stream)
    assert seen == set(door.STREAMS)


@pytest.mark.parametrize(
    ("stream", "record"),
    [
        ("order", {"payments": [{"id": "PAY-1", "captured": "64.00"}]}),
        ("refund", {"parts": [{"amount": "12.50", "state": "pending"}]}),
        ("credit", {"state": "draft", "amount": "12.50"}),
        ("return", {"credits": [{"id": "CN-1", "state": "draft", "amount": "12.50"}]}),
    ],
)
def test_money_that_moved_needs_a_currency(stream: str, record: dict[str, Any]) -> None:
    mapping = Mapping.load(MAPPING)
    schema.fragment(mapping.read(stream, {"id": "1", "currency": "EUR", **record}))
    with pytest.raises(schema.Invalid, match="currency: Missing"):
        schema.fragment(mapping.read(stream, {"id": "1", **record}))


def test_no_field_that_the_page_shows_is_ignored() -> None:
    """Each field of each shape, left out, changes what is understood: a misspelled one would not."""
    mapping = Mapping.load(MAPPING)
    head = {"id", "updated_at", "version"}  # of the record itself: the hub reads these
    head |= {"origin"}  # with lines, a request is what it would be anyway
    for text in (text for name, text in of("json") if not name):
        (message,) = door.unpack(text.encode())
        record = read_json(message.body)

        def read(changed: dict[str, Any], stream: str = message.stream) -> Any:
            return mapping.read(stream, changed, {}, account="here")

        whole = read(record)
        for name, value in record.items():
            if name not in head and value is not None:
                assert read({key: item for key, item in record.items() if key != name}) != whole, name
            if isinstance(value, list) and value and isinstance(value[0], dict):
                for inner in [key for key, item in value[0].items() if item is not None]:
                    first = {key: item for key, item in value[0].items() if key != inner}
                    assert read({**record, name: [first, *value[1:]]}) != whole, f"{name}.{inner}"


def test_the_answer_it_shows_is_understood() -> None:
    ((_, text),) = [(name, text) for name, text in of("json") if name == "answer"]
    reply = answer.understood(Operation(kind="receive", id="1", reference="R1001"), text.encode())
    assert (reply.objects, reply.detail) == ({"return": "D-1"}, "booked as RC-9")
    assert [(one.kind, one.id) for one in reply.made] == [("receipts", "RC-9")]
    assert [message.external_id for message in reply.messages] == ["D-1"]


def test_its_mapping_lints_and_translates() -> None:
    ((_, text),) = [(name, text) for name, text in of("yaml") if name == "oldshop.yaml"]
    findings = lint(text, schema.vocabulary(), file="oldshop.yaml", folder=MAPPING.parent)
    assert [str(finding) for finding in findings] == []
    own = Mapping.load(text, parents={"generic": MAPPING})
    record = {"id": 1, "version": 1, "state": "OK", "positions": [{"pos": 1, "article": "MUG", "pieces": 2, "reason": "SMALL"}]}  # fmt: skip
    fragment = schema.fragment(own.read("return", record, {}, account="here"))
    assert fragment.authorization.value == "authorized"
    assert [(line.sku, line.reason.code) for line in fragment.lines] == [("MUG", "size_too_small")]


def test_a_return_in_its_words_is_founded(scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((name, text),) = of("yaml")[1:]
    (tmp_path / "generic.yaml").write_text(MAPPING.read_text())
    (tmp_path / name).write_text(text)
    entry = replace(registry.load("generic"), mapping=tmp_path / "generic.yaml")
    monkeypatch.setitem(registry._known, "generic", entry)
    wanted = {"kind": "storefront", "webhook_secret": SECRET}
    configuration.put(scenario.hub, "old", {"connector": "generic", "mapping": "oldshop", "settings": wanted})
    scenario.push("old", "return.upsert", "1", state="OK", positions=[{"pos": 1, "article": "MUG", "pieces": 2}])
    with scenario.hub.database.begin() as conn:
        listed = console.search(conn).rows
    assert [(row.id, row.doc.lines[0].sku) for row in listed] == [(1001, "MUG")]


def fields(section: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """(table, field of theirs that is looked up in it)."""
    if isinstance(section, str):
        for table, field in re.findall(r"lookup\('(\w+)', (\w+(?:\.\w+)?)", section):
            yield table, f"{at}{field}"
    elif isinstance(section, dict | list):
        inner = f"{at}{section['each']}[]." if isinstance(section, dict) and "each" in section else at
        for value in section.values() if isinstance(section, dict) else section:
            yield from fields(value, inner)


def test_the_words_are_those_of_the_dictionary(request: pytest.FixtureRequest) -> None:
    mapping = yaml.safe_load(MAPPING.read_text())
    tables, said = mapping["tables"], dict[str, list[str]]()
    for table, field in fields(mapping["inbound"]["return"]):
        said.setdefault(table, []).append(f"`{field}`")
    assert set(said) == set(tables)
    rows = [f"| {', '.join(said[name])} | `{name}` | {', '.join(words)} |" for name, words in tables.items()]
    wanted = "\n".join(["| in `return.upsert` | table | words |", "|---|---|---|", *rows]) + "\n"
    before, _, rest = README.read_text().partition("<!-- words -->\n")
    found, end, after = rest.partition("<!-- /words -->")
    assert end
    if request.config.option.accept:
        README.write_text(f"{before}<!-- words -->\n{wanted}{end}{after}")
    else:
        assert found == wanted, "pytest --accept writes it anew"


def test_every_operation_and_its_fields_are_on_the_page() -> None:
    section = README.read_text().partition("## What you are told")[2].partition("| you answer |")[0]
    rows = [row.split("|")[1:3] for row in section.splitlines() if row.startswith("| `")]
    shown = {kind: text for kinds, text in rows for kind in re.findall(r"`(\w+)`", kinds)}
    mapping = yaml.safe_load(MAPPING.read_text())["outbound"]
    assert set(shown) == {*mapping, door.PING}
    for kind, fields in mapping.items():
        text = shown[kind] + (shown["create_return"] if kind == "amend" else "")
        lines = {name for name in fields.get("lines", {}) if name != "each"} - ({"line"} if "create" in kind else set())
        missing = [name for name in {*fields, *lines} if f"`{name}`" not in text and kind != "amend"]
        assert not missing, f"{kind}: {missing}"


# -- its programs


@pytest.fixture
def ports() -> dict[str, str]:
    """The page's ports and those that are free here."""
    return {"8080": str(free_port()), "9090": str(free_port())}


@pytest.fixture
def env(database_url: str, tmp_path: Path, ports: dict[str, str]) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    listen = {"HUB_LISTEN": f"127.0.0.1:{ports['8080']}", "PYTHONPATH": str(ROOT), "PATH": path}
    return {**os.environ, **listen, "HUB_DATABASE_URL": database_url, "HUB_DATA": str(tmp_path / "hub")}


@pytest.fixture
def serving(env: dict[str, str], ports: dict[str, str]) -> Iterator[None]:
    """`hub serve` as a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", "hub", "serve"], cwd=ROOT, env=env)
    try:
        wait_until(lambda: answers(int(ports["8080"])), "the hub answers")
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def shell(env: dict[str, str], tmp_path: Path, serving: None, ports: dict[str, str]) -> Iterator[Callable[[int], str]]:
    """shell(n): run the page's n-th shell block. Its files are there, its ports are the free ones."""

    def here(text: str) -> str:
        return re.sub("|".join(ports), lambda port: ports[port[0]], text)

    for name, text in (*of("python"), *of("yaml")):
        (tmp_path / name).write_text(here(text))
    terminal = Shell(tmp_path, env)
    commands = [here(text) for _, text in of("sh")]
    yield lambda number: terminal.run(commands[number])
    terminal.run('kill "$RECEIVER" || true')
    terminal.end()


def eventually(shell: Callable[[], str], wanted: str) -> str:
    until = time.monotonic() + PATIENCE
    while wanted not in (found := shell()):
        assert time.monotonic() < until, f"waited in vain for {wanted!r}; the last was:\n{found}"
        time.sleep(0.3)
    return found


def refused(env: dict[str, str], secret: str, body: bytes) -> int:
    """The status that a push to the shop's address gets."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    request = urllib.request.Request(f"http://{env['HUB_LISTEN']}/hooks/shop", body, headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value:
        assert json.loads(caught.value.read())["what_now"]
    return caught.value.code


def test_the_ten_minutes_work_as_they_stand(shell: Callable[[int], str], env: dict[str, str], tmp_path: Path) -> None:
    shell(0)
    checked = shell(1)
    assert "shop: added" in checked
    assert "depot: ready" in checked
    pushed = shell(2).split("\n")
    assert [json.loads(line) for line in pushed if line] == [{"accepted": 0}, {"accepted": 1}, {"accepted": 1}]

    assert refused(env, "wrong", b'{"type": "ping"}') == 401
    assert refused(env, "", b'{"type": "ping"}') == 401

    def hub(*words: str) -> str:
        asked = [sys.executable, "-m", "hub", *words]
        return subprocess.run(asked, cwd=ROOT, env=env, text=True, capture_output=True, check=False).stdout

    eventually(lambda: hub("story", "R1001"), "told depot: create_return")
    assert '"accepted": 1' in shell(3)
    shown = eventually(lambda: hub("returns", "show", "R1001", "--json"), '"receipt": "full"')
    printed = json.loads(shown)
    assert printed["return"]["objects"]["depot"]["return"] == "D-1"
    assert printed["return"]["lines"][0]["received"] == "2"
    eventually(lambda: str(json.loads(hub("returns", "show", "R1001", "--json"))["sync"].get("depot")), "in_sync")
