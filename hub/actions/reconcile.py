"""Asking again, so that a lost event cannot keep two systems apart: sweeps, reconciliation, replay."""

from __future__ import annotations

from hub.accounts import Account, Accounts
from hub.pipeline.process import provisional
from hub.pipeline.process.load import with_retry
from hub.store import invalid, jobs, observations, returns
from hub.store.database import Connection, Database

BATCH = 200


class Reconcile:
    """Acts of the timetable and of people; all of them only open jobs or recompute."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self.database = database
        self.accounts = accounts

    def sweep(self, conn: Connection, name: str) -> int:
        """Read back every object of an open return whose changes this system does not announce; how many."""
        account = self.accounts.get(name)
        streams = [s for s, spec in account.entry.manifest.streams.items() if spec.sweep_open and spec.fetch]
        return _read_back(conn, account, streams)

    def reconcile(self, name: str) -> int:
        """Read back everything this account told of open returns, and compare again; how many objects."""
        account = self.accounts.get(name)
        streams = [stream for stream, spec in account.entry.manifest.streams.items() if spec.fetch]
        count = self.database.run(lambda conn: _read_back(conn, account, streams))
        self.recompute(self._open(account.name))
        return count

    def recompute(self, return_ids: list[int]) -> None:
        """Judge, merge and plan these returns again (a mapping or an authority changed)."""
        for start in range(0, len(return_ids), BATCH):
            some = return_ids[start : start + BATCH]
            with_retry(self.database, lambda conn, ids=some: provisional.again(conn, self.accounts.all(), ids))  # type: ignore[misc]

    def replay(self, row_ids: list[int]) -> int:
        """Take invalid messages up again, with the mapping of today; how many."""
        return self.database.run(lambda conn: invalid.replay(conn, row_ids))

    def _open(self, name: str) -> list[int]:
        with self.database.begin() as conn:
            return returns.open_of(conn, name)


def _read_back(conn: Connection, account: Account, streams: list[str]) -> int:
    wanted = observations.open_objects(conn, account.name, streams)
    jobs.want(conn, "fetch", [(account.name, jobs.object_key(*name)) for name in wanted])
    return len(wanted)
