"""Which return the money of an order went to, where the refund does not name one: what it must be, and what it may be.

All returns of the order are looked at together and alike, so they never disagree about money. What nobody can
place is nobody's, until a person or the account's terms (`unplaced_refunds`) say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from hub.model.language.numbers import rounded, unit
from hub.model.merge.context import MergeContext
from hub.model.merge.facts import Links, StatedFact, events
from hub.model.merge.money.assignments import answered
from hub.model.merge.money.claimants import Claimant, claimants
from hub.model.merge.money.payment_totals import BEYOND
from hub.model.merge.money.placing import LIVE, Item, read
from hub.model.schema.fragment import Zero

MOST = Decimal(10) ** 15
"""More than anything that is paid."""


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


class Open(NamedTuple):
    """Pieces of a line that may be of several returns, or of none."""

    item: Item
    pieces: Decimal
    amount: Decimal
    able: Sequence[int]


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
    spread = _Spread(ctx, who, items)
    spread.lines()
    spread.beside()
    unplaced = spread.loose()
    possible = [Possible(i, amount, sum=i.asked) for i in items if (amount := spread.possible.get(id(i)))]
    possible += spread.over()
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
        ours = min(max(paid - shown, Zero), beyond.loose)
        if ours:
            beyond.give(place_, ours)
            beyond.loose -= ours


class _Spread:
    """The refunds of an order while they are spread over its returns."""

    def __init__(self, ctx: MergeContext, who: Sequence[Claimant], items: Sequence[Item]) -> None:
        self.ctx = ctx
        self.who = who
        self.items = items
        self.possible: dict[int, Decimal] = {}
        """By item: what may be the return's own."""
        self.sure = [Zero for _ in who]
        """Per return what is surely its."""
        for item in items:
            for place_, share in item.shares.items():
                if not item.dead:
                    self.sure[place_] += share.amount

    def give(
        self, item: Item, to: int, amount: Decimal, line: str | None = None, pieces: Decimal | None = None
    ) -> None:
        item.give(to, amount, line, pieces)
        if not item.dead:
            self.sure[to] += amount

    def may(self, item: Item, amount: Decimal) -> None:
        self.possible[id(item)] = self.possible.get(id(item), Zero) + amount

    def oldest(self, item: Item) -> Decimal:
        """How much of it is for the oldest return first: all by the account's terms, else what a person said of it."""
        return MOST if self.ctx.party(item.account).unplaced_refunds == "oldest" else item.eldest

    def narrow(self, able: list[int], at: datetime | None) -> tuple[list[int], bool]:
        """Of these returns the ones that had begun by then; where none had, all, and that it was before any of them."""
        if at is None:
            return able, True
        begun = [p for p in able if (asked := self.who[p].asked) is None or asked <= at]
        return (begun, False) if begun else (able, True)

    # -- lines that name no return

    def lines(self) -> None:
        """Money for pieces of an order line: to the return of these pieces, as far as it must be or can only be its."""
        loose: dict[str, list[tuple[Item, Decimal | None, Decimal]]] = {}
        named: dict[str, list[tuple[int, Decimal]]] = {}
        for item in sorted(self.items, key=lambda item: item.order):
            for key, pieces, amount in item.pieces:
                counted = self.count(item, key, amount) if pieces is None else pieces
                loose.setdefault(key, []).append((item, counted, amount))
            for place_, share in item.shares.items() if not item.dead else ():
                for key, amount in share.lines.items():
                    pieces = share.pieces.get(key)
                    counted = self.count(item, key, amount) if pieces is None else pieces
                    named.setdefault(key, []).append((place_, counted or Zero))
        for key in sorted(loose):
            self._line(key, loose[key], named.get(key, ()))

    def count(self, item: Item, key: str, amount: Decimal) -> Decimal | None:
        """For how many pieces of the line this is the money; None where nobody says what one costs."""
        sold = self.ctx.book.lines.get(key)
        if sold is None:
            return None
        line = sold.line
        each = line.amount / line.quantity if line.amount and line.quantity else line.price
        if each is None or each <= 0:
            return None
        # Their price was rounded, one by one or together: it is still the price of whole pieces.
        full = (amount / each).to_integral_value()
        exact = amount in (rounded(full * each, item.currency), full * (line.price or each))
        return full if exact else amount / each

    def part(self, item: Item, to: int, amount: Decimal, pieces: Decimal, of: Decimal) -> Decimal:
        """The money for some of these pieces; the unit that rounding leaves over goes to whom it is owed.

        `amount` is for `of` pieces, what others got already is out of both: so all parts add up.
        """
        if pieces == of:
            return amount
        exact, owed = amount * pieces / of, self.room(to)
        return owed if abs(owed - exact) < unit(item.currency) else rounded(exact, item.currency)

    def _line(
        self, key: str, loose: Sequence[tuple[Item, Decimal | None, Decimal]], named: Sequence[tuple[int, Decimal]]
    ) -> None:
        line = self.ctx.book.lines[key].line
        rest = {p: one.pieces[key] for p, one in enumerate(self.who) if key in one.pieces and not one.ended}
        if not rest:
            self._kit(key, loose)
            return
        sold = line.quantity if line.quantity > 0 else None
        for place_, count in named:
            if place_ in rest:
                rest[place_] = max(rest[place_] - count, Zero)
            sold = None if sold is None else max(sold - count, Zero)
        open_: list[Open] = []
        for item, pieces, amount in loose:
            able, before = self.narrow(list(rest), item.at)
            if item.dead:
                for place_ in able:
                    self.give(item, place_, amount, key)
            elif not pieces:
                if len(able) == 1 and not before:
                    self.give(item, able[0], amount, key)
                elif 0 in able:
                    self.may(item, amount)
            elif able:
                if len(able) == 1 and not before:
                    (one,) = able
                    taken = min(pieces, rest[one])
                    given = self.part(item, one, amount, taken, pieces)
                    self.give(item, one, given, key, taken)
                    rest[one] -= taken
                    sold = None if sold is None else max(sold - taken, Zero)
                    pieces, amount, able = pieces - taken, amount - given, [p for p in rest if p != one]
                elif pieces > sum((rest[p] for p in able), Zero):
                    able = list(rest)
                if self.oldest(item):
                    pieces, amount = self._fill(item, pieces, amount, able, rest, key)
                if pieces > 0 and able:
                    open_.append(Open(item, pieces, amount, able))
        if open_:
            self._share(open_, rest, sold, key)

    def _kit(self, key: str, loose: Sequence[tuple[Item, Decimal | None, Decimal]]) -> None:
        """Money for a kit whose components come back, or for a component of one that does, and what share of its price
        that is nobody says: a person does, unless it can be only one return's and is no more than is owed there."""
        lines = self.ctx.book.lines
        kits = {key, lines[key].parent}
        near = [
            p
            for p, one in enumerate(self.who)
            if not one.ended and any(k in kits or (k in lines and lines[k].parent == key) for k in one.pieces)
        ]
        for item, _, amount in loose:
            able, before = self.narrow(near, item.at)
            if item.dead:
                for place_ in able:
                    self.give(item, place_, amount)
            elif len(able) == 1 and not before and amount <= self.room(able[0]):
                self.give(item, able[0], amount)
            elif 0 in able:
                self.may(item, amount)

    def _fill(
        self, item: Item, pieces: Decimal, amount: Decimal, able: Sequence[int], rest: dict[int, Decimal], key: str
    ) -> tuple[Decimal, Decimal]:
        """The oldest first, as the account's terms say; what is left of it."""
        left, paid = pieces, amount
        for place_ in sorted(able, key=lambda p: self.who[p].standing):
            taken = min(left, rest[place_])
            given = self.part(item, place_, paid, taken, left)
            self.give(item, place_, given, key, taken)
            rest[place_] -= taken
            left, paid = left - taken, paid - given
        return left, paid

    def _share(self, open_: Sequence[Open], rest: dict[int, Decimal], sold: Decimal | None, key: str) -> None:
        """What must be whose: more was paid for than can be of anything else. And what may be the return's own."""
        count = sum((one.pieces for one in open_), Zero)
        free = max(sold - sum(rest.values(), Zero), Zero) if sold is not None else count
        able = sorted({p for one in open_ for p in one.able}, key=lambda p: self.who[p].standing)
        wanted = sum((rest[p] for p in able), Zero)
        musts = {p: min(max(count - free - wanted + rest[p], Zero), rest[p]) for p in able}
        if len(able) == 1 and count == wanted:
            musts = {able[0]: count}
        left, paid = [one.pieces for one in open_], [one.amount for one in open_]
        # What is known to be owed comes first: nobody misses a unit for one of whom nothing is known.
        for place_ in sorted(musts, key=lambda p: self.who[p].owed is None):
            must = musts[place_]
            rest[place_] -= must
            for index, one in enumerate(open_):
                if place_ in one.able and (taken := min(must, left[index])) > 0:
                    given = self.part(one.item, place_, paid[index], taken, left[index])
                    self.give(one.item, place_, given, key, taken)
                    must -= taken
                    left[index] -= taken
                    paid[index] -= given
        may = rest.get(0, Zero)
        for index, one in enumerate(open_):
            if 0 in one.able and (guess := min(may, left[index])) > 0:
                may -= guess
                self.may(one.item, self.part(one.item, 0, paid[index], guess, left[index]))

    # -- what names a return and no goods, and what names nothing

    def beside(self) -> None:
        """Shipping refunded with a return is owed on it where its documents add up to just that; else nobody knows."""
        more = [Zero for _ in self.who]
        for item in self.items:
            for place_, amount in item.beside.items() if not item.dead else ():
                more[place_] += amount
        fits = [one.owed is not None and self.sure[p] + more[p] == one.owed for p, one in enumerate(self.who)]
        short = [one.owed is not None and self.sure[p] < one.owed for p, one in enumerate(self.who)]
        for item in self.items:
            for place_, amount in item.beside.items() if not item.dead else ():
                if fits[place_]:
                    self.give(item, place_, amount)
                elif place_ == 0 and short[place_]:
                    self.may(item, amount)

    def loose(self) -> Decimal:
        """Money for nothing in particular: anybody's who is open, or the oldest's; what of it is nobody's yet."""
        unplaced = Zero
        for item in sorted((item for item in self.items if item.loose > 0), key=lambda item: item.order):
            able = [p for p, one in enumerate(self.who) if one.wants and self.room(p) > 0]
            begun, before = self.narrow(able, item.at)
            left = item.loose
            if item.dead:
                # A total that had fallen before any of them was asked for is none of theirs.
                for place_ in () if before and item.one is None and item.at is not None else begun:
                    self.give(item, place_, left)
                continue
            over = left - sum((self.room(p) for p in begun), Zero)
            first, able = begun, begun if over <= 0 else able
            eldest = min(self.oldest(item), left)
            left -= eldest
            for place_ in sorted(able, key=lambda p: (p not in first, self.who[p].standing)) if eldest else ():
                taken = min(eldest, self.room(place_))
                self.give(item, place_, taken)
                eldest -= taken
            unplaced += left + eldest
            if 0 in able and left > 0:
                self.may(item, left if 0 in first else min(left, over))
        return unplaced

    def over(self) -> Iterator[Possible]:
        """What was paid for a return that is over may be for the one that was made in its place: nobody knows."""
        me = self.who[0]
        for item in self.items if me.wants and self.room(0) > 0 else ():
            for place_, share in item.shares.items() if not item.dead else ():
                if place_ and self.who[place_].ended and place_ not in item.answered:
                    named = sum(share.lines.values(), Zero)
                    alike = sum((amount for key, amount in share.lines.items() if key in me.pieces), Zero)
                    if (amount := share.amount - named + alike) > 0:
                        yield Possible(item, amount, self.who[place_].number, share.amount)

    def room(self, place_: int) -> Decimal:
        """How much may still go to it; where nobody says what it is owed, anything."""
        owed = self.who[place_].owed
        return MOST if owed is None else owed - self.sure[place_]
