"""What a connector asks the hub for in the middle of a call (budget, grant), while the hub or its database fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.kit.errors import ConnectorError, HubFailed, OverBudget
from hub.store.outage import away, busy, reason

log = logging.getLogger(__name__)

AGAIN = 1.0
"""Seconds after which such a call is tried again."""


@contextmanager
def unsent(account: str) -> Iterator[None]:
    """Nothing is sent, and the call waits; else a connector that sets bad records aside would take it for one."""
    try:
        yield
    except ConnectorError:
        raise
    except Exception as problem:
        if how := _trouble(problem):
            text = f"the hub's own database is {how} ({reason(problem)}), so {account} was not called"
            raise OverBudget(text, after=AGAIN) from problem
        log.exception("account %s could not be called: the hub's own part of it failed", account)
        raise HubFailed(
            f"{account} was not called: the hub's own part of it failed ({type(problem).__name__}: {reason(problem)})."
            " Probably a fault of the hub, or its key file is another one; its log says more. It is tried again"
        ) from problem


def _trouble(problem: Exception) -> str:
    if away(problem):
        return "away"
    return "busy" if busy(problem) else ""
