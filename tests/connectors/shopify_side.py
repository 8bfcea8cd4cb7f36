"""One simulated Shopify as the tests see it: an order, a return that a customer asked for, and what may be written."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec

from connectors.kit import registry
from connectors.kit.api import Login, Operation, OperationLine, Reply, WebhookRequest
from connectors.shopify.connector import Shopify
from connectors.shopify.sandbox import ShopifySandbox
from connectors.shopify.sandbox_oauth import TOKEN
from connectors.shopify.sandbox_shop import LOCATION, Record

SECRET, OLD_SECRET = "shpss_simulated_new", "shpss_simulated_old"


class Remote(ShopifySandbox):
    """The sandbox with one return in it: two shirts asked back of three, and a scarf that stays."""

    def setup(self) -> None:
        super().setup()
        self.secret = SECRET
        self.order = self.state.place({"SHIRT-M": 3, "SCARF": 1})
        self.asked = self.ask_for(self.order, 2)

    def ask_for(self, order: Record, pieces: int, status: str = "REQUESTED") -> Record:
        sent = self.state.open_pieces(order)[0][0]["id"]
        piece = {"fulfillmentLineItemId": sent, "quantity": pieces, "returnReason": "SIZE_TOO_SMALL"}
        return self.state.request(order, [piece], status=status)

    def approve(self) -> Record:
        return dict(self.mutate_returnApproveRequest({"id": self.asked["id"]})["return"])

    @property
    def line(self) -> str:
        """The return's line."""
        return str(self.asked["returnLineItems"][0].id)

    @property
    def order_line(self) -> str:
        return str(self.order["lineItems"][0].id)

    @property
    def payment(self) -> str:
        return str(self.order["transactions"][0].id)

    def objects(self) -> dict[str, str]:
        return {"return": self.asked["id"], "order": self.order["id"]}

    def settings(self) -> dict[str, Any]:
        return {
            "base_url": self.url,
            "access_token": TOKEN,
            "webhook_secret": [OLD_SECRET, SECRET],
            "api_version": "2026-07",
            "location": LOCATION,
        }

    def operation(self, kind: str, **more: Any) -> Operation:
        """An operation on the return, of its one line where nothing else is said."""
        line = OperationLine(Decimal(2), order_line=self.order_line, line=self.line, sku="SHIRT-M")
        fields = {"id": "7", "reference": "R1001", "objects": self.objects(), "lines": (line,), **more}
        return Operation(kind=kind, **fields)

    def receive(self, pieces: int = 2) -> Operation:
        totals = {"received": Decimal(pieces), "damaged": Decimal(0)}
        line = OperationLine(
            Decimal(pieces), order_line=self.order_line, line=self.line, sku="SHIRT-M", totals=totals, facts=("fact-1",)
        )
        return self.operation("receive", lines=(line,))

    def pushed(self, topic: str, body: Any) -> WebhookRequest:
        """A genuine webhook."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return WebhookRequest("POST", "/hooks/shop", dict(self.sign(topic, raw)), raw)


def connect(remote: Remote, **settings: Any) -> Shopify:
    given = {name: value for name, value in {**remote.settings(), **settings}.items() if value is not None}
    connector = registry.load("shopify").connect(Login("here", given))
    assert isinstance(connector, Shopify)
    return connector


def carry_out(connector: Shopify, operation: Operation) -> Reply:
    reply = connector.perform(operation)
    while not reply.finished:
        operation = replace(operation, progress={**operation.progress, **reply.progress})
        reply = connector.perform(operation)
    return reply
