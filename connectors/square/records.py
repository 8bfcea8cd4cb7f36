"""What of Square's records is kept, and what stands beside it.

A return order names its sale by id only and its goods by catalogue id, a refund its payment. So a record is handed over
as Square tells it, without customers, recipients and cards, and with `joined` beside Square's own fields for what was
read elsewhere (reading.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from connectors.kit.api import Message
from connectors.square.client import Mark, Record

ORDER = (
    *("id", "location_id", "reference_id", "source", "state", "version", "created_at", "updated_at", "closed_at"),
    *("metadata", "line_items", "returns", "refunds", "return_amounts", "net_amounts", "total_money"),
)
REFUND = (
    *("id", "status", "location_id", "unlinked", "destination_type", "amount_money", "payment_id", "order_id"),
    *("reason", "created_at", "updated_at"),
)
LISTED = ("id", "status", "amount_money", "reason", "created_at")
PAYMENT = (
    *("id", "status", "source_type", "total_money", "tip_money", "refunded_money", "refund_ids"),
    *("order_id", "updated_at"),
)
ADJUSTMENT = (
    *("id", "reference_id", "from_state", "to_state", "location_id", "catalog_object_id", "quantity"),
    *("occurred_at", "created_at", "refund_id"),
)
"""What is kept of each record: nothing in it is about a person."""
AMOUNT = "CUSTOM_AMOUNT"
"""The item type of a line that is money without goods: a refund that names no line makes one."""
ENCODER = msgspec.json.Encoder(decimal_format="number")


def keep(fields: Sequence[str], record: Mapping[str, Any]) -> Record:
    """Of a record the fields that are kept."""
    return {field: record[field] for field in fields if field in record}


def back(order: Record) -> list[Record]:
    """What comes back with an order, each line with the sale it is of; amounts that name no sold line are left out.

    A keyed amount can be sold, too: what names the line it was sold on is that line coming back.
    """
    return [
        {**line, "source_order_id": returned.get("source_order_id")}
        for at, returned in enumerate(order.get("returns") or ())
        for line in _with_uids(returned.get("return_line_items"), f"return {at} ")
        if line.get("item_type") != AMOUNT or line.get("source_line_item_uid")
    ]


def lines(order: Record) -> list[Record]:
    """What an order sells."""
    return _with_uids(order.get("line_items"), "")


def _with_uids(lines: Iterable[Record] | None, where: str) -> list[Record]:
    """Lines with the uid by which they are known; one that Square gave none is known by its place."""
    return [line if line.get("uid") else {**line, "uid": f"{where}line {n}"} for n, line in enumerate(lines or ())]


def state(order: Record) -> str:
    """Its OrderState; an order that names none is open, as one is from its beginning."""
    return str(order.get("state") or "OPEN")


def sources(order: Record) -> list[str]:
    """The sales that something comes back of."""
    named = (returned.get("source_order_id") for returned in order.get("returns") or ())
    return list(dict.fromkeys(source for source in named if source))


def kind(order: Record) -> str:
    """What an order is: sale, return, exchange (both), or an amount that went back without goods."""
    if back(order):
        return "exchange" if order.get("line_items") else "return"
    return "amount" if order.get("returns") and not order.get("line_items") else "sale"


def version(number: int | None) -> str | None:
    """Square's version. Orders that were not made through the API have none."""
    return None if number is None else str(number)


def order_message(
    order: Record,
    known: Mapping[str, Record],
    goods: Mapping[str, Record],
    payments: Sequence[Record],
    refunds: Sequence[Record] | None,
    orders_of: str | None,
) -> Message:
    """An order as it is handed over, with what was read of it elsewhere."""
    is_a = kind(order)
    coming = [{**line, **_named(line, goods)} for line in back(order)]
    sold = [{**line, **_named(line, goods)} for line in lines(order)]
    joined: Record = {"kind": is_a, "sources": [_source(key, known, orders_of) for key in sources(order)]}
    if is_a == "sale":
        shops = _number(order, orders_of)
        joined["known_as"] = {"issuer": orders_of, "value": shops} if shops else {"value": order["id"]}
        joined["sale"] = _sale(order, sold, payments)
    elif is_a == "amount" and joined["sources"]:
        joined["sale"] = {"currency": order["return_amounts"]["total_money"]["currency"]}
    elif coming:
        said = (refund.get("reason") for refund in order.get("refunds") or ())
        joined["comes_back"] = coming
        joined["owed"] = _owed(order)
        joined["refunds"] = refunds
        joined["reason"] = next((reason for reason in said if reason and Mark.read(reason) is None), None)
        if is_a == "exchange":
            joined["goes_out"] = [{**line, "handed": _handed(line, order)} for line in sold]
    document = {**keep(ORDER, order), "state": state(order), "joined": joined}
    return _message("order", order, document, version(order.get("version")))


def refund_message(refund: Record, payment: Record | None, made: Record | None) -> Message:
    """A refund, its payment, and the order that was made with it."""
    mark = Mark.read(refund.get("reason"))
    joined: Record = {"number": mark.number if mark else None}
    if payment is not None and payment.get("order_id"):
        joined["sale"] = {"order": payment["order_id"], "currency": payment["total_money"]["currency"]}
    else:  # of no sale: it belongs to the return that it names, else to the order that was made for it
        joined["own"] = {"number": mark.number} if mark else {"order": refund.get("order_id")}
    if made is not None and (paid_for := _returned(made, refund)):
        joined["returned"] = paid_for
    return _message("refund", refund, {**keep(REFUND, refund), "joined": joined}, refund.get("updated_at"))


def _returned(made: Record, refund: Record) -> list[Record]:
    """What a refund is for, as the order says that was made with it: what came back, and a tip."""
    tipped = tip(made, refund)
    goods = refund["amount_money"]["amount"] - tipped if back(made) else 0
    parts = [{"order": made["id"], "kind": "goods", "amount": goods}, {"kind": "tip", "amount": tipped}]
    return [part for part in parts if part["amount"] > 0]


def tip(made: Record, refund: Record) -> int:
    """How much of a refund was a tip: tips name the tender that they came with."""
    tips = [one for returned in made.get("returns") or () for one in returned.get("return_tips") or ()]
    ours = (one for one in tips if one.get("source_tender_id") in (None, refund.get("payment_id")))
    return min(sum(int(one["applied_money"]["amount"]) for one in ours), int(refund["amount_money"]["amount"]))


def adjustment_message(adjustment: Record, goods: Mapping[str, Record]) -> Message:
    """A stock adjustment of ours."""
    mark = Mark.read(adjustment.get("reference_id"))
    joined = {
        "number": mark.number if mark else None,
        "order_line": (mark.line if mark else None) or None,
        "sku": (goods.get(adjustment["catalog_object_id"]) or {}).get("sku"),
    }
    return _message("adjustment", adjustment, {**keep(ADJUSTMENT, adjustment), "joined": joined}, None)


def _message(stream: str, record: Record, document: Record, its_version: str | None) -> Message:
    return Message(stream, record["id"], ENCODER.encode(document), its_version)


def _named(line: Record, goods: Mapping[str, Record]) -> Record:
    found = goods.get(line.get("catalog_object_id") or "") or {}
    return {"sku": found.get("sku"), "barcode": found.get("upc")}


def _number(order: Record, orders_of: str | None) -> str | None:
    """The other shop's number of this order. Without such a shop a reference is somebody's text, and names nothing."""
    if not orders_of:
        return None
    return (order.get("metadata") or {}).get("order_number") or order.get("reference_id")


def _source(key: str, known: Mapping[str, Record], orders_of: str | None) -> Record:
    return {"id": key, "number": _number(known[key], orders_of) if key in known else None}


def _sale(order: Record, sold: Sequence[Record], payments: Sequence[Record]) -> Record:
    return {
        "currency": order["total_money"]["currency"],
        "placed_at": order.get("created_at"),
        "channel": (order.get("source") or {}).get("name"),
        "total": order["total_money"]["amount"],
        "cancelled": order.get("state") == "CANCELED",
        "lines": [{**line, "shipped": _shipped(line, order)} for line in sold],
        "payments": list(payments),
    }


def refunds_once(refunds: Sequence[Record], order: Record) -> list[Record]:
    """A return's refunds, each once: PaymentRefunds, and what stands only on the order, in its other vocabulary."""
    rows = [{**keep(REFUND, refund), "said_by": "payment"} for refund in refunds]
    matching = [(refund.get("payment_id"), refund["amount_money"]["amount"]) for refund in refunds]
    for listed in order.get("refunds") or ():
        this = (listed.get("tender_id"), listed["amount_money"]["amount"])
        if this in matching:
            matching.remove(this)
        else:
            rows.append({**keep(LISTED, listed), "payment_id": listed.get("tender_id"), "said_by": "order"})
    return rows


def _owed(order: Record) -> Record:
    """What is to be paid back: of an exchange only what the new goods cost less.

    No amount while the counter has not begun to pay: a clerk is about to, and nobody else should.
    """
    net = order["net_amounts"]["total_money"]
    paying = net["amount"] >= 0 or order.get("refunds")
    return {"amount": max(-net["amount"], 0) if paying else None, "currency": net["currency"]}


def _handed(line: Record, order: Record) -> str:
    """How a new line of an exchange gets to the customer, in Square's words."""
    for parcel in order.get("fulfillments") or ():
        entries = parcel.get("entries")
        if not entries or any(entry.get("line_item_uid") == line["uid"] for entry in entries):
            return f"{parcel['type']}/{parcel.get('state') or 'PROPOSED'}"
    return f"COUNTER/{state(order)}"


def _shipped(line: Record, order: Record) -> str:
    """How much of a sold line has left: all of a completed order, else what is in completed fulfillments."""
    if state(order) == "COMPLETED":
        return str(line["quantity"])
    done = [parcel for parcel in order.get("fulfillments") or () if parcel.get("state") == "COMPLETED"]
    if any(not parcel.get("entries") for parcel in done):
        return str(line["quantity"])
    gone = (e["quantity"] for parcel in done for e in parcel["entries"] if e.get("line_item_uid") == line["uid"])
    return str(sum(map(Decimal, gone), Decimal("0")))
