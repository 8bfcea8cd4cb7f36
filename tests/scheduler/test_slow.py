"""Work that takes longer than a transaction may stand still is given back with its reason; nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from hub.store import database as database_module
from hub.store import jobs
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.jobs import Job
from scheduler.threads import Engine
from scheduler.work import JobTerms, Work
from tests.scheduler.steps import running, until
from tests.scheduler.test_engine import row, want


@pytest.fixture
def hasty(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database whose transactions may stand still for a fifth of a second."""
    monkeypatch.setattr(database_module, "IDLE_TIMEOUT", 0.2)
    opened = Database(database_url)
    yield opened
    opened.close()


def test_it_counts_as_a_failed_attempt_and_in_the_end_a_person_has_to_look(hasty: Database) -> None:
    def read(claimed: Sequence[Job]) -> None:
        def work(conn: Connection) -> None:
            held = jobs.fence(conn, claimed)
            if any(job.key == "huge" for job in claimed):
                time.sleep(0.6)
            jobs.finish(conn, [(job, job.wanted) for job in claimed if job.id in held])

        hasty.run(work)

    want(hasty, "process", "huge", *(f"small{n}" for n in range(7)))
    work = Work(hasty, {"process": read}, "test", {"process": JobTerms(batch=50)})
    work.run("process", work.look("process", "leave", 50).claim.jobs)
    left = row(hasty)
    assert (left["key"], left["attempts"], left["lease_until"], left["quarantined"]) == ("huge", 1, None, False)
    assert left["why"].startswith("TooSlow: more work than fits into the")
    for _ in jobs.WAITS:
        with hasty.begin() as conn:
            conn.exec_driver_sql("UPDATE jobs SET due = clock_timestamp()")
        work.run("process", work.look("process", "leave", 50).claim.jobs)
    assert row(hasty)["due"] == jobs.DEAD
    assert "9 attempts failed, the last: TooSlow" in row(hasty)["why"]


def test_others_pass_beside_it(hasty: Database) -> None:
    """It is no suspect, not even at its second attempt: nobody's process is emptied for it."""
    done: list[str] = []
    passed = [threading.Event(), threading.Event()]
    waited_for: list[bool] = []

    def read(claimed: Sequence[Job]) -> None:
        def work(conn: Connection) -> None:
            held = jobs.fence(conn, claimed)
            if any(job.key == "huge" for job in claimed):
                time.sleep(0.6)
                waited_for.append(passed[len(waited_for)].wait(60))
            jobs.finish(conn, [(job, job.wanted) for job in claimed if job.id in held])

        hasty.run(work)
        done.extend(job.key for job in claimed)

    want(hasty, "process", "huge")
    terms = {"process": JobTerms(batch=1, lease=600)}
    with running(Engine(hasty, {"process": read}, workers=3, terms=terms, patience=600)):
        for attempt, others in enumerate(passed):
            until(lambda attempt=attempt: row(hasty, "huge")["lease_until"] and len(waited_for) == attempt)
            for n in range(10):
                want(hasty, "process", f"small{attempt}-{n}")
                until(lambda name=f"small{attempt}-{n}": name in done)
            others.set()
            until(lambda attempt=attempt: row(hasty, "huge")["attempts"] > attempt)
    assert waited_for == [True, True]
    assert "huge" not in done
