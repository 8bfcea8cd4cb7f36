"""Every conversation with another system and how it ended; written in the transaction that changes the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hub.store import documents
from hub.store.connection import Connection


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


class New(NamedTuple):
    """A conversation that has just ended. `wire` is redacted before it comes here (the kit's HTTP session does)."""

    account: str
    what: str
    outcome: str
    error: str | None = None
    wire: Sequence[Mapping[str, Any]] = ()
    took_ms: int | None = None
    return_id: int | None = None
    intent: int | None = None


def write(conn: Connection, ended: Sequence[New]) -> list[int]:
    """Note these; their numbers."""
    if not ended:
        return []
    found = conn.exec_driver_sql(
        "INSERT INTO attempts (account, return_id, intent, what, outcome, error, wire, took_ms)"
        " SELECT a, r, i, w, o, e, x::jsonb, t FROM unnest(%(a)b::text[], %(r)b::bigint[], %(i)b::bigint[],"
        " %(w)b::text[], %(o)b::text[], %(e)b::text[], %(x)b::text[], %(t)b::int[])"
        " WITH ORDINALITY AS n(a, r, i, w, o, e, x, t, place) ORDER BY place RETURNING id",
        {
            "a": [one.account for one in ended],
            "r": [one.return_id for one in ended],
            "i": [one.intent for one in ended],
            "w": [documents.plain(one.what) for one in ended],
            "o": [one.outcome for one in ended],
            "e": [None if one.error is None else documents.plain(one.error) for one in ended],
            "x": [documents.text(list(one.wire)) for one in ended],
            "t": [one.took_ms for one in ended],
        },
    )
    return sorted(found.scalars())


def of_return(conn: Connection, return_id: int) -> list[AttemptRow]:
    """Every conversation about one return, in order."""
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM attempts WHERE return_id = %(r)s ORDER BY id",
        {"r": return_id},
    )
    return [AttemptRow(*row) for row in found]
