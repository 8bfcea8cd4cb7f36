"""What only the totals of payments tell of money that went back: beyond all refunds, by the bank, and not any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from hub.model.facts import Told
from hub.model.fragment import Payment, Zero
from hub.model.observation import FactId, Observation
from hub.model.placing import LIVE, Item

Sums = dict[tuple[str, str], Decimal]
BEYOND, CHARGED_BACK = "beyond", "charged_back"
"""What such money is called, beside its payment: it has no id of its own."""


def beyond(
    stated: Sequence[Told],
    held: Mapping[str, Sequence[Payment]],
    records: Iterable[Observation],
    currency: str | None,
    by_payment: Sums,
) -> list[Item]:
    """Money that names nothing at all. `by_payment`: filled with what the refunds say went back on each payment."""
    somewhere, all_, all_somewhere = _shown(stated, by_payment)
    found = []
    for account in sorted(held):
        known = somewhere.get(account, Zero)
        for payment in held[account]:
            more = (payment.refunded or Zero) - by_payment.get((account, payment.id), Zero)
            explained = min(max(more, Zero), known)
            known -= explained
            found.append(_item(account, payment, BEYOND, more - explained))
            found.append(_item(account, payment, CHARGED_BACK, payment.charged_back or Zero))
    now = {(account, payment.id): payment for account, ps in held.items() for payment in ps}
    for (account, id_), once in sorted(_most(records, held, currency).items()):
        payment = now.get((account, id_), Payment(id=id_, captured=Zero, currency=once.currency))
        told = max(payment.refunded or Zero, all_.get((account, id_), Zero))
        less = (once.refunded or Zero) - told - all_somewhere.get(account, Zero)
        lost = (once.charged_back or Zero) - (payment.charged_back or Zero)
        found.append(_item(account, payment, BEYOND, less, gone=True))
        found.append(_item(account, payment, CHARGED_BACK, lost, gone=True))
    return [item for item in found if item.amount > 0]


def _shown(stated: Sequence[Told], by_payment: Sums) -> tuple[dict[str, Decimal], Sums, dict[str, Decimal]]:
    """What refunds show: with the customer and of no known payment; and in any state, by payment and of none."""
    seen: set[tuple[str, str]] = set()
    all_: Sums = {}
    somewhere: dict[str, Decimal] = {}
    all_somewhere: dict[str, Decimal] = {}
    for fact, refund, _ in sorted(stated, key=lambda one: -one[2].ticket):
        if (fact.account, fact.id) in seen:
            continue
        seen.add((fact.account, fact.id))
        for part in refund.parts:
            live = part.state in LIVE
            if part.payment is None:
                all_somewhere[fact.account] = all_somewhere.get(fact.account, Zero) + part.amount
                if live:
                    somewhere[fact.account] = somewhere.get(fact.account, Zero) + part.amount
            else:
                key = (fact.account, part.payment)
                all_[key] = all_.get(key, Zero) + part.amount
                if live:
                    by_payment[key] = by_payment.get(key, Zero) + part.amount
    return somewhere, all_, all_somewhere


def _most(
    records: Iterable[Observation], held: Mapping[str, Sequence[Payment]], currency: str | None
) -> dict[tuple[str, str], Payment]:
    """Per account and payment the highest totals that were told, where a record tells of less now.

    Of an account that only repeats another's payments nothing, as long as whoever holds them speaks.
    """
    most: dict[tuple[str, str], Payment] = {}
    for observation in records:
        for once in observation.fragment.payments_once if not held or observation.account in held else ():
            key = (observation.account, once.id)
            known = most.get(key, once)
            if once.currency == (currency or known.currency):
                gone = max(known.refunded or Zero, once.refunded or Zero)
                lost = max(known.charged_back or Zero, once.charged_back or Zero)
                most[key] = Payment(id=once.id, captured=Zero, currency=once.currency, refunded=gone, charged_back=lost)
    return most


def _item(account: str, payment: Payment, name: str, amount: Decimal, *, gone: bool = False) -> Item:
    subject = FactId(account, "payment", payment.id, "refunds", f"{name}_once" if gone else name)
    return Item(
        subject=subject,
        names=frozenset((subject.text,)),
        account=account,
        at=None,
        currency=payment.currency,
        amount=amount,
        loose=amount,
        dead=gone,
    )
