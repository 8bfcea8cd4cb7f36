"""Lanes as tests ask for them, take them and finish them."""

from __future__ import annotations

import time

from sqlalchemy import Connection

from hub.store import lanes
from hub.store.database import Database
from hub.store.lanes import Lane

SHORT = 0.05
"""Seconds of a lease that is to run out."""


def claim(database: Database, kind: str = "read", limit: int = 10, lease: float = 60.0) -> list[Lane]:
    return database.run(lambda conn: lanes.claim(conn, [kind], "w", limit, lease))


def one(database: Database, kind: str = "read", lease: float = 60.0) -> Lane:
    (lane,) = claim(database, kind, 10, lease)
    return lane


def stored(database: Database, lane: Lane | None = None) -> list[dict[str, object]]:
    with database.begin() as conn:
        found = conn.exec_driver_sql("SELECT *, due > clock_timestamp() AS waits FROM lanes ORDER BY id")
        return [dict(row._mapping) for row in found if lane is None or row.id == lane.id]


def want(database: Database, *keys: str, kind: str = "read", after: float = 0.0) -> None:
    database.run(lambda conn: lanes.want(conn, kind, [("web", key) for key in keys], after=after))


def finish(database: Database, *claimed: Lane) -> None:
    def work(conn: Connection) -> None:
        held = lanes.fence(conn, claimed)
        lanes.finish(conn, [(lane, lane.wanted) for lane in claimed if lane.id in held])

    database.run(work)


def lose(database: Database, *keys: str, kind: str = "") -> None:
    """Simulated: the worker of these lanes died a moment ago; with a kind they are made first."""
    with database.begin() as conn:
        lanes.want(conn, kind, [("web", key) for key in keys if kind])
        conn.exec_driver_sql(
            "UPDATE lanes SET token = 1, worker = 'dead', lease_until = clock_timestamp() WHERE key = ANY(%(k)s)",
            {"k": list(keys)},
        )


def wait_for_lock(database: Database) -> None:
    while True:
        with database.begin() as conn:
            if conn.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one():
                return
        time.sleep(0.005)
