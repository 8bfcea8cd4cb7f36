"""The sandbox's memory: a shop that keeps orders, returns and staged changes as Medusa does, its faults included.

Every fault below was seen on a running Medusa 2.21.2; the peer suite runs the same tests against both.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Record = dict[str, Any]

TAX = Decimal("1.19")
PRICES = {"SHIRT-M": Decimal("40"), "SHIRT-L": Decimal("40"), "SCARF": Decimal("19.99")}
TITLES = {"SHIRT-M": "Linen shirt", "SHIRT-L": "Linen shirt", "SCARF": "Scarf"}
SHIPPING = Decimal("5.95")
REASONS = {"too_small": "Too small", "damaged": "Arrived damaged", "not_as_described": "Not as described"}
LOCATION, STANDARD, BACK = "sloc_sim_berlin", "so_sim_standard", "so_sim_return"
COUNTED = [
    "quantity",
    "fulfilled_quantity",
    "shipped_quantity",
    "delivered_quantity",
    "return_requested_quantity",
    "return_received_quantity",
    "return_dismissed_quantity",
    "written_off_quantity",
]
BUSY = "Order ({}) already has an existing active order change"


class Refused(Exception):
    """What the shop answers instead: status, Medusa's `type`, Medusa's `message`."""

    def __init__(self, status: int, kind: str, text: str) -> None:
        super().__init__(text)
        self.status, self.kind, self.text = status, kind, text


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Shop:
    """All of it. `emit(name, data)` is called for every event that Medusa would raise."""

    capped = True
    """Whether no more goes back than was paid; a test of who protects whom turns it off."""

    def __init__(self, emit: Callable[[str, Record], None] = lambda name, data: None) -> None:
        self.emit = emit
        self.orders: dict[str, Record] = {}
        self.returns: dict[str, Record] = {}
        self.exchanges: dict[str, Record] = {}
        self.claims: dict[str, Record] = {}
        self.payments: dict[str, Record] = {}
        self.changes: dict[str, list[Record]] = {}
        self._numbers: dict[str, int] = {}
        self.reasons = {
            f"rr_sim_{value}": {
                "id": f"rr_sim_{value}",
                "value": value,
                "label": label,
                "parent_return_reason_id": None,
            }
            for value, label in REASONS.items()
        }
        self.variants = {
            f"variant_sim_{sku.lower()}": {"id": f"variant_sim_{sku.lower()}", "sku": sku} for sku in PRICES
        }

    def __deepcopy__(self, memo: dict[int, Any]) -> Shop:
        """The past, for told lag: the records without the way to tell the world."""
        past = Shop()
        kept = {name: value for name, value in vars(self).items() if name != "emit"}
        vars(past).update(copy.deepcopy(kept, memo))
        return past

    def new(self, prefix: str) -> str:
        number = self._numbers[prefix] = self._numbers.get(prefix, 0) + 1
        return f"{prefix}_sim{number:06d}"

    # -- buying

    def place(self, lines: Mapping[str, int], *, ship: bool = True, email: str = "ada@shop.example") -> Record:
        """A customer bought and paid."""
        order_id = self.new("order")
        items = [self.item(sku, Decimal(count)) for sku, count in lines.items()]
        total = SHIPPING + sum((item["refundable_total_per_unit"] * item["quantity"] for item in items), Decimal(0))
        payment_id = self.new("pay")
        collection = self.new("pay_col")
        at = now()
        payment = {
            "id": payment_id,
            "amount": total,
            "raw_amount": exact(total),
            "currency_code": "eur",
            "provider_id": "pp_system_default",
            "captured_at": at,
            "canceled_at": None,
            "created_at": at,
            "updated_at": at,
            "refunds": [],
            "captures": [{"id": self.new("capt"), "amount": total, "raw_amount": exact(total), "created_at": at}],
        }
        order = {
            "id": order_id,
            "display_id": int(order_id[-6:]),
            "custom_display_id": None,
            "currency_code": "eur",
            "email": email,
            "status": "pending",
            "canceled_at": None,
            "is_draft_order": False,
            "version": 1,
            "metadata": None,
            "created_at": at,
            "updated_at": at,
            "sales_channel": {"id": "sc_sim", "name": "Web"},
            "items": items,
            "fulfillments": [],
            "shipping": SHIPPING,
            "payment_collections": [{"id": collection, "payments": [payment]}],
        }
        payment["payment_collection"] = {"id": collection, "order": {"id": order_id}}
        self.orders[order_id], self.changes[order_id], self.payments[payment_id] = order, [], payment
        self.emit("order.placed", {"id": order_id})
        self.emit("payment.captured", {"id": payment_id})
        if ship:
            parcel = self.fulfil(order_id, [{"id": item["id"], "quantity": item["quantity"]} for item in items])
            self.advance(order_id, parcel["id"], "shipped", "shipment.created")
            self.advance(order_id, parcel["id"], "delivered", "delivery.created")
        return order

    def item(self, sku: str, count: Decimal) -> Record:
        if sku not in PRICES:
            raise Refused(400, "invalid_data", f"Variants with SKU {sku} do not exist")
        price = PRICES[sku] * TAX
        detail = dict.fromkeys(COUNTED, Decimal(0)) | {"quantity": count}
        return {
            "id": self.new("ordli"),
            "title": TITLES[sku],
            "variant_sku": sku,
            "variant_barcode": None,
            "variant_id": f"variant_sim_{sku.lower()}",
            "quantity": count,
            "unit_price": PRICES[sku],
            "refundable_total_per_unit": price,
            "raw_unit_price": exact(PRICES[sku]),
            "is_tax_inclusive": False,
            "tax_lines": [{"code": "vat", "rate": 19}],
            "adjustments": [],
            "detail": detail,
        }

    def fulfil(self, order_id: str, items: Sequence[Record]) -> Record:
        """Pack. A replacement without a shipping method has no stock reserved and cannot be packed."""
        order = self.order(order_id)
        for asked in items:
            item = self.line(order, asked["id"])
            if item.get("unreserved"):
                raise Refused(400, "invalid_data", f"No stock reservation found for item {item['id']}")
        parcel = {
            "id": self.new("ful"),
            "items": [dict(item) for item in items],
            "shipped_at": None,
            "delivered_at": None,
        }
        order["fulfillments"].append(parcel)
        self._count(order, "fulfilled_quantity", items)
        self._moved(order)
        self.emit("order.fulfillment_created", {"order_id": order_id, "fulfillment_id": parcel["id"]})
        return parcel

    def advance(self, order_id: str, parcel_id: str, state: str, event: str) -> None:
        order = self.order(order_id)
        parcel = next(parcel for parcel in order["fulfillments"] if parcel["id"] == parcel_id)
        parcel[f"{state}_at"] = now()
        self._count(order, f"{state}_quantity", parcel["items"])
        self._moved(order)
        self.emit(event, {"id": parcel_id})

    # -- staged changes

    def active(self, order_id: str) -> Record | None:
        return next((change for change in self.changes[order_id] if change["status"] == "pending"), None)

    def begin(self, order_id: str, change_type: str, note: str | None, **ids: str | None) -> Record:
        """One active change per order, whatever its kind."""
        order = self.order(order_id)
        if self.active(order_id):
            raise Refused(400, "invalid_data", BUSY.format(order_id))
        change = {
            "id": self.new("ordch"),
            "order_id": order_id,
            "return_id": None,
            "exchange_id": None,
            "claim_id": None,
            "version": order["version"] + 1,
            "change_type": change_type,
            "status": "pending",
            "internal_note": note,
            "created_by": None,
            "created_at": now(),
            "confirmed_at": None,
            "confirmed_by": None,
            "actions": [],
            **ids,
        }
        self.changes[order_id].append(change)
        return change

    def draft(self, order_id: str, change_type: str) -> Record:
        change = self.active(order_id)
        if change is None or change["change_type"] != change_type:
            raise Refused(400, "invalid_data", "An active Order Change is required to proceed")
        return change

    def act(self, change: Record, action: str, details: Record, note: str | None = None, **ids: str | None) -> None:
        named = {
            "return_id": change["return_id"],
            "exchange_id": change["exchange_id"],
            "claim_id": change["claim_id"],
            **ids,
        }
        change["actions"].append(
            {
                "id": self.new("ordchact"),
                "order_id": change["order_id"],
                "version": change["version"],
                "action": action,
                "details": details,
                "internal_note": note,
                "applied": False,
                "ordering": len(change["actions"]),
                **named,
            }
        )

    def confirm(self, change: Record) -> None:
        order = self.order(change["order_id"])
        change.update(status="confirmed", confirmed_at=now(), confirmed_by="apk_sim")
        for action in change["actions"]:
            action["applied"] = True
        order["version"] = change["version"]
        self._moved(order)

    def drop(self, change: Record) -> None:
        self.changes[change["order_id"]].remove(change)

    # -- looking things up

    def order(self, order_id: str) -> Record:
        return self.get(self.orders, "Order", order_id)

    def get(self, table: dict[str, Record], name: str, key: str) -> Record:
        if key not in table:
            raise Refused(404, "not_found", f"{name} id not found: {key}")
        return table[key]

    def line(self, order: Record, item_id: str) -> Record:
        found = next((item for item in order["items"] if item["id"] == item_id), None)
        if found is None:
            raise Refused(
                400, "invalid_data", f"Items with ids {item_id} does not exist in order with id {order['id']}."
            )
        return found

    def of_order(self, table: dict[str, Record], order_id: str) -> list[Record]:
        return [record for record in table.values() if record["order_id"] == order_id]

    def summary(self, order: Record) -> Record:
        """Paid, refunded and what is still owed (negative: to the customer)."""
        payments = [payment for collection in order["payment_collections"] for payment in collection["payments"]]
        paid = sum((capture["amount"] for payment in payments for capture in payment["captures"]), Decimal(0))
        refunded = sum((refund["amount"] for payment in payments for refund in payment["refunds"]), Decimal(0))
        kept = sum(
            (
                item["refundable_total_per_unit"]
                * (
                    item["quantity"]
                    - item["detail"]["return_received_quantity"]
                    - item["detail"]["return_dismissed_quantity"]
                )
                for item in order["items"]
            ),
            order["shipping"],
        )
        return {"paid_total": paid, "refunded_total": refunded, "pending_difference": kept - (paid - refunded)}

    def _count(self, order: Record, what: str, items: Sequence[Record]) -> None:
        for asked in items:
            detail = self.line(order, asked["id"])["detail"]
            detail[what] += Decimal(str(asked["quantity"]))

    @staticmethod
    def _moved(order: Record) -> None:
        order["updated_at"] = now()


def exact(amount: Decimal) -> Record:
    """The exact text beside an amount, as Medusa keeps it."""
    return {"value": format(amount.normalize(), "f"), "precision": 20}
