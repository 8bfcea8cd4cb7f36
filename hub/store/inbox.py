"""Unfinished messages (Message Store, Idempotent Receiver): taken, given a job, and gone to `raw` when understood.

Accepting is one statement that only inserts. What tells a duplicate is the table `seen`, which no worker ever touches:
with a unique index on the inbox itself, a duplicate would wait for the worker that is deleting the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from hub.model.schema.bindings import Name
from hub.store import invalid, jobs, raw
from hub.store.arrival import Arrival
from hub.store.connection import Connection
from hub.store.jobs import Job

AGAIN = "again"
"""`via` of a row that only says: a duplicate of something invalid came, have another look."""


class Full(Exception):
    """Messages cannot be made durable now; the sender is to come again after `retry_after` seconds."""

    def __init__(self, why: str, retry_after: float) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class InboxRow(NamedTuple):
    """A message that waits to be understood."""

    id: int
    account: str
    stream: str
    external_id: str
    via: str
    body: bytes | None
    version: str | None
    deleted: bool
    read_seq: int | None
    at: datetime
    names: Sequence[str] | None = None
    """What it named, where it was read before and not understood."""

    @property
    def name(self) -> Name:
        """The object it is about."""
        return self.account, self.stream, self.external_id


class Dispatched(NamedTuple):
    """What became of new rows: messages and notifications with a job now, and invalid messages taken up again."""

    read: int
    fetch: int
    again: int

    @property
    def total(self) -> int:
        return sum(self)


_ACCEPT = """
WITH arrived AS MATERIALIZED (
    SELECT * FROM unnest(%(account)b::text[], %(stream)b::text[], %(external_id)b::text[], %(via)b::text[],
    %(notification)b::bool[], %(body)b::bytea[], %(version)b::text[], %(deleted)b::bool[], %(read_seq)b::bigint[],
    %(dedupe)b::bytea[], %(error)b::text[]) WITH ORDINALITY
    AS a(account, stream, external_id, via, notification, body, version, deleted, read_seq, dedupe, error, n)
), fresh AS (
    INSERT INTO seen (account, digest) SELECT account, dedupe FROM arrived WHERE dedupe IS NOT NULL
    ORDER BY account COLLATE "C", dedupe ON CONFLICT DO NOTHING RETURNING account, digest
), news AS MATERIALIZED (
    SELECT a.*, a.dedupe IS NULL OR f.digest IS NOT NULL AS new FROM arrived a
    LEFT JOIN fresh f ON f.account = a.account AND f.digest = a.dedupe
), kept AS (
    INSERT INTO inbox
    (account, stream, external_id, via, notification, body, version, deleted, read_seq, dedupe, error, state)
    SELECT account, stream, external_id, via, notification, body, version, deleted, read_seq, dedupe, error::jsonb,
        CASE WHEN error IS NULL THEN 'new' ELSE 'invalid' END FROM (
        SELECT * FROM news WHERE new
        UNION ALL
        SELECT account, stream, external_id, 'again', true, NULL, NULL, false, NULL, NULL, NULL, n, false FROM news d
        WHERE NOT new AND EXISTS (SELECT FROM inbox i WHERE i.state = 'invalid' AND i.dedupe = d.dedupe
            AND (i.account, i.stream, i.external_id) = (d.account, d.stream, d.external_id))
    ) AS all_of_it ORDER BY n
)
SELECT new FROM news ORDER BY n
"""


def accept(conn: Connection, arrivals: Sequence[Arrival]) -> list[bool]:
    """Make these durable, with the transaction; for each whether it is new. Inserts only, and waits for no worker.

    A duplicate of a message that could not be understood leaves a note that makes it be looked at again.
    """
    first = {(a.account, a.dedupe): n for n, a in reversed(list(enumerate(arrivals))) if a.dedupe is not None}
    once = [n for n, a in enumerate(arrivals) if a.dedupe is None or first[a.account, a.dedupe] == n]
    if not once:
        return []
    conn.due.add(jobs.INBOX)
    columns = zip(*(arrivals[n] for n in once), strict=True)
    found = conn.exec_driver_sql(_ACCEPT, dict(zip(Arrival._fields, map(list, columns), strict=True)))
    new = dict(zip(once, (row[0] for row in found.all()), strict=True))
    invalid.unite(conn, {(a.account, a.stream, a.external_id) for a in arrivals if a.error is not None})
    return [new.get(n, False) for n in range(len(arrivals))]


def dispatch(conn: Connection, limit: int = 500) -> Dispatched:
    """Give the oldest new rows their jobs: messages are to be read, change notifications fetched.

    Rows whose job is just being completed stay new: a worker that is stopped in there delays nobody else.
    """
    new = conn.exec_driver_sql(
        "SELECT id, account, stream, external_id, via, notification FROM inbox WHERE state = 'new'"
        " ORDER BY id LIMIT %(n)s FOR UPDATE SKIP LOCKED",
        {"n": limit},
    ).all()
    if not new:
        return Dispatched(0, 0, 0)
    keys = {row.id: (row.account, jobs.object_key(row.stream, row.external_id)) for row in new}
    changed = [row for row in new if row.notification and row.via != AGAIN]
    others = [row for row in new if not row.notification or row.via == AGAIN]
    busy = jobs.want_free(conn, "fetch", [keys[row.id] for row in changed])
    fetch = [row for row in changed if keys[row.id] not in busy]
    busy = jobs.want_free(conn, "process", [keys[row.id] for row in others])
    free = [row for row in others if keys[row.id] not in busy]
    read = [row for row in free if not row.notification]
    again = [row for row in free if row.notification]
    reopened = invalid.reopen(conn, {(row.account, row.stream, row.external_id) for row in again})
    if fetch or again:
        conn.exec_driver_sql("DELETE FROM inbox WHERE id = ANY(%(i)b::bigint[])", {"i": [r.id for r in fetch + again]})
    if read:
        conn.exec_driver_sql(
            "UPDATE inbox SET state = 'waiting' WHERE id = ANY(%(i)b::bigint[])", {"i": [row.id for row in read]}
        )
    return Dispatched(len(read), len(fetch), reopened)


def rows(conn: Connection, claimed: Iterable[Job]) -> dict[int, list[InboxRow]]:
    """Per job (its id): the messages that wait for it, in the order they came."""
    found: dict[int, list[InboxRow]] = {}
    listed = [(job.id, job.account, *jobs.split_key(job.key)) for job in claimed]
    if not listed:
        return found
    waiting = conn.exec_driver_sql(
        "SELECT n.job, i.id, i.account, i.stream, i.external_id, via, body, version, deleted, read_seq, at, names"
        " FROM inbox i JOIN unnest(%(l)b::bigint[], %(a)b::text[], %(s)b::text[], %(e)b::text[])"
        " AS n(job, account, stream, external_id)"
        " USING (account, stream, external_id) WHERE state = 'waiting' ORDER BY i.id",
        {
            "l": [entry[0] for entry in listed],
            "a": [entry[1] for entry in listed],
            "s": [entry[2] for entry in listed],
            "e": [entry[3] for entry in listed],
        },
    )
    for row in waiting:
        found.setdefault(row[0], []).append(InboxRow(*row[1:]))
    return found


def consumed(conn: Connection, done: Sequence[InboxRow], returns: Mapping[int, int] | None = None) -> list[int]:
    """These are understood: from the inbox into the archive; their numbers, which stay the same.

    `returns` says by row id which return each belongs to, where that is known. The read_seq is archived as given here.
    """
    if not done:
        return []
    raw.ready(conn, {row.at for row in done})
    bound = returns or {}
    found = conn.exec_driver_sql(
        "WITH n AS MATERIALIZED (SELECT * FROM unnest(%(i)b::bigint[], %(t)b::bigint[], %(r)b::bigint[])"
        " AS n(id, read_seq, return_id)),"
        " gone AS (DELETE FROM inbox i USING n WHERE i.id = n.id RETURNING i.id, i.account, i.stream, i.external_id,"
        " i.via, i.body, i.version, i.deleted, n.read_seq, n.return_id, i.at)"
        " INSERT INTO raw (id, account, stream, external_id, via, body, version, deleted, read_seq, return_id, at)"
        " SELECT * FROM gone RETURNING id",
        {
            "i": [row.id for row in done],
            "t": [row.read_seq for row in done],
            "r": [bound.get(row.id) for row in done],
        },
    )
    return sorted(found.scalars())


def superseded(conn: Connection, reads: Mapping[Name, int]) -> set[Name]:
    """These objects were read and understood, with these read_seqs: what of them was read before and was not, is over.

    It goes into the archive like everything that came; what it was about, and named.
    """
    held = invalid.of_objects(conn, reads)
    if not held:
        return set()
    found = conn.exec_driver_sql(
        "SELECT id, account, stream, external_id, via, body, version, deleted, read_seq, at, names FROM inbox"
        " WHERE id = ANY(%(i)b::bigint[]) ORDER BY id",
        {"i": held},
    )
    return _archived(conn, [InboxRow(*row) for row in found])


def unread(conn: Connection, account: str) -> int:
    """How many messages of this account are still to be read."""
    query = "SELECT count(*) FROM inbox WHERE account = %(a)s AND state <> 'invalid' AND NOT notification"
    return int(conn.exec_driver_sql(query, {"a": account}).scalar_one())


def forsake(conn: Connection, account: str) -> set[Name]:
    """What of this account could not be read goes into the archive, for good; what it was about, and named."""
    found = conn.exec_driver_sql(
        "SELECT id, account, stream, external_id, via, body, version, deleted, read_seq, at, names FROM inbox"
        " WHERE account = %(a)s AND state = 'invalid' ORDER BY id FOR UPDATE",
        {"a": account},
    )
    names = _archived(conn, [InboxRow(*row) for row in found])
    conn.exec_driver_sql("DELETE FROM inbox WHERE account = %(a)s AND notification", {"a": account})
    return names


def _archived(conn: Connection, over: Sequence[InboxRow]) -> set[Name]:
    consumed(conn, over)
    return {name for row in over for name in {row.name, *invalid.named(row.names)}}


def backlog(conn: Connection, mark: int) -> int:
    """How many messages and objects wait to be understood, counted up to `mark`: above it polls and backfills pause,
    webhooks never. What waits has a job, so nothing is read of what is invalid."""
    found = conn.exec_driver_sql(
        "SELECT count(*) FROM ((SELECT FROM inbox WHERE state = 'new' LIMIT %(n)s) UNION ALL"
        " (SELECT FROM jobs WHERE kind = 'process' LIMIT %(n)s) LIMIT %(n)s) AS unfinished",
        {"n": mark},
    )
    return int(found.scalar_one())
