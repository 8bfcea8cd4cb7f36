"""The embedded engine: threads of this process work off lanes.

The truth is the due index, looked at once a second at least. A wake-up only makes that sooner, so losing one is
harmless; many of them coalesce into one look.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hub.store.database import Database
from hub.store.lanes import REMOTE, Lane
from scheduler.lanes import INBOX, TERMS, Handler, Terms, Work

log = logging.getLogger(__name__)

IDLE = 1.0
"""Seconds after which a kind that had nothing to do is looked at again."""


class Engine:
    """`workers` threads for all kinds; one of them is kept free of remote calls, which may all hang at once."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        workers: int = 8,
        idle: float = IDLE,
        terms: Mapping[str, Terms] = TERMS,
    ) -> None:
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._work = Work(database, handlers, name, terms)
        self._kinds = [INBOX, *handlers]
        self._idle = idle
        self._remote_slots = max(workers - 1, 1)
        self._changed = threading.Condition()
        self._dry: dict[str, float] = {}  # kind: not before this time, it had nothing to do
        self._woken: Counter[str] = Counter()
        self._looking: set[str] = set()
        self._remote = 0  # lanes of remote kinds in hand
        self._running = 0  # handlers at work
        self._alone = False  # one of them by itself
        self._stopping = False
        self._threads = [threading.Thread(target=self._loop, name=f"worker {n}", daemon=True) for n in range(workers)]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take nothing more, finish what is in hand, end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def wake(self, kind: str | None = None) -> None:
        """There may be something to do (of this kind). Never blocks for long, never fails."""
        with self._changed:
            self._wake([kind] if kind in self._kinds else self._kinds)

    # -- the threads

    def _loop(self) -> None:
        while (kind := self._next()) is not None:
            claimed: list[Lane] = []
            found = 0
            woken = self._woken[kind]
            try:
                if kind == INBOX:
                    found = self._work.dispatch()
                else:
                    claimed = self._work.claim(kind)
                    found = len(claimed)
            except Exception:
                log.exception("cannot look for %s work; trying again in %g s", kind, self._idle)
            self._looked(kind, found, woken)
            if claimed:
                try:
                    with self._room_for(claimed):
                        self._work.run(kind, claimed)
                except Exception:
                    log.exception("%s work is left to its lease", kind)
                self._done(kind)

    @contextmanager
    def _room_for(self, claimed: list[Lane]) -> Iterator[None]:
        """A lane that ran by itself in a worker that died now runs with nothing else in this process."""
        alone = claimed[0].crashes > 0
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._alone = alone
            self._running += not alone
            if alone:
                self._changed.wait_for(lambda: not self._running)
        try:
            yield
        finally:
            with self._changed:
                self._running -= not alone
                self._alone = self._alone and not alone
                self._changed.notify_all()

    def _next(self) -> str | None:
        """A kind worth a look, the one looked at longest ago first; None: stop."""
        with self._changed:
            while not self._stopping:
                if self._alone:
                    self._changed.wait()
                    continue
                now = time.monotonic()
                free = [kind for kind in self._kinds if kind not in self._looking and self._may(kind)]
                for kind in free:
                    if self._dry.get(kind, 0.0) <= now:
                        self._kinds.remove(kind)
                        self._kinds.append(kind)
                        self._looking.add(kind)
                        return kind
                self._changed.wait(min((self._dry[kind] - now for kind in free), default=self._idle))
            return None

    def _may(self, kind: str) -> bool:
        return kind not in REMOTE or self._remote < self._remote_slots

    def _looked(self, kind: str, found: int, woken: int) -> None:
        with self._changed:
            self._looking.discard(kind)
            if found and kind in REMOTE:
                self._remote += 1
            if not found and woken == self._woken[kind]:
                self._dry[kind] = time.monotonic() + self._idle
            elif found and kind == INBOX:
                self._wake(self._kinds)
            else:
                self._changed.notify()

    def _done(self, kind: str) -> None:
        """What was done may have made work of any kind."""
        with self._changed:
            if kind in REMOTE:
                self._remote -= 1
            self._wake(self._kinds)

    def _wake(self, kinds: list[str]) -> None:
        for kind in kinds:
            self._dry.pop(kind, None)
            self._woken[kind] += 1
        self._changed.notify_all()
