"""What is to be done, and who is doing it: one row per object to read, stream to poll or key to tell.

A lane protects an object. `wanted` counts what was asked for, `done` what was seen to; a lane with nothing left is
deleted. A worker holds a lane by a lease and a token; whoever lost the lease changes nothing, since the `fence` is the
first statement of the transaction that completes the work. Retry, back-off, pause and settle time are a later `due`.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection

from hub.store import stuck
from hub.store.horizon import BEGIN, Horizon

log = logging.getLogger(__name__)

REMOTE = frozenset({"fetch", "poll", "tell"})
"""Kinds that talk to the account's system; they stand still while the account does."""

WAITS = (2.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0, 86400.0)
"""Seconds before the next attempt, by the number of attempts so far; then somebody has to look."""

CRASHES = 3
"""A lane that was all that this many workers had in hand when they died is parked."""

Suspects = Literal["alone", "beside", "leave"]
"""How a lane that may kill its worker is claimed: with nothing else in hand, beside something else, or not at all."""

PAUSE = 300.0
"""Seconds after which lanes of an account that stands still are looked at again; resuming it brings them back."""

PARKED = datetime(9999, 1, 1, tzinfo=UTC)
"""The due time of a lane that waits for a person."""

_STANDS_STILL = "(a.state IN ('paused', 'needs_reauth') OR a.blocked_until > statement_timestamp())"


class Futile(Exception):
    """What a handler raises where trying again is of no use until what it is about changes; `about`: these returns."""

    def __init__(self, why: str, about: Iterable[int]) -> None:
        super().__init__(why)
        self.about = tuple(about)


@dataclass(frozen=True, slots=True)
class Lane:
    """A claimed lane. `wanted` is the number to give to `finish`, noted before the work began."""

    id: int
    kind: str
    account: str
    key: str
    wanted: int
    done: int
    token: int
    attempts: int
    crashes: int
    solo: bool


def object_key(stream: str, external_id: str) -> str:
    """The key of a `read` or `fetch` lane."""
    return f"{stream}/{external_id}"


def split_key(key: str) -> tuple[str, str]:
    """Stream and external id of a `read` or `fetch` lane."""
    stream, _, external_id = key.partition("/")
    return stream, external_id


def wait(attempts: int) -> float | None:
    """Seconds until the next attempt after so many, a little scattered; None: enough, a person has to look."""
    if attempts >= len(WAITS):
        return None
    return WAITS[attempts] * random.uniform(0.9, 1.1)  # noqa: S311


def want(conn: Connection, kind: str, items: Iterable[tuple[str, str]], *, after: float = 0.0) -> None:
    """Ask for these (account, key): a lane for each, due in `after` seconds, or sooner if it was.

    A lane that is being worked on is done once more afterwards; one that backs off keeps its due time. A parked one is
    tried once, since what is new may mend it; but a poll's news is only that time has passed, and who kills is let be.
    """
    wanted = sorted(set(items))
    if wanted:
        _held(conn, kind, wanted, "")
        _raise(conn, kind, wanted, after)


def want_free(conn: Connection, kind: str, items: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The same without waiting for a worker that is completing one of them: those are returned, and not asked for."""
    wanted = sorted(set(items))
    if not wanted:
        return set()
    known = conn.exec_driver_sql(
        "SELECT account, key FROM lanes JOIN unnest(%(a)b::text[], %(e)b::text[]) AS n(account, key)"
        " USING (account, key) WHERE kind = %(k)s",
        _named(kind, wanted),
    )
    busy = {(row[0], row[1]) for row in known} - _held(conn, kind, wanted, "SKIP LOCKED")
    free = [item for item in wanted if item not in busy]
    if free:
        _raise(conn, kind, free, 0.0)
    return busy


def _named(kind: str, wanted: Sequence[tuple[str, str]]) -> dict[str, object]:
    return {"k": kind, "a": [item[0] for item in wanted], "e": [item[1] for item in wanted]}


def _held(conn: Connection, kind: str, wanted: Sequence[tuple[str, str]], how: str) -> set[tuple[str, str]]:
    """Lock those of these lanes that are there, in the order in which everybody does."""
    found = conn.exec_driver_sql(
        "SELECT l.account, l.key FROM lanes l JOIN unnest(%(a)b::text[], %(e)b::text[]) AS n(account, key)"
        " USING (account, key) WHERE kind = %(k)s"
        f' ORDER BY l.kind COLLATE "C", l.account COLLATE "C", l.key COLLATE "C" FOR UPDATE OF l {how}',
        _named(kind, wanted),
    )
    return {(row[0], row[1]) for row in found}


def _raise(conn: Connection, kind: str, wanted: Sequence[tuple[str, str]], after: float) -> None:
    conn.exec_driver_sql(
        "INSERT INTO lanes (kind, account, key, due)"
        " SELECT %(k)s, account, key, clock_timestamp() + %(s)s::float8 * interval '1 second'"
        " FROM unnest(%(a)b::text[], %(e)b::text[]) AS n(account, key)"
        " ON CONFLICT (kind, account, key) DO UPDATE SET wanted = lanes.wanted + 1, due = CASE"
        " WHEN lanes.due = %(p)s AND lanes.kind <> 'poll' AND lanes.crashes < %(c)s THEN excluded.due"
        " WHEN lanes.attempts > 0 OR lanes.due = %(p)s THEN lanes.due ELSE least(lanes.due, excluded.due) END",
        {**_named(kind, wanted), "s": after, "p": PARKED, "c": CRASHES},
    )


_DUE = """
    SELECT id, account, due, lease_until IS NOT NULL AS lost, solo OR lease_until IS NOT NULL AS alone FROM lanes
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
    UPDATE lanes l SET lease_until = statement_timestamp() + %(s)s::float8 * interval '1 second', token = token + 1,
    worker = %(w)s, solo = %(o)s AND (solo OR j.lost), crashes = crashes + (solo AND j.lost)::int
    FROM judged j, first f
    WHERE l.id = j.id AND NOT j.held AND CASE WHEN f.alone THEN %(t)s AND j.id = f.id ELSE NOT j.alone END
    RETURNING l.id, l.kind, l.account, l.key, l.wanted, l.done, l.token, l.attempts, l.crashes, l.solo, l.due
)
SELECT false, * FROM taken
UNION ALL SELECT true, id, '', '', '', 0, 0, 0, 0, 0, false, due FROM judged WHERE held
ORDER BY 1, due, id
"""


def claim(
    conn: Connection,
    kinds: Sequence[str],
    worker: str,
    limit: int,
    lease: float = 60.0,
    *,
    horizon: Horizon | None = None,
    suspects: Suspects = "alone",
) -> list[Lane]:
    """Lease up to `limit` due lanes of the first of these kinds that has any; commit before the work begins.

    A lane whose worker was lost is a suspect and comes by itself. If its worker dies after it was claimed "alone", that
    counts; after CRASHES such deaths it is parked. Where suspects are left, nothing due after one is taken either.
    """
    for kind in kinds:
        named = {**_from(kind, horizon), "n": limit, "r": kind in REMOTE, "s": lease, "w": worker}
        named |= {"t": suspects != "leave", "o": suspects == "alone"}
        while found := conn.exec_driver_sql(_CLAIM, named).all():
            taken = [Lane(*row[1:-1]) for row in found if not row[0]]
            held = [row[1] for row in found if row[0]]
            if held:
                _postpone(conn, held)
            killers = [lane for lane in taken if lane.crashes >= CRASHES]
            for lane in killers:
                log.error("lane %s %s/%s parked: it killed its worker", lane.kind, lane.account, lane.key)
                park(
                    conn,
                    lane,
                    f"{lane.crashes} workers died while they had only this in hand; see the log, then retry it",
                )
            if lanes := [lane for lane in taken if lane.crashes < CRASHES]:
                return lanes
    return []


def suspected(conn: Connection, kind: str, *, horizon: Horizon | None = None) -> bool:
    """Whether a suspect is due before all else of this kind, and waits for a process that has nothing else in hand."""
    found = conn.exec_driver_sql(f"SELECT alone FROM ({_DUE} LIMIT 1 FOR UPDATE SKIP LOCKED) f", _from(kind, horizon))
    return bool(found.scalar())


def accompanied(conn: Connection, lane: Lane) -> None:
    """Something else begins beside this lane, so its death would not be its own any more."""
    conn.exec_driver_sql(
        "UPDATE lanes SET solo = false WHERE id = %(i)s AND token = %(t)s", {"i": lane.id, "t": lane.token}
    )


def _from(kind: str, horizon: Horizon | None) -> dict[str, object]:
    due, lane = horizon.floor(kind) if horizon else BEGIN
    return {"k": kind, "d": due, "i": lane}


def _postpone(conn: Connection, lane_ids: Sequence[int]) -> None:
    """Lanes of accounts that stand still come back when they may go on. The lock keeps a resume from passing us by."""
    conn.exec_driver_sql(
        "SELECT 1 FROM accounts WHERE name IN (SELECT account FROM lanes WHERE id = ANY(%(l)b::bigint[]))"
        " ORDER BY name FOR SHARE",
        {"l": list(lane_ids)},
    )
    conn.exec_driver_sql(
        "UPDATE lanes l SET why = 'account ' || a.state || coalesce(': ' || a.state_why, ''), due = CASE"
        " WHEN a.state IN ('paused', 'needs_reauth') THEN clock_timestamp() + %(p)s * interval '1 second'"
        " ELSE a.blocked_until END FROM accounts a WHERE l.id = ANY(%(l)b::bigint[]) AND a.name = l.account"
        f" AND {_STANDS_STILL}",
        {"l": list(lane_ids), "p": PAUSE},
    )


def fence(conn: Connection, lanes: Iterable[Lane]) -> set[int]:
    """Which of these are still ours, held until the transaction ends. The first statement of every completing one."""
    tokens = {lane.id: lane.token for lane in lanes}
    found = conn.exec_driver_sql(
        "SELECT id, token FROM lanes WHERE id = ANY(%(i)b::bigint[])"
        ' ORDER BY kind COLLATE "C", account COLLATE "C", key COLLATE "C" FOR UPDATE',
        {"i": sorted(tokens)},
    )
    return {row[0] for row in found if tokens[row[0]] == row[1]}


def finish(conn: Connection, done: Iterable[tuple[Lane, int]]) -> None:
    """These were seen to up to the given number: gone if nothing more was wanted meanwhile, else due at once."""
    listed = list(done)
    if not listed:
        return
    conn.exec_driver_sql(
        "WITH n AS MATERIALIZED (SELECT * FROM unnest(%(i)b::bigint[], %(t)b::bigint[], %(d)b::bigint[])"
        " AS n(id, token, done)),"
        " gone AS (DELETE FROM lanes l USING n WHERE l.id = n.id AND l.token = n.token AND l.wanted <= n.done)"
        " UPDATE lanes l SET done = n.done, due = clock_timestamp(), lease_until = NULL, worker = NULL,"
        " attempts = 0, crashes = 0, solo = false, why = NULL"
        " FROM n WHERE l.id = n.id AND l.token = n.token AND l.wanted > n.done",
        {
            "i": [lane.id for lane, _ in listed],
            "t": [lane.token for lane, _ in listed],
            "d": [number for _, number in listed],
        },
    )
    stuck.over(conn, [lane.id for lane, _ in listed if lane.attempts or lane.crashes])


def later(conn: Connection, lane: Lane, seconds: float, why: str, *, attempt: bool = True) -> None:
    """Give the lane back, to be taken again after so many seconds. `attempt`: this one counts as failed."""
    conn.exec_driver_sql(
        "UPDATE lanes SET due = clock_timestamp() + %(s)s::float8 * interval '1 second', lease_until = NULL,"
        " worker = NULL, attempts = attempts + %(n)s, crashes = 0, solo = false, why = %(y)s"
        " WHERE id = %(i)s AND token = %(t)s",
        {"s": seconds, "n": int(attempt), "y": why, "i": lane.id, "t": lane.token},
    )


def park(conn: Connection, lane: Lane, why: str, about: Iterable[int] = ()) -> None:
    """Nothing more happens here until something new is wanted, or a person has it tried again, who is asked."""
    found = conn.exec_driver_sql(
        "UPDATE lanes SET due = %(p)s, lease_until = NULL, worker = NULL, attempts = attempts + 1, why = %(y)s"
        " WHERE id = %(i)s AND token = %(t)s",
        {"p": PARKED, "y": why, "i": lane.id, "t": lane.token},
    )
    if found.rowcount:
        stuck.ask(conn, lane.id, lane.kind, lane.account, lane.key, why, about)


def renew(conn: Connection, lanes: Iterable[Lane], lease: float) -> set[int]:
    """Hold these for so many seconds from now; the ids of those that are still ours."""
    held = fence(conn, lanes)
    conn.exec_driver_sql(
        "UPDATE lanes SET lease_until = clock_timestamp() + %(s)s::float8 * interval '1 second'"
        " WHERE id = ANY(%(i)b::bigint[])",
        {"s": lease, "i": sorted(held)},
    )
    return held


def hurry(conn: Connection, account: str, kinds: Iterable[str] = REMOTE, keys: Iterable[str] | None = None) -> int:
    """What waits here is due now, whatever it waited for; named by `keys` also what is parked. How many there were."""
    named = None if keys is None else sorted(keys)
    # Without keys a lane that somebody holds is left out: a claim that is about to postpone it waits for our account.
    found = conn.exec_driver_sql(
        "SELECT id FROM lanes WHERE account = %(a)s AND kind = ANY(%(k)b::text[]) AND due > statement_timestamp()"
        + (" AND due < %(p)s" if named is None else " AND key = ANY(%(e)b::text[])")
        + ' ORDER BY kind COLLATE "C", account COLLATE "C", key COLLATE "C" FOR UPDATE'
        + (" SKIP LOCKED" if named is None else ""),
        {"a": account, "k": sorted(kinds), "e": named, "p": PARKED},
    )
    ids = list(found.scalars())
    conn.exec_driver_sql(
        "UPDATE lanes SET due = clock_timestamp(), attempts = 0, crashes = 0, solo = false, why = NULL"
        " WHERE id = ANY(%(i)b::bigint[])",
        {"i": ids},
    )
    if named is not None:
        stuck.over(conn, ids)
    return len(ids)


def probe(conn: Connection, account: str) -> None:
    """Of each kind of read, the lane here that comes next is due now; how often it failed is kept."""
    for kind in ("fetch", "poll"):
        conn.exec_driver_sql(
            "UPDATE lanes SET due = clock_timestamp() WHERE id = (SELECT id FROM lanes WHERE account = %(a)s"
            " AND kind = %(k)s AND due > statement_timestamp() AND due < %(p)s ORDER BY due, id LIMIT 1"
            " FOR UPDATE SKIP LOCKED)",
            {"a": account, "k": kind, "p": PARKED},
        )
