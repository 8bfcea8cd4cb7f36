"""The database is away, or takes nothing: said once, and once more when it is well again, however many tries fail."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

log = logging.getLogger(__name__)

CALM = 5.0
"""Seconds without a failure after which it is well again: on a full disk every other try works."""
AWAY = ("08", "53100", "53300", "57P", "58")
"""SQLSTATEs (or their classes) of a server in trouble: connection, full disk, too many clients, shutdown, its files."""

BUSY = ("40", "55P03", "57014")
"""SQLSTATEs of a statement that others were in the way of: a deadlock, a lock not given in time, one cut off."""


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five letters for what went wrong; None where it was not the server who said it."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return str(state) if state else None


def away(error: BaseException) -> bool:
    """Whether it is the database that is in trouble, and not what was asked of it: try again, nobody has to look."""
    if not isinstance(error, DBAPIError):
        return False
    state = sqlstate(error)
    if state is not None:
        return state.startswith(AWAY)
    return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated


def busy(error: BaseException) -> bool:
    """Whether nothing was done since others were in the way, or have all connections: the next moment may go well."""
    if isinstance(error, NoConnection):
        return True
    return isinstance(error, DBAPIError) and (sqlstate(error) or "").startswith(BUSY)


def reason(error: BaseException) -> str:
    """The first line of what went wrong."""
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:300]


class Outage:
    """What one process knows of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None
        self._last = 0.0

    def note(self, error: BaseException) -> None:
        """A transaction failed."""
        if not away(error):
            return
        with self._lock:
            first, self._last = self._since is None, time.monotonic()
            if first:
                self._since = self._last
        if first:
            log.error(
                "the database is away (%s): what needs it waits, and it is tried again every second", reason(error)
            )

    def well(self) -> None:
        """A transaction was committed."""
        if self._since is None:
            return
        with self._lock:
            since = self._since
            if since is None or time.monotonic() - self._last < CALM:
                return
            self._since = None
        log.warning("the database is back; it was away for %.0f s", self._last - since)
