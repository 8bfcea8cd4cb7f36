"""Facts with their duplicates: authority ranks only between duplicates, strangers stay apart and add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hub.model.schema.authority import party, rank
from hub.model.schema.fragment import Refund
from hub.model.schema.observation import DuplicateFacts, FactId, MergeInputs, Observation

ENTITIES = frozenset({"refunds", "credits", "shipments", "replacements", "notes"})
"""Kinds whose ids are unique in their system: told in two objects of one account they are one fact all the same."""

StatedFact = tuple[FactId, Any, Observation]


class Event(Struct, kw_only=True):
    """One event: what the account with the most to say tells of it, and what its duplicates tell."""

    stated: list[StatedFact]
    others: dict[str, list[StatedFact]]
    """By account: what the duplicates say."""
    duplicates: tuple[FactId, ...]
    known_to: tuple[str, ...]
    linked: frozenset[FactId]
    """Facts of any kind recorded as the same event, seen or not."""

    @property
    def speaker(self) -> str:
        return self.stated[0][0].account

    @property
    def accounts(self) -> set[str]:
        return {self.speaker, *self.others}


class Links:
    """What is recorded as the same event, as connected components.

    Across kinds (a note that tells of a parcel, a refund that settles a credit) it is only a pair: two refunds of one
    credit are not each other's duplicates, nor are two credits that one refund settles. Nor is a total, which only
    knows of what is a part of it.
    """

    def __init__(self, inputs: MergeInputs) -> None:
        self._root: dict[FactId, FactId] = {}
        self._members: dict[FactId, set[FactId]] = {}
        self._across: dict[FactId, set[FactId]] = {}
        self.totals: dict[FactId, list[DuplicateFacts]] = {}
        """Of totals what they were told."""
        for duplicates in inputs.duplicates:
            if duplicates.total is not None:
                self.totals.setdefault(duplicates.total, []).append(duplicates)
                for fact in duplicates.facts - {duplicates.total}:
                    self._across.setdefault(fact, set()).add(duplicates.total)
                continue
            kinds: dict[str, list[FactId]] = {}
            for fact in duplicates.facts:
                kinds.setdefault(fact.kind, []).append(fact)
            for alike in kinds.values():
                if len(kinds) == 1 or len({fact.account for fact in alike}) == len(alike):
                    self.join(alike)
            if len(kinds) > 1:
                for fact in duplicates.facts:
                    self._across.setdefault(fact, set()).update(f for f in duplicates.facts if f.kind != fact.kind)

    def join(self, facts: Sequence[FactId]) -> None:
        """These are one event."""
        if len(facts) < 2:
            return
        members: set[FactId] = set()
        for fact in facts:
            root = self._root.get(fact, fact)
            members |= self._members.pop(root, {root})
        first = min(members)
        self._members[first] = members
        for member in members:
            self._root[member] = first

    def root(self, fact: FactId) -> FactId:
        return self._root.get(fact, fact)

    def alike(self, fact: FactId) -> set[FactId]:
        """Everything of its kind that is the same event, itself included, seen or not."""
        return self._members.get(self.root(fact), {fact})

    def across(self, facts: Iterable[FactId]) -> set[FactId]:
        """Facts of other kinds that tell of these."""
        found: set[FactId] = set()
        for fact in facts:
            found |= self._across.get(fact, set())
        return found

    def __bool__(self) -> bool:
        return bool(self._root or self._across)


def each(observations: Iterable[Observation], kind: str) -> Iterator[StatedFact]:
    """Every fact of this kind that these records state."""
    for observation in observations:
        listed = getattr(observation.fragment, kind)
        if listed:
            for fact in listed:
                yield (
                    FactId(observation.account, observation.stream, observation.external_id, kind, fact.id),
                    fact,
                    observation,
                )


def events(listed: Iterable[StatedFact], kind: str, links: Links, inputs: MergeInputs) -> list[Event]:
    """The events that these facts are. Sorted by the speaker's name of them."""
    facts = list(listed)
    if not facts:
        return []
    if kind in ENTITIES:
        facts = _once(facts, links)
    groups: dict[FactId, list[StatedFact]] = {}
    for fact in facts:
        groups.setdefault(links.root(fact[0]), []).append(fact)
    result = [_event(members, kind, links, inputs) for members in groups.values()]
    result.sort(key=lambda event: _by_id(event.stated[0]))
    return result


def _event(members: list[StatedFact], kind: str, links: Links, inputs: MergeInputs) -> Event:
    first = members[0][0]
    if not links:
        return Event(
            stated=members, others={}, duplicates=(first,), known_to=(first.account,), linked=frozenset((first,))
        )
    alike = links.alike(first)
    linked = frozenset(alike | links.across(alike))
    accounts = tuple(sorted({fact.account for fact in linked}))
    sides: dict[str, list[StatedFact]] = {}
    for fact in members:
        sides.setdefault(fact[0].account, []).append(fact)
    speaker = min(sides, key=lambda account: (-rank(party(inputs, account), kind), account))
    said = sorted(sides.pop(speaker), key=_by_id)
    duplicates = tuple(sorted(fact[0] for fact in members))
    return Event(stated=said, others=sides, duplicates=duplicates, known_to=accounts, linked=linked)


def named(event: Event, fact: StatedFact) -> dict[str, Any]:
    """Who tells this fact, and who else knows of it: the fields that every fact of the merged return has."""
    speaker = fact[0]
    base: dict[str, Any] = {"id": speaker.text, "kind": speaker.kind, "speaker": speaker}
    if len(event.duplicates) > 1:
        base["also"] = tuple(fact for fact in event.duplicates if fact != speaker)
    if len(event.known_to) > 1:
        base["knows"] = tuple(account for account in event.known_to if account != speaker.account)
    return base


def _by_id(fact: StatedFact) -> FactId:
    return fact[0]


def _richer(older: StatedFact, newest: StatedFact, name: FactId) -> StatedFact:
    """What was read last; where a summary is silent on what a refund was for, the other record still speaks.

    Lines are named as the record that names them does, so that record comes along.
    """
    refund, said = newest[1], newest[2]
    if isinstance(refund, Refund):
        before = older[1]
        more = {
            field: getattr(before, field)
            for field in ("breakdown", "allocations", "reference", "at", "note", "presentment")
            if not getattr(refund, field) and getattr(before, field)
        }
        if len(before.parts) == len(refund.parts):
            pairs = zip(refund.parts, before.parts, strict=True)
            parts = tuple(replace(one, payment=one.payment or other.payment) for one, other in pairs)
            more |= {"parts": parts} if parts != refund.parts else {}
        if more:
            refund = replace(refund, **more)
            said = older[2] if "allocations" in more else said
    return name, refund, said


def _once(facts: list[StatedFact], links: Links) -> list[StatedFact]:
    """One telling per account and id: what was read last, under the first of its names, whichever record told it.

    A name that changed with every read would make the same fact look new. All its names are names of the same event.
    """
    seen: dict[tuple[str, str], StatedFact] = {}
    doubled = False
    for fact in facts:
        known = seen.get(key := (fact[0].account, fact[0].id))
        if known is None:
            seen[key] = fact
            continue
        doubled = True
        links.join((known[0], fact[0]))
        older, newest = sorted((known, fact), key=lambda one: (one[2].read_seq, one[0]))
        seen[key] = _richer(older, newest, min(known[0], fact[0]))
    return list(seen.values()) if doubled else facts
