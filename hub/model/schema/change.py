"""A payment below zero: change, as far as more was handed over than the order cost, else money that went back."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from hub.model.schema.fragment import Fragment, Order, Payment, Zero


def netted(fragment: Fragment) -> Fragment:
    """The same, of which each payment is what was kept of it.

    Change is what was handed over beyond the order's total. What a payment below zero takes off beyond that went back
    to the customer (some tills write a refund so); where the total is not told, all of it may have.
    """
    order = fragment.order
    if not isinstance(order, Order) or all(payment.captured >= 0 for payment in order.payments):
        return fragment
    kept = [payment for payment in order.payments if payment.captured >= 0]
    left = list(order.left_out)
    for payment in order.payments:
        if payment.captured < 0 and (payment.refunded or payment.charged_back):
            why = f"{payment.captured} is below zero, and something of it went back"
            left.append(f"payments {payment.id} (captured: {why})")
        elif payment.captured < 0 and (rest := _taken_off(payment, kept, _beyond(order, payment, kept))):
            why = f"{rest} {payment.currency} is below zero, and no payment is left that it could be of"
            left.append(f"payments {payment.id} (captured: {why})")
    return replace(fragment, order=replace(order, payments=tuple(kept), left_out=tuple(left)))


def _beyond(order: Order, payment: Payment, kept: list[Payment]) -> Decimal:
    """What was handed over beyond the total, in this payment's currency."""
    if order.total is None or order.currency not in (None, payment.currency):
        return Zero
    captured = sum((one.captured for one in kept if one.currency == payment.currency), Zero)
    return max(captured - order.total, Zero)


def _taken_off(below: Payment, kept: list[Payment], change: Decimal) -> str:
    """Takes it off the payments, first those of its own method: as change, then as money that went back. What nothing
    was left for, as text."""
    rest = -below.captured
    places = sorted(range(len(kept)), key=lambda at: kept[at].method != below.method)
    for place in [place for place in places if kept[place].currency == below.currency]:
        one = kept[place]
        handed = min(rest, change, one.captured)
        gone = one.refunded or Zero
        back = min(rest - handed, max(one.captured - handed - gone, Zero)) if change <= handed else Zero
        kept[place] = replace(one, captured=one.captured - handed, **({"refunded": gone + back} if back else {}))
        change, rest = change - handed, rest - handed - back
    return str(-rest) if rest > Zero else ""
