"""A webhook that the web's process takes reaches the other system at once: nothing waits for a look in between."""

from __future__ import annotations

import json
import os
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest

from connectors.generic.sandbox import SECRET
from hub.postgres import Server
from tests.cli.serving import Serve

HOUR = "3600"
ACCOUNTS = """
accounts:
  web: {{connector: generic, settings: {{kind: storefront, webhook_secret: "{secret}"}}, terms: {{listens: []}}}}
  depot:
    connector: generic
    settings: {{kind: wms, webhook_secret: "{secret}", url: "{url}", orders_of: web}}
    terms: {{settle: 0}}
"""


class Depot:
    """Makes (simulated) every return that it is told to."""

    def __init__(self) -> None:
        self.calls: list[float] = []
        depot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                depot.calls.append(time.monotonic())
                data = sent["data"]
                made = {
                    **{"id": f"D-{sent['id']}", "version": 1, "hub_number": data["hub_number"], "order": data["order"]},
                    **{"authorization": {"value": data["authorization"]}, "lines": data["lines"]},
                }
                said = {"objects": {"return": made["id"]}, "records": [{"type": "return.upsert", "data": made}]}
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def accounts(self) -> str:
        return ACCOUNTS.format(secret=SECRET, url=f"http://127.0.0.1:{self.server.server_address[1]}/")


@pytest.fixture
def depot() -> Iterator[Depot]:
    depot = Depot()
    yield depot
    depot.server.shutdown()
    depot.server.server_close()


@pytest.fixture
def patient(depot: Depot) -> Iterator[Callable[..., Serve]]:
    """patient(idle, **env): `hub serve` whose workers look by themselves every so many seconds."""
    with tempfile.TemporaryDirectory(prefix="returns-hub-test-") as name:
        started: list[Serve] = []

        def start(idle: str, **env: str) -> Serve:
            started.append(Serve(Path(name), depot.accounts(), "tests.cli.slow_workers", HUB_TEST_IDLE=idle, **env))
            return started[-1]

        yield start
        for serve in started:
            if serve.process.poll() is None:
                serve.process.terminate()
                serve.process.wait(60)


def told_after(serve: Serve, depot: Depot, name: str) -> float:
    """Seconds from the answer to the webhook until the depot is told."""
    before = len(depot.calls)
    assert serve.push(name) == 202
    pushed = time.monotonic()
    serve.until(lambda: len(depot.calls) > before)
    return depot.calls[before] - pushed


def test_another_system_is_told_at_once_whatever_was_started_again(patient: Callable[..., Serve], depot: Depot) -> None:
    serve = patient(HOUR)
    took = [told_after(serve, depot, f"RET-{n}") for n in range(5)]
    assert statistics.median(took) < 2

    (web,) = serve.children()
    os.kill(web, signal.SIGKILL)
    serve.until(lambda: serve.children() not in ([], [web]))
    serve.until(lambda: serve.health() == 200)
    took = [told_after(serve, depot, f"WEB-{n}") for n in range(3)]
    assert statistics.median(took) < 2, "the new process of the web wakes them, too"

    with psycopg.connect(Server(serve.data.parent).url(), autocommit=True) as conn:
        listening = "FROM pg_stat_activity WHERE left(query, 6) = 'LISTEN'"
        (pid,) = conn.execute(f"SELECT pid {listening}").fetchone() or (0,)
        conn.execute("SELECT pg_terminate_backend(%s)", [pid])
        serve.until(lambda: conn.execute(f"SELECT pid {listening} AND pid <> %s", [pid]).fetchone())
    took = [told_after(serve, depot, f"CUT-{n}") for n in range(3)]
    assert statistics.median(took) < 2, "a listener that lost its connection listens again"
    serve.end()


def test_without_a_wake_up_it_comes_by_the_look(patient: Callable[..., Serve], depot: Depot) -> None:
    serve = patient("0.5", HUB_TEST_DEAF="1")
    for n in range(2):
        told_after(serve, depot, f"RET-{n}")
    serve.end()
