"""The people of a shop on Medusa: customers who buy and return, clerks who receive. All names are simulated."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.peers.medusa.client import Client

ADDRESS = {
    "first_name": "Ada",
    "last_name": "Simulated",
    "address_1": "Musterweg 1",
    "city": "Berlin",
    "postal_code": "10115",
    "country_code": "de",
}
ORDER_FIELDS = (
    "id,display_id,updated_at,*summary,*items,*items.detail,"
    "*payment_collections,*payment_collections.payments,*payment_collections.payments.refunds"
)


class Shop:
    """Customers and clerks of a running shop. Lines are {sku: quantity}."""

    def __init__(self, url: str, facts: Mapping[str, Any]) -> None:
        self.facts = facts
        self.admin = Client(url, auth=(facts["secret_key"], ""))
        self.store = Client(url, {"x-publishable-api-key": facts["publishable_key"]})

    def close(self) -> None:
        self.admin.close()
        self.store.close()

    def coupon(self, amount: Decimal) -> str:
        """A coupon that takes this amount off all goods together; its code."""
        code = f"SIM{secrets.token_hex(4).upper()}"
        method = {"type": "fixed", "target_type": "items", "allocation": "across", "value": float(amount)}
        promotion = {"code": code, "type": "standard", "status": "active"}
        self.admin("POST", "/admin/promotions", {**promotion, "application_method": {**method, "currency_code": "eur"}})
        return code

    def place_order(self, lines: Mapping[str, int], *, ship: bool = True, coupon: str = "") -> dict[str, Any]:
        """A customer buys, pays and, unless told otherwise, gets it. -> {id, number, items {sku: id}, payment}"""
        bought = [{"variant_id": self.facts["variants"][sku], "quantity": count} for sku, count in lines.items()]
        cart = self.store(
            "POST",
            "/store/carts",
            {
                "region_id": self.facts["region"],
                "email": "ada@shop.example",
                "shipping_address": ADDRESS,
                "billing_address": ADDRESS,
                "items": bought,
                **({"promo_codes": [coupon]} if coupon else {}),
            },
        )["cart"]["id"]
        self.store("POST", f"/store/carts/{cart}/shipping-methods", {"option_id": self.facts["shipping_option"]})
        paying = self.store("POST", "/store/payment-collections", {"cart_id": cart})["payment_collection"]["id"]
        self.store(
            "POST", f"/store/payment-collections/{paying}/payment-sessions", {"provider_id": "pp_system_default"}
        )
        order = self.store("POST", f"/store/carts/{cart}/complete", {})["order"]["id"]
        found = self.order(order)
        payment = found["payment_collections"][0]["payments"][0]["id"]
        self.admin("POST", f"/admin/payments/{payment}/capture", {})
        items = {item["variant_sku"]: item["id"] for item in found["items"]}
        if ship:
            self.ship(order, {items[sku]: count for sku, count in lines.items()})
        return {"id": order, "number": f"#{found['display_id']}", "items": items, "payment": payment}

    def ship(self, order: str, items: Mapping[str, int], tracking: str = "SIM123") -> None:
        """A clerk packs, ships and marks as delivered."""
        packed = [{"id": item, "quantity": count} for item, count in items.items()]
        before = {parcel["id"] for parcel in self._parcels(order)}
        self.admin(
            "POST", f"/admin/orders/{order}/fulfillments", {"location_id": self.facts["location"], "items": packed}
        )
        parcel = next(parcel["id"] for parcel in self._parcels(order) if parcel["id"] not in before)
        label = {"tracking_number": tracking, "tracking_url": "", "label_url": ""}
        path = f"/admin/orders/{order}/fulfillments/{parcel}"
        self.admin("POST", f"{path}/shipments", {"items": packed, "labels": [label]})
        self.admin("POST", f"{path}/mark-as-delivered", {})

    def _parcels(self, order: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.order(order, "*fulfillments")["fulfillments"]
        return found

    def request_return(self, order: str, items: Mapping[str, int], reason: str = "too_small", note: str = "") -> str:
        """The customer asks for it in the shop; such a return has no location."""
        asked = [
            {"id": item, "quantity": count, "reason_id": self.facts["reasons"][reason], "note": note}
            for item, count in items.items()
        ]
        made = self.store(
            "POST",
            "/store/returns",
            {"order_id": order, "items": asked, "return_shipping": {"option_id": self.facts["return_option"]}},
        )
        return str(made["return"]["id"])

    def receive(self, return_id: str, good: Mapping[str, int], damaged: Mapping[str, int] | None = None) -> None:
        """A clerk receives in the shop's own admin."""
        path = f"/admin/returns/{return_id}"
        self.admin("POST", f"{path}/receive", {})
        self.admin("POST", path, {"location_id": self.facts["location"]})
        for route, pieces in (("receive-items", good), ("dismiss-items", damaged or {})):
            if pieces:
                items = [{"id": item, "quantity": count} for item, count in pieces.items()]
                self.admin("POST", f"{path}/{route}", {"items": items})
        self.admin("POST", f"{path}/receive/confirm", {})

    def cancel_return(self, return_id: str) -> None:
        """A clerk cancels: first the parcel it would come back in, then the return."""
        for parcel in self.admin("GET", f"/admin/returns/{return_id}", fields="id,*fulfillments")["return"][
            "fulfillments"
        ]:
            self.admin("POST", f"/admin/fulfillments/{parcel['id']}/cancel", {})
        self.admin("POST", f"/admin/returns/{return_id}/cancel", {})

    def refund(self, payment: str, amount: float, note: str = "") -> None:
        self.admin("POST", f"/admin/payments/{payment}/refund", {"amount": amount, "note": note})

    def exchange(self, order: str, item: str, sku: str, *, ship_out: bool = True) -> dict[str, Any]:
        """A clerk exchanges one piece for another article. -> the exchange, with `return_id`"""
        exchange = self.admin("POST", "/admin/exchanges", {"order_id": order})["exchange"]["id"]
        path = f"/admin/exchanges/{exchange}"
        inbound = {"items": [{"id": item, "quantity": 1}], "location_id": self.facts["location"]}
        self.admin("POST", f"{path}/inbound/items", inbound)
        wanted = {"items": [{"variant_id": self.facts["variants"][sku], "quantity": 1}]}
        self.admin("POST", f"{path}/outbound/items", wanted)
        if ship_out:
            option = {"shipping_option_id": self.facts["shipping_option"]}
            self.admin("POST", f"{path}/outbound/shipping-method", option)
        self.admin("POST", f"{path}/request", {})
        found: dict[str, Any] = self.admin("GET", path, fields="id,return_id,*additional_items")["exchange"]
        return found

    def claim(self, order: str, item: str, *, kind: str = "refund", send_back: bool = False) -> dict[str, Any]:
        """A clerk opens a claim on one piece; a replacement is the same article. -> the claim"""
        claim = self.admin("POST", "/admin/claims", {"type": kind, "order_id": order})["claim"]["id"]
        path = f"/admin/claims/{claim}"
        reason = {"items": [{"id": item, "quantity": 1, "reason": "production_failure"}]}
        self.admin("POST", f"{path}/claim-items", reason)
        if send_back:
            inbound = {"items": [{"id": item, "quantity": 1}], "location_id": self.facts["location"]}
            self.admin("POST", f"{path}/inbound/items", inbound)
        if kind == "replace":
            variant = {"items": [{"variant_id": self.facts["variants"]["SHIRT-M"], "quantity": 1}]}
            self.admin("POST", f"{path}/outbound/items", variant)
        self.admin("POST", f"{path}/request", {})
        found: dict[str, Any] = self.admin("GET", path, fields="id,return_id,type,*claim_items")["claim"]
        return found

    def order(self, order: str, fields: str = ORDER_FIELDS) -> Any:
        return self.admin("GET", f"/admin/orders/{order}", fields=fields)["order"]

    def get_return(self, return_id: str) -> Any:
        return self.admin("GET", f"/admin/returns/{return_id}", fields="*items,+metadata")["return"]

    def receipts(self, order: str, return_id: str) -> list[tuple[str, float]]:
        """(action, quantity) of every confirmed receiving action of a return, in order."""
        changes = self.admin("GET", f"/admin/orders/{order}/changes")["order_changes"]
        return [
            (action["action"], action["details"]["quantity"])
            for change in sorted(changes, key=lambda change: change["version"])
            if change["status"] == "confirmed"
            for action in sorted(change["actions"], key=lambda action: action["ordering"])
            if action["return_id"] == return_id and action["action"].startswith("RECEIVE_")
        ]

    def refunds(self, payment: str) -> list[tuple[float, str]]:
        """(amount, note) of every refund of a payment."""
        found = self.admin("GET", f"/admin/payments/{payment}")["payment"]
        return [(refund["amount"], refund["note"]) for refund in found["refunds"]]

    def wait_until(self, question: Any, seconds: float = 30) -> None:
        """Poll until `question()` is true."""
        until = time.monotonic() + seconds
        while not question():
            if time.monotonic() > until:
                raise AssertionError(f"not true within {seconds} s")
            time.sleep(0.05)
