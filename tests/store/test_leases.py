"""Leases and tokens: who lost one changes nothing, and a job that may have killed its worker comes alone."""

from __future__ import annotations

import time

from hub.store import claims, jobs
from hub.store.database import Database
from tests.store.queueing import SHORT, claim, dead, finish, lose, one, stored, want


def test_two_workers_never_hold_one_job(database: Database) -> None:
    want(database, *(f"r{n}" for n in range(40)))
    with database.begin() as first, database.begin() as second:
        mine = claims.claim(first, ["process"], "one", 25)
        theirs = claims.claim(second, ["process"], "two", 25)
    assert len(mine) == 25
    assert len(theirs) == 15
    assert not {job.id for job in mine} & {job.id for job in theirs}


def test_a_lost_lease_changes_nothing(database: Database) -> None:
    want(database, "r1")
    late = one(database, lease=SHORT)
    time.sleep(2 * SHORT)
    new = one(database)
    with database.begin() as conn:
        assert jobs.fence(conn, [late]) == set()
        jobs.finish(conn, [(late, late.wanted)])
        jobs.reschedule(conn, late, 60.0, "too late")
        jobs.dead_letter(conn, late, "too late")
        assert jobs.renew(conn, [late], 60.0) == set()
        assert jobs.fence(conn, [new]) == {new.id}
    (row,) = stored(database)
    assert (row["token"], row["attempts"], row["why"], row["waits"]) == (new.token, 0, None, False)
    finish(database, new)
    assert stored(database) == []


def test_jobs_of_a_lost_worker_come_alone(database: Database) -> None:
    want(database, "a", "b", "c")
    assert len(claim(database, lease=SHORT)) == 3
    time.sleep(2 * SHORT)
    want(database, "d")
    first = one(database)
    assert first.quarantined
    assert first.crashes == 0, "it was lost together with others: nobody knows which of them it was"
    assert [(job.key, job.quarantined) for job in claim(database)] == [("b", True)]
    assert [(job.key, job.quarantined) for job in claim(database)] == [("c", True)]
    assert [(job.key, job.quarantined) for job in claim(database)] == [("d", False)]


def test_a_batch_leaves_those_that_come_alone(database: Database) -> None:
    want(database, "b", after=0.2)
    want(database, "c")
    claim(database, lease=SHORT)
    time.sleep(0.25)
    want(database, "d")
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE jobs SET due = now() - interval '1 minute' WHERE key = 'b'")
    assert [job.key for job in claim(database)] == ["b", "d"]
    assert [job.key for job in claim(database)] == ["c"]


def test_only_deaths_alone_park_a_job(database: Database) -> None:
    want(database, "killer", "other")
    claim(database, lease=SHORT)
    for crashes in range(jobs.CRASHES):
        time.sleep(2 * SHORT)
        job = one(database, lease=SHORT)
        assert (job.key, job.quarantined, job.crashes) == ("killer", True, crashes)
    time.sleep(2 * SHORT)
    assert one(database).key == "other"
    parked = dead(database)
    assert [(row["key"], row["crashes"]) for row in parked] == [("killer", jobs.CRASHES)]
    assert "workers died" in str(parked[0]["why"])


def test_a_clean_failure_is_no_crash(database: Database) -> None:
    want(database, "r1")
    one(database, lease=SHORT)
    time.sleep(2 * SHORT)
    job = one(database, lease=SHORT)
    time.sleep(2 * SHORT)
    job = one(database)
    assert job.crashes == 1
    database.run(lambda conn: jobs.reschedule(conn, job, 0.0, "their server said 500"))
    job = one(database)
    assert (job.quarantined, job.crashes, job.attempts) == (False, 0, 1)


def test_renew_holds_it_longer(database: Database) -> None:
    want(database, "r1")
    job = one(database, lease=SHORT)
    assert database.run(lambda conn: jobs.renew(conn, [job], 60.0)) == {job.id}
    time.sleep(2 * SHORT)
    assert claim(database) == []


def test_jobs_are_never_parked_for_deaths_of_others(database: Database) -> None:
    """Whoever is claimed alone, time and again, and dies, is the killer: the innocent one beside it has no crash."""
    want(database, "killer", "neighbour", kind="deliver")
    lose(database, "killer", "neighbour")
    for _ in range(jobs.CRASHES):
        assert database.run(lambda conn: claims.claim_kind(conn, "deliver", "w", 9, 60, quarantine="leave").left)
        assert database.run(lambda conn: claims.claim(conn, ["deliver"], "busy", 1, quarantine="leave")) == []
        (job,) = database.run(lambda conn: claims.claim(conn, ["deliver"], "w", 1))
        assert job.key == "killer"
        lose(database, "killer")
    (job,) = database.run(lambda conn: claims.claim(conn, ["deliver"], "w", 1))
    assert (job.key, job.crashes) == ("neighbour", 0)
    assert {row["key"]: row["crashes"] for row in stored(database)} == {"killer": jobs.CRASHES, "neighbour": 0}


def test_a_death_in_company_counts_for_nobody(database: Database) -> None:
    lose(database, "suspect", kind="deliver")
    for _ in range(jobs.CRASHES + 1):
        (job,) = database.run(lambda conn: claims.claim(conn, ["deliver"], "w", 1, quarantine="beside"))
        assert (job.quarantined, job.crashes) == (False, 0)
        lose(database, "suspect")
    (job,) = database.run(lambda conn: claims.claim(conn, ["deliver"], "w", 1))
    database.run(lambda conn: claims.end_quarantine(conn, job))
    lose(database, "suspect")
    (job,) = database.run(lambda conn: claims.claim(conn, ["deliver"], "w", 1))
    assert (job.quarantined, job.crashes) == (True, 0), "still a suspect, and none of the deaths was its own"
