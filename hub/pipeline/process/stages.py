"""Inbox to returns in one transaction for a batch of objects, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from hub.accounts import Accounts
from hub.pipeline.process import provisional
from hub.pipeline.process.batch import Batch, Concerned
from hub.pipeline.process.combine import combine
from hub.pipeline.process.concern import concern
from hub.pipeline.process.erased import Forgotten
from hub.pipeline.process.identify import identify
from hub.pipeline.process.keep import fetch, keep
from hub.pipeline.process.load import with_retry
from hub.pipeline.process.observe import observe
from hub.pipeline.process.take import fence, mask, read
from hub.pipeline.writes import awaited
from hub.store import jobs
from hub.store.database import Connection, Database
from hub.store.jobs import Job

BUSY_AGAIN = 3.0
"""Seconds until a record that joins two returns is tried again while one of them is being written to."""


def weigh(conn: Connection, batch: Batch) -> Batch:
    """Bind, part or ask about what may be one return without proof."""
    returns, loud, fresh, because = batch.concerned
    weighed = provisional.weigh(conn, batch.accounts, loud, batch.bound.news, fresh)
    now = Concerned(weighed.of(returns), weighed.of(loud), weighed.fresh, weighed.renumbered(because))
    return replace(batch, concerned=now)


def merge_and_plan(conn: Connection, batch: Batch) -> Batch:
    """Lay together what is known of each return, and note what has to be told of it."""
    returns, loud, fresh, because = batch.concerned
    combine(conn, returns, batch.accounts, because, reads=batch.observed.reads, fresh=fresh, loud=loud)
    return batch


def question_writes(conn: Connection, batch: Batch) -> Batch:
    """A write whose record came and cannot be understood is asked about."""
    awaited.unreadable(conn, batch.accounts, [(one.name, one.errors) for one in batch.observed.refused.values()])
    return batch


def finish(conn: Connection, batch: Batch) -> Batch:
    """These jobs are done, but for those that have to wait for a write."""
    postponed = batch.postponed
    for job in batch.jobs:
        if job.id in postponed:
            jobs.reschedule(conn, job, BUSY_AGAIN, "joins two returns, one is being written to", attempt=False)
    jobs.finish(conn, [(job, job.wanted) for job in batch.jobs if job.id not in postponed])
    return batch


Stage = Callable[[Connection, Batch], Batch]

STAGES: tuple[Stage, ...] = (
    fence,  # the jobs that are still ours
    read,  # their messages, as many as one transaction takes
    mask,  # what of them is about somebody who was erased
    observe,  # translated, the newest of each object; or why it cannot be understood
    identify,  # which orders and returns they belong to, under their locks
    keep,  # observations and letters stored, messages archived
    fetch,  # what has to be read in addition
    concern,  # which returns are to be combined
    weigh,  # what may be one return without proof
    merge_and_plan,  # returns, facts, sync rows, journal, deliver jobs
    question_writes,  # writes whose record cannot be understood
    finish,  # jobs done, or put off
)


class Process:
    """The handler of `process` jobs."""

    def __init__(self, database: Database, accounts: Accounts, forgotten: Forgotten) -> None:
        self.database = database
        self.accounts = accounts
        self.forgotten = forgotten

    def __call__(self, claimed: Sequence[Job]) -> None:
        with_retry(self.database, lambda conn: self._process(conn, claimed))

    def _process(self, conn: Connection, claimed: Sequence[Job]) -> None:
        accounts = self.accounts.knowing({job.account for job in claimed})
        batch = Batch(jobs=claimed, accounts=accounts, forgotten=self.forgotten)
        for stage in STAGES:
            batch = stage(conn, batch)
            if not batch.jobs:
                return
