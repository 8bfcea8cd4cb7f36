"""A database server of the benchmark's own, with the hub's defaults (fsync on), and a hub on a fresh database of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import psycopg
from psycopg import sql

from hub import configuration
from hub.boot import Hub, assemble_hub, settle_memory
from hub.postgres import Server
from hub.settings import Settings
from hub.store.database import Database, upgrade

CHECKOUT = Path(__file__).resolve().parent.parent
WEBHOOK_SECRET = "whsec_c2ltdWxhdGVkLCBhbmQgdXNlZCBub3doZXJlIGVsc2U="  # noqa: S105 simulated


def folder() -> Path:
    """Where the server lives. As root below /var/lib, since its system user cannot enter a home."""
    name = f"bench-{sha256(str(CHECKOUT).encode()).hexdigest()[:12]}"
    if os.geteuid() == 0:
        return Path("/var/lib/returns-hub") / name
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "returns-hub" / name


@contextmanager
def server() -> Iterator[Server]:
    """The running server; every benchmark of a run uses the same."""
    held = Server(folder(), tcp=True)
    with held.hold():
        yield held


def postmaster(held: Server) -> int:
    """Its process number, for costing what the database does."""
    return int((held.data / "postmaster.pid").read_text().split("\n", 1)[0])


@contextmanager
def fresh(held: Server, *, tables: bool = True) -> Iterator[str]:
    """A new database and its address over loopback; `tables`: the hub's. Gone afterwards."""
    name = f"bench_{os.getpid()}_{os.urandom(4).hex()}"
    _execute(held, sql.SQL("create database {} template template0"), name)
    try:
        url = held.url(name, tcp=True)
        if tables:
            upgrade(url)
        yield url
    finally:
        _execute(held, sql.SQL("drop database {} with (force)"), name)


def _execute(held: Server, statement: sql.SQL, name: str) -> None:
    with psycopg.connect(held.url("postgres"), autocommit=True) as conn:
        conn.execute(statement.format(sql.Identifier(name)))


@contextmanager
def hub(url: str) -> Iterator[Hub]:
    """A hub with a Medusa shop `web` and a Tryton `erp` that decides; nothing is ever sent to either (simulated)."""
    with tempfile.TemporaryDirectory() as data:
        database = Database(url)
        try:
            ready = assemble_hub(Settings(data=Path(data), database_url=url), database)
            connect(ready)
            settle_memory()
            yield ready
        finally:
            database.close()


def connect(ready: Hub) -> None:
    """The two accounts."""
    nowhere = "http://127.0.0.1:9"
    shop = {"base_url": nowhere, "secret_key": "sk_simulated", "webhook_secret": [WEBHOOK_SECRET]}
    erp = {"base_url": nowhere, "database": "simulated", "key": "simulated", "orders_of": "web"}
    configuration.put(ready, "web", {"connector": "medusa", "settings": shop, "terms": {"money": True}})
    configuration.put(ready, "erp", {"connector": "tryton", "settings": erp, "terms": {"decides": True}})
