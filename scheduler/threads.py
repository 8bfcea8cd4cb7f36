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
from collections.abc import Mapping
from types import MappingProxyType

from hub.store.database import Database
from hub.store.lanes import REMOTE, Lane
from scheduler.lanes import INBOX, Handler, Terms, Work

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
        terms: Mapping[str, Terms] = MappingProxyType({}),
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
        self._busy = 0  # threads that look or work
        self._suspected: set[str] = set()  # kinds whose next lane may kill its worker: it has to run alone
        self._alone = False  # it does
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
        while (look := self._next()) is not None:
            kind, alone = look
            claimed: list[Lane] = []
            found, suspected = 0, False
            woken = self._woken[kind]
            try:
                if kind == INBOX:
                    found = self._work.dispatch()
                elif (taken := self._work.claim(kind, alone=alone)) is None:
                    suspected = True
                else:
                    claimed = taken
                    found = len(claimed)
            except Exception:
                log.exception("cannot look for %s work; trying again in %g s", kind, self._idle)
            alone = alone and bool(claimed) and claimed[0].solo
            self._looked(kind, found, woken, suspected=suspected, alone=alone)
            if claimed:
                try:
                    self._work.run(kind, claimed)
                except Exception:
                    log.exception("%s work is left to its lease", kind)
                self._done(kind, alone)

    def _next(self) -> tuple[str, bool] | None:
        """A kind worth a look, the one looked at longest ago first, and whether this is all that goes on; None: stop.

        Where a lane that may kill us is due, nothing more begins; when all else has ended it is taken and runs alone.
        """
        with self._changed:
            while not self._stopping:
                if self._alone or (self._suspected and self._busy):
                    self._changed.wait()
                    continue
                if self._suspected:
                    self._alone = True
                    return self._begin(self._suspected.pop()), True
                now = time.monotonic()
                free = [kind for kind in self._kinds if kind not in self._looking and self._may(kind)]
                for kind in free:
                    if self._dry.get(kind, 0.0) <= now:
                        return self._begin(kind), False
                self._changed.wait(min((self._dry[kind] - now for kind in free), default=self._idle))
            return None

    def _begin(self, kind: str) -> str:
        self._kinds.remove(kind)
        self._kinds.append(kind)
        self._looking.add(kind)
        self._busy += 1
        return kind

    def _may(self, kind: str) -> bool:
        return kind not in REMOTE or self._remote < self._remote_slots

    def _looked(self, kind: str, found: int, woken: int, *, suspected: bool, alone: bool) -> None:
        with self._changed:
            self._looking.discard(kind)
            self._alone = self._alone and alone
            working = found and kind != INBOX
            self._busy -= not working
            if working and kind in REMOTE:
                self._remote += 1
            if suspected:
                self._suspected.add(kind)
            elif not found and woken == self._woken[kind]:
                self._dry[kind] = time.monotonic() + self._idle
            elif found and kind == INBOX:
                self._wake(self._kinds)
            self._changed.notify_all()

    def _done(self, kind: str, alone: bool) -> None:
        """What was done may have made work of any kind; where one suspect was, the next is looked for first."""
        with self._changed:
            self._busy -= 1
            if kind in REMOTE:
                self._remote -= 1
            if alone:
                self._alone = False
                self._suspected.add(kind)
            self._wake(self._kinds)

    def _wake(self, kinds: list[str]) -> None:
        for kind in kinds:
            self._dry.pop(kind, None)
            self._woken[kind] += 1
        self._changed.notify_all()
