"""Webhooks in, durable before 202: the hub's job on Granian, and Flask on gunicorn with a commit per request."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import psycopg

from benchmarks import home, peer
from benchmarks.measure import Line, Report, Spread, family_cpu, ratio
from hub.web.serve import free_port

IN_FLIGHT = 16
BOUND = 2.0


@dataclass(frozen=True)
class Round:
    """What one round took: seconds until all were answered, and CPU seconds of those who took part."""

    wall: float
    web: float
    database: float
    sender: float

    @property
    def cpu(self) -> float:
        return self.web + self.database + self.sender


def run(*, quick: bool) -> Report:
    """Both servers stand all the time and get the same requests in turn."""
    requests, rounds = (400, 3) if quick else (3000, 15)
    with home.server() as server, home.fresh(server) as url, home.fresh(server, tables=False) as other:
        _durable(url)
        with psycopg.connect(other, autocommit=True) as conn:
            conn.execute(peer.TABLE)
        # The web's own process makes its hub anew; this one has made the accounts, and the key to their secrets.
        with home.hub(url) as hub, _granian(url, hub.settings.data) as ours, _gunicorn(other) as theirs:
            found: dict[tuple[int, int], list[Round]] = {ours: [], theirs: []}
            turn = [ours, theirs]
            for _ in range(rounds + 1):
                for served in turn:
                    found[served].append(_round(served, requests, home.postmaster(server)))
                turn.reverse()  # each goes first as often as the other
        sent = requests * (rounds + 1)
        assert _rows(url, "inbox") == sent
        assert _rows(other, "messages") == sent
    hubs, flasks = found[ours][1:], found[theirs][1:]  # the first warms both up
    lines = [
        Line(
            "webhooks", "requests/s, the hub's / Flask's", "times", _times(flasks, hubs, "wall"), BOUND, at_least=True
        ),
        Line("webhooks", "CPU of the web per request, Flask's / the hub's", "times", _times(flasks, hubs, "web")),
        Line("webhooks", "the same with PostgreSQL and the sender", "times", _times(flasks, hubs, "cpu")),
    ]
    sender, everything = (sum(getattr(one, part) for one in hubs + flasks) for part in ("sender", "cpu"))
    notes = [
        f"{IN_FLIGHT} keep-alive connections with one request in flight each, {requests} requests a round, all signed"
        f" beforehand; the sender is a process of its own on the same processors and took {sender / everything:.0%} of"
        " all the CPU. fsync is on, one PostgreSQL serves both. Flask: gunicorn, one worker, 16 threads, a connection"
        " kept by each, HMAC checked by hand, one row of three columns, one statement that commits by itself."
        " The hub: the web of `hub serve` without workers beside it (Granian with one worker), the account looked up,"
        " signature and time checked, the event read, one change notification stored.",
    ]
    return Report(lines, notes)


def _times(above: list[Round], below: list[Round], part: str) -> Spread:
    return ratio([getattr(one, part) for one in above], [getattr(one, part) for one in below])


def _round(served: tuple[int, int], requests: int, database: int) -> Round:
    """Have so many requests answered. `served`: the web's process and port; `database`: the postmaster's process."""
    pid, port = served
    web, server = family_cpu(pid), family_cpu(database)
    printed = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", str(port), str(requests), str(IN_FLIGHT), secrets.token_hex(4)],
        cwd=home.CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    )
    wall, sender = map(float, printed.stdout.split())
    return Round(wall, family_cpu(pid) - web, family_cpu(database) - server, sender)


@contextmanager
def _granian(url: str, data: Path) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = f"from hub.web.serve import serve; serve('hub.cli.process:site', port={port})"
    settings = {"HUB_DATABASE_URL": url, "HUB_DATA": str(data)}
    with _running([sys.executable, "-c", command], settings, port) as pid:
        yield pid, port


@contextmanager
def _gunicorn(url: str) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--workers=1", "--threads=16", f"--bind=127.0.0.1:{port}"]
    settings = {"BENCHMARK_DATABASE": url, "BENCHMARK_SECRET": home.WEBHOOK_SECRET}
    with _running([*command, "--log-level=warning", "benchmarks.peer:app"], settings, port) as pid:
        yield pid, port


@contextmanager
def _running(command: list[str], settings: dict[str, str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command, cwd=home.CHECKOUT, env={**os.environ, **settings})
    try:
        _until_it_answers(process, port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def _until_it_answers(process: Any, port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/hooks/web", timeout=5).close()
        except HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"a server did not start: {process.args}")


def _durable(url: str) -> None:
    with psycopg.connect(url) as conn:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            found = conn.execute(f"SHOW {setting}").fetchone()
            assert found == ("on",), f"{setting} is {found}"


def _rows(url: str, name: str) -> int:
    with psycopg.connect(url) as conn:
        found = conn.execute(f"SELECT count(*) FROM {name}").fetchone()
    assert found is not None
    return int(found[0])
