"""A store of a million returns: what each page costs, each task of the clock, and each statement that a return asks."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import grown, home, templates
from benchmarks.measure import Line, Report, Spread, costing
from benchmarks.pages import PAGES
from benchmarks.templates import Site
from hub.store.connection import Connection
from hub.web.console import create_console
from hub.web.counts import Counts
from scheduler.timetable import timetable

MANY = 1_000_000
BOUND = 50.0
"""Milliseconds."""
EACH = 10
"""Requests in a round: CPU time is counted in hundredths of a second."""
SHOWN = 5
"""Statements in the table: the dearest."""


def run(*, quick: bool) -> Report:
    """Build it, ask for every page in turn, have returns of every kind come in, let the clock strike."""
    count = 20_000 if quick else MANY
    with home.server() as server, home.fresh(server) as url, templates.site(url) as site:
        shares = templates.make(site)
        begin = time.perf_counter()
        grown.grow(site.hub.database, shares, count)
        built = time.perf_counter() - begin
        lines = measured(site, home.postmaster(server), 3 if quick else 7)
        return Report(lines, notes(site, count, built))


def notes(site: Site, count: int, built: float) -> list[str]:
    """The conditions; `built`: seconds."""
    with site.hub.database.begin() as conn:
        size = conn.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
    return [
        f"{count:,} returns (simulated: copies of {len(templates.SHARES)} that the hub made of records pushed to it, by"
        f" SQL), one in twenty open, three accounts, spread over a year: {size / 1e9:.1f} GB, built in {built:.0f} s.",
        "All is CPU time, so that it says the same on a busy machine. Pages and tasks: of this process and of"
        " PostgreSQL, for one request through Flask or one slot of the clock, the mean of"
        f" {EACH}; most of a page is the page itself, 50 rows. Statements: of PostgreSQL's process, while some returns"
        f" of each kind come in and are told, to the other system's answer; the {SHOWN} dearest.",
    ]


def measured(site: Site, server: int, rounds: int) -> list[Line]:
    """All lines; `server` is the process number of the database's postmaster."""
    return [*_pages(site, server, rounds), *_statements(site, rounds), *_tasks(site, server, rounds)]


def _pages(site: Site, server: int, rounds: int) -> Iterator[Line]:
    client = create_console(site.hub, Counts()).test_client()
    with site.hub.database.begin() as conn:
        one = conn.exec_driver_sql("SELECT id FROM returns WHERE status = 'completed' LIMIT 1").scalar_one()
        call = conn.exec_driver_sql("SELECT max(id) FROM attempts").scalar_one()
    for page in PAGES:

        def get(address: str = page.format(one=one, call=call)) -> None:
            answer = client.get(address)
            assert answer.status_code == 200, (address, answer.text)

        yield Line("million", page, "ms", _cost(get, server, rounds), BOUND)


def _tasks(site: Site, server: int, rounds: int) -> Iterator[Line]:
    for task in timetable(site.hub)():

        def work(do: Callable[[Connection], object] = task.work) -> None:
            with site.hub.database.begin() as conn:
                do(conn)

        yield Line("million", f"task: {task.name}", "ms", _cost(work, server, rounds), BOUND)


def _cost(work: Callable[[], None], server: int, rounds: int) -> Spread:
    """Milliseconds of CPU, this process's and PostgreSQL's."""
    found = []
    for _ in range(rounds):
        with costing(server) as cost:
            for _ in range(EACH):
                work()
        found.append(cost.cpu / EACH * 1e3)
    return Spread(tuple(found))


def _statements(site: Site, rounds: int) -> Iterator[Line]:
    number = 2 * templates.FIRST
    with _costing_each() as took:
        for _ in range(rounds):
            for said, _share in templates.SHARES:
                number += 1
                templates.one(site, said, number)
    slowest = sorted(took, key=lambda statement: -statistics.median(took[statement]))
    for statement in slowest[:SHOWN]:
        what = " ".join(statement.split())[:100].replace("|", "¦")
        yield Line("million", f"`{what}`", "ms", Spread(tuple(took[statement])), BOUND)


@contextmanager
def _costing_each() -> Iterator[dict[str, list[float]]]:
    """Of each statement that the hub sends meanwhile: the milliseconds of CPU that PostgreSQL's process took for it."""
    took: dict[str, list[float]] = defaultdict(list)
    send = Connection.exec_driver_sql

    def costed(conn: Connection, statement: str, parameters: Any = None) -> Any:
        raw: Any = conn.sql.connection.driver_connection
        schedule = Path(f"/proc/{raw.info.backend_pid}/schedstat")
        begin = int(schedule.read_text().split()[0])
        found = send(conn, statement, parameters)
        took[statement].append((int(schedule.read_text().split()[0]) - begin) / 1e6)
        return found

    with patch.object(Connection, "exec_driver_sql", costed):
        yield took
