"""Money that a system once said was back with the customer, and of which it says less now, or nothing.

A shop that takes a refund back may say so with a state; many only change the sum, or tell of it no more. Each record
keeps the most that was told (`Fragment.refunds_once`, `payments_once`), so that nobody takes such silence for leave
to pay again: what is missing is a refund that was reversed, which a person is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from operator import gt

from msgspec.structs import replace

from hub.model.merge.facts import StatedFact
from hub.model.merge.money import order_edits
from hub.model.merge.money.placing import LIVE, total
from hub.model.schema.fragment import Allocation, Fragment, Once, Order, Payment, Refund, RefundPart, Zero
from hub.model.schema.observation import FactId, Observation

_SENT = (*LIVE, "reversed")
_ONCE, _SUMS = "refunds_once/", "payments_once/"
"""In `since`: the read that told most of a refund; of a record's payments in a currency."""
REST = " (once)"
"""Behind the id of a refund: what is not told of it any more."""

Sums = tuple[Decimal, Decimal, Decimal]
"""Captured, refunded, charged back."""


def remember(united: Fragment, older: Observation, newer: Observation) -> Fragment:
    """The record with the most that any reading of it told of each refund, and of its payments together, where that is
    more than now. Free of order: the most is the most, and of equals the newest reading's.

    A reading by another dictionary counts, too: one question too many is better than money that goes out twice.
    """
    readings = (older, newer)
    compared = [newer] if older.read_seq == newer.read_seq else [older, newer]
    once = any(one.fragment.refunds_once or one.fragment.payments_once for one in readings)
    if not once and not any(one.fragment.refunds or one.fragment.order for one in compared):
        return united
    refunds = _refunds(united, readings, compared)
    payments = _payments(united, readings, compared)
    since = {name: read_seq for name, read_seq in united.since.items() if not name.startswith((_ONCE, _SUMS))}
    since |= {_ONCE + id_: read_seq for id_, (read_seq, _) in refunds.items()}
    since |= {_SUMS + currency: read_seq for currency, (read_seq, _) in payments.items()}
    kept = tuple(refund for _, (_, refund) in sorted(refunds.items()))
    sums = tuple(one for _, (_, one) in sorted(payments.items()))
    if (kept, sums, since) == (united.refunds_once, united.payments_once, united.since):
        return united
    return replace(united, refunds_once=kept, payments_once=sums, since=since)


def _refunds(
    united: Fragment, readings: Iterable[Observation], compared: Iterable[Observation]
) -> dict[str, tuple[int, Refund]]:
    most: dict[str, tuple[int, Refund]] = {}

    def take(read_seq: int, refund: Refund) -> None:
        known = most.get(refund.id)
        if known is None or (total(known[1], *_SENT), known[0]) < (total(refund, *_SENT), read_seq):
            most[refund.id] = (read_seq, refund)

    for one in readings:
        for refund in one.fragment.refunds_once:
            take(one.fragment.since[_ONCE + refund.id], refund)
    for one in compared:
        for refund in one.fragment.refunds or ():
            since = one.fragment.since
            listed = one.read_seq if "refunds" in one.fragment.partial else since.get("refunds", one.read_seq)
            take(since.get(f"refunds/{refund.id}", listed), replace(refund, note=None))
    now = {refund.id: total(refund, *_SENT) for refund in united.refunds or ()}
    return {id_: said for id_, said in most.items() if total(said[1], *_SENT) > now.get(id_, Zero)}


def _payments(
    united: Fragment, readings: Iterable[Observation], compared: Iterable[Observation]
) -> dict[str, tuple[int, Once]]:
    most: dict[str, tuple[int, Once]] = {}

    def take(read_seq: int, one: Once) -> None:
        known = most.get(one.currency)
        if known is not None:
            # By the higher of the two: the highest of several readings is the same in whatever order they are compared.
            last = max(
                (known, (read_seq, one)),
                key=lambda stated: (max(stated[1].refunded, stated[1].charged_back), stated[0]),
            )
            read_seq, one = last[0], _highest(last[1], known[1], one)
        most[one.currency] = (read_seq, one)

    for reading in readings:
        for one in reading.fragment.payments_once:
            take(reading.fragment.since[_SUMS + one.currency], one)
    for reading in compared:
        order, earlier = reading.fragment.order, reading.fragment.since.get("order")
        if not order or order.left_out:  # what a row that nobody could read had to say is asked about as that
            continue
        for one in _order_totals(order, reading.seen_at if earlier is None else None):
            take(reading.read_seq if earlier is None else earlier, one)
    now = {one.currency: one for one in _order_totals(united.order, None)} if united.order else {}
    kept = {}
    for currency, (read_seq, one) in most.items():
        stated = now.get(currency) or Once(currency=currency, captured=Zero, refunded=Zero, charged_back=Zero)
        one = replace(one, goods=order_edits.more(one.goods, stated.goods))
        if one.goods or any(map(gt, _sums_of(one), _sums_of(stated))):
            kept[currency] = (read_seq, one)
    return kept


def _order_totals(order: Order, at: datetime | None) -> Iterator[Once]:
    """Per currency, what an order tells of its payments, and of itself."""
    found = sums(order.payments)
    if order.currency is not None:
        found.setdefault(order.currency, (Zero, Zero, Zero))
    for currency, (captured, refunded, charged_back) in found.items():
        stated = Once(currency=currency, captured=captured, refunded=refunded, charged_back=charged_back, at=at)
        if order.currency in (None, currency):
            if order.total is not None:
                most = max(order.total, Zero)  # what was handed over beyond it is change
                stated = replace(stated, captured=min(captured, most), total=most)
            stated = replace(stated, goods=order_edits.goods(order, currency))
        yield stated


def _highest(last: Once, *stated: Once) -> Once:
    captured, refunded, charged_back, total = map(max, *map(_sums_of, stated))
    goods = order_edits.most(*(one.goods for one in stated))
    return replace(last, captured=captured, refunded=refunded, charged_back=charged_back, total=total, goods=goods)


def _sums_of(one: Once) -> tuple[Decimal, ...]:
    return one.captured, one.refunded, one.charged_back, one.total


def sums(payments: Iterable[Payment]) -> dict[str, Sums]:
    """Per currency, what these payments tell together."""
    found: dict[str, Sums] = {}
    for payment in payments:
        captured, refunded, lost = found.get(payment.currency, (Zero, Zero, Zero))
        gone, bank = payment.refunded or Zero, payment.charged_back or Zero
        found[payment.currency] = (captured + payment.captured, refunded + gone, lost + bank)
    return found


def restored(
    stated: Sequence[StatedFact], records: Iterable[Observation]
) -> tuple[list[StatedFact], frozenset[tuple[str, str]]]:
    """The refunds, and beside them as reversed what their records do not tell of any more; by (account, id) which."""
    newest: dict[tuple[str, str], StatedFact] = {}
    for one in stated:
        name = (one[0].account, one[0].id)
        if name not in newest or newest[name][2].read_seq < one[2].read_seq:
            newest[name] = one
    most: dict[tuple[str, str], StatedFact] = {}
    kept = [
        (FactId(o.account, o.stream, o.external_id, "refunds", refund.id), refund, o)
        for o in records
        if not (o.fragment.order and o.fragment.order.left_out)  # a row that cannot be read is asked about as that
        for refund in o.fragment.refunds_once
    ]
    for one in (*stated, *kept):
        name = (one[0].account, one[0].id)
        if name not in most or total(most[name][1], *_SENT) < total(one[1], *_SENT):
            most[name] = one
    missing: list[StatedFact] = []
    named = set[FactId]()
    for name, once in sorted(most.items()):
        now = newest.get(name)
        if now is None:
            again = next((one for one in newest.values() if one[0] not in named and _renames(one, once)), None)
            if again is None:
                missing.append(reversed_(once))
            else:
                named.add(again[0])
        elif now[1].currency != once[1].currency:
            missing.append(_rest(once, reversed_(once)[1]))
        elif not _settled(once[1], now[1]) and (amount := total(once[1], *_SENT) - total(now[1])) > 0:
            missing.append(_rest(once, _difference(once[1], now[1], amount)))
    return [*stated, *missing], frozenset((fact.account, fact.id) for fact, _, _ in missing)


def _settled(once: Refund, now: Refund) -> bool:
    """Whether it was on its way then and has gone through since: its last sum is what went."""
    waited = all(part.state == "pending" for part in once.parts)
    return waited and bool(now.parts) and all(part.state == "succeeded" for part in now.parts)


def _renames(one: StatedFact, gone: StatedFact) -> bool:
    """Whether this is the same money in the same record under another id: the other was one of a moment, before the
    refund had its own. One takes the place of one; whether it stood beside the other before, nobody remembers."""
    fact, once, _ = gone
    other, refund, _ = one
    waiting = all(part.state == "pending" for part in once.parts)
    return (
        (other.account, other.stream, other.object) == (fact.account, fact.stream, fact.object)
        and (refund.currency, refund.allocations) == (once.currency, once.allocations)
        and total(refund, *LIVE) == total(once, *_SENT)
        and (waiting or (once.at is not None and refund.at == once.at))
    )


def reversed_(one: StatedFact) -> StatedFact:
    """The refund, of which nothing is with the customer any more."""
    fact, refund, observation = one
    parts = tuple(replace(part, state="reversed") for part in refund.parts if part.state in _SENT)
    return fact, replace(refund, parts=parts), observation


def _rest(once: StatedFact, refund: Refund) -> StatedFact:
    fact, _, observation = once
    return replace(fact, id=fact.id + REST), replace(refund, id=refund.id + REST), observation


def _difference(once: Refund, now: Refund, amount: Decimal) -> Refund:
    """What is not told of it any more: payment by payment, and for what it was as far as that is told no more."""
    back = {part.payment: Zero for part in once.parts}
    for part in once.parts:
        back[part.payment] += part.amount if part.state in _SENT else Zero
    for part in now.parts:
        if part.payment in back:
            back[part.payment] -= part.amount
    parts: list[RefundPart] = []
    left = amount
    for part in once.parts:
        lost = min(back.pop(part.payment, Zero), left)
        if lost > 0:
            left -= lost
            parts.append(replace(part, amount=lost, state="reversed"))
    if left:
        parts.append(replace(once.parts[0], amount=left, state="reversed"))
    stated = {_for(part): part for part in now.allocations}
    gone = tuple(rest for part in once.allocations if (rest := _untold(part, stated.get(_for(part)))) is not None)
    return replace(once, parts=tuple(parts), allocations=gone or once.allocations, breakdown=None)


def _for(part: Allocation) -> tuple[str | None, ...]:
    return (part.return_id, part.order, part.order_line, part.line, part.sku, part.kind)


def _untold(once: Allocation, now: Allocation | None) -> Allocation | None:
    if now is None:
        return once
    amount = once.amount - now.amount
    if amount <= 0:
        return None
    quantity = None
    if once.quantity is not None and now.quantity is not None and once.quantity > now.quantity:
        quantity = once.quantity - now.quantity
    return replace(once, amount=amount, quantity=quantity)
