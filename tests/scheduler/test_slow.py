"""Work that takes longer than a transaction may stand still is given back with its reason; nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Connection

from hub.store import database as database_module
from hub.store import lanes
from hub.store.database import Database
from hub.store.lanes import Lane
from scheduler.lanes import Terms, Work
from scheduler.threads import Engine
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
    def read(claimed: Sequence[Lane]) -> None:
        def work(conn: Connection) -> None:
            held = lanes.fence(conn, claimed)
            if any(lane.key == "huge" for lane in claimed):
                time.sleep(0.6)
            lanes.finish(conn, [(lane, lane.wanted) for lane in claimed if lane.id in held])

        hasty.run(work)

    want(hasty, "read", "huge", *(f"small{n}" for n in range(7)))
    work = Work(hasty, {"read": read}, "test", {"read": Terms(batch=50)})
    work.run("read", work.claim("read", "leave") or [])
    left = row(hasty)
    assert (left["key"], left["attempts"], left["lease_until"], left["solo"]) == ("huge", 1, None, False)
    assert left["why"].startswith("TooSlow: more work than fits into the")
    for _ in lanes.WAITS:
        with hasty.begin() as conn:
            conn.exec_driver_sql("UPDATE lanes SET due = clock_timestamp()")
        work.run("read", work.claim("read", "leave") or [])
    assert row(hasty)["due"] == lanes.PARKED
    assert "9 attempts failed, the last: TooSlow" in row(hasty)["why"]


def test_others_pass_beside_it(hasty: Database) -> None:
    """It is no suspect, not even at its second attempt: nobody's process is emptied for it."""
    done: list[str] = []
    passed = [threading.Event(), threading.Event()]
    waited_for: list[bool] = []

    def read(claimed: Sequence[Lane]) -> None:
        def work(conn: Connection) -> None:
            held = lanes.fence(conn, claimed)
            if any(lane.key == "huge" for lane in claimed):
                time.sleep(0.6)
                waited_for.append(passed[len(waited_for)].wait(60))
            lanes.finish(conn, [(lane, lane.wanted) for lane in claimed if lane.id in held])

        hasty.run(work)
        done.extend(lane.key for lane in claimed)

    want(hasty, "read", "huge")
    terms = {"read": Terms(batch=1, lease=600)}
    with running(Engine(hasty, {"read": read}, workers=3, terms=terms, patience=600)) as engine:
        for attempt, others in enumerate(passed):
            until(lambda attempt=attempt: row(hasty, "huge")["lease_until"] and len(waited_for) == attempt)
            for n in range(10):
                want(hasty, "read", f"small{attempt}-{n}")
                engine.wake("read")
                until(lambda name=f"small{attempt}-{n}": name in done)
            others.set()
            until(lambda attempt=attempt: row(hasty, "huge")["attempts"] > attempt)
    assert waited_for == [True, True]
    assert "huge" not in done
