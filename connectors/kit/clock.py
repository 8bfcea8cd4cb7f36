"""What time it is over there: a cursor goes by their clock, and nobody's clock is believed.

An answer that a cache kept tells an old time: it is `Date` and `Age` by now (RFC 9111, 5.1). One without an `Age` is
known by another answer of the same reading, for no cache tells a time that has not come.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FINE = 5.0
"""Seconds that two clocks may differ: a Date has whole seconds, and an answer takes its time."""


class Clock:
    """Ours, and theirs as the answers of a reading said; one for all calls to a system."""

    def __init__(self) -> None:
        self._ahead: float | None = None
        """Their clock less time.monotonic()."""
        self._anew = True
        self._age = 0.0

    def begin(self) -> None:
        """A reading begins: their clock may have been set since the last one."""
        self._anew = True

    def heard(self, date: str | None, age: str | None = None) -> None:
        """An answer came, with these headers."""
        kept = float(age) if age and age.isdecimal() else 0.0
        try:
            ahead = parsedate_to_datetime(date or "").timestamp() + kept - time.monotonic()
        except (ValueError, TypeError, IndexError, OverflowError):
            return
        self._ahead = ahead if self._anew or self._ahead is None else max(ahead, self._ahead)
        self._anew, self._age = False, kept

    def behind(self) -> float:
        """Seconds that their clock is behind ours, beyond what is usual; 0 where they named no date."""
        late = time.time() - self._now()
        return late if late > FINE else 0.0

    def at(self, instant: float) -> datetime:
        """The moment that `instant` (time.monotonic) was, by the earlier of the two clocks."""
        ago = time.monotonic() - instant
        return datetime.fromtimestamp(min(time.time(), self._now()) - ago, UTC)

    def answered_at(self) -> datetime:
        """The moment of which the last answer tells: by now a cache may have kept it for a while."""
        return self.at(time.monotonic() - self._age)

    def _now(self) -> float:
        return time.time() if self._ahead is None else self._ahead + time.monotonic()
