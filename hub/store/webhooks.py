"""How an account's webhooks were answered: one row for each status, written together every few seconds at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from hub.model.concerns import RECENT, RefusedWebhooks
from hub.store import documents
from hub.store.connection import Connection


@dataclass(frozen=True)
class Answered:
    """So many webhooks of an account were answered with this status since the last look; the last of them, why.

    `strange`: of these so many that anybody may have sent; their reason counts where there is no other.
    """

    account: str
    status: int
    count: int
    why: str
    strange: int = 0


class Heard(NamedTuple):
    """Of one account: what was refused, and when one was taken last."""

    refused: Sequence[RefusedWebhooks] = ()
    accepted_at: datetime | None = None


def add(conn: Connection, answered: Iterable[Answered]) -> None:
    """Count these, of accounts that exist. After a day without any a status is counted anew.

    Which of them came first is not known: where one was taken, no refused one of these is in a row. Nor is what anybody
    may have sent, and its reason does not hide that of one who counts.
    """
    rows = sorted(answered, key=lambda one: (one.account, one.status))
    if not rows:
        return
    stale = "webhooks.last_at < clock_timestamp() - %(r)s * interval '1 second'"
    conn.exec_driver_sql(
        "INSERT INTO webhooks (account, status, count, in_row, why)"
        " SELECT n.account, n.status, n.count, n.known, n.why FROM unnest(%(a)b::text[], %(s)b::int[], %(n)b::bigint[],"
        " %(k)b::bigint[], %(w)b::text[]) AS n(account, status, count, known, why)"
        " JOIN accounts ON accounts.name = n.account ORDER BY n.account, n.status"
        " ON CONFLICT (account, status) DO UPDATE SET"
        f" count = excluded.count + CASE WHEN {stale} THEN 0 ELSE webhooks.count END,"
        f" in_row = excluded.in_row + CASE WHEN {stale} THEN 0 ELSE webhooks.in_row END,"
        f" first_at = CASE WHEN {stale} THEN clock_timestamp() ELSE webhooks.first_at END,"
        " why = CASE WHEN excluded.in_row > 0 OR webhooks.in_row = 0 THEN excluded.why ELSE webhooks.why END,"
        " last_at = clock_timestamp()",
        {
            "a": [one.account for one in rows],
            "s": [one.status for one in rows],
            "n": [one.count for one in rows],
            "k": [one.count - one.strange for one in rows],
            "w": [documents.plain(one.why) for one in rows],
            "r": RECENT.total_seconds(),
        },
    )
    taken = [one.account for one in rows if one.status < 300]
    if taken:
        conn.exec_driver_sql(
            "UPDATE webhooks SET in_row = 0 WHERE account = ANY(%(a)b::text[]) AND in_row > 0", {"a": taken}
        )


def all_(conn: Connection) -> Mapping[str, Heard]:
    """By account."""
    found: dict[str, Heard] = {}
    for account, status, count, in_row, why, first_at, last_at in conn.exec_driver_sql(
        "SELECT account, status, count, in_row, why, first_at, last_at FROM webhooks ORDER BY account, status"
    ):
        heard = found.get(account, Heard())
        if status < 300:
            found[account] = heard._replace(accepted_at=max(last_at, heard.accepted_at or last_at))
        else:
            one = RefusedWebhooks(
                status=status, count=count, in_row=in_row, why=why, first_at=first_at, last_at=last_at
            )
            found[account] = heard._replace(refused=(*heard.refused, one))
    return found
