"""What a system shows while we are writing there may be that very write, shown before its answer told us so.

Counted beside what it copies it would be goods that came twice: the other systems would be told so, and money could
fall due. So what is new there waits until the outcome of the write is known, and then it is linked, or counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from hub.model.observation import HUB, FactId, Observation, Twins, Untaken
from hub.model.operation import Operation
from hub.model.returns import Return
from hub.store import lanes
from hub.store.database import Connection
from hub.store.intents import Intent

MAKES = {"receive": "receipts", "dispose": "dispositions", "note": "notes"}
"""Per operation the facts that it makes, and that nothing but its answer links."""
UNDECIDED = frozenset({"open", "waiting", "unknown"})


def undecided(intent: Intent) -> bool:
    """Whether nobody knows yet what it made: it is under way, or a person is asked."""
    answered = "made" in (intent.reply or {})
    return intent.state in UNDECIDED or (intent.state == "dead" and intent.possible and not answered)


def untaken(matter: Iterable[Intent]) -> tuple[Untaken, ...]:
    """The goods that writes were to tell of and did not: refused, impossible there, or dealt with by a person."""
    last: dict[tuple[str, str, str, str], Untaken] = {}
    for intent in matter:
        if intent.state not in ("dead", "no_way", "given_up") or undecided(intent):
            continue
        operation = msgspec.convert(intent.operation, Operation)
        for target in operation.lines if intent.kind in ("receive", "dispose") else ():
            word = "received" if intent.kind == "receive" else target.words.get("disposition", "")
            name = (intent.account, MAKES[intent.kind], target.line, "" if word == "received" else word)
            before = last[name].facts if name in last else ()
            facts = (*before, *(fact for fact in target.facts if fact not in before))
            last[name] = Untaken(*name[:3], target.totals.get(word, Decimal(0)), facts, name[3])
    return tuple(last[name] for name in sorted(last))


def ended(conn: Connection, intent: Intent, state: str) -> None:
    """What was held back for this write counts, if it is decided now."""
    if intent.kind in MAKES and state not in UNDECIDED:
        lanes.want(conn, "weigh", [(HUB, f"R{intent.return_id}")])


def without(
    seen: Sequence[Observation], unfinished: Iterable[Intent], old: Return | None, linked: Iterable[Twins]
) -> list[Observation]:
    """The records without such facts; `old`: the return as it was when the writes were planned, or since."""
    writing = {(i.account, MAKES[i.kind]) for i in unfinished if i.kind in MAKES and undecided(i)}
    if not writing or old is None:
        return list(seen)
    counted = _counted(old, linked)
    return [_known(o, [kind for account, kind in sorted(writing) if account == o.account], counted) for o in seen]


def _counted(old: Return, linked: Iterable[Twins]) -> dict[FactId, Decimal]:
    """How many pieces each fact counts for, under every name that it has."""
    pieces: dict[FactId, Decimal] = {}
    for facts in (old.receipts, old.dispositions, old.notes):
        for fact in facts:
            for twin in fact.twins:
                pieces[twin] = pieces.get(twin, Decimal(0)) + (fact.quantity or 1)
    not_read: dict[FactId, Decimal] = {}
    for twins in linked:
        for name in twins.facts - pieces.keys():
            most = max((pieces.get(other, Decimal(0)) for other in twins.facts), default=Decimal(0))
            not_read[name] = not_read.get(name, Decimal(0)) + most
    return pieces | not_read


def _known(observation: Observation, kinds: Iterable[str], counted: Mapping[FactId, Decimal]) -> Observation:
    """The record with what was counted, and with as many pieces as it shows no more: they may have new names. Of what
    grows under one name, as much as was counted."""
    fragment = observation.fragment
    name = (observation.account, observation.stream, observation.external_id)
    for kind in kinds:
        if listed := getattr(fragment, kind):
            ids = {FactId(*name, kind, fact.id) for fact in listed}
            gone = sum((n for f, n in counted.items() if f not in ids and _is_of(f, name, kind)), Decimal(0))
            kept = []
            for fact in listed:
                known = counted.get(FactId(*name, kind, fact.id))
                if known is None:
                    gone -= getattr(fact, "quantity", Decimal(1))
                    if gone < 0:
                        continue
                elif getattr(fact, "total", False) and fact.quantity > known:
                    fact = replace(fact, quantity=known)
                kept.append(fact)
            fragment = replace(fragment, **{kind: tuple(kept)})
    return observation if fragment is observation.fragment else replace(observation, fragment=fragment)


def _is_of(fact: FactId, name: tuple[str, str, str], kind: str) -> bool:
    return (fact.account, fact.stream, fact.object, fact.kind) == (*name, kind)
