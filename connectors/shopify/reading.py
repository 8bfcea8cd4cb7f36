"""Records made whole: read in batches, every connection to its last page, and what is derived put beside as `joined`.

Shopify states no receipt: it counts pieces as processed, and says of some where they were put. From these one total per
line is made. Nothing else is changed: what Shopify says is handed over as it says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from connectors.kit.alone import concerns_one, each, explained, piecewise
from connectors.kit.api import Message, Unreadable
from connectors.kit.errors import ConnectorError, NotFound, NotYet, RetryLater, Unauthorized
from connectors.kit.graphql import Graph
from connectors.kit.marks import Mark
from connectors.shopify import money
from connectors.shopify.admin import Record, kind_of, nodes

BATCH = 10
"""Records in one query; halved where Shopify finds that too costly."""
STREAMS = {"Return": "return", "Order": "order"}
MISSING = "MISSING"
GONE = frozenset(("CANCELLED", "ERROR", "FAILURE", "PENDING", "OPEN"))
"""Fulfillments of which nothing was sent: it came to nothing, or (two deprecated words) it still waits."""

encode = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode


def read(graph: Graph, ids: Iterable[str]) -> Iterator[Message | Unreadable]:
    """These returns and orders, whole; one that is gone is left out, one that cannot be read stands for itself."""
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), BATCH):
        yield from piecewise(lambda some: _messages(graph, some), wanted[start : start + BATCH], _bad)


def read_one(graph: Graph, stream: str, external_id: str) -> Message:
    """One return or order. A record that is gone is a deleted message."""
    found = _messages(graph, [external_id]) if STREAMS.get(kind_of(external_id)) == stream else []
    for one in found:
        if isinstance(one, Unreadable):
            raise NotYet(one.error)
        return one
    return Message(stream, external_id, b"null", deleted=True)


def read_behind(graph: Graph, external_id: str) -> Message:
    """The return to which a reverse fulfillment order or a reverse delivery belongs."""
    return_id = return_behind(graph, external_id)
    if return_id is None:
        return Message("reverse", external_id, b"null", deleted=True)
    return read_one(graph, "return", return_id)


def return_behind(graph: Graph, external_id: str) -> str | None:
    try:
        node = graph.ask("ReturnBehind", id=external_id)["node"] or {}
    except NotFound:
        return None
    order = node.get("reverseFulfillmentOrder") or node
    for record in nodes(order.get("order"), "returns"):
        if any(other["id"] == order["id"] for other in nodes(record, "reverseFulfillmentOrders")):
            return str(record["id"])
    return None


def _messages(graph: Graph, ids: Sequence[str]) -> list[Message | Unreadable]:
    """These records as messages, those that are gone left out. Raises what concerns all of them, or the only one."""
    messages: list[Message | Unreadable] = []
    problems: list[Exception] = []
    for external_id, record in zip(ids, records(graph, ids), strict=True):
        if record is None or isinstance(record, NotFound):
            continue
        if not isinstance(record, ConnectorError):
            messages += each(STREAMS[kind_of(external_id)], [record], lambda one: message(complete(graph, one)))
        elif len(ids) == 1 and concerns_one(record):
            raise record
        else:
            problems.append(record)
            messages.append(_bad(external_id, record))
    denied = all(isinstance(problem, Unauthorized) for problem in problems)
    if len(problems) == len(ids) > 1 and denied:
        raise problems[0]
    return messages


def _bad(external_id: str, problem: Exception) -> Unreadable:
    return Unreadable(STREAMS.get(kind_of(external_id), "order"), external_id, explained(problem))


def record(graph: Graph, external_id: str) -> Any:
    """One record as it comes; None where it is gone. Raises what kept it from being shown."""
    (found,) = records(graph, [external_id])
    if isinstance(found, ConnectorError) and not isinstance(found, NotFound):
        raise found
    return None if isinstance(found, NotFound) else found


def records(graph: Graph, ids: Sequence[str]) -> Sequence[Any]:
    """These records as they come, in their order; None for one that is gone, its error for one that is not shown."""
    try:
        found = graph.each("Records", "nodes", ids=list(ids))
        if len(found) != len(ids):
            raise RetryLater("Shopify answered with other records than were asked for; is a cache in between?")
        return found
    except NotFound:  # one id of another kind fails them all
        if len(ids) == 1:
            return [None]
        raise


def complete(graph: Graph, value: Any) -> Any:
    """The record with every connection read to its end; page marks, which change by themselves, are left out."""
    if isinstance(value, list):
        return [complete(graph, item) for item in value]
    if not isinstance(value, dict):
        return value
    for field, child in value.items():
        if not isinstance(child, dict | list):
            continue
        if isinstance(child, dict) and "pageInfo" in child:
            page = child.pop("pageInfo")
            if page["hasNextPage"]:
                document = f"{kind_of(value['id'])}_{field}"
                more = graph.pages(document, f"node.{field}", id=value["id"], after=page["endCursor"])
                child["nodes"] += [node for some in more for node in some]
        value[field] = complete(graph, child)
    return value


def message(record: Any) -> Message:
    """A whole record as a message, with `joined` beside Shopify's own fields."""
    stream = STREAMS[record["__typename"]]
    join = join_return if stream == "return" else join_order
    return Message(stream, record["id"], encode({**record, **join(record)}), version=record.get("updatedAt"))


def join_return(record: Any) -> dict[str, Any]:
    """Per line what was ordered, what a piece is worth and how much of it came; and all that happened to the goods."""
    lines = nodes(record, "returnLineItems")
    put = _Put(record)
    joined_lines = []
    counted: dict[str, int] = {}
    for line in lines:
        sent = line.get("fulfillmentLineItem") or {}
        sold = sent.get("lineItem") or {}
        missing = put.take(sent.get("id"), line["quantity"], missing=True)
        disposed = put.take(sent.get("id"), line["quantity"] - missing)
        count, before = line["quantity"], counted.get(sold.get("id", ""), 0)
        counted[sold.get("id", "")] = before + count
        if sold:
            worth: Decimal | None = money.worth(sold, record["order"]["taxesIncluded"], count, before)
        else:
            worth = None if (price := _unverified(line)) is None else price * count
        received = max(line["processedQuantity"] - missing, disposed)
        joined_lines.append({**line, "joined": {"sold": sold, "worth": worth, "received": received}})
    marks = [Mark.read(line.get(note)) for line in lines for note in ("returnReasonNote", "customerNote")]
    joined = {
        "reference": next((mark.reference for mark in marks if mark), None),
        "dispositions": put.all,
        "parcels": list(parcels(record)),
        "replacements": [
            {**item, "state": _sent(item), "sku": _sku(item)} for item in nodes(record, "exchangeLineItems")
        ],
        "notes": list(_notes(record)),
    }
    return {"returnLineItems": {"nodes": joined_lines}, "joined": joined}


def join_order(record: Any) -> dict[str, Any]:
    """Per line how much was sent and what a piece cost; payments and refunds as money."""
    sent: dict[str, int] = {}
    for fulfillment in record["fulfillments"]:
        for part in nodes(fulfillment, "fulfillmentLineItems") if fulfillment["status"] not in GONE else ():
            sent[part["lineItem"]["id"]] = sent.get(part["lineItem"]["id"], 0) + (part["quantity"] or 0)
    included, tip = record["taxesIncluded"], money.tip(record)
    lines = [
        {
            **line,
            "joined": {
                "shipped": sent.get(line["id"], 0),
                "price": money.piece(line, included),
                "amount": money.worth(line, included, line["quantity"]),
            },
        }
        for line in nodes(record, "lineItems")
        if line["id"] != tip
    ]
    refunds = [{**refund, "joined": money.refund(refund, tip, included)} for refund in record["refunds"]]
    joined = {"payments": money.payments(record)}
    return {"lineItems": {"nodes": lines}, "refunds": refunds, "joined": joined}


def reverse_lines(record: Record) -> Iterator[Any]:
    """The lines of all reverse fulfillment orders of a return that were not cancelled."""
    for order in nodes(record, "reverseFulfillmentOrders"):
        if order["status"] != "CANCELED":
            yield from nodes(order, "lineItems")


def parcels(record: Record) -> Iterator[dict[str, Any]]:
    """Parcels that come back, as the shop declares them."""
    for order in nodes(record, "reverseFulfillmentOrders"):
        for parcel in nodes(order, "reverseDeliveries"):
            deliverable = parcel.get("deliverable") or {}
            yield {"id": parcel["id"], "tracking": deliverable.get("tracking"), "label": deliverable.get("label")}


class _Put:
    """Where goods were put, by fulfillment line; two return lines of one fulfillment line share it in their order."""

    def __init__(self, record: Record) -> None:
        self.all: list[dict[str, Any]] = []
        self._left: dict[tuple[str, bool], int] = {}
        for line in reverse_lines(record):
            sent = line.get("fulfillmentLineItem") or {}
            for disposition in line["dispositions"]:
                self.all.append({**disposition, "order_line": (sent.get("lineItem") or {}).get("id")})
                key = (sent.get("id", ""), disposition["type"] == MISSING)
                self._left[key] = self._left.get(key, 0) + disposition["quantity"]

    def take(self, sent: str | None, most: int, *, missing: bool = False) -> int:
        key = (sent or "", missing)
        taken = min(self._left.get(key, 0), most)
        self._left[key] = self._left.get(key, 0) - taken
        return taken


def _unverified(line: Record) -> Decimal | None:
    price = line.get("unitPrice")
    return Decimal(price["amount"]) if price else None


def _sent(item: Record) -> str:
    """How far a replacement is: it becomes a line of the order once the return is processed."""
    lines = item["lineItems"] or ()
    processed = item["processedQuantity"] >= item["quantity"]
    return "SENT" if processed and lines and not any(line["unfulfilledQuantity"] for line in lines) else "DUE"


def _sku(item: Record) -> str | None:
    return next((line["sku"] for line in item["lineItems"] or () if line["sku"]), None)


def _notes(record: Record) -> Iterator[dict[str, Any]]:
    """What people should read: why it was declined, and what the shop keeps of the money."""
    if declined := record["decline"]:
        yield {"id": f"{record['id']}/decline", "said": declined["reason"], "more": declined["note"] or None}
    fees = [("restocking", line.get("restockingFee")) for line in nodes(record, "returnLineItems")]
    fees += [("return shipping", fee) for fee in record["returnShippingFees"]]
    kept = [f"{what} {money.amount(fee['amountSet'])} {record['order']['currencyCode']}" for what, fee in fees if fee]
    if kept:
        yield {"id": f"{record['id']}/fees", "said": "FEES", "more": ", ".join(kept)}
