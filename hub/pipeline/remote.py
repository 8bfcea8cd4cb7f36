"""A call to another system and what becomes of its failure; no transaction is open meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from connectors.kit import errors
from connectors.kit.api import Connector
from connectors.kit.attempt import Attempt
from hub.accounts import Account
from hub.store import accounts as account_store
from hub.store import attempts, jobs
from hub.store.budgets import Priority
from hub.store.database import Connection
from hub.store.jobs import Job

T = TypeVar("T")

DEADLINE = 2 / 3
"""The part of its lease that a remote call may take, so that its outcome is written while the job is ours."""

READ_AGAIN = 300.0
"""Seconds after which a read that failed is tried again at the latest: until it works, we are deaf to its records."""

REAUTH_AGAIN = 60.0
"""Seconds until a job of an account that needs new credentials is looked at again."""


@dataclass
class Outcome(Generic[T]):
    """What a call brought: a value or an error, and its wire, redacted."""

    value: T | None = None
    error: Exception | None = None
    wire: list[dict[str, Any]] = field(default_factory=list)
    took_ms: int = 0
    changed: bool = False
    """A changing request of this attempt has left and was not refused: a later error of it proves nothing."""

    @property
    def word(self) -> str:
        """The outcome in one word, for the log."""
        return "ok" if self.error is None else type(self.error).__name__


def call(
    account: Account,
    do: Callable[[Connector], T],
    until: float | None = None,
    priority: Priority = "live",
    attempt: Attempt | None = None,
) -> Outcome[T]:
    """Do one thing at this account's system, sending nothing after `until` (time.monotonic); never raises.

    `attempt` may be paid for already (budget.py).
    """
    outcome: Outcome[T] = Outcome()
    attempt, began = attempt or Attempt(), time.monotonic()
    try:
        outcome.value = do(account.connect(outcome.wire, until, priority, attempt))
    except Exception as problem:  # a connector's bug must not stop the worker; it is shown with its wire
        outcome.error = account.mask.error(problem)
    outcome.changed = attempt.changed
    outcome.took_ms = int((time.monotonic() - began) * 1000)
    return outcome


def note(
    conn: Connection,
    account: Account,
    what: str,
    outcome: Outcome[Any],
    *,
    return_id: int | None = None,
    intent: int | None = None,
    alone: bool = False,
) -> None:
    """Write the attempt with its wire, and what it says about the account's health; `alone`: of one record only."""
    attempts.write(conn, [attempt(account, what, outcome, return_id, intent)])
    if not alone:
        health(conn, account, outcome)


def attempt(
    account: Account, what: str, outcome: Outcome[Any], return_id: int | None, intent: int | None
) -> attempts.New:
    """The attempt as it is written down."""
    error = None if outcome.error is None else str(outcome.error) or repr(outcome.error)
    return attempts.New(account.name, what, outcome.word, error, outcome.wire, outcome.took_ms, return_id, intent)


def health(conn: Connection, account: Account, outcome: Outcome[Any]) -> None:
    """Note what an outcome says about the account's health."""
    if outcome.error is None:
        account_store.succeeded(conn, account.name)
    elif isinstance(outcome.error, errors.NotYet | errors.OverBudget):
        pass  # of the account's health it says nothing
    elif isinstance(outcome.error, errors.Unauthorized):
        account_store.move(conn, account.name, "needs_reauth", str(outcome.error))
    elif isinstance(outcome.error, errors.RetryLater):
        limited = isinstance(outcome.error, errors.RateLimited)
        account_store.failed(conn, account.name, str(outcome.error), limited=limited, after=outcome.error.after)
    elif isinstance(outcome.error, errors.OutcomeUnknown):
        account_store.failed(conn, account.name, str(outcome.error), limited=False, after=None)


def postpone(conn: Connection, job: Job, problem: Exception) -> None:
    """A read comes back later: when the other system said so, else after a wait that grows to five minutes."""
    why = str(problem) or repr(problem)
    if isinstance(problem, errors.Unauthorized):
        jobs.reschedule(conn, job, REAUTH_AGAIN, why, attempt=False)
    else:
        jobs.reschedule(conn, job, _wait(job, problem), why)


def _wait(job: Job, problem: Exception) -> float:
    """Seconds. What limits us, or is not ready, says itself when; who is away may be back sooner than its page says."""
    asked = problem.after if isinstance(problem, errors.RetryLater) else None
    if asked is None:
        asked = jobs.WAITS[min(job.attempts, len(jobs.WAITS) - 1)]
    elif isinstance(problem, errors.RateLimited | errors.NotYet):
        return asked
    return min(asked, READ_AGAIN)
