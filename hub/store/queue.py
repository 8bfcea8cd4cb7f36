"""How much there is to do: what consoles, metrics and alerts ask of the jobs."""

from __future__ import annotations

from sqlalchemy import Connection

from hub.store.jobs import DEAD


def waiting(conn: Connection, kind: str, *, parked: bool = False, limit: int = 200) -> list[dict[str, object]]:
    """Jobs for the console, the longest due first; `parked`: those that wait for a person."""
    found = conn.exec_driver_sql(
        "SELECT id, kind, account, key, due, wanted, done, lease_until, worker, attempts, crashes, quarantined, why"
        " FROM jobs"
        " WHERE kind = %(k)s AND (due = %(p)s) = %(w)s ORDER BY due, id LIMIT %(n)s",
        {"k": kind, "p": DEAD, "w": parked, "n": limit},
    )
    return [dict(row._mapping) for row in found]


def due_counts(conn: Connection) -> dict[str, int]:
    """Per kind: how many jobs are due and in nobody's hands."""
    found = conn.exec_driver_sql(
        "SELECT kind, count(*) FROM jobs WHERE due <= statement_timestamp()"
        " AND (lease_until IS NULL OR lease_until <= statement_timestamp()) GROUP BY kind"
    )
    return {row[0]: row[1] for row in found}


def oldest_due(conn: Connection) -> dict[str, float]:
    """Per kind: the seconds that the longest due job has waited."""
    found = conn.exec_driver_sql(
        "SELECT kind, extract(epoch FROM clock_timestamp() - min(due))::float8 FROM jobs"
        " WHERE due <= statement_timestamp() GROUP BY kind"
    )
    return {row[0]: row[1] for row in found}
