"""How webhooks were answered, gathered in memory: what strangers send costs no write of its own."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

LONGEST = 500
"""Characters of a reason that are kept."""


@dataclass(frozen=True)
class Answered:
    """So many webhooks of an account were answered with this status since the last look; the last of them, why."""

    account: str
    status: int
    count: int
    why: str


class Counts:
    """Since this process began, by account and status; unknown accounts share one name, so guessing fills nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, int]] = Counter()
        self._told: Counter[tuple[str, int]] = Counter()
        self._why: dict[tuple[str, int], str] = {}

    def add(self, account: str, status: int, why: str = "") -> None:
        """One more, and why it was refused."""
        with self._lock:
            self._counts[account, status] += 1
            if why:
                self._why[account, status] = why[:LONGEST]

    def all(self) -> dict[tuple[str, int], int]:
        """Every count since the process began."""
        with self._lock:
            return dict(self._counts)

    def fresh(self) -> list[Answered]:
        """What has not been taken before, of known accounts; give it back with `again` where it could not be kept."""
        with self._lock:
            new = [
                Answered(account, status, count - self._told[account, status], self._why.get((account, status), ""))
                for (account, status), count in self._counts.items()
                if account and count > self._told[account, status]
            ]
            self._told = Counter(self._counts)
        return new

    def again(self, answered: list[Answered]) -> None:
        """These were not kept: the next `fresh` has them, too."""
        with self._lock:
            for one in answered:
                self._told[one.account, one.status] -= one.count
