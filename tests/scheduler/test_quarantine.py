"""A job recovered from a lost lease may have killed its worker: it is taken and worked off with nothing else in hand."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from hub.store.database import Database
from hub.store.jobs import Job
from scheduler.threads import Engine
from scheduler.work import JobTerms
from tests.scheduler.steps import running, until
from tests.store.queueing import finish, lose, stored, want


def test_suspects_run_with_nothing_else_in_their_process(database: Database) -> None:
    now_running: set[str] = set()
    together: list[set[str]] = []
    meeting = threading.Barrier(2)

    def tell(claimed: Sequence[Job]) -> None:
        now_running.add(claimed[0].key)
        together.append(set(now_running))
        if claimed[0].key in ("R10", "R11"):
            meeting.wait(60)  # innocent ones go on side by side
        now_running.discard(claimed[0].key)
        finish(database, *claimed)

    want(database, *(f"R{n}" for n in range(12)), kind="deliver")
    lose(database, "R3", "R4")
    with running(Engine(database, {"deliver": tell}, workers=5)):
        until(lambda: not stored(database))
    assert {"R3"} in together
    assert {"R4"} in together
    assert not [names for names in together if len(names) > 1 and names & {"R3", "R4"}]
    assert {"R10", "R11"} in [names & {"R10", "R11"} for names in together]


def test_a_suspect_is_not_even_claimed_while_something_else_is_in_hand(database: Database) -> None:
    """By construction: were its worker to die now, the death would not be the suspect's."""
    begun, release = threading.Event(), threading.Event()
    order: list[str] = []

    def work(claimed: Sequence[Job]) -> None:
        order.append(claimed[0].key)
        if claimed[0].key == "slow":
            begun.set()
            release.wait(60)
        finish(database, *claimed)

    want(database, "slow", kind="fetch")
    with running(Engine(database, {"fetch": work, "deliver": work}, workers=4, idle=0.01)) as engine:
        assert begun.wait(30)
        lose(database, "suspect", kind="deliver")
        until(lambda: engine._quarantine_waits == {"deliver"})
        want(database, "innocent", kind="fetch")
        rows = {row["key"]: (row["token"], row["worker"]) for row in stored(database)}
        assert rows["suspect"] == (1, "dead")
        assert rows["innocent"] == (0, None), "nothing more begins"
        release.set()
        until(lambda: not stored(database))
    assert order == ["slow", "suspect", "innocent"]


def test_a_suspect_whose_row_is_locked_elsewhere_holds_nobody_up(database: Database) -> None:
    done: list[str] = []

    def work(claimed: Sequence[Job]) -> None:
        done.extend(job.key for job in claimed)
        finish(database, *claimed)

    want(database, "suspect", kind="deliver")
    lose(database, "suspect")
    with database.begin() as other:
        other.exec_driver_sql("SELECT 1 FROM jobs FOR UPDATE")
        with running(Engine(database, {"deliver": work}, workers=3, idle=0.01)):
            want(database, "innocent", kind="deliver")
            until(lambda: done)
    assert done == ["innocent"]


def test_in_batches_too_the_suspects_come_one_by_one(database: Database) -> None:
    sizes: list[tuple[int, bool]] = []

    def read(claimed: Sequence[Job]) -> None:
        sizes.append((len(claimed), claimed[0].quarantined))
        finish(database, *claimed)

    want(database, *(f"r{n}" for n in range(9)))
    lose(database, "r0", "r1", "r2")
    with running(Engine(database, {"process": read}, workers=4, terms={"process": JobTerms(batch=100)})):
        until(lambda: not stored(database))
    assert sizes == [(1, True)] * 3 + [(6, False)]


def test_what_never_ends_does_not_hold_a_suspect_up_for_ever(database: Database) -> None:
    """Out of patience it goes on beside the rest, and its death would not be counted as its own."""
    begun, release = threading.Event(), threading.Event()
    alone: dict[str, bool] = {}

    def work(claimed: Sequence[Job]) -> None:
        alone[claimed[0].key] = claimed[0].quarantined
        if claimed[0].key == "endless":
            begun.set()
            release.wait(60)
        finish(database, *claimed)

    want(database, "endless", kind="poll")
    with running(Engine(database, {"poll": work, "deliver": work}, workers=3, idle=0.01, patience=0.2)) as engine:
        assert begun.wait(30)
        lose(database, "suspect", "another", kind="deliver")
        until(lambda: {"suspect", "another"} <= alone.keys())
        release.set()
        until(lambda: not stored(database) and not engine._company)
        lose(database, "later", kind="deliver")
        until(lambda: "later" in alone)
    assert alone == {"endless": False, "suspect": False, "another": False, "later": True}


def test_a_suspect_that_never_ends_does_not_hold_the_rest_up_for_ever(database: Database) -> None:
    """Before anything begins beside it, its death is no longer its own."""
    begun, release = threading.Event(), threading.Event()
    quarantined: list[bool] = []

    def work(claimed: Sequence[Job]) -> None:
        if claimed[0].key == "suspect":
            quarantined.append(claimed[0].quarantined)
            begun.set()
            release.wait(60)
        else:
            quarantined.extend(bool(row["quarantined"]) for row in stored(database) if row["key"] == "suspect")
            release.set()
        finish(database, *claimed)

    lose(database, "suspect", kind="poll")
    with running(Engine(database, {"poll": work, "deliver": work}, workers=3, idle=0.01, patience=0.2)) as engine:
        assert begun.wait(30)
        want(database, "innocent", kind="deliver")
        until(lambda: not stored(database))
        assert not engine._alone
    assert quarantined == [True, False]
