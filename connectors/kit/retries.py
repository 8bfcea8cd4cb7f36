"""A read that failed is tried again quickly, three times in all, unless the system asked for a longer wait."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from connectors.kit.errors import RateLimited, RetryLater

TRIES = 3
SOON = 1.0
"""Seconds of Retry-After that a read waits for itself; longer waits belong to the job, not to a worker's slot."""

T = TypeVar("T")


def patiently(read: Callable[[], T], until: float) -> T:
    """What `read` gives, by its third try at the latest. No try begins after `until` (time.monotonic)."""
    try:
        return read()
    except RetryLater as first:
        if not _soon(first):
            raise
        return _again(read, first, until)


def _again(read: Callable[[], T], first: RetryLater, until: float) -> T:
    """The second and third try; the failure of the first one opens the count."""
    pending: list[RetryLater] = [first]

    def once() -> T:
        if pending:
            raise pending.pop()
        return read()

    enough = stop_after_attempt(TRIES)

    def stop(state: RetryCallState) -> bool:
        return enough(state) or time.monotonic() + state.upcoming_sleep >= until

    return Retrying(stop=stop, wait=_wait, retry=retry_if_exception(_soon), reraise=True)(once)


def _soon(error: BaseException) -> bool:
    """Whether a read may be repeated right here."""
    if not isinstance(error, RetryLater):
        return False
    return error.after <= SOON if error.after is not None else not isinstance(error, RateLimited)


def _wait(state: RetryCallState) -> float:
    """Short, growing and never the same for two workers; the wait the system asked for comes first."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.after if isinstance(error, RetryLater) and error.after is not None else 0.0
    return asked + random.uniform(0.05, 0.15) * float(2**state.attempt_number)  # noqa: S311
