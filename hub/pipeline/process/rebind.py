"""Bring about what was decided of provisional bindings: part what does not hold, bind what does, ask the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from msgspec.structs import replace

from hub.accounts import Account
from hub.model.identity.names import own_name
from hub.model.identity.provisional import Question
from hub.model.language.sentences import sentence
from hub.model.schema.bindings import Bindings, ProvisionalLink
from hub.model.schema.observation import HUB
from hub.pipeline.process.identify import being_written
from hub.pipeline.process.linking import join, unlink, write
from hub.pipeline.process.near import Around, Part
from hub.store import bindings, intents, jobs, reviews
from hub.store.database import Connection, now

KIND = "two_candidates"
JOB = "recompute"
BUSY_AGAIN = 3.0
"""Seconds until it is judged again where a write under way keeps everything in its place."""
SETTLE = 60.0
"""Seconds for records of an account that is not configured any more."""


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


def bring_about(conn: Connection, accounts: Mapping[str, Account], around: Around) -> Weighed:
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


def _confirmed(conn: Connection, host: int, state: _State, parts: Mapping[int, Part]) -> None:
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
    around: Around,
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
        telling = {name[0] for name in objects} | {o.account for o in around.parts[host].seen if o.account != HUB}
        settle = max(accounts[name].settle if name in accounts else SETTLE for name in telling)
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
