"""Which lines of one order, told by several accounts, are one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from msgspec import Struct

from hub.model.language import spelling
from hub.model.schema.fragment import OrderLine, Zero

GOODS: tuple[tuple[str, Callable[[str], str]], ...] = (("sku", spelling.sku), ("gtin", spelling.gtin))
"""By what an article is known, with the normal form of it."""

LineName = tuple[str, str]
"""An order line in its account: (account, id)."""


class BookLine(Struct, kw_only=True):
    """An order line: what its home says of it, and its id in every account."""

    key: str
    order: str
    line: OrderLine
    ids: dict[str, str]
    parent: str | None = None
    """For a component: the key of its kit."""


def deducts(line: OrderLine) -> bool:
    """Whether it takes off the price (a coupon, a voucher, a deposit, what a bundle costs less): it is no goods."""
    worth = line.price if line.amount is None else line.amount
    return line.quantity < 0 or (worth is not None and worth < 0)


class Memory(Struct, kw_only=True):
    """What decides before articles and quantities do."""

    added: frozenset[LineName] = frozenset()
    """Lines that an exchange added: they do not compete with what was sold."""
    before: Mapping[LineName, str] = {}
    """Which line of ours each was when the return was last looked at: what was matched once stays matched."""


def match(
    account: str, new_lines: Sequence[OrderLine], known: Sequence[BookLine], memory: Memory
) -> dict[str, list[BookLine]]:
    """By the id of each line that `account` tells: the lines known from other accounts that it is.

    By an explicit id; then by article: of several lines of one those that agree in quantity, and one
    line of 2 may be two lines of 1. What is left is what it was before, else a line of its own.
    """
    found: dict[str, list[BookLine]] = {}
    if not known:
        return found
    by_name = {name: line for line in known for name in line.ids.items()}
    by_key = {line.key: line for line in known}
    for line in new_lines:
        names = [(ref.issuer, ref.value) for ref in line.refs]
        sure = next((by_name[name] for name in names if name in by_name), None)
        if sure is not None:
            found[line.id] = [sure]
    taken = {line.key for lines in found.values() for line in lines}
    for word, form in [(word, form) for word, normal in GOODS for form in (str, normal)]:
        mine = _by_article(((line, line) for line in new_lines if line.id not in found), word, form)
        theirs = _by_article(((line.line, line) for line in known if line.key not in taken), word, form)
        for article in [article for article in mine if article in theirs]:
            here, there = mine[article], theirs[article]
            there = [line for line in there if line.parent is None] or there
            same = _pairs(account, here, there, memory)
            found |= same
            taken.update(line.key for lines in same.values() for line in lines)
    for line in new_lines:
        once = by_key.get(memory.before.get((account, line.id), ""))
        if line.id not in found and once is not None and once.key not in taken:
            found[line.id] = [once]
            taken.add(once.key)
    return found


T = TypeVar("T")


def _by_article(lines: Iterable[tuple[OrderLine, T]], word: str, form: Callable[[str], str]) -> dict[str, list[T]]:
    """What belongs to each of these lines, by article."""
    named: dict[str, list[T]] = {}
    for line, it in lines:
        value = getattr(line, word)
        if value is not None:
            named.setdefault(form(value), []).append(it)
    return named


def _pairs(
    account: str, here: Sequence[OrderLine], there: Sequence[BookLine], memory: Memory
) -> dict[str, list[BookLine]]:
    """Lines of one article on either side; what an exchange added is matched by itself."""
    if len(here) == len(there) == 1:
        return {here[0].id: [there[0]]}
    new = [(account, line.id) in memory.added for line in here]
    newer = [not memory.added.isdisjoint(line.ids.items()) for line in there]
    sold = _alike([i for i, late in zip(here, new, strict=True) if not late],
                  [t for t, late in zip(there, newer, strict=True) if not late])  # fmt: skip
    sent = _alike([i for i, late in zip(here, new, strict=True) if late],
                  [t for t, late in zip(there, newer, strict=True) if late])  # fmt: skip
    return {**sold, **sent}


def _alike(here: Sequence[OrderLine], there: Sequence[BookLine]) -> dict[str, list[BookLine]]:
    """Those of one article that agree in quantity; where one is left on a side, whatever adds up to it."""
    if len(here) == len(there) == 1:
        return {here[0].id: [there[0]]}
    ours = sorted(here, key=_standing)
    theirs = sorted(there, key=lambda line: _standing(line.line))
    if [line.quantity for line in ours] == [line.line.quantity for line in theirs]:
        return {one.id: [other] for one, other in zip(ours, theirs, strict=True)}
    mine = Counter(line.quantity for line in here)
    others = Counter(line.line.quantity for line in there)
    alone = {count for count in mine if mine[count] == others[count] == 1}
    by_count = {line.line.quantity: line for line in there if line.line.quantity in alone}
    found = {line.id: [by_count[line.quantity]] for line in here if line.quantity in alone}
    left = [line for line in here if line.quantity not in alone]
    rest = [line for line in there if line.line.quantity not in alone]
    if len(left) == 1 and (len(rest) == 1 or (rest and _sum(line.line for line in rest) == left[0].quantity)):
        found[left[0].id] = rest
    elif len(rest) == 1 and left and _sum(left) == rest[0].line.quantity:
        found |= {line.id: rest for line in left}
    return found


def _standing(line: OrderLine) -> tuple[Decimal, Decimal]:
    return (line.quantity, line.price or Zero)


def _sum(lines: Iterable[OrderLine]) -> Decimal:
    return sum((line.quantity for line in lines), Zero)
