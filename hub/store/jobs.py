"""What is to be done, and who is doing it: one row per object to read, stream to poll or key to tell.

A job protects an object. `wanted` counts what was asked for, `done` what was seen to; a job with nothing left is
deleted. A worker holds a job by a lease and a token; whoever lost the lease changes nothing, since the `fence` is the
first statement of the transaction that completes the work. Retry, back-off, pause and settle time are a later `due`.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from hub.store import stuck
from hub.store.connection import Connection

KINDS = frozenset({"process", "fetch", "poll", "deliver", "recompute"})
REMOTE = frozenset({"fetch", "poll", "deliver"})
"""Kinds that talk to the account's system; they stand still while the account does."""

INBOX = "inbox"
"""Not a kind of job: new messages that have none yet."""
OF_MESSAGES = frozenset({"process", "fetch"})
"""Kinds that messages are given; while somebody holds one's row, new ones of its object wait in the inbox."""

WAITS = (2.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0, 86400.0)
"""Seconds before the next attempt, by the number of attempts so far; then somebody has to look."""

CRASHES = 3
"""A job that was all that this many workers had in hand when they died is parked."""

DEAD = datetime(9999, 1, 1, tzinfo=UTC)
"""The due time of a job that waits for a person."""


class Futile(Exception):
    """What a handler raises where trying again is of no use until what it is about changes; `about`: these returns."""

    def __init__(self, why: str, about: Iterable[int]) -> None:
        super().__init__(why)
        self.about = tuple(about)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `wanted` is the number to give to `finish`, noted before the work began."""

    id: int
    kind: str
    account: str
    key: str
    wanted: int
    done: int
    token: int
    attempts: int
    crashes: int
    quarantined: bool


def object_key(stream: str, external_id: str) -> str:
    """The key of a `process` or `fetch` job."""
    return f"{stream}/{external_id}"


def split_key(key: str) -> tuple[str, str]:
    """Stream and external id of a `process` or `fetch` job."""
    stream, _, external_id = key.partition("/")
    return stream, external_id


def wait(attempts: int) -> float | None:
    """Seconds until the next attempt after so many, a little scattered; None: enough, a person has to look."""
    if attempts >= len(WAITS):
        return None
    return WAITS[attempts] * random.uniform(0.9, 1.1)  # noqa: S311


def want(conn: Connection, kind: str, items: Iterable[tuple[str, str]], *, after: float = 0.0) -> None:
    """Ask for these (account, key): a job for each, due in `after` seconds, or sooner if it was.

    A job that is being worked on is done once more afterwards; one that backs off keeps its due time. A parked one is
    tried once, since what is new may mend it; but a poll's news is only that time has passed, and who kills is let be.
    """
    wanted = sorted(set(items))
    if wanted:
        if _held(conn, kind, wanted, "") and kind in OF_MESSAGES:
            conn.due.add(INBOX)
        _raise(conn, kind, wanted, after)


def want_free(conn: Connection, kind: str, items: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The same without waiting for a worker that is completing one of them: those are returned, and not asked for."""
    wanted = sorted(set(items))
    if not wanted:
        return set()
    known = conn.exec_driver_sql(
        "SELECT account, key FROM jobs JOIN unnest(%(a)b::text[], %(e)b::text[]) AS n(account, key)"
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
    """Lock those of these jobs that are there, in the order in which everybody does."""
    found = conn.exec_driver_sql(
        "SELECT l.account, l.key FROM jobs l JOIN unnest(%(a)b::text[], %(e)b::text[]) AS n(account, key)"
        " USING (account, key) WHERE kind = %(k)s"
        f' ORDER BY l.kind COLLATE "C", l.account COLLATE "C", l.key COLLATE "C" FOR UPDATE OF l {how}',
        _named(kind, wanted),
    )
    return {(row[0], row[1]) for row in found}


def _raise(conn: Connection, kind: str, wanted: Sequence[tuple[str, str]], after: float) -> None:
    if after <= 0:
        conn.due.add(kind)
    conn.exec_driver_sql(
        "INSERT INTO jobs (kind, account, key, due)"
        " SELECT %(k)s, account, key, clock_timestamp() + %(s)s::float8 * interval '1 second'"
        " FROM unnest(%(a)b::text[], %(e)b::text[]) AS n(account, key)"
        " ON CONFLICT (kind, account, key) DO UPDATE SET wanted = jobs.wanted + 1, due = CASE"
        " WHEN jobs.due = %(p)s AND jobs.kind <> 'poll' AND jobs.crashes < %(c)s THEN excluded.due"
        " WHEN jobs.attempts > 0 OR jobs.due = %(p)s THEN jobs.due ELSE least(jobs.due, excluded.due) END",
        {**_named(kind, wanted), "s": after, "p": DEAD, "c": CRASHES},
    )


def fence(conn: Connection, jobs: Collection[Job]) -> set[int]:
    """Which of these are still ours, held until the transaction ends. The first statement of every completing one."""
    if not jobs:
        return set()
    tokens = {job.id: job.token for job in jobs}
    if any(job.kind in OF_MESSAGES for job in jobs):
        conn.due.add(INBOX)
    found = conn.exec_driver_sql(
        "SELECT id, token FROM jobs WHERE id = ANY(%(i)b::bigint[])"
        ' ORDER BY kind COLLATE "C", account COLLATE "C", key COLLATE "C" FOR UPDATE',
        {"i": sorted(tokens)},
    )
    return {row[0] for row in found if tokens[row[0]] == row[1]}


def finish(conn: Connection, done: Iterable[tuple[Job, int]]) -> None:
    """These were seen to up to the given number: gone if nothing more was wanted meanwhile, else due at once."""
    listed = list(done)
    if not listed:
        return
    more = conn.exec_driver_sql(
        "WITH n AS MATERIALIZED (SELECT * FROM unnest(%(i)b::bigint[], %(t)b::bigint[], %(d)b::bigint[])"
        " AS n(id, token, done)),"
        " gone AS (DELETE FROM jobs l USING n WHERE l.id = n.id AND l.token = n.token AND l.wanted <= n.done)"
        " UPDATE jobs l SET done = n.done, due = clock_timestamp(), lease_until = NULL, worker = NULL,"
        " attempts = 0, crashes = 0, quarantined = false, why = NULL"
        " FROM n WHERE l.id = n.id AND l.token = n.token AND l.wanted > n.done",
        {
            "i": [job.id for job, _ in listed],
            "t": [job.token for job, _ in listed],
            "d": [number for _, number in listed],
        },
    )
    if more.rowcount:
        conn.due.update(job.kind for job, _ in listed)
    stuck.over(conn, [job.id for job, _ in listed if job.attempts or job.crashes])


def reschedule(conn: Connection, job: Job, seconds: float, why: str, *, attempt: bool = True) -> None:
    """Give the job back, to be taken again after so many seconds. `attempt`: this one counts as failed."""
    if seconds <= 0:
        conn.due.add(job.kind)
    conn.exec_driver_sql(
        "UPDATE jobs SET due = clock_timestamp() + %(s)s::float8 * interval '1 second', lease_until = NULL,"
        " worker = NULL, attempts = attempts + %(n)s, crashes = 0, quarantined = false, why = %(y)s"
        " WHERE id = %(i)s AND token = %(t)s",
        {"s": seconds, "n": int(attempt), "y": why, "i": job.id, "t": job.token},
    )


def dead_letter(conn: Connection, job: Job, why: str, about: Iterable[int] = ()) -> None:
    """Nothing more happens here until something new is wanted, or a person has it tried again, who is asked."""
    found = conn.exec_driver_sql(
        "UPDATE jobs SET due = %(p)s, lease_until = NULL, worker = NULL, attempts = attempts + 1, why = %(y)s"
        " WHERE id = %(i)s AND token = %(t)s",
        {"p": DEAD, "y": why, "i": job.id, "t": job.token},
    )
    if found.rowcount:
        stuck.ask(conn, job.id, job.kind, job.account, job.key, why, about)


def renew(conn: Connection, jobs: Collection[Job], lease: float) -> set[int]:
    """Hold these for so many seconds from now; the ids of those that are still ours."""
    held = fence(conn, jobs)
    extend(conn, [job for job in jobs if job.id in held], lease)
    return held


def extend(conn: Connection, held: Collection[Job], lease: float) -> None:
    """The same for jobs that this transaction has fenced."""
    if held:
        conn.exec_driver_sql(
            "UPDATE jobs SET lease_until = clock_timestamp() + %(s)s::float8 * interval '1 second'"
            " WHERE id = ANY(%(i)b::bigint[])",
            {"s": lease, "i": sorted(job.id for job in held)},
        )
