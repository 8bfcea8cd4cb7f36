"""Which records are one return (Correlation Identifier): strong names bind for good, in any order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from hub.model.language.spelling import OrderNumbers, order_number
from hub.model.schema.bindings import Name
from hub.model.schema.fragment import Fragment, Key
from hub.model.schema.observation import Observation

NUMBER = "order_number"
"""The type of the names that people use for an order. They are no ids: see `Numbers`."""


def name_of(key: Key, account: str) -> Name:
    """The key as it is known everywhere; no issuer means the account that said it. Numbers in their normal form."""
    return (key.issuer or account, key.type, order_number(key.value) if key.type == NUMBER else key.value)


def numbered(fragment: Fragment, numbers: Mapping[str, OrderNumbers], account: str) -> Fragment:
    """The record with its numbers of orders as their shops write them, where a shop says how (`numbers`)."""
    if not numbers:
        return fragment

    def written(key: Key) -> Key:
        form = numbers.get(key.issuer or account) if key.type == NUMBER else None
        return replace(key, value=form.written(key.value)) if form else key

    return replace(fragment, keys=tuple(map(written, fragment.keys)), orders=tuple(map(written, fragment.orders)))


def own_name(observation: Observation) -> Name:
    return (observation.account, observation.stream, observation.external_id)


def opens(fragment: Fragment) -> bool:
    """Whether this record can begin a return: a request, a counter or blind receipt, a parcel coming back. No other."""
    return fragment.origin is not UNSET and fragment.origin is not None


def speaks_of_order(fragment: Fragment) -> bool:
    """Whether this is the record of an order or of a payment, shared by every return of that order."""
    return fragment.order is not UNSET and fragment.order is not None and not opens(fragment)


def strong(observation: Observation) -> tuple[Name, ...]:
    """The names that bind this record to a return, its own first. An order's record has none: it belongs to many."""
    fragment = observation.fragment
    if speaks_of_order(fragment):
        return ()
    return (own_name(observation), *(name_of(key, observation.account) for key in fragment.keys))


def order_names(observation: Observation) -> tuple[Name, ...]:
    """The names of the orders this record is, or belongs to."""
    fragment = observation.fragment
    named = tuple(name_of(key, observation.account) for key in fragment.orders)
    if not speaks_of_order(fragment):
        return named
    aliases = tuple(name_of(key, observation.account) for key in fragment.keys)
    # A payment names its order and is no order itself; its own name is an alias of that order all the same.
    return (own_name(observation), *aliases, *named)


def bears(observation: Observation) -> tuple[Name, ...]:
    """The numbers that this order goes by. A payment goes by none, nor does an order that is gone."""
    fragment = observation.fragment
    if observation.gone or fragment.orders or not speaks_of_order(fragment):
        return ()
    return tuple(name for name in order_names(observation) if name[1] == NUMBER)


class Numbers:
    """Which orders a number means. `bearers`: per number the order records that go by it.

    A number is a key only as far as it is unique: where its issuer has two orders of that number it is none for
    anybody, where another account has two (an ERP's two sales for one order), it is none for that account's.
    """

    def __init__(self, bearers: Mapping[Name, Collection[Name]]) -> None:
        self.bearers = bearers

    def shared(self, number: Name) -> bool:
        """Whether two orders of its issuer go by it, so that it says nothing alone."""
        return len(self._of(number, number[0])) > 1

    def joined(self, number: Name, named: Collection[Name] = ()) -> list[Name]:
        """The records that are the one order of this number. `named`: ids that were named beside it, and decide."""
        home = self._of(number, number[0])
        unsure = len(home) > 1
        if unsure:
            home = [record for record in home if record in named]
            if len(home) != 1:
                return []
        found = home
        for account in sorted({record[0] for record in self.bearers.get(number, ())} - {number[0]}):
            mine = self._of(number, account)
            if unsure or len(mine) > 1:
                mine = [record for record in mine if record in named]
            found = [*found, *mine] if len(mine) == 1 else found
        return found

    def contradicted(self, number: Name, ids: Iterable[Name]) -> bool:
        """Whether one of these ids is an order of its issuer that goes by another number, as far as anybody told."""
        home = self._of(number, number[0])
        named = [name for name in ids if name[0] == number[0]]
        return bool(home and named) and not any(name in home for name in named)

    def _of(self, number: Name, account: str) -> list[Name]:
        return sorted(record for record in self.bearers.get(number, ()) if record[0] == account)


class ReturnComponent(NamedTuple):
    """Records that are one return. `opened` is false where nothing in it may begin one: held, and shown as unbound."""

    names: frozenset[Name]
    members: tuple[Name, ...]
    opened: bool


class Groups:
    """Names in connected components (union-find); the order of `join` calls does not matter."""

    def __init__(self) -> None:
        self._parent: dict[Name, Name] = {}

    def find(self, name: Name) -> Name:
        parent = self._parent
        if name not in parent:
            parent[name] = name
            return name
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def join(self, names: Iterable[Name]) -> None:
        roots = {self.find(name) for name in names}
        if len(roots) > 1:
            first = min(roots)
            for root in roots:
                self._parent[root] = first

    def names(self) -> list[Name]:
        return list(self._parent)

    def all(self) -> dict[Name, set[Name]]:
        result: dict[Name, set[Name]] = {}
        for name in list(self._parent):
            result.setdefault(self.find(name), set()).add(name)
        return result


def bind(observations: Iterable[Observation], links: Iterable[Sequence[Name]] = ()) -> tuple[ReturnComponent, ...]:
    """The returns these records make, by strong names and `links` (a person's word, a reply to a write of ours)."""
    groups = Groups()
    records = {}
    for observation in observations:
        names = strong(observation)
        if names:
            groups.join(names)
            records[names[0]] = observation
    for link in links:
        groups.join(link)
    members: dict[Name, list[Name]] = {}
    for name in records:
        members.setdefault(groups.find(name), []).append(name)
    return tuple(
        ReturnComponent(
            names=frozenset(names),
            members=tuple(sorted(members[root])),
            opened=any(opens(records[name].fragment) for name in members[root]),
        )
        for root, names in sorted(groups.all().items(), key=lambda item: min(item[1]))
        if root in members
    )
