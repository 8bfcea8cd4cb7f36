"""What outbound jobs go on with: planned under the returns' locks, paid for, its intent committed. For many at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal

import msgspec

from connectors.kit.api import Operation as Call
from connectors.kit.attempt import Attempt
from hub.accounts import Account, Accounts
from hub.model.language.sentences import sentence
from hub.model.plan.progress import check
from hub.model.schema.operation import PlannedOperation
from hub.pipeline.deliver import calls
from hub.pipeline.deliver.budget import Purses
from hub.pipeline.process.combine import plan_for
from hub.pipeline.process.load import Situation, load_for_update
from hub.pipeline.writes import awaited, no_effect
from hub.store import accounts as account_store
from hub.store import documents, intents, jobs, paying, sync
from hub.store.database import Connection, now
from hub.store.intents import Intent
from hub.store.jobs import Job


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


@dataclass
class Turn:
    """A job whose rows are looked at, one after the other, until one has something to say."""

    job: Job
    account: Account
    rows: deque[sync.SyncRow]
    waits: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Wish:
    """An operation that is to be told now. `held`: writes of the same row that did nothing."""

    turn: Turn
    row: sync.SyncRow
    operation: PlannedOperation
    call: Call
    held: Sequence[Intent]
    matter: Sequence[Intent]


class Alone(Enum):
    """A job that has to be planned in a transaction of its own: it moves money, or somebody else holds its return."""

    ALONE = "alone"


ALONE = Alone.ALONE
Next = Step | Alone | None
"""What a job goes on with; None: there is nothing to do now."""


class NextStep:
    """Plans what is told next. `lease`: seconds that a job is ours for one call, which may take `deadline` of them."""

    def __init__(self, accounts: Accounts, purses: Purses, *, lease: float, deadline: float) -> None:
        self.accounts = accounts
        self.purses = purses
        self.lease = lease
        self.deadline = deadline

    def first(self, conn: Connection, claimed: Sequence[Job], *, alone: bool = False) -> list[Next]:
        """The first calls on these jobs, their intents committed."""
        held = jobs.fence(conn, claimed)
        steps = self.of(conn, [job for job in claimed if job.id in held], alone=alone)
        return [steps.get(job.id) for job in claimed]

    def of(self, conn: Connection, mine: Sequence[Job], *, alone: bool = False) -> dict[int, Next]:
        """By job the next call, its intent committed; none where there is nothing to do now: that job is given back.
        `mine`: fenced in this transaction."""
        if not mine:
            return {}
        accounts = self.standing(conn, {job.account for job in mine})
        for job in mine:
            if job.account not in accounts:  # the next claim says how long
                jobs.reschedule(conn, job, 0.0, "the account stands still", attempt=False)
        rows: dict[tuple[str, str], deque[sync.SyncRow]] = {}
        for row in sync.due(conn, [(job.account, job.key) for job in mine if job.account in accounts]):
            rows.setdefault((row.account, row.job), deque()).append(row)
        turns = [
            Turn(job, accounts[job.account], rows.get((job.account, job.key), deque()))
            for job in mine
            if job.account in accounts
        ]
        steps: dict[int, Next] = {}
        open_ = turns
        while open_ := [turn for turn in open_ if turn.job.id not in steps and _skip(turn)]:
            steps |= self._round(conn, open_, alone=alone)
        jobs.extend(conn, [turn.job for turn in turns if isinstance(steps.get(turn.job.id), Step)], self.lease)
        idle = [turn for turn in turns if turn.job.id not in steps]
        for turn in idle:
            if turn.waits:
                jobs.reschedule(conn, turn.job, min(turn.waits), "waits", attempt=False)
        jobs.finish(conn, [(turn.job, turn.job.wanted) for turn in idle if not turn.waits])
        return steps

    def _round(self, conn: Connection, turns: Sequence[Turn], *, alone: bool) -> dict[int, Next]:
        """Look at the first row of each of these, but at a return only once: what one does, the next has to know."""
        first: dict[int, Turn] = {}
        for turn in turns:
            first.setdefault(turn.rows[0].return_id, turn)
        steps: dict[int, Next] = {}
        wishes = []
        found = {s.id: s for s in load_for_update(conn, first, self.accounts.all(), free=not alone)}
        at = now(conn)
        for return_id, turn in first.items():
            row = turn.rows.popleft()
            if return_id not in found:
                if not alone:
                    steps[turn.job.id] = ALONE
                continue
            then = self._for_return(conn, turn, row, found[return_id], at, alone=alone)
            if isinstance(then, Wish):
                wishes.append(then)
            elif isinstance(then, float):
                turn.waits.append(then)
            elif then is not None:
                steps[turn.job.id] = then
        return steps | self._open(conn, wishes)

    def _for_return(
        self, conn: Connection, turn: Turn, row: sync.SyncRow, situation: Situation, at: datetime, *, alone: bool
    ) -> Next | Wish | float:
        """A call to make for this return, or the seconds to wait, or None: nothing to say."""
        account = turn.account
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
            if not alone:
                return ALONE
            # Whoever pays here at this moment is waited for; then what is left is read and planned anew.
            paying.lock(conn, account.name)
            (situation,) = load_for_update(conn, [row.return_id], self.accounts.all())
            planned = plan_for(conn, situation, account)
        held = [intent for intent in mine if intent.state == "held"]
        if planned.operations:
            return self._wish(conn, turn, row, situation, planned.operations[0], held, at)
        asked = {rest.operation for rest in planned.undeliverable if rest.said.code == "waits_for_person"}
        awaited.drop(conn, [intent for intent in held if intent.kind not in asked])
        sync.settle(
            conn, row, planned.state, planned=[], undeliverable=planned.undeliverable, why=planned.why, said=True
        )
        return None

    def _wish(
        self,
        conn: Connection,
        turn: Turn,
        row: sync.SyncRow,
        situation: Situation,
        operation: PlannedOperation,
        held: Sequence[Intent],
        at: datetime,
    ) -> Wish | float | None:
        """This operation as a call, unless the progress guard says no."""
        asked = bool(row.guard) and no_effect.asked(conn, row, operation)
        verdict = check(row.guard, operation, at, asked=asked)
        if verdict.park and verdict.why is not None:
            awaited.drop(conn, held)
            no_effect.park(conn, turn.account, row, operation, verdict.why)
            return None
        if verdict.wait:
            sync.settle(conn, row, "pending", why=verdict.why, wait=verdict.wait)
            return verdict.wait
        its_call = calls.make(turn.account, situation, operation)
        return Wish(turn, row, operation, its_call, held, situation.intents)

    def _open(self, conn: Connection, wishes: Sequence[Wish]) -> dict[int, Next]:
        """Pay for these and commit their intents; what cannot be paid for waits."""
        steps: dict[int, Next] = {}
        begun: list[tuple[Wish, Attempt, intents.Opening]] = []
        paid = self.purses.open_all(conn, [(w.turn.account, w.operation.kind, w.row.return_id) for w in wishes])
        for wish, attempt in zip(wishes, paid, strict=True):
            turn, row, operation = wish.turn, wish.row, wish.operation
            if not isinstance(attempt, Attempt):
                why = sentence("over_budget", account=turn.account.name)
                sync.settle(conn, row, "pending", planned=[operation], why=why, wait=attempt)
                turn.waits.append(attempt)
                continue
            wanted = msgspec.to_builtins(wish.call, str_keys=True)
            same = [i for i in wish.held if i.operation.get("fingerprint") == operation.fingerprint]
            awaited.drop(conn, [i for i in wish.held if i not in same[-1:] or not documents.equal(i.call, wanted)])
            before = awaited.replaced(conn, wish.matter, operation)
            if same and documents.equal(same[-1].call, wanted):
                intents.again(conn, same[-1].id, self.deadline)
                its_call = calls.numbered(wish.call, same[-1].id, same[-1].attempts + 1)
                steps[turn.job.id] = Step(turn.account, row, same[-1].id, its_call, attempt=attempt)
                continue
            words = msgspec.to_builtins(operation, str_keys=True)
            tries = 1 + max(before, same[-1].tries if same else 0)
            names = (row.return_id, turn.account.name, operation.kind, operation.round)
            begun.append((wish, attempt, intents.Opening(*names, words, wanted, tries)))
        ids = intents.begin(conn, [opening for _, _, opening in begun], self.deadline)
        for (wish, attempt, _), intent_id in zip(begun, ids, strict=True):
            its_call = calls.numbered(wish.call, intent_id)
            steps[wish.turn.job.id] = Step(wish.turn.account, wish.row, intent_id, its_call, attempt=attempt)
        return steps

    def standing(self, conn: Connection, names: Collection[str]) -> dict[str, Account]:
        """Those of these accounts that do not stand still, as they are configured now, whoever changed them."""
        standing = account_store.standing(conn, names)
        for name in names:
            if name not in standing:
                self.accounts.get(name)  # raises where it is gone for good
        known = self.accounts.all()
        if any(name not in known or known[name].stamp != stamp for name, (stamp, _) in standing.items()):
            known = self.accounts.now()
        return {
            name: known[name]
            for name, (stamp, still) in standing.items()
            if not still and name in known and known[name].stamp == stamp
        }


def _skip(turn: Turn) -> bool:
    """Pass over rows that are to wait; whether one is left."""
    while turn.rows and turn.rows[0].waits:
        turn.waits.append(turn.rows.popleft().waits)
    return bool(turn.rows)
