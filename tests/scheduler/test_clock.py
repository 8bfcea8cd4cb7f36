"""The clock: each slot happens once, in whichever process is first."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from hub.settings import Settings
from hub.store import inbox, jobs, raw, ticks
from hub.store.arrival import Arrival
from hub.store.connection import Connection
from hub.store.database import Database
from scheduler import timetable as module
from scheduler.clock import Clock
from scheduler.timetable import HOUSE, ScheduledTask, poll, timetable
from tests.scheduler.steps import until
from tests.store.queueing import due


@contextmanager
def ticking(*clocks: Clock) -> Iterator[None]:
    for clock in clocks:
        clock.start()
    try:
        yield
    finally:
        for clock in clocks:
            clock.stop()


def slots(database: Database, task: str) -> list[int]:
    with database.begin() as conn:
        query = "SELECT slot FROM ticks WHERE task = %(j)s ORDER BY slot"
        return list(conn.exec_driver_sql(query, {"j": task}).scalars())


def test_two_processes_one_tick(database: Database) -> None:
    """Two clocks on one database; each tick writes a line, and there are as many lines as slots."""
    mark = ScheduledTask(
        "mark", 0.2, lambda conn: conn.exec_driver_sql("INSERT INTO journal (stage, text) VALUES ('tick', 'mark')")
    )
    clocks = [Clock(database, lambda: [mark], refresh=0.2) for _ in range(2)]
    with ticking(*clocks):
        until(lambda: len(slots(database, "mark")) >= 6)
    found = slots(database, "mark")
    with database.begin() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM journal").scalar_one() == len(found)


def test_naive_two_clocks_without_ticks_do_everything_twice(database: Database) -> None:
    """What each clock would do by itself: both fire in the same slot."""
    task = ScheduledTask("mark", 3600.0, lambda conn: None)
    clocks = [Clock(database, lambda: [task]) for _ in range(2)]
    fired = [clock.fire(task) for clock in clocks]
    assert len(fired) == 2
    assert fired.count(True) == 1, "both fired, one of them was let through"


def test_no_slot_is_left_out(database: Database) -> None:
    """Fires land in the middle of a slot, so being a little early or late never skips one."""
    task = ScheduledTask("steady", 0.25, lambda conn: None)
    with ticking(Clock(database, lambda: [task])):
        until(lambda: len(slots(database, "steady")) >= 7)
    found = slots(database, "steady")[1:]
    assert found == list(range(found[0], found[0] + len(found)))


def test_the_timetable_is_followed(database: Database) -> None:
    done: list[str] = []
    tasks = {"a": ScheduledTask("a", 0.1, lambda conn: done.append("a"))}
    with ticking(Clock(database, lambda: list(tasks.values()), refresh=0.1)):
        until(lambda: "a" in done)
        tasks["b"] = ScheduledTask("b", 0.1, lambda conn: done.append("b"))
        until(lambda: "b" in done)
        del tasks["a"]
        until(lambda: done[-4:] == ["b"] * 4)


def test_a_job_that_fails_is_tried_at_its_next_tick(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def work(conn: Connection) -> None:
        tries.append(1)
        if len(tries) < 4:
            raise RuntimeError("simulated")

    with ticking(Clock(database, lambda: [ScheduledTask("shaky", 0.1, work)])):
        until(lambda: len(tries) >= 5)
    assert [record.message for record in caplog.records if "shaky failed" in record.message] == [
        "shaky failed; it is tried again at its next tick"
    ]
    assert len(slots(database, "shaky")) <= len(tries) - 3, "a tick that failed is not counted as done"


def test_stopping_waits_for_the_job_under_way(database: Database) -> None:
    begun = threading.Event()
    done: list[int] = []

    def work(conn: Connection) -> None:
        begun.set()
        time.sleep(0.2)
        done.append(1)

    clock = Clock(database, lambda: [ScheduledTask("slow", 60.0, work)])
    clock.start()
    assert begun.wait(30)
    clock.stop()
    assert done == [1]


def hub(streams: dict[str, Any], every: float | None = None) -> Any:
    """Simulated: a hub with one account whose manifest has these streams; `every`: the account's own rhythm."""
    can = SimpleNamespace(polls=[name for name, stream in streams.items() if stream.feed == "cursor"])
    entry = SimpleNamespace(manifest=SimpleNamespace(streams=streams), capabilities=can)
    account = SimpleNamespace(name="web", entry=entry, poll=every, sweep=None)
    return SimpleNamespace(
        settings=Settings(),
        accounts=SimpleNamespace(all=lambda: {"web": account}),
        reconcile=SimpleNamespace(sweep=lambda conn, name: jobs.want(conn, "fetch", [(name, "return/open")])),
    )


def stream(name: str, feed: str = "cursor", every: float = 30.0, sweep_open: float = 0.0) -> Any:
    return SimpleNamespace(name=name, feed=feed, every=every, sweep_open=sweep_open, fetch=True)


def test_every_polled_stream_has_its_job(database: Database) -> None:
    tasks = {
        task.name: task
        for task in timetable(
            hub(
                {
                    "return": stream("return", sweep_open=300.0),
                    "order": stream("order"),
                    "payment": stream("payment", "none"),
                    "privacy": stream("privacy", "push"),
                }
            )
        )()
    }
    assert {name: task.every for name, task in tasks.items() if task not in HOUSE} == {
        "poll web/return": 30.0,
        "poll web/order": 30.0,
        "sweep web": 300.0,
        "alerts": 60.0,
        "purge": 10.0,
        "archive": 86400.0,
    }
    for name in ("poll web/order", "sweep web"):
        database.run(lambda conn, name=name: tasks[name].work(conn))  # type: ignore[misc]
    with database.begin() as conn:
        assert due(conn) == {"poll": 1, "fetch": 1}


def test_an_account_may_be_polled_in_a_rhythm_of_its_own() -> None:
    tasks = {task.name: task.every for task in timetable(hub({"order": stream("order")}, every=1.0))()}
    assert tasks["poll web/order"] == 1.0


def test_polls_pause_above_the_backlog_mark(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKLOG", 3)
    with database.begin() as conn:
        for n in range(3):
            poll(conn, "web", "return")
            inbox.accept(conn, [Arrival.of(account="web", stream="return", external_id=str(n), via="push", body=b"{}")])
        assert conn.exec_driver_sql("SELECT wanted FROM jobs").scalar_one() == 3
        poll(conn, "web", "return")
        assert conn.exec_driver_sql("SELECT wanted FROM jobs").scalar_one() == 3


def test_the_house_keeps_itself_tidy(database: Database) -> None:
    with database.begin() as conn:
        ticks.once(conn, "old", 1)
        conn.exec_driver_sql("UPDATE ticks SET at = at - interval '9 days'")
        conn.exec_driver_sql("INSERT INTO seen (account, digest, day) VALUES ('web', '\\x00', current_date - 99)")
        (this_month,) = conn.exec_driver_sql("SELECT 'raw_' || to_char(now(), 'YYYY_MM')").scalars()
        conn.exec_driver_sql(f"DROP TABLE IF EXISTS {this_month}")
        raw.ready(conn, [datetime(2020, 1, 1, tzinfo=UTC)])
    for task in timetable(hub({}))():
        if task.name != "alerts":
            database.run(task.work)
    with database.begin() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM ticks").scalar_one() == 0
        assert conn.exec_driver_sql("SELECT count(*) FROM seen").scalar_one() == 0
        made = conn.exec_driver_sql(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'raw'::regclass"
        ).scalars()
        assert this_month in made
        assert "raw_2020_01" not in made
