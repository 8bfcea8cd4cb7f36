"""The sandbox's exchanges and claims: a return and new items in one staged change of the order."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from connectors.medusa import sandbox_returns as returns
from connectors.medusa.sandbox_shop import Record, Refused, Shop, now

Kind = Literal["exchange", "claim"]
PREFIX = {"exchange": "oexc", "claim": "claim"}


def table(shop: Shop, kind: Kind) -> dict[str, Record]:
    return shop.exchanges if kind == "exchange" else shop.claims


def begin(shop: Shop, kind: Kind, body: Record) -> Record:
    """POST /admin/exchanges, /admin/claims"""
    made_id = shop.new(PREFIX[kind])
    shop.begin(body["order_id"], kind, body.get("internal_note"), **{f"{kind}_id": made_id})
    made: Record = {
        "id": made_id,
        "order_id": body["order_id"],
        "return_id": None,
        "display_id": int(made_id[-6:]),
        "metadata": body.get("metadata"),
        "created_at": now(),
        "updated_at": now(),
        "canceled_at": None,
        "additional_items": [],
    }
    if kind == "claim":
        made.update(type=body["type"], claim_items=[], refund_amount=None)
    table(shop, kind)[made_id] = made
    return made


def inbound(shop: Shop, kind: Kind, key: str, body: Record) -> Record:
    """What comes back; the first call makes the return inside."""
    record, change = _drafted(shop, kind, key)
    if change["return_id"] is None:
        ids = {f"{kind}_id": key}
        made = returns.new_return(shop, record["order_id"], body.get("location_id"), **ids)
        if kind == "claim":
            made["claim"] = {"id": key, "type": record["type"]}
        change["return_id"] = record["return_id"] = made["id"]
    returns.ask(shop, change, body["items"])
    record["updated_at"] = now()
    return record


def outbound(shop: Shop, kind: Kind, key: str, items: Sequence[Record]) -> Record:
    """What goes out instead."""
    record, change = _drafted(shop, kind, key)
    for item in items:
        if item["variant_id"] not in shop.variants:
            raise Refused(400, "invalid_data", f"Variants with IDs {item['variant_id']} do not exist")
        details = {"reference_id": shop.new("ordli"), "quantity": item["quantity"], "variant_id": item["variant_id"]}
        shop.act(change, "ITEM_ADD", details, return_id=None)
    return record


def shipping(shop: Shop, kind: Kind, key: str, body: Record) -> Record:
    record, change = _drafted(shop, kind, key)
    shop.act(change, "SHIPPING_ADD", {"option": body["shipping_option_id"]}, return_id=None)
    return record


def complain(shop: Shop, key: str, items: Sequence[Record]) -> Record:
    """POST /admin/claims/:id/claim-items"""
    record, change = _drafted(shop, "claim", key)
    order = shop.order(record["order_id"])
    for item in items:
        details = {
            "quantity": item["quantity"],
            "reference_id": shop.line(order, item["id"])["id"],
            "reason": item.get("reason"),
        }
        shop.act(change, "WRITE_OFF_ITEM", details, item.get("internal_note"), return_id=None)
    return record


def request(shop: Shop, kind: Kind, key: str) -> Record:
    """POST …/request: the items appear; without an outbound shipping method no stock is reserved for them."""
    record, change = _drafted(shop, kind, key)
    actions = [action["action"] for action in change["actions"]]
    if kind == "exchange" and not {"RETURN_ITEM", "ITEM_ADD"} <= set(actions):
        raise Refused(
            400, "invalid_data", "Order exchange request should have at least 1 item inbound and 1 item outbound"
        )
    order = shop.order(record["order_id"])
    for action in change["actions"]:
        if action["action"] == "ITEM_ADD":
            count = Decimal(str(action["details"]["quantity"]))
            item = shop.item(shop.variants[action["details"]["variant_id"]]["sku"], count)
            item["unreserved"] = "SHIPPING_ADD" not in actions
            order["items"].append(item)
            added = {"item_id": item["id"], "quantity": count}
            if kind == "exchange":
                record["additional_items"].append({"id": shop.new("oexcitem"), **added})
            else:
                more = {"reason": None, "note": None, "is_additional_item": True}
                record["claim_items"].append({"id": shop.new("claitem"), **added, **more})
        if action["action"] == "WRITE_OFF_ITEM":
            details = action["details"]
            record["claim_items"].append(
                {
                    "id": shop.new("claitem"),
                    "item_id": details["reference_id"],
                    "quantity": details["quantity"],
                    "reason": details["reason"],
                    "note": action["internal_note"],
                    "is_additional_item": False,
                }
            )
    returns.confirm_request(shop, change, shop.returns.get(change["return_id"] or ""))
    shop.emit(f"order.{kind}_created", {"order_id": record["order_id"], f"{kind}_id": key})
    return record


def cancel(shop: Shop, kind: Kind, key: str) -> Record:
    """POST …/cancel ends the return inside, too; no event."""
    record = shop.get(table(shop, kind), kind.title(), key)
    if record["return_id"] and shop.returns[record["return_id"]]["status"] != "canceled":
        returns.cancel_return(shop, record["return_id"])
    record.update(canceled_at=now(), updated_at=now())
    return record


def _drafted(shop: Shop, kind: Kind, key: str) -> tuple[Record, Record]:
    record = shop.get(table(shop, kind), kind.title(), key)
    return record, shop.draft(record["order_id"], kind)
