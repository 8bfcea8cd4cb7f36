"""The time of weak bindings: what stood alone for its settle time counts, and what had to wait is judged again. And
accounts whose rows are all planned again, a slice at a time."""

from __future__ import annotations

from collections.abc import Sequence

from hub.accounts import Accounts
from hub.model.schema.observation import HUB
from hub.pipeline.process import provisional
from hub.pipeline.process.load import with_retry
from hub.pipeline.process.rebind import JOB
from hub.store import jobs, replanning
from hub.store.database import Connection, Database
from hub.store.jobs import Job


class Recompute:
    """The handler of `recompute` jobs: the hub's own are about a return, an account's about its rows."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self.database = database
        self.accounts = accounts

    def __call__(self, batch: Sequence[Job]) -> None:
        with_retry(self.database, lambda conn: self._weigh(conn, batch))

    def _weigh(self, conn: Connection, batch: Sequence[Job]) -> None:
        held = jobs.fence(conn, batch)
        mine = [job for job in batch if job.id in held and job.account == HUB]
        if mine:
            judged = provisional.again(conn, self.accounts.all(), [int(job.key[1:]) for job in mine])
            jobs.finish(conn, [(job, job.wanted) for job in mine])
            # Asked for while a sooner time was noted: what matures later than this needs a job of its own.
            for return_id, wait in provisional.maturing(conn, judged).items():
                jobs.want(conn, JOB, [(HUB, f"R{return_id}")], after=wait)
        for job in batch:
            if job.id in held and job.account != HUB:
                replanning.go_on(conn, job)
