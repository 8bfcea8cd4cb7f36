"""Telling others: plan under the return's lock, commit the intent, make one remote change, look what came of it.

An outbound job is claimed by one worker at a time. No transaction is open while a request is under way, and whatever
happens meanwhile, the committed intent says what may have been done.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from connectors.kit.api import Reply
from hub.accounts import Accounts
from hub.pipeline.deliver.budget import Purses
from hub.pipeline.deliver.next_step import ALONE, Next, NextStep, Step
from hub.pipeline.deliver.outcomes import Ended, Outcomes
from hub.pipeline.deliver.together import Together
from hub.pipeline.process.load import with_retry
from hub.pipeline.remote import DEADLINE, call
from hub.pipeline.writes import settle
from hub.pipeline.writes.outcome_words import sound
from hub.store.budgets import Priority
from hub.store.database import Connection, Database
from hub.store.jobs import Job

T = TypeVar("T")

STEPS = 40
"""Calls one claim may make before the job goes back into the queue."""
TOGETHER = 32
"""Jobs of an account that are planned, or outcomes that are written down, in one transaction."""
PATIENCE = 0.5
"""Seconds that such a transaction waits for a lock; then each of them goes on by itself, and only one of them waits."""


class Deliver:
    """The handler of `deliver` jobs. `lease`: seconds a job is ours for one remote change, renewed before each.

    Each job has a thread; what many of them have to plan or write down at one moment is one transaction. One for each
    account: several in one would hold what belongs to one (budget, health) while they wait for what belongs to another.
    """

    def __init__(self, database: Database, accounts: Accounts, *, lease: float) -> None:
        self.database = database
        self.accounts = accounts
        self.lease = lease
        self.deadline = lease * DEADLINE
        purses = Purses()
        self.next_step = NextStep(accounts, purses, lease=lease, deadline=self.deadline)
        self.outcomes = Outcomes(self.next_step, purses, lease=lease, deadline=self.deadline)
        self._begin: defaultdict[str, Together[Job, Next]] = defaultdict(
            lambda: Together(self._run(self.next_step.first), TOGETHER)
        )
        self._go_on: defaultdict[str, Together[Ended, Next]] = defaultdict(
            lambda: Together(self._run(self.outcomes.after), TOGETHER)
        )

    def __call__(self, batch: Sequence[Job]) -> None:
        for job in batch:
            self._deliver(job)

    def _deliver(self, job: Job) -> None:
        # Counted from before the intent commits: a process that was stopped in between sends nothing any more.
        until = time.monotonic() + self.deadline
        step = self._settled(job, self._begin[job.account](job))
        for _ in range(STEPS):
            if step is None:
                return
            priority: Priority = "live" if step.looking else "write"
            outcome = sound(call(step.account, _doing(step), until, priority, step.attempt))
            until = time.monotonic() + self.deadline
            ended = Ended(job, step, outcome)
            # What was paid may free others' money: their jobs are held, too, so it is written down by itself.
            paid = settle.pays(step.account, step.call.kind)
            then = self._run(self.outcomes.after)([ended])[0] if paid else self._go_on[job.account](ended)
            step = self._settled(job, then)
        with_retry(self.database, lambda conn: self.outcomes.unsent(conn, job, step))

    def _settled(self, job: Job, then: Next) -> Step | None:
        if then is ALONE:
            then = with_retry(self.database, lambda conn: self.next_step.first(conn, [job], alone=True))[0]
        return then if isinstance(then, Step) else None

    def _run(
        self, work: Callable[[Connection, Sequence[T]], Sequence[Next]]
    ) -> Callable[[Sequence[T]], Sequence[Next]]:
        def run(items: Sequence[T]) -> Sequence[Next]:
            if len(items) == 1:
                return with_retry(self.database, lambda conn: work(conn, items))
            with self.database.begin() as conn:  # once: what is in its way is in the way of one of them
                conn.exec_driver_sql(f"SET LOCAL lock_timeout = {int(PATIENCE * 1000)}")
                return work(conn, items)

        return run


def _doing(step: Step) -> Callable[[Any], Reply | None]:
    return lambda connector: getattr(connector, step.does)(step.call)
