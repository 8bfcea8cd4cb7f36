"""What a connector asks the hub for in the middle of a call (budget, grant), while the database is away or busy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.kit.errors import OverBudget
from hub.store.database import DBAPIError
from hub.store.outage import away, busy, reason

AGAIN = 1.0
"""Seconds after which such a call is tried again."""


@contextmanager
def unsent(account: str) -> Iterator[None]:
    """Nothing is sent, and the call waits; else a connector that sets bad records aside would take it for one."""
    try:
        yield
    except DBAPIError as problem:
        if not (away(problem) or busy(problem)):
            raise
        how = "away" if away(problem) else "busy"
        text = f"the hub's own database is {how} ({reason(problem)}), so {account} was not called"
        raise OverBudget(text, after=AGAIN) from problem
