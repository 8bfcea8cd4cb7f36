"""Every conversation with another system and how it ended; written in the transaction that changes the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hub.store import documents
from hub.store.connection import Connection

DAYS = 90
"""How long conversations are kept."""


class AttemptRow(NamedTuple):
    id: int
    account: str
    return_id: int | None
    intent: int | None
    what: str
    outcome: str
    error: str | None
    wire: Sequence[Mapping[str, Any]]
    took_ms: int | None
    at: datetime


_COLUMNS = ", ".join(AttemptRow._fields)


def write(
    conn: Connection,
    *,
    account: str,
    what: str,
    outcome: str,
    error: str | None = None,
    wire: Sequence[Mapping[str, Any]] = (),
    took_ms: int | None = None,
    return_id: int | None = None,
    intent: int | None = None,
) -> int:
    """Note one attempt; its number. `wire` is redacted before it comes here (the kit's HTTP session does)."""
    found = conn.exec_driver_sql(
        "INSERT INTO attempts (account, return_id, intent, what, outcome, error, wire, took_ms)"
        " VALUES (%(a)s, %(r)s, %(i)s, %(w)s, %(o)s, %(e)s, %(x)s::jsonb, %(t)s) RETURNING id",
        {
            "a": account,
            "r": return_id,
            "i": intent,
            "w": documents.plain(what),
            "o": outcome,
            "e": None if error is None else documents.plain(error),
            "x": documents.text(list(wire)),
            "t": took_ms,
        },
    )
    return int(found.scalar_one())


def of_return(conn: Connection, return_id: int) -> list[AttemptRow]:
    """Every conversation about one return, in order."""
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM attempts WHERE return_id = %(r)s ORDER BY id",
        {"r": return_id},
    )
    return [AttemptRow(*row) for row in found]


def expire(conn: Connection, days: int = DAYS, *, limit: int = 10_000) -> int:
    """Forget conversations older than this, at most `limit` at a time; how many."""
    found = conn.exec_driver_sql(
        "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts"
        " WHERE at < clock_timestamp() - %(d)s * interval '1 day' ORDER BY at LIMIT %(n)s)",
        {"d": days, "n": limit},
    )
    return found.rowcount
