"""What is near some news, held: returns of the same orders, and numbers that somebody typed; judged as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from hub.accounts import Account, parties
from hub.model.identity.candidates import candidate, titles
from hub.model.identity.names import order_names, own_name, speaks_of_order
from hub.model.identity.provisional import Judgement, decide
from hub.model.merge.merger import Merger
from hub.model.schema.bindings import Bindings, Name, ProvisionalLink, decode
from hub.model.schema.observation import HUB, MergeInputs, Observation
from hub.pipeline.process import order_binding
from hub.pipeline.process.linking import component
from hub.pipeline.process.load import Moved
from hub.store import bindings, duplicate_facts, keys, observations, returns
from hub.store.database import Connection


class Part(NamedTuple):
    """Records that are one return by strong names; `host`: where they are now."""

    id: int
    host: int
    link: ProvisionalLink | None
    seen: Sequence[Observation]
    names: frozenset[Name]


class Around(NamedTuple):
    """All that is near the news, held."""

    rows: Mapping[int, returns.ReturnRow]
    bindings: Mapping[int, Bindings]
    parts: Mapping[int, Part]
    decided: Judgement


def lock_nearby(conn: Connection, accounts: Mapping[str, Account], near: set[int], ids: set[int]) -> Around:
    """Hold everything near, in the house's order: orders, then returns; and what stands near after that."""
    while True:
        near = _closure(conn, near)
        returns.lock_orders(conn, (order for _, order in returns.orders_of(conn, near)))
        rows = returns.lock(conn, near | ids)
        if any(row.merged_into for row in rows.values() if row.id in ids):
            raise Moved
        if _closure(conn, near) == near:
            break
    known = {i: decode(stored) if (stored := rows[i].bindings) else Bindings() for i in near}
    seen = observations.of_returns(conn, sorted(near))
    names = keys.of_returns(conn, near)
    parts = {one.id: one for i in sorted(near) for one in _parts(conn, i, known[i], seen[i], names.get(i, set()))}
    # Of which nothing was told, and to which nothing is bound, that is as it was merged last.
    still = {i: doc for i in near - ids if (doc := rows[i].doc) and not known[i].links}
    return Around({i: rows[i] for i in near}, known, parts, _decide(conn, accounts, parts, seen, still))


def _closure(conn: Connection, near: Iterable[int]) -> set[int]:
    """All returns that are near these, near those, and so on; not those that went into another."""
    known: set[int] = set()
    asked: set[int] = set()
    more = set(near)
    while more:
        asked |= more
        rows = {i: row for i, row in returns.read(conn, more).items() if not row.merged_into}
        known |= rows.keys()
        seen = observations.of_returns(conn, sorted(rows))
        numbers = [(i, title) for i in rows for o in seen[i] if not o.gone for title in titles(o)]
        found = {other for _, other in bindings.neighbours(conn, rows, numbers)}
        found |= {i for row in rows.values() if row.bindings for i in decode(row.bindings).asks}
        more = found - asked
    return known


def _parts(conn: Connection, host: int, known: Bindings, seen: Sequence[Observation], names: set[Name]) -> list[Part]:
    """What a return is made of: one part, and one for each weak binding that no strong name has confirmed."""
    own = [o for o in seen if not speaks_of_order(o.fragment)]
    theirs = [o for o in own if o.account != HUB]
    found = []
    for link in known.links:
        if link.confirmed:
            continue
        mine = component(conn, theirs, link.names)
        if mine.isdisjoint(link.beside):
            inside = [o for o in theirs if own_name(o) in mine]
            found.append(Part(link.guest, host, link, inside, frozenset(mine)))
            names -= mine
    guests = {own_name(o) for one in found for o in one.seen}
    rest = [o for o in own if own_name(o) not in guests]
    return [Part(host, host, None, rest, frozenset(names)), *found]


def _decide(
    conn: Connection,
    accounts: Mapping[str, Account],
    parts: Mapping[int, Part],
    seen: Mapping[int, Sequence[Observation]],
    still: Mapping[int, bytes],
) -> Judgement:
    people = parties(accounts)
    of_orders = {
        host: [o for o in seen[host] if speaks_of_order(o.fragment)] for host in {p.host for p in parts.values()}
    }
    records = [own_name(o) for found in of_orders.values() for o in found]
    named = order_binding.known(conn, [o for one in parts.values() for o in one.seen], records)
    known = duplicate_facts.of_returns(conn, sorted({one.host for one in parts.values()}))
    ours = keys.find(conn, {(HUB, key.type, key.value) for one in parts.values() for o in one.seen
                            for key in o.fragment.keys if key.issuer == HUB})  # fmt: skip
    candidates = []
    for one in parts.values():
        its = {order for o in one.seen for order in named.of(order_names(o))}
        # Of its own orders, as if it had never been where it is.
        shared = [o for o in of_orders[one.host] if named.of_name.get(own_name(o)) in its]
        same = known.get(one.host, ())
        live = [o for o in one.seen if not o.gone]
        settled = any((HUB, key.type, key.value) in ours for o in live for key in o.fragment.keys if key.issuer == HUB)
        merged = returns.decode(still[one.id]) if one.id in still else None
        holds: set[str] = set()
        if merged is None or merged.origin == "undelivered":
            merger = Merger([*one.seen, *shared], MergeInputs(parties=people, duplicates=same, number=f"R{one.id}"))
            merged, holds = merger.merged(), _holds(merger, live)
        candidates.append(candidate(one.id, merged, live, its, settled=settled, duplicates=same, holds=holds))
    return decide(candidates, _apart(conn, parts))


def _holds(merger: Merger, seen: Sequence[Observation]) -> set[str]:
    """The lines that these records say are in their parcels."""
    named = [(o, part) for o in seen for parcel in o.fragment.shipments or () for part in parcel.lines]
    return {key for o, part in named for key in merger.book.keys(o, part)}


def _apart(conn: Connection, parts: Mapping[int, Part]) -> set[frozenset[int]]:
    """Pairs that a person parted: an object of one was cut from a name of the other."""
    of_object = {own_name(o): one.id for one in parts.values() for o in one.seen}
    of_name = {name: one.id for one in parts.values() for name in one.names}
    cut = keys.blocked_links(conn, of_object)
    return {
        frozenset((of_object[thing], of_name[name]))
        for thing, name in cut
        if name in of_name and of_object[thing] != of_name[name]
    }
