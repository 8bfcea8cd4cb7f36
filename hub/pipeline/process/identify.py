"""Whose record is this? (Correlation Identifier)

Strong names bind for good, by connected components, so in any order. A record that cannot found a return waits under
its names as a return that nobody has opened yet, and is shown as unbound.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from hub.model.identity.names import Groups, order_names, own_name, speaks_of_order, strong
from hub.model.merge.goods.parcels import alone, numbers
from hub.model.schema.bindings import Name
from hub.model.schema.observation import HUB
from hub.pipeline.process import linking, order_binding
from hub.pipeline.process.batch import Batch, Bound
from hub.pipeline.process.order_binding import Orders
from hub.store import intents, keys, observations, parcels, returns
from hub.store.database import Connection
from hub.store.observations import Stored


def identify(conn: Connection, batch: Batch) -> Batch:
    """Bind the news to orders and returns; what has to wait for a write is no read of ours yet."""
    observed = batch.observed
    bound = bind(conn, [entry.stored for entry in observed.news], observed.before)
    waiting = {own_name(observed.news[index].stored.observation) for index in bound.postponed}
    reads = {name: read_seq for name, read_seq in observed.reads.items() if name not in waiting}
    return replace(batch, bound=bound, observed=replace(observed, reads=reads))


def bind(conn: Connection, news: Sequence[Stored], before: Mapping[Name, Stored]) -> Bound:
    """Bind these records to orders and returns; creates, joins and locks what is needed. `before`: what they said last.

    Takes its locks in the house's order: names, orders by id, returns by id.
    """
    names_of = [list(strong(record.observation)) for record in news]
    orders_of = [order_names(record.observation) for record in news]
    mentioned = {name for names in (*names_of, *orders_of) for name in names}
    keys.lock(conn, mentioned)
    known = keys.find(conn, mentioned)
    # A number of ours that we never gave out is a typing error over there, not a name.
    names_of = [[name for name in names if name[0] != HUB or name in known] for names in names_of]
    cut = keys.blocked_links(conn, (own_name(record.observation) for record in news))
    if cut:
        names_of = [[name for name in names if (names[0], name) not in cut] for names in names_of]

    bound = Bound()
    ordered = order_binding.orders(conn, news)
    left = _left(conn, news, before, ordered, orders_of)
    bound.orders |= ordered.touched.union(*left.values())
    return_of = _bind_returns(conn, names_of, known, bound)
    pairs: list[tuple[int, int]] = []
    for index, record in enumerate(news):
        if index in bound.postponed:
            continue
        account = record.observation.account
        bound.heard_of |= {name for name in orders_of[index] if name[0] == account and name not in known}
        if names_of[index]:
            return_id = return_of[names_of[index][0]]
            bound.returns.add(return_id)
            pairs += [(return_id, order) for order in ordered.of(orders_of[index])]
            bound.news.append(record._replace(return_id=return_id))
        else:
            order_id = ordered.of_name[own_name(record.observation)]
            bound.orders.add(order_id)
            bound.news.append(record._replace(order_id=order_id))
    bound.parcels = _parcels(conn, news, bound)
    returns.belong(conn, pairs, bound.orders)
    bereft = {return_id for return_id, _ in returns.of_orders(conn, set().union(*left.values()))} if left else set()
    _leave(conn, bound, left, pairs)
    bound.returns.update(return_id for return_id, _ in returns.of_orders(conn, bound.orders))
    bound.loud |= {*bound.fresh, *(survivor for survivor, _ in bound.linked)}
    bound.loud |= bereft | {return_id for return_id, _ in returns.of_orders(conn, ordered.touched)}
    bound.loud &= bound.returns
    return bound


def _left(
    conn: Connection,
    news: Sequence[Stored],
    before: Mapping[Name, Stored],
    ordered: Orders,
    orders_of: Sequence[Sequence[Name]],
) -> dict[Name, set[int]]:
    """By record: the orders that it named last and names no more."""
    left: dict[Name, set[int]] = {}
    for record, names in zip(news, orders_of, strict=True):
        name = own_name(record.observation)
        old = before[name].observation if name in before else None
        if old is not None and not speaks_of_order(old.fragment) and not set(order_names(old)) <= set(names):
            left[name] = order_binding.known(conn, [old]).of(order_names(old)) - ordered.of(names)
    return left


def _leave(
    conn: Connection, bound: Bound, left: Mapping[Name, set[int]], named_now: Collection[tuple[int, int]]
) -> None:
    """A return belongs to no order any more that none of its records names."""
    concerned: dict[int, set[int]] = {}
    for record in bound.news:
        if record.return_id is not None and (named := left.get(own_name(record.observation))):
            concerned.setdefault(record.return_id, set()).update(named)
    others = observations.own_of_returns(conn, concerned) if concerned else {}
    gone: list[tuple[int, int]] = []
    for return_id, orders in concerned.items():
        still = [o for o in others.get(return_id, ()) if not o.gone and own_name(o) not in left]
        kept = linking.orders_of(conn, still)
        gone += [(return_id, order) for order in orders - kept]
    returns.leave(conn, set(gone).difference(named_now))


def _parcels(conn: Connection, news: Sequence[Stored], bound: Bound) -> set[Name]:
    """Note which parcels these records tell of; those records that tell of any, or told of any before."""
    parcel_numbers = {
        own_name(r.observation): (numbers(r.observation.fragment), alone(r.observation.fragment)) for r in news
    }
    before = parcels.known(conn, parcel_numbers)
    bound.returns |= parcels.returns_of(conn, before)
    concerned = {name for name, (found, _) in parcel_numbers.items() if found} | before
    parcels.keep(conn, {name: parcel_numbers[name] for name in concerned})
    return concerned


def _bind_returns(
    conn: Connection,
    names_of: Sequence[Sequence[Name]],
    known: dict[Name, tuple[int | None, int | None]],
    bound: Bound,
) -> dict[Name, int]:
    groups = Groups()
    for names in names_of:
        if names:
            groups.join(names)
    members = {top: sorted(names) for top, names in groups.all().items()}
    ids = {top: sorted({i for n in names if n in known and (i := known[n][0])}) for top, names in members.items()}
    joined = {i for found in ids.values() if len(found) > 1 for i in found}
    rows = returns.lock(conn, joined)
    if parted := linking.unlink_all(conn, rows, being_written(conn, joined)):
        # A strong name says otherwise than a weak binding, which yields.
        bound.returns |= {*joined, *parted}
        bound.loud |= {*joined, *parted}
        return _bind_returns(conn, names_of, keys.find(conn, [n for names in members.values() for n in names]), bound)
    busy = being_written(conn, joined)  # under the lock: a write begins under it, too
    waits = {top for top, found in ids.items() if len(found) > 1 and busy & set(found)}
    bound.postponed = [index for index, names in enumerate(names_of) if names and groups.find(names[0]) in waits]
    bound.fresh = returns.numbers(conn, sum(not found for found in ids.values()))
    bindings: dict[Name, int] = {(HUB, "return", f"R{new}"): new for new in bound.fresh}
    numbers = iter(bound.fresh)
    return_of: dict[Name, int] = {}
    for top, names in members.items():
        if top in waits:
            continue
        found = sorted(ids[top], key=lambda i: (not rows[i].opened, i) if i in rows else (False, i))
        survivor, *others = found or [next(numbers)]
        for other in others:
            returns.merge_returns(conn, survivor, other)
            bound.linked.append((survivor, other))
            bound.returns.discard(other)
        return_of.update(dict.fromkeys(names, survivor))
    bindings |= {n: i for n, i in return_of.items() if known.get(n, (None, None))[0] != i}
    keys.bind_returns(conn, bindings)
    return return_of


def being_written(conn: Connection, return_ids: Iterable[int]) -> set[int]:
    """Returns with a remote write under way: nothing about them may move before its outcome is known."""
    wanted = sorted(set(return_ids))
    if not wanted:
        return set()
    found = intents.unfinished(conn, wanted)
    return {i for i, open_ in found.items() if any(intent.state in ("open", "waiting", "unknown") for intent in open_)}
