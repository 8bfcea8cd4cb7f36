"""Change: a payment below zero is money that was handed back at the till, and lowers what was captured."""

from __future__ import annotations

from msgspec.structs import replace

from hub.model.fragment import Fragment, Order, Payment, Zero


def netted(fragment: Fragment) -> Fragment:
    """The same, of which each payment is what was kept of it. Change beyond all that was paid is left out."""
    order = fragment.order
    if not isinstance(order, Order) or all(payment.captured >= 0 for payment in order.payments):
        return fragment
    kept = [payment for payment in order.payments if payment.captured >= 0]
    left = list(order.left_out)
    for payment in order.payments:
        if payment.captured < 0 and (payment.refunded or payment.charged_back):
            left.append(
                f"payments {payment.id} (captured: {payment.captured} is below zero, and of it something went back)"
            )
        elif payment.captured < 0 and (rest := _handed_back(payment, kept)):
            why = f"{rest} {payment.currency} is below zero, and no payment is left that it could be change of"
            left.append(f"payments {payment.id} (captured: {why})")
    return replace(fragment, order=replace(order, payments=tuple(kept), left_out=tuple(left)))


def _handed_back(change: Payment, kept: list[Payment]) -> str:
    """Takes the change off the payments, first those of its own method; what nothing was left for, as text."""
    rest = change.captured
    for place in sorted(range(len(kept)), key=lambda at: kept[at].method != change.method):
        if kept[place].currency == change.currency:
            taken = min(-rest, kept[place].captured)
            kept[place] = replace(kept[place], captured=kept[place].captured - taken)
            rest += taken
    return str(rest) if rest < Zero else ""
