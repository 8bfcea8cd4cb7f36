"""Goods: what came is processed, where it went is disposed of, and the parcel it came in is named.

None of these writes takes a key. A receipt and a parcel are compared with what stands there. Dispositions are events of
which two may look alike, so what stood there before is remembered first, and what is new is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from connectors.kit.api import Made, Operation, OperationLine, Reply
from connectors.kit.errors import Rejected, Unsupported
from connectors.kit.graphql import Graph
from connectors.shopify import reading
from connectors.shopify.admin import Record, nodes
from connectors.shopify.deciding import current, reply


def receive(graph: Graph, operation: Operation) -> Reply:
    """Process as many pieces as came and are not processed yet."""
    record = current(graph, operation)
    if done := received(record, operation):
        return done
    if record["status"] != "OPEN":
        raise Rejected(f"{record['name']} is {record['status']}: Shopify processes only open returns")
    lines = [{"id": line, "quantity": int(count)} for line, count in unprocessed(record, operation)]
    processed = {"returnId": record["id"], "returnLineItems": lines, "notifyCustomer": operation.notify}
    graph.ask("Process", input=processed)
    return _received(operation, record)


def received(record: Record, operation: Operation) -> Reply | None:
    """Whether everything that came is processed."""
    return None if any(unprocessed(record, operation)) else _received(operation, record)


def _received(operation: Operation, record: Record) -> Reply:
    made = tuple(Made("receipts", f"{line.line}/received", fact) for line in operation.lines for fact in line.facts)
    return reply(record["id"], f"processed what came of {record['name']}", made=made)


def unprocessed(record: Record, operation: Operation) -> Iterator[tuple[str, Decimal]]:
    """Per return line the pieces still to be processed."""
    stands = {line["id"]: line for line in nodes(record, "returnLineItems")}
    for line in operation.lines:
        if line.line is None or line.line not in stands:
            raise Rejected(f"{record['name']} has no line {line.line or line.sku}; Shopify receives only what is on it")
        there = stands[line.line]
        wanted = line.totals.get("received", line.quantity)
        if wanted > there["quantity"]:
            raise Rejected(
                f"{wanted} of {line.sku or line.line} came, and {record['name']} is for {there['quantity']}: Shopify "
                "receives no more than was asked for; the shop makes a second return"
            )
        if wanted > there["processedQuantity"]:
            yield line.line, wanted - there["processedQuantity"]


def dispose(graph: Graph, operation: Operation, location: str | None) -> Reply:
    """Two calls: remember what stands there, then say where the pieces went, once."""
    line = operation.lines[0]
    if not operation.payload.get("type"):
        raise Unsupported("Shopify has no word for goods that the customer keeps")
    record = current(graph, operation)
    if "before" not in operation.progress:
        return Reply(finished=False, progress={"before": sorted(all_ids(record))}, detail="looked what stands there")
    if done := disposed(record, operation):
        return done
    pieces = [{**part, **_word(operation, location)} for part in _places(record, line)]
    if _worked(record, line):
        graph.ask("Dispose", inputs=pieces)
    else:  # pieces that nobody processed: both is said at once
        processed = [{"id": line.line, "quantity": int(line.quantity), "dispositions": pieces}]
        graph.ask("Process", input={"returnId": record["id"], "returnLineItems": processed, "notifyCustomer": False})
    return disposed(current(graph, operation), operation) or reply(record["id"], f"disposed of in {record['name']}")


def disposed(record: Record, operation: Operation) -> Reply | None:
    """What stands there since the first call, if it says what we say."""
    before = set(operation.progress.get("before", ()))
    line, word = operation.lines[0], operation.payload.get("type")
    new = [
        disposition["id"]
        for there in _here(record, line)
        for disposition in there["dispositions"]
        if disposition["id"] not in before and disposition["type"] == word
    ]
    if not new:
        return None
    made = tuple(Made("dispositions", new[0], fact) for fact in operation.facts or line.facts)
    return reply(record["id"], f"{word} stands in {record['name']}", made=made)


def all_ids(record: Record) -> Iterator[str]:
    return (disposition["id"] for line in reading.reverse_lines(record) for disposition in line["dispositions"])


def _here(record: Record, line: OperationLine) -> list[Any]:
    """The reverse lines of an order line."""
    return [
        there
        for there in reading.reverse_lines(record)
        if ((there.get("fulfillmentLineItem") or {}).get("lineItem") or {}).get("id") == line.order_line
    ]


def _places(record: Record, line: OperationLine) -> list[dict[str, Any]]:
    """The pieces on reverse lines that still have room; all of one reverse fulfillment order, as Shopify wants it."""
    for there in _here(record, line):
        room = there["totalQuantity"] - sum(disposition["quantity"] for disposition in there["dispositions"])
        if room >= line.quantity:
            return [{"reverseFulfillmentOrderLineItemId": there["id"], "quantity": int(line.quantity)}]
    raise Rejected(f"{record['name']} has no {line.quantity} pieces of {line.sku or line.order_line} left to put away")


def _worked(record: Record, line: OperationLine) -> bool:
    """Whether pieces of it are processed that were not put anywhere yet."""
    put = sum(disposition["quantity"] for there in _here(record, line) for disposition in there["dispositions"])
    return any(
        there["processedQuantity"] > put for there in nodes(record, "returnLineItems") if there["id"] == line.line
    )


def _word(operation: Operation, location: str | None) -> dict[str, Any]:
    place = str(operation.payload.get("location") or "")
    place = place if place.startswith("gid://shopify/Location/") else (location or "")
    return {"dispositionType": operation.payload["type"], **({"locationId": place} if place else {})}


def track(graph: Graph, operation: Operation) -> Reply:
    """Name the parcel it comes back in; the same number twice is one parcel."""
    record = current(graph, operation)
    if done := tracked(record, operation):
        return done
    orders = [order for order in nodes(record, "reverseFulfillmentOrders") if order["status"] == "OPEN"]
    if not orders:
        raise Rejected(f"{record['name']} has nothing to come back ({record['status']}): approve it first")
    tracking: Mapping[str, Any] = {
        name: operation.payload[name] for name in ("number", "url") if operation.payload.get(name)
    }
    answer = graph.ask("Track", id=orders[0]["id"], tracking=tracking, notify=operation.notify)
    parcel = answer["reverseDeliveryCreateWithShipping"]["reverseDelivery"]["id"]
    return _tracked(operation, record, parcel)


def tracked(record: Record, operation: Operation) -> Reply | None:
    """Whether a parcel of this number stands there."""
    for parcel in reading.parcels(record):
        if (parcel["tracking"] or {}).get("number") == operation.payload.get("number"):
            return _tracked(operation, record, parcel["id"])
    return None


def _tracked(operation: Operation, record: Record, parcel: str) -> Reply:
    made = tuple(Made("shipments", parcel, fact) for fact in operation.facts)
    return reply(record["id"], f"{operation.payload.get('number')} is a parcel of {record['name']}", made=made)


def found(graph: Graph, operation: Operation) -> Reply | None:
    """The effect of a write of these, if it stands there."""
    record = current(graph, operation)
    done_there = {"receive": received, "dispose": disposed, "add_tracking": tracked}[operation.kind]
    if operation.kind == "dispose" and "before" not in operation.progress:
        return None  # its first call writes nothing, so nothing was written
    return done_there(record, operation)
