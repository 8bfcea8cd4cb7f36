"""Jobs as tests ask for them, take them and finish them."""

from __future__ import annotations

import time

from hub.store import claims, jobs
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.jobs import Job

SHORT = 0.05
"""Seconds of a lease that is to run out."""


def claim(database: Database, kind: str = "process", limit: int = 10, lease: float = 60.0) -> list[Job]:
    return database.run(lambda conn: claims.claim(conn, [kind], "w", limit, lease))


def one(database: Database, kind: str = "process", lease: float = 60.0) -> Job:
    (job,) = claim(database, kind, 10, lease)
    return job


def stored(database: Database, job: Job | None = None) -> list[dict[str, object]]:
    with database.begin() as conn:
        found = conn.exec_driver_sql("SELECT *, due > clock_timestamp() AS waits FROM jobs ORDER BY id")
        return [row._asdict() for row in found if job is None or row.id == job.id]


def dead(database: Database) -> list[dict[str, object]]:
    """Jobs that wait for a person."""
    return [row for row in stored(database) if row["due"] == jobs.DEAD]


def due(conn: Connection) -> dict[str, int]:
    """Per kind: how many jobs are due and in nobody's hands."""
    found = conn.exec_driver_sql(
        "SELECT kind, count(*) FROM jobs WHERE due <= statement_timestamp()"
        " AND (lease_until IS NULL OR lease_until <= statement_timestamp()) GROUP BY kind"
    )
    return {row[0]: row[1] for row in found}


def want(database: Database, *keys: str, kind: str = "process", after: float = 0.0) -> None:
    database.run(lambda conn: jobs.want(conn, kind, [("web", key) for key in keys], after=after))


def finish(database: Database, *claimed: Job) -> None:
    def work(conn: Connection) -> None:
        held = jobs.fence(conn, claimed)
        jobs.finish(conn, [(job, job.wanted) for job in claimed if job.id in held])

    database.run(work)


def lose(database: Database, *keys: str, kind: str = "") -> None:
    """Simulated: the worker of these jobs died a moment ago; with a kind they are made first."""
    with database.begin() as conn:
        jobs.want(conn, kind, [("web", key) for key in keys if kind])
        conn.exec_driver_sql(
            "UPDATE jobs SET token = 1, worker = 'dead', lease_until = clock_timestamp() WHERE key = ANY(%(k)s)",
            {"k": list(keys)},
        )


def wait_for_lock(database: Database) -> None:
    while True:
        with database.begin() as conn:
            if conn.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one():
                return
        time.sleep(0.005)
