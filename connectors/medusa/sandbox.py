"""A small Medusa for tests, the demo and integrators on a train: the part of the admin API that the connector uses.

    SANDBOX_SECRET=whsec_… python -m connectors.medusa.sandbox --port 0 --webhook http://127.0.0.1:8080/hooks/web

Besides the admin API: POST /store/returns as customers ask, POST /shop/orders {"lines": {"SHIRT-M": 2}} to buy, GET
/shop for what it sells. The secret key is `sk_simulated`. Everything in it is simulated.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from connectors.kit.sandbox import Call, Refuse, route
from connectors.medusa import sandbox_returns as returns
from connectors.medusa.sandbox_shop import BACK, LOCATION, STANDARD, Record, Shop, now
from connectors.medusa.sandbox_writes import Writes

SECRET_KEY, PUBLISHABLE_KEY = "sk_simulated", "pk_simulated"


class MedusaSandbox(Writes):
    """The sandbox; `state` is the shop."""

    name = "medusa"

    def setup(self) -> None:
        self.state = Shop(self.notify)

    def allow(self, call: Call) -> None:
        given = call.headers.get("authorization", "")
        encoded = base64.b64encode(f"{SECRET_KEY}:".encode()).decode()
        if call.path.startswith("/admin/") and given not in (f"Basic {SECRET_KEY}", f"Basic {encoded}"):
            raise Refuse(401, {"message": "Unauthorized"})
        if call.path.startswith("/store/") and call.headers.get("x-publishable-api-key") != PUBLISHABLE_KEY:
            raise Refuse(400, {"type": "not_allowed", "message": "Publishable API key required in the request header"})

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        """As subscriber.js signs (Standard Webhooks)."""
        name, stamp = msgspec.json.decode(body)["id"], str(int(time.time()))
        key = base64.b64decode(self.secret.removeprefix("whsec_") + "==")
        made = hmac.digest(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256)
        signature = f"v1,{base64.b64encode(made).decode()}"
        return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": signature}

    def notify(self, name: str, data: Record) -> None:
        """An event, as the shipped subscriber tells it: with everything that hangs on its order."""
        order_id = data.get("order_id") or self._owner(name, data["id"])
        objects = [{"stream": "order", "id": order_id}]
        shop = self.state
        for stream, table in (("return", shop.returns), ("exchange", shop.exchanges), ("claim", shop.claims)):
            objects += [{"stream": stream, "id": record["id"]} for record in shop.of_order(table, order_id)]
        objects += [{"stream": "payment", "id": payment["id"]} for payment in self._payments(shop.order(order_id))]
        body = {
            "id": f"msg_{uuid.uuid4()}",
            "name": name,
            "data": data,
            "order_id": order_id,
            "objects": objects,
            "at": now(),
        }
        self.webhook(name, body)

    def _owner(self, name: str, key: str) -> str:
        shop = self.state
        if name.startswith("payment."):
            return str(shop.payments[key]["payment_collection"]["order"]["id"])
        parcels = ((order["id"], parcel["id"]) for order in shop.orders.values() for parcel in order["fulfillments"])
        return next((order for order, parcel in parcels if parcel == key), key)

    @staticmethod
    def _payments(order: Record) -> list[Record]:
        return [payment for collection in order["payment_collections"] for payment in collection["payments"]]

    # -- beside the admin API

    @route("POST", "/shop/orders")
    def buy(self, call: Call) -> Any:
        """A customer buys, pays and gets it."""
        asked = call.json()
        order = self.state.place(asked["lines"], ship=asked.get("ship", True))
        self.effect("order", id=order["id"])
        return {"order": self._shown(order, "*items,*payment_collections")}

    @route("GET", "/shop")
    def sells(self, call: Call) -> Any:
        shop = self.state
        variants = {variant["sku"]: variant["id"] for variant in shop.variants.values()}
        reasons = {reason["value"]: reason["id"] for reason in shop.reasons.values()}
        return {
            "secret_key": SECRET_KEY,
            "publishable_key": PUBLISHABLE_KEY,
            "location": LOCATION,
            "shipping_option": STANDARD,
            "return_option": BACK,
            "variants": variants,
            "reasons": reasons,
        }

    @route("POST", "/store/returns")
    def customer_asks(self, call: Call) -> Any:
        made = returns.customer_asks(self.state, call.json())
        self.effect("request", id=made["id"])
        return {"return": self._shown(made, "*items")}

    # -- reading

    @route("GET", "/admin/stores")
    def stores(self, call: Call) -> Any:
        return {
            "stores": [
                {"id": "store_sim", "name": "Simulated shop", "supported_currencies": [{"currency_code": "eur"}]}
            ]
        }

    @route("GET", "/admin/sales-channels")
    def channels(self, call: Call) -> Any:
        return {"sales_channels": [{"id": "sc_sim", "name": "Web"}]}

    @route("GET", "/admin/stock-locations/{key}")
    def location(self, call: Call, key: str) -> Any:
        return {"stock_location": self.state.get({LOCATION: {"id": LOCATION, "name": "Berlin"}}, "Stock location", key)}

    @route("GET", "/admin/shipping-options/{key}")
    def option(self, call: Call, key: str) -> Any:
        known = {STANDARD: {"id": STANDARD, "name": "Standard"}, BACK: {"id": BACK, "name": "Return"}}
        return {"shipping_option": self.state.get(known, "Shipping option", key)}

    @route("GET", "/admin/{collection}")
    def listed(self, call: Call, collection: str) -> Any:
        shop = self.state
        tables = {
            "orders": shop.orders,
            "returns": shop.returns,
            "exchanges": shop.exchanges,
            "claims": shop.claims,
            "payments": shop.payments,
            "return-reasons": shop.reasons,
            "product-variants": shop.variants,
        }
        if collection not in tables:
            raise Refuse(404, {"message": f"Cannot GET /admin/{collection}"})
        name = {"return-reasons": "return_reasons", "product-variants": "variants"}.get(collection, collection)
        return self._page(call, name, tables[collection].values())

    @route("GET", "/admin/{collection}/{key}")
    def one(self, call: Call, collection: str, key: str) -> Any:
        record = self._record(collection, key)
        fields = call.query.get("fields") or ("*items,*claim_items,*additional_items,*payment_collections")
        return {collection.removesuffix("s"): self._shown(record, fields)}

    @route("GET", "/admin/orders/{key}/changes")
    def changes(self, call: Call, key: str) -> Any:
        self.state.order(key)
        wanted = {value for name, value in call.pairs if name in ("status", "status[]")}
        return {"order_changes": [c for c in self.state.changes[key] if not wanted or c["status"] in wanted]}


if __name__ == "__main__":
    MedusaSandbox.main()
