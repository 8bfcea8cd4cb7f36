"""Workers of all processes, on this machine or another, hear at once that there is something new in the inbox.

PostgreSQL carries it (LISTEN, NOTIFY). A wake-up only makes sooner what the look once a second finds anyway, so one
that is lost (the database is away, a pooler in between) costs nothing else, and nobody waits for one to be sent.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError

from hub.store.database import Database

CHANNEL = "returns_hub_inbox"
REST = 0.02
"""Seconds between two rings: what is committed meanwhile shares the next."""
RETRY = 1.0
"""Seconds until a listener that lost its connection listens again."""


class Bell:
    """Rung by the one thread that commits messages; another one, begun by the first ring, tells the workers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rung = threading.Event()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Returns at once; many rings are heard as one."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._notify, name="bell", daemon=True)
            self._thread.start()
        self._rung.set()

    def _notify(self) -> None:
        while self._rung.wait():
            self._rung.clear()
            try:
                with self._database.begin() as conn:
                    # A transaction of its own, since commits that notify wait for each other; it need not be durable.
                    conn.exec_driver_sql(f"SET LOCAL synchronous_commit = off; NOTIFY {CHANNEL}")
            except DBAPIError:
                pass  # said once, by the database; the message is found by the look
            time.sleep(REST)


class Listener:
    """A thread and a connection of its own, from `start` to `stop`; calls `heard` from there."""

    def __init__(self, database: Database, heard: Callable[[], None]) -> None:
        self._database = database
        self._heard = heard
        self._end, self._ended = socket.socketpair()
        self._thread = threading.Thread(target=self._work, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._end.close()
        self._thread.join()
        self._ended.close()

    def _work(self) -> None:
        while True:
            try:
                return self._listen()
            except (DBAPIError, psycopg.Error, OSError):
                if select.select([self._ended], [], [], RETRY)[0]:
                    return None

    def _listen(self) -> None:
        """Returns when it is told to stop."""
        with self._database.autocommit() as conn:
            conn.sql.detach()  # it goes back into no pool
            raw: Any = conn.sql.connection.dbapi_connection
            raw.add_notify_handler(lambda _: self._heard())
            conn.exec_driver_sql(f"LISTEN {CHANNEL}")
            self._heard()  # for whatever was told before
            while self._ended not in select.select([raw, self._ended], [], [])[0]:
                conn.exec_driver_sql(f"LISTEN {CHANNEL}")  # what was told comes with the answer; or it breaks
