"""Two returns become one, and come apart again exactly as they were: the one way, whoever asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from hub.model.identity.names import Groups, order_names, own_name, strong
from hub.model.language.sentences import Sentence, sentence
from hub.model.merge.questions import OF_THE_ORDER
from hub.model.schema.bindings import Bindings, Name, ProvisionalLink, decode
from hub.model.schema.observation import HUB, Observation
from hub.pipeline.process import order_binding
from hub.pipeline.writes import no_effect
from hub.store import bindings, journal, keys, observations, returns
from hub.store.database import Connection, next_read_seq


def join(conn: Connection, survivor: int, other: int) -> dict[str, Any]:
    """`other` goes into `survivor`, both held by the caller; what went, for `part`."""
    names, beside = keys.of_return(conn, other), keys.of_return(conn, survivor)
    objects = own_objects(conn, other)
    moved = returns.merge_returns(conn, survivor, other)
    no_effect.gone(conn, other)
    return {"act": "link", "other": other, "objects": objects, "keys": names, "beside": beside, "moved": moved}


def part(conn: Connection, host: int, act: Mapping[str, Any]) -> list[Name]:
    """What `join` moved goes back to its own number, and with it what came later and names nothing else.

    Both rows are held by the caller; the objects that went.
    """
    other = int(act["other"])
    names = {_name(name) for name in act["keys"]}
    beside = {_name(name) for name in act.get("beside", ())}
    objects = {_name(name) for name in act["objects"]}
    seen = _own(conn, host)
    orders = {order for _, order in returns.orders_of(conn, [host])}
    # Its own number stays: whoever names the host later does not mean what left.
    mine = component(conn, seen, names, {(HUB, "return", f"R{host}")})
    if mine.isdisjoint(beside):
        names |= mine
        objects |= {own_name(o) for o in seen if own_name(o) in mine}
    returns.revive(conn, other)
    keys.move(conn, names, other)
    observations.move(conn, objects, other)
    returns.give_back(conn, act.get("moved", {}), other)
    for return_id, stays in ((host, False), (other, True)):
        own = [o for o in seen if (own_name(o) in objects) is stays]
        returns.belong_only(conn, return_id, orders_of(conn, own))
    _ask_again(conn, host, orders)
    return sorted(objects)


def _ask_again(conn: Connection, host: int, orders: Collection[int]) -> None:
    """Money that a person gave to it, on whichever return of its orders, was for both of them: whose it is now nobody
    has said. `orders`: those it had; the caller holds them."""
    near = sorted({host, *(other for other, _ in returns.of_orders(conn, orders))})
    returns.lock(conn, near)
    acts = [(one, name) for one in near for name in own_objects(conn, one) if name[0] == HUB]
    found = observations.of_objects(conn, [name for _, name in acts])
    for return_id, name in acts:
        said = found[name].observation
        answers = [a for a in said.fragment.answers if a.kind in OF_THE_ORDER and a.answer == f"of:R{host}"]
        if answers and not said.gone:
            (drawn,) = next_read_seq(conn)
            observations.save(conn, [found[name]._replace(observation=replace(said, gone=True, read_seq=drawn))])
            write(conn, return_id, "answer", sentence("asked_again", number=f"R{host}", kind=answers[0].kind))


def unlink(conn: Connection, host: int, known: Bindings, guests: Iterable[int]) -> list[int]:
    """Provisional links of `host` turn out not to hold: its guests are returns of their own again. Those that left."""
    leaving = set(guests)
    gone = []
    for link in known.links:
        if link.guest not in leaving:
            continue
        entry = journal.get(conn, link.entry)
        part(conn, host, (entry.detail if entry is not None else None) or _plain(link))
        what = ", ".join(" ".join(name) for name in link.objects)
        said = sentence("does_not_hold", objects=what, guest=f"R{link.guest}", host=f"R{host}")
        write(conn, host, "split", said)
        write(conn, link.guest, "split", said)
        gone.append(link.guest)
    bindings.save(conn, {host: replace(known, links=tuple(link for link in known.links if link.guest not in leaving))})
    return gone


def unlink_all(conn: Connection, rows: Mapping[int, returns.ReturnRow], busy: Collection[int] = ()) -> list[int]:
    """Something stronger is known of these returns: their weak bindings yield, but for those of `busy` ones. The
    returns that came out."""
    out: list[int] = []
    for return_id, row in sorted(rows.items()):
        if row.bindings and return_id not in busy:
            known = decode(row.bindings)
            out += unlink(conn, return_id, known, [link.guest for link in known.links if not link.confirmed])
    return out


def block_links(conn: Connection, one: int, two: int) -> None:
    """A person's word: the objects of these two do not belong together, whatever they say."""
    objects = {return_id: own_objects(conn, return_id) for return_id in (one, two)}
    for return_id, other in ((one, two), (two, one)):
        names = [name for name in keys.of_return(conn, return_id) if name not in objects[other] and name[0] != HUB]
        keys.block_links(conn, [*names, (HUB, "return", f"R{return_id}")], objects[other])


def make_firm(conn: Connection, return_id: int) -> bool:
    """A person saw what is bound to it without proof and keeps it; whether there was any."""
    known = _known(conn, return_id)
    if all(link.confirmed for link in known.links):
        return False
    bindings.save(conn, {return_id: replace(known, links=tuple(replace(link, confirmed=True) for link in known.links))})
    return True


def relate(conn: Connection, return_id: int, relation: str, other: int) -> None:
    """What a person decided of two returns shows on this one."""
    known = _known(conn, return_id)
    bindings.save(conn, {return_id: replace(known, relations=(*known.relations, (relation, f"R{other}")))})


def forget(conn: Connection, return_id: int, other: int) -> None:
    """`other` has come out of it: neither a link nor a relation is left."""
    known = _known(conn, return_id)
    links = tuple(link for link in known.links if link.guest != other)
    relations = tuple(pair for pair in known.relations if pair != ("merged_from", f"R{other}"))
    bindings.save(conn, {return_id: replace(known, links=links, relations=relations)})


def _known(conn: Connection, return_id: int) -> Bindings:
    """Under the row's lock, since it is about to be changed."""
    row = returns.lock(conn, [return_id])[return_id]
    return decode(row.bindings) if row.bindings else Bindings()


def component(
    conn: Connection, seen: Sequence[Observation], names: Iterable[Name], without: Collection[Name] = ()
) -> set[Name]:
    """All that hangs on these names by strong ones but `without`, among these records; what a person cut does not."""
    cut = keys.blocked_links(conn, [own_name(o) for o in seen])
    groups = Groups()
    for observation in seen:
        own, *others = strong(observation)
        groups.join([own, *(name for name in others if (own, name) not in cut and name not in without)])
    start = list(names)
    groups.join(start)
    return groups.all().get(groups.find(start[0]), set()) if start else set()


def orders_of(conn: Connection, seen: Iterable[Observation]) -> set[int]:
    """The orders that these records may be about."""
    records = list(seen)
    named = order_binding.known(conn, records)
    return {order for o in records for order in named.of(order_names(o))}


def own_objects(conn: Connection, return_id: int) -> list[Name]:
    """The objects that are this return's alone."""
    return [name for name, shared in observations.objects_of(conn, return_id) if not shared]


def write(
    conn: Connection, return_id: int, stage: journal.Stage, said: Sentence, detail: dict[str, Any] | None = None
) -> int:
    """A line of the return's story; its number."""
    return journal.add(conn, journal.entry(return_id, None, stage, said, detail=detail))


def _own(conn: Connection, return_id: int) -> list[Observation]:
    objects = own_objects(conn, return_id)
    found = observations.of_objects(conn, objects)
    return [found[name].observation for name in objects if name[0] != HUB and name in found]


def _plain(link: ProvisionalLink) -> dict[str, Any]:
    return {"other": link.guest, "objects": link.objects, "keys": link.names, "beside": link.beside}


def _name(parts: Sequence[str]) -> Name:
    issuer, type_, value = parts
    return issuer, type_, value
