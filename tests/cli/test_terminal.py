"""Texts of others reach no terminal as commands: escapes, carriage returns, C1 controls, turned writing directions."""

from __future__ import annotations

import json
import logging
import time
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from rich.cells import cell_len

from connectors.generic.sandbox import SECRET
from connectors.kit.api import WebhookRequest
from connectors.kit.signing import sign_standard
from hub import configuration
from hub.boot import Hub, assemble_hub
from hub.cli import out
from hub.pipeline.intake.accept import accept
from hub.plain import Lines, in_json, plain
from hub.settings import Settings
from hub.store import accounts as store
from hub.store import inbox
from hub.store.database import Database
from tests.cli.console_input import Run
from tests.pipeline.queries import work_off

EVIL = "\x1b[2J\x1b]0;title\x07\x9b31m\r\x08\x7f\x85\u202e\u2066\u200f\u2028[red][/nothing]"
"""Clears the screen, names the window, colours, goes back, turns round; and what rich would take for markup."""


def calm(text: str) -> str:
    """`text`, in which nothing is that moves a terminal."""
    bad = {
        hex(ord(c)) for c in text if c not in "\n\t\u200d" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    assert not bad, f"{bad} in {text!r}"
    return text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äöü 退货 👩\u200d👧", "plain äöü 退货 👩\u200d👧"),
        ("a\nb\tc", "a\nb\tc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\r\x9b\u202eb", "a\\x0d\\x9b\\u202eb"),
        ("\ud800 \U000e0041", "\\ud800 \\U000e0041"),
    ],
)
def test_what_is_taken_out_stays_visible(text: str, shown: str) -> None:
    assert plain(text) == calm(shown)
    assert plain(shown) == shown


def test_json_stays_the_same_json() -> None:
    value = {EVIL: [EVIL, "\U000e0041", "退货"]}
    text = calm(in_json(msgspec.json.format(msgspec.json.encode(value)).decode()))
    assert json.loads(text) == value


def test_nobody_forges_a_line_of_the_log() -> None:
    record = logging.LogRecord("hub", logging.ERROR, "", 1, "refused: %s", ("a\n2026-01-01 ERROR forged" + EVIL,), None)
    lines = calm(Lines().format(record)).splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("    ")


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Any:
    database = Database(database_url)
    yield assemble_hub(Settings(data=tmp_path, database_url=database_url), database)
    database.close()


def push(hub: Hub, kind: str, data: dict[str, Any]) -> None:
    body = msgspec.json.encode({"type": kind, "data": data})
    headers = sign_standard(SECRET, data["id"], body, time.time())
    request = WebhookRequest("POST", "/hooks/shop", {"Content-Type": "application/json", **headers}, body)
    with hub.database.begin() as conn:
        inbox.accept(conn, accept(hub.accounts, "shop", request))


def test_every_command_that_prints_what_others_wrote(hub: Hub, run: Run, tmp_path: Path) -> None:
    settings = {"kind": "storefront", "webhook_secret": SECRET}
    configuration.put(hub, "shop", {"connector": "generic", "settings": settings})
    record = {
        "id": f"RET-{EVIL}",
        "version": 1,
        "number": f"RET-{EVIL}",
        "currency": "EUR",
        "order": {"id": f"5001{EVIL}", "number": f"#5001{EVIL}"},
        "requested_at": "2026-03-01T10:00:00Z",
        "authorization": {"value": "authorized"},
        "notes": [{"id": "1", "text": EVIL, "author": EVIL}],
        "lines": [{"id": f"1{EVIL}", "order_line": "L1", "sku": f"MUG{EVIL}", "quantity": 1, "comment": EVIL}],
    }
    push(hub, "return.upsert", {**record, "notes": []})
    push(hub, "return.upsert", {"id": f"bad{EVIL}", "version": 1, "authorization": {"value": EVIL}, EVIL: EVIL})
    work_off(hub)
    with hub.database.begin() as conn:
        store.move(conn, "shop", "degraded", f"their page says {EVIL}")
        conn.exec_driver_sql(
            "INSERT INTO journal (return_id, stage, account, text) SELECT min(id), 'merge', 'shop', %(t)s FROM returns",
            {"t": EVIL.replace("\x00", "")},
        )
        waiting = conn.exec_driver_sql("SELECT id FROM inbox WHERE error IS NOT NULL").scalar_one()
    (number,) = [row["number"] for row in json.loads(run("returns", "list", "--json").stdout)]
    printed = ""
    for words in (
        ["accounts", "list"], ["accounts", "list", "--json"], ["accounts", "check", "shop"], ["accounts", "export"],
        ["returns", "list"], ["returns", "list", "--json"], ["returns", "show", number], ["returns", "show", number, "--json"],
        ["story", number], ["story", number, "--json"], ["sync", "list"], ["sync", "list", "--json"],
        ["inbox", "list"], ["inbox", "list", "--json"], ["inbox", "show", str(waiting)],
        ["review", "list"], ["review", "list", "--json"], ["privacy", "find", "MUG", "--said"],
        ["accounts", "check", f"nobody{EVIL}"], ["returns", "show", f"R{EVIL}"], ["connectors", "show", EVIL],
        ["accounts", "pause", f"shop{EVIL}"], ["connectors", "list"],
    ):  # fmt: skip
        result = run(*words)
        assert result.exception is None or isinstance(result.exception, SystemExit), (words, result.exception)
        printed += calm(result.output)
    assert printed.count("\\x1b[2J") > 10, "it was there to be printed"


def test_accounts_exported_with_such_texts_are_the_same_again(hub: Hub, run: Run, tmp_path: Path) -> None:
    settings = {"kind": "storefront", "webhook_secret": SECRET}
    terms = {"locations": [f"till{EVIL}"]}
    configuration.put(hub, "shop", {"connector": "generic", "settings": settings, "terms": terms})
    exported = calm(run("accounts", "export").stdout)
    assert yaml.safe_load(exported)["accounts"]["shop"]["terms"] == terms


def test_nothing_of_the_command_line_prints_past_it() -> None:
    """One way out: `hub/cli/out.py`."""
    folder = Path(configuration.__file__).parent / "cli"
    for file in folder.glob("*.py"):
        if file.name != "out.py":
            text = file.read_text("utf-8")
            assert not any(way in text for way in ("click.echo", "click.secho", "console.print", "print(")), file.name


TOLD = {"number": "R1003", "status": "authorized", "kind": "return_refund", "sync": "web in_sync, erp pending 待处理"}


@pytest.mark.parametrize("width", [30, 60, 80, 200])
@pytest.mark.parametrize(
    "more", [{}, {"discrepancies": 1, "last_success": "2026-11-29 08:27:42", "last_heard": "never"}]
)
def test_a_narrow_terminal_breaks_no_word_and_loses_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, more: dict[str, Any]
) -> None:
    monkeypatch.setattr(out.console, "_width", width)
    row = {**TOLD, **more}
    out.show([row, {**row, "number": "R1004"}], list(row), False, empty="")
    shown = capsys.readouterr().out
    assert max(map(cell_len, shown.splitlines())) <= width
    texts = [name.replace("_", " ") for name in row] + [str(value) for value in row.values()] + ["R1004"]
    assert {word for text in texts for word in text.split()} <= set(shown.split())
