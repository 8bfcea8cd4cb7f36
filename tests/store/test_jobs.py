"""Jobs: wanted and done, waits, and accounts that stand still."""

from __future__ import annotations

import threading

import pytest

from hub.store import accounts, claims, dead_jobs, expedite, jobs
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.jobs import Job
from tests.statements import statements
from tests.store.queueing import claim, dead, finish, one, stored, wait_for_lock, want


def account(conn: Connection, name: str = "web") -> None:
    accounts.put(conn, name, connector="medusa", mapping="medusa", settings={}, secrets=None, terms={})


def test_three_hints_are_one_job_wanted_three_times(database: Database) -> None:
    for _ in range(3):
        want(database, "return/r1")
    job = one(database)
    assert (job.key, job.wanted, job.done, job.token) == ("return/r1", 3, 0, 1)
    finish(database, job)
    assert stored(database) == []


def test_what_is_wanted_while_we_work_is_done_once_more(database: Database) -> None:
    want(database, "return/r1")
    job = one(database)
    want(database, "return/r1")
    want(database, "return/r1")
    assert claim(database) == []
    finish(database, job)
    again = one(database)
    assert (again.id, again.wanted, again.done) == (job.id, 3, 1)
    assert again.token > job.token
    finish(database, again)
    assert stored(database) == []


def test_a_job_wanted_while_it_is_being_finished_is_not_lost(database: Database) -> None:
    """`want` waits for the transaction that deletes the job, and then makes it anew."""
    want(database, "return/r1")
    job = one(database)
    asked = threading.Thread(target=want, args=(database, "return/r1"))
    with database.begin() as conn:
        assert jobs.fence(conn, [job]) == {job.id}
        asked.start()
        wait_for_lock(database)
        jobs.finish(conn, [(job, job.wanted)])
    asked.join()
    assert one(database).id != job.id


def test_jobs_come_in_the_order_of_their_due_time(database: Database) -> None:
    want(database, "b")
    want(database, "a")
    want(database, "c", after=60.0)
    assert [job.key for job in claim(database, limit=1)] == ["b"]
    assert [job.key for job in claim(database)] == ["a"]
    assert claim(database) == []


def test_sooner_wins(database: Database) -> None:
    want(database, "r1", after=60.0)
    assert claim(database) == []
    want(database, "r1")
    want(database, "r1", after=60.0)
    assert one(database).wanted == 3


def test_the_first_kind_with_work_is_claimed(database: Database) -> None:
    want(database, "s", kind="poll")
    want(database, "o", kind="fetch")
    assert one(database, "fetch").kind == "fetch"
    found = database.run(lambda conn: claims.claim(conn, ["fetch", "poll"], "w", 5))
    assert [job.kind for job in found] == ["poll"]


def test_later_is_a_later_due(database: Database) -> None:
    want(database, "r1")
    job = one(database)
    database.run(lambda conn: jobs.reschedule(conn, job, 30.0, "Retry-After", attempt=False))
    (row,) = stored(database)
    assert (row["attempts"], row["why"], row["waits"], row["lease_until"]) == (0, "Retry-After", True, None)


def test_hints_do_not_cut_a_back_off_short(database: Database) -> None:
    want(database, "r1")
    job = one(database)
    database.run(lambda conn: jobs.reschedule(conn, job, 30.0, "500"))
    want(database, "r1")
    (row,) = stored(database)
    assert (row["wanted"], row["waits"]) == (2, True)
    assert database.run(lambda conn: expedite.waiting(conn, "web", ["process"])) == 1
    assert one(database).attempts == 0


def asked(database: Database) -> list[str]:
    with database.begin() as conn:
        return list(conn.exec_driver_sql("SELECT state FROM reviews WHERE kind = 'stuck' ORDER BY id").scalars())


def test_a_parked_job_waits_for_a_person_who_is_asked(database: Database) -> None:
    want(database, "r1")
    job = one(database)
    database.run(lambda conn: jobs.dead_letter(conn, job, "look at it"))
    assert asked(database) == ["open"]
    assert claim(database) == []
    assert database.run(lambda conn: expedite.waiting(conn, "web", ["process"])) == 0
    (row,) = dead(database)
    assert (row["wanted"], row["due"], row["why"]) == (1, jobs.DEAD, "look at it")
    assert database.run(lambda conn: expedite.waiting(conn, "web", ["process"], ["r1"])) == 1
    assert asked(database) == ["settled"]
    assert one(database).wanted == 1


def test_a_job_that_somebody_else_has_is_not_parked_and_nobody_is_asked(database: Database) -> None:
    want(database, "r1")
    late = one(database, lease=0.0)
    one(database)
    database.run(lambda conn: jobs.dead_letter(conn, late, "too late"))
    assert asked(database) == []


@pytest.mark.parametrize(("kind", "tried"), [("process", True), ("fetch", True), ("deliver", True), ("poll", False)])
def test_something_new_has_a_parked_job_tried_once(database: Database, kind: str, tried: bool) -> None:
    """A poll is wanted whenever its time has come, which mends nothing."""
    want(database, "r1", kind=kind)
    job = one(database, kind)
    database.run(lambda conn: jobs.dead_letter(conn, job, "look at it"))
    want(database, "r1", kind=kind)
    assert bool(again := claim(database, kind)) is tried
    for job in again:
        database.run(lambda conn, job=job: jobs.dead_letter(conn, job, "look again"))  # type: ignore[misc]
    assert claim(database, kind) == []
    assert asked(database) == ["open"]


def test_what_goes_through_ends_the_question(database: Database) -> None:
    want(database, "r1")
    database.run(lambda conn: jobs.dead_letter(conn, one(database), "look at it"))
    ((job_id,),) = database.run(lambda conn: conn.exec_driver_sql("SELECT id FROM jobs").all())
    assert database.run(lambda conn: dead_jobs.try_again(conn, job_id))
    assert asked(database) == ["settled"]
    assert jobs.wait(one(database).attempts) is None, "it is tried once"
    want(database, "r2")
    database.run(lambda conn: jobs.dead_letter(conn, one(database), "look at it"))
    want(database, "r2")
    finish(database, one(database))
    assert asked(database) == ["settled", "settled"]
    assert not database.run(lambda conn: dead_jobs.try_again(conn, 424242))


def test_claiming_touches_no_index(database: Database) -> None:
    """A claim is a HOT update: the index of what is due does not grow with every lease."""
    want(database, *(f"r{n}" for n in range(20)))
    claim(database, limit=20)
    with database.begin() as conn:
        conn.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    with database.begin() as conn:
        updates, hot = conn.exec_driver_sql(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'jobs'"
        ).one()
    assert updates == hot == 20


@pytest.mark.parametrize("stop", ["paused", "needs_reauth", "rate_limited"])
def test_jobs_of_an_account_that_stands_still_wait(database: Database, stop: str) -> None:
    with database.begin() as conn:
        account(conn)
        account(conn, "erp")
        accounts.move(conn, "web", stop, "for a reason", blocked=None if stop != "rate_limited" else 60.0)
        jobs.want(conn, "fetch", [("web", f"return/{n}") for n in range(25)])
        jobs.want(conn, "fetch", [("erp", "sale/1")])
        jobs.want(conn, "process", [("web", "return/1")])
    assert [job.account for job in claim(database, "fetch", 10)] == ["erp"]
    assert len(claim(database, "process")) == 1, "what was said already is read"
    assert all(row["waits"] for row in stored(database) if row["account"] == "web" and row["kind"] == "fetch")
    with database.begin() as conn:
        accounts.resume(conn, "web")
    assert len(claim(database, "fetch", 100)) == 25


def test_a_resume_is_not_passed_by_a_claim_that_postpones(database: Database) -> None:
    """The claim that found the account paused waits for the resume under way, and then leaves its jobs due."""
    with database.begin() as conn:
        account(conn)
        accounts.pause(conn, "web", "maintenance")
        jobs.want(conn, "fetch", [("web", "return/1")])
    found: list[Job] = []
    claimer = threading.Thread(target=lambda: found.extend(claim(database, "fetch")))
    with database.begin() as conn:
        accounts.resume(conn, "web")
        claimer.start()
        wait_for_lock(database)
    claimer.join()
    assert [job.key for job in found or claim(database, "fetch")] == ["return/1"]


def test_waits_grow_and_end() -> None:
    waits = [jobs.wait(n) for n in range(len(jobs.WAITS))]
    assert all(w is not None for w in waits)
    assert waits == sorted(waits, key=lambda w: w or 0)
    assert jobs.wait(len(jobs.WAITS)) is None


def test_keys_of_objects() -> None:
    assert jobs.split_key(jobs.object_key("return", "a/b")) == ("return", "a/b")


def test_of_no_jobs_nothing_is_asked(database: Database) -> None:
    with database.begin() as conn, statements() as asked:
        assert jobs.fence(conn, []) == set()
        assert jobs.renew(conn, [], 60.0) == set()
        jobs.extend(conn, [], 60.0)
        jobs.finish(conn, [])
    assert asked == []
