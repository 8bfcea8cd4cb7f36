"""What we are about to write into another system, committed before the request leaves: the answer to every crash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.model.sentences import Sentence
from hub.store import documents


class Intent(NamedTuple):
    """open: the request may have left · waiting: between two steps, nothing under way · sent: answered, not yet
    observed · unknown: no answer · dead: refused, a person decides · done | given_up | dropped: over."""

    id: int
    return_id: int
    account: str
    kind: str
    round: int
    operation: dict[str, Any]
    call: dict[str, Any]
    progress: dict[str, Any]
    reply: dict[str, Any] | None
    state: str
    looks: int
    attempts: int
    error: str | None
    waits: float = 0.0
    """Seconds until its effect may be looked for: before, the request may still be under way over there."""
    age: float = 0.0
    """Seconds since it was opened, so since its key may have been used first."""


_COLUMNS = (
    "id, return_id, account, kind, round, operation, call, progress, reply, state, looks, attempts, error,"
    " greatest(0, coalesce(extract(epoch FROM deadline - clock_timestamp()), 0))::float8,"
    " extract(epoch FROM clock_timestamp() - at)::float8"
)


def open_(
    conn: Connection,
    return_id: int,
    account: str,
    kind: str,
    round_: int,
    operation: dict[str, Any],
    call: dict[str, Any],
    deadline: float,
) -> int:
    """Commit this before the request leaves; its id is the idempotency key."""
    found = conn.exec_driver_sql(
        "INSERT INTO intents (return_id, account, kind, round, operation, call, deadline, attempts)"
        " VALUES (%(r)s, %(a)s, %(k)s, %(n)s, %(o)s::jsonb, %(c)s::jsonb,"
        " clock_timestamp() + %(d)s * interval '1 second', 1) RETURNING id",
        {
            "r": return_id,
            "a": account,
            "k": kind,
            "n": round_,
            "o": documents.text(operation),
            "c": documents.text(call),
            "d": deadline,
        },
    )
    return int(found.scalar_one())


def again(conn: Connection, intent_id: int, deadline: float) -> None:
    """The same intent is tried once more, with the same key; looking for its effect begins anew, too."""
    conn.exec_driver_sql(
        "UPDATE intents SET state = 'open', attempts = attempts + 1, looks = 0, error = NULL, said = NULL,"
        " changed_at = clock_timestamp(),"
        " deadline = clock_timestamp() + %(d)s * interval '1 second' WHERE id = %(i)s",
        {"i": intent_id, "d": deadline},
    )


def move(
    conn: Connection,
    intent_id: int,
    state: str,
    *,
    progress: dict[str, Any] | None = None,
    reply: dict[str, Any] | None = None,
    error: str | Sentence | None = None,
    looked: bool = False,
    wait: float = 0.0,
) -> None:
    """What became of an intent; `wait`: seconds before its effect may be looked for; `error`: a sentence of ours, or
    the other system's own words."""
    text, said = documents.both(error)
    conn.exec_driver_sql(
        "UPDATE intents SET state = %(s)s, progress = coalesce(%(p)s::jsonb, progress),"
        " reply = coalesce(%(r)s::jsonb, reply), error = %(e)s, said = %(o)s::jsonb, looks = looks + %(l)s,"
        " deadline = clock_timestamp() + %(w)s * interval '1 second', changed_at = clock_timestamp() WHERE id = %(i)s",
        {
            "i": intent_id,
            "s": state,
            "p": None if progress is None else documents.text(progress),
            "r": None if reply is None else documents.text(reply),
            "e": text,
            "o": said,
            "l": int(looked),
            "w": wait,
        },
    )


def unfinished(conn: Connection, return_ids: Iterable[int]) -> dict[int, list[Intent]]:
    """Per return: the intents that still matter, oldest first."""
    result: dict[int, list[Intent]] = {}
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM intents WHERE return_id = ANY(%(r)b::bigint[])"
        " AND state IN ('open', 'waiting', 'sent', 'unknown', 'dead', 'given_up') ORDER BY id",
        {"r": sorted(set(return_ids))},
    )
    for row in found:
        intent = Intent(*row)
        result.setdefault(intent.return_id, []).append(intent)
    return result


def decided(conn: Connection, return_ids: Iterable[int]) -> dict[int, set[tuple[str, str]]]:
    """Per return: (account, kind) of the last decision that we wrote there, as far as it may have had its effect."""
    found = conn.exec_driver_sql(
        "SELECT DISTINCT ON (return_id, account) return_id, account, kind FROM intents"
        " WHERE return_id = ANY(%(r)b::bigint[]) AND kind IN ('authorize', 'reject', 'cancel', 'reopen')"
        " AND state IN ('sent', 'done', 'unknown') ORDER BY return_id, account, id DESC",
        {"r": sorted(set(return_ids))},
    )
    result: dict[int, set[tuple[str, str]]] = {}
    for return_id, account, kind in found:
        result.setdefault(return_id, set()).add((account, kind))
    return result


def get(conn: Connection, intent_id: int) -> Intent | None:
    """One intent, or None."""
    found = conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM intents WHERE id = %(i)s", {"i": intent_id}).first()
    return None if found is None else Intent(*found)


def dead(conn: Connection, account: str | None = None) -> Sequence[Intent]:
    """The dead letters: what was refused or is of unknown outcome and waits for a person."""
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM intents WHERE state = 'dead' AND (%(a)s::text IS NULL OR account = %(a)s)"
        " ORDER BY id DESC",
        {"a": account},
    )
    return [Intent(*row) for row in found]


def awaiting(conn: Connection, return_ids: Iterable[int]) -> set[int]:
    """Of these returns, those with a write whose read-back is awaited."""
    found = conn.exec_driver_sql(
        "SELECT DISTINCT return_id FROM intents WHERE return_id = ANY(%(r)b::bigint[]) AND state = 'sent'",
        {"r": sorted(set(return_ids))},
    )
    return {row[0] for row in found}


def made_since(conn: Connection, return_id: int, entry_id: int) -> bool:
    """Whether anything was written for this return after that line of the journal, as far as it was not dropped."""
    found = conn.exec_driver_sql(
        "SELECT EXISTS (SELECT FROM intents i, journal j WHERE j.id = %(j)s AND i.return_id = %(r)s AND i.at > j.at"
        " AND i.state <> 'dropped')",
        {"j": entry_id, "r": return_id},
    )
    return bool(found.scalar_one())


def reserved(conn: Connection, return_id: int, account: str) -> Decimal:
    """What refunds under way for other returns of the same orders may still take from this account's payments."""
    found = conn.exec_driver_sql(
        "SELECT coalesce(sum((i.operation->>'amount')::numeric), 0) FROM intents i"
        " WHERE i.account = %(a)s AND i.kind = 'refund' AND i.state IN ('open', 'waiting', 'sent', 'unknown', 'dead')"
        " AND i.return_id <> %(r)s AND i.return_id IN (SELECT other.return_id FROM return_orders mine"
        " JOIN return_orders other USING (order_id) WHERE mine.return_id = %(r)s)",
        {"a": account, "r": return_id},
    )
    return Decimal(found.scalar_one())
