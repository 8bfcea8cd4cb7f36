"""Inbox to merged, stored returns: the whole way of a batch; and dlt as the other way into PostgreSQL."""

from __future__ import annotations

import cProfile
import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from benchmarks import home
from benchmarks.account import reading
from benchmarks.measure import Cost, Line, Report, costing, one_parse, ratio
from benchmarks.payload import body
from benchmarks.translating import table
from connectors.kit import registry
from hub.boot import Hub, dictionary
from hub.pipeline.process.translate import translate
from hub.store import claims, inbox
from hub.store.arrival import Arrival

BATCH = 500
BOUND = 60.0
TIMES_DLT = 2.0


def run(*, quick: bool) -> Report:
    """A round: so many batches through the hub, then as many batches of ready-made records through dlt."""
    batches = 1 if quick else 4
    rounds = 3 if quick else 7
    ours: list[Cost] = []
    theirs: list[Cost] = []
    at_once: list[Cost] = []
    parse: list[float] = []
    numbers = count()
    with home.server() as server, home.fresh(server) as url, home.hub(url) as hub, _Dlt(server) as dlt:
        pid = home.postmaster(server)
        _batch(hub, numbers, None)  # prepares statements, fills caches
        dlt.load(next(numbers), 1)
        for _ in range(rounds):
            cost, other = Cost(), Cost()
            for _ in range(batches):
                _batch(hub, numbers, cost, pid)
                dlt.prepare(next(numbers) * 10**6, BATCH)
                with costing(pid) as spent:
                    dlt.load_prepared()
                other.add(spent)
            ours.append(cost)
            theirs.append(other)
            dlt.prepare(next(numbers) * 10**6, batches * BATCH)
            with costing(pid) as whole:
                dlt.load_prepared()
            at_once.append(whole)
            parse.append(one_parse())
        stored = _stored(hub)
        profiler = cProfile.Profile()
        _batch(hub, numbers, None, profiler=profiler)
    records = batches * BATCH
    per_p = [p * records for p in parse]
    lines = [
        Line("store", "inbox → stored return, client and server", "P", ratio([c.cpu for c in ours], per_p), BOUND),
        Line("store", "its part: the hub's process", "P", ratio([c.client for c in ours], per_p)),
        Line("store", "its part: PostgreSQL", "P", ratio([c.server for c in ours], per_p)),
        Line("store", "dlt, ready-made records, merge, the same batches", "P", ratio(_cpu(theirs), per_p)),
        Line("store", "dlt's CPU / the hub's", "times", ratio(_cpu(theirs), _cpu(ours)), TIMES_DLT, at_least=True),
        Line("store", "dlt's wall time / the hub's", "times", ratio([c.wall for c in theirs], [c.wall for c in ours])),
        Line("store", "dlt's CPU with all batches in one load / the hub's", "times", ratio(_cpu(at_once), _cpu(ours))),
    ]
    notes = [
        f"A round is {batches} batches of {BATCH} records that nobody has seen before, each in one transaction:"
        " dispatched, claimed, translated, identified, merged, planned for two accounts, stored."
        f" It stored {stored}.",
        "dlt gets as many records in the same batches, one load each, translated already, as plain data with a primary"
        " key, write_disposition merge; it keeps no raw record, finds no return, merges no systems and plans nothing."
        f" The last line: all {records} of a round in one load, which shares the fixed cost of a load; the hub cannot"
        " wait for that, since a change is told within seconds.",
    ]
    return Report(lines, notes, table(profiler, 30))


def _cpu(costs: list[Cost]) -> list[float]:
    return [cost.cpu for cost in costs]


def _batch(
    hub: Hub, numbers: Iterator[int], cost: Cost | None, pid: int = 0, *, profiler: cProfile.Profile | None = None
) -> None:
    """One batch of new records. That they are accepted and durable comes before, and is not counted here."""
    read = [next(numbers) for _ in range(BATCH)]
    arrivals = [
        Arrival.of(account="web", stream="return", external_id=f"return_01M85M{n:020d}", via="poll", body=body(n))
        for n in read
    ]
    with hub.database.begin() as conn:
        inbox.accept(conn, arrivals)
    if cost is None:
        if profiler:
            profiler.enable()
        _work_off(hub)
        if profiler:
            profiler.disable()
        return
    with costing(pid) as spent:
        _work_off(hub)
    cost.add(spent)


def _work_off(hub: Hub) -> None:
    assert hub.database.run(lambda conn: inbox.dispatch(conn, BATCH)).read == BATCH
    claimed = hub.database.run(lambda conn: claims.claim(conn, ["process"], "benchmark", BATCH))
    assert len(claimed) == BATCH
    hub.process(claimed)


def _stored(hub: Hub) -> str:
    """What came of it, counted: a benchmark that stored nothing would be fast."""
    with hub.database.begin() as conn:
        found = {
            name: conn.exec_driver_sql(statement).scalar_one()
            for name, statement in {
                "returns": "SELECT count(*) FROM returns WHERE opened",
                "facts": "SELECT count(*) FROM facts",
                "sync rows": "SELECT count(*) FROM sync",
                "raw records": "SELECT count(*) FROM raw",
            }.items()
        }
    assert found["returns"] == found["raw records"]
    assert found["sync rows"] == 2 * found["returns"]
    return ", ".join(f"{n / found['returns']:.0f} {name}" for name, n in found.items() if name != "returns") + (
        " for each return"
    )


class _Dlt:
    """A dlt pipeline into a database of its own on the same server."""

    def __init__(self, server: Any) -> None:
        self.database = home.fresh(server, tables=False)
        self.folder = TemporaryDirectory()
        self.prepared: list[dict[str, Any]] = []
        self.account = reading("web", dictionary(registry.load("medusa").mapping))

    def __enter__(self) -> _Dlt:
        # Before its import: no reports to its makers, no noise.
        os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
        import dlt

        url = self.database.__enter__()
        self.pipeline = dlt.pipeline(
            "benchmark",
            pipelines_dir=str(Path(self.folder.name)),
            destination=dlt.destinations.postgres(credentials=url),
            dataset_name="canonical",
        )
        return self

    def __exit__(self, *_: Any) -> None:
        self.pipeline.deactivate()
        self.database.__exit__(None, None, None)
        self.folder.cleanup()

    def prepare(self, begin: int, records: int) -> None:
        """Records as the hub's translation makes them, as plain data."""
        self.prepared = [
            {
                "external_id": f"return_{number}",
                **msgspec.to_builtins(
                    translate(self.account, "return", body(number)), builtin_types=(Decimal, datetime)
                ),
            }
            for number in range(begin, begin + records)
        ]

    def load_prepared(self) -> None:
        self.pipeline.run(
            self.prepared, table_name="returns", write_disposition="merge", primary_key="external_id"
        ).raise_on_failed_jobs()

    def load(self, begin: int, records: int) -> None:
        self.prepare(begin, records)
        self.load_prepared()
