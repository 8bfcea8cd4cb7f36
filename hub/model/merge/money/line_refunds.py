"""Refunds that name pieces of order lines and no return: to the return of these pieces, as far as that is certain."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from hub.model.language.numbers import rounded, unit
from hub.model.merge.money.placing import Item
from hub.model.merge.money.shares import Shares
from hub.model.schema.fragment import Zero


class Open(NamedTuple):
    """Pieces of a line that may be of several returns, or of none."""

    item: Item
    pieces: Decimal
    amount: Decimal
    able: Sequence[int]


def distribute_lines(shares: Shares) -> None:
    """Money for pieces of an order line: to the return of these pieces, as far as it must be or can only be its."""
    unowned: dict[str, list[tuple[Item, Decimal | None, Decimal]]] = {}
    named: dict[str, list[tuple[int, Decimal]]] = {}
    for item in sorted(shares.items, key=lambda item: item.order):
        for key, pieces, amount in item.pieces:
            counted = _count(shares, item, key, amount) if pieces is None else pieces
            unowned.setdefault(key, []).append((item, counted, amount))
        for place_, share in item.shares.items() if not item.dead else ():
            for key, amount in share.lines.items():
                pieces = share.pieces.get(key)
                counted = _count(shares, item, key, amount) if pieces is None else pieces
                named.setdefault(key, []).append((place_, counted or Zero))
    for key in sorted(unowned):
        _line(shares, key, unowned[key], named.get(key, ()))


def _count(shares: Shares, item: Item, key: str, amount: Decimal) -> Decimal | None:
    """For how many pieces of the line this is the money; None where nobody says what one costs."""
    sold = shares.ctx.book.lines.get(key)
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


def _part(shares: Shares, item: Item, to: int, amount: Decimal, pieces: Decimal, of: Decimal) -> Decimal:
    """The money for some of these pieces; the unit that rounding leaves over goes to whom it is owed.

    `amount` is for `of` pieces, what others got already is out of both: so all parts add up.
    """
    if pieces == of:
        return amount
    exact, owed = amount * pieces / of, shares.room(to)
    return owed if abs(owed - exact) < unit(item.currency) else rounded(exact, item.currency)


def _line(
    shares: Shares,
    key: str,
    unowned: Sequence[tuple[Item, Decimal | None, Decimal]],
    named: Sequence[tuple[int, Decimal]],
) -> None:
    """One line: `unowned` is the money for its pieces that names no return, `named` what returns have of it already."""
    line = shares.ctx.book.lines[key].line
    rest = {p: one.pieces[key] for p, one in enumerate(shares.who) if key in one.pieces and not one.ended}
    if not rest:
        _kit(shares, key, unowned)
        return
    sold = line.quantity if line.quantity > 0 else None
    for place_, count in named:
        if place_ in rest:
            rest[place_] = max(rest[place_] - count, Zero)
        sold = None if sold is None else max(sold - count, Zero)
    open_: list[Open] = []
    for item, pieces, amount in unowned:
        able, before = shares.narrow(list(rest), item.at)
        if item.dead:
            for place_ in able:
                shares.give(item, place_, amount, key)
        elif not pieces:
            if len(able) == 1 and not before:
                shares.give(item, able[0], amount, key)
            elif 0 in able:
                shares.may(item, amount)
        elif able:
            if len(able) == 1 and not before:
                (one,) = able
                taken = min(pieces, rest[one])
                given = _part(shares, item, one, amount, taken, pieces)
                shares.give(item, one, given, key, taken)
                rest[one] -= taken
                sold = None if sold is None else max(sold - taken, Zero)
                pieces, amount, able = pieces - taken, amount - given, [p for p in rest if p != one]
            elif pieces > sum((rest[p] for p in able), Zero):
                able = list(rest)
            if shares.oldest(item):
                pieces, amount = _fill(shares, item, pieces, amount, able, rest, key)
            if pieces > 0 and able:
                open_.append(Open(item, pieces, amount, able))
    if open_:
        _share(shares, open_, rest, sold, key)


def _kit(shares: Shares, key: str, unowned: Sequence[tuple[Item, Decimal | None, Decimal]]) -> None:
    """Money for a kit whose components come back, or for a component of one that does, and what share of its price
    that is nobody says: a person does, unless it can be only one return's and is no more than is owed there."""
    lines = shares.ctx.book.lines
    kits = {key, lines[key].parent}
    near = [
        p
        for p, one in enumerate(shares.who)
        if not one.ended and any(k in kits or (k in lines and lines[k].parent == key) for k in one.pieces)
    ]
    for item, _, amount in unowned:
        able, before = shares.narrow(near, item.at)
        if item.dead:
            for place_ in able:
                shares.give(item, place_, amount)
        elif len(able) == 1 and not before and amount <= shares.room(able[0]):
            shares.give(item, able[0], amount)
        elif 0 in able:
            shares.may(item, amount)


def _fill(
    shares: Shares,
    item: Item,
    pieces: Decimal,
    amount: Decimal,
    able: Sequence[int],
    rest: dict[int, Decimal],
    key: str,
) -> tuple[Decimal, Decimal]:
    """The oldest first, as the account's terms say; what is left of it."""
    left, paid = pieces, amount
    for place_ in sorted(able, key=lambda p: shares.who[p].standing):
        taken = min(left, rest[place_])
        given = _part(shares, item, place_, paid, taken, left)
        shares.give(item, place_, given, key, taken)
        rest[place_] -= taken
        left, paid = left - taken, paid - given
    return left, paid


def _share(shares: Shares, open_: Sequence[Open], rest: dict[int, Decimal], sold: Decimal | None, key: str) -> None:
    """What must be whose: more was paid for than can be of anything else. And what may be the return's own."""
    count = sum((one.pieces for one in open_), Zero)
    free = max(sold - sum(rest.values(), Zero), Zero) if sold is not None else count
    able = sorted({p for one in open_ for p in one.able}, key=lambda p: shares.who[p].standing)
    wanted = sum((rest[p] for p in able), Zero)
    musts = {p: min(max(count - free - wanted + rest[p], Zero), rest[p]) for p in able}
    if len(able) == 1 and count == wanted:
        musts = {able[0]: count}
    left, paid = [one.pieces for one in open_], [one.amount for one in open_]
    # What is known to be owed comes first: nobody misses a unit for one of whom nothing is known.
    for place_ in sorted(musts, key=lambda p: shares.who[p].owed is None):
        must = musts[place_]
        rest[place_] -= must
        for index, one in enumerate(open_):
            if place_ in one.able and (taken := min(must, left[index])) > 0:
                given = _part(shares, one.item, place_, paid[index], taken, left[index])
                shares.give(one.item, place_, given, key, taken)
                must -= taken
                left[index] -= taken
                paid[index] -= given
    may = rest.get(0, Zero)
    for index, one in enumerate(open_):
        if 0 in one.able and (guess := min(may, left[index])) > 0:
            may -= guess
            shares.may(one.item, _part(shares, one.item, 0, paid[index], guess, left[index]))
