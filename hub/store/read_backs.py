"""Writes that wait: for a record to be read that shows their effect, or past their deadline for somebody to look."""

from __future__ import annotations

from collections.abc import Iterable

from hub.store.connection import Connection
from hub.store.intents import COLUMNS, Intent


def awaiting(conn: Connection, return_ids: Iterable[int]) -> set[int]:
    """Of these returns, those with a write whose read-back is awaited, or was and came too late."""
    found = conn.exec_driver_sql(
        "SELECT DISTINCT return_id FROM intents WHERE return_id = ANY(%(r)b::bigint[])"
        " AND state IN ('sent', 'dead') AND reply ? 'read_seq'",
        {"r": sorted(set(return_ids))},
    )
    return {row[0] for row in found}


def awaiting_records(conn: Connection, names: Iterable[tuple[str, str, str]]) -> list[Intent]:
    """Answered writes that wait for one of these records (account, stream, id) to be read."""
    wanted = sorted(set(names))
    if not wanted:
        return []
    found = conn.exec_driver_sql(
        f"SELECT {COLUMNS} FROM intents WHERE id IN (SELECT i.id"
        " FROM unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, id)"
        " JOIN intents i ON i.account = n.account AND i.state = 'sent'"
        " AND i.reply->'read_back' @> jsonb_build_array(jsonb_build_array(n.stream, n.id))) ORDER BY id",
        {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted]},
    )
    return [Intent(*row) for row in found]


def overdue(conn: Connection, limit: int = 1000) -> list[tuple[str, str]]:
    """(account, outbound job) of writes whose deadline has passed and that nobody has looked after since."""
    found = conn.exec_driver_sql(
        "SELECT DISTINCT s.account, s.job FROM (SELECT return_id, account FROM intents"
        " WHERE (state IN ('open', 'sent', 'unknown') OR (state = 'given_up' AND progress <> '{}'))"
        " AND deadline < statement_timestamp() ORDER BY deadline LIMIT %(n)s) i JOIN sync s USING (return_id, account)",
        {"n": limit},
    )
    return [(row[0], row[1]) for row in found]
