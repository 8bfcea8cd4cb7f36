"""An embedded PostgreSQL server shared by every process that uses one data folder.

Each process holds a shared lock while it uses the server (a SIGKILL frees it). Starting, stopping and "am I the
last one out" happen under an exclusive lock, so two starters or a starter and a stopper never meet.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub import folders
from hub.postgres import binaries, errors, pidfile
from hub.postgres.cluster import DATABASE, PATIENCE, Cluster, Progress


def _quietly(_: str) -> None:
    """Nobody wants to hear of the progress."""


class Server:
    """The server of one data folder. `tcp` makes it listen on a free port of 127.0.0.1 besides its socket."""

    def __init__(self, folder: Path, *, tcp: bool = False, progress: Progress = _quietly) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self._cluster = Cluster(self.folder, tcp, progress)
        self._tcp = tcp
        self._progress = progress
        self._mutex = threading.RLock()
        self._holds = 0
        self._users = -1  # descriptor of the shared lock while held
        self._holder = os.getpid()

    @contextmanager
    def hold(self) -> Iterator[str]:
        """Use the server for a while: `with server.hold() as url`."""
        url = self.acquire()
        try:
            yield url
        finally:
            self.release()

    def acquire(self) -> str:
        """Make sure the server runs (also again, after it was killed) and stay counted as a user of it."""
        with self._mutex:
            try:
                folders.make(self.folder)
            except OSError as reason:
                raise errors.no_folder(self.folder, reason) from reason
            with self._gate():
                self._join()
                try:
                    self._ensure()
                    url = self.url()
                except BaseException:
                    self._leave()
                    raise
                self._holds += 1
            return url

    def release(self) -> None:
        """Stop being counted; the last one out, of all processes, stops the server."""
        with self._mutex:
            if self._holds == 0 or self._holder != os.getpid():
                raise RuntimeError("release() without acquire() in this process")
            self._holds -= 1
            if self._holds:
                return
            with self._gate():
                try:
                    fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return  # others are still in
                else:
                    self._cluster.stop()
                finally:
                    self._leave()

    def runs(self) -> bool:
        """Whether its process lives; whether it answers is another question."""
        running = pidfile.read(self.data)
        return running is not None and running.is_ours(self.data)

    def restore(self) -> None:
        """Start it again under whoever uses it in this process, unless it answers. Its address stays the same."""
        with self._mutex:
            if self._holds and self._holder == os.getpid():
                with self._gate():
                    self._ensure()

    def url(self, database: str = DATABASE, *, tcp: bool = False) -> str:
        """The address of a database on the running server: over its private socket, or over loopback TCP."""
        return self._cluster.url(database, tcp=tcp)

    def _ensure(self) -> None:
        """Start the server unless it answers; wait for one that is starting, recovering or stopping."""
        if not (self.data / "PG_VERSION").exists():
            self._cluster.make()
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(binaries.MAJOR):
            raise errors.wrong_major(self.data, found, binaries.MAJOR)
        silent_until = time.monotonic() + PATIENCE
        while True:
            running = pidfile.read(self.data)
            if running is None:
                self._cluster.start()
                continue
            state = self._cluster.ask()
            if state == "answers":
                break
            if state == "busy":  # it says itself that it is starting, recovering or stopping
                silent_until = time.monotonic() + PATIENCE
            elif not running.is_ours(self.data):
                pidfile.remove(self.data, running)
                continue
            if time.monotonic() > silent_until:
                raise errors.silent_server(self.data, running.pid)
            self._progress("waiting for the database to get ready")
            time.sleep(0.2)
        if self._tcp and not running.listens:
            raise errors.no_tcp(self.data)

    @contextmanager
    def _gate(self) -> Iterator[None]:
        """The exclusive lock around starting and stopping."""
        descriptor = os.open(self.folder / "gate.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._progress("waiting: another process is starting or stopping the database")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _join(self) -> None:
        if self._holder != os.getpid():  # forked: the parent's lock says nothing about us
            if self._users >= 0:
                os.close(self._users)
            self._users, self._holds, self._holder = -1, 0, os.getpid()
        if self._users < 0:
            self._users = os.open(self.folder / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._users, fcntl.LOCK_SH)  # never waits: whoever holds it alone holds the gate, too

    def _leave(self) -> None:
        if self._holds == 0:
            os.close(self._users)
            self._users = -1
