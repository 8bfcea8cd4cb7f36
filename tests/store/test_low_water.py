"""Where claiming begins to read, and that nothing is hidden by it."""

from __future__ import annotations

import time
from datetime import timedelta

from hub.store import claims, jobs
from hub.store.database import Database, now
from hub.store.low_water import BEGIN, LowWater
from tests.store.queueing import SHORT, finish, want


def settle(database: Database, low_water: LowWater, kind: str = "process") -> None:
    for _ in range(3):
        database.run(lambda conn: low_water.advance(conn, kind))


def moves(database: Database, low_water: LowWater) -> None:
    """Until it has moved: what is under way in another database of this server is waited for, too."""
    before = low_water.floor("process")
    while low_water.floor("process") == before:
        settle(database, low_water)


def test_the_horizon_moves_up_to_the_first_job(database: Database) -> None:
    low_water = LowWater()
    assert low_water.floor("process") == BEGIN
    want(database, "a")
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE jobs SET due = due - interval '1 hour'")
        first = now(conn)
    moves(database, low_water)
    due, job = low_water.floor("process")
    assert first - timedelta(hours=2) < due < first - timedelta(minutes=59)
    (found,) = database.run(lambda conn: claims.claim(conn, ["process"], "w", 5, low_water=low_water))
    assert found.id == job
    finish(database, found)
    moves(database, low_water)
    assert first - timedelta(minutes=1) < low_water.floor("process")[0] < first


def test_the_horizon_waits_for_transactions_under_way(database: Database) -> None:
    """By construction: a job older than everything is written before we look, and committed after."""
    low_water = LowWater()
    with database.begin() as writer:
        jobs.want(writer, "process", [("web", "slow")])
        writer.exec_driver_sql("UPDATE jobs SET due = due - interval '1 hour'")
        settle(database, low_water)
        assert low_water.floor("process") == BEGIN
    (found,) = database.run(lambda conn: claims.claim(conn, ["process"], "w", 5, low_water=low_water))
    assert found.key == "slow"


def test_a_horizon_never_hides_a_lost_lease(database: Database) -> None:
    low_water = LowWater()
    want(database, "a", "b")
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE jobs SET due = due - interval '1 hour'")
    database.run(lambda conn: claims.claim(conn, ["process"], "dead", 5, SHORT, low_water=low_water))
    settle(database, low_water)
    time.sleep(2 * SHORT)
    settle(database, low_water)
    found = database.run(lambda conn: claims.claim(conn, ["process"], "w", 5, low_water=low_water))
    assert [job.key for job in found] == ["a"]
