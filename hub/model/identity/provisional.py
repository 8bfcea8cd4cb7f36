"""Which returns may be one, without proof: a number that somebody typed, or the same open piece of an order line.

All that is near each other is judged at once and by what it says, so the order of arrival does not matter. Parts that
fit each other and nothing else are bound; where one fits several that do not fit each other, a person decides. An
e-mail address or a name never identifies.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations, product
from typing import NamedTuple

from hub.model.identity.candidates import Candidate, Title
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import HUB


class Binding(NamedTuple):
    """Parts that are one return as far as anybody can tell. `why`: number | line."""

    ids: tuple[int, ...]
    why: str


class Question(NamedTuple):
    """`seeks` may be one with each of `candidates`, and these are not one; `around`: all that hangs on the answer."""

    seeks: int
    candidates: tuple[int, ...]
    around: tuple[int, ...]
    why: str


class Judgement(NamedTuple):
    bindings: tuple[Binding, ...]
    questions: tuple[Question, ...]


Parted = Collection[frozenset[int]]
"""Pairs that a person said are different."""

Group = tuple[int, ...]


def decide(parts: Iterable[Candidate], apart: Parted = ()) -> Judgement:
    """What is bound and what is asked. Numbers speak first; what they bind is one candidate for the rest."""
    known = {part.id: part for part in parts}
    questions: list[Question] = []

    def numbered(one: Group, two: Group) -> bool:
        return _any(known, one, two, _numbered) and not _parted(one, two, apart)

    def agree(one: Group, two: Group) -> bool:
        return numbered(one, two) or (beside(one, two) and not _any(known, one, two, _elsewhere))

    def beside(one: Group, two: Group) -> bool:
        return not (_accounts(known, one) & _accounts(known, two) or _parted(one, two, apart))

    def lined(one: Group, two: Group) -> bool:
        if not beside(one, two) or any(set(one) | set(two) <= set(q.around) for q in questions):
            return False
        return _any(known, one, two, _lined)

    single: list[Group] = [(id_,) for id_ in sorted(known)]
    by_number = _bind(single, _naming(known), numbered, agree, questions, "number")
    by_line = _bind(by_number, _of_others(known, by_number), lined, lined, questions, "line")
    asked = {i for question in questions for i in question.around}
    left = [
        group for group in by_line if len(group) == 1 and known[group[0]].typed_references and group[0] not in asked
    ]
    questions += _ask(known, by_line, left, _contrary, apart, "number")
    parcels = [group for group in by_line if any(known[i].parcel for i in group)]
    questions += _ask(known, by_line, parcels, _may_hold, apart, "parcel")
    why = {group: "number" for group in by_number}
    bound = tuple(Binding(group, why.get(group, "line")) for group in by_line if len(group) > 1)
    return Judgement(bound, tuple(questions))


def _bind(
    groups: Sequence[Group],
    pairs: Iterable[tuple[Group, Group]],
    near: Callable[[Group, Group], bool],
    fit: Callable[[Group, Group], bool],
    questions: list[Question],
    why: str,
) -> list[Group]:
    """Groups that are near each other become one where all of them fit each other; else it is asked."""
    beside: dict[Group, set[Group]] = {group: set() for group in groups}
    for one, two in pairs:
        if near(one, two):
            beside[one].add(two)
            beside[two].add(one)
    result: list[Group] = []
    asked: list[Question] = []
    for cluster in _clusters(beside):
        if all(fit(one, two) for one, two in combinations(cluster, 2)):
            result.append(_ids(*cluster))
            continue
        result += cluster
        around = _ids(*cluster)
        torn = [group for group in cluster if any(not fit(*pair) for pair in combinations(sorted(beside[group]), 2))]
        for group in torn or cluster[:1]:
            others = sorted(beside[group] if torn else cluster[1:])
            asked.append(Question(group[0], tuple(other[0] for other in others), around, why))
    questions += asked
    return sorted(result)


def _naming(known: Mapping[int, Candidate]) -> set[tuple[Group, Group]]:
    """The pairs of which one names a number of the other: all that can be bound by one."""
    bearers: dict[Title, list[int]] = {}
    for part in known.values():
        for title in part.names:
            bearers.setdefault(title, []).append(part.id)
    found = {
        tuple(sorted((p.id, other)))
        for p in known.values()
        for reference in p.typed_references
        for other in bearers.get(reference, ())
    }
    return {((one,), (two,)) for one, two in found if one != two}


def _of_others(known: Mapping[int, Candidate], groups: Sequence[Group]) -> Iterator[tuple[Group, Group]]:
    """The pairs that no account tells both of: all that can be bound by their lines."""
    by_accounts: dict[frozenset[str], list[Group]] = {}
    for group in groups:
        by_accounts.setdefault(frozenset(_accounts(known, group)), []).append(group)
    for (some, ones), (others, twos) in combinations(by_accounts.items(), 2):
        if some.isdisjoint(others):
            yield from product(ones, twos)
    yield from combinations(by_accounts.get(frozenset(), ()), 2)


def _ask(
    known: Mapping[int, Candidate],
    groups: Sequence[Group],
    seekers: Iterable[Group],
    may: Callable[[Candidate, Candidate], bool],
    apart: Parted,
    why: str,
) -> Iterator[Question]:
    """Of each seeker the groups that it may be one with, as nobody but a person can know."""
    for group in seekers:
        near = [
            one for one in groups if one != group and _any(known, group, one, may) and not _parted(group, one, apart)
        ]
        if near:
            yield Question(group[0], tuple(other[0] for other in near), _ids(group, *near), why)


def _may_hold(parcel: Candidate, other: Candidate) -> bool:
    """Whether pieces that are still to come back may be in a parcel that comes back undelivered."""
    if not parcel.parcel or other.parcel or not other.open or parcel.orders.isdisjoint(other.orders):
        return False
    return not parcel.holds or not parcel.holds.isdisjoint(other.open)


def _clusters(beside: Mapping[Group, set[Group]]) -> list[list[Group]]:
    seen: set[Group] = set()
    found = []
    for start in sorted(beside):
        if start in seen:
            continue
        cluster, todo = [], [start]
        seen.add(start)
        while todo:
            group = todo.pop()
            cluster.append(group)
            todo += [other for other in beside[group] if other not in seen]
            seen |= beside[group]
        found.append(sorted(cluster))
    return found


def _ids(*groups: Group) -> Group:
    return tuple(sorted(id_ for group in groups for id_ in group))


def _any(known: Mapping[int, Candidate], one: Group, two: Group, near: Callable[[Candidate, Candidate], bool]) -> bool:
    return any(near(known[a], known[b]) for a in one for b in two)


def _accounts(known: Mapping[int, Candidate], group: Group) -> set[str]:
    return {account for id_ in group for account in known[id_].accounts}


def _parted(one: Group, two: Group, apart: Parted) -> bool:
    return any(frozenset((a, b)) in apart for a in one for b in two)


def _numbered(one: Candidate, two: Candidate) -> bool:
    """One names the other's number, and neither order nor goods contradict it. Ours is everybody's: without a check it
    says nothing inside one account."""
    found = (one.typed_references & two.names) | (two.typed_references & one.names)
    if not found or _elsewhere(one, two) or _other_goods(one, two):
        return False
    return _foreign(found) or one.accounts.isdisjoint(two.accounts)


def _contrary(seeks: Candidate, other: Candidate) -> bool:
    """It names the other's number, and what stands beside that contradicts it, so that one of the two is mistyped.

    Of another order, a number of ours says nothing, nor does one of the same account.
    """
    found = seeks.typed_references & other.names
    beside = seeks.accounts.isdisjoint(other.accounts)
    if _elsewhere(seeks, other):
        return _foreign(found) and beside
    return bool(found) and (_foreign(found) or beside) and _other_goods(seeks, other)


def _foreign(found: Iterable[Title]) -> bool:
    return any(issuer != HUB for issuer, _ in found)


def _elsewhere(one: Candidate, two: Candidate) -> bool:
    """Both name orders, and none that the other names."""
    return bool(one.orders and two.orders) and one.orders.isdisjoint(two.orders)


def _other_goods(one: Candidate, two: Candidate) -> bool:
    """Both name goods in the same way and none in common. An order that both name speaks for them nevertheless."""
    alike = {kind for kind, _ in one.articles} & {kind for kind, _ in two.articles}
    return bool(alike) and one.articles.isdisjoint(two.articles) and one.orders.isdisjoint(two.orders)


def _lined(one: Candidate, two: Candidate) -> bool:
    """Both speak of one order, at least one of them is no return of ours yet, and its pieces are open in the other."""
    if one.orders.isdisjoint(two.orders) or (one.settled and two.settled):
        return False
    return _fits(one.wanted, two.open) or _fits(two.wanted, one.open)


def _fits(wanted: Mapping[str, Decimal], open_: Mapping[str, Decimal]) -> bool:
    return bool(wanted) and all(0 < quantity <= open_.get(line, Zero) for line, quantity in wanted.items())
