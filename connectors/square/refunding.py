"""`refund`: money goes back on a payment of Square's. `record_refund`: a note in its books that it went back elsewhere.

Both are RefundPayment with an idempotency key. The refund's reason carries the hub's number and the id of the intent,
so that a refund of unknown outcome is found also after Square has forgotten the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from connectors.kit.api import Changed, Made, Operation, Reply
from connectors.kit.errors import Rejected
from connectors.square.client import Client, Mark, Record
from connectors.square.feeds import stamp

SOUGHT = timedelta(days=30)
"""How far back a recorded refund is looked for: it hangs on no payment that would name it."""
SOURCE = "Returns Hub"
NOT_HELD = {"CASH": "hand it over at the counter", "EXTERNAL": "pay it back where it was paid"}
"""Payments whose refund Square would only write down: nobody would get money, and everybody would believe it."""


def refund(client: Client, operation: Operation) -> Reply:
    """Pay back, once: the same intent finds its own refund, and the key covers what is not listed yet."""
    payment = _payment(client, operation)
    own = _own(_of_payment(client, payment), operation)
    if own is None:
        if way := NOT_HELD.get(payment.get("source_type", "")):
            raise Rejected(f"payment {payment['id']} is {payment['source_type']}: Square holds no money of it; {way}")
        own = _send(client, operation, {"payment_id": payment["id"]})
    return _reply(operation, own, payment.get("order_id"))


def record(client: Client, operation: Operation, locations: list[str]) -> Reply:
    """Write down a refund that somebody else paid: unlinked, to an external destination, so no money moves."""
    own = _own(_recent(client), operation)
    if own is None:
        content = {
            "unlinked": True,
            "destination_id": "EXTERNAL",
            "location_id": _location(client, operation, locations),
            "external_details": {"type": operation.payload.get("type") or "OTHER", "source": SOURCE},
        }
        own = _send(client, operation, content)
    return _reply(operation, own)


def found(client: Client, operation: Operation) -> Reply | None:
    """This intent's own refund, if it was made."""
    if operation.kind == "record_refund":
        own = _own(_recent(client), operation)
        return _reply(operation, own) if own else None
    payment = _payment(client, operation)
    own = _own(_of_payment(client, payment), operation)
    return _reply(operation, own, payment.get("order_id")) if own else None


def _own(refunds: Iterator[Record], operation: Operation) -> Record | None:
    return next((row for row in refunds if Mark.read(row.get("reason")) == Mark.of(operation)), None)


def _of_payment(client: Client, payment: Record) -> Iterator[Record]:
    for refund_id in reversed(payment.get("refund_ids") or ()):
        yield client.get("refunds", refund_id)["refund"]


def _recent(client: Client) -> Iterator[Record]:
    for page in client.listed("refunds", begin_time=stamp(datetime.now(UTC) - SOUGHT), sort_order="DESC", limit=100):
        yield from page.get("refunds") or ()


def _send(client: Client, operation: Operation, more: Record) -> Record:
    if operation.amount is None or operation.amount <= 0:
        raise Rejected(f"a refund needs an amount above zero, not {operation.amount}")
    body = {
        "idempotency_key": key(operation),
        "amount_money": operation.payload["amount_money"],
        "reason": str(Mark.of(operation)),
        **more,
    }
    made: Record = client.post("refunds", body)["refund"]
    return made


def key(operation: Operation) -> str:
    """The idempotency key, at most 45 characters: the intent's id, and the return's number as people read it."""
    return f"hub-{operation.reference}-{operation.id}"[:45]


def _payment(client: Client, operation: Operation) -> Record:
    payment_id = operation.objects.get("payment")
    if payment_id is None:
        raise Rejected("no payment at Square is known to hold captured money, so there is nothing to refund on")
    payment: Record = client.get("payments", payment_id)["payment"]
    return payment


def _location(client: Client, operation: Operation, locations: list[str]) -> str:
    order_id = operation.objects.get("order")
    if order_id is not None:
        return str(client.get("orders", order_id)["order"]["location_id"])
    if len(locations) != 1:
        raise Rejected(f"at which location the refund is written down is not known: {', '.join(locations) or 'none'}")
    return locations[0]


def _reply(operation: Operation, made: Record, sale: str | None = None) -> Reply:
    facts = operation.facts or (None,)
    return Reply(
        made=tuple(Made("refunds", made["id"], fact) for fact in facts),
        read_back=(Changed("refund", made["id"]), *((Changed("order", sale),) if sale else ())),
        detail=f"refund {made['id']} is {made['status']}",
    )
