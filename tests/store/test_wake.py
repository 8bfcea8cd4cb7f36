"""Workers of another process are woken, and nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from hub.store.database import Database
from hub.store.wake import Bell, Listener

LISTENING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"


class Heard:
    def __init__(self) -> None:
        self.times = 0
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.times += 1
            self._changed.notify_all()

    def until(self, times: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.times >= times, 60), self.times


@pytest.fixture
def heard(database_url: str) -> Iterator[Heard]:
    """A listener that listens, of another process as it were."""
    heard, other = Heard(), Database(database_url)
    listener = Listener(other, heard)
    listener.start()
    heard.until(1)
    yield heard
    listener.stop()
    other.close()


def test_a_ring_is_heard_elsewhere(database: Database, heard: Heard) -> None:
    bell = Bell(database)
    for times in range(2, 5):
        bell.ring()
        heard.until(times)


def test_a_crowd_of_commits_shares_a_few(database: Database, heard: Heard) -> None:
    bell = Bell(database)
    for _ in range(1000):
        bell.ring()
    heard.until(2)
    time.sleep(0.2)
    assert heard.times < 100


def test_who_lost_the_connection_listens_again(database: Database, heard: Heard) -> None:
    with database.autocommit() as conn:
        conn.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM ({LISTENING}) AS l")
    heard.until(2)  # what was told meanwhile nobody told: it looks
    Bell(database).ring()
    heard.until(3)


def test_nobody_waits_for_a_database_that_is_away() -> None:
    bell = Bell(Database("postgresql://127.0.0.1:9/nowhere"))
    begin = time.monotonic()
    for _ in range(10):
        bell.ring()
    assert time.monotonic() - begin < 1


def test_a_listener_stops_while_the_database_is_away() -> None:
    listener = Listener(Database("postgresql://127.0.0.1:9/nowhere"), lambda: None)
    listener.start()
    listener.stop()
