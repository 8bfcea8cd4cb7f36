"""What a write costs its account's budget is paid before its first request leaves, for all its calls.

Paid one by one, writes of several calls take each other's tokens: all of them begin, none of them ends, and each one
begins anew. What an operation costs is learned from the last ones of its kind; what was not used is given back.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from connectors.kit.attempt import DEFAULT, Attempt
from hub.accounts import Account
from hub.store import budgets
from hub.store.database import Connection

FIRST = 4
"""Requests that an operation is taken to need while none of its kind was seen: look, look, write, look."""
LONGEST = 30.0
"""Seconds after which whoever waits for its turn looks again: others may have gone, and the budget is free."""


class Purses:
    """The purses of one process. Safe to be used by many threads."""

    def __init__(self) -> None:
        self._needs: dict[tuple[str, str], int] = {}
        self._turns: dict[str, float] = {}
        self._waited: set[tuple[str, int]] = set()
        self._lock = threading.Lock()

    def open(self, conn: Connection, account: Account, kind: str, return_id: int) -> Attempt | float:
        """Pay for an operation, or the seconds until its turn. Whoever has waited once does not stand back again."""
        limit = account.entry.manifest.budgets.get(DEFAULT)
        if limit is None:
            return Attempt()
        who = (account.name, return_id)
        with self._lock:
            needs = min(self._needs.get((account.entry.name, kind), FIRST), limit.burst)
            waited = who in self._waited
        left_by_polls = (budgets.RESERVE["poll"] - budgets.RESERVE["write"]) * limit.burst
        least = 1.0 if waited else max(1.0, left_by_polls)
        priority: budgets.Priority = "live" if waited else "write"
        wait = budgets.take(conn, account.name, DEFAULT, needs, limit.rate, limit.burst, priority, least=least)
        with self._lock:
            if not wait:
                self._waited.discard(who)
                return Attempt(needs)
            self._waited.add(who)
            return self._turn(account.name, wait, needs / limit.rate)

    def open_all(self, conn: Connection, wanted: Sequence[tuple[Account, str, int]]) -> list[Attempt | float]:
        """The same for many (account, kind, return): of an account all at once where its budget has that much."""
        paid: dict[int, Attempt | float] = {}
        for name in sorted({account.name for account, _, _ in wanted}):
            mine = [n for n, (account, _, _) in enumerate(wanted) if account.name == name]
            needs = self._together(conn, [wanted[n] for n in mine])
            for place, n in enumerate(mine):
                paid[n] = self.open(conn, *wanted[n]) if needs is None else Attempt(needs[place])
        return [paid[n] for n in range(len(wanted))]

    def _together(self, conn: Connection, wanted: Sequence[tuple[Account, str, int]]) -> list[int] | None:
        """What each of these operations at one account needs, all of it paid; None: nothing was taken."""
        account = wanted[0][0]
        limit = account.entry.manifest.budgets.get(DEFAULT)
        if limit is None or len(wanted) < 2:
            return None
        with self._lock:
            needs = [min(self._needs.get((account.entry.name, kind), FIRST), limit.burst) for _, kind, _ in wanted]
            waited = any((account.name, return_id) in self._waited for _, _, return_id in wanted)
        if waited or sum(needs) > limit.burst:
            return None
        wait = budgets.take(conn, account.name, DEFAULT, sum(needs), limit.rate, limit.burst, "write")
        return None if wait else needs

    def close(self, conn: Connection, over: Iterable[tuple[Account, str, Attempt]]) -> None:
        """These operations (account, kind, attempt) are over, or rest: give back what is left, and remember what each
        needed."""
        left: Counter[str] = Counter()
        bursts: dict[str, int] = {}
        for account, kind, attempt in over:
            limit = account.entry.manifest.budgets.get(DEFAULT)
            if limit is None:
                continue
            with self._lock:
                key = (account.entry.name, kind)
                self._needs[key] = max(1, attempt.requests, self._needs.get(key, 1) - 1)
            left[account.name] += max(attempt.paid, 0)
            bursts[account.name] = limit.burst
        for name, paid in sorted(left.items()):
            if paid:
                budgets.give_back(conn, name, DEFAULT, paid, bursts[name])

    def _turn(self, name: str, wait: float, takes: float) -> float:
        """Seconds until the turn of the next one that waits: one after the other, as fast as the budget fills."""
        now = time.monotonic()
        turn = max(now + wait, self._turns.get(name, 0.0))
        if turn - now > LONGEST:
            return random.uniform(LONGEST / 2, LONGEST)  # noqa: S311
        self._turns[name] = turn + takes
        return turn - now
