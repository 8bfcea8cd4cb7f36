"""A name that a transaction works on is held from all others, and no other name is."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.store import keys
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.keys import Name
from tests.store.test_races import refused_by_a_lock


def names(begin: int, end: int) -> list[Name]:
    return [("web", "return", str(n)) for n in range(begin, end)]


def test_who_comes_second_waits_for_the_first_to_end(database: Database) -> None:
    with database.begin() as first:
        keys.lock(first, names(0, 2000))
        assert refused_by_a_lock(database, lambda conn: keys.lock(conn, names(1999, 2001)))
        assert not refused_by_a_lock(database, lambda conn: keys.lock(conn, names(2000, 4000)))
        keys.lock(first, names(1000, 3000))
        assert refused_by_a_lock(database, lambda conn: keys.lock(conn, names(2999, 3000)))
    with database.begin() as conn:
        keys.lock(conn, names(0, 3000))
        assert conn.exec_driver_sql("SELECT count(*) FROM held_names").scalar_one() == 0


def test_nothing_is_left_of_one_that_failed(database: Database) -> None:
    def fail(conn: Connection) -> None:
        keys.lock(conn, names(0, 10))
        raise RuntimeError("simulated: the batch fails")

    with pytest.raises(RuntimeError):
        database.run(fail)
    assert not refused_by_a_lock(database, lambda conn: keys.lock(conn, names(0, 10)))


def test_many_that_want_the_same_neither_deadlock_nor_meet(database: Database, seed: int) -> None:
    inside: set[Name] = set()

    def work(n: int) -> None:
        mine = random.Random(seed + n).sample(names(0, 60), 20)
        with database.begin() as conn:
            keys.lock(conn, mine)
            assert inside.isdisjoint(mine)
            inside.update(mine)
            inside.difference_update(mine)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(60)))
