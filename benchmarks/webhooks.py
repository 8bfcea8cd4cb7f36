"""Webhooks in, durable before 202: the hub's lane on Granian, and Flask on gunicorn with a commit per request."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import psycopg

from benchmarks import home, peer
from benchmarks.measure import Line, Report, Spread, family_cpu
from hub.web.serve import free_port

IN_FLIGHT = 16
BOUND = 2.0


def run(*, quick: bool) -> Report:
    """Both servers stand all the time and get the same requests in turn."""
    requests, rounds = (400, 3) if quick else (3000, 7)
    with home.server() as server, home.fresh(server) as url, home.fresh(server, tables=False) as other:
        _durable(url)
        with psycopg.connect(other, autocommit=True) as conn:
            conn.execute(peer.TABLE)
        # The web's own process makes its hub anew; this one has made the accounts, and the key to their secrets.
        with home.hub(url) as hub, _granian(url, hub.settings.data) as ours, _gunicorn(other) as theirs:
            pairs = []
            for turn in range(-1, rounds):
                pair = (_round(ours, requests), _round(theirs, requests))
                if turn >= 0:  # the first warms both up
                    pairs.append(pair)
        sent = requests * (rounds + 1)
        assert _rows(url, "inbox") == sent
        assert _rows(other, "messages") == sent
    lines = [
        Line("webhooks", "requests/s, the hub's / Flask's", "times", _times(pairs, 0), BOUND, at_least=True),
        Line("webhooks", "CPU of the web's processes per request, Flask's / the hub's", "times", _inverse(pairs)),
    ]
    notes = [
        f"{IN_FLIGHT} keep-alive connections with one request in flight each, {requests} requests a round, the sender"
        " in a process of its own on the same processors. fsync is on, one PostgreSQL serves both. Flask: gunicorn, one"
        " worker, 16 threads, HMAC checked by hand, one row in a table of three columns, a commit per request."
        " The hub: the account looked up, signature and time checked, the event read, one hint stored,"
        " Granian with one worker.",
    ]
    return Report(lines, notes)


def _times(pairs: list[tuple[tuple[float, float], tuple[float, float]]], which: int) -> Spread:
    return Spread(tuple(theirs[which] / ours[which] for ours, theirs in pairs))


def _inverse(pairs: list[tuple[tuple[float, float], tuple[float, float]]]) -> Spread:
    return _times(pairs, 1)


def _round(served: tuple[int, int], requests: int) -> tuple[float, float]:
    """Seconds until all are answered, and the server's CPU seconds."""
    pid, port = served
    before = family_cpu(pid)
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", str(port), str(requests), str(IN_FLIGHT), secrets.token_hex(4)],
        cwd=home.CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(told.stdout), family_cpu(pid) - before


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
            urllib.request.urlopen(f"http://127.0.0.1:{port}/hooks/web", timeout=5).close()  # noqa: S310
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
