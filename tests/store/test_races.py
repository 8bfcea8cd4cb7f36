"""Accepting while workers hold locks: each failure is shown first on a naive variant."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from hub.store import claims, inbox, jobs
from hub.store.arrival import Arrival
from hub.store.connection import Connection
from hub.store.database import Database, sqlstate


def message(external_id: str = "r1") -> Arrival:
    return Arrival.of(
        account="web", stream="return", external_id=external_id, via="push", body=b"{}", delivery_id=external_id
    )


def refused_by_a_lock(database: Database, work: Callable[[Connection], Any]) -> bool:
    """Did this wait for somebody? Half a second of patience stands for "as long as the worker is stopped"."""
    try:
        with database.begin() as conn:
            conn.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
            work(conn)
    except OperationalError as error:
        if sqlstate(error) != "55P03":
            raise
        return True
    return False


def begin_reading(database: Database) -> tuple[list[jobs.Job], dict[int, list[inbox.InboxRow]]]:
    with database.begin() as conn:
        inbox.accept(conn, [message("r1"), message("r2")])
        inbox.dispatch(conn)
        claimed = claims.claim(conn, ["process"], "w", 10)
        return claimed, inbox.rows(conn, claimed)


def test_webhooks_go_on_while_a_worker_is_stopped_in_its_transaction(database: Database) -> None:
    claimed, rows = begin_reading(database)
    with database.begin() as stopped:  # fenced, the inbox rows deleted, and then nothing happens for a while
        jobs.fence(stopped, claimed)
        inbox.consumed(stopped, [row for mine in rows.values() for row in mine])
        jobs.finish(stopped, [(job, job.wanted) for job in claimed])
        new: list[list[bool]] = []
        again = [message("r1"), message("r3"), Arrival.changed("web", "return", "r2")]
        assert not refused_by_a_lock(database, lambda conn: new.append(inbox.accept(conn, again)))
        assert new == [[False, True, True]]


def test_naive_a_unique_inbox_makes_webhooks_wait_for_workers(database: Database) -> None:
    """Why duplicates are told by `seen`: an insert waits for whoever deletes the row it may collide with."""
    with database.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE naive (dedupe text PRIMARY KEY); INSERT INTO naive VALUES ('d1')")
    insert = "INSERT INTO naive VALUES ('d1') ON CONFLICT DO NOTHING"
    with database.begin() as stopped:
        stopped.exec_driver_sql("DELETE FROM naive")
        assert refused_by_a_lock(database, lambda conn: conn.exec_driver_sql(insert))


def test_the_dispatcher_leaves_what_is_held_to_later(database: Database) -> None:
    """One object's job is held by a stopped worker: its message stays new, the others go on."""
    claimed, _ = begin_reading(database)
    with database.begin() as stopped:
        jobs.fence(stopped, claimed)
        with database.begin() as conn:
            inbox.accept(conn, [message("r1b")._replace(external_id="r1"), message("r4")])
        assert refused_by_a_lock(
            database, lambda conn: jobs.want(conn, "process", [("web", "return/r1")])
        )  # the naive way
        dispatched: list[int] = []
        assert not refused_by_a_lock(database, lambda conn: dispatched.append(inbox.dispatch(conn).read))
        assert dispatched == [1]
    assert database.run(inbox.dispatch).read == 1


@pytest.mark.parametrize("naive", [True, False])
def test_batches_in_any_order_do_not_deadlock(database: Database, naive: bool) -> None:
    """By construction: two batches of the same jobs in opposite order; in one order they only queue up."""
    keys = [("web", "return/a"), ("web", "return/b")]
    with database.begin() as conn:
        jobs.want(conn, "fetch", keys)
    tries = {"up": 0, "down": 0}
    halfway = threading.Barrier(2, timeout=20)

    def work(name: str, order: list[tuple[str, str]]) -> None:
        def both(conn: Connection) -> None:
            tries[name] += 1
            if not naive:
                jobs.want(conn, "fetch", order)
                return
            for place, key in enumerate(order):
                jobs.want(conn, "fetch", [key])
                if place == 0 and tries[name] == 1:
                    halfway.wait()

        database.run(both)

    threads = [threading.Thread(target=work, args=given) for given in (("up", keys), ("down", keys[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(tries.values()) == (3 if naive else 2)
    with database.begin() as conn:
        assert [job.wanted for job in claims.claim(conn, ["fetch"], "w", 5)] == [3, 3]


def test_fences_and_wants_take_jobs_in_one_order(database: Database) -> None:
    """The order is by key, not by id: a job may have been made anew since."""
    with database.begin() as conn:
        for key in ("b", "a", "c"):
            jobs.want(conn, "fetch", [("web", key)])
        claimed = claims.claim(conn, ["fetch"], "w", 5)
    assert [job.key for job in claimed] == ["b", "a", "c"]
    with database.begin() as conn:
        conn.exec_driver_sql("SET LOCAL lock_timeout = '20s'")
        held_first = threading.Event()
        keys: list[str] = []

        def other() -> None:
            with database.begin() as theirs:
                theirs.exec_driver_sql("SELECT FROM jobs WHERE key = 'b' FOR UPDATE")
                held_first.set()
                while not waits(database):
                    pass
                free = theirs.exec_driver_sql("SELECT key FROM jobs ORDER BY key FOR UPDATE SKIP LOCKED")
                keys.extend(free.scalars())

        thread = threading.Thread(target=other)
        thread.start()
        held_first.wait(20)
        jobs.fence(conn, claimed)
        thread.join()
    assert keys == ["b", "c"], "waiting for b, the fence holds a and nothing behind b"


def waits(database: Database) -> bool:
    with database.begin() as conn:
        return bool(conn.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one())
