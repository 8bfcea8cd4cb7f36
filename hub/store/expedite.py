"""Work that waits (a back-off, a rest, a person) is due now: a system is back, or a person says so."""

from __future__ import annotations

from collections.abc import Iterable

from hub.store import jobs, stuck
from hub.store.connection import Connection


def waiting(
    conn: Connection, account: str, kinds: Iterable[str] = jobs.REMOTE, keys: Iterable[str] | None = None
) -> int:
    """What waits here is due now, whatever it waited for; named by `keys` also what is parked. How many there were."""
    named = None if keys is None else sorted(keys)
    # Without keys a job that somebody holds is left out: a claim that is about to postpone it waits for our account.
    found = conn.exec_driver_sql(
        "SELECT id FROM jobs WHERE account = %(a)s AND kind = ANY(%(k)b::text[]) AND due > statement_timestamp()"
        + (" AND due < %(p)s" if named is None else " AND key = ANY(%(e)b::text[])")
        + ' ORDER BY kind COLLATE "C", account COLLATE "C", key COLLATE "C" FOR UPDATE'
        + (" SKIP LOCKED" if named is None else ""),
        {"a": account, "k": sorted(kinds), "e": named, "p": jobs.DEAD},
    )
    ids = list(found.scalars())
    if not ids:
        return 0
    conn.due.update(kinds)
    conn.exec_driver_sql(
        "UPDATE jobs SET due = clock_timestamp(), attempts = 0, crashes = 0, quarantined = false, why = NULL"
        " WHERE id = ANY(%(i)b::bigint[])",
        {"i": ids},
    )
    if named is not None:
        stuck.over(conn, ids)
    return len(ids)


def first_reads(conn: Connection, account: str) -> None:
    """Of each kind of read, the job here that comes next is due now; how often it failed is kept."""
    for kind in ("fetch", "poll"):
        conn.due.add(kind)
        conn.exec_driver_sql(
            "UPDATE jobs SET due = clock_timestamp() WHERE id = (SELECT id FROM jobs WHERE account = %(a)s"
            " AND kind = %(k)s AND due > statement_timestamp() AND due < %(p)s ORDER BY due, id LIMIT 1"
            " FOR UPDATE SKIP LOCKED)",
            {"a": account, "k": kind, "p": jobs.DEAD},
        )
