"""What every test can use: a fresh database, this run's seed, and a loud way to say that a peer cannot be had."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import psycopg
import pytest
from psycopg import sql

from hub.postgres import Server
from hub.store.database import upgrade

pytest_plugins = ["tests.evidence", "tests.workers"]

CHECKOUT = Path(__file__).resolve().parent.parent
NO_PEER = "PEER UNAVAILABLE: "

hypothesis.settings.register_profile("hub", deadline=None, print_blob=True)
hypothesis.settings.load_profile("hub")


# -- the seed: fresh each run, printed, and accepted again


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="repeat a run: the seed it printed first (or HUB_SEED)")
    parser.addoption(
        "--fuzz", type=int, default=15_000, help="evaluations of the differential fuzz (a full run: 200000)"
    )
    parser.addoption("--scenarios", type=int, default=3, help="random scenarios over the real servers")
    parser.addoption("--seeds", type=int, default=2, help="runs of the crash test (a full run: 20)")
    parser.addoption("--laws", type=int, default=12, help="examples of the laws of delivery (a full run: 300)")
    parser.addoption("--accept", action="store_true", help="write generated texts and snapshots anew, to be reviewed")


@pytest.hookimpl(tryfirst=True)  # before hypothesis' own plugin reads its option
def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.option.seed = config.workerinput["seed"]
    if config.option.seed is None:
        config.option.seed = int(os.environ.get("HUB_SEED") or secrets.randbelow(2**32))
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(config.option.seed)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """All workers that share a run (pytest-xdist) have its seed."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_sessionstart(session: pytest.Session) -> None:
    """Print the seed; not as a report header, which -q swallows."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line(
            f"seed: {session.config.option.seed} (HUB_SEED={session.config.option.seed} repeats this run)"
        )


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """This run's seed, for `random.Random(seed)`."""
    return int(request.config.option.seed)


# -- peers: real servers that may not be had everywhere


@pytest.fixture(scope="session")
def peer_unavailable() -> Callable[[str], NoReturn]:
    """Call it with the reason when a real peer cannot be had: a loud skip, or a failure under REQUIRE_PEERS=1."""

    def tell(reason: str) -> NoReturn:
        if os.environ.get("REQUIRE_PEERS") == "1":
            pytest.fail(f"{NO_PEER}{reason} (REQUIRE_PEERS=1 makes this a failure)", pytrace=False)
        pytest.skip(f"{NO_PEER}{reason}")

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if NO_PEER in str(report.longrepr)]
    if skipped:
        terminalreporter.section("NOT TESTED against real peers", sep="!", red=True)
        for report in skipped:
            terminalreporter.line(
                f"{report.nodeid}: {str(report.longrepr).partition(NO_PEER)[2].rstrip(')' + chr(39))}"
            )


# -- PostgreSQL: one server per checkout, one database per test


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
        drop_leftovers(server.url("postgres"))
        yield server


@pytest.fixture(scope="session")
def new_database(postgres: Server) -> Iterator[Callable[[str | None], str]]:
    """Make an empty database (or a copy of another) and return its name; all are dropped when the session ends."""
    numbers = count(1)
    made: list[str] = []

    def make(template: str | None = None) -> str:
        name = f"test_{os.getpid()}_{next(numbers)}"
        statement = sql.SQL("create database {} template {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        execute(postgres.url("postgres"), statement)
        made.append(name)
        return name

    yield make
    for name in made:
        drop_database(postgres.url("postgres"), name)


@pytest.fixture(scope="session")
def migrated(postgres: Server, new_database: Callable[[str | None], str]) -> str:
    """The name of a database with every table of the hub, to be copied, not used."""
    name = new_database(None)
    upgrade(postgres.url(name))
    return name


@pytest.fixture
def empty_database_url(postgres: Server, new_database: Callable[[str | None], str]) -> Iterator[str]:
    """A fresh database without tables (postgresql://...)."""
    name = new_database(None)
    yield postgres.url(name)
    drop_database(postgres.url("postgres"), name)


@pytest.fixture
def database_url(postgres: Server, migrated: str, new_database: Callable[[str | None], str]) -> Iterator[str]:
    """A fresh database with every table of the hub (postgresql://...)."""
    name = new_database(migrated)
    yield postgres.url(name)
    drop_database(postgres.url("postgres"), name)


def execute(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def drop_database(url: str, name: str) -> None:
    execute(url, sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def drop_leftovers(url: str) -> None:
    """Drop what test runs that were killed left behind; their process number is in the name."""
    with psycopg.connect(url, autocommit=True) as connection:
        names = [
            name for (name,) in connection.execute(r"select datname from pg_database where datname ~ '^test_\d+_'")
        ]
    for name in names:
        if not alive(int(name.split("_")[1])):
            drop_database(url, name)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
