"""Returns under their locks, each with all that is known of it, merged: nothing that is told rests on older news."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from hub.accounts import Account, parties
from hub.model.merge.merger import Merger
from hub.model.schema import bindings
from hub.model.schema.bindings import Name
from hub.model.schema.observation import MergeInputs, Observation, Sibling
from hub.model.schema.returns import Return
from hub.pipeline.process import carrier_events, unknown_numbers, unread
from hub.pipeline.process.translate import size
from hub.pipeline.writes import awaited, overtaken, recognition
from hub.store import duplicate_facts, intents, jobs, observations, paying, returns, sync
from hub.store.database import Connection, Database, now
from hub.store.intents import Intent

T = TypeVar("T")


_ECHOES = {
    "authorize": ("authorized",),
    "reopen": ("authorized", "requested"),
    # A system without an approval step knows only one way to end a return, whichever of the two it was told.
    "reject": ("rejected", "cancelled"),
    "cancel": ("rejected", "cancelled"),
}
"""What an account says once such a write of ours had its effect."""


class Moved(Exception):
    """A return went into another one while we waited for it: begin again."""


def with_retry(database: Database, work: Callable[[Connection], T]) -> T:
    """Do `work` in a transaction, once more where a return went into another one meanwhile."""
    while True:
        try:
            return database.run(work)
        except Moved:
            continue


MOST = 100_000
"""Lines and facts of all records of a return, and of its orders, that are laid together."""


class TooMuch(jobs.Futile):
    """A return that many large records feed: understanding it would hold up all others."""

    def __init__(self, return_id: int, parts: int) -> None:
        why = f"the records of R{return_id} have {parts} lines and facts; the hub lays {MOST} together"
        super().__init__(why, [return_id])


class Situation(NamedTuple):
    """All that is known of one return at one moment, under its lock."""

    id: int
    row: returns.ReturnRow
    old: Return | None
    seen: Sequence[Observation]
    merger: Merger
    merged: Return
    intents: Sequence[Intent]
    read_back: bool
    """A write of ours was just found to be observed."""


def load_for_update(
    conn: Connection,
    return_ids: Iterable[int],
    accounts: Mapping[str, Account],
    reads: Mapping[Name, int] = {},
    fresh: Sequence[int] = (),
    *,
    free: bool = False,
) -> list[Situation]:
    """Lock these returns and merge what is observed of them. Raises Moved where one went into another.

    `reads`: records that we just read ourselves, with the read_seqs of these reads. `fresh`: returns that begin now.
    `free`: without those that somebody else holds.
    """
    rows = returns.lock(conn, set(return_ids).difference(fresh), free=free)
    rows |= {return_id: returns.ReturnRow.new(return_id) for return_id in fresh}
    if any(row.merged_into for row in rows.values()):
        raise Moved
    if not rows:
        return []
    ids = sorted(rows)
    seen = observations.of_returns(conn, ids)
    astray = unknown_numbers.of_returns(conn, seen)
    for return_id, event in carrier_events.of_returns(conn, ids):
        seen[return_id].append(event)
    known = duplicate_facts.of_returns(conn, ids)
    unfinished = intents.unfinished(conn, ids)
    others = observations.of_siblings(conn, ids)
    theirs = duplicate_facts.of_returns(conn, sorted({other for beside in others.values() for other in beside}))
    wrote = intents.decided(conn, ids)
    made = paying.made(conn, {*ids, *(other for beside in others.values() for other in beside)})
    waiting = unread.of_returns(conn, seen, accounts)
    people = parties(accounts)
    at = now(conn) if any(row.bindings for row in rows.values()) else None
    situations = []
    ended: list[Intent] = []
    for return_id in ids:
        if (parts := sum(size(o.fragment) for o in seen[return_id])) > MOST:
            raise TooMuch(return_id, parts)
        row = rows[return_id]
        old = returns.decode(row.doc) if row.doc else None
        same = known.get(return_id, ())
        before = unfinished.get(return_id, [])
        beside = others.get(return_id, {})
        # A refund that names only the order stands by itself until it is known to be ours.
        around = [*seen[return_id], *(record for records in beside.values() for record in records)] if before else ()
        open_, found, over = recognition.observed(conn, return_id, before, around, same, reads)
        bound = bindings.decode(row.bindings) if row.bindings else bindings.Bindings()
        inputs = MergeInputs(
            parties=people,
            duplicates=(*same, *found),
            number=f"R{return_id}",
            others=tuple(
                Sibling(f"R{other}", tuple(records), theirs.get(other, ())) for other, records in beside.items()
            ),
            made=made,
            echoes=frozenset((name, word) for name, kind in wrote.get(return_id, ()) for word in _ECHOES[kind]),
            bindings=bound,
            matched=old.matched() if old is not None else {},
            unread=waiting.get(return_id, ()),
            untaken=overtaken.untaken(before, old),
            strays=astray.get(return_id, ()),
            immature=frozenset(link.guest for link in bound.links if at is not None and link.matures_at > at),
        )
        shown = overtaken.without(seen[return_id], open_, old, inputs.duplicates)
        merger = Merger(shown, inputs)
        merged = merger.merged()
        paid = [intent for intent in open_ if _paid_after_all(intent, merged)]
        done = [intent for intent in over if awaited.shown(intent, merged)]
        ended += paid + done
        open_ = [
            *(intent for intent in open_ if intent not in paid),
            *_without_effect(conn, accounts, [intent for intent in over if intent not in done]),
        ]
        closed = len(open_) < len(before)
        situations.append(Situation(return_id, row, old, shown, merger, merged, open_, closed))
    awaited.close(conn, ended)
    return situations


def _without_effect(conn: Connection, accounts: Mapping[str, Account], over: Sequence[Intent]) -> Sequence[Intent]:
    """All records of these writes are read, and do not show the money."""
    for intent in over:
        account, rows = accounts.get(intent.account), sync.of_returns(conn, [intent.return_id])
        row = rows.get((intent.return_id, intent.account))
        if account is not None and row is not None and intent.state == "sent":
            awaited.read(conn, account, row, intent, "not_shown")
    return over


def _paid_after_all(intent: Intent, merged: Return) -> bool:
    """A payment that a person is asked about is seen: that answers it."""
    return intent.kind == "refund" and intent.state == "dead" and intent.possible and awaited.shown(intent, merged)
