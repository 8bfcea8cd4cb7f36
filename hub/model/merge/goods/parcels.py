"""Which tellings of a parcel are one parcel, and what is known of it. Numbers are used again; `unknown` is silence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from hub.model.identity.names import opens
from hub.model.language.sentences import sentence
from hub.model.language.spelling import carrier, tracking
from hub.model.merge.context import MergeContext
from hub.model.merge.facts import StatedFact, each, events, named
from hub.model.schema import returns
from hub.model.schema.authority import rank
from hub.model.schema.fragment import Fragment, Shipment

ON_THE_WAY = (
    "cancelled",
    "unknown",
    "label_created",
    "accepted",
    "in_transit",
    "exception",
    "delivery_attempted",
    "available_for_pickup",
    "out_for_delivery",
    "returning_to_sender",
    "returned_to_sender",
    "lost",
    "delivered",
)
"""How far a parcel has got."""

REUSE = timedelta(days=120)
"""So long a number is one parcel's: USPS and UPS keep its events for 120 days, then they may give it out again."""


def shipments(ctx: MergeContext) -> list[returns.ShipmentFact]:
    """A parcel is one parcel by its number and direction, whoever tells of it and however the number is written."""
    stated = list(_current(ctx, list(each(ctx.own, "shipments"))))
    parcels: dict[tuple[str, str], StatedFact] = {}
    for fact in stated:
        if fact[1].number:
            first = parcels.setdefault((tracking(fact[1].number), fact[1].direction), fact)
            if first is not fact:
                ctx.links.join((first[0], fact[0]))
    found = events(stated, "shipments", ctx.links, ctx.inputs)
    known = _known(ctx, stated)
    return [
        returns.ShipmentFact(
            **named(event, one), value=_with_state(_latest(event.stated), known.get(ctx.links.root(one[0])))
        )
        for event in found
        for one in event.stated[:1]
    ]


def _latest(said: Iterable[StatedFact]) -> Shipment:
    """What an account tells of one parcel in several places: the last that happened, else the furthest it got."""
    stated: list[Shipment] = [parcel for _, parcel, _ in said]
    timed = [parcel for parcel in stated if parcel.at is not None and parcel.state != "unknown"]
    if len(timed) == len(stated):
        return max(timed, key=lambda parcel: (parcel.at, ON_THE_WAY.index(parcel.state)))
    return max(stated, key=lambda parcel: ON_THE_WAY.index(parcel.state))


def numbers(fragment: Fragment) -> frozenset[str]:
    """Of which parcels that come back this record tells, in the normal form of their numbers."""
    stated = fragment.shipments or ()
    return frozenset(tracking(parcel.number) for parcel in stated if parcel.number and parcel.direction == "return")


def another(event: Fragment, mine: Iterable[Fragment], others: Iterable[Fragment]) -> bool:
    """Whether what a carrier tells is of another return's parcel, and ours just has the same number.

    Carriers go by several names, so that differing from ours is not enough: another return has to have the very one.
    """
    stated = list(mine)
    said, ours = _carriers([event]), _carriers(stated)
    theirs = _carriers(other for other in others if not alone(other))
    shared = numbers(event) & frozenset().union(*map(numbers, stated))
    return bool(shared) and all(
        number in ours and said.get(number, set()) & theirs.get(number, set()) and not said[number] & ours[number]
        for number in shared
    )


def _carriers(stated: Iterable[Fragment]) -> dict[str, set[str]]:
    """By number the carriers of parcels that come back, both in their normal form."""
    found: dict[str, set[str]] = {}
    for fragment in stated:
        for parcel in fragment.shipments or ():
            if parcel.number and parcel.carrier and parcel.direction == "return":
                found.setdefault(tracking(parcel.number), set()).add(carrier(parcel.carrier))
    return found


def alone(fragment: Fragment) -> bool:
    """Whether it tells of nothing else: a carrier's record, which may concern several returns."""
    return not opens(fragment) and not any(getattr(fragment, kind) for kind in _MORE)


_MORE = ("lines", "receipts", "inspections", "dispositions", "refunds", "credits", "replacements", "order")


def _current(ctx: MergeContext, stated: list[StatedFact]) -> Iterable[StatedFact]:
    """Without what was told of an earlier parcel of the same number."""
    begun: dict[tuple[str, str], datetime] = {}
    asked = ctx.opening.fragment.requested_at if ctx.opening is not None else None
    for _, parcel, _ in stated:
        if parcel.number and parcel.at is not None and parcel.state == "label_created":
            name = (tracking(parcel.number), parcel.direction)
            begun[name] = max(parcel.at, begun.get(name, parcel.at))
    for fact in stated:
        parcel = fact[1]
        if parcel.at is None or not parcel.number:
            yield fact
            continue
        label = begun.get((tracking(parcel.number), parcel.direction))
        since = [at for at in (label, asked) if isinstance(at, datetime)]
        if any(parcel.at < at - REUSE for at in since):
            ctx.report(
                "earlier_parcel",
                sentence(
                    "earlier_parcel", account=fact[0].account, number=parcel.number, at=parcel.at.date().isoformat()
                ),
                field="shipments",
                accounts=(fact[0].account,),
                values=(parcel.number,),
            )
            continue
        yield fact


def _known(ctx: MergeContext, stated: Iterable[StatedFact]) -> dict[object, Shipment]:
    """Per parcel the telling that speaks of its state: of those that know one, whoever has most to say, the newest."""
    found: dict[object, tuple[tuple[int, int], Shipment]] = {}
    for fact, parcel, observation in stated:
        if parcel.state == "unknown":
            continue
        standing = (rank(ctx.party(fact.account), "shipments"), observation.read_seq)
        root = ctx.links.root(fact)
        if root not in found or found[root][0] < standing:
            found[root] = (standing, parcel)
    return {root: parcel for root, (_, parcel) in found.items()}


def _with_state(parcel: Shipment, known: Shipment | None) -> Shipment:
    """Who says that it does not know takes nothing back."""
    if parcel.state != "unknown" or known is None:
        return parcel
    return replace(parcel, state=known.state, at=known.at, reason=known.reason)
