"""Where claiming begins to read, and that nothing is hidden by it."""

from __future__ import annotations

import time
from datetime import timedelta

from hub.store import lanes
from hub.store.database import Database, now
from hub.store.horizon import BEGIN, Horizon
from tests.store.queueing import SHORT, finish, want


def settle(database: Database, horizon: Horizon, kind: str = "read") -> None:
    for _ in range(3):
        database.run(lambda conn: horizon.advance(conn, kind))


def moves(database: Database, horizon: Horizon) -> None:
    """Until it has moved: what is under way in another database of this server is waited for, too."""
    before = horizon.floor("read")
    while horizon.floor("read") == before:
        settle(database, horizon)


def test_the_horizon_moves_up_to_the_first_lane(database: Database) -> None:
    horizon = Horizon()
    assert horizon.floor("read") == BEGIN
    want(database, "a")
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE lanes SET due = due - interval '1 hour'")
        first = now(conn)
    moves(database, horizon)
    due, lane = horizon.floor("read")
    assert first - timedelta(hours=2) < due < first - timedelta(minutes=59)
    (found,) = database.run(lambda conn: lanes.claim(conn, ["read"], "w", 5, horizon=horizon))
    assert found.id == lane
    finish(database, found)
    moves(database, horizon)
    assert first - timedelta(minutes=1) < horizon.floor("read")[0] < first


def test_the_horizon_waits_for_transactions_under_way(database: Database) -> None:
    """By construction: a lane older than everything is written before we look, and committed after."""
    horizon = Horizon()
    with database.begin() as writer:
        lanes.want(writer, "read", [("web", "slow")])
        writer.exec_driver_sql("UPDATE lanes SET due = due - interval '1 hour'")
        settle(database, horizon)
        assert horizon.floor("read") == BEGIN
    (found,) = database.run(lambda conn: lanes.claim(conn, ["read"], "w", 5, horizon=horizon))
    assert found.key == "slow"


def test_a_horizon_never_hides_a_lost_lease(database: Database) -> None:
    horizon = Horizon()
    want(database, "a", "b")
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE lanes SET due = due - interval '1 hour'")
    database.run(lambda conn: lanes.claim(conn, ["read"], "dead", 5, SHORT, horizon=horizon))
    settle(database, horizon)
    time.sleep(2 * SHORT)
    settle(database, horizon)
    found = database.run(lambda conn: lanes.claim(conn, ["read"], "w", 5, horizon=horizon))
    assert [lane.key for lane in found] == ["a"]
