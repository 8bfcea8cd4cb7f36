"""`refund`: money goes back on the payment that was captured.

`refundCreate` takes an idempotency key, the intent's id; `returnProcess` could pay as well and takes none, so the hub
never pays with it. The refund's note carries the hub's mark: what was paid is found by it after the key is forgotten.
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from connectors.kit.api import Changed, Made, Operation, Reply
from connectors.kit.errors import NotFound, Rejected
from connectors.kit.graphql import Graph
from connectors.kit.marks import Mark
from connectors.shopify import reading
from connectors.shopify.admin import Record


def refund(graph: Graph, operation: Operation) -> Reply:
    """Pay back, once: the same intent finds its own refund, and Shopify knows its key."""
    order = ordered(graph, operation)
    if done := already_refunded(order, operation):
        return done
    amount, currency = operation.amount, (operation.currency or "").upper()
    if amount is None or amount <= 0:
        raise Rejected(f"a refund needs an amount above zero, not {amount}")
    if currency != order["currencyCode"]:
        raise Rejected(f"{order['name']} is in {order['currencyCode']}, the refund in {currency}")
    if order["presentmentCurrencyCode"] != currency:
        raise Rejected(
            f"{order['name']} was paid in {order['presentmentCurrencyCode']} and is kept in {currency}: Shopify pays "
            "back in the customer's currency, at a rate unknown to the hub. Refund it in Shopify; the hub will see it"
        )
    captured = next((t for t in order["transactions"] if t["id"] == operation.objects.get("payment")), None)
    if captured is None:
        raise Rejected("no captured payment of this order is known to Shopify, so there is nothing to refund on")
    paid = {
        "amount": f"{amount:f}",
        "gateway": captured["gateway"],
        "kind": "REFUND",
        "orderId": order["id"],
        "parentId": captured["id"],
    }
    note = str(Mark(operation.reference, operation.id))
    wanted = {"orderId": order["id"], "note": note, "notify": operation.notify, "transactions": [paid]}
    graph.ask("Refund", input=wanted, key=key(graph, operation))
    return already_refunded(ordered(graph, operation), operation) or _reply(order, operation, None)


def found(graph: Graph, operation: Operation) -> Reply | None:
    """This intent's own refund, if it was made."""
    return already_refunded(ordered(graph, operation), operation)


def key(graph: Graph, operation: Operation) -> str:
    """The idempotency key: a UUID as Shopify wants it, always the same for one intent at one shop."""
    return str(uuid5(NAMESPACE_URL, f"{graph.http.base_url}/returns-hub/{operation.reference}/{operation.id}"))


def ordered(graph: Graph, operation: Operation) -> Any:
    order_id = operation.objects.get("order")
    record = reading.record(graph, order_id) if order_id else None
    if record is None:
        raise NotFound(f"Shopify has no order {order_id or operation.order_number}", code="NOT_FOUND")
    return reading.complete(graph, record)


def already_refunded(order: Record, operation: Operation) -> Reply | None:
    mark = Mark(operation.reference, operation.id)
    own = next((record for record in order["refunds"] if Mark.read(record.get("note")) == mark), None)
    return _reply(order, operation, own) if own else None


def _reply(order: Record, operation: Operation, own: Record | None) -> Reply:
    made = tuple(Made("refunds", own["id"], fact) for fact in operation.facts or (None,)) if own else ()
    return Reply(
        made=made,
        read_back=(Changed("order", order["id"]),),
        detail=f"refunded {operation.amount} {operation.currency} on {order['name']}",
    )
