"""Money as its currency counts it, whatever a dictionary made of it: refunds, documents and payments in whole units."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from hub.model.language.numbers import digits, rounded
from hub.model.schema.fragment import Credit, Fragment, Order, Payment, Refund

T = TypeVar("T", bound=Struct)


def counted(fragment: Fragment) -> Fragment:
    """The same, of which no sum that is paid or owed is finer than its currency's smallest unit."""
    changed: dict[str, Any] = {}
    if fragment.refunds:
        refunds = tuple(_refund(refund) for refund in fragment.refunds)
        changed |= {"refunds": refunds} if refunds != fragment.refunds else {}
    if fragment.credits:
        credits = tuple(_credit(credit) for credit in fragment.credits)
        changed |= {"credits": credits} if credits != fragment.credits else {}
    if isinstance(fragment.order, Order) and fragment.order.payments:
        payments = tuple(_payment(payment) for payment in fragment.order.payments)
        if payments != fragment.order.payments:
            changed["order"] = replace(fragment.order, payments=payments)
    return replace(fragment, **changed) if changed else fragment


def _refund(refund: Refund) -> Refund:
    parts = tuple(_fit(part, refund.currency, "amount") for part in refund.parts)
    allocations = tuple(_fit(part, refund.currency, "amount") for part in refund.allocations)
    if parts == refund.parts and allocations == refund.allocations:
        return refund
    return replace(refund, parts=parts, allocations=allocations)


def _credit(credit: Credit) -> Credit:
    return _fit(credit, credit.currency, "amount", "tax")


def _payment(payment: Payment) -> Payment:
    return _fit(payment, payment.currency, "captured", "refunded", "charged_back")


def _fit(item: T, currency: str, *fields: str) -> T:
    finer = {name: rounded(value, currency) for name in fields if _fine(value := getattr(item, name), currency)}
    return replace(item, **finer) if finer else item


def _fine(value: Decimal | None, currency: str) -> bool:
    exponent = value.as_tuple().exponent if value is not None else 0
    return (
        isinstance(exponent, int) and exponent < -digits(currency) and value != rounded(value or Decimal(0), currency)
    )
