"""Claim time with very many jobs that turned due, while a long snapshot keeps dead index entries from going away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from benchmarks import home
from benchmarks.measure import Line, Report, Spread
from hub.store import claims, jobs
from hub.store.database import Connection, Database
from hub.store.low_water import LowWater

FEW = 1_000
MANY = 1_000_000
BOUND = 3.0
TAKEN = 200
"""Jobs per claim, as many as a worker takes of `read`."""
TIMED = 50
"""Claims per round."""


def run(*, quick: bool) -> Report:
    """Two databases, few jobs and many; the same claims in turn, and once more after many jobs have gone."""
    many = 50_000 if quick else MANY
    gone = 10_000 if quick else 100_000
    with home.server() as server, home.fresh(server) as few_url, home.fresh(server) as many_url:
        few, much = Database(few_url), Database(many_url)
        try:
            with snapshot(few_url), snapshot(many_url):
                _turn_due(few, FEW)
                _turn_due(much, many)
                marks = {id(few): LowWater(), id(much): LowWater()}
                rounds = 3 if quick else 7
                first = [(_claims(few, marks[id(few)]), _claims(much, marks[id(much)])) for _ in range(rounds)]
                _work_off(much, marks[id(much)], gone)
                after = [(_claims(few, marks[id(few)]), _claims(much, marks[id(much)])) for _ in range(rounds)]
                blind = [(_claims(few, None), _claims(much, None)) for _ in range(rounds)]
        finally:
            few.close()
            much.close()

    def compared(pairs: list[tuple[float, float]]) -> Spread:
        return Spread(tuple(m / f for f, m in pairs))

    name = f"one claim with {many:,} jobs due / with {FEW:,}"
    lines = [
        Line("claim", name, "times", compared(first), BOUND),
        Line("claim", f"the same, {gone:,} jobs later", "times", compared(after), BOUND),
        Line("claim", "the same, reading from the index's beginning", "times", compared(blind)),
    ]
    notes = [
        "Jobs were idle (due in an hour) and all turned due at once, while a transaction in the database holds a"
        " snapshot from before (as pg_dump does), so every old version stays. A claim takes one job, which is given"
        f" back; a round is the middle of {TIMED} claims (wall time: the wait is what is bounded)."
        f" In between {gone:,} jobs are worked off, {TAKEN} per claim; their dead index entries stay, too.",
        "The last of these lines is what would be without the low-water mark (hub/store/low_water.py).",
    ]
    return Report(lines, notes)


@contextmanager
def snapshot(url: str) -> Iterator[None]:
    """Until it ends no row version that goes meanwhile is cleaned up."""
    with psycopg.connect(url) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.execute("SELECT count(*) FROM jobs")
        yield


def _turn_due(database: Database, count: int) -> None:
    with database.begin() as conn:
        conn.exec_driver_sql(
            "INSERT INTO jobs (kind, account, key, due)"
            " SELECT 'process', 'web', 'return/' || n, clock_timestamp() + interval '1 hour'"
            " FROM generate_series(1, %(n)s) AS n",
            {"n": count},
        )
    with database.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE jobs SET due = clock_timestamp() - interval '1 minute' + id * interval '1 microsecond'"
        )
    with database.autocommit() as conn:
        conn.exec_driver_sql("ANALYZE jobs")


def _claims(database: Database, low_water: LowWater | None) -> float:
    """Seconds of the middle one of TIMED claims; a look where the first job is comes before, as each second does."""
    taken = []
    if low_water is not None:
        _look(database, low_water)

    def claim(conn: Connection) -> Any:
        return claims.claim(conn, ["process"], "benchmark", 1, low_water=low_water)

    for _ in range(TIMED):
        begin = time.perf_counter()
        found = database.run(claim)
        taken.append(time.perf_counter() - begin)
        with database.begin() as conn:
            jobs.finish(conn, [(found[0], found[0].wanted - 1)])
    return sorted(taken)[len(taken) // 2]


def _look(database: Database, low_water: LowWater) -> None:
    for _ in range(2):  # noted by the first, believed by the second
        with database.begin() as conn:
            low_water.advance(conn, "process")


def _work_off(database: Database, low_water: LowWater, count: int) -> None:
    for done in range(0, count, TAKEN):
        if done % (10 * TAKEN) == 0:
            _look(database, low_water)
        found = database.run(lambda conn: claims.claim(conn, ["process"], "benchmark", TAKEN, low_water=low_water))
        with database.begin() as conn:
            jobs.finish(conn, [(job, job.wanted) for job in found])
