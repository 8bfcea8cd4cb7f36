"""After a write of ours was read back: which fact over there is the duplicate of which fact of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET

from hub.model.merge.fragments import LISTS
from hub.model.schema.bindings import Name
from hub.model.schema.observation import DuplicateFacts, FactId, Observation
from hub.model.schema.operation import PlannedOperation
from hub.store import duplicate_facts, intents
from hub.store.database import Connection
from hub.store.intents import Intent

KINDS = LISTS - {"lines", "deadlines"}
"""What a write may make over there: the lists of a fragment whose items are events."""


def observed(
    conn: Connection,
    return_id: int,
    open_: Sequence[Intent],
    seen: Sequence[Observation],
    known: Sequence[DuplicateFacts],
    reads: Mapping[Name, int],
) -> tuple[list[Intent], list[DuplicateFacts], list[Intent]]:
    """Recognise duplicates of what was told, as soon as they are seen, and the intents whose records were read back.

    Only a read that left after their answer shows the effect; a push that comes after it may have been sent before.
    Returns the intents still open, the duplicates just recognised, and the intents of which every record was read.
    """
    still: list[Intent] = []
    found: list[DuplicateFacts] = []
    over: list[Intent] = []
    for intent in open_:
        if intent.state not in ("sent", "dead") or "read_seq" not in (intent.reply or {}):
            still.append(intent)
            continue
        for same in _pairs(intent, seen):
            if not any(_holds(duplicates_, same) for duplicates_ in (*known, *found)):
                duplicate_facts.add(conn, return_id, same, f"intent:{intent.id}")
                found.append(same)
        awaited = _awaited(intent, reads)
        if not awaited:
            over.append(intent)
            continue
        if len(awaited) < len((intent.reply or {})["read_back"]):
            intents.seen(conn, intent.id, {**(intent.reply or {}), "read_back": awaited})
        still.append(intent)
    return still, found, over


def _awaited(intent: Intent, reads: Mapping[Name, int]) -> list[tuple[str, str]]:
    """The records whose read-back is still to come."""
    reply = intent.reply or {}
    return [
        (stream, external_id)
        for stream, external_id in reply.get("read_back", ())
        if reads.get((intent.account, stream, external_id), -1) < reply["read_seq"]
    ]


def _holds(known: DuplicateFacts, same: DuplicateFacts) -> bool:
    """Whether this is known already; of a total only where it is this very telling of it."""
    if same.total is None:
        return same.facts <= known.facts
    return (same.total, same.source) == (known.total, known.source)


def _pairs(intent: Intent, seen: Sequence[Observation]) -> list[DuplicateFacts]:
    """Groups of facts that are one event: what the operation told, and what the reply says was made of it.

    A refund that answers no credit stands by itself: that we made it says whose it is.
    """
    theirs = {
        (name.kind, name.id): (name, fact) for o in seen if o.account == intent.account for name, fact in _facts(o)
    }
    totals: set[FactId] = set()
    groups: list[set[FactId]] = []
    for made in (intent.reply or {}).get("made", ()):
        duplicate, fact = theirs.get((made["kind"], made["id"]), (None, None))
        if duplicate is None:
            continue
        if not made.get("fact"):
            if duplicate.kind == "refunds":
                groups.append({duplicate})
            continue
        if getattr(fact, "total", False):
            totals.add(duplicate)
        group = {duplicate, FactId.parse(made["fact"])}
        for other in [g for g in groups if g & group]:
            group |= other
            groups.remove(other)
        groups.append(group)
    return [_same(intent, group, totals & group) for group in groups]


def _same(intent: Intent, group: set[FactId], totals: set[FactId]) -> DuplicateFacts:
    """The group; where it is about a total, with the pieces of it that this write told."""
    if not totals:
        return DuplicateFacts(frozenset(group))
    names = {fact.text for fact in group}
    lines = msgspec.convert(intent.operation, PlannedOperation).lines
    mine = [line for line in lines if not names.isdisjoint(line.facts)]
    pieces = sum((line.lacks for line in mine), Decimal(0))
    own = sum((line.had or Decimal(0) for line in mine), Decimal(0))
    return DuplicateFacts(frozenset(group), min(totals), pieces, own, f"intent:{intent.id}")


def _facts(observation: Observation) -> Iterator[tuple[FactId, Any]]:
    for kind in KINDS:
        listed = getattr(observation.fragment, kind)
        if listed is UNSET or listed is None:
            continue
        for fact in listed:
            yield FactId(observation.account, observation.stream, observation.external_id, kind, fact.id), fact
