"""`hub worker`, `hub clock` and `hub serve` as people start them: they do their work, and end when they are told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub import configuration
from hub.boot import Hub, assemble_hub
from hub.settings import Settings
from hub.store import inbox
from hub.store.arrival import Arrival
from hub.store.database import Database
from mappings.engine import read_json
from tests.databases import CHECKOUT

RECORDING = CHECKOUT / "tests/connectors/medusa/return_requested.json"
SHOP = {"base_url": "http://127.0.0.1:9", "secret_key": "simulated-key"}
"""Nobody answers there."""


class Process:
    """`hub <command>` on the test's database; what it says goes to a file."""

    def __init__(self, command: str, url: str, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.log = folder / f"{command} {time.monotonic_ns()}.log"
        env = {**os.environ, "HUB_DATABASE_URL": url, "HUB_DATA": str(folder), "HUB_LISTEN": "127.0.0.1:0"}
        with self.log.open("w") as log:
            command_line = [sys.executable, "-m", "hub", command]
            self.process = subprocess.Popen(command_line, cwd=CHECKOUT, env=env, stdout=log, stderr=log)

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until(self, holds: Callable[[], Any]) -> Any:
        """Wait for it; the process must live meanwhile."""
        while not (found := holds()):
            assert self.process.poll() is None, self.said
            time.sleep(0.05)
        return found

    def until_it_says(self, text: str) -> None:
        self.until(lambda: text in self.said)

    def end(self) -> None:
        """Told to end, it ends by itself, with nothing to complain about."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.said
        assert "Traceback" not in self.said
        assert " failed" not in self.said


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    """An account `web` whose orders are polled every second; its key lies where the processes look for it."""
    (tmp_path / "hub").mkdir()
    database = Database(database_url)
    made = assemble_hub(Settings(data=tmp_path / "hub", database_url=database_url), database)
    configuration.put(made, "web", {"connector": "medusa", "settings": SHOP, "terms": {"poll": 1}})
    yield made
    database.close()


@pytest.fixture
def start(hub: Hub, database_url: str) -> Iterator[Callable[[str], Process]]:
    started: list[Process] = []

    def begin(command: str) -> Process:
        started.append(Process(command, database_url, hub.settings.data))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.wait()


def accept(hub: Hub) -> None:
    """A return that the shop told of is in the inbox."""
    content = read_json(RECORDING.read_bytes())
    body = msgspec.json.encode(content["record"])
    arrival = Arrival.of(
        account="web", stream="return", external_id=content["record"]["id"], via="fetch", body=body, read_seq=1
    )
    assert all(hub.database.run(lambda conn: inbox.accept(conn, [arrival])))


def count(hub: Hub, query: str) -> int:
    with hub.database.begin() as conn:
        return int(conn.exec_driver_sql(query).scalar_one())


def all_returns(hub: Hub) -> int:
    return count(hub, "SELECT count(*) FROM returns WHERE opened")


POLLS = "SELECT count(*) FROM ticks WHERE task = 'poll web/order'"
WANTED = "SELECT wanted FROM jobs WHERE kind = 'poll' AND key = 'order'"


def test_a_worker_does_what_is_in_the_inbox_and_ends_when_told(hub: Hub, start: Callable[[str], Process]) -> None:
    accept(hub)
    worker = start("worker")
    worker.until(lambda: all_returns(hub))
    worker.until_it_says("working; Ctrl-C ends it")
    worker.end()
    assert count(hub, "SELECT count(*) FROM inbox") == 0
    assert count(hub, "SELECT count(*) FROM jobs WHERE lease_until IS NOT NULL") == 0
    assert count(hub, POLLS) == 0, "a worker is no clock"


def test_two_clocks_are_one(hub: Hub, start: Callable[[str], Process]) -> None:
    """Every tick asks for a poll, and nobody polls: as many were asked for as there were ticks."""
    clocks = [start("clock"), start("clock")]
    for clock in clocks:
        clock.until_it_says("the clock is running; Ctrl-C ends it")
    before = count(hub, POLLS)
    clocks[0].until(lambda: count(hub, POLLS) >= before + 4)
    clocks[0].end()
    before = count(hub, POLLS)
    clocks[1].until(lambda: count(hub, POLLS) > before)
    clocks[1].end()
    assert count(hub, WANTED) == count(hub, POLLS)
    assert count(hub, "SELECT count(*) FROM ticks WHERE task IN ('months', 'watch')") >= 2
    assert count(hub, "SELECT count(*) FROM attempts") == 0, "a clock is no worker"


def test_serve_is_console_worker_and_clock_and_ends_when_told(hub: Hub, start: Callable[[str], Process]) -> None:
    accept(hub)
    serve = start("serve")
    (url,) = serve.until(lambda: re.findall(r"Returns Hub: (http://\S+)/", serve.said))
    serve.until(lambda: all_returns(hub))
    serve.until(lambda: count(hub, POLLS))
    serve.until(lambda: "R1001" in page(f"{url}/returns"))
    serve.end()
    assert page(f"{url}/returns") == "", "nobody holds the port any more"
    assert count(hub, "SELECT count(*) FROM jobs WHERE lease_until IS NOT NULL") == 0


def page(url: str) -> str:
    """What the console shows; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
