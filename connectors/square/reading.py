"""What Square's records name and do not hold is read, too: sales, payments, refunds, goods (records.py joins it)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectors.kit.alone import each
from connectors.kit.api import Message, Unreadable
from connectors.kit.errors import NotFound
from connectors.square.client import Client, Record
from connectors.square.records import (
    PAYMENT,
    adjustment_message,
    back,
    keep,
    kind,
    order_message,
    refund_message,
    refunds_once,
    sources,
    tip,
)

Payments = dict[str, Record | None]
"""Payments by id, as read; None where Square has none."""


class Reader:
    """Reads what records of Square lack. `orders_of`: whose orders are kept in Square, by its numbers."""

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
            return order_message(order, known, goods, paid.get(key, ()), made.get(key), self.orders_of)

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
            return refund_message(
                refund, payments.get(refund.get("payment_id", "")), known.get(refund.get("order_id", ""))
            )

        messages = list(each("refund", refunds, make))
        related = [order for order in known.values() if kind(order) != "amount"]
        return messages + self.orders(related, payments)

    def adjustments(self, adjustments: Sequence[Record]) -> list[Message | Unreadable]:
        """These stock adjustments of ours."""
        goods = self.client.variations(list(dict.fromkeys(a["catalog_object_id"] for a in adjustments)))
        return list(each("adjustment", adjustments, lambda adjustment: adjustment_message(adjustment, goods)))

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
        return sum(tip(made[refund["order_id"]], refund) for refund in done if refund["order_id"] in made)

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
        return refunds_once([refund for refund in found if refund.get("order_id") == order["id"]], order)

    def _payment(self, payment_id: str, read: Payments) -> Record | None:
        if payment_id not in read:
            try:
                read[payment_id] = keep(PAYMENT, self.client.get("payments", payment_id)["payment"])
            except NotFound:  # tenders of very old sales are no payments
                read[payment_id] = None
        return read[payment_id]
