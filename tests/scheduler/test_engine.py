"""The threads engine: every job is done, failures are bisected, stopping is clean."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from hub.store import accounts, inbox, jobs
from hub.store.arrival import Arrival
from hub.store.claims import Quarantine
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.jobs import Job
from scheduler.threads import Engine
from scheduler.work import Found, JobTerms, Work
from tests.scheduler.steps import running, until
from tests.store.queueing import due


def want(database: Database, kind: str, *keys: str) -> None:
    database.run(lambda conn: jobs.want(conn, kind, [("web", key) for key in keys]))


def finish(database: Database, claimed: Sequence[Job]) -> None:
    def work(conn: Connection) -> None:
        held = jobs.fence(conn, claimed)
        jobs.finish(conn, [(job, job.wanted) for job in claimed if job.id in held])

    database.run(work)


def empty(database: Database) -> bool:
    with database.begin() as conn:
        return not conn.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one()


def row(database: Database, key: str | None = None) -> dict[str, Any]:
    """The only job, or the one of this key."""
    wanted = {"k": key}
    with database.begin() as conn:
        found = conn.exec_driver_sql("SELECT * FROM jobs WHERE key = coalesce(%(k)s::text, key)", wanted)
        return found.one()._asdict()


def test_everything_is_done_by_many_threads(database: Database) -> None:
    done: list[str] = []

    def tell(claimed: Sequence[Job]) -> None:
        done.extend(job.key for job in claimed)
        finish(database, claimed)

    want(database, "deliver", *(f"R{n}" for n in range(100)))
    with running(Engine(database, {"deliver": tell}, workers=6)):
        until(lambda: empty(database))
    assert sorted(done) == sorted(f"R{n}" for n in range(100))


def test_a_message_goes_from_the_inbox_through_all_kinds(database: Database) -> None:
    """One stage makes work for the next; no stage waits for the second that an idle engine sleeps."""
    looks: list[str] = []

    def fetch(claimed: Sequence[Job]) -> None:
        def work(conn: Connection) -> None:
            body = Arrival.of(account="web", stream="return", external_id="r1", via="fetch", body=b"{}", read_seq=1)
            inbox.accept(conn, [body])
            jobs.finish(conn, [(job, job.wanted) for job in claimed])

        looks.append("fetch")
        database.run(work)

    def read(claimed: Sequence[Job]) -> None:
        def work(conn: Connection) -> None:
            rows = inbox.rows(conn, claimed)
            inbox.consumed(conn, [row for mine in rows.values() for row in mine])
            jobs.want(conn, "deliver", [("erp", "R1001")])
            jobs.finish(conn, [(job, job.wanted) for job in claimed])

        looks.append("process")
        database.run(work)

    def tell(claimed: Sequence[Job]) -> None:
        looks.append("deliver")
        finish(database, claimed)

    engine = Engine(database, {"process": read, "fetch": fetch, "deliver": tell}, workers=3, idle=3600.0)
    with database.begin() as conn:
        inbox.accept(conn, [Arrival.changed("web", "return", "r1")])
    with running(engine):
        until(lambda: "deliver" in looks and empty(database))
    assert looks == ["fetch", "process", "deliver"]


def test_a_batch_with_one_that_the_database_refuses(database: Database) -> None:
    """Bisected down to it: 49 are done, the one gives its reason and is tried again later."""
    sizes: list[int] = []

    def read(claimed: Sequence[Job]) -> None:
        sizes.append(len(claimed))

        def work(conn: Connection) -> None:
            jobs.finish(conn, [(job, job.wanted) for job in claimed])
            for job in claimed:
                conn.exec_driver_sql("SELECT 1 / (%(n)s <> 'r17')::int", {"n": job.key})

        database.run(work)

    want(database, "process", *(f"r{n}" for n in range(50)))
    with running(Engine(database, {"process": read}, workers=2, terms={"process": JobTerms(batch=50)})):
        until(lambda: row_count(database) == 1 and row(database)["attempts"] == 1)
    left = row(database)
    assert (left["key"], left["lease_until"], left["crashes"]) == ("r17", None, 0)
    assert "division by zero" in left["why"]
    assert "parameters" not in left["why"]
    assert sizes[0] == 50
    assert len(sizes) <= 1 + 2 * 6


def row_count(database: Database) -> int:
    with database.begin() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one())


def test_a_job_that_never_works_waits_for_a_person_in_the_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "WAITS", (0.0, 0.0, 0.0))
    tries: list[int] = []

    def tell(claimed: Sequence[Job]) -> None:
        tries.append(1)
        raise KeyError("simulated: a bug in a connector")

    want(database, "deliver", "R1001")
    with running(Engine(database, {"deliver": tell}, workers=2, idle=0.01)):
        until(lambda: row(database)["due"] == jobs.DEAD)
    assert len(tries) == 4
    assert "4 attempts failed, the last: KeyError" in row(database)["why"]


def test_remote_jobs_are_claimed_together_and_done_side_by_side(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, look, looks = threading.Barrier(5), Work.look, list[int]()

    def tell(claimed: Sequence[Job]) -> None:
        assert len(claimed) == 1
        beside.wait(60)
        finish(database, claimed)

    def counted(self: Work, kind: str, quarantine: Quarantine, most: int) -> Found:
        found = look(self, kind, quarantine, most)
        looks.append(found.number)
        return found

    monkeypatch.setattr(Work, "look", counted)
    want(database, "deliver", *(f"R{n}" for n in range(5)))
    with running(Engine(database, {"deliver": tell}, workers=6, terms={"deliver": JobTerms(batch=16)})):
        until(lambda: empty(database))
    assert [number for number in looks if number] == [5]


@pytest.mark.parametrize("batch", [1, 16])
def test_remote_calls_that_hang_leave_a_thread_for_the_rest(database: Database, batch: int) -> None:
    release, read_done = threading.Event(), threading.Event()

    def tell(claimed: Sequence[Job]) -> None:
        release.wait(60)
        finish(database, claimed)

    def read(claimed: Sequence[Job]) -> None:
        finish(database, claimed)
        read_done.set()

    want(database, "deliver", *(f"R{n}" for n in range(5)))
    terms = {"deliver": JobTerms(batch=batch)}
    with running(Engine(database, {"deliver": tell, "process": read}, workers=3, idle=0.05, terms=terms)) as engine:
        until(lambda: engine._remote == 2)
        want(database, "process", "return/r1")
        assert read_done.wait(30)
        with database.begin() as conn:
            assert due(conn) == {"deliver": 3}
        release.set()
        until(lambda: empty(database))


def test_a_job_is_taken_only_where_a_thread_is_free(database: Database) -> None:
    """Else its lease runs while nobody works on it, and another process takes it for one that killed its worker."""
    release, reading, failed = threading.Event(), list[str](), list[str]()

    def read(claimed: Sequence[Job]) -> None:
        reading.append(claimed[0].key)
        release.wait(60)
        finish(database, claimed)

    def tell(claimed: Sequence[Job]) -> None:
        failed.append(claimed[0].key)
        release.wait(60)
        finish(database, claimed)

    want(database, "process", "return/r1", "return/r2")
    terms = {"deliver": JobTerms(batch=16)}
    with running(Engine(database, {"deliver": tell, "process": read}, workers=3, idle=0.05, terms=terms)):
        until(lambda: len(reading) == 2)
        want(database, "deliver", "R1", "R2", "R3")
        until(lambda: failed)
        with database.begin() as conn:
            assert due(conn) == {"deliver": 2}
        assert len(failed) == 1
        release.set()
        until(lambda: empty(database))


def test_stopping_finishes_what_is_in_hand_and_takes_no_more(database: Database) -> None:
    begun, release = threading.Event(), threading.Event()

    def tell(claimed: Sequence[Job]) -> None:
        begun.set()
        release.wait(60)
        finish(database, claimed)

    want(database, "deliver", "R1", "R2")
    engine = Engine(database, {"deliver": tell}, workers=1)
    engine.start()
    assert begun.wait(30)
    stopper = threading.Thread(target=engine.stop)
    stopper.start()
    until(lambda: engine._stopping)
    release.set()
    stopper.join()
    left = row(database)
    assert (left["key"], left["lease_until"], left["token"]) == ("R2", None, 0)


def test_an_account_that_stands_still_is_left_alone(database: Database) -> None:
    asked: list[str] = []

    def poll(claimed: Sequence[Job]) -> None:
        asked.extend(job.account for job in claimed)
        finish(database, claimed)

    with database.begin() as conn:
        for name in ("web", "erp"):
            accounts.put(conn, name, connector="c", mapping="c", settings={}, secrets=None, terms={})
        accounts.pause(conn, "web", "simulated")
        jobs.want(conn, "poll", [("web", "s"), ("erp", "s")])
    with running(Engine(database, {"poll": poll}, workers=2, idle=0.02)):
        until(lambda: row_count(database) == 1)
        database.run(lambda conn: accounts.resume(conn, "web"))
        until(lambda: empty(database))
    assert asked == ["erp", "web"]


def test_the_engine_outlives_a_database_that_goes_away(database: Database) -> None:
    """Its connections are ended under it, in the middle of a handler, too."""
    tries: list[int] = []

    def read(claimed: Sequence[Job]) -> None:
        tries.append(1)

        def work(conn: Connection) -> None:
            if len(tries) == 1:
                conn.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
            finish_in(conn, claimed)

        database.run(work)

    want(database, "process", "return/r1")
    with running(Engine(database, {"process": read}, workers=2, idle=0.05, terms={"process": JobTerms(lease=0.3)})):
        until(lambda: empty(database))
    assert len(tries) == 2


def finish_in(conn: Connection, claimed: Sequence[Job]) -> None:
    held = jobs.fence(conn, claimed)
    jobs.finish(conn, [(job, job.wanted) for job in claimed if job.id in held])
