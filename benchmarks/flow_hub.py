"""The hub in a flow: `hub serve` as a user starts it, with a shop that pushes and a depot that is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import yaml

from benchmarks import home
from benchmarks.flow_sender import SECRET
from benchmarks.flow_statements import unlogged
from benchmarks.measure import family_cpu
from hub.postgres import Server
from hub.web.serve import free_port

SETTLED = "SELECT count(*) FROM sync WHERE account = 'depot' AND state = 'in_sync' AND wanted = done"
TRANSACTIONS = "SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database WHERE datname = current_database()"
PATIENCE = 60.0
STATISTICS = 1.5
"""Seconds after which PostgreSQL's counters have everything that was done."""


class FlowHub:
    """A running hub: its port, what it used, what it has settled."""

    def __init__(self, pid: int, port: int, server: Server) -> None:
        self.port, self.server, self._pid = port, server, pid
        self._postmaster = home.postmaster(server)

    def used(self) -> tuple[float, ...]:
        """CPU seconds until now: of the hub's processes, of PostgreSQL's."""
        return family_cpu(self._pid), family_cpu(self._postmaster)

    def settle(self, count: int) -> float:
        """Wait until so many returns in all are in sync at the depot; when that was."""
        until = time.monotonic() + PATIENCE
        with unlogged(self.server) as conn:
            while self._one(conn, SETTLED) < count and time.monotonic() < until:
                time.sleep(0.005)
        return time.monotonic()

    def settled(self) -> int:
        """How many returns are in sync at the depot."""
        with unlogged(self.server) as conn:
            return self._one(conn, SETTLED)

    def transactions(self) -> int:
        """How many there were until now, those that look for work and find none included."""
        time.sleep(STATISTICS)
        with unlogged(self.server) as conn:
            return self._one(conn, TRANSACTIONS)

    @staticmethod
    def _one(conn: psycopg.Connection, statement: str) -> int:
        found = conn.execute(statement).fetchone()
        assert found is not None
        return int(found[0])


@contextmanager
def serving(folder: Path, url: str) -> Iterator[FlowHub]:
    """A hub with its data in this folder; `url`: where the depot is told."""
    port = free_port()
    env = {**os.environ, "HUB_DATA": str(folder / "hub"), "HUB_LISTEN": f"127.0.0.1:{port}"}
    env.pop("HUB_DATABASE_URL", None)
    shop = {"kind": "storefront", "webhook_secret": SECRET}
    depot = {"kind": "wms", "webhook_secret": SECRET, "url": url, "orders_of": "shop"}
    document = {
        "shop": {"connector": "generic", "settings": shop, "terms": {"listens": []}},
        "depot": {"connector": "generic", "settings": depot, "terms": {"settle": 0}},
    }
    file = folder / "accounts.yaml"
    file.write_text(yaml.safe_dump({"accounts": document}))
    server = Server(folder / "hub" / "postgres")
    with server.hold():
        command = [sys.executable, "-m", "hub", "accounts", "apply", str(file)]
        subprocess.run(command, cwd=home.CHECKOUT, env=env, check=True, capture_output=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.unbounded", "serve"],
            cwd=home.CHECKOUT,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until_it_answers(process, port, "health")
            yield FlowHub(process.pid, port, server)
        finally:
            process.terminate()
            process.wait(60)


def until_it_answers(process: subprocess.Popen[bytes], port: int, path: str, patience: float = 90.0) -> None:
    """Return when this path answers with 2xx. Raises RuntimeError where the process ends, or is silent for long."""
    until = time.monotonic() + patience
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5).close()
            return
        except OSError:  # HTTPError is one
            time.sleep(0.1)
    raise RuntimeError(f"a server did not start: {process.args!r}")
