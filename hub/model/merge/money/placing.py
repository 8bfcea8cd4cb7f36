"""What a refund names: a return, lines of the order, something beside goods, or nothing.

Its record, its number, the write that made it or an allocation names a return; an allocation of goods names lines;
shipping, duties, tips and goodwill are beside the goods. What is left names nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from hub.model.language.numbers import rounded
from hub.model.merge.context import MergeContext
from hub.model.merge.facts import Event, StatedFact
from hub.model.merge.money.claimants import Claimant
from hub.model.schema import fragment as canonical
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import FactId

LIVE = ("pending", "succeeded")
DEAD = ("failed", "reversed")
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass
class Share:
    """What of one refund is for one return: surely, and per line."""

    amount: Decimal = Zero
    lines: dict[str, Decimal] = field(default_factory=dict)
    pieces: dict[str, Decimal] = field(default_factory=dict)
    own: bool = False
    """It names the return: it is shown with it, whatever the amount."""


@dataclass
class Item:
    """A refund as one system tells it, or what a payment says went back beyond all its refunds."""

    subject: FactId
    names: frozenset[str]
    """Everything it is called: a person's answer may name any of them."""
    account: str
    at: datetime | None
    currency: str
    amount: Decimal
    event: Event | None = None
    one: StatedFact | None = None
    shares: dict[int, Share] = field(default_factory=dict)
    """By the place of the claimant."""
    beside: dict[int, Decimal] = field(default_factory=dict)
    """Shipping and the like that names a return: part of what is owed on it only where the sums say so."""
    pieces: list[tuple[str, Decimal | None, Decimal]] = field(default_factory=list)
    """(line, pieces, amount) that names no return."""
    unallocated: Decimal = Zero
    """What of it names nothing at all."""
    named: tuple[str, ...] = ()
    """Returns that it names and that are gone, or were not read (yet)."""
    read_seq: int = 0
    """Of what only a payment's total tells: the read that told it."""
    dead: bool = False
    """It failed or was reversed: nothing of it is with the customer."""
    asked: Decimal = Zero
    """How much of it names no return, before any answer: the sum that a question is about."""
    eldest: Decimal = Zero
    """Of that, what a person said is for the oldest return first."""
    answered: set[int] = field(default_factory=set)
    """Places of returns that are over, of whose shares a person said whose they are."""

    @property
    def order(self) -> tuple[datetime, FactId]:
        return (self.at or _NEVER, self.subject)

    @property
    def unnamed(self) -> Decimal:
        """What names no return: whose it is may be asked."""
        return self.unallocated + sum(self.beside.values(), Zero) + sum((amount for _, _, amount in self.pieces), Zero)

    def give(self, to: int, amount: Decimal, line: str | None = None, pieces: Decimal | None = None) -> None:
        share = self.shares.setdefault(to, Share())
        share.amount += amount
        if line is not None:
            share.lines[line] = share.lines.get(line, Zero) + amount
            if pieces is not None:
                share.pieces[line] = share.pieces.get(line, Zero) + pieces


def total(refund: canonical.Refund, *states: str) -> Decimal:
    """The sum of the parts in these states, of all parts if none is named."""
    amount = Zero
    for part in refund.parts:
        if not states or part.state in states:
            amount += part.amount
    return amount


def read(ctx: MergeContext, who: Sequence[Claimant], event: Event, one: StatedFact) -> Item:
    fact, refund, observation = one
    live = total(refund, *LIVE)
    base = live or total(refund)
    item = Item(
        subject=fact,
        names=frozenset(duplicate.text for duplicate in event.duplicates),
        account=fact.account,
        at=refund.at,
        currency=refund.currency,
        amount=base,
        event=event,
        one=one,
        dead=not live,
    )
    goods, others, unallocated = _split(refund, base)
    whose = _whose(who, event, refund)
    # A copy of it elsewhere, of which we told only one return's share, says nothing of the lines it names itself.
    its = {(f.account, f.stream, f.object) for f in event.linked if (f.account, f.kind) == (fact.account, "refunds")}
    copied = (
        whose is not None and whose >= 0 and its.isdisjoint(who[whose].records) and not who[whose].wrote(event, refund)
    )
    for part, amount in others:
        owner = whose if part is None or part.return_id is None else _owner(who, fact.account, part.return_id)
        if owner is not None and owner >= 0:
            item.beside[owner] = item.beside.get(owner, Zero) + amount
            item.shares.setdefault(owner, Share()).own = True
    for part, amount in goods:
        key = ctx.book.key(observation, part)
        if part.return_id is not None:
            owner = _owner(who, fact.account, part.return_id)
        elif (whose is None or copied) and key is not None and key in ctx.book.lines:
            item.pieces.append((key, part.quantity, amount))
            continue
        else:
            owner = whose
        if part.return_id is not None and (owner is None or owner < 0):
            item.named += (part.return_id,)
            unallocated += amount
        elif owner is None:
            unallocated += amount
        elif owner >= 0:
            item.give(owner, amount, key, part.quantity)
            item.shares[owner].own = True
    if whose is None:
        item.unallocated = unallocated
    elif whose >= 0:
        item.give(whose, unallocated)
        item.shares[whose].own = True
    if whose is not None and whose >= 0 and who[whose].wrote(event, refund):
        item.give(whose, item.beside.pop(whose, Zero))
    return item


Part = tuple[canonical.Allocation, Decimal]


def _split(
    refund: canonical.Refund, base: Decimal
) -> tuple[list[Part], list[tuple[canonical.Allocation | None, Decimal]], Decimal]:
    """What it paid for goods, what it paid for something beside them, and what it does not say of, together `base`."""
    others: list[tuple[canonical.Allocation | None, Decimal]] = []
    goods: list[Part] = []
    left = base
    for part in refund.allocations:
        if part.kind != "goods":
            amount = min(part.amount, left)
            left -= amount
            others.append((part, amount))
    stated = sum((part.amount for part in refund.allocations if part.kind == "goods"), Zero)
    if stated > left:  # a fee was kept, or a part of it failed: every line gets its share of what was paid
        given = Zero
        for part in refund.allocations:
            if part.kind == "goods":
                given += part.amount
                until = rounded(left * given / stated, refund.currency)
                goods.append((part, until - sum((amount for _, amount in goods), Zero)))
        left = Zero
    else:
        goods = [(part, part.amount) for part in refund.allocations if part.kind == "goods"]
        left -= stated
    known = refund.breakdown
    if known is not None and not others:
        for stated_ in (known.shipping, known.duties, known.adjustment):
            amount = min(stated_ or Zero, left)
            if amount > 0:
                left -= amount
                others.append((None, amount))
    return goods, others, left


def _owner(who: Sequence[Claimant], account: str, return_id: str) -> int | None:
    """The claimant with this object; -1 where it is another return, None where it may be one of these all the same."""
    for place, one in enumerate(who):
        if (account, return_id) in one.objects:
            return place
    elsewhere = all(any(name == account for name, _ in one.objects) for one in who if one.opened)
    return -1 if elsewhere else None


def _whose(who: Sequence[Claimant], event: Event, refund: canonical.Refund) -> int | None:
    """The claimant that the refund as such names; -1 where that is none of these, None where it names none."""
    said = {(f.account, f.stream, f.object) for f in event.linked if f.kind == "refunds"}
    alone = False
    for place, one in enumerate(who):
        if one.wrote(event, refund):
            return place
        mine = said & one.records
        if mine and (one.opened or not place):
            return place
        # Nobody opened what it stands in: a record that names no return is only its order's.
        alone = alone or not mine.isdisjoint(one.naming)
    reference = refund.reference or ""
    return -1 if alone or (reference[:1] == "R" and reference[1:].isdigit()) else None
