"""A backfill from a sandbox: who is waited for while it is read, and what digesting it takes afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from benchmarks import home
from benchmarks.measure import Cost, Line, Report, Spread, costing, number, own_cpu
from connectors.kit.api import Connector, Login, Page
from connectors.shopify.backfill import PAGE
from connectors.shopify.sandbox_oauth import TOKEN
from hub import configuration
from hub.accounts import Accounts
from hub.boot import Hub
from hub.pipeline.intake.poll import backfill
from hub.store import claims, inbox

SHOP = "shop"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
BOUND = 50.0
SLICES = 10
"""The backfill is measured in so many parts, one after the other."""
BATCH = 500


@dataclass
class Clock:
    """Seconds until now: of everything, of the connector's reading, and the CPU seconds of both."""

    wall: float
    cpu: float
    reading_wall: float = 0.0
    reading_cpu: float = 0.0

    def since(self, other: Clock) -> Clock:
        return Clock(*(getattr(self, part) - getattr(other, part) for part in self.__dataclass_fields__))

    @property
    def sandbox(self) -> float:
        """The connector did nothing: it waited for an answer."""
        return self.reading_wall - self.reading_cpu

    @property
    def database(self) -> float:
        """The rest did nothing: it waited for PostgreSQL."""
        return self.wall - self.reading_wall - (self.cpu - self.reading_cpu)


class Watched(Connector):
    """A connector whose reading is timed, page by page; it has no budget, which would bound everything."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector.account, connector.http)
        self.connector = connector
        self.wall = self.cpu = 0.0

    def begin(self, stream: str, since: datetime) -> str:
        return self.connector.begin(stream, since)

    def poll(self, stream: str, cursor: str | None) -> Iterator[Page]:
        pages = self.connector.poll(stream, cursor)
        while True:
            wall, cpu = time.perf_counter(), time.process_time()
            page = next(pages, None)
            self.wall += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu
            if page is None:
                return
            yield page


def run(*, quick: bool) -> Report:
    """Read everything in slices, then digest it with the stages of `hub worker` in one thread."""
    returns = 2_500 if quick else 100_000
    with home.server() as server, home.fresh(server) as url, home.hub(url) as hub, sandbox(returns) as address:
        settings = {"base_url": address, "access_token": TOKEN}
        configuration.put(hub, SHOP, {"connector": "shopify", "settings": settings})
        slices, read = _read(hub, settings, 2 * returns)
        digested, cost = _digest(hub, home.postmaster(server))
    assert read == digested == 2 * returns, f"{read} records were read and {digested} understood"
    whole = sum(part.wall for part in slices)
    own = sum(part.cpu + part.database for part in slices)
    lines = [
        Line("backfill", "waiting for the sandbox", "%", _share(slices, "sandbox"), BOUND, at_least=True),
        Line("backfill", "the hub's own work", "%", _share(slices, "cpu")),
        Line("backfill", "waiting for PostgreSQL", "%", _share(slices, "database")),
        Line("backfill", "digesting a record / reading it, wall time", "times", Spread((cost.wall / whole,))),
    ]
    notes = [
        f"{returns:,} returns of three lines and their orders, from connectors/shopify's sandbox in a process"
        f" of its own (benchmarks/many.py), by its bulk operation: pages of {PAGE}, each committed with its cursor, ten"
        " records per query. Shopify's points and the account's own budget (10 calls a second, which alone would take"
        f" {2 * returns // 100} s) are lifted. {SLICES} slices, one after the other. The hub's own work is CPU time;"
        " what is left of the connector's wall time is waiting for the sandbox, of all other wall time for PostgreSQL,"
        " also where another program has the processor.",
        f"Read in {whole:.0f} s: {number(read / whole)} records/s. With a sandbox that takes no time the hub would read"
        f" {number(read / own)} records/s.",
        f"Digested by one thread (inbox to stored returns) in {cost.wall:.0f} s: {number(cost.wall / read * 1e3)} ms"
        f" per record, of which {number(cost.client / read * 1e3)} ms are the hub's CPU and"
        f" {number(cost.server / read * 1e3)} ms PostgreSQL's. The inbox keeps what is not digested yet.",
    ]
    return Report(lines, notes)


def _share(slices: list[Clock], part: str) -> Spread:
    return Spread(tuple(100 * getattr(each, part) / each.wall for each in slices))


def _read(hub: Hub, settings: dict[str, str], records: int) -> tuple[list[Clock], int]:
    """What each slice took, and how many records came."""
    account = hub.accounts.get(SHOP)
    watched = Watched(account.entry.connect(Login(SHOP, settings)))
    watching = replace(account, connect=lambda *_: watched)
    slices: list[Clock] = []
    read = 0
    before = Clock(time.perf_counter(), own_cpu())
    for count, _ in backfill(hub.database, Accounts(lambda: {SHOP: watching}, age=3600.0), SHOP, "return", SINCE):
        read = count
        if count >= records * (len(slices) + 1) / SLICES:
            now = Clock(time.perf_counter(), own_cpu(), watched.wall, watched.cpu)
            slices.append(now.since(before))
            before = now
    return slices, read


def _digest(hub: Hub, postmaster: int) -> tuple[int, Cost]:
    """How many records were understood, and what it took."""
    done = 0
    with costing(postmaster) as cost:
        while hub.database.run(lambda conn: inbox.dispatch(conn, BATCH)).total:
            while claimed := hub.database.run(lambda conn: claims.claim(conn, ["process"], "benchmark", BATCH)):
                hub.process(claimed)
                done += len(claimed)
    with hub.database.begin() as conn:
        found = conn.exec_driver_sql("SELECT count(*) FROM returns WHERE opened").scalar_one()
        left = conn.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one()
    assert not left, f"{left} messages are left in the inbox"
    assert 2 * found == done, f"{found} returns came of {done} records"
    return done, cost


@contextmanager
def sandbox(returns: int) -> Iterator[str]:
    """The address of a shop with so many returns."""
    command = [sys.executable, "-m", "benchmarks.many", str(returns)]
    process = subprocess.Popen(command, cwd=home.CHECKOUT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(20)
