"""The embedded engine: threads of this process work off jobs.

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
from types import MappingProxyType

from hub.store.database import Database
from hub.store.jobs import REMOTE, Job, Quarantine
from hub.store.outage import away
from scheduler.work import INBOX, Handler, JobTerms, Work

log = logging.getLogger(__name__)

IDLE = 1.0
"""Seconds after which a kind that had nothing to do is looked at again."""

PATIENCE = 30.0
"""Seconds that nothing begins because of a job that may kill us: before it is taken, and again while it runs."""


class Engine:
    """`workers` threads for all kinds; one of them is kept free of remote calls, which may all hang at once."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        workers: int = 8,
        idle: float = IDLE,
        terms: Mapping[str, JobTerms] = MappingProxyType({}),
        patience: float = PATIENCE,
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
        self._remote = 0  # jobs of remote kinds in hand
        self._busy = 0  # threads that look or work
        self._patience = patience
        self._quarantine_waits: set[str] = set()  # kinds whose next job may kill its worker: it has to run alone
        self._until = 0.0  # it waits for all else to end until then
        self._alone = False  # it is being taken, or runs
        self._quarantined: Job | None = None  # it runs
        self._hands: set[int] = set()  # threads that have jobs in hand
        self._company: set[int] = set()  # out of patience: suspects go on beside these until they are done
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
            kind, quarantine = look
            claimed: list[Job] = []
            found, left = 0, False
            woken = self._woken[kind]
            try:
                if kind == INBOX:
                    found = self._work.dispatch()
                elif (taken := self._work.claim(kind, quarantine)) is None:
                    left = True
                else:
                    claimed = taken
                    found = len(claimed)
            except Exception as error:
                if not away(error):  # that is said once, by whom it concerns
                    log.exception("cannot look for %s work; trying again in %g s", kind, self._idle)
            alone = claimed[0] if claimed and claimed[0].quarantined else None
            self._looked(kind, found, woken, left, alone)
            if claimed:
                try:
                    with self._watched(alone):
                        self._work.run(kind, claimed)
                except Exception as error:
                    if not away(error):
                        log.exception("%s work is left to its lease", kind)
                self._done(kind, alone)

    def _next(self) -> tuple[str, Quarantine] | None:
        """A kind worth a look, the one looked at longest ago first, and what to do with suspects; None: stop.

        Where a job that may kill us is due, nothing more begins; when all else has ended it is taken and runs alone.
        """
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                if self._quarantine_waits and self._hands and now >= self._until:
                    self._company = set(self._hands)
                    self._quarantine_waits.clear()
                if self._alone or (self._quarantine_waits and self._busy):
                    self._changed.wait(None if self._alone or now >= self._until else self._until - now)
                    continue
                if self._quarantine_waits:
                    self._alone = True
                    kind = min(self._quarantine_waits, key=self._work.lease)  # what may take longest comes last
                    self._quarantine_waits.discard(kind)
                    return self._begin(kind), "alone"
                free = [kind for kind in self._kinds if kind not in self._looking and self._may(kind)]
                for kind in free:
                    if self._dry.get(kind, 0.0) <= now:
                        return self._begin(kind), "beside" if self._company else "leave"
                self._changed.wait(min((self._dry[kind] - now for kind in free), default=self._idle))
            return None

    def _begin(self, kind: str) -> str:
        self._kinds.remove(kind)
        self._kinds.append(kind)
        self._looking.add(kind)
        self._busy += 1
        return kind

    @contextmanager
    def _watched(self, alone: Job | None) -> Iterator[None]:
        """A job that runs alone does so for a while; then others go on beside it."""
        if alone is None:
            yield
            return
        timer = threading.Timer(self._patience, self._go_on_beside, (alone,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _go_on_beside(self, alone: Job) -> None:
        try:
            self._work.end_quarantine(alone)
        except Exception:
            log.exception("cannot note that others go on beside %s/%s; they wait for it", alone.kind, alone.key)
            return
        with self._changed:
            if self._quarantined is alone:
                self._quarantined, self._alone, self._company = None, False, set(self._hands)
                self._changed.notify_all()

    def _may(self, kind: str) -> bool:
        return kind not in REMOTE or self._remote < self._remote_slots

    def _looked(self, kind: str, found: int, woken: int, left: bool, alone: Job | None) -> None:
        with self._changed:
            self._looking.discard(kind)
            self._quarantined = alone or self._quarantined
            self._alone = self._alone and alone is not None
            if found and kind != INBOX:
                self._hands.add(threading.get_ident())
                self._remote += kind in REMOTE
            else:
                self._busy -= 1
            if left:
                self._until = self._until if self._quarantine_waits else time.monotonic() + self._patience
                self._quarantine_waits.add(kind)
            elif not found and woken == self._woken[kind]:
                self._dry[kind] = time.monotonic() + self._idle
            elif found and kind == INBOX:
                self._wake(self._kinds)
            self._changed.notify_all()

    def _done(self, kind: str, alone: Job | None) -> None:
        """What was done may have made work of any kind; where one suspect was, the next is looked for first."""
        with self._changed:
            self._busy -= 1
            self._remote -= kind in REMOTE
            self._hands.discard(threading.get_ident())
            self._company.discard(threading.get_ident())
            if alone is not None and self._quarantined is alone:
                self._quarantined, self._alone = None, False
                self._quarantine_waits.add(kind)
            self._wake(self._kinds)

    def _wake(self, kinds: list[str]) -> None:
        for kind in kinds:
            self._dry.pop(kind, None)
            self._woken[kind] += 1
        self._changed.notify_all()
