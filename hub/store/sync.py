"""One row for each return and each account that should know of it: what it still has to be told, and cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hub.model.language.sentences import Sentence
from hub.model.schema.operation import PlannedOperation, Undeliverable
from hub.store import documents
from hub.store.connection import Connection


class SyncRow(NamedTuple):
    return_id: int
    account: str
    job: str
    wanted: int
    done: int
    state: str
    guard: dict[str, Any]
    waits: float
    """Seconds until it may be told (settle time, back-off); 0: now."""


class PlannedRow(NamedTuple):
    """What planning found for one row. `settle`: seconds before the first write, counted from now."""

    return_id: int
    account: str
    job: str
    state: str
    planned: Sequence[PlannedOperation]
    undeliverable: Sequence[Undeliverable]
    settle: float = 0.0
    why: str | Sentence | None = None
    """What it waits for."""


_COLUMNS = (
    "return_id, account, job, wanted, done, state, guard,"
    " greatest(0, coalesce(extract(epoch FROM not_before - clock_timestamp()), 0))::float8"
)


def of_returns(conn: Connection, return_ids: Iterable[int]) -> dict[tuple[int, str], SyncRow]:
    """The rows of these returns."""
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM sync WHERE return_id = ANY(%(r)b::bigint[])",
        {"r": sorted(set(return_ids))},
    )
    return {(row[0], row[1]): SyncRow(*row) for row in found}


def due(conn: Connection, outbound: Iterable[tuple[str, str]]) -> list[SyncRow]:
    """The rows of these outbound jobs (account, key) that want something said, or do not know what became of it; the
    oldest first."""
    wanted = sorted(set(outbound))
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM sync JOIN unnest(%(a)b::text[], %(l)b::text[]) AS n(account, job)"
        " USING (account, job) WHERE (wanted > done OR EXISTS"
        " (SELECT FROM intents i WHERE (i.return_id, i.account) = (sync.return_id, sync.account)"
        " AND (i.state IN ('open', 'waiting', 'unknown') OR (i.deadline < clock_timestamp()"
        " AND (i.state = 'sent' OR (i.state = 'given_up' AND i.progress <> '{}'))))))"
        " ORDER BY return_id",
        {"a": [account for account, _ in wanted], "l": [key for _, key in wanted]},
    )
    return [SyncRow(*row) for row in found]


def save(conn: Connection, news: Sequence[PlannedRow]) -> None:
    """Note what planning found. A row that wants something said is raised by one; one that does not is done."""
    if not news:
        return
    ordered = sorted(news, key=lambda n: (n.return_id, n.account))
    whys = [documents.both(n.why) for n in ordered]
    conn.exec_driver_sql(
        "INSERT INTO sync (return_id, account, job, wanted, done, state, planned, undeliverable, not_before, why, said)"
        " SELECT r, a, l, 1, CASE WHEN tell THEN 0 ELSE 1 END, s, p::jsonb, e::jsonb,"
        " CASE WHEN w > 0 THEN clock_timestamp() + w * interval '1 second' END, y, o::jsonb"
        " FROM unnest(%(r)b::bigint[], %(a)b::text[], %(l)b::text[], %(s)b::text[], %(p)b::text[], %(e)b::text[],"
        " %(t)b::bool[], %(w)b::float8[], %(y)b::text[], %(o)b::text[]) AS n(r, a, l, s, p, e, tell, w, y, o)"
        " JOIN accounts ON accounts.name = n.a"  # one that was removed a moment ago may still be known to us
        " ON CONFLICT (return_id, account) DO UPDATE SET job = excluded.job, wanted = sync.wanted + 1,"
        " done = CASE WHEN excluded.done = 1 THEN sync.wanted + 1 ELSE sync.done END, state = excluded.state,"
        " planned = excluded.planned, undeliverable = excluded.undeliverable,"
        " not_before = coalesce(sync.not_before, excluded.not_before), at = clock_timestamp(),"
        " why = CASE WHEN excluded.why IS NULL AND excluded.state = 'blocked' THEN sync.why ELSE excluded.why END,"
        " said = CASE WHEN excluded.why IS NULL AND excluded.state = 'blocked' THEN sync.said ELSE excluded.said END",
        {
            "r": [n.return_id for n in ordered],
            "a": [n.account for n in ordered],
            "l": [n.job for n in ordered],
            "s": [n.state for n in ordered],
            "p": [documents.text(n.planned) for n in ordered],
            "e": [documents.text(n.undeliverable) for n in ordered],
            "t": [n.state == "pending" for n in ordered],
            "w": [n.settle for n in ordered],
            "y": [text for text, _ in whys],
            "o": [said for _, said in whys],
        },
    )


class Told(NamedTuple):
    """What telling came to for one row; what is None stays as it was."""

    row: SyncRow
    state: str
    planned: Sequence[PlannedOperation] | None = None
    undeliverable: Sequence[Undeliverable] | None = None
    guard: dict[str, Any] | None = None
    why: str | Sentence | None = None
    """A sentence of ours, or the other system's own words; None: nothing."""
    wait: float | None = None
    """Seconds until it may go on."""
    said: bool = False
    """All that was wanted when this began is done."""


def settle(conn: Connection, row: SyncRow, state: str, **more: Any) -> None:
    """What telling came to for one row; `more`: the other fields of what is Told."""
    settle_all(conn, [Told(row, state, **more)])


def settle_all(conn: Connection, told: Sequence[Told]) -> None:
    """What telling came to for these rows, each of them once."""
    if not told:
        return
    ordered = sorted(told, key=lambda one: (one.row.return_id, one.row.account))
    whys = [documents.both(one.why) for one in ordered]
    conn.exec_driver_sql(
        "UPDATE sync SET state = t.state, planned = coalesce(t.planned::jsonb, sync.planned),"
        " undeliverable = coalesce(t.undeliverable::jsonb, sync.undeliverable),"
        " guard = coalesce(t.guard::jsonb, sync.guard), why = t.why, said = t.said::jsonb,"
        " not_before = clock_timestamp() + t.wait * interval '1 second',"
        " done = CASE WHEN t.over THEN greatest(done, t.seen) ELSE done END,"
        " wanted = CASE WHEN t.state = 'pending' THEN greatest(wanted, done + 1) ELSE wanted END,"
        " at = clock_timestamp() FROM unnest(%(r)b::bigint[], %(a)b::text[], %(s)b::text[], %(p)b::text[],"
        " %(e)b::text[], %(g)b::text[], %(y)b::text[], %(o)b::text[], %(w)b::float8[], %(d)b::bool[], %(n)b::bigint[])"
        " AS t(return_id, account, state, planned, undeliverable, guard, why, said, wait, over, seen)"
        " WHERE sync.return_id = t.return_id AND sync.account = t.account",
        {
            "r": [one.row.return_id for one in ordered],
            "a": [one.row.account for one in ordered],
            "s": [one.state for one in ordered],
            "p": [None if one.planned is None else documents.text(one.planned) for one in ordered],
            "e": [None if one.undeliverable is None else documents.text(one.undeliverable) for one in ordered],
            "g": [None if one.guard is None else documents.text(one.guard) for one in ordered],
            "y": [text for text, _ in whys],
            "o": [said for _, said in whys],
            "w": [one.wait for one in ordered],
            "d": [one.said for one in ordered],
            "n": [one.row.wanted for one in ordered],
        },
    )


def want(conn: Connection, return_id: int, account: str) -> str | None:
    """A person asks that this row be looked at again; its job's key, or None where there is no such row."""
    found = conn.exec_driver_sql(
        "UPDATE sync SET wanted = wanted + 1, state = 'pending', guard = '{}', why = NULL, said = NULL,"
        " not_before = NULL, at = clock_timestamp() WHERE return_id = %(r)s AND account = %(a)s RETURNING job",
        {"r": return_id, "a": account},
    ).first()
    return None if found is None else str(found[0])


def money_free(conn: Connection, return_id: int, account: str) -> list[tuple[str, str]]:
    """Money of this return is not in flight any more: rows of this account that wait for some are to be planned again.

    (account, job) of each, for its job to be asked for.
    """
    found = conn.exec_driver_sql(
        "UPDATE sync SET wanted = wanted + 1 WHERE (return_id, account) IN (SELECT return_id, account FROM sync"
        ' WHERE account = %(a)s AND undeliverable @> \'[{"said": {"code": "money_in_flight"}}]\''
        " AND return_id <> %(r)s ORDER BY return_id FOR UPDATE) RETURNING job",
        {"a": account, "r": return_id},
    )
    return [(account, row[0]) for row in found]


def planned_again(conn: Connection, account: str, return_ids: Sequence[int]) -> list[tuple[str, str]]:
    """What was left to say there of these returns is planned again (`replanning`: of all), and a write that did nothing
    waits for its next try no longer.

    (account, job) of each row, for its job to be asked for.
    """
    if not return_ids:
        return []
    found = conn.exec_driver_sql(
        "WITH mine AS MATERIALIZED (SELECT return_id, account FROM sync WHERE account = %(a)s"
        " AND return_id = ANY(%(i)b::bigint[]) AND (state <> 'in_sync' OR undeliverable <> '[]')"
        " ORDER BY return_id FOR UPDATE)"
        " UPDATE sync s SET wanted = wanted + 1, not_before = CASE WHEN EXISTS (SELECT FROM intents i"
        " WHERE (i.return_id, i.account) = (s.return_id, s.account) AND i.state = 'held') THEN NULL ELSE not_before END"
        " FROM mine WHERE (s.return_id, s.account) = (mine.return_id, mine.account) RETURNING job",
        {"a": account, "i": list(return_ids)},
    )
    return [(account, row[0]) for row in found]


def unsettled(conn: Connection, account: str) -> int:
    """How many writes there may still have an effect, or are asked about."""
    found = conn.exec_driver_sql(
        "SELECT count(*) FROM intents WHERE account = %(a)s"
        " AND state IN ('open', 'waiting', 'sent', 'unknown', 'dead')",
        {"a": account},
    )
    return int(found.scalar_one())
