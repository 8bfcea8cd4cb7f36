"""The group writer: durable before it returns, bounded, and one poisoned row fails alone."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import make_url

from hub.postgres import Server
from hub.store import writer as writing
from hub.store.arrival import Arrival
from hub.store.database import Database
from hub.store.inbox import Full
from hub.store.writer import Pending, Unstorable, Writer


def message(n: int, size: int = 100, **more: Any) -> Arrival:
    return Arrival.of(
        account="web", stream="return", external_id=f"r{n}", via="push", body=b"x" * size, delivery_id=f"d{n}", **more
    )


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    opened = Writer(database)
    yield opened
    opened.close()


def stored(database: Database) -> int:
    with database.begin() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one())


@contextmanager
def trigger(database: Database, body: str) -> Iterator[None]:
    """Make every insert into the inbox do this first (simulates a server in trouble)."""
    with database.begin() as conn:
        conn.exec_driver_sql(
            f"CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN new; END $$;"
            " CREATE TRIGGER trouble BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION trouble()"
        )
    yield
    with database.begin() as conn:
        conn.exec_driver_sql("DROP FUNCTION trouble CASCADE")


def test_it_is_durable_when_put_returns(database: Database, writer: Writer) -> None:
    assert writer.put([message(1), message(2), message(1)]) == [True, True, False]
    assert stored(database) == 2
    assert writer.put([message(2), message(3)]) == [False, True]
    assert writer.put([]) == []


def test_many_requests_share_a_commit(database: Database) -> None:
    commits: list[int] = []
    writer = Writer(database, committed=lambda: commits.append(1))
    with trigger(database, "PERFORM pg_sleep(0.002)"):
        futures = [writer.offer([message(n)]) for n in range(200)]
        assert all(future.result(60) == [True] for future in futures)
    writer.close()
    assert stored(database) == 200
    assert len(commits) < 20


def test_senders_who_come_back_share_the_next_commit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of them wakes the writer: nobody waits until the time for gathering is over, which is long here."""
    monkeypatch.setattr(writing, "GATHER", 1000.0)
    commits: list[int] = []
    writer = Writer(database)
    write = writer._write
    monkeypatch.setattr(writer, "_write", lambda conn, group: (commits.append(len(group)), write(conn, group)))
    with database.begin() as holder:
        holder.exec_driver_sql("LOCK TABLE inbox")
        first = [writer.offer([message(0)])]
        while writer._queue:
            time.sleep(0.001)
        first += [writer.offer([message(n)]) for n in range(1, 5)]
    assert first[0].result(20) == [True]
    # One sender went, four more are queued: the second commit waits for the first to come again.
    first.append(writer.offer([message(5)]))
    assert [future.result(20) for future in first] == [[True]] * 6
    back = [writer.offer([message(n)]) for n in range(6, 11)]
    assert [future.result(20) for future in back] == [[True]] * 5
    writer.close()
    assert commits == [1, 5, 5], "how many shared each"


def test_one_sender_alone_never_waits(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "GATHER", 1000.0)
    writer = Writer(database)
    assert [writer.offer([message(n)]).result(20) for n in range(3)] == [[True]] * 3
    writer.close()


def test_what_is_queued_is_bounded_in_bytes(database: Database) -> None:
    writer = Writer(database, bytes_=10_000)
    with database.begin() as holder:
        holder.exec_driver_sql("LOCK TABLE inbox")
        taken = [writer.offer([message(n, 2_000)]) for n in range(4)]
        with pytest.raises(Full, match="bytes wait") as full:
            writer.offer([message(9, 4_000)])
        assert full.value.retry_after > 0
    assert [future.result(20) for future in taken] == [[True]] * 4
    assert writer.put([message(9, 4_000)]) == [True]
    writer.close()
    assert stored(database) == 5


def test_a_message_larger_than_the_bound_is_taken_alone(database: Database) -> None:
    writer = Writer(database, bytes_=1_000)
    assert writer.put([message(1, 50_000)]) == [True]
    writer.close()


def test_what_is_queued_is_bounded_in_age(database: Database) -> None:
    writer = Writer(database, age=0.1)
    with database.begin() as holder:
        holder.exec_driver_sql("LOCK TABLE inbox")
        future = writer.offer([message(1)])
        time.sleep(0.15)
        with pytest.raises(Full, match="has waited"):
            writer.offer([message(2)])
    assert future.result(20) == [True]
    assert writer.put([message(2)]) == [True]
    writer.close()


def test_a_request_does_not_wait_for_ever(database: Database) -> None:
    writer = Writer(database, patience=0.1)
    with database.begin() as holder:
        holder.exec_driver_sql("LOCK TABLE inbox")
        with pytest.raises(Full, match="may or may not"):
            writer.put([message(1)])
    writer.close()


def test_a_full_disk_is_come_again(database: Database, writer: Writer) -> None:
    with (
        trigger(database, "RAISE EXCEPTION 'simulated: no space left on device' USING ERRCODE = 'disk_full'"),
        pytest.raises(Full, match="disk of the database is full"),
    ):
        writer.put([message(1)])
    assert stored(database) == 0
    assert writer.put([message(1)]) == [True], "nothing of it was kept, so it is no duplicate"


def test_a_lost_connection_is_come_again(database: Database, writer: Writer) -> None:
    writer.put([message(0)])
    with trigger(database, "PERFORM pg_sleep(30)"):
        future = writer.offer([message(1)])
        with database.begin() as conn:
            killed = 0
            while not killed:
                killed = conn.exec_driver_sql(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                ).scalar_one()
        with pytest.raises(Full, match="away or overloaded"):
            future.result(20)
    assert writer.put([message(1)]) == [True]


def test_an_unknown_commit_is_come_again_and_no_duplicate(database_url: str, postgres: Server) -> None:
    """The server commits, and the connection is cut before its answer arrives."""
    name = str(make_url(database_url).database)
    with Cut(postgres.url(name, tcp=True)) as cut:
        far = Database(cut.url)
        writer = Writer(far)
        assert writer.put([message(0)]) == [True]
        cut.swallow_answers = True
        with pytest.raises(Full, match="may or may not"):
            writer.put([message(1)])
        cut.swallow_answers = False
        assert writer.put([message(1), message(2)]) == [False, True]
        writer.close()
        far.close()
    near = Database(database_url)
    assert stored(near) == 3
    near.close()


class Cut:
    """A relay in front of PostgreSQL that can swallow an answer and cut the connection instead."""

    def __init__(self, url: str) -> None:
        target = make_url(url)
        self._target = (str(target.host), int(target.port or 0))
        self._listener = socket.create_server(("127.0.0.1", 0))
        there = target.set(host="127.0.0.1", port=self._listener.getsockname()[1], query={"sslmode": "disable"})
        self.url = there.render_as_string(hide_password=False)
        self.swallow_answers = False
        self._threads: list[threading.Thread] = []
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Cut:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in (self._listener, *self._ends):
            end.close()

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            there = socket.create_connection(self._target)
            self._ends += [here, there]
            self._start(self._relay, here, there, False)
            self._start(self._relay, there, here, True)

    def _relay(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        try:
            while data := source.recv(65536):
                if answers and self.swallow_answers:
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_a_poisoned_row_fails_alone(database: Database, writer: Writer) -> None:
    """By construction: with the whole batch in one statement everybody would hear of one row's fault."""
    poison = message(3)._replace(stream="nul\0")
    with database.begin() as holder:
        holder.exec_driver_sql("LOCK TABLE inbox")
        futures: list[Pending] = [writer.offer([message(0)])]
        time.sleep(0.05)
        futures += [writer.offer([poison] if n == 3 else [message(n)]) for n in range(1, 6)]
    with pytest.raises(Unstorable, match="cannot be stored"):
        futures[3].result(20)
    assert [future.result(20) for n, future in enumerate(futures) if n != 3] == [[True]] * 5
    assert stored(database) == 5


def test_a_row_that_the_server_refuses_fails_alone(database: Database, writer: Writer) -> None:
    with trigger(
        database, "IF new.external_id = 'r3' THEN RAISE EXCEPTION 'simulated' USING ERRCODE = '22P02'; END IF"
    ):
        with database.begin() as holder:
            holder.exec_driver_sql("LOCK TABLE inbox")
            futures = [writer.offer([message(n)]) for n in range(6)]
        with pytest.raises(Unstorable):
            futures[3].result(20)
        assert [future.result(20) for n, future in enumerate(futures) if n != 3] == [[True]] * 5


def test_it_begins_after_a_fork(database: Database) -> None:
    writer = Writer(database)
    writer.put([message(0)])
    child = os.fork()
    if child == 0:
        try:
            kept = writer.put([message(1)])
            writer.close()
        except BaseException:
            os._exit(1)
        os._exit(0 if kept == [True] else 2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert writer.put([message(2)]) == [True]
    writer.close()
    assert stored(database) == 3


def test_closing_writes_what_is_queued(database: Database) -> None:
    writer = Writer(database)
    futures = [writer.offer([message(n)]) for n in range(50)]
    writer.close()
    assert all(future.result(0) == [True] for future in futures)
    with pytest.raises(Full, match="stopping"):
        writer.put([message(99)])
    assert stored(database) == 50
