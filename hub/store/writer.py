"""The group writer in front of the web server: many requests' messages become durable in one commit.

It is bounded in bytes and in age. Full, disk full, or a connection lost so that nobody knows whether the commit took
place: the sender hears "come again". A batch that PostgreSQL refuses is replayed request by request, so that one
poisoned row fails alone.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from hub.store.arrival import Arrival
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.inbox import Full, accept
from hub.store.outage import away, reason, sqlstate

log = logging.getLogger(__name__)

BYTES = 32 * 2**20
"""What may wait in memory; more is refused."""
AGE = 3.0
"""Seconds the oldest message may have waited; while one is older, more is refused."""
PATIENCE = 10.0
"""Seconds a request waits for its commit before it is told to come again."""
GROUP_ROWS, GROUP_BYTES = 500, 8 * 2**20
"""One commit's share."""
GATHER = 0.001
"""Seconds that a commit waits for the senders whom the last one let go, so that all share the next instead of taking
turns in two halves. One sender alone never waits."""
BROKEN = ("08", "53", "57", "58", "25006", "55P03", "40")
"""SQLSTATEs (or their classes) that are the server's trouble, not the rows': connection, resources such as a full disk,
shutdown, input and output, read-only, locks."""


class Unstorable(ValueError):
    """PostgreSQL refuses this message; another try would fail again."""


class Pending:
    """One request's messages until it is known what became of them.

    A bare lock to wait on: with a Future, waiting costs more than everything else that a request needs.
    """

    __slots__ = ("_callback", "_known", "arrivals", "outcome", "since", "size")

    def __init__(self, arrivals: Sequence[Arrival], callback: Callable[[], None] | None = None) -> None:
        self.arrivals = arrivals
        self._callback = callback
        self.size = sum(arrival.size for arrival in arrivals)
        self.since = time.monotonic()
        self.outcome: list[bool] | Full | Unstorable | None = None
        self._known = threading.Lock()
        self._known.acquire()

    def resolve(self, outcome: list[bool] | Full | Unstorable) -> None:
        """Let the request go; only the first word counts."""
        if self.outcome is None:
            self.outcome = outcome
            self._known.release()
            if self._callback is not None:
                self._callback()

    def result(self, seconds: float = -1) -> list[bool]:
        """What `put` returns or raises, as soon as it is known. Raises TimeoutError after so many seconds."""
        if self._known.acquire(timeout=seconds):
            self._known.release()
        if isinstance(self.outcome, list):
            return self.outcome
        raise self.outcome or TimeoutError


class Writer:
    """One thread and one connection per process, begun by the first message, so after any fork.

    `committed` is called after every commit, when the senders know (a wake-up); it must not fail and not take long.
    """

    def __init__(
        self,
        database: Database,
        *,
        bytes_: int = BYTES,
        age: float = AGE,
        patience: float = PATIENCE,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self.database = database
        self.bytes, self.age, self.patience = bytes_, age, patience
        self.committed = committed
        self._reset()

    def _reset(self) -> None:
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._queue: deque[Pending] = deque()
        self._oldest: float | None = None
        self._size = 0
        self._last = 0  # requests in the last commit
        self._awaited = 1  # requests in the queue that wake the thread
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, arrivals: Sequence[Arrival]) -> list[bool]:
        """Durable when this returns; for each whether it is new. Raises Full or Unstorable."""
        if not arrivals:
            return []
        try:
            return self.offer(arrivals).result(self.patience)
        except TimeoutError:
            raise Full(
                f"the database has not answered for {self.patience:g} s; the messages may or may not be kept", 5.0
            ) from None

    def offer(self, arrivals: Sequence[Arrival], callback: Callable[[], None] | None = None) -> Pending:
        """Queue these; its `result` is what `put` returns, and `callback` is called, in the writer's thread, when it is
        there. Raises Full at once where there is no room."""
        request = Pending(arrivals, callback)
        if self._process != os.getpid():
            self._reset()
        with self._changed:
            if self._closed:
                raise Full("the hub is stopping", 5.0)
            if self._size and self._size + request.size > self.bytes:
                raise Full(f"{self._size} bytes wait to be written already; the database is slow or away", 5.0)
            if self._oldest is not None and request.since - self._oldest > self.age:
                raise Full(f"the oldest message has waited {request.since - self._oldest:.1f} s to be written", 5.0)
            self._queue.append(request)
            self._size += request.size
            if self._oldest is None:
                self._oldest = request.since
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="inbox writer", daemon=True)
                self._thread.start()
            if len(self._queue) >= self._awaited:
                self._changed.notify()
        return request

    def close(self) -> None:
        """Write what is queued, take no more, end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None and self._process == os.getpid():
            self._thread.join()

    # -- the thread

    def _work(self) -> None:
        while group := self._next():
            try:
                with self.database.autocommit() as conn:
                    while group:
                        self._write(conn, group)
                        self._done(group)
                        group = self._next()
            except Exception as error:
                self._refuse(group, error)
                self._done(group)

    def _next(self) -> list[Pending]:
        """The requests of the next commit; none when it is time to end."""
        with self._changed:
            senders = min(self._last + len(self._queue), GROUP_ROWS)
            self._await(1)
            if senders > 1:
                self._await(senders, GATHER)
            group: list[Pending] = []
            rows = size = 0
            while self._queue and rows < GROUP_ROWS and (not group or size + self._queue[0].size <= GROUP_BYTES):
                group.append(self._queue.popleft())
                rows += len(group[-1].arrivals)
                size += group[-1].size
            self._last = len(group)
            return group

    def _await(self, requests: int, seconds: float | None = None) -> None:
        """Sleep until so many are queued; woken once, since each wake-up takes the interpreter from the senders."""
        self._awaited = requests
        self._changed.wait_for(lambda: len(self._queue) >= requests or self._closed, seconds)

    def _done(self, group: list[Pending]) -> None:
        with self._changed:
            self._size -= sum(request.size for request in group)
            self._oldest = self._queue[0].since if self._queue else None

    def _write(self, conn: Connection, group: list[Pending]) -> None:
        """One statement that commits by itself: a writer that is stopped in the middle of it holds nothing."""
        try:
            self._settle(group, accept(conn, [arrival for request in group for arrival in request.arrivals]))
        except (DBAPIError, ValueError) as error:
            if _broken(error):
                raise
            if len(group) == 1:
                self._fail(group[0], error)
                return
            for request in group:
                self._write(conn, [request])

    def _settle(self, group: list[Pending], new: list[bool]) -> None:
        begin = 0
        for request in group:
            request.resolve(new[begin : begin + len(request.arrivals)])
            begin += len(request.arrivals)
        self.committed()

    def _fail(self, request: Pending, error: Exception) -> None:
        cause = getattr(error, "orig", error)
        names = ", ".join(f"{a.account} {a.stream} {a.external_id!a}" for a in request.arrivals[:3])
        log.error("cannot be stored: %s: %s", names, type(cause).__name__)
        request.resolve(
            Unstorable(f"this message cannot be stored ({cause}); sent again it fails again, so look at what is in it")
        )

    def _refuse(self, group: list[Pending], error: Exception) -> None:
        """Nothing or everything of this was kept: both are safe to send again."""
        if not away(error):  # else that is said already, once
            log.warning("messages could not be made durable, their senders come again: %s", reason(error))
        why = "the disk of the database is full" if sqlstate(error) == "53100" else "the database is away or overloaded"
        for request in group:
            request.resolve(Full(f"{why}; the messages may or may not be kept", 5.0))


def _broken(error: Exception) -> bool:
    """Is it the server or the connection (come again), or the rows (never)?"""
    state = sqlstate(error)
    if state is not None:
        return state.startswith(BROKEN)
    return isinstance(error, OperationalError | InterfaceError) or getattr(error, "connection_invalidated", False)
