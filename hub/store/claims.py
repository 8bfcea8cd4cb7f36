"""Taking due jobs: by lease, the first due first, and one that may have killed its worker by itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal, NamedTuple

from hub.store import jobs
from hub.store.connection import Connection
from hub.store.jobs import Job
from hub.store.low_water import BEGIN, LowWater

log = logging.getLogger(__name__)

Quarantine = Literal["alone", "beside", "leave"]
"""How a job that may kill its worker is claimed: with nothing else in hand, beside something else, or not at all."""

PAUSE = 300.0
"""Seconds after which jobs of an account that stands still are looked at again; resuming it brings them back."""

_STANDS_STILL = "(a.state IN ('paused', 'needs_reauth') OR a.blocked_until > statement_timestamp())"

_DUE = """
    SELECT id, account, due, lease_until IS NOT NULL AS lost, quarantined OR lease_until IS NOT NULL AS alone FROM jobs
    WHERE kind = %(k)s AND (due, id) >= (%(d)s, %(i)s) AND due <= statement_timestamp()
    AND (lease_until IS NULL OR lease_until <= statement_timestamp())
    ORDER BY due, id"""

_CLAIM = f"""
WITH found AS MATERIALIZED ({_DUE} LIMIT %(n)s FOR UPDATE SKIP LOCKED
), judged AS (
    SELECT found.*, a.name IS NOT NULL AS held FROM found
    LEFT JOIN accounts a ON %(r)s AND a.name = found.account AND {_STANDS_STILL}
), first AS (
    SELECT id, alone FROM judged WHERE NOT held ORDER BY due, id LIMIT 1
), taken AS (
    UPDATE jobs l SET lease_until = statement_timestamp() + %(s)s::float8 * interval '1 second', token = token + 1,
    worker = %(w)s, quarantined = %(o)s AND (quarantined OR j.lost), crashes = crashes + (quarantined AND j.lost)::int
    FROM judged j, first f
    WHERE l.id = j.id AND NOT j.held AND CASE WHEN f.alone THEN %(t)s AND j.id = f.id ELSE NOT j.alone END
    RETURNING l.id, l.kind, l.account, l.key, l.wanted, l.done, l.token, l.attempts, l.crashes, l.quarantined, l.due
)
SELECT 'taken', * FROM taken
UNION ALL SELECT 'held', id, '', '', '', 0, 0, 0, 0, 0, false, due FROM judged WHERE held
UNION ALL SELECT 'left', id, '', '', '', 0, 0, 0, 0, 0, false, NULL FROM first WHERE alone AND NOT %(t)s
ORDER BY due, id
"""


class Claim(NamedTuple):
    """What a look for work found. `left`: one that may kill its worker is due first, and was left."""

    jobs: Sequence[Job] = ()
    left: bool = False


def claim(
    conn: Connection,
    kinds: Sequence[str],
    worker: str,
    limit: int,
    lease: float = 60.0,
    *,
    low_water: LowWater | None = None,
    quarantine: Quarantine = "alone",
) -> list[Job]:
    """Lease up to `limit` due jobs of the first of these kinds that has any; commit before the work begins.

    A job whose worker was lost is a suspect and comes by itself. If its worker dies after it was claimed "alone", that
    counts; after jobs.CRASHES such deaths it is parked. Where suspects are left, nothing due after one is taken either.
    """
    for kind in kinds:
        if found := claim_kind(conn, kind, worker, limit, lease, low_water=low_water, quarantine=quarantine).jobs:
            return list(found)
    return []


def claim_kind(
    conn: Connection,
    kind: str,
    worker: str,
    limit: int,
    lease: float,
    *,
    low_water: LowWater | None = None,
    quarantine: Quarantine = "alone",
) -> Claim:
    """The same for one kind."""
    due, first = low_water.floor(kind) if low_water else BEGIN
    named = {"k": kind, "d": due, "i": first, "n": limit, "r": kind in jobs.REMOTE, "s": lease, "w": worker}
    named |= {"t": quarantine != "leave", "o": quarantine == "alone"}
    while found := conn.exec_driver_sql(_CLAIM, named).all():
        taken = [Job(*row[1:-1]) for row in found if row[0] == "taken"]
        if held := [row[1] for row in found if row[0] == "held"]:
            _postpone(conn, held)
        for job in (job for job in taken if job.crashes >= jobs.CRASHES):
            log.error("job %s %s/%s parked: it killed its worker", job.kind, job.account, job.key)
            why = f"{job.crashes} workers died while they had only this in hand; see the log, then retry it"
            jobs.dead_letter(conn, job, why)
        ours = [job for job in taken if job.crashes < jobs.CRASHES]
        left = any(row[0] == "left" for row in found)
        if ours or left:
            return Claim(ours, left)
    return Claim()


def end_quarantine(conn: Connection, job: Job) -> None:
    """Something else begins beside this job, so its death would not be its own any more."""
    conn.exec_driver_sql(
        "UPDATE jobs SET quarantined = false WHERE id = %(i)s AND token = %(t)s", {"i": job.id, "t": job.token}
    )


def _postpone(conn: Connection, job_ids: Sequence[int]) -> None:
    """Jobs of accounts that stand still come back when they may go on. The lock keeps a resume from passing us by."""
    conn.exec_driver_sql(
        "SELECT 1 FROM accounts WHERE name IN (SELECT account FROM jobs WHERE id = ANY(%(l)b::bigint[]))"
        " ORDER BY name FOR SHARE",
        {"l": list(job_ids)},
    )
    conn.exec_driver_sql(
        "UPDATE jobs l SET why = 'account ' || a.state || coalesce(': ' || a.state_why, ''), due = CASE"
        " WHEN a.state IN ('paused', 'needs_reauth') THEN clock_timestamp() + %(p)s * interval '1 second'"
        " ELSE a.blocked_until END FROM accounts a WHERE l.id = ANY(%(l)b::bigint[]) AND a.name = l.account"
        f" AND {_STANDS_STILL}",
        {"l": list(job_ids), "p": PAUSE},
    )
