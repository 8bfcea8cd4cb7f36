"""A database that is away is said once, and once more when it is back; what is wrong with a row is none of it."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from hub.store import outage
from hub.store.database import Database
from hub.store.outage import Outage, away
from scheduler.clock import Clock
from scheduler.threads import Engine
from scheduler.timetable import ScheduledTask

NOBODY = "postgresql://hub:x@127.0.0.1:9/hub"
"""Nobody listens there."""


class Said(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("state", "is_away"),
    [("57P01", True), ("57P03", True), ("08006", True), ("53100", True), ("53300", True), ("58030", True)]
    + [("57014", False), ("53200", False), ("23505", False), ("40P01", False), ("22021", False), ("42P01", False)],
)
def test_which_errors_mean_the_server(state: str, is_away: bool) -> None:
    assert away(DBAPIError("SELECT", {}, Said(state))) is is_away
    assert not away(ValueError(state))


def test_said_once_and_once_when_it_is_well(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """On a full disk every other transaction works: that is not "back" each time."""
    now = [100.0]
    monkeypatch.setattr(outage.time, "monotonic", lambda: now[0])
    known = Outage()
    for _ in range(50):
        known.note(OperationalError("INSERT", {}, Said("53100")))
        known.well()
        now[0] += 1
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    now[0] += outage.CALM
    known.well()
    known.well()
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert "back" in caplog.text


def test_workers_and_clock_say_it_once_for_all(caplog: pytest.LogCaptureFixture) -> None:
    database = Database(NOBODY)
    tried: list[Any] = []

    def handler(batch: Any) -> None:
        tried.append(batch)

    clock = Clock(database, lambda: [ScheduledTask("often", 0.1, tried.append)], refresh=0.1)
    engine = Engine(database, {"process": handler, "deliver": handler}, workers=4, idle=0.02)
    clock.start()
    engine.start()
    time.sleep(1.5)
    engine.stop()
    clock.stop()
    database.close()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the database is away" in caplog.text
    assert "Traceback" not in caplog.text
    assert not tried
