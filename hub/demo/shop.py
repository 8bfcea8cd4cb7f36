"""The storefront of the demo: Medusa's sandbox as its own process, and the customers who shop there (simulated)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from connectors.medusa.sandbox import PUBLISHABLE_KEY, SECRET_KEY
from connectors.medusa.sandbox_shop import LOCATION
from hub.demo.sandboxes import Sandbox

CUSTOMER = {"x-publishable-api-key": PUBLISHABLE_KEY}
ADMIN = {"Authorization": f"Basic {base64.b64encode(f'{SECRET_KEY}:'.encode()).decode()}"}


class Shop(Sandbox):
    """A running sandbox. `place` and `ask_back` are what customers do; nobody tells the hub."""

    def __init__(self, webhook_url: str) -> None:
        super().__init__("medusa", webhook_url, "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode())

    @property
    def settings(self) -> dict[str, Any]:
        """The connector's account settings for this shop."""
        return {"base_url": self.url, "secret_key": SECRET_KEY, "webhook_secret": self.secret, "location": LOCATION}

    def place(self, lines: Mapping[str, int]) -> dict[str, Any]:
        """An order, paid and shipped: SKU -> pieces."""
        made: dict[str, Any] = self.post("/shop/orders", {"lines": dict(lines)}, CUSTOMER)["order"]
        return made

    def ask_back(self, order: str, items: Mapping[str, int], reason: str) -> dict[str, Any]:
        """The customer wants to return pieces: order line id -> pieces."""
        reason = self.get("/shop")["reasons"][reason]
        wanted = [{"id": line, "quantity": quantity, "reason_id": reason} for line, quantity in items.items()]
        made: dict[str, Any] = self.post("/store/returns", {"order_id": order, "items": wanted}, CUSTOMER)["return"]
        return made

    def order(self, order: str) -> dict[str, Any]:
        """The order as the shop keeps it."""
        found: dict[str, Any] = self.get(f"/admin/orders/{order}?fields=*items.detail,*summary", ADMIN)["order"]
        return found
