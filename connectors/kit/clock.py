"""What time it is over there: a cursor goes by their clock, and nobody's clock is believed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FINE = 5.0
"""Seconds that two clocks may differ: a Date has whole seconds, and an answer takes its time."""


class Clock:
    """Ours, and theirs as the `Date` of their last answer said; one for all calls to a system."""

    def __init__(self) -> None:
        self._theirs: tuple[float, float] | None = None

    def heard(self, date: str | None) -> None:
        """An answer came, with this Date header."""
        try:
            self._theirs = (parsedate_to_datetime(date or "").timestamp(), time.monotonic())
        except (ValueError, TypeError, IndexError, OverflowError):
            return

    def behind(self) -> float:
        """Seconds that their clock is behind ours, beyond what is usual; 0 where they named no date."""
        late = time.time() - self._now() if self._theirs else 0.0
        return late if late > FINE else 0.0

    def at(self, instant: float) -> datetime:
        """The moment that `instant` (time.monotonic) was, by the earlier of the two clocks."""
        ago = time.monotonic() - instant
        return datetime.fromtimestamp(min(time.time(), self._now()) - ago, UTC)

    def _now(self) -> float:
        if self._theirs is None:
            return time.time()
        date, heard = self._theirs
        return date + time.monotonic() - heard
