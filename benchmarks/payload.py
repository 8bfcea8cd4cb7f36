"""The record that everything is measured on: a Medusa return of 3.8 KB with six lines, built, not recorded (simulated).

It has the shape in which the connector hands over the stream `return`. `payload.json` is number 0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("payload.json")

_WHEN = "2026-11-20T09:15:42.940Z"
_GOODS = (
    ("SHIRT-M-WHITE", "Linen shirt, white, M", "47.60", "too_small", "sleeves too short"),
    ("JEANS-32-34", "Straight jeans 32/34", "79.90", "size", None),
    ("SCARF-RED", "Merino scarf, red", "29.95", "changed_mind", None),
    ("BOOTS-43", "Leather boots 43", "149.00", "defective", "左脚的鞋底开胶了"),
    ("BELT-95", "Belt 95 cm", "35.00", "not_as_described", "brown, not black"),
    ("SOCKS-5", "Socks, pack of five", "14.50", "changed_mind", None),
)
_RECEIVED = (("RECEIVE_RETURN_ITEM", 0, 1), ("RECEIVE_DAMAGED_RETURN_ITEM", 3, 1), ("RECEIVE_RETURN_ITEM", 5, 1))


def record(number: int) -> dict[str, Any]:
    """The return with this number; its ids and those of its order are its own."""
    tail = f"01M85M{number:020d}"
    order, sent = f"order_{tail}", f"return_{tail}"
    lines = [
        {
            "id": f"retitem_{place}{tail[1:]}",
            "item_id": f"ordli_{place}{tail[1:]}",
            "quantity": 2 if place == 0 else 1,
            "received_quantity": sum(n for _, at, n in _RECEIVED if at == place),
            "damaged_quantity": 0,
            "note": note,
            "updated_at": _WHEN,
            "reason": {"value": reason, "label": reason.replace("_", " ").capitalize()},
            "joined": {"sku": sku, "barcode": None, "title": title, "price": price, "claim_reason": None},
        }
        for place, (sku, title, price, reason, note) in enumerate(_GOODS)
    ]
    receipts = [
        {
            "id": f"ordchact_{place}{tail[1:]}",
            "action": action,
            "item_id": lines[place]["item_id"],
            "quantity": quantity,
            "return_id": sent,
            "internal_note": None,
            "at": _WHEN,
            "by": "user_01M85M69TNW90Y2V80ACY64KBG",
        }
        for action, place, quantity in _RECEIVED
    ]
    shop = {
        "id": order,
        "display_id": 100000 + number,
        "custom_display_id": None,
        "currency_code": "eur",
        "email": "ada@shop.example",
        "canceled_at": None,
    }
    return {
        "id": sent,
        "order_id": order,
        "exchange_id": None,
        "claim_id": None,
        "display_id": 1 + number,
        "location_id": "sloc_01M85M6BNAPPFNE1K2FW82NJB4",
        "status": "partially_received",
        "metadata": {"channel": "customer portal", "locale": "de-AT", "parcel": "simulated"},
        "refund_amount": None,
        "created_by": None,
        "created_at": _WHEN,
        "updated_at": _WHEN,
        "canceled_at": None,
        "requested_at": _WHEN,
        "received_at": None,
        "items": lines,
        "claim": None,
        "joined": {"order": shop, "kind": "return", "receipts": receipts, "mismatches": [], "claim_reasons": {}},
    }


def body(number: int) -> bytes:
    """The same as bytes, as they would stand in the inbox."""
    return json.dumps(record(number), ensure_ascii=False, separators=(",", ":")).encode()


def payload() -> bytes:
    """The committed record, which P is measured on."""
    return FILE.read_bytes().rstrip(b"\n")
