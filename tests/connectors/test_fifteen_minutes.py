"""The chapter "A connector in fifteen minutes" is followed literally, in a copy of the checkout, against a real hub."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.signing import sign_hmac
from hub.web.serve import free_port
from tests.connectors.dovecote import Dovecote
from tests.connectors.tutorial import Shell, blocks
from tests.databases import CHECKOUT
from tests.test_house import tracked
from tests.web.test_serve import answers, wait_until

CHAPTER = (
    (CHECKOUT / "connectors/README.md")
    .read_text()
    .partition("## A connector in fifteen minutes\n")[2]
    .partition("\n## ")[0]
)
BLOCKS = blocks(CHAPTER)
FILES = {name: text for _, name, text in BLOCKS if name}
BEGIN, CHECK, CONNECT, SERVE, LOOK = (text for language, _, text in BLOCKS if language == "sh")
PATIENCE = 90.0


def test_it_is_as_short_as_it_says_and_none_of_it_is_python() -> None:
    lines = sum(len(text.splitlines()) for text in FILES.values())
    assert f"three files of {lines} lines, none of them Python" in CHAPTER
    assert len(FILES) == 3
    assert {Path(name).suffix for name in FILES} == {".yaml", ".json"}
    assert {language for language, _, _ in BLOCKS} == {"sh", "yaml", "json"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout, to begin a connector in."""
    folder = tmp_path_factory.mktemp("checkout")
    for file in tracked():
        place = folder / file.relative_to(CHECKOUT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, place)
    return folder


@pytest.fixture
def ports() -> dict[str, str]:
    """The chapter's ports and those that are free here."""
    return {"8080": str(free_port()), "7070": str(free_port())}


@pytest.fixture
def dovecote(ports: dict[str, str]) -> Iterator[Dovecote]:
    """Running, with the account's address entered for webhooks."""
    hooks = f"http://127.0.0.1:{ports['8080']}/hooks/desk"
    with Dovecote(int(ports["7070"]), webhook=hooks, secret="simulated-secret") as running:
        yield running


@pytest.fixture
def env(checkout: Path, database_url: str, tmp_path: Path, ports: dict[str, str]) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    mine = {"PATH": path, "PYTHONPATH": str(checkout), "HUB_LISTEN": f"127.0.0.1:{ports['8080']}", "HUB_LEASE": "10"}
    return {**os.environ, **mine, "HUB_DATABASE_URL": database_url, "HUB_DATA": str(tmp_path / "hub")}


@pytest.fixture
def run(checkout: Path, env: dict[str, str], ports: dict[str, str]) -> Iterator[Callable[[str], str]]:
    """run(block): what it prints in the one terminal of this test."""
    terminal = Shell(checkout, env)
    yield lambda block: terminal.run(here(block, ports))
    terminal.end()


@pytest.fixture
def serve(checkout: Path, env: dict[str, str], ports: dict[str, str]) -> Iterator[Callable[[], None]]:
    """serve(): what the chapter runs in a second terminal."""
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> None:
        started.append(subprocess.Popen(["bash", "-c", f"exec {SERVE}"], cwd=checkout, env=env))
        wait_until(lambda: answers(int(ports["8080"])), "the hub answers")

    yield begin
    for one in started:
        one.terminate()
        one.wait(30)


def here(text: str, ports: dict[str, str]) -> str:
    return re.sub("|".join(ports), lambda port: ports[port[0]], text)


def eventually(look: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.3)
    return found


def push(url: str, body: bytes, secret: str) -> int:
    """The status that a webhook gets."""
    headers = {"X-Dovecote-Signature": f"sha256={sign_hmac(secret, body).decode()}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def press(site: str, number: str, decision: str) -> None:
    """What a browser does when a person presses a button on a return's page."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with browser.open(f"{site}/returns/{number}", timeout=30) as page:
        token = re.search(r'name="form_token" value="([^"]+)"', page.read().decode())
    assert token
    form = {"return": number, "round": "1", "decision": decision, "form_token": token[1]}
    sent = urllib.request.Request(f"{site}/do/decide", urllib.parse.urlencode(form).encode(), {"Origin": site})
    browser.open(sent, timeout=30).close()


@pytest.mark.slow
def test_the_fifteen_minutes_work_as_they_stand(
    checkout: Path, dovecote: Dovecote, run: Callable[[str], str], serve: Callable[[], None], ports: dict[str, str]
) -> None:
    begun = run(BEGIN)
    assert [name for name in FILES if name not in begun] == []
    for name, text in FILES.items():
        (checkout / name).write_text(text)
    checked = run(CHECK)
    assert checked.count("nothing to say against") == 2
    assert "1 passed" in checked
    (recorded,) = checkout.glob("tests/connectors/dovecote/*.expected.json")
    assert json.loads(recorded.read_text())["lines"][0]["amount"] == "25.00", "cents are minor units"
    assert "Dovecote, Settings, API: make a key" in checked

    connected = run(CONNECT)
    assert "desk: ready" in connected
    assert "/hooks/desk at Dovecote" in connected

    assert "simulated-secret" not in connected
    serve()

    def known(rma: str) -> Any:
        found = json.loads(run(f"hub returns list {rma} --json"))
        return json.loads(run(f"hub returns show {found[0]['number']} --json")) if found else None

    def authorization(rma: str) -> str:
        return str(known(rma)["return"]["axes"]["authorization"]["value"])

    # Polled: both pages, in our words.
    eventually(lambda: len(json.loads(run("hub returns list --limit 100 --json"))) == 60)
    polled = known("D-7")["return"]
    (line,) = polled["lines"]
    assert (line["sku"], line["quantity"], line["stated"]["code"]) == ("MUG-BLUE", "2", "defective")
    assert (polled["money"]["currency"], authorization("D-7")) == ("EUR", "requested")
    assert "R1001" in run(LOOK)

    # Pushed: a genuine webhook changes it, any other one is refused.
    site = here("http://127.0.0.1:8080", ports)
    forged = {**dovecote.state[8], "status": "approved", "changed_at": "2026-03-05T09:00:00Z"}
    body = json.dumps({"type": "return.changed", "data": forged}).encode()
    assert push(f"{site}/hooks/desk", body, "guessed") == 401
    dovecote.change(dovecote.state[7], status="withdrawn")
    eventually(lambda: authorization("D-7") == "cancelled")
    assert authorization("D-8") == "requested"

    # Told: what a person decides reaches the system once, as the system itself says, though its answer was lost.
    number = known("D-9")["number"]
    dovecote.fault("answer_after", method="PUT", status=500)
    press(site, number, "authorize")
    eventually(lambda: known("D-9")["sync"]["desk"] == "in_sync" and authorization("D-9") == "authorized")
    eventually(lambda: "told desk: authorize" in run(f"hub story {number}"))
    assert [(one["number"], one["content"]) for one in dovecote.effects] == [("9", {"status": "approved"})]
    assert dovecote.state[9]["status"] == "approved"
