"""What is made due wakes the engine; a wake-up that is lost costs a look."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest

from hub.store import inbox, jobs
from hub.store.arrival import Arrival
from hub.store.claims import Quarantine
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.jobs import Job
from scheduler.threads import Engine
from scheduler.work import Found, Work
from tests.scheduler.steps import running, until
from tests.scheduler.test_engine import finish, want


def want_elsewhere(database: Database, kind: str, *keys: str) -> None:
    """Another process asks for it, and nobody says so."""
    other = Database(database.url)
    want(other, kind, *keys)
    other.close()


def test_a_lost_wake_up_costs_a_second(database: Database) -> None:
    done = threading.Event()

    def read(claimed: Sequence[Job]) -> None:
        finish(database, claimed)
        done.set()

    with running(Engine(database, {"process": read}, workers=2, idle=0.1)) as engine:
        until(lambda: engine._dry.keys() >= {"process"})
        want_elsewhere(database, "process", "return/r1")
        assert done.wait(30)


def test_naive_an_engine_that_only_listens_loses_it(database: Database) -> None:
    """The same with an engine that (practically) never looks by itself: the work lies there until somebody says so."""
    done = threading.Event()

    def read(claimed: Sequence[Job]) -> None:
        finish(database, claimed)
        done.set()

    with running(Engine(database, {"process": read}, workers=2, idle=3600.0)) as engine:
        until(lambda: engine._dry.keys() >= {"process", "inbox"})
        want_elsewhere(database, "process", "return/r1")
        assert not done.wait(0.3)
        engine.wake(["process"])
        assert done.wait(30)


def test_what_is_made_due_here_is_done_at_once(database: Database) -> None:
    """By an engine that (practically) never looks by itself: a commit wakes it, what is rolled back does not."""
    done: list[str] = []

    def read(claimed: Sequence[Job]) -> None:
        done.extend(job.key for job in claimed)
        finish(database, claimed)

    woken: list[set[str]] = []
    database.listeners.append(lambda kinds: woken.append(set(kinds)))
    with running(Engine(database, {"process": read}, workers=2, idle=3600.0)) as engine:
        until(lambda: engine._dry.keys() >= {"process", "inbox"})
        with suppress(RuntimeError), database.begin() as conn:
            jobs.want(conn, "process", [("web", "return/never")])
            raise RuntimeError
        database.run(lambda conn: jobs.want(conn, "process", [("web", "return/later")], after=600.0))
        assert not woken
        want(database, "process", "return/r1")
        until(lambda: done == ["return/r1"])
    assert woken[0] == {"process"}
    assert len(database.listeners) == 1, "an engine that has ended is told nothing"


def test_a_wake_up_during_a_look_is_not_lost(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """By construction: the look finds nothing, then work comes and is announced, then the look is over."""
    done = threading.Event()

    def read(claimed: Sequence[Job]) -> None:
        finish(database, claimed)
        done.set()

    engine = Engine(database, {"process": read}, workers=1, idle=3600.0)
    look = Work.look
    looks: list[int] = []

    def late(self: Work, kind: str, quarantine: Quarantine, most: int) -> Found:
        found = look(self, kind, quarantine, most)
        if kind == "process":
            looks.append(found.number)
            if len(looks) == 1:
                want(database, "process", "return/r1")
        return found

    monkeypatch.setattr(Work, "look", late)
    with running(engine):
        assert done.wait(30)
    assert looks[0] == 0


def test_news_that_met_a_job_held_by_another_transaction_is_looked_for_again(database: Database) -> None:
    """By construction: the message comes while its job's row is held, by who wants it later; then that commits."""
    done: list[str] = []

    def fetch(claimed: Sequence[Job]) -> None:
        done.extend(job.key for job in claimed)
        finish(database, claimed)

    def later(conn: Connection) -> None:
        jobs.want(conn, "fetch", [("web", "return/r1")], after=600.0)

    database.run(later)
    with running(Engine(database, {"fetch": fetch}, workers=2, idle=3600.0)) as engine:
        until(lambda: engine._dry.keys() >= {"fetch", "inbox"})
        with database.begin() as conn:
            later(conn)
            dry = engine._dry["inbox"]
            with database.begin() as other:
                inbox.accept(other, [Arrival.changed("web", "return", "r1")])
            until(lambda: engine._dry.get("inbox", dry) > dry)
        until(lambda: done == ["return/r1"])
