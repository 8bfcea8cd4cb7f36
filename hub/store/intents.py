"""What we are about to write into another system, committed before the request leaves: the answer to every crash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hub.model.language.sentences import Sentence
from hub.store import documents
from hub.store.connection import Connection


class Intent(NamedTuple):
    """open: the request may have left · waiting: nothing under way, it goes on with this key · held: nothing was done,
    it is planned anew · sent: answered, not yet observed · unknown: no answer · dead: refused, or a person decides ·
    no_way: they have no such step · done | given_up | dropped: over."""

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
    possible: bool = False
    """A call of it may have had an effect that nothing has shown or ruled out."""
    refused: bool = False
    """A repetition of such a call was refused."""
    tries: int = 0
    """Calls since the last answered step."""
    misses: int = 0
    """Looks for its effect that failed, since its last call."""
    said: dict[str, Any] | None = None
    """`error`, where it is a sentence of ours."""
    waits: float = 0.0
    """Seconds until its effect may be looked for: before, the request may still be under way over there."""
    age: float = 0.0
    """Seconds since it was opened, so since its key may have been used first."""
    overdue: bool = False
    """Its deadline has passed."""


COLUMNS = (
    "id, return_id, account, kind, round, operation, call, progress, reply, state, looks, attempts, error,"
    " possible, refused, tries, misses, said,"
    " greatest(0, coalesce(extract(epoch FROM deadline - clock_timestamp()), 0))::float8,"
    " extract(epoch FROM clock_timestamp() - at)::float8, coalesce(deadline < clock_timestamp(), false)"
)

MATTER = ("open", "waiting", "held", "sent", "unknown", "dead", "no_way", "given_up")
"""States of writes that planning has to know."""


class Opening(NamedTuple):
    """A write that is about to begin."""

    return_id: int
    account: str
    kind: str
    round: int
    operation: dict[str, Any]
    call: dict[str, Any]
    tries: int = 1
    """Calls of the same operation that did nothing, and this one."""


def begin(conn: Connection, openings: Sequence[Opening], deadline: float) -> list[int]:
    """Commit these before their requests leave; the ids are their idempotency keys. `deadline`: seconds for a call."""
    if not openings:
        return []
    found = conn.exec_driver_sql(
        "INSERT INTO intents (return_id, account, kind, round, operation, call, deadline, attempts, tries)"
        " SELECT r, a, k, n, o::jsonb, c::jsonb, clock_timestamp() + %(d)s * interval '1 second', 1, t"
        " FROM unnest(%(r)b::bigint[], %(a)b::text[], %(k)b::text[], %(n)b::int[], %(o)b::text[], %(c)b::text[],"
        " %(t)b::int[]) WITH ORDINALITY AS i(r, a, k, n, o, c, t, place) ORDER BY place RETURNING id",
        {
            "r": [one.return_id for one in openings],
            "a": [one.account for one in openings],
            "k": [one.kind for one in openings],
            "n": [one.round for one in openings],
            "o": [documents.text(one.operation) for one in openings],
            "c": [documents.text(one.call) for one in openings],
            "t": [one.tries for one in openings],
            "d": deadline,
        },
    )
    return sorted(found.scalars())


def again(conn: Connection, intent_id: int, deadline: float, *, step: bool = False) -> None:
    """The same intent is called once more, with the same key; looking for its effect begins anew, too. `step`: the
    one before is answered."""
    conn.exec_driver_sql(
        "UPDATE intents SET state = 'open', attempts = attempts + 1, tries = CASE WHEN %(s)s THEN 1 ELSE tries + 1 END,"
        " looks = 0, misses = 0, error = NULL, said = NULL,"
        " changed_at = clock_timestamp(),"
        " deadline = clock_timestamp() + %(d)s * interval '1 second' WHERE id = %(i)s",
        {"i": intent_id, "d": deadline, "s": step},
    )


def hurry(conn: Connection, account: str) -> None:
    """The system is back: what did nothing is tried now, and what was not repeated, or could not be looked for, is
    looked for. A write whose effect may still be on its way keeps its time."""
    conn.exec_driver_sql(
        "UPDATE intents SET deadline = greatest(clock_timestamp(), settles_at)"
        " WHERE account = %(a)s AND deadline > clock_timestamp()"
        " AND ((state = 'waiting' AND NOT possible) OR (state = 'unknown' AND (misses > 0 OR settles_at < deadline)))",
        {"a": account},
    )


def revive(conn: Connection, account: str) -> None:
    """A person says that the system is back: what it did not take, and what a person was asked about for that, is held
    again, to be planned anew; those questions are closed."""
    conn.exec_driver_sql(
        "WITH back AS (UPDATE intents SET state = CASE WHEN progress = '{}' THEN 'held' ELSE 'waiting' END, tries = 0,"
        " error = NULL, said = NULL, deadline = NULL, changed_at = clock_timestamp() WHERE account = %(a)s"
        " AND state = 'dead' AND NOT possible AND said->>'code' = 'not_delivered' RETURNING id)"
        " UPDATE reviews SET state = 'settled' WHERE state = 'open' AND dedupe IN (SELECT 'intent:' || id FROM back)",
        {"a": account},
    )


def forget(conn: Connection, intent_id: int) -> None:
    """It never had an effect, and another one takes its place."""
    conn.exec_driver_sql("DELETE FROM intents WHERE id = %(i)s", {"i": intent_id})


class Move(NamedTuple):
    """What became of an intent."""

    intent_id: int
    state: str
    progress: dict[str, Any] | None = None
    reply: dict[str, Any] | None = None
    error: str | Sentence | None = None
    """A sentence of ours, or the other system's own words."""
    looks: int = 0
    """So many more."""
    misses: int = 0
    """So many more."""
    uncounted: int = 0
    """Calls that were none."""
    possible: bool | None = None
    """Whether it may have had an effect; None: as before."""
    refused: bool = False
    wait: float = 0.0
    """Seconds before its effect may be looked for, or is overdue."""
    settles: bool = False
    """As long its effect may be on its way."""


def move(conn: Connection, intent_id: int, state: str, **more: Any) -> None:
    """What became of one intent; `more`: the other fields of a Move."""
    move_all(conn, [Move(intent_id, state, **more)])


def move_all(conn: Connection, moves: Sequence[Move]) -> None:
    """What became of these intents, each of them once."""
    if not moves:
        return
    errors = [documents.both(one.error) for one in moves]
    conn.exec_driver_sql(
        "UPDATE intents i SET state = m.state, progress = coalesce(m.progress::jsonb, i.progress),"
        " reply = coalesce(m.reply::jsonb, i.reply), error = m.error, said = m.said::jsonb, looks = i.looks + m.looks,"
        " misses = i.misses + m.misses, attempts = attempts - m.uncounted, tries = tries - m.uncounted,"
        " possible = coalesce(m.possible, i.possible), refused = i.refused OR m.refused,"
        " deadline = clock_timestamp() + m.wait * interval '1 second', changed_at = clock_timestamp(),"
        " settles_at = CASE WHEN m.settles THEN clock_timestamp() + m.wait * interval '1 second' ELSE settles_at END"
        " FROM unnest(%(i)b::bigint[], %(s)b::text[], %(p)b::text[], %(r)b::text[], %(e)b::text[], %(o)b::text[],"
        " %(l)b::int[], %(m)b::int[], %(u)b::int[], %(b)b::bool[], %(f)b::bool[], %(w)b::float8[],"
        " %(v)b::bool[])"
        " AS m(id, state, progress, reply, error, said, looks, misses, uncounted, possible, refused, wait, settles)"
        " WHERE i.id = m.id",
        {
            "i": [one.intent_id for one in moves],
            "s": [one.state for one in moves],
            "p": [None if one.progress is None else documents.text(one.progress) for one in moves],
            "r": [None if one.reply is None else documents.text(one.reply) for one in moves],
            "e": [text for text, _ in errors],
            "o": [said for _, said in errors],
            "l": [one.looks for one in moves],
            "m": [one.misses for one in moves],
            "u": [one.uncounted for one in moves],
            "b": [one.possible for one in moves],
            "f": [one.refused for one in moves],
            "w": [one.wait for one in moves],
            "v": [one.settles for one in moves],
        },
    )


def taken_back(conn: Connection, intent_id: int, *, keep: bool) -> None:
    """A person says that it was not done: it is planned anew, with its key where that is worth keeping."""
    conn.exec_driver_sql(
        "UPDATE intents SET state = CASE WHEN %(k)s THEN 'held' ELSE 'dropped' END, possible = false, tries = 0,"
        " attempts = 0, looks = 0, misses = 0, reply = NULL, progress = '{}', changed_at = clock_timestamp()"
        " WHERE id = %(i)s",
        {"i": intent_id, "k": keep},
    )


def seen(conn: Connection, intent_id: int, reply: dict[str, Any]) -> None:
    """Some of the records that it waits for were read."""
    conn.exec_driver_sql(
        "UPDATE intents SET reply = %(r)s::jsonb WHERE id = %(i)s", {"i": intent_id, "r": documents.text(reply)}
    )


def unfinished(conn: Connection, return_ids: Iterable[int]) -> dict[int, list[Intent]]:
    """Per return: the intents that still matter, oldest first."""
    result: dict[int, list[Intent]] = {}
    found = conn.exec_driver_sql(
        f"SELECT {COLUMNS} FROM intents WHERE return_id = ANY(%(r)b::bigint[])"
        " AND state = ANY(%(s)b::text[]) ORDER BY id",
        {"r": sorted(set(return_ids)), "s": list(MATTER)},
    )
    for row in found:
        intent = Intent(*row)
        result.setdefault(intent.return_id, []).append(intent)
    return result


def decided(conn: Connection, return_ids: Iterable[int]) -> dict[int, set[tuple[str, str]]]:
    """Per return: (account, kind) of the last decision that we wrote there, as far as it may have had its effect.

    Nothing of an account that had decided so itself: that was only carried through there.
    """
    found = conn.exec_driver_sql(
        "SELECT DISTINCT ON (return_id, account) return_id, account, kind,"
        " operation -> 'words' ->> 'decided_by' IS NOT DISTINCT FROM account FROM intents"
        " WHERE return_id = ANY(%(r)b::bigint[]) AND kind IN ('authorize', 'reject', 'cancel', 'reopen')"
        " AND (state IN ('sent', 'done', 'unknown') OR possible) ORDER BY return_id, account, id DESC",
        {"r": sorted(set(return_ids))},
    )
    result: dict[int, set[tuple[str, str]]] = {}
    for return_id, account, kind, its_own in found:
        if not its_own:
            result.setdefault(return_id, set()).add((account, kind))
    return result


def get(conn: Connection, intent_id: int) -> Intent | None:
    """One intent, or None."""
    return several(conn, [intent_id]).get(intent_id)


def several(conn: Connection, intent_ids: Iterable[int]) -> dict[int, Intent]:
    """These intents by their ids, as far as they are there."""
    found = conn.exec_driver_sql(
        f"SELECT {COLUMNS} FROM intents WHERE id = ANY(%(i)b::bigint[])", {"i": sorted(set(intent_ids))}
    )
    return {row[0]: Intent(*row) for row in found}


def dead(conn: Connection, account: str | None = None) -> Sequence[Intent]:
    """The dead letters: what was refused or is of unknown outcome and waits for a person."""
    found = conn.exec_driver_sql(
        f"SELECT {COLUMNS} FROM intents WHERE state = 'dead' AND (%(a)s::text IS NULL OR account = %(a)s)"
        " ORDER BY id DESC",
        {"a": account},
    )
    return [Intent(*row) for row in found]


def made_since(conn: Connection, return_id: int, entry_id: int) -> bool:
    """Whether anything was written for this return after that line of the journal, as far as it was not dropped."""
    found = conn.exec_driver_sql(
        "SELECT EXISTS (SELECT FROM intents i, journal j WHERE j.id = %(j)s AND i.return_id = %(r)s AND i.at > j.at"
        " AND i.state <> 'dropped')",
        {"j": entry_id, "r": return_id},
    )
    return bool(found.scalar_one())
