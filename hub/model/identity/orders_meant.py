"""Which orders a return is about: by their ids, and by numbers as far as they are unique."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hub.model.identity.names import NUMBER, Groups, Numbers, bears, name_of, order_names, own_name, speaks_of_order
from hub.model.schema.bindings import Name
from hub.model.schema.observation import Observation


class Meant(NamedTuple):
    """`orders`: each by all its names. `others`: names of orders that go by a number of these, and are none of them.

    `unclear`: numbers that two orders share, and by which alone an order is named; the orders that may be meant.
    """

    orders: list[set[Name]]
    others: set[Name]
    unclear: dict[Name, list[Name]]
    payments: set[Name]
    written: dict[Name, str]
    """Numbers as they were written."""
    shared: set[Name]
    """Numbers that two orders have."""


class _Claim(NamedTuple):
    ids: list[Name]
    numbers: list[Name]


def meant(observations: Sequence[Observation]) -> Meant:
    """What the records of one return, and those of orders that may be its, say together."""
    groups = Groups()
    payments: list[Observation] = []
    bearers: dict[Name, list[Name]] = {}
    written: dict[Name, str] = {}
    for observation in observations:
        for name, text in _written(observation).items():
            if name[0] == observation.account:
                written[name] = text  # as its issuer writes it
            written.setdefault(name, text)
        if speaks_of_order(observation.fragment):
            groups.join(_ids(order_names(observation)))
            if observation.fragment.orders:
                payments.append(observation)
            for name in bears(observation):
                bearers.setdefault(name, []).append(own_name(observation))
    numbers = Numbers(bearers)
    claims = [_claim(order_names(o), numbers) for o in observations if not speaks_of_order(o.fragment)]
    named = {name for claim in claims for name in claim.ids}
    for number in sorted(bearers):
        groups.join([number, *numbers.joined(number, named)])
    unclear: dict[Name, list[Name]] = {}
    for claim in claims:
        for name in (*claim.ids, *claim.numbers):
            groups.find(name)
        known = [n for n in claim.numbers if numbers.joined(n, named) or not numbers.shared(n)]
        # An id and a number beside each other are one order; several of a sort are several orders.
        if len(claim.ids) == len(claim.numbers) == len(known) == 1:
            groups.join([*claim.ids, *known])
        unclear |= {n: sorted(bearers[n]) for n in claim.numbers if n not in known and not _at_home(n, claim.ids)}
    for payment in payments:
        groups.join([own_name(payment), *(n for n in order_names(payment) if n[1] == NUMBER and not numbers.shared(n))])
    sure = {groups.find(n) for claim in claims for n in (*claim.ids, *claim.numbers) if n not in unclear}
    spoken = {n for o in observations if not speaks_of_order(o.fragment) for n in order_names(o)}
    # Of orders that share a number, or whose number is named beside another order's id, those count that are meant.
    rivals = {groups.find(r) for n, found in bearers.items() if n in spoken or len(found) > 1 for r in found} - sure
    orders, others = [], set()
    for root, names in sorted(groups.all().items(), key=lambda item: min(item[1])):
        if root in rivals or (claims and names <= {own_name(p) for p in payments}):
            others |= names
        else:
            orders.append(names)
    shared = {number for number in bearers if numbers.shared(number)}
    return Meant(orders, others, unclear, {own_name(payment) for payment in payments}, written, shared)


def _claim(names: Iterable[Name], numbers: Numbers) -> _Claim:
    """What a record of the return names. The id decides: a number that is another order's beside it says nothing."""
    listed = list(names)
    ids = _ids(listed)
    return _Claim(ids, [n for n in listed if n[1] == NUMBER and not numbers.contradicted(n, ids)])


def _ids(names: Iterable[Name]) -> list[Name]:
    return [name for name in names if name[1] != NUMBER]


def _at_home(number: Name, ids: Iterable[Name]) -> bool:
    """Whether the order is named by an id of the account whose number it is: then nothing is unclear."""
    return any(name[0] == number[0] for name in ids)


def _written(observation: Observation) -> dict[Name, str]:
    """The numbers of orders as this record writes them."""
    fragment = observation.fragment
    keys = (*fragment.orders, *(fragment.keys if speaks_of_order(fragment) else ()))
    return {name_of(key, observation.account): key.value for key in keys if key.type == NUMBER}
