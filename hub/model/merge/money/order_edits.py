"""Pieces taken off an order before they left: what was taken for them falls with its total, and went to no return.

Each record keeps the most that any reading told of its order's goods and total beside the most of its payments
(`Once`), in whatever order the readings came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from hub.model.language.numbers import rounded
from hub.model.schema.fragment import Once, Order, OrderLine, Zero
from hub.model.schema.order import Sold


def goods(order: Order, currency: str) -> tuple[Sold, ...]:
    """What the order sells, by article: lines' ids may change when an order is edited."""
    found: dict[str, Sold] = {}
    for line in order.lines:
        if line.quantity > 0:
            left = line.quantity if line.shipped is None else line.shipped
            one = Sold(article=article(line), quantity=line.quantity, shipped=left, price=_price(line, currency))
            known = found.get(one.article)
            found[one.article] = one if known is None else _beside(known, one)
    return tuple(found[name] for name in sorted(found))


def article(line: OrderLine) -> str:
    """What the pieces of a line are, whatever its id."""
    return line.sku or line.id


def most(*stated: Iterable[Sold]) -> tuple[Sold, ...]:
    """Of each article the most that any of these readings told, and its lowest price; free of order."""
    found: dict[str, Sold] = {}
    for one in (one for reading in stated for one in reading):
        known = found.get(one.article)
        found[one.article] = one if known is None else _most(known, one)
    return tuple(found[name] for name in sorted(found))


def more(once: Iterable[Sold], now: Iterable[Sold]) -> tuple[Sold, ...]:
    """The articles of which more was told once than now."""
    known = {one.article: one for one in now}
    return tuple(
        one for one in once if one.article not in known or _most(one, known[one.article]) != known[one.article]
    )


def worth(once: Once, order: Order | None, waited: Mapping[str, Decimal]) -> Decimal:
    """By how much the order's total fell for pieces that had not left. `waited`: as in claimants; a return that asks
    for pieces that never came may be about these very ones."""
    if order is None or order.total is None or order.currency not in (None, once.currency):
        return Zero
    now = {one.article: one for one in goods(order, once.currency)}
    sum_ = Zero
    for one in once.goods:
        left = max(now[one.article].quantity if one.article in now else Zero, one.shipped)
        gone = one.quantity - left - waited.get(one.article, Zero)
        sum_ += max(gone, Zero) * max(one.price or Zero, Zero)
    return max(min(sum_, once.total - order.total), Zero)


def _price(line: OrderLine, currency: str) -> Decimal | None:
    if line.price is not None or line.amount is None:
        return line.price
    return rounded(line.amount / line.quantity, currency)


def _beside(one: Sold, other: Sold) -> Sold:
    return _with(one, one.quantity + other.quantity, one.shipped + other.shipped, other.price)


def _most(one: Sold, other: Sold) -> Sold:
    return _with(one, max(one.quantity, other.quantity), max(one.shipped, other.shipped), other.price)


def _with(one: Sold, quantity: Decimal, shipped: Decimal, price: Decimal | None) -> Sold:
    prices = [stated for stated in (one.price, price) if stated is not None]
    return Sold(article=one.article, quantity=quantity, shipped=shipped, price=min(prices, default=None))
