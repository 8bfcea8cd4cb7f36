"""Names that are held (`hub/store/keys.py: lock`) while a transaction stays open for long, as a backup's does: the rows
that nobody sees any more cannot be cleaned up, and the index is read through them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from benchmarks import home
from benchmarks.claiming import snapshot
from benchmarks.measure import Line, Report, Spread
from hub.model.schema.bindings import Name
from hub.store import keys
from hub.store.database import Database

ROUNDS = 20_000
NAMES = 10
"""About as many as a record names."""
AGAIN = 5_000
"""Times that one name is held."""
COMPARED = 1_000
PARTS = 5
BOUND = 2.0


def run(*, quick: bool) -> Report:
    """Other names each time, then one name again and again; a database each."""
    rounds, again = (4_000, 2_000) if quick else (ROUNDS, AGAIN)
    numbers = count()
    others = ([("web", "return", f"{next(numbers):012d}") for _ in range(NAMES)] for _ in range(rounds))
    same = ([("web", "return", "1")] for _ in range(again))
    with home.server() as server, home.fresh(server) as some_url, home.fresh(server) as one_url:
        with snapshot(some_url):
            taken = _held(some_url, others)
        with snapshot(one_url):
            grows = _held(one_url, same)
    first, last = _parts(taken[:COMPARED]), _parts(taken[-COMPARED:])
    tenth = again // 10
    slope = (_mean(grows[-tenth:]) - _mean(grows[:tenth])) / (again - tenth) * 1000
    what = f"{NAMES} names, the last {COMPARED:,} of {rounds:,} times / the first"
    lines = [
        Line("hold", what, "times", Spread(tuple(a / b for a, b in zip(last, first, strict=True))), BOUND),
        Line("hold", "the same, the last ones", "ms", Spread(tuple(last))),
        Line("hold", "one name, dearer by, per 1,000 times that it was held before", "ms", Spread((slope,))),
    ]
    notes = [
        "CPU of PostgreSQL's process for `keys.lock`, while a transaction in the database holds a snapshot from before"
        f" (as pg_dump does). First {NAMES} names that nobody held before, each time; then one name, {again:,} times:"
        " every row that it left is looked at again, until the snapshot ends."
    ]
    return Report(lines, notes)


def _held(url: str, names: Iterator[Sequence[Name]]) -> list[float]:
    """Milliseconds of each time; the first ones, which prepare the statements, are left out."""
    database = Database(url)
    taken = []
    try:
        for some in names:
            with database.begin() as conn:
                pid = conn.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
                begin = _spent(pid)
                keys.lock(conn, some)
                taken.append(_spent(pid) - begin)
    finally:
        database.close()
    return taken[10:]


def _spent(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def _parts(taken: Sequence[float]) -> list[float]:
    size = len(taken) // PARTS
    return [_mean(taken[part * size : (part + 1) * size]) for part in range(PARTS)]


def _mean(taken: Sequence[float]) -> float:
    return statistics.fmean(taken)
