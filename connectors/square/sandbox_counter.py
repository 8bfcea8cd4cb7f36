"""The books of the sandbox: what is sold, taken back, refunded and moved, and the events that each of it raises.

It copies what Square does and surprises with: a return is an order of its own, and the sale does not know of it; what
is rung up at the counter has no version; a refund through the API makes an order that names no line.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.kit.sandbox import Refuse

Record = dict[str, Any]
Event = tuple[str, str, Record]
"""Topic, the object's id, and data.object."""

MERCHANT, LOCATIONS = "MLSIMULATED01", ("LSIMSHENZHEN1", "LSIMBERLIN002")
GOODS = {"SHIRT-M": 7900, "SHIRT-L": 7900, "MUG": 1250}
"""SKU and price in the currency's smallest unit."""
UPCS = {"SHIRT-M": "4006381333931", "SHIRT-L": "4006381333948"}
READ_ONLY = frozenset(
    ("CUSTOM", "RETURNED_BY_CUSTOMER", "RESERVED_FOR_SALE", "SOLD_ONLINE", "ORDERED_FROM_VENDOR", "IN_TRANSIT")
) | {"RECEIVED_FROM_VENDOR", "IN_TRANSIT_TO", "COMPOSED", "DECOMPOSED", "SUPPORTED_BY_NEWER_VERSION"}
"""Inventory states that the API moves nothing to or from."""
ON_THE_ORDER = {"PENDING": "PENDING", "COMPLETED": "APPROVED", "REJECTED": "REJECTED", "FAILED": "FAILED"}
"""PaymentRefund.status as the order's own list of refunds says it."""


def variation(sku: str) -> str:
    """The catalogue's id of an item variation."""
    return "VARSIM" + sku.replace("-", "")


def refuse(status: int, category: str, code: str, detail: str) -> Refuse:
    """An error as Square words it."""
    return Refuse(status, {"errors": [{"category": category, "code": code, "detail": detail}]})


@dataclass
class Counter:
    """All that one merchant has at Square. `events` are raised by what is done and taken out by the sandbox."""

    capped = True
    """Whether no more goes back than was paid; a test of who protects whom turns it off."""
    orders: dict[str, Record] = field(default_factory=dict)
    payments: dict[str, Record] = field(default_factory=dict)
    refunds: dict[str, Record] = field(default_factory=dict)
    adjustments: dict[str, Record] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    currency: str = "USD"
    goods: Mapping[str, int] = field(default_factory=lambda: dict(GOODS))
    """What it sells, as GOODS."""
    last: datetime = datetime.fromtimestamp(0, UTC)
    made: int = 0

    def now(self) -> str:
        """A time that never comes twice."""
        self.last = max(datetime.now(UTC), self.last + timedelta(milliseconds=1))
        return self.last.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def name(self, kind: str) -> str:
        self.made += 1
        return f"{kind}SIM{uuid.uuid4().hex[:10]}{self.made:05d}"

    def money(self, amount: int) -> Record:
        return {"amount": amount, "currency": self.currency}

    # -- at the counter

    def sell(
        self,
        lines: Mapping[str, int],
        place: str = LOCATIONS[0],
        reference: str | None = None,
        paid: str = "CARD",
        tip: int = 0,
    ) -> Record:
        """A sale. With a reference it is an online order kept here by another system; `paid` EXTERNAL: over there."""
        order = self._order(place)
        order["line_items"] = [self._line(sku, count) for sku, count in lines.items()]
        total = sum(line["total_money"]["amount"] for line in order["line_items"])
        order.update(total_money=self.money(total), net_amounts={"total_money": self.money(total)})
        if reference is not None:
            order.update(reference_id=reference, version=4, source={"name": "Simulated web shop"})
        payment = {
            **{"id": self.name("PAY"), "status": "COMPLETED", "source_type": paid, "order_id": order["id"]},
            **{"amount_money": self.money(total), "total_money": self.money(total + tip), "location_id": place},
            **({"tip_money": self.money(tip)} if tip else {}),
            **{"created_at": order["created_at"], "updated_at": order["created_at"]},
            **({"card_details": {"card": {"card_brand": "VISA", "last_4": "1111"}}} if paid == "CARD" else {}),
            "buyer_email_address": "jane.buyer@example.com",
        }
        self.payments[payment["id"]] = payment
        order["tenders"] = [{"id": payment["id"], "payment_id": payment["id"], "type": paid}]
        for line in order["line_items"]:
            self._move(line["catalog_object_id"], place, line["quantity"], "IN_STOCK", "SOLD", order["id"])
        return self._notify(order, "order.created", "order_created")

    def take_back(
        self,
        source: str | None,
        lines: Mapping[str, int],
        *,
        place: str | None = None,
        buys: Mapping[str, int] | None = None,
        restock: bool = False,
        cash: bool = False,
        reason: str = "Returned Goods",
        tip: int = 0,
    ) -> Record:
        """A return rung up at the counter, against a receipt or without one; with `buys` it is an exchange.

        `cash`: out of the drawer, however it was paid. `tip`: what of the tip goes back, too.
        """
        sale = self.orders[source] if source else None
        order = self._order(place or (sale["location_id"] if sale else LOCATIONS[0]))
        named = {line["catalog_object_id"]: line["uid"] for line in (sale or {}).get("line_items", ())}
        back = [
            {**self._line(sku, count), **({"source_line_item_uid": named[variation(sku)]} if sale else {})}
            for sku, count in lines.items()
        ]
        given = sum(line["total_money"]["amount"] for line in back) + tip
        returned = {
            "uid": self.name("R"),
            "return_line_items": back,
            "return_amounts": {"total_money": self.money(given)},
        }
        if tip:
            returned["return_tips"] = [{"uid": self.name("T"), "applied_money": self.money(tip)}]
        order["returns"] = [{**returned, **({"source_order_id": source} if source else {})}]
        order["return_amounts"] = {"total_money": self.money(given)}
        if buys:
            order["line_items"] = [self._line(sku, count) for sku, count in buys.items()]
        bought = sum(line["total_money"]["amount"] for line in order.get("line_items", ()))
        order.update(total_money=self.money(bought), net_amounts={"total_money": self.money(bought - given)})
        for line in back:
            where = (line["catalog_object_id"], order["location_id"], line["quantity"])
            self._move(*where, "SOLD", "RETURNED_BY_CUSTOMER", order["id"])
            if restock:
                self._move(*where, "RETURNED_BY_CUSTOMER", "IN_STOCK", None)
        if given > bought:
            payment = self.payments[sale["tenders"][0]["id"]] if sale and not cash else None
            self._refund(order, payment, given - bought, reason)
        return self._notify(order, "order.created", "order_created")

    def settle(self, refund_id: str, status: str = "COMPLETED") -> Record:
        """What became of a pending refund, days later or at once."""
        refund = self.refunds[refund_id]
        refund.update(status=status, updated_at=self.now())
        order = self.orders[refund["order_id"]]
        for listed in order["refunds"]:
            if refund_id.endswith(listed["id"]):
                listed["status"] = ON_THE_ORDER[status]
        if status == "COMPLETED" and refund.get("payment_id"):
            payment = self.payments[refund["payment_id"]]
            before = payment.get("refunded_money", self.money(0))["amount"]
            payment.update(refunded_money=self.money(before + refund["amount_money"]["amount"]), updated_at=self.now())
            self.events.append(("payment.updated", payment["id"], {"payment": payment}))
        self.events.append(("refund.updated", refund_id, {"refund": {**refund, "version": 10}}))
        self._notify(order, "order.updated", "order_updated")
        return refund

    # -- through the API

    def refund(self, asked: Mapping[str, Any]) -> Record:
        """RefundPayment: of a payment, or (unlinked) only written down; either way its order names no line."""
        amount, linked = int(asked["amount_money"]["amount"]), not asked.get("unlinked")
        if linked and asked.get("payment_id") not in self.payments:
            raise refuse(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", f"Could not find payment {asked.get('payment_id')}")
        payment = self.payments[asked["payment_id"]] if linked else None
        if payment and asked["amount_money"]["currency"] != payment["total_money"]["currency"]:
            raise refuse(400, "INVALID_REQUEST_ERROR", "CURRENCY_MISMATCH", "The currency is not the payment's.")
        left = payment["total_money"]["amount"] - self._out(payment["id"]) if payment and self.capped else amount
        if amount <= 0 or amount > left:
            detail = "The requested refund amount exceeds the amount available to refund."
            raise refuse(400, "REFUND_ERROR", "REFUND_AMOUNT_INVALID", detail)
        order = self._order(payment["location_id"] if payment else asked["location_id"])
        line = {"uid": self.name("U"), "quantity": "1", "item_type": "CUSTOM_AMOUNT", "total_money": self.money(amount)}
        source = {"source_order_id": payment["order_id"]} if payment else {}
        order["returns"] = [{"uid": self.name("R"), "return_line_items": [line], **source}]
        order.update(
            total_money=self.money(0),
            net_amounts={"total_money": self.money(-amount)},
            return_amounts={"total_money": self.money(amount)},
        )
        made = self._refund(order, payment, amount, asked.get("reason", ""), asked.get("destination_id"))
        self._notify(order, "order.created", "order_created")
        return made

    def adjust(self, changes: list[Record]) -> list[Record]:
        """BatchChangeInventory, adjustments only."""
        asked = [change.get("adjustment") or {} for change in changes]
        for adjustment in asked:
            for state in ("from_state", "to_state"):
                if adjustment.get(state) in READ_ONLY:
                    detail = f"The {state} {adjustment[state]} is read-only."
                    raise refuse(400, "INVALID_REQUEST_ERROR", "INVALID_VALUE", detail)
        return [
            self._move(
                *(a["catalog_object_id"], a["location_id"], a["quantity"], a["from_state"], a["to_state"], None),
                occurred_at=a["occurred_at"],
                **({"reference_id": a["reference_id"]} if a.get("reference_id") else {}),
            )
            for a in asked
        ]

    # -- parts

    def _order(self, place: str) -> Record:
        at = self.now()
        order: Record = {
            **{"id": self.name("ORD"), "location_id": place, "state": "COMPLETED", "source": {"name": "Simulated POS"}},
            **{"created_at": at, "updated_at": at, "closed_at": at},
        }
        self.orders[order["id"]] = order
        return order

    def _line(self, sku: str, count: int) -> Record:
        total = self.money(self.goods[sku] * count)
        return {
            **{"uid": self.name("U"), "name": sku.title(), "quantity": str(count), "item_type": "ITEM"},
            **{
                "catalog_object_id": variation(sku),
                "base_price_money": self.money(self.goods[sku]),
                "total_money": total,
            },
        }

    def _out(self, payment_id: str) -> int:
        rows = (r for r in self.refunds.values() if r.get("payment_id") == payment_id)
        return sum(r["amount_money"]["amount"] for r in rows if r["status"] in ("PENDING", "COMPLETED"))

    def _refund(
        self, order: Record, payment: Record | None, amount: int, reason: str, destination: str | None = None
    ) -> Record:
        at, suffix = self.now(), self.name("RF")
        refund = {
            **{"id": f"{payment['id']}_{suffix}" if payment else suffix, "status": "PENDING"},
            **{"location_id": order["location_id"], "amount_money": self.money(amount), "order_id": order["id"]},
            **{"reason": reason, "created_at": at, "updated_at": at},
            **({"payment_id": payment["id"]} if payment else {"unlinked": True}),
            "destination_type": destination or (payment["source_type"] if payment else "CASH"),
        }
        self.refunds[refund["id"]] = refund
        tender = {"tender_id": payment["id"]} if payment else {}
        listed = {
            "id": suffix,
            "status": "PENDING",
            "reason": reason,
            "amount_money": self.money(amount),
            "created_at": at,
        }
        order["refunds"] = [{**listed, "location_id": order["location_id"], **tender}]
        if payment:
            payment["refund_ids"] = [*payment.get("refund_ids", ()), refund["id"]]
        self.events.append(("refund.created", refund["id"], {"refund": {**refund, "version": 7}}))
        return refund

    def _move(
        self, goods: str, place: str, quantity: str, leaves: str, enters: str, order: str | None, **more: str
    ) -> Record:
        at = self.now()
        adjustment = {
            **{"id": self.name("ADJ"), "from_state": leaves, "to_state": enters, "location_id": place},
            **{"catalog_object_id": goods, "catalog_object_type": "ITEM_VARIATION", "quantity": str(Decimal(quantity))},
            **{"occurred_at": at, "created_at": at, **({"transaction_id": order} if order else {}), **more},
        }
        self.adjustments[adjustment["id"]] = adjustment
        return adjustment

    def _notify(self, order: Record, topic: str, name: str) -> Record:
        order["updated_at"] = self.now()
        kept = ("location_id", "state", "version", "created_at", "updated_at")
        thin = {"order_id": order["id"], **{key: order[key] for key in kept if key in order}}
        self.events.append((topic, order["id"], {name: thin}))
        return order
