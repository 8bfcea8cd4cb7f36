"""What is read of Medusa, and how its records become whole.

A return alone does not say what was received of it, nor an exchange what was shipped: that stands in the order's
changes and in the order's items. So a record is handed over as Medusa tells it, with `joined` beside Medusa's own
fields for what was read elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.alone import each
from connectors.kit.api import Message, Unreadable
from connectors.kit.errors import ConnectorError
from connectors.medusa.admin import Admin, encode
from connectors.medusa.drafts import DAMAGED, GOOD, Mark, Record, confirmed_receipts, quantities
from connectors.medusa.pricing import number, piece

BATCH = 50
"""Orders per list call, and rows per page."""

ORDER = (
    "id,display_id,custom_display_id,currency_code,email,status,canceled_at,is_draft_order,version,metadata,total,"
    "created_at,updated_at,sales_channel.name,*items,*items.detail,*items.tax_lines,*items.adjustments,"
    "*payment_collections.payments,"
    "*payment_collections.payments.captures,*payment_collections.payments.refunds,"
    "payment_collections.payments.refunds.refund_reason.code"
)
RETURN = (
    "id,order_id,exchange_id,claim_id,display_id,location_id,status,metadata,refund_amount,created_by,created_at,"
    "updated_at,canceled_at,requested_at,received_at,items.id,items.item_id,items.quantity,items.received_quantity,"
    "items.damaged_quantity,items.note,items.reason.value,items.reason.label,items.updated_at,claim.type"
)
EXCHANGE = (
    "id,order_id,return_id,display_id,metadata,created_at,updated_at,canceled_at,"
    "additional_items.id,additional_items.item_id,additional_items.quantity"
)
CLAIM = (
    "id,order_id,return_id,display_id,type,metadata,refund_amount,created_at,updated_at,canceled_at,"
    "additional_items.id,additional_items.item_id,additional_items.quantity,"
    "claim_items.id,claim_items.item_id,claim_items.quantity,claim_items.reason,claim_items.note,"
    "claim_items.is_additional_item"
)
PARTS = {"return": ("returns", RETURN), "exchange": ("exchanges", EXCHANGE), "claim": ("claims", CLAIM)}
"""What hangs on an order: stream -> (collection, fields)."""


@dataclass(frozen=True, slots=True)
class Family:
    """One order and all that hangs on it, as read at one time."""

    order: Record
    changes: Sequence[Record]
    parts: Mapping[str, Sequence[Record]]

    def messages(self, streams: Iterable[str] | None = None) -> Iterator[Message | Unreadable]:
        """One message per record; drafts that nobody confirmed are not there yet, for anyone. One that cannot be read
        stands for itself."""
        wanted = frozenset(streams or ("order", "payment", *PARTS))
        if "order" in wanted:
            yield from each("order", [self.order], self._order)
        if "payment" in wanted:
            yield from each("payment", payments(self.order), self._payment)
        for stream, make in (("return", self._return), ("exchange", self._exchange), ("claim", self._claim)):
            if stream in wanted:
                parts = (part for part in self.parts.get(stream, ()) if is_confirmed(stream, part))
                yield from each(stream, parts, make)

    def _order(self, _: Record) -> Message:
        items = [{**item, "joined": {"price": piece(item)}} for item in self.order.get("items") or ()]
        return message("order", self.order, {**self.order, "items": items}, self.order["updated_at"])

    def _payment(self, payment: Record) -> Message:
        refunds = [
            {**refund, "joined": {"reference": mark.reference if (mark := Mark.read(refund.get("note"))) else None}}
            for refund in payment.get("refunds") or ()
        ]
        moved = [payment["updated_at"], *(refund["created_at"] for refund in refunds)]
        document = {**payment, "refunds": refunds, "joined": {"order": self._order_key()}}
        return message("payment", payment, document, max(moved))

    def _return(self, record: Record) -> Message:
        receipts = list(confirmed_receipts(self.changes, record["id"]))
        claim = next((claim for claim in self.parts.get("claim", ()) if claim["id"] == record.get("claim_id")), None)
        joined = {
            "order": self._order_key(),
            "kind": self._kind(record),
            "receipts": receipts,
            "mismatches": list(self.mismatches(record)),
            "claim_reasons": {item["item_id"]: item.get("reason") for item in complaints(claim or {})},
        }
        items = [{**item, "joined": self._item(item["item_id"], joined)} for item in record.get("items") or ()]
        version = max([record["updated_at"], *(receipt["at"] for receipt in receipts if receipt["at"])])
        return message("return", record, {**record, "items": items, "joined": joined}, version)

    def _exchange(self, record: Record) -> Message:
        document = {**record, "joined": {"order": self._order_key(), "replacements": self._replacements(record)}}
        return message("exchange", record, document, self._version(record))

    def _claim(self, record: Record) -> Message:
        document = {**record, "joined": {"order": self._order_key(), "replacements": self._replacements(record)}}
        if record.get("return_id") is None:  # nothing comes back: the claim itself is the return (仅退款, 补发)
            founds = [{**item, "joined": self._item(item["item_id"], {})} for item in complaints(record)]
            document["joined"]["founds"] = founds
        return message("claim", record, document, self._version(record))

    def _version(self, record: Record) -> str:
        """Their own `updated_at` stands still while the replacement is shipped; the order's does not."""
        return str(max(record["updated_at"], self.order["updated_at"]))

    def _order_key(self) -> dict[str, Any]:
        kept = ("id", "display_id", "custom_display_id", "currency_code", "email", "canceled_at")
        return {name: self.order.get(name) for name in kept}

    @staticmethod
    def _kind(record: Record) -> str:
        if record.get("exchange_id"):
            return "exchange"
        return f"claim_{(record.get('claim') or {}).get('type')}" if record.get("claim_id") else "return"

    def _item(self, item_id: str, joined: Mapping[str, Any]) -> dict[str, Any]:
        ordered = self._ordered(item_id)
        return {
            "sku": ordered.get("variant_sku"),
            "barcode": ordered.get("variant_barcode"),
            "title": ordered.get("title"),
            "price": piece(ordered),
            "claim_reason": (joined.get("claim_reasons") or {}).get(item_id),
        }

    def _ordered(self, item_id: str) -> Record:
        return next((item for item in self.order.get("items") or () if item["id"] == item_id), {})

    def _replacements(self, record: Record) -> list[dict[str, Any]]:
        return [
            {**item, "sku": ordered.get("variant_sku"), "state": _sent(item, ordered.get("detail") or {})}
            for item in replacing(record)
            for ordered in [self._ordered(item["item_id"])]
        ]

    def mismatches(self, record: Record) -> Iterator[dict[str, Any]]:
        """Order items whose own totals are not what the confirmed actions of all their returns add up to."""
        everything = [
            action for change in self.changes if change["status"] == "confirmed" for action in change["actions"]
        ]
        good, damaged = quantities(everything, GOOD), quantities(everything, DAMAGED)
        for item_id in dict.fromkeys(item["item_id"] for item in record.get("items") or ()):
            detail = self._ordered(item_id).get("detail")
            if detail is None:
                continue
            stands = [number(detail, f"return_{name}_quantity") for name in ("received", "dismissed")]
            acted = [good.get(item_id, Decimal(0)), damaged.get(item_id, Decimal(0))]
            if stands != acted:
                yield {"item_id": item_id, "order_item": list(map(str, stands)), "actions": list(map(str, acted))}


def read_families(admin: Admin, order_ids: Sequence[str]) -> Iterator[Family]:
    """Whole orders, a batch per call and the changes of those that have returns. An order that is gone is left out."""
    for start in range(0, len(order_ids), BATCH):
        batch = order_ids[start : start + BATCH]
        parts = {
            stream: list(admin.all(collection, {"order_id[]": batch, "fields": fields}))
            for stream, (collection, fields) in PARTS.items()
        }
        orders = {order["id"]: order for order in admin.all("orders", {"id[]": batch, "fields": ORDER})}
        for order_id in batch:
            if order_id not in orders:
                continue
            mine = {stream: [part for part in rows if part["order_id"] == order_id] for stream, rows in parts.items()}
            yield complete(admin, Family(orders[order_id], (), mine))


def hanging_on(admin: Admin, order_id: str) -> Iterator[tuple[str, str]]:
    """(stream, id) of what hangs on an order that cannot be read, as far as that can be asked."""
    for stream, (collection, _) in PARTS.items():
        with suppress(ConnectorError):
            yield from (
                (stream, str(row["id"])) for row in admin.all(collection, {"order_id[]": [order_id], "fields": "id"})
            )


def complete(admin: Admin, family: Family) -> Family:
    """The family with its changes; read once more when order and changes were read on two sides of a receipt."""
    if not any(is_confirmed("return", part) for part in family.parts.get("return", ())):
        return family
    for reread in (False, True):
        order = admin.get(f"orders/{family.order['id']}", fields=ORDER)["order"] if reread else family.order
        changes = admin.get(f"orders/{order['id']}/changes", status="confirmed")["order_changes"]
        family = Family(order, changes, family.parts)
        if not any(True for part in family.parts["return"] for _ in family.mismatches(part)):
            break
    return family


def is_confirmed(stream: str, record: Record) -> bool:
    """Whether the staged change that makes this record was confirmed. Exchanges and claims have no status at all."""
    if stream == "return":
        return bool(record.get("status") != "open")
    return bool(record.get("additional_items") or record.get("claim_items"))


def complaints(claim: Record) -> Iterator[Record]:
    """What a claim is about."""
    return (item for item in claim.get("claim_items") or () if not item.get("is_additional_item"))


def replacing(record: Record) -> Iterator[Record]:
    """What goes out instead: an exchange lists it by itself, a claim among its items."""
    yield from record.get("additional_items") or ()
    yield from (item for item in record.get("claim_items") or () if item.get("is_additional_item"))


def payments(order: Record) -> Iterator[Record]:
    """All payments of an order, over its collections."""
    for collection in order.get("payment_collections") or ():
        yield from collection.get("payments") or ()


def message(stream: str, record: Record, document: Mapping[str, Any], version: str) -> Message:
    return Message(stream=stream, external_id=record["id"], body=encode(document), version=version)


def _sent(item: Record, detail: Record) -> str:
    """How far a replacement is: its order item counts it as shipped, then as delivered."""
    wanted = Decimal(str(item["quantity"]))
    for state in ("delivered", "shipped"):
        if number(detail, f"{state}_quantity") >= wanted:
            return state
    return "due"
