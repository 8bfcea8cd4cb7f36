"""PostgreSQL for the tests: one server per checkout, and for each test a database that nothing else has written to.

To copy a database costs ten times what it costs to empty one. So what a test is through with is emptied and given to
another one, under a new name: whoever still has the old one finds it gone, as if the database had been dropped.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from hub.postgres import Server
from hub.store.database import upgrade

CHECKOUT = Path(__file__).resolve().parent.parent

SHAPE = """
SELECT md5(string_agg(said, ' ' ORDER BY said)) FROM (
    SELECT (c.oid, c.relname, c.reloptions, a.attname, a.atttypid, a.attnotnull, a.atthasdef)::text AS said
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT (oid, conname, convalidated)::text FROM pg_constraint
    UNION ALL SELECT (indexrelid, indisvalid)::text FROM pg_index
    UNION ALL SELECT (oid, tgname, tgenabled)::text FROM pg_trigger
    UNION ALL SELECT (oid, proname, md5(prosrc))::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT version_num FROM alembic_version
) s"""
"""What tests leave as it is; a database where it differs is thrown away."""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
LARGE = 256 * 1024
"""Bytes of a table from which on it is truncated; to delete the rows of a smaller one takes less."""
RESTART = "SELECT pg_stat_reset(), setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"


class Databases:
    """The databases of this process on the server; `close` drops them."""

    def __init__(self, postgres: Server) -> None:
        self._connection = psycopg.connect(postgres.url("postgres"), autocommit=True)
        self._numbers = count(1)
        self._made: set[str] = set()

    def new(self, template: str | None = None) -> str:
        """Make an empty database, or a copy of another; its name."""
        name = self._name()
        self._run("create database {} template {}", name, template or "template0")
        self._made.add(name)
        return name

    def renamed(self, name: str) -> str:
        """The same database under a new name; who is still connected is sent away."""
        new = self._name()
        self.hang_up(name)
        self._run("alter database {} rename to {}", name, new)
        self._made.remove(name)
        self._made.add(new)
        return new

    def hang_up(self, name: str) -> None:
        """Send everybody away who is connected to it."""
        self._connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    def drop(self, name: str) -> None:
        self._run("drop database if exists {} with (force)", name)
        self._made.discard(name)

    def close(self) -> None:
        for name in [*self._made]:
            self.drop(name)
        self._connection.close()

    def drop_leftovers(self) -> None:
        """Drop what test runs that were killed left behind; their process number is in the name."""
        found = self._connection.execute(r"SELECT datname FROM pg_database WHERE datname ~ '^test_\d+_'").fetchall()
        for (name,) in found:
            if not alive(int(name.split("_")[1])):
                self.drop(name)

    def _run(self, statement: LiteralString, *names: str) -> None:
        self._connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _name(self) -> str:
        return f"test_{os.getpid()}_{next(self._numbers)}"


class Pool:
    """Copies of a database that has tables and no rows."""

    def __init__(self, databases: Databases, postgres: Server, template: str) -> None:
        self._databases, self._postgres, self._template = databases, postgres, template
        self._used: deque[str] = deque()
        with psycopg.connect(postgres.url(template)) as connection:
            self._shape = connection.execute(SHAPE).fetchone()
            tables = [sql.Identifier(name) for (name,) in connection.execute(TABLES)]
        looks = [
            sql.SQL("SELECT {0}, pg_table_size({0}) WHERE EXISTS (SELECT FROM {1})").format(
                sql.Literal(t.as_string()), t
            )
            for t in tables
        ]
        self._look = sql.SQL(" UNION ALL ").join(looks)

    def take(self) -> str:
        """One that is as the template; its name."""
        while len(self._used) > 1:  # the last one's connections may still be about to end
            name = self._databases.renamed(self._used.popleft())
            if self._emptied(name):
                return name
            self._databases.drop(name)
        return self._databases.new(self._template)

    def give_back(self, name: str) -> None:
        self._databases.hang_up(name)
        self._used.append(name)

    def _emptied(self, name: str) -> bool:
        """Whether it could be made as the template."""
        with psycopg.connect(self._postgres.url(name), autocommit=True) as connection:
            if connection.execute(SHAPE).fetchone() != self._shape:
                return False
            filled = connection.execute(self._look).fetchall()
            if large := [sql.SQL(table) for table, size in filled if size > LARGE]:
                connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(large)))
            with connection.transaction():
                connection.execute("SET LOCAL session_replication_role = replica")  # no trigger, no foreign key
                for table, _ in filled:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.SQL(table)))
            connection.execute(RESTART)
        return True


def server_folder() -> Path:
    """Where this checkout's test server lives. As root below /var/lib, since its system user cannot enter a home."""
    name = f"tests-{sha256(str(CHECKOUT).encode()).hexdigest()[:12]}"
    if os.geteuid() == 0:
        return Path("/var/lib/returns-hub") / name
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "returns-hub" / name


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The embedded server, running; it listens on loopback TCP, too (`postgres.url(database, tcp=True)`)."""
    server = Server(server_folder(), tcp=True)
    with server.hold():
        yield server


@pytest.fixture(scope="session")
def databases(postgres: Server) -> Iterator[Databases]:
    made = Databases(postgres)
    made.drop_leftovers()
    yield made
    made.close()


@pytest.fixture(scope="session")
def new_database(databases: Databases) -> Callable[[str | None], str]:
    """Make an empty database (or a copy of another) and return its name; all are dropped when the session ends."""
    return databases.new


@pytest.fixture(scope="session")
def migrated(postgres: Server, databases: Databases) -> str:
    """The name of a database with every table of the hub, to be copied, not used."""
    name = databases.new()
    upgrade(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def pool(postgres: Server, databases: Databases, migrated: str) -> Pool:
    return Pool(databases, postgres, migrated)


@pytest.fixture
def empty_database_url(postgres: Server, databases: Databases) -> Iterator[str]:
    """A fresh database without tables (postgresql://...)."""
    name = databases.new()
    yield postgres.url(name)
    databases.drop(name)


@pytest.fixture
def more_databases(postgres: Server, pool: Pool) -> Iterator[Callable[[], str]]:
    """Each call: a database with every table of the hub and no row (postgresql://...)."""
    taken: list[str] = []

    def take() -> str:
        taken.append(pool.take())
        return postgres.url(taken[-1])

    yield take
    for name in taken:
        pool.give_back(name)


@pytest.fixture
def database_url(more_databases: Callable[[], str]) -> str:
    """A database with every table of the hub and no row (postgresql://...)."""
    return more_databases()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
