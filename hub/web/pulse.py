"""Does the database answer, and which accounts are there? Looked at once a second by a thread of its own, so that no
request waits to find out: webhooks are answered from what was last known, and `/health` answers at once. Only for a
name that is not known it looks again before the second is over: the account may have been added just now."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from hub.boot import Hub
from hub.store import webhooks
from hub.store.outage import away, reason
from hub.web.counts import Counts

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks."""
SOON = 0.2
"""Seconds between two looks at the least: whoever guesses names makes no more of them."""
LATE = 4.0
"""Seconds without an answer after which the database counts as away."""
KEEP = 5.0
"""Seconds between two writes of what was counted, whatever comes in."""


class Pulse:
    """What this process knows of the accounts, and of how their webhooks were answered."""

    again = 5.0
    """Seconds after which a sender whom we could not serve is to come again."""

    def __init__(self, hub: Hub, counts: Counts) -> None:
        self.known: Mapping[str, str] | None = None
        """By name the state of every account; None where nobody has looked yet."""
        self._hub = hub
        self._counts = counts
        self._why = ""
        self._answered = time.monotonic()
        self._kept = time.monotonic()
        self._end = threading.Event()
        self._wake = threading.Event()
        self._waiting: list[Callable[[], object]] = []
        self._thread: threading.Thread | None = None

    @property
    def beats(self) -> bool:
        """Whether a thread looks all the time."""
        return self._thread is not None

    def fresh(self) -> None:
        """Where no thread looks, whoever needs to know does."""
        if self._thread is None:
            self.beat()

    def start(self) -> None:
        """Begin to look; the first look is over when this returns."""
        self.beat()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what was counted is stored."""
        self._end.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(LATE)
            self._thread = None

    def soon(self, callback: Callable[[], object]) -> None:
        """Call `callback` from another thread after a look that begins from now on; all who wait share it."""
        self._waiting.append(callback)
        self._wake.set()

    def beat(self) -> None:
        """One look."""
        try:
            self.known = self._hub.watch()
        except Exception as error:
            self._why = f"the database is away ({reason(error)})"
            return
        self._why, self._answered = "", time.monotonic()
        if self._end.is_set() or self._answered - self._kept >= KEEP:
            self._kept = self._answered
            answered = self._counts.fresh()
            try:
                if answered:
                    with self._hub.database.begin() as conn:
                        webhooks.add(conn, answered)
            except Exception as error:
                self._counts.again(answered)
                if not away(error):  # that is said already
                    log.warning("what webhooks were answered is kept in memory: %s", reason(error))

    def away(self) -> str:
        """Why nothing can be made durable now; empty while the database answers."""
        silent = time.monotonic() - self._answered
        return self._why or (f"the database has not answered for {silent:.0f} s" if silent > LATE else "")

    def health(self) -> tuple[int, dict[str, Any]]:
        """For a monitor: the status and what there is to say."""
        why = self.away()
        if why:
            return 503, {"status": "down", "database": "does not answer", "why": why}
        return 200, {"status": "ok", "database": "answers", "accounts": dict(self.known or {})}

    def _run(self) -> None:
        while not self._end.wait(SOON):
            self._wake.wait(EVERY - SOON)
            self._wake.clear()
            waiting, self._waiting = self._waiting, []
            self.beat()
            for callback in waiting:
                callback()
        self.beat()
