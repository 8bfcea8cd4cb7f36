"""After a write of ours was read back: which fact over there is the twin of which fact of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET

from hub.model.observation import FactId, Observation, Twins
from hub.store import intents, twins
from hub.store.database import Connection
from hub.store.intents import Intent
from hub.store.observations import Name

KINDS = (
    "receipts",
    "inspections",
    "dispositions",
    "shipments",
    "refunds",
    "credits",
    "replacements",
    "notes",
    "evidence",
)


def observed(
    conn: Connection,
    return_id: int,
    open_: Sequence[Intent],
    seen: Sequence[Observation],
    known: Sequence[Twins],
    reads: Mapping[Name, int],
) -> tuple[list[Intent], list[Twins], list[Intent]]:
    """Recognise twins of what was told, as soon as they are seen, and the intents whose records were read back.

    Only a read that left after their answer shows the effect; a push that comes after it may have been sent before.
    Returns the intents still open, the twins just recognised, and the intents of which every record was read.
    """
    still: list[Intent] = []
    found: list[Twins] = []
    over: list[Intent] = []
    for intent in open_:
        if intent.state not in ("sent", "dead") or "ticket" not in (intent.reply or {}):
            still.append(intent)
            continue
        for group in _pairs(intent, seen):
            if not any(group <= twins_.facts for twins_ in (*known, *found)):
                twins.add(conn, return_id, group, f"intent:{intent.id}")
                found.append(Twins(frozenset(group)))
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
        if reads.get((intent.account, stream, external_id), -1) < reply["ticket"]
    ]


def _pairs(intent: Intent, seen: Sequence[Observation]) -> list[set[FactId]]:
    """Groups of facts that are one event: what the operation told, and what the reply says was made of it.

    A refund that answers no credit stands by itself: that we made it says whose it is.
    """
    theirs = {(f.kind, f.id): f for o in seen if o.account == intent.account for f in _facts(o)}
    groups: list[set[FactId]] = []
    for made in (intent.reply or {}).get("made", ()):
        twin = theirs.get((made["kind"], made["id"]))
        if twin is None:
            continue
        if not made.get("fact"):
            if twin.kind == "refunds":
                groups.append({twin})
            continue
        group = {twin, FactId.parse(made["fact"])}
        for other in [g for g in groups if g & group]:
            group |= other
            groups.remove(other)
        groups.append(group)
    return groups


def _facts(observation: Observation) -> Iterable[FactId]:
    for kind in KINDS:
        listed = getattr(observation.fragment, kind)
        if listed is UNSET or listed is None:
            continue
        for fact in listed:
            yield FactId(observation.account, observation.stream, observation.external_id, kind, fact.id)
