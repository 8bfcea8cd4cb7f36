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
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from hub.store.claims import Quarantine
from hub.store.database import Database
from hub.store.jobs import REMOTE, Job
from hub.store.outage import away
from scheduler.work import INBOX, PROCESS, Found, Handler, JobTerms, Work

log = logging.getLogger(__name__)

IDLE = 1.0
"""Seconds after which a kind that had nothing to do is looked at again."""

GATHER = 0.1
"""Seconds that messages gather at most while a batch of others is being read: the more at once, the cheaper each."""

PATIENCE = 30.0
"""Seconds that nothing begins because of a job that may kill us: before it is taken, and again while it runs."""


@dataclass(frozen=True)
class Look:
    """To look for up to `most` jobs of a kind. `quarantine`: what to do with one that may kill its worker."""

    kind: str
    quarantine: Quarantine
    most: int


@dataclass(frozen=True)
class Task:
    """Jobs for one thread."""

    kind: str
    jobs: Sequence[Job]

    @property
    def id(self) -> int:
        return self.jobs[0].id

    @property
    def alone(self) -> Job | None:
        """The job that has the process to itself, since it may kill it."""
        return self.jobs[0] if self.jobs[0].quarantined else None


class Engine:
    """`workers` threads for all kinds; one of them is kept free of remote calls, which may all hang at once."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        workers: int = 24,
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
        self._reading = 0  # batches of messages that are being read
        self._alone_until = 0.0  # until then no other one is
        self._tasks: deque[Task] = deque()  # taken, and wait for a thread
        self._remote = 0  # jobs of remote kinds that are in hand, or looked for
        self._busy = 0  # looks and tasks
        self._patience = patience
        self._quarantine_waits: set[str] = set()  # kinds whose next job may kill its worker: it has to run alone
        self._until = 0.0  # it waits for all else to end until then
        self._alone = False  # it is being taken, or runs
        self._quarantined: Job | None = None  # it runs
        self._hands: set[int] = set()  # tasks in hand
        self._company: set[int] = set()  # out of patience: suspects go on beside these until they are done
        self._stopping = False
        self._threads = [threading.Thread(target=self._loop, name=f"worker {n}", daemon=True) for n in range(workers)]

    def start(self) -> None:
        """Begin to work; what this process itself makes due is looked for at once."""
        self._work.database.listeners.append(self.wake)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take nothing more, finish what is in hand, end."""
        self._work.database.listeners.remove(self.wake)
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def wake(self, kinds: Iterable[str] = ()) -> None:
        """There may be something to do, of these kinds or of any. Never blocks for long, never fails."""
        with self._changed:
            self._wake(set(kinds) & set(self._kinds) or self._kinds)

    # -- the threads

    def _loop(self) -> None:
        while (what := self._next()) is not None:
            task = self._look(what) if isinstance(what, Look) else what
            if task is not None:
                self._do(task)

    def _look(self, look: Look) -> Task | None:
        woken, found = self._woken[look.kind], Found(look.kind)
        try:
            found = self._work.look(look.kind, look.quarantine, look.most)
        except Exception as error:
            if not away(error):  # that is said once, by whom it concerns
                log.exception("cannot look for %s work; trying again in %g s", look.kind, self._idle)
        return self._looked(look, found, woken)

    def _do(self, task: Task) -> None:
        try:
            with self._watched(task.alone):
                self._work.run(task.kind, task.jobs)
        except Exception as error:
            if not away(error):
                log.exception("%s work is left to its lease", task.kind)
        self._done(task)

    def _next(self) -> Look | Task | None:
        """A task that waits, or a kind worth a look, the one looked at longest ago first; None: stop.

        Where a job that may kill us is due, nothing more begins; when all else has ended it is taken and runs alone.
        """
        with self._changed:
            while True:
                if self._tasks:
                    return self._tasks.popleft()
                if self._stopping:
                    return None
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
                    return self._begin(kind, "alone")
                free = [kind for kind in self._kinds if kind not in self._looking and self._room(kind) > 0]
                due = {kind: max(self._dry.get(kind, 0.0), self._gathers(kind)) for kind in free}
                ready = [kind for kind in free if due[kind] <= now]
                if ready:
                    if len(ready) > 1:
                        self._changed.notify()
                    return self._begin(ready[0], "beside" if self._company else "leave")
                self._changed.wait(min(due.values(), default=now + self._idle) - now)

    def _room(self, kind: str) -> int:
        """How many jobs of this kind may be taken: of remote ones as many as threads are free, their leases run."""
        most = self._work.most(kind)
        free = min(self._remote_slots - self._remote, len(self._threads) - self._busy)
        return min(most, free) if kind in REMOTE else most

    def _gathers(self, kind: str) -> float:
        """Until when messages wait for those that come meanwhile, since others are being read."""
        return self._alone_until if kind in (INBOX, PROCESS) and self._reading else 0.0

    def _begin(self, kind: str, quarantine: Quarantine) -> Look:
        look = Look(kind, quarantine, max(self._room(kind), 1))
        self._kinds.remove(kind)
        self._kinds.append(kind)
        self._looking.add(kind)
        self._busy += 1
        self._remote += look.most * (kind in REMOTE)
        return look

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

    def _looked(self, look: Look, found: Found, woken: int) -> Task | None:
        """Note what was found; the task that this thread goes on with, while others take the rest."""
        jobs = found.claim.jobs
        tasks = [Task(found.kind, [job]) for job in jobs] if found.kind in REMOTE else [Task(found.kind, jobs)]
        tasks = tasks if jobs else []
        alone = tasks[0].alone if tasks else None
        with self._changed:
            self._looking.discard(look.kind)
            self._quarantined = alone or self._quarantined
            was_alone, self._alone = self._alone, self._alone and alone is not None
            self._busy += len(tasks) - 1
            self._remote += len(tasks) * (found.kind in REMOTE) - look.most * (look.kind in REMOTE)
            self._hands.update(task.id for task in tasks)
            if tasks and found.kind == PROCESS:
                self._reading += 1
                self._alone_until = time.monotonic() + GATHER
            self._tasks.extend(tasks[1:])
            if found.claim.left:
                self._until = self._until if self._quarantine_waits else time.monotonic() + self._patience
                self._quarantine_waits.add(found.kind)
            elif not found.number and woken == self._woken[look.kind]:
                self._dry[look.kind] = time.monotonic() + self._idle
            if self._quarantine_waits or was_alone:
                self._changed.notify_all()
            else:
                self._changed.notify(max(len(tasks), 1))
        return tasks[0] if tasks else None

    def _done(self, task: Task) -> None:
        """Where one suspect was, the next is looked for first."""
        with self._changed:
            self._busy -= 1
            self._remote -= task.kind in REMOTE
            self._hands.discard(task.id)
            self._reading -= task.kind == PROCESS
            self._company.discard(task.id)
            if task.alone is not None and self._quarantined is task.alone:
                self._quarantined, self._alone = None, False
                self._quarantine_waits.add(task.kind)
            if self._quarantine_waits:
                self._changed.notify_all()
            else:
                self._changed.notify()

    def _wake(self, kinds: Iterable[str]) -> None:
        for kind in kinds:
            self._dry.pop(kind, None)
            self._woken[kind] += 1
            self._changed.notify()
