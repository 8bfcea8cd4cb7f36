"""Transactions, the clock, read sequence numbers, and what the hub refuses to run on."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from hub.store import alive
from hub.store import database as module
from hub.store.connection import Connection
from hub.store.database import Database, DatabaseError, check, next_read_seq, now, oldest_snapshot, sqlstate


def test_tickets_drawn_one_after_another_rise_whoever_draws(database: Database) -> None:
    drawn: list[int] = []
    with database.begin() as one, database.begin() as two:
        for conn in (one, two, one, two, two, one):
            drawn += next_read_seq(conn)
        drawn += next_read_seq(one, 3)
    assert drawn == sorted(set(drawn))
    assert len(drawn) == 9


def test_the_clock_goes_on_within_a_transaction(conn: Connection) -> None:
    first, second = now(conn), now(conn)
    assert first < second
    assert first.utcoffset() is not None


def test_every_connection_is_careful(conn: Connection) -> None:
    def shown(name: str) -> str:
        return str(conn.exec_driver_sql(f"SHOW {name}").scalar_one())

    assert shown("transaction_isolation") == "read committed"
    assert shown("lock_timeout") == "5s"
    assert shown("idle_in_transaction_session_timeout") == "30s"
    assert shown("timezone") == "UTC"


def test_check_accepts_the_embedded_server(conn: Connection) -> None:
    check(conn)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_check_refuses_a_server_that_may_forget(setting: str) -> None:
    class Answers:
        """Simulated: a server's settings."""

        def exec_driver_sql(self, statement: str) -> Answers:
            self.asked = statement.removeprefix("SHOW ")
            return self

        def scalar_one(self) -> str:
            return "180000" if self.asked == "server_version_num" else "off" if self.asked == setting else "on"

    with pytest.raises(DatabaseError, match=f"{setting} = off"):
        check(Answers())  # type: ignore[arg-type]


def test_check_refuses_an_asynchronous_session(conn: Connection) -> None:
    conn.exec_driver_sql("SET LOCAL synchronous_commit = off")
    with pytest.raises(DatabaseError, match="synchronous_commit = off"):
        check(conn)


def test_check_refuses_an_old_server() -> None:
    class Old:
        """Simulated: PostgreSQL 14."""

        def exec_driver_sql(self, _: str) -> Old:
            return self

        def scalar_one(self) -> str:
            return "140012"

    with pytest.raises(DatabaseError, match="version 14; the hub needs 15"):
        check(Old())  # type: ignore[arg-type]


def test_another_database_system_is_refused() -> None:
    with pytest.raises(DatabaseError, match="PostgreSQL only"):
        Database("sqlite:///hub.db")


def test_run_begins_again_after_a_deadlock(database: Database) -> None:
    """By construction: two transactions take two rows in opposite order, so PostgreSQL ends one of them."""
    with database.begin() as conn:
        conn.exec_driver_sql("INSERT INTO ticks (task, slot) VALUES ('a', 1), ('b', 1)")
    both_hold_one = threading.Barrier(2, timeout=20)
    tries: list[str] = []

    def take(first: str, second: str) -> None:
        def work(conn: Connection) -> None:
            tries.append(first)
            for place, job in enumerate((first, second)):
                conn.exec_driver_sql("UPDATE ticks SET slot = slot + 1 WHERE task = %(j)s", {"j": job})
                if place == 0 and len(tries) <= 2:
                    both_hold_one.wait()

        database.run(work)

    threads = [threading.Thread(target=take, args=order) for order in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.begin() as conn:
        assert conn.exec_driver_sql("SELECT sum(slot) FROM ticks").scalar_one() == 2 + 4
    assert len(tries) > 2, "one of them was begun again"


def test_run_gives_up_at_once_on_what_will_never_work(database: Database) -> None:
    tries = []

    def work(conn: Connection) -> None:
        tries.append(1)
        conn.exec_driver_sql("SELECT 1 / 0")

    with pytest.raises(DBAPIError) as failure:
        database.run(work)
    assert sqlstate(failure.value) == "22012"
    assert len(tries) == 1


def test_run_gives_up_in_the_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRIES", 3)
    tries = []

    def work(conn: Connection) -> None:
        tries.append(1)
        conn.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'simulated' USING ERRCODE = '40001'; END $$")

    with pytest.raises(DBAPIError):
        database.run(work)
    assert len(tries) == 3


def test_a_fork_does_not_share_connections(database: Database) -> None:
    with database.begin() as conn:
        mine = conn.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with database.begin() as conn:
            os.write(writing, str(conn.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        theirs = int(answer.read())
    os.waitpid(child, 0)
    with database.begin() as conn:
        assert conn.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() == mine
    assert theirs != mine


def test_oldest_snapshot_sees_one_that_is_held(database: Database, database_url: str) -> None:
    with psycopg.connect(database_url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT 1")
        with database.begin() as conn:
            assert oldest_snapshot(conn) > 0


def test_a_server_that_restarted_between_two_transactions_fails_none(database: Database) -> None:
    """Simulated by ending every connection over there, as a server does that stops."""
    with database.begin() as one, database.begin() as two, database.begin() as three:
        for conn in (one, two, three):
            conn.exec_driver_sql("SELECT 1")
    with psycopg.connect(database.url, autocommit=True) as server:
        ended = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        server.execute(f"SELECT pg_terminate_backend(pid) {ended}")
        while server.execute(f"SELECT count(*) {ended}").fetchone() != (0,):
            time.sleep(0.01)
    for _ in range(3):
        with database.begin() as conn:
            assert conn.exec_driver_sql("SELECT 1").scalar() == 1
        with database.autocommit() as conn:
            assert conn.exec_driver_sql("SELECT 1").scalar() == 1


@pytest.fixture
def asked(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every connection that is asked whether it lives."""
    found: list[Any] = []
    ping = database._engine.dialect.do_ping
    monkeypatch.setattr(database._engine.dialect, "do_ping", lambda conn: (found.append(conn), ping(conn))[1])
    return found


def test_a_connection_in_use_is_not_asked_whether_it_lives(database: Database, asked: list[Any]) -> None:
    for _ in range(5):
        with database.begin() as conn:
            conn.exec_driver_sql("SELECT 1")
    assert asked == []


def test_one_that_rested_for_long_is(database: Database, asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with database.begin():
        pass
    monkeypatch.setattr(alive, "RESTED", 0.0)
    with database.begin() as conn:
        conn.exec_driver_sql("SELECT 1")
    assert len(asked) == 1
