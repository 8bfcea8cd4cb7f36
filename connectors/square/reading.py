"""How Square's records become whole, and what of them is kept.

A return order names its sale by id only and its goods by catalogue id, a refund its payment. So a record is handed over
as Square tells it, without customers, recipients and cards, and with `joined` beside Square's own fields for what was
read elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from connectors.kit.alone import each
from connectors.kit.api import Message, Unreadable
from connectors.kit.errors import NotFound
from connectors.square.client import Client, Mark, Record

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
Payments = dict[str, Record | None]
"""Payments by id, as read; None where Square has none."""
ENCODER = msgspec.json.Encoder(decimal_format="number")


class Reader:
    """Makes Square's records whole. `orders_of`: whether orders of another shop are kept in Square, by its numbers."""

    def __init__(self, client: Client, orders_of: str | None) -> None:
        self.client = client
        self.orders_of = orders_of

    def orders(self, orders: Sequence[Record], payments: Payments | None = None) -> list[Message | Unreadable]:
        """These orders, and the sales that they bring something back of. `payments`: those read a moment ago."""
        given = {order["id"]: order for order in orders}
        missing = [source for order in orders for source in sources(order) if source not in given]
        known = {**given, **self.client.orders(list(dict.fromkeys(missing)))}
        goods = self._goods(known.values())
        read: Payments = dict(payments or {})
        paid = {key: list(self._paid(order, read)) for key, order in known.items() if kind(order) == "sale"}
        made = {key: self._made_with(order, known, read) for key, order in known.items() if back(order)}

        def make(order: Record) -> Message:
            key = order["id"]
            return _order(order, known, goods, paid.get(key, ()), made.get(key), self.orders_of)

        return list(each("order", known.values(), make))

    def refunds(self, refunds: Sequence[Record]) -> list[Message | Unreadable]:
        """These refunds, the sales whose payments they lower, and the returns that they were made with."""
        payments: Payments = {}
        for refund in refunds:
            if refund.get("payment_id"):
                self._payment(refund["payment_id"], payments)
        sales = [payment["order_id"] for payment in payments.values() if payment and payment.get("order_id")]
        made = [refund["order_id"] for refund in refunds if refund.get("order_id")]
        known = self.client.orders(list(dict.fromkeys([*sales, *made])))

        def make(refund: Record) -> Message:
            return _refund(refund, payments.get(refund.get("payment_id", "")), known.get(refund.get("order_id", "")))

        messages = list(each("refund", refunds, make))
        related = [order for order in known.values() if kind(order) != "amount"]
        return messages + self.orders(related, payments)

    def adjustments(self, adjustments: Sequence[Record]) -> list[Message | Unreadable]:
        """These stock adjustments of ours."""
        goods = self.client.variations(list(dict.fromkeys(a["catalog_object_id"] for a in adjustments)))
        return list(each("adjustment", adjustments, lambda adjustment: _adjustment(adjustment, goods)))

    def _goods(self, orders: Iterable[Record]) -> dict[str, Record]:
        lines = [line for order in orders for line in (*back(order), *(order.get("line_items") or ()))]
        return self.client.variations(
            list(dict.fromkeys(filter(None, (line.get("catalog_object_id") for line in lines))))
        )

    def _paid(self, order: Record, read: Payments) -> Iterator[Record]:
        for tender in order.get("tenders") or ():
            payment = self._payment(tender.get("payment_id") or tender["id"], read)
            if payment is not None:
                yield {**payment, "joined": {"tip_back": self._tip_back(payment)}}

    def _tip_back(self, payment: Record) -> int:
        """What of a payment's tip went back: that stands in the orders that its refunds made."""
        if not payment.get("tip_money") or not payment.get("refunded_money"):
            return 0
        refunds = [self.client.get("refunds", key)["refund"] for key in payment.get("refund_ids") or ()]
        done = [refund for refund in refunds if refund["status"] == "COMPLETED" and refund.get("order_id")]
        made = self.client.orders(list(dict.fromkeys(refund["order_id"] for refund in done)))
        return sum(_tip(made[refund["order_id"]], refund) for refund in done if refund["order_id"] in made)

    def _made_with(self, order: Record, known: Mapping[str, Record], read: Payments) -> list[Record] | None:
        """The refunds that were made with a return; None where it is of no sale, so that they cannot be found from it.

        Without them a return would seem unpaid until its refund is heard of, and somebody would pay it again.
        """
        if not sources(order):
            return None
        sold = (known[key] for key in sources(order) if key in known)
        tenders = [tender.get("payment_id") or tender["id"] for sale in sold for tender in sale.get("tenders") or ()]
        tenders += [listed["tender_id"] for listed in order.get("refunds") or () if listed.get("tender_id")]
        payments = [self._payment(key, read) for key in dict.fromkeys(tenders)]
        ids = dict.fromkeys(key for payment in payments if payment for key in payment.get("refund_ids") or ())
        found = [self.client.get("refunds", key)["refund"] for key in ids]
        return _refunds_once([refund for refund in found if refund.get("order_id") == order["id"]], order)

    def _payment(self, payment_id: str, read: Payments) -> Record | None:
        if payment_id not in read:
            try:
                read[payment_id] = keep(PAYMENT, self.client.get("payments", payment_id)["payment"])
            except NotFound:  # tenders of very old sales are no payments
                read[payment_id] = None
        return read[payment_id]


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


def _order(
    order: Record,
    known: Mapping[str, Record],
    goods: Mapping[str, Record],
    payments: Sequence[Record],
    refunds: Sequence[Record] | None,
    orders_of: str | None,
) -> Message:
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
    whole = {**keep(ORDER, order), "state": state(order), "joined": joined}
    return _message("order", order, whole, version(order.get("version")))


def _refund(refund: Record, payment: Record | None, made: Record | None) -> Message:
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
    tip = _tip(made, refund)
    goods = refund["amount_money"]["amount"] - tip if back(made) else 0
    parts = [{"order": made["id"], "kind": "goods", "amount": goods}, {"kind": "tip", "amount": tip}]
    return [part for part in parts if part["amount"] > 0]


def _tip(made: Record, refund: Record) -> int:
    """How much of a refund was a tip: tips name the tender that they came with."""
    tips = [tip for returned in made.get("returns") or () for tip in returned.get("return_tips") or ()]
    ours = (tip for tip in tips if tip.get("source_tender_id") in (None, refund.get("payment_id")))
    return min(sum(int(tip["applied_money"]["amount"]) for tip in ours), int(refund["amount_money"]["amount"]))


def _adjustment(adjustment: Record, goods: Mapping[str, Record]) -> Message:
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


def _refunds_once(refunds: Sequence[Record], order: Record) -> list[Record]:
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
