"""The one door to PostgreSQL: connections, transactions that are tried again, migrations, the database's clock."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError as DBAPIError
from sqlalchemy.pool import NullPool

from hub.store import alive, arrays, raw
from hub.store.connection import Connection as Connection
from hub.store.outage import Outage
from hub.store.outage import sqlstate as sqlstate

T = TypeVar("T")

LOCK_TIMEOUT = 5.0
"""Seconds a statement waits for a lock; then its transaction begins again."""
IDLE_TIMEOUT = 30.0
"""Seconds a transaction may stand still: a stopped process gives its locks back."""
STATEMENTS = 1_000
"""That a connection keeps planned; the hub has a few hundred."""
TRIES = 10
AGAIN = frozenset({"40001", "40P01", "55P03"})
"""serialisation failure, deadlock, lock timeout: nothing happened, the same transaction may be tried again."""

_MIGRATING = 7200
_MIGRATIONS = Path(__file__).parent / "migrations"
_OLDEST = 150000


class DatabaseError(Exception):
    """The database cannot be used as it is; the text says why and what to do."""


class Database:
    """A pool of connections. It may be made before a fork: each process opens its own connections."""

    def __init__(self, url: str, *, connections: int = 16) -> None:
        self.url = url
        # Of those that rest the last used is taken: a few connections know all statements, the others are reserve.
        self._engine = _engine(url, pool_size=connections, max_overflow=connections, pool_use_lifo=True)
        event.listen(self._engine, "connect", _plan_once)
        alive.watch(self._engine)
        self._process = os.getpid()
        self._outage = Outage()
        self.listeners: list[Callable[[Iterable[str]], None]] = []
        """Told after a commit which kinds of work it made due; they must not fail and not take long."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction, READ COMMITTED: commits at the end, rolls back on an exception."""
        with self._watched(), self._mine().begin() as sql, closing(Connection(sql)) as conn:
            yield conn
        if conn.due:
            for listener in self.listeners:
                listener(conn.due)

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a transaction, whole again after a deadlock, a serialisation failure or a lock timeout.

        `work` must have no effect but on its connection.
        """
        for again in range(TRIES):
            try:
                with self.begin() as conn:
                    return work(conn)
            except DBAPIError as error:
                if sqlstate(error) not in AGAIN or again == TRIES - 1:
                    raise
            time.sleep(random.uniform(0, 0.01 * 2 ** min(again, 6)))  # noqa: S311
        raise AssertionError("unreachable")

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """Each statement is its own transaction, finished by the server even if this process stops."""
        with self._watched(), self._mine().connect() as sql:
            sql.execution_options(isolation_level="AUTOCOMMIT")
            with closing(Connection(sql)) as conn:
                yield conn

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            self._outage.note(error)
            raise
        self._outage.well()

    def close(self) -> None:
        """Close every connection of this process that is not in use."""
        self._mine().dispose()

    def _mine(self) -> Engine:
        if self._process != os.getpid():
            self._engine.dispose(close=False)  # the parent's connections stay the parent's
            self._process = os.getpid()
        return self._engine


def now(conn: Connection) -> datetime:
    """The database's clock, the only one that leases, dues and ages are measured with."""
    at: datetime = conn.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return at


def next_read_seq(conn: Connection, n: int = 1) -> list[int]:
    """Draw `n` read_seqs, ascending. A read draws its own before its request leaves: the higher is the newer truth."""
    found = conn.exec_driver_sql("SELECT nextval('read_sequence') FROM generate_series(1, %(n)s)", {"n": n})
    return sorted(row[0] for row in found)


def check(conn: Connection) -> None:
    """Refuse a server that is too old or may forget what it acknowledged. Raises DatabaseError."""
    version = int(conn.exec_driver_sql("SHOW server_version_num").scalar_one())
    if version < _OLDEST:
        raise DatabaseError(
            f"this PostgreSQL is version {version // 10000}; the hub needs {_OLDEST // 10000} or later."
            " Upgrade the server, or unset HUB_DATABASE_URL to use the embedded one."
        )
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        if conn.exec_driver_sql(f"SHOW {setting}").scalar_one() == "off":
            raise DatabaseError(
                f"PostgreSQL runs with {setting} = off: after a power cut, messages that the hub has acknowledged"
                " would be gone, and the sender will not send them again."
                f" Set {setting} = on (ALTER SYSTEM SET {setting} = on; SELECT pg_reload_conf();) and start again;"
                f" if it is on in postgresql.conf, look for ALTER ROLE or ALTER DATABASE ... SET {setting}."
            )


def oldest_snapshot(conn: Connection) -> float:
    """Seconds since the oldest transaction began that keeps dead rows from being cleaned up; hours are an alert."""
    found = conn.exec_driver_sql(
        "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity"
        " WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()"
    )
    return float(found.scalar_one())


def upgrade(url: str, progress: Callable[[str], None] = lambda text: None) -> None:
    """Bring the tables to this version of the hub; of several processes that start at once one does it, all wait.

    `progress` is told where it may take long. Raises DatabaseError.
    """
    engine = _engine(url, poolclass=NullPool)
    with engine.begin() as sql, closing(Connection(sql)) as conn:
        check(conn)
        conn.exec_driver_sql("SET LOCAL lock_timeout = 0")
        conn.exec_driver_sql("SELECT pg_advisory_xact_lock(%(k)s)", {"k": _MIGRATING})
        try:
            if _filled_by_another(conn):
                progress("bringing the tables to this version of the hub; with very many returns that takes minutes")
            command.upgrade(migrations(conn), "head")
        except CommandError as error:
            raise DatabaseError(
                f"the database cannot be brought to this version of the hub: {error}."
                " Probably a newer version of the hub has used it; start that version, or restore a backup."
            ) from error
        raw.ahead(conn)


def _filled_by_another(conn: Connection) -> bool:
    """Whether an older version has used them. Raises CommandError where it was one that this one does not know."""
    scripts = ScriptDirectory.from_config(migrations(conn))
    now = MigrationContext.configure(conn.sql).get_current_revision()
    return now is not None and scripts.get_revision(now).revision != scripts.get_current_head()


def migrations(conn: Connection) -> Config:
    """Alembic's configuration: there is no alembic.ini, everything is here."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = conn.sql
    return config


def _engine(url: str, **pool: Any) -> Engine:
    engine = create_engine(
        _driver(url),
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # they are customers' data, and errors are logged
        connect_args={"connect_timeout": 10},
        **pool,
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _plan_once(connection: Any, _: Any) -> None:
    """Every statement is planned once for all values: planning them each time is half of what a flow costs the server.

    A plan is kept, so it must not be one for the few rows of its first moment: no table is read as a whole where an
    index leads to what is asked for. Where it needs a partial index, the values of that condition stand in its text.
    """
    connection.prepared_max = STATEMENTS
    # Before version 18 a plan that must read a table as a whole seems so dear then that it would be compiled each time.
    _set(connection, "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off")


def _set(connection: Any, settings: str) -> None:
    """Outside of a transaction, so that it stays."""
    autocommit = connection.autocommit
    connection.autocommit = True
    connection.execute(settings)
    connection.autocommit = autocommit


def _driver(url: str) -> URL:
    parsed = make_url(url)
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseError(
            f"the hub runs on PostgreSQL only, HUB_DATABASE_URL begins with {parsed.drivername!r}."
            " Write postgresql://user:password@host:5432/database."
        )
    return parsed.set(drivername="postgresql+psycopg")


def _prepare(connection: Any, _: Any) -> None:
    """What every connection starts with."""
    arrays.register(connection.adapters)
    _set(
        connection,
        f"SET lock_timeout = {int(LOCK_TIMEOUT * 1000)};"
        f" SET idle_in_transaction_session_timeout = {int(IDLE_TIMEOUT * 1000)};"
        " SET timezone = 'UTC'; SET client_encoding = 'UTF8'; SET application_name = 'returns-hub'",
    )
