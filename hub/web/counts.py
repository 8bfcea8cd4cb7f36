"""How webhooks were answered, gathered in memory: what strangers send costs no write of its own."""

from __future__ import annotations

import threading
from collections import Counter

from hub.store.webhooks import Answered

LONGEST = 500
"""Characters of a reason that are kept."""


class Counts:
    """Since this process began, by account and status; unknown accounts share one name, so guessing fills nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, int]] = Counter()
        self._new: Counter[tuple[str, int]] = Counter()
        self._strange: Counter[tuple[str, int]] = Counter()
        self._why: dict[tuple[str, int, bool], str] = {}

    def add(self, account: str, status: int, why: str = "", *, strange: bool = False) -> None:
        """One more, and why it was refused."""
        with self._lock:
            self._counts[account, status] += 1
            self._new[account, status] += 1
            self._strange[account, status] += strange
            if why:
                self._why[account, status, strange] = why[:LONGEST]

    def all(self) -> dict[tuple[str, int], int]:
        """Every count since the process began."""
        with self._lock:
            return dict(self._counts)

    def fresh(self) -> list[Answered]:
        """What has not been taken before, of known accounts; give it back with `again` where it could not be kept."""
        with self._lock:
            new = [
                Answered(account, status, count, self._last(account, status, count), self._strange[account, status])
                for (account, status), count in self._new.items()
                if account
            ]
            self._new, self._strange = Counter(), Counter()
        return new

    def again(self, answered: list[Answered]) -> None:
        """These were not kept: the next `fresh` has them, too."""
        with self._lock:
            for one in answered:
                self._new[one.account, one.status] += one.count
                self._strange[one.account, one.status] += one.strange

    def _last(self, account: str, status: int, count: int) -> str:
        return self._why.get((account, status, self._strange[account, status] == count), "")
