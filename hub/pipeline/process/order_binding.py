"""Which order is this record's, and which orders may a number mean?

An order is known by the ids of its records; a number joins them as far as it is unique
(`hub.model.identity.names.Numbers`).
A number that turns out to be shared is taken apart again, and every return that named it is asked anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from hub.model.identity.names import NUMBER, Groups, Numbers, bears, order_names, own_name, speaks_of_order
from hub.model.schema.bindings import Name
from hub.model.schema.observation import Observation
from hub.store import keys, observations, returns
from hub.store.database import Connection
from hub.store.observations import Stored


class Orders(NamedTuple):
    """The orders that the names of a batch belong to. `touched`: those whose records or returns are others now."""

    of_name: Mapping[Name, int]
    numbers: Numbers
    touched: set[int]

    def of(self, names: Sequence[Name]) -> set[int]:
        """The orders that a record of a return may be about, by the names it gives."""
        ids = [name for name in names if name[1] != NUMBER]
        found = {self.of_name[name] for name in names if name in self.of_name}
        for number in names:
            if number[1] != NUMBER:
                continue
            if self.numbers.shared(number):
                found |= {self.of_name[record] for record in self.numbers.bearers[number]}
            elif self.numbers.contradicted(number, ids):
                found -= {self.of_name[number]} - {self.of_name[name] for name in ids}
        return found


def orders(conn: Connection, news: Sequence[Stored]) -> Orders:
    """Bind the orders of this batch and the names it gives them; their names are locked by the caller."""
    seen = [record.observation for record in news]
    before = keys.bearing(conn, [own_name(o) for o in seen if speaks_of_order(o.fragment)])
    mentioned = {name for o in seen for name in order_names(o) if name[1] == NUMBER}
    mentioned |= {number for found in before.values() for number in found}
    old = Numbers(keys.bearers(conn, mentioned))
    now = {own_name(o): set(bears(o)) for o in seen if speaks_of_order(o.fragment) and not o.fragment.orders}
    changed = {n for record, found in now.items() for n in found ^ before.get(record, set())}
    if changed:
        keys.bear(conn, now)
    numbers = Numbers(keys.bearers(conn, mentioned)) if changed else old
    unsteady = {n for n in changed if _loose(numbers, n) or _loose(old, n)}

    groups = Groups()
    for observation in seen:
        names = order_names(observation)
        if speaks_of_order(observation.fragment):
            groups.join([n for n in names if n[1] != NUMBER or (observation.fragment.orders and not numbers.shared(n))])
        for name in names:
            if not numbers.shared(name):
                groups.find(name)
    for number in sorted(mentioned):
        groups.join(numbers.joined(number) and [number, *numbers.joined(number)])
        for record in numbers.bearers.get(number, ()):
            groups.find(record)
    bound = {name: found[1] for name, found in keys.find(conn, groups.names()).items() if found[1] is not None}
    touched: set[int] = set()
    outdated = _outdated(conn, changed, bound, numbers.bearers)
    keys.forget(conn, outdated)
    touched |= {bound.pop(number) for number in outdated}
    if unsteady:
        concerned = {
            n for number in unsteady for n in (number, *numbers.bearers.get(number, ()), *old.bearers.get(number, ()))
        }
        torn = {bound[name] for name in concerned if name in bound}
        touched |= torn | _apart(conn, torn, groups, bound, numbers)
    of_name = _bind(conn, groups, bound, touched)
    if unsteady or outdated:
        touched |= _again(conn, touched)
    return Orders(of_name, numbers, touched)


def _loose(numbers: Numbers, number: Name) -> bool:
    """Whether an account has two orders of this number."""
    accounts = [record[0] for record in numbers.bearers.get(number, ())]
    return len(accounts) > len(set(accounts))


def _apart(conn: Connection, torn: Iterable[int], groups: Groups, known: dict[Name, int], numbers: Numbers) -> set[int]:
    """Orders that a number held together which is none any more: each part but the first gets a number of its own."""
    fresh: set[int] = set()
    for order_id in sorted(torn):
        seen = observations.of_orders(conn, [order_id])
        for observation in seen:
            groups.join([n for n in order_names(observation) if n[1] != NUMBER])
        names = keys.of_order(conn, order_id)
        known |= dict.fromkeys(names, order_id)
        parts = sorted({groups.find(own_name(o)) for o in seen})
        for part in parts[1:]:
            (new,) = returns.create_orders(conn, 1)
            fresh.add(new)
            known.update({n: new for n in [*names, *known] if known.get(n) == order_id and groups.find(n) == part})
            observations.reorder(conn, [own_name(o) for o in seen if groups.find(own_name(o)) == part], new)
        for number in [n for n in names if n[1] == NUMBER and numbers.shared(n)]:
            known.pop(number, None)
            keys.forget(conn, [number])
    keys.bind_orders(conn, known)
    return fresh


def _bind(conn: Connection, groups: Groups, known: Mapping[Name, int], touched: set[int]) -> dict[Name, int]:
    members = {top: sorted(names) for top, names in groups.all().items()}
    ids = {top: sorted({known[n] for n in names if n in known}) for top, names in members.items()}
    fresh = iter(returns.create_orders(conn, sum(not found for found in ids.values())))
    returns.lock_orders(conn, (i for found in ids.values() if len(found) > 1 for i in found))
    order_of: dict[Name, int] = {}
    for top, names in members.items():
        survivor, *others = ids[top] or [next(fresh)]
        for other in others:
            returns.absorb_order(conn, survivor, other)
            touched.add(survivor)
        order_of.update(dict.fromkeys(names, survivor))
    keys.bind_orders(conn, {n: i for n, i in order_of.items() if known.get(n) != i})
    return order_of


def _again(conn: Connection, touched: Iterable[int]) -> set[int]:
    """Every return of these orders belongs to those that its own records mean; all orders that have one of them."""
    concerned = {return_id for return_id, _ in returns.of_orders(conn, touched)}
    seen = observations.own_of_returns(conn, concerned)
    named = known(conn, (o for own in seen.values() for o in own))
    now: set[int] = set()
    for return_id in sorted(concerned):
        its = {order for o in seen.get(return_id, ()) for order in named.of(order_names(o))}
        returns.belong_only(conn, return_id, its)
        now |= its
    return now


def known(conn: Connection, seen: Iterable[Observation], orders: Iterable[Name] = ()) -> Orders:
    """The orders that these records may be about, and those that these records of `orders` are, as far as known."""
    names = {name for observation in seen for name in order_names(observation)}.union(orders)
    numbers = Numbers(keys.bearers(conn, [name for name in names if name[1] == NUMBER]))
    names |= {record for found in numbers.bearers.values() for record in found}
    return Orders({n: i for n, (_, i) in keys.find(conn, names).items() if i is not None}, numbers, set())


def _outdated(
    conn: Connection, numbers: Iterable[Name], known: Mapping[Name, int], bearers: Mapping[Name, Collection[Name]]
) -> set[Name]:
    """Numbers that have gone from one order of an account to another of it."""
    moved = {n: known[n] for n in numbers if n in known and bearers.get(n)}
    moved = {n: i for n, i in moved.items() if not any(known.get(record) == i for record in bearers[n])}
    found = set()
    for number, order_id in moved.items():
        accounts = {record[0] for record in bearers[number]}
        held = [o for o in observations.of_orders(conn, [order_id]) if not o.fragment.orders and not o.gone]
        if any(o.account in accounts for o in held):
            found.add(number)
    return found
