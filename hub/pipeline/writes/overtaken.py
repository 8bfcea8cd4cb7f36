"""What a system shows while we are writing there may be that very write, shown before its answer told us so.

Counted beside what it copies it would be goods that came twice: the other systems would be told so, and money could
fall due. So what is new there waits until the outcome of the write is known, and then it is linked, or counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from hub.model.merge.goods import by_hand
from hub.model.schema.observation import HUB, DuplicateFacts, FactId, Observation, Untaken
from hub.model.schema.operation import PlannedOperation
from hub.model.schema.returns import Return
from hub.store import jobs
from hub.store.database import Connection
from hub.store.intents import Intent

MAKES = {"receive": "receipts", "dispose": "dispositions", "note": "notes"}
"""Per operation the facts that it makes, and that nothing but its answer links."""
MADE_BY = {made: kind for kind, made in MAKES.items()}
UNDECIDED = frozenset({"open", "waiting", "unknown"})


def undecided(intent: Intent) -> bool:
    """Whether nobody knows yet what it made: it is under way, or a person is asked."""
    answered = "made" in (intent.reply or {})
    return intent.state in UNDECIDED or (intent.state == "dead" and intent.possible and not answered)


def untaken(matter: Iterable[Intent], old: Return | None) -> tuple[Untaken, ...]:
    """The goods that writes were to tell of and did not: not taken, impossible there, or dealt with by a person.

    With those that were known before: what became of the write since does not matter.
    """
    known = {(one.account, one.kind, one.line): one for one in old.untaken} if old is not None else {}
    for intent in matter:
        if intent.state not in ("dead", "no_way", "given_up", "held") or undecided(intent):
            continue
        operation = msgspec.convert(intent.operation, PlannedOperation)
        for target in operation.lines if intent.kind in ("receive", "dispose") else ():
            if target.had is None:
                continue
            name = (intent.account, MAKES[intent.kind], target.line)
            one = known.get(name) or Untaken(*name, target.had, ())
            facts = tuple(dict.fromkeys((*one.facts, *target.facts)))
            known[name] = replace(one, had=min(one.had, target.had), facts=facts)
    return tuple(known[name] for name in sorted(known))


def ended(conn: Connection, intent: Intent, state: str) -> None:
    """What was held back for this write counts, if it is decided now."""
    if intent.kind in MAKES and state not in UNDECIDED:
        jobs.want(conn, "recompute", [(HUB, f"R{intent.return_id}")])


def without(
    seen: Sequence[Observation], unfinished: Iterable[Intent], old: Return | None, linked: Iterable[DuplicateFacts]
) -> list[Observation]:
    """The records without such facts; `old`: the return as it was when the writes were planned, or since."""
    writing = {(i.account, MAKES[i.kind]) for i in unfinished if i.kind in MAKES and undecided(i)}
    if not writing or old is None:
        return list(seen)
    counted = _counted(old, linked)
    result = []
    for o in seen:
        kinds = [kind for account, kind in sorted(writing) if account == o.account]
        # What counts elsewhere, as people said, is not in the old return.
        more = {k: sum(by_hand.by_line(old.answers, o.account, k).values(), Decimal(0)) for k in kinds}
        result.append(_known(o, kinds, counted, more))
    return result


def _counted(old: Return, linked: Iterable[DuplicateFacts]) -> dict[FactId, Decimal | None]:
    """How many pieces each known fact counts for, under every name that it has; None: nobody counted them."""
    pieces: dict[FactId, Decimal | None] = {}

    def add(name: FactId, more: Decimal) -> None:
        pieces[name] = (pieces.get(name) or Decimal(0)) + more

    goods = (*old.receipts, *old.dispositions, *old.notes)
    speakers = {fact.speaker for fact in goods}
    for fact in goods:
        for name in (fact.speaker, *(duplicate for duplicate in fact.also if duplicate not in speakers)):
            add(name, fact.quantity or Decimal(1))
    for duplicates in linked:
        if duplicates.total is not None:
            add(duplicates.total, duplicates.pieces)
        for name in duplicates.facts:
            pieces.setdefault(name, None)
    return pieces


def _known(
    observation: Observation,
    kinds: Iterable[str],
    counted: Mapping[FactId, Decimal | None],
    more: Mapping[str, Decimal],
) -> Observation:
    """The record with what was counted of it, and with as many pieces as it shows no more: they may have new names.
    `more`: so many pieces besides, by kind."""
    fragment = observation.fragment
    name = (observation.account, observation.stream, observation.external_id)
    for kind in kinds:
        if listed := getattr(fragment, kind):
            ids = {FactId(*name, kind, fact.id) for fact in listed}
            gone = sum((n or 0 for f, n in counted.items() if f not in ids and _is_of(f, name, kind)), more[kind])
            kept = []
            for fact in listed:
                quantity = getattr(fact, "quantity", Decimal(1))
                known = FactId(*name, kind, fact.id)
                counts = counted.get(known, Decimal(0))
                if counts is not None and counts < quantity:
                    rest = min(gone, quantity - counts)
                    counts, gone = counts + rest, gone - rest
                if counts is not None and counts < quantity:
                    if not counts or not hasattr(fact, "quantity"):
                        continue
                    fact = replace(fact, quantity=counts)
                kept.append(fact)
            fragment = replace(fragment, **{kind: tuple(kept)})
    return observation if fragment is observation.fragment else replace(observation, fragment=fragment)


def _is_of(fact: FactId, name: tuple[str, str, str], kind: str) -> bool:
    return (fact.account, fact.stream, fact.object, fact.kind) == (*name, kind)
