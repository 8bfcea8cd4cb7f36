"""`refund`: money goes back on the payment that was captured.

Medusa's refund takes no idempotency key, but it keeps a note: ours carries the hub's number and the id of the intent,
so a refund whose outcome is unknown can be looked for.
"""

from __future__ import annotations

from connectors.kit.api import Changed, Made, Operation, Reply
from connectors.kit.errors import NotFound, Rejected
from connectors.medusa.admin import Admin
from connectors.medusa.drafts import Mark, Record
from connectors.medusa.pricing import raw

PAYMENT = "id,currency_code,*captures,*refunds,payment_collection.order.id"


def refund(admin: Admin, operation: Operation) -> Reply:
    """Pay back, once: the same intent finds its own refund and does nothing."""
    payment = read(admin, operation)
    if done := already_refunded(payment, operation):
        return done
    amount, currency = operation.amount, (operation.currency or "").lower()
    if amount is None or amount <= 0:
        raise Rejected(f"a refund needs an amount above zero, not {amount}")
    if currency != payment["currency_code"]:
        raise Rejected(f"{payment['id']} is in {payment['currency_code'].upper()}, the refund in {currency.upper()}")
    admin.post(
        f"payments/{payment['id']}/refund", {"amount": amount, "note": str(Mark(operation.reference, operation.id))}
    )
    return already_refunded(read(admin, operation), operation) or reply(payment, operation, None)


def found(admin: Admin, operation: Operation) -> Reply | None:
    """This intent's own refund, if it was made."""
    return already_refunded(read(admin, operation), operation)


def read(admin: Admin, operation: Operation) -> Record:
    payment_id = operation.objects.get("payment")
    if payment_id is None:
        raise Rejected("no payment of the order is known to hold captured money, so there is nothing to refund on")
    payment: Record | None = admin.get(f"payments/{payment_id}", fields=PAYMENT).get("payment")
    if payment is None:  # Medusa answers 200 with nothing in it
        raise NotFound(f"Medusa has no payment {payment_id}", code="not_found")
    return payment


def already_refunded(payment: Record, operation: Operation) -> Reply | None:
    mark = Mark(operation.reference, operation.id)
    own = next((row for row in payment.get("refunds") or () if Mark.read(row.get("note")) == mark), None)
    return reply(payment, operation, own) if own else None


def reply(payment: Record, operation: Operation, own: Record | None) -> Reply:
    facts = operation.payload.get("facts") or (None,)
    made = tuple(Made("refunds", own["id"], fact) for fact in facts) if own else ()
    order = ((payment.get("payment_collection") or {}).get("order") or {}).get("id")
    amount = f"{raw(own, 'amount')} {payment['currency_code'].upper()}" if own else ""
    return Reply(
        made=made,
        read_back=(Changed("payment", payment["id"]), *((Changed("order", order),) if order else ())),
        detail=f"refunded {amount} on {payment['id']}",
    )
