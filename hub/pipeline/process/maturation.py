"""The time of weak bindings: what stood alone for its settle time counts, and what had to wait is judged again."""

from __future__ import annotations

from collections.abc import Sequence

from hub.accounts import Accounts
from hub.pipeline.process import provisional
from hub.pipeline.process.combine import whole
from hub.store import lanes
from hub.store.database import Connection, Database
from hub.store.lanes import Lane


class Ripen:
    """The handler of `weigh` lanes."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self.database = database
        self.accounts = accounts

    def __call__(self, batch: Sequence[Lane]) -> None:
        whole(self.database, lambda conn: self._weigh(conn, batch))

    def _weigh(self, conn: Connection, batch: Sequence[Lane]) -> None:
        held = lanes.fence(conn, batch)
        mine = [lane for lane in batch if lane.id in held]
        provisional.again(conn, self.accounts.all(), [int(lane.key[1:]) for lane in mine])
        lanes.finish(conn, [(lane, lane.wanted) for lane in mine])
