"""Which return the money of an order went to, where the refund does not name one: what it must be, and what it may be.

All returns of the order are looked at together and alike, so they never disagree about money. What nobody can
place is nobody's, until a person or the account's terms (`unplaced_refunds`) say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from hub.model.merge.context import MergeContext
from hub.model.merge.facts import Links, StatedFact, events
from hub.model.merge.money.assignments import answered
from hub.model.merge.money.claimants import Claimant, claimants
from hub.model.merge.money.line_refunds import distribute_lines
from hub.model.merge.money.payment_totals import BEYOND
from hub.model.merge.money.placing import LIVE, Item, read
from hub.model.merge.money.shares import Shares
from hub.model.schema.fragment import Zero


class Possible(NamedTuple):
    """What of a refund may be the return's, and nobody knows."""

    item: Item
    amount: Decimal
    over: str = ""
    """It was paid for this return, which is over."""
    sum: Decimal = Zero
    """What the question is about."""


class Placed(NamedTuple):
    """Everything that went back on the orders. The return itself is place 0 of every item's shares."""

    items: Sequence[Item]
    possible: Sequence[Possible]
    unplaced: Decimal
    """What is nobody's as yet."""
    numbers: Sequence[str] = ()
    """The returns that it may be."""


def place(ctx: MergeContext, stated: Sequence[StatedFact], beyond: Sequence[Item]) -> Placed:
    """All refunds, in one currency, with their shares. `beyond`: what payments say went back beyond all refunds."""
    if not stated and not beyond:
        return Placed((), (), Zero)
    who = claimants(ctx)
    items = [
        read(ctx, who, event, one)
        for event in events(stated, "refunds", _links(ctx), ctx.inputs)
        for one in event.stated
    ]
    for item in beyond:
        if item.subject.id == BEYOND:
            _made_by_us(ctx, who, items, item)
    items += beyond
    answered(ctx.inputs.answers, who, items)
    shares = Shares(ctx, who, items)
    distribute_lines(shares)
    _beside(shares)
    unplaced = _unallocated(shares)
    possible = [Possible(i, amount, sum=i.asked) for i in items if (amount := shares.possible.get(id(i)))]
    possible += _over(shares)
    return Placed(items, possible, unplaced, sorted(one.number for one in who if one.opened))


def _links(ctx: MergeContext) -> Links:
    """What is recorded as one event, of this return and of the others of its orders."""
    theirs = tuple(duplicates for other in ctx.inputs.others for duplicates in other.duplicates)
    return Links(replace(ctx.inputs, duplicates=(*ctx.inputs.duplicates, *theirs))) if theirs else ctx.links


def _made_by_us(ctx: MergeContext, who: Sequence[Claimant], items: Sequence[Item], beyond: Item) -> None:
    """Of a payment's total that moved, what we paid ourselves and no refund shows: some systems tell no more."""
    account, payment = beyond.account, beyond.subject.object
    for place_, one in enumerate(who):
        writes = ctx.inputs.made.get((one.number, account, payment), ())
        paid = sum((amount for read_seq, amount in writes if read_seq <= beyond.read_seq), Zero)
        shown = sum(
            (
                part.amount
                for item in items
                if item.one is not None and item.event is not None and one.wrote(item.event, item.one[1])
                for part in item.one[1].parts
                if part.state in LIVE and part.payment in (payment, None) and item.account == account
            ),
            Zero,
        )
        ours = min(max(paid - shown, Zero), beyond.unallocated)
        if ours:
            beyond.give(place_, ours)
            beyond.unallocated -= ours


def _beside(shares: Shares) -> None:
    """Shipping that was refunded with a return: paid on it where its documents add up to just that, else perhaps."""
    more = [Zero for _ in shares.who]
    for item in shares.items:
        for place_, amount in item.beside.items() if not item.dead else ():
            more[place_] += amount
    fits = [one.owed is not None and shares.sure[p] + more[p] == one.owed for p, one in enumerate(shares.who)]
    short = [one.owed is not None and shares.sure[p] < one.owed for p, one in enumerate(shares.who)]
    for item in shares.items:
        for place_, amount in item.beside.items() if not item.dead else ():
            if fits[place_]:
                shares.give(item, place_, amount)
            elif place_ == 0 and short[place_]:
                shares.may(item, amount)


def _unallocated(shares: Shares) -> Decimal:
    """Money that names nothing: it may be for any open return, or is for the oldest. Gives what is nobody's yet."""
    unplaced = Zero
    for item in sorted((item for item in shares.items if item.unallocated > 0), key=lambda item: item.order):
        able = [p for p, one in enumerate(shares.who) if one.wants and shares.room(p) > 0]
        begun, before = shares.narrow(able, item.at)
        left = item.unallocated
        if item.dead:
            # A total that had fallen before any of them was asked for is none of theirs.
            for place_ in () if before and item.one is None and item.at is not None else begun:
                shares.give(item, place_, left)
            continue
        over = left - sum((shares.room(p) for p in begun), Zero)
        first, able = begun, begun if over <= 0 else able
        eldest = min(shares.oldest(item), left)
        left -= eldest
        for place_ in sorted(able, key=lambda p: (p not in first, shares.who[p].standing)) if eldest else ():
            taken = min(eldest, shares.room(place_))
            shares.give(item, place_, taken)
            eldest -= taken
        unplaced += left + eldest
        if 0 in able and left > 0:
            shares.may(item, left if 0 in first else min(left, over))
    return unplaced


def _over(shares: Shares) -> Iterator[Possible]:
    """What was paid for a return that is over may be for the one that was made in its place: nobody knows."""
    me = shares.who[0]
    for item in shares.items if me.wants and shares.room(0) > 0 else ():
        for place_, share in item.shares.items() if not item.dead else ():
            if place_ and shares.who[place_].ended and place_ not in item.answered:
                named = sum(share.lines.values(), Zero)
                alike = sum((amount for key, amount in share.lines.items() if key in me.pieces), Zero)
                if (amount := share.amount - named + alike) > 0:
                    yield Possible(item, amount, shares.who[place_].number, share.amount)
