"""How much there is to do: what consoles, metrics and alerts ask of the lanes."""

from __future__ import annotations

from sqlalchemy import Connection

from hub.store.lanes import PARKED


def waiting(conn: Connection, kind: str, *, parked: bool = False, limit: int = 200) -> list[dict[str, object]]:
    """Lanes for the console, the longest due first; `parked`: those that wait for a person."""
    found = conn.exec_driver_sql(
        "SELECT id, kind, account, key, due, wanted, done, lease_until, worker, attempts, crashes, solo, why FROM lanes"
        " WHERE kind = %(k)s AND (due = %(p)s) = %(w)s ORDER BY due, id LIMIT %(n)s",
        {"k": kind, "p": PARKED, "w": parked, "n": limit},
    )
    return [dict(row._mapping) for row in found]


def due_counts(conn: Connection) -> dict[str, int]:
    """Per kind: how many lanes are due and in nobody's hands."""
    found = conn.exec_driver_sql(
        "SELECT kind, count(*) FROM lanes WHERE due <= statement_timestamp()"
        " AND (lease_until IS NULL OR lease_until <= statement_timestamp()) GROUP BY kind"
    )
    return {row[0]: row[1] for row in found}


def oldest_due(conn: Connection) -> dict[str, float]:
    """Per kind: the seconds that the longest due lane has waited."""
    found = conn.exec_driver_sql(
        "SELECT kind, extract(epoch FROM clock_timestamp() - min(due))::float8 FROM lanes"
        " WHERE due <= statement_timestamp() GROUP BY kind"
    )
    return {row[0]: row[1] for row in found}
