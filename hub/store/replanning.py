"""What was left to say at an account is planned again, some rows in one transaction: its configuration changed, so it
may be asked for more than before, or for less; or it is back.

How far it came is the key of its `recompute` job, of which each slice makes the next one: nothing else is to be kept,
and with the account it goes.
"""

from __future__ import annotations

from hub.store import jobs, stuck, sync
from hub.store.connection import Connection
from hub.store.jobs import Job

ROWS = 200
"""Rows in one transaction."""
AHEAD = 1_000
"""Outbound jobs of the account that are due, above which the next rows wait: news would wait behind all of them."""
WAIT, REST = 1.0, 60.0
"""Seconds until it looks again: while so many are due, and at most while the account rests."""
STATES = ("awaiting", "blocked", "pending", "untold")
"""As people see them, all but in sync."""

_KIND = "recompute"
_AFTER = "after/R"


def ask(conn: Connection, account: str) -> None:
    """Have it done for every row, from the first one on, if there is one. Whoever has come further begins anew."""
    if not _next(conn, account, 0, rows=1):
        return
    first = f"{_AFTER}0"
    gone = conn.exec_driver_sql(
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE kind = %(k)s AND account = %(a)s AND key <> %(f)s"
        ' ORDER BY key COLLATE "C" FOR UPDATE SKIP LOCKED) RETURNING id',  # one that is held goes on beside it
        {"k": _KIND, "a": account, "f": first},
    )
    stuck.over(conn, gone.scalars())
    jobs.want(conn, _KIND, [(account, first)])


def go_on(conn: Connection, job: Job) -> None:
    """The next rows of this job, which is held, and a job for those behind them."""
    waits = _waits(conn, job.account)
    if waits:
        jobs.reschedule(conn, job, waits, "what is due there is told first", attempt=False)
        return
    found = [] if waits is None else _next(conn, job.account, int(job.key.removeprefix(_AFTER)), ROWS)
    jobs.want(conn, "deliver", sync.planned_again(conn, job.account, found))
    if len(found) == ROWS:
        jobs.want(conn, _KIND, [(job.account, f"{_AFTER}{found[-1]}")])
    jobs.finish(conn, [(job, job.wanted)])


def _waits(conn: Connection, account: str) -> float | None:
    """Seconds until the account can take more. None: it is gone, or stands still, and who resumes it asks anew."""
    found = conn.exec_driver_sql(
        "SELECT CASE WHEN blocked_until > clock_timestamp()"
        " THEN least(%(r)s, extract(epoch FROM blocked_until - clock_timestamp()))::float8"
        " WHEN (SELECT count(*) FROM (SELECT FROM jobs WHERE account = a.name AND kind = 'deliver'"
        " AND due <= statement_timestamp() LIMIT %(n)s) AS d) = %(n)s THEN %(w)s ELSE 0 END::float8"
        " FROM accounts a WHERE name = %(a)s AND state NOT IN ('paused', 'needs_reauth')",
        {"a": account, "r": REST, "n": AHEAD, "w": WAIT},
    ).first()
    return None if found is None else float(found[0])


def _next(conn: Connection, account: str, after: int, rows: int) -> list[int]:
    """The next returns of which this account was not told everything, by their numbers."""
    found = conn.exec_driver_sql(
        "SELECT return_id FROM unnest(%(s)b::text[]) AS n(shown) CROSS JOIN LATERAL (SELECT return_id FROM sync s"
        " WHERE s.account = %(a)s AND s.shown = n.shown AND s.return_id > %(r)s ORDER BY return_id LIMIT %(n)s) AS s"
        " ORDER BY return_id LIMIT %(n)s",
        {"s": list(STATES), "a": account, "r": after, "n": rows},
    )
    return list(found.scalars())
