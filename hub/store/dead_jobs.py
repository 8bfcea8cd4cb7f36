"""Jobs that are parked and may be tried again, since a person says so or what they are about has changed."""

from __future__ import annotations

from collections.abc import Iterable

from hub.store import jobs, stuck
from hub.store.connection import Connection


def try_again(conn: Connection, job_id: int) -> bool:
    """A person has a parked job tried: once, then it is parked again. False where it is not parked any more."""
    found = conn.exec_driver_sql(
        "UPDATE jobs SET due = clock_timestamp(), attempts = greatest(attempts, %(n)s), quarantined = false,"
        " crashes = least(crashes, %(c)s - 1) WHERE id = %(i)s AND due = %(p)s RETURNING kind",
        {"i": job_id, "p": jobs.DEAD, "n": len(jobs.WAITS), "c": jobs.CRASHES},
    )
    conn.due.update(found.scalars())
    stuck.over(conn, [job_id])
    return found.rowcount > 0


def try_about(conn: Connection, return_ids: Iterable[int]) -> None:
    """These returns have changed: what was of no use on them may be now."""
    found = conn.exec_driver_sql(
        "UPDATE jobs SET due = clock_timestamp() WHERE id IN (SELECT l.id FROM unnest(%(r)b::bigint[]) AS n(return_id)"
        " JOIN reviews q ON q.state = 'open' AND q.kind = %(k)s AND q.returns @> to_jsonb(n.return_id)"
        " JOIN jobs l ON l.id = (q.detail->>'job')::bigint AND l.due = %(p)s AND l.crashes < %(c)s"
        " FOR UPDATE OF l SKIP LOCKED) RETURNING kind",
        {"k": stuck.KIND, "p": jobs.DEAD, "c": jobs.CRASHES, "r": sorted(set(return_ids))},
    )
    conn.due.update(found.scalars())
