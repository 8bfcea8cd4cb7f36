"""Money that a system once said was back with the customer, and of which it says less now, or nothing.

A shop that takes a refund back may say so with a state; many only change the sum, or tell of it no more. Each record
keeps the most that was told (`Fragment.refunds_once`, `payments_once`), so that nobody takes such silence for leave
to pay again: what is missing counts as reversed, which a person is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec.structs import replace

from hub.model.facts import Told
from hub.model.fragment import Fragment, Payment, Refund, Zero
from hub.model.observation import FactId, Observation
from hub.model.placing import LIVE, total

_SENT = (*LIVE, "reversed")
_ONCE = "refunds_once/"
"""In `since`: the read that told most of a refund."""


def remember(united: Fragment, older: Observation, newer: Observation) -> Fragment:
    """The record with the most that any reading of it told of each refund and payment, where that is more than now.

    Free of order: the most is the most, and of equals the newest reading's. What another dictionary made of a record
    is compared with nothing: it may name and count differently.
    """
    readings = [one for one in (older, newer) if one.fragment.refunds_once or one.fragment.payments_once]
    compared = [newer] if older.ticket == newer.ticket or older.mapping != newer.mapping else [older, newer]
    if not readings and not any(one.fragment.refunds or one.fragment.order for one in compared):
        return united
    refunds = _most_of_refunds(united, readings, compared)
    payments = _most_of_payments(united, readings, compared)
    since = {name: ticket for name, ticket in united.since.items() if not name.startswith(_ONCE)}
    since |= {_ONCE + id_: ticket for id_, (ticket, _) in refunds.items()}
    kept = tuple(refund for _, (_, refund) in sorted(refunds.items()))
    if (kept, payments, since) == (united.refunds_once, united.payments_once, united.since):
        return united
    return replace(united, refunds_once=kept, payments_once=payments, since=since)


def _most_of_refunds(
    united: Fragment, readings: Iterable[Observation], compared: Iterable[Observation]
) -> dict[str, tuple[int, Refund]]:
    most: dict[str, tuple[int, Refund]] = {}

    def take(ticket: int, refund: Refund) -> None:
        known = most.get(refund.id)
        if known is None or (total(known[1], *_SENT), known[0]) < (total(refund, *_SENT), ticket):
            most[refund.id] = (ticket, refund)

    for one in readings:
        for refund in one.fragment.refunds_once:
            take(one.fragment.since[_ONCE + refund.id], refund)
    for one in compared:
        for refund in one.fragment.refunds or ():
            since = one.fragment.since
            listed = one.ticket if "refunds" in one.fragment.partial else since.get("refunds", one.ticket)
            take(since.get(f"refunds/{refund.id}", listed), replace(refund, note=None))
    now = {refund.id: total(refund, *_SENT) for refund in united.refunds or ()}
    return {id_: said for id_, said in most.items() if total(said[1], *_SENT) > now.get(id_, Zero)}


def _most_of_payments(
    united: Fragment, readings: Iterable[Observation], compared: Iterable[Observation]
) -> tuple[Payment, ...]:
    most: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    told = [payment for one in readings for payment in one.fragment.payments_once]
    told += [payment for one in compared for payment in _payments(one.fragment)]
    for payment in told:
        gone, lost = most.get((payment.id, payment.currency), (Zero, Zero))
        back = (max(gone, payment.refunded or Zero), max(lost, payment.charged_back or Zero))
        most[payment.id, payment.currency] = back
    now = {(p.id, p.currency): (p.refunded or Zero, p.charged_back or Zero) for p in _payments(united)}
    return tuple(
        Payment(id=id_, captured=Zero, currency=currency, refunded=gone, charged_back=lost)
        for (id_, currency), (gone, lost) in sorted(most.items())
        if gone > now.get((id_, currency), (Zero, Zero))[0] or lost > now.get((id_, currency), (Zero, Zero))[1]
    )


def _payments(fragment: Fragment) -> tuple[Payment, ...]:
    return fragment.order.payments if fragment.order else ()


def restored(told: Sequence[Told], records: Iterable[Observation]) -> tuple[list[Told], frozenset[tuple[str, str]]]:
    """The refunds, of which what their records do not tell any more counts as reversed; and by (account, id) which."""
    most: dict[tuple[str, str], Told] = {}
    for observation in records:
        for refund in observation.fragment.refunds_once:
            fact = FactId(observation.account, observation.stream, observation.external_id, "refunds", refund.id)
            known = most.get((fact.account, fact.id))
            if known is None or total(known[1], *_SENT) < total(refund, *_SENT):
                most[fact.account, fact.id] = (fact, refund, observation)
    if not most:
        return list(told), frozenset()
    newest: dict[tuple[str, str], Told] = {}
    for one in told:
        name = (one[0].account, one[0].id)
        if name not in newest or newest[name][2].ticket < one[2].ticket:
            newest[name] = one
    missing = {
        name: amount
        for name, (_, once, _) in most.items()
        if name not in newest or newest[name][1].currency == once.currency
        if (amount := total(once, *_SENT) - (total(newest[name][1]) if name in newest else Zero)) > 0
    }
    result: list[Told] = []
    for fact, refund, observation in told:
        name = (fact.account, fact.id)
        if name in missing:
            part = replace(most[name][1].parts[0], amount=missing[name], state="reversed")
            refund = replace(refund, parts=(*refund.parts, part))
        result.append((fact, refund, observation))
    for name, (fact, once, observation) in sorted(most.items()):
        if name not in newest:
            parts = tuple(replace(part, state="reversed") for part in once.parts if part.state in _SENT)
            result.append((fact, replace(once, parts=parts), observation))
    return result, frozenset(missing)
