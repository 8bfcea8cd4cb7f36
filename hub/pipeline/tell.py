"""Telling others: plan under the return's lock, commit the intent, make one remote change, look what came of it.

An outbound lane is claimed by one worker at a time. No transaction is open while a request is under way, and whatever
happens meanwhile, the committed intent says what may have been done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.kit.api import Operation as Call
from connectors.kit.api import Reply
from connectors.kit.attempt import Attempt
from hub.accounts import Account, Accounts
from hub.model.progress import check
from hub.model.sentences import sentence
from hub.pipeline import calls, parked, settle
from hub.pipeline.combine import Situation, look, plan_for, whole
from hub.pipeline.purse import Purses
from hub.pipeline.remote import DEADLINE, Outcome, call, note
from hub.store import intents, lanes, sync
from hub.store.database import Connection, Database, now
from hub.store.lanes import Lane

STEPS = 40
"""Calls one claim may make before the lane goes back into the queue."""


@dataclass(frozen=True)
class Step:
    """One remote call to make. `looking`: find out what became of an earlier one; else carry out the change."""

    account: Account
    row: sync.Row
    intent_id: int
    call: Call
    looking: bool = False
    attempt: Attempt = field(default_factory=Attempt)
    """Paid for, unless it only looks."""

    def __str__(self) -> str:
        return f"{'look for ' if self.looking else ''}{self.call.kind} {self.call.reference}"


class Tell:
    """The handler of `tell` lanes. `lease`: seconds a lane is ours for one remote change, renewed before each."""

    def __init__(self, database: Database, accounts: Accounts, *, lease: float) -> None:
        self.database = database
        self.accounts = accounts
        self.lease = lease
        self.deadline = lease * DEADLINE
        self.purses = Purses()

    def __call__(self, batch: Sequence[Lane]) -> None:
        for lane in batch:
            self._tell(lane)

    def _tell(self, lane: Lane) -> None:
        account = self.accounts.get(lane.account)
        # Counted from before the intent commits: a process that was stopped in between sends nothing any more.
        until = time.monotonic() + self.deadline
        step = whole(self.database, lambda conn: self._next(conn, lane, account))
        for _ in range(STEPS):
            if step is None:
                return
            outcome = call(account, _doing(step), until, "write", step.attempt)
            until = time.monotonic() + self.deadline
            step = whole(self.database, lambda conn, s=step, o=outcome: self._after(conn, lane, s, o))  # type: ignore[misc]
        whole(self.database, lambda conn: _back(conn, lane, 0.0, "more to say"))

    def _next(self, conn: Connection, lane: Lane, account: Account) -> Step | None:
        """The next call on this lane, its intent committed; None when there is nothing to do now."""
        if lane.id not in lanes.fence(conn, [lane]):
            return None
        waits: list[float] = []
        for row in sync.due(conn, lane.account, lane.key):
            if row.waits:
                waits.append(row.waits)
                continue
            for situation in look(conn, [row.return_id], self.accounts.all()):
                step = self._for_return(conn, account, row, situation)
                if isinstance(step, Step):
                    lanes.renew(conn, [lane], self.lease)
                    return step
                if step:
                    waits.append(step)
        if waits:
            lanes.later(conn, lane, min(waits), "waits", attempt=False)
        else:
            lanes.finish(conn, [(lane, lane.wanted)])
        return None

    def _for_return(
        self, conn: Connection, account: Account, row: sync.Row, situation: Situation
    ) -> Step | float | None:
        """A call to make for this return, or the seconds to wait, or None: nothing to say."""
        mine = [intent for intent in situation.intents if intent.account == account.name]
        for intent in mine:
            if intent.state in ("open", "unknown"):
                if intent.waits:
                    return intent.waits
                return Step(account, row, intent.id, calls.stored(intent), looking=True)
            if intent.state == "waiting":
                attempt = self.purses.open(conn, account, intent.kind, row.return_id)
                if not isinstance(attempt, Attempt):
                    return attempt
                intents.again(conn, intent.id, self.deadline)
                return Step(account, row, intent.id, calls.stored(intent), attempt=attempt)
        planned = plan_for(conn, situation, account)
        if not planned.operations:
            sync.settle(
                conn,
                row,
                planned.state,
                planned=[],
                residue=planned.residue,
                said=True,
            )
            return None
        operation = planned.operations[0]
        verdict = check(row.guard, operation, now(conn))
        if verdict.park and verdict.why is not None:
            parked.park(conn, account, row, operation, verdict.why)
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
        intent_id = intents.open_(
            conn,
            row.return_id,
            account.name,
            operation.kind,
            operation.round,
            msgspec.to_builtins(operation, str_keys=True),
            msgspec.to_builtins(its_call, str_keys=True),
            self.deadline,
        )
        return Step(account, row, intent_id, calls.numbered(its_call, intent_id), attempt=attempt)

    def _after(self, conn: Connection, lane: Lane, step: Step, outcome: Outcome[Reply | None]) -> Step | None:
        """Write down what the call came to, and go on. A worker that lost its lease changes nothing."""
        if lane.id not in lanes.fence(conn, [lane]):
            return None
        what = str(step)
        note(conn, step.account, what, outcome, return_id=step.row.return_id, intent=step.intent_id)
        wait = settle.settle(conn, step.account, step.row, step.intent_id, outcome, looking=step.looking)
        if isinstance(wait, Mapping):
            intents.again(conn, step.intent_id, self.deadline)
            lanes.renew(conn, [lane], self.lease)
            following = calls.continued(step.call, wait)
            return Step(step.account, step.row, step.intent_id, following, attempt=step.attempt.next_step())
        if not step.looking:
            self.purses.close(conn, step.account, step.call.kind, step.attempt)
        if wait is not None:
            lanes.later(conn, lane, wait, str(outcome.error or "waits"), attempt=outcome.error is not None)
            return None
        return self._next(conn, lane, step.account)


def _doing(step: Step) -> Callable[[Any], Reply | None]:
    if step.looking:
        return lambda connector: connector.find(step.call)
    return lambda connector: connector.perform(step.call)


def _back(conn: Connection, lane: Lane, wait: float, why: str) -> None:
    if lane.id in lanes.fence(conn, [lane]):
        lanes.later(conn, lane, wait, why, attempt=False)
