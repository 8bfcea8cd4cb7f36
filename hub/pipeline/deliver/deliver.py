"""Telling others: plan under the return's lock, commit the intent, make one remote change, look what came of it.

An outbound job is claimed by one worker at a time. No transaction is open while a request is under way, and whatever
happens meanwhile, the committed intent says what may have been done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from connectors.kit.api import Operation as Call
from connectors.kit.api import Reply
from connectors.kit.attempt import Attempt
from hub.accounts import Account, Accounts
from hub.model.language.sentences import sentence
from hub.model.plan.progress import check
from hub.model.schema.operation import PlannedOperation
from hub.pipeline.deliver import abandon, calls
from hub.pipeline.deliver.budget import Purses
from hub.pipeline.process.combine import plan_for
from hub.pipeline.process.load import Situation, load_for_update, with_retry
from hub.pipeline.remote import DEADLINE, Outcome, call, note
from hub.pipeline.writes import awaited, no_effect, settle
from hub.store import accounts as account_store
from hub.store import documents, intents, jobs, paying, sync
from hub.store.budgets import Priority
from hub.store.database import Connection, Database, now
from hub.store.intents import Intent
from hub.store.jobs import Job

STEPS = 40
"""Calls one claim may make before the job goes back into the queue."""


@dataclass(frozen=True)
class Step:
    """One remote call to make: carry out the change, find out what became of an earlier one, or take back what it left
    open."""

    account: Account
    row: sync.SyncRow
    intent_id: int
    call: Call
    does: Literal["perform", "find", "abandon"] = "perform"
    attempt: Attempt = field(default_factory=Attempt)
    """Paid for, unless it only looks."""

    @property
    def looking(self) -> bool:
        return self.does == "find"

    def __str__(self) -> str:
        return f"{_DOES[self.does]}{self.call.kind} {self.call.reference}"


_DOES = {"perform": "", "find": "look for ", "abandon": "abandon "}


class Deliver:
    """The handler of `deliver` jobs. `lease`: seconds a job is ours for one remote change, renewed before each."""

    def __init__(self, database: Database, accounts: Accounts, *, lease: float) -> None:
        self.database = database
        self.accounts = accounts
        self.lease = lease
        self.deadline = lease * DEADLINE
        self.purses = Purses()

    def __call__(self, batch: Sequence[Job]) -> None:
        for job in batch:
            self._deliver(job)

    def _deliver(self, job: Job) -> None:
        # Counted from before the intent commits: a process that was stopped in between sends nothing any more.
        until = time.monotonic() + self.deadline
        step = with_retry(self.database, lambda conn: self._next(conn, job))
        for _ in range(STEPS):
            if step is None:
                return
            priority: Priority = "live" if step.looking else "write"
            outcome = settle.sound(call(step.account, _doing(step), until, priority, step.attempt))
            until = time.monotonic() + self.deadline
            step = with_retry(self.database, lambda conn, s=step, o=outcome: self._after(conn, job, s, o))  # type: ignore[misc]
        with_retry(self.database, lambda conn: self._back(conn, job, step))

    def _account(self, conn: Connection, job: Job) -> Account | None:
        """The account as it is configured at this moment, whoever changed it; None while it stands still."""
        known = self.accounts.get(job.account)
        stamp, stands_still = account_store.standing(conn, job.account)
        if stamp != known.stamp:
            known = self.accounts.now().get(job.account, known)
        return None if stands_still or known.stamp != stamp else known

    def _next(self, conn: Connection, job: Job) -> Step | None:
        """The next call on this job, its intent committed; None when there is nothing to do now."""
        if job.id not in jobs.fence(conn, [job]):
            return None
        account = self._account(conn, job)
        if account is None:
            jobs.reschedule(conn, job, 0.0, "the account stands still", attempt=False)  # the next claim says how long
            return None
        waits: list[float] = []
        for row in sync.due(conn, job.account, job.key):
            if row.waits:
                waits.append(row.waits)
                continue
            for situation in load_for_update(conn, [row.return_id], self.accounts.all()):
                step = self._for_return(conn, account, row, situation)
                if isinstance(step, Step):
                    jobs.renew(conn, [job], self.lease)
                    return step
                if step:
                    waits.append(step)
        if waits:
            jobs.reschedule(conn, job, min(waits), "waits", attempt=False)
        else:
            jobs.finish(conn, [(job, job.wanted)])
        return None

    def _for_return(
        self, conn: Connection, account: Account, row: sync.SyncRow, situation: Situation
    ) -> Step | float | None:
        """A call to make for this return, or the seconds to wait, or None: nothing to say."""
        mine = [intent for intent in situation.intents if intent.account == account.name]
        for intent in mine:
            match intent.state:
                case "open" | "unknown":
                    return intent.waits or Step(account, row, intent.id, calls.stored(intent), "find")
                case "waiting" if intent.waits:
                    return intent.waits
                case "waiting" if awaited.stopped(conn, account, row, intent):
                    return None
                case "waiting" if intent.possible:
                    return Step(account, row, intent.id, calls.stored(intent), "find")
                case "waiting":
                    attempt = self.purses.open(conn, account, intent.kind, row.return_id)
                    if not isinstance(attempt, Attempt):
                        return attempt
                    intents.again(conn, intent.id, self.deadline)
                    return Step(account, row, intent.id, calls.stored(intent), attempt=attempt)
                case "given_up" if intent.progress and not intent.waits:
                    attempt = self.purses.open(conn, account, intent.kind, row.return_id)
                    if not isinstance(attempt, Attempt):
                        return attempt
                    return Step(account, row, intent.id, calls.stored(intent), "abandon", attempt)
                case "sent" if intent.overdue:
                    awaited.late(conn, account, row, intent)
                    (situation,) = load_for_update(conn, [row.return_id], self.accounts.all())
        planned = plan_for(conn, situation, account)
        if planned.operations and planned.operations[0].moves_money:
            # Whoever pays here at this moment is waited for; then what is left is read and planned anew.
            paying.hold(conn, account.name)
            (situation,) = load_for_update(conn, [row.return_id], self.accounts.all())
            planned = plan_for(conn, situation, account)
        held = [intent for intent in mine if intent.state == "held"]
        if not planned.operations:
            asked = {rest.operation for rest in planned.undeliverable if rest.said.code == "waits_for_person"}
            awaited.drop(conn, [intent for intent in held if intent.kind not in asked])
            sync.settle(
                conn, row, planned.state, planned=[], undeliverable=planned.undeliverable, why=planned.why, said=True
            )
            return None
        return self._begin(conn, account, row, situation, planned.operations[0], held)

    def _begin(
        self,
        conn: Connection,
        account: Account,
        row: sync.SyncRow,
        situation: Situation,
        operation: PlannedOperation,
        held: Sequence[Intent],
    ) -> Step | float | None:
        """Commit the intent of this operation, unless the progress guard says no. `held`: writes that did nothing."""
        asked = bool(row.guard) and no_effect.asked(conn, row, operation)
        verdict = check(row.guard, operation, now(conn), asked=asked)
        if verdict.park and verdict.why is not None:
            awaited.drop(conn, held)
            no_effect.park(conn, account, row, operation, verdict.why)
            return None
        if verdict.wait:
            sync.settle(conn, row, "pending", why=verdict.why, wait=verdict.wait)
            return verdict.wait
        its_call = calls.make(account, situation, operation)
        attempt = self.purses.open(conn, account, operation.kind, row.return_id)
        if not isinstance(attempt, Attempt):
            why = sentence("over_budget", account=account.name)
            sync.settle(conn, row, "pending", planned=[operation], why=why, wait=attempt)
            return attempt
        wanted = msgspec.to_builtins(its_call, str_keys=True)
        same = [i for i in held if i.operation.get("fingerprint") == operation.fingerprint]
        awaited.drop(conn, [i for i in held if i not in same[-1:] or not documents.equal(i.call, wanted)])
        before = awaited.replaced(conn, situation.intents, operation)
        if same and documents.equal(same[-1].call, wanted):
            intents.again(conn, same[-1].id, self.deadline)
            its_call = calls.numbered(its_call, same[-1].id, same[-1].attempts + 1)
            return Step(account, row, same[-1].id, its_call, attempt=attempt)
        intent_id = intents.open_(
            conn,
            row.return_id,
            account.name,
            operation.kind,
            operation.round,
            msgspec.to_builtins(operation, str_keys=True),
            wanted,
            self.deadline,
            tries=1 + max(before, same[-1].tries if same else 0),
        )
        return Step(account, row, intent_id, calls.numbered(its_call, intent_id), attempt=attempt)

    def _after(self, conn: Connection, job: Job, step: Step, outcome: Outcome[Reply | None]) -> Step | None:
        """Write down what the call came to, and go on. A worker that lost its lease changes nothing."""
        if job.id not in jobs.fence(conn, [job]):
            return None
        what = str(step)
        note(conn, step.account, what, outcome, return_id=step.row.return_id, intent=step.intent_id)
        if step.does == "abandon":
            self._over(conn, step)
            intent = intents.get(conn, step.intent_id)
            if intent is not None:
                abandon.settle(conn, step.row, intent, outcome)
            return self._next(conn, job)
        then = settle.settle(conn, step.account, step.row, step.intent_id, outcome, looking=step.looking)
        if then.next:
            return self._goes_on(conn, job, step, then)
        self._over(conn, step)
        if then.wait:
            jobs.reschedule(conn, job, then.wait, str(outcome.error or "waits"), attempt=True)
            return None
        return self._next(conn, job)

    def _goes_on(self, conn: Connection, job: Job, step: Step, then: settle.Then) -> Step | None:
        """The same write's next step, or its repetition with the same key; by the terms of this moment."""
        account = self._account(conn, job)
        intent = intents.get(conn, step.intent_id)
        attempt: Attempt | float = step.attempt.next_step()
        if intent is None or account is None or awaited.stopped(conn, account, step.row, intent):
            attempt = 0.0
        elif step.looking:
            attempt = self.purses.open(conn, account, intent.kind, step.row.return_id)
        if intent is None or account is None or not isinstance(attempt, Attempt):
            self._over(conn, step)
            wait = 0.0 if isinstance(attempt, Attempt) else attempt
            intents.move(conn, step.intent_id, "waiting", wait=wait)  # what is possible is looked for again
            return self._next(conn, job)
        intents.again(conn, step.intent_id, self.deadline, step=then.next == "next step")
        jobs.renew(conn, [job], self.lease)
        return Step(account, step.row, step.intent_id, calls.stored(intent), attempt=attempt)

    def _back(self, conn: Connection, job: Job, step: Step | None) -> None:
        """Others have their turn; the call that was prepared is not made."""
        if job.id not in jobs.fence(conn, [job]):
            return
        if step is not None and not step.looking:
            self._over(conn, step)
            awaited.unsent(conn, step.intent_id)
        jobs.reschedule(conn, job, 0.0, "more to say", attempt=False)

    def _over(self, conn: Connection, step: Step) -> None:
        """The write is over, or rests."""
        if not step.looking:
            self.purses.close(conn, step.account, step.call.kind, step.attempt)


def _doing(step: Step) -> Callable[[Any], Reply | None]:
    return lambda connector: getattr(connector, step.does)(step.call)
