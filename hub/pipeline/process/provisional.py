"""Provisional bindings: what may be one return, without proof, is bound provisionally, asked, or parted again.

Runs after the strong names are bound, on whatever is near the news: returns of the same orders, and numbers that
somebody typed. All of it is held, judged anew as a whole, and brought to what was decided. Nearly always nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from msgspec.structs import replace

from hub.accounts import Account, parties
from hub.model.identity.names import order_names, own_name, speaks_of_order
from hub.model.identity.provisional import Decision, Question, decide, part, titles, typed_references
from hub.model.language.sentences import sentence
from hub.model.merge.merger import Merger
from hub.model.schema.bindings import Bindings, Name, ProvisionalLink, decode
from hub.model.schema.observation import HUB, MergeInputs, Observation
from hub.pipeline.process import order_binding
from hub.pipeline.process.combine import Moved, combine
from hub.pipeline.process.identify import being_written
from hub.pipeline.process.linking import component, join, unlink, write
from hub.store import bindings, duplicate_facts, intents, jobs, keys, observations, returns, reviews
from hub.store.database import Connection, now
from hub.store.observations import Stored

KIND = "two_candidates"
JOB = "recompute"
BUSY_AGAIN = 3.0
"""Seconds until it is judged again where a write under way keeps everything in its place."""
SETTLE = 60.0
"""Seconds for records of an account that is not configured any more."""


class _Part(NamedTuple):
    """Records that are one return by strong names; `host`: where they are now."""

    id: int
    host: int
    link: ProvisionalLink | None
    seen: Sequence[Observation]
    names: frozenset[Name]


class _Around(NamedTuple):
    """All that is near the news, held."""

    rows: Mapping[int, returns.Row]
    bindings: Mapping[int, Bindings]
    parts: Mapping[int, _Part]
    decided: Decision


class Weighed(NamedTuple):
    """`into`: which return went into which just now; `near`: returns to be combined again, as they are numbered now;
    `fresh`: returns that begin now and have no row yet."""

    into: Mapping[int, int]
    near: frozenset[int]
    fresh: Sequence[int]

    def of(self, return_ids: Iterable[int]) -> set[int]:
        """These returns and all that have to be combined with them."""
        return {self.into.get(i, i) for i in return_ids} | self.near

    def renumbered(self, because: Mapping[int, Sequence[str]]) -> dict[int, list[str]]:
        """What brought news of which return, as they are numbered now."""
        found: dict[int, list[str]] = {}
        for return_id, why in because.items():
            found.setdefault(self.into.get(return_id, return_id), []).extend(why)
        return found


def weigh(
    conn: Connection,
    accounts: Mapping[str, Account],
    return_ids: Iterable[int],
    news: Sequence[Stored] = (),
    fresh: Sequence[int] = (),
) -> Weighed:
    """Judge these returns and all that is near them, and bind, part or ask. `fresh`: those of them that begin now.

    Raises Moved where one of them went into another meanwhile.
    """
    ids = set(return_ids)
    told = [(record.return_id, title) for record in news if record.return_id for title in titles(record.observation)]
    typed = [(title, own_name(record.observation)) for record in news for title in typed_references(record.observation)]
    found = bindings.open_under(conn, bindings.keep_typed(conn, typed))
    pairs = bindings.neighbours(conn, ids, told)
    if not pairs and not found:
        return Weighed({}, frozenset(), fresh)
    # What is near something may become part of it, so it has to stand in a row that can be held.
    returns.begin(conn, fresh)
    near = {i for pair in pairs for i in pair}
    if found:
        near |= found | {r.return_id for r in news if r.return_id and typed_references(r.observation)}
    around = _look(conn, accounts, near, ids)
    return _bring_about(conn, accounts, around)


def again(conn: Connection, accounts: Mapping[str, Account], return_ids: Iterable[int], because: str = "") -> None:
    """Judge these returns and what is near them as if all were new, combine and plan them. `because`: who wants it.

    Raises Moved where one of them went into another meanwhile.
    """
    ids = {row.merged_into or row.id for row in returns.read(conn, return_ids).values()}
    weighed = weigh(conn, accounts, ids)
    why = weighed.renumbered({return_id: [because] for return_id in ids}) if because else {}
    told = weighed.of(ids)
    combine(conn, told, accounts, why, replan=True, loud=told)


def _look(conn: Connection, accounts: Mapping[str, Account], near: set[int], ids: set[int]) -> _Around:
    """Hold everything near, in the house's order: orders, then returns; and what stands near after that."""
    while True:
        near = _closure(conn, near)
        returns.lock_orders(conn, (order for _, order in returns.orders_of(conn, near)))
        rows = returns.lock(conn, near | ids)
        if any(row.merged_into for row in rows.values() if row.id in ids):
            raise Moved
        if _closure(conn, near) == near:
            break
    known = {i: decode(ties_) if (ties_ := rows[i].bindings) else Bindings() for i in near}
    seen = observations.of_returns(conn, sorted(near))
    names = keys.of_returns(conn, near)
    parts = {one.id: one for i in sorted(near) for one in _parts(conn, i, known[i], seen[i], names.get(i, set()))}
    # Of which nothing was told, and to which nothing is bound, that is as it was merged last.
    still = {i: doc for i in near - ids if (doc := rows[i].doc) and not known[i].links}
    return _Around({i: rows[i] for i in near}, known, parts, _decide(conn, accounts, parts, seen, still))


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
        told = [(i, title) for i in rows for o in seen[i] if not o.gone for title in titles(o)]
        found = {other for _, other in bindings.neighbours(conn, rows, told)}
        found |= {i for row in rows.values() if row.bindings for i in decode(row.bindings).asks}
        more = found - asked
    return known


def _parts(conn: Connection, host: int, known: Bindings, seen: Sequence[Observation], names: set[Name]) -> list[_Part]:
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
            found.append(_Part(link.guest, host, link, inside, frozenset(mine)))
            names -= mine
    guests = {own_name(o) for one in found for o in one.seen}
    rest = [o for o in own if own_name(o) not in guests]
    return [_Part(host, host, None, rest, frozenset(names)), *found]


def _decide(
    conn: Connection,
    accounts: Mapping[str, Account],
    parts: Mapping[int, _Part],
    seen: Mapping[int, Sequence[Observation]],
    still: Mapping[int, bytes],
) -> Decision:
    people = parties(accounts)
    told = {host: [o for o in seen[host] if speaks_of_order(o.fragment)] for host in {p.host for p in parts.values()}}
    records = [own_name(o) for found in told.values() for o in found]
    named = order_binding.known(conn, [o for one in parts.values() for o in one.seen], records)
    known = duplicate_facts.of_returns(conn, sorted({one.host for one in parts.values()}))
    ours = keys.find(conn, {(HUB, key.type, key.value) for one in parts.values() for o in one.seen
                            for key in o.fragment.keys if key.issuer == HUB})  # fmt: skip
    candidates = []
    for one in parts.values():
        its = {order for o in one.seen for order in named.of(order_names(o))}
        # Of its own orders, as if it had never been where it is.
        shared = [o for o in told[one.host] if named.of_name.get(own_name(o)) in its]
        same = known.get(one.host, ())
        live = [o for o in one.seen if not o.gone]
        settled = any((HUB, key.type, key.value) in ours for o in live for key in o.fragment.keys if key.issuer == HUB)
        merged = returns.decode(still[one.id]) if one.id in still else None
        holds: set[str] = set()
        if merged is None or merged.origin == "undelivered":
            merger = Merger([*one.seen, *shared], MergeInputs(parties=people, duplicates=same, number=f"R{one.id}"))
            merged, holds = merger.whole(), _holds(merger, live)
        candidates.append(part(one.id, merged, live, its, settled=settled, duplicates=same, holds=holds))
    return decide(candidates, _apart(conn, parts))


def _holds(merger: Merger, seen: Sequence[Observation]) -> set[str]:
    """The lines that these records say are in their parcels."""
    named = [(o, part) for o in seen for parcel in o.fragment.shipments or () for part in parcel.lines]
    return {key for o, part in named for key in merger.book.keys(o, part)}


def _apart(conn: Connection, parts: Mapping[int, _Part]) -> set[frozenset[int]]:
    """Pairs that a person parted: an object of one was cut from a name of the other."""
    of_object = {own_name(o): one.id for one in parts.values() for o in one.seen}
    of_name = {name: one.id for one in parts.values() for name in one.names}
    cut = keys.blocked_links(conn, of_object)
    return {
        frozenset((of_object[thing], of_name[name]))
        for thing, name in cut
        if name in of_name and of_object[thing] != of_name[name]
    }


def _bring_about(conn: Connection, accounts: Mapping[str, Account], around: _Around) -> Weighed:
    """Part what does not hold, bind what does, ask what nobody can know."""
    state = _State(
        host_of={one.id: one.host for one in around.parts.values()},
        known=dict(around.bindings),
        busy=being_written(conn, around.rows),
    )
    wanted = {i: set(binding.ids) for binding in around.decided.bindings for i in binding.ids}
    for host in sorted(around.rows):
        _confirmed(conn, host, state, around.parts)
        if not state.inside(host) <= wanted.get(host, {host}):
            _part(conn, host, state)
    for binding in around.decided.bindings:
        hosts = sorted({state.host_of[i] for i in binding.ids})
        survivor = next((i for i in hosts if len(state.inside(i)) > 1), hosts[0])
        for host in hosts:
            if host != survivor and len(state.inside(host)) > 1:
                _part(conn, host, state)
        guests = sorted(i for i in binding.ids if state.host_of[i] == i and i != survivor and state.inside(i) == {i})
        if guests and state.busy & {survivor, *guests}:
            state.waits.add(survivor)
        elif guests:
            _bind(conn, accounts, around, survivor, guests, binding.why, state)
    if state.waits:
        jobs.want(conn, JOB, [(HUB, f"R{i}") for i in state.waits], after=BUSY_AGAIN)
    near = {state.host_of.get(i, i) for i in {*around.rows, *around.parts}}
    _ask(conn, around.decided.questions, state, near | set(around.rows))
    changed = frozenset(state.host_of.get(i, i) for i in state.changed)
    return Weighed({i: host for i, host in state.host_of.items() if i != host}, changed, ())


@dataclass
class _State:
    """Where everything is while it is being brought about."""

    host_of: dict[int, int]
    known: dict[int, Bindings]
    busy: set[int]
    waits: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    """What is bound, parted, or asked otherwise than before: to be combined again."""

    def inside(self, host: int) -> set[int]:
        return {i for i, its_host in self.host_of.items() if its_host == host}


def _part(conn: Connection, host: int, state: _State) -> None:
    """Its guests leave it, if nothing is being written and nothing was written that rests on them."""
    known = state.known[host]
    loose = [link for link in known.links if not link.confirmed]
    if host in state.busy:
        state.waits.add(host)
    elif not intents.made_since(conn, host, min(link.entry for link in loose)):
        gone = unlink(conn, host, known, [link.guest for link in loose])
        state.known[host] = replace(known, links=tuple(link for link in known.links if link.confirmed))
        state.changed |= {host, *gone}
        state.host_of.update((guest, guest) for guest in gone)
        state.known.update((guest, Bindings()) for guest in gone)


def _confirmed(conn: Connection, host: int, state: _State, parts: Mapping[int, _Part]) -> None:
    """A weak binding that is no part of its own any more was confirmed by a strong name."""
    known = state.known[host]
    left = tuple(link for link in known.links if link.confirmed or link.guest in parts)
    if len(left) < len(known.links):
        state.changed.add(host)
        write(conn, host, "link", sentence("proven"))
        state.known[host] = replace(known, links=left)
        bindings.save(conn, {host: state.known[host]})


def _bind(
    conn: Connection,
    accounts: Mapping[str, Account],
    around: _Around,
    host: int,
    guests: Iterable[int],
    why: str,
    state: _State,
) -> None:
    bound = list(state.known[host].links)
    settle = 0.0
    for guest in guests:
        one = around.parts[guest]
        objects = tuple(sorted(own_name(o) for o in one.seen if o.account != HUB))
        told = {name[0] for name in objects} | {o.account for o in around.parts[host].seen if o.account != HUB}
        settle = max(accounts[name].settle if name in accounts else SETTLE for name in told)
        act = join(conn, host, guest)
        what = ", ".join(" ".join(name) for name in objects)
        said = sentence("taken_for", objects=what, guest=f"R{guest}", host=f"R{host}", why=why, seconds=f"{settle:g}")
        link = ProvisionalLink(
            guest=guest,
            why=why,
            objects=objects,
            names=tuple(sorted(one.names)),
            beside=tuple(act["beside"]),
            entry=write(conn, host, "link", said, act),
            matures_at=now(conn) + timedelta(seconds=settle),
        )
        bound.append(link)
        state.host_of[guest] = host
    state.changed.add(host)
    state.known[host] = replace(state.known[host], links=tuple(bound))
    bindings.save(conn, {host: state.known[host]})
    if settle:
        jobs.want(conn, JOB, [(HUB, f"R{host}")], after=settle)


def _ask(conn: Connection, questions: Sequence[Question], state: _State, hosts: set[int]) -> None:
    """The review queue, all candidates side by side; questions that have answered themselves are closed."""
    still = []
    beside: dict[int, set[int]] = {}
    for question in questions:
        seeks = state.host_of[question.seeks]
        candidates = sorted({state.host_of[i] for i in question.candidates} - {seeks})
        around = {state.host_of[i] for i in question.around}
        for i in around:
            beside.setdefault(i, set()).update(around - {i})
        dedupe = f"{KIND}:{seeks}:{','.join(map(str, candidates))}"
        still.append(dedupe)
        names = ", ".join(f"R{i}" for i in candidates)
        said = sentence("may_be_same", one=f"R{seeks}", others=names, why=question.why)
        reviews.ask(conn, KIND, [seeks, *candidates], said, dedupe, {"seeks": seeks, "candidates": candidates})
    reviews.close_outdated(conn, KIND, [(i, "") for i in hosts], still)
    changed = {}
    for host in hosts & state.known.keys():
        asks = tuple(sorted(beside.get(host, ())))
        if state.host_of.get(host, host) == host and state.known[host].asks != asks:
            changed[host] = replace(state.known[host], asks=asks)
            state.changed.add(host)
    bindings.save(conn, changed)
