"""Lanes that are parked and may be tried again, since a person says so or what they are about has changed."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from hub.store import lanes, stuck


def try_again(conn: Connection, lane_id: int) -> bool:
    """A person has a parked lane tried: once, then it is parked again. False where it is not parked any more."""
    found = conn.exec_driver_sql(
        "UPDATE lanes SET due = clock_timestamp(), attempts = greatest(attempts, %(n)s), solo = false,"
        " crashes = least(crashes, %(c)s - 1) WHERE id = %(i)s AND due = %(p)s",
        {"i": lane_id, "p": lanes.PARKED, "n": len(lanes.WAITS), "c": lanes.CRASHES},
    )
    stuck.over(conn, [lane_id])
    return found.rowcount > 0


def try_about(conn: Connection, return_ids: Iterable[int]) -> None:
    """These returns have changed: what was of no use on them may be now."""
    conn.exec_driver_sql(
        "UPDATE lanes SET due = clock_timestamp() WHERE id IN (SELECT l.id FROM reviews q"
        " JOIN lanes l ON l.id = (q.detail->>'lane')::bigint WHERE q.state = 'open' AND q.kind = %(k)s"
        " AND l.due = %(p)s AND l.crashes < %(c)s AND EXISTS (SELECT FROM jsonb_array_elements_text(q.returns) AS r"
        " WHERE r::bigint = ANY(%(r)b::bigint[])) FOR UPDATE OF l SKIP LOCKED)",
        {"k": stuck.KIND, "p": lanes.PARKED, "c": lanes.CRASHES, "r": sorted(set(return_ids))},
    )
