"""A small Medusa for tests, the demo and integrators on a train: the part of the admin API that the connector uses.

    python -m connectors.medusa.sandbox --port 0 --webhook http://127.0.0.1:8080/hooks/web --secret whsec_…

Besides the admin API: POST /store/returns as customers ask, POST /shop/orders {"lines": {"SHIRT-M": 2}} to buy, GET
/shop for what it sells. The secret key is `sk_simulated`. Everything in it is simulated.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.kit.sandbox import Answer, Call, Refuse, Sandbox, route
from connectors.medusa import sandbox_exchanges as exchanges
from connectors.medusa import sandbox_returns as returns
from connectors.medusa.drafts import DAMAGED, GOOD
from connectors.medusa.sandbox_shop import BACK, LOCATION, STANDARD, Record, Refused, Shop, now

SECRET_KEY, PUBLISHABLE_KEY = "sk_simulated", "pk_simulated"
FILTERS = frozenset(("id", "order_id", "status", "created_at", "updated_at", "q"))
PLAIN = ("fields", "limit", "offset", "order")
HIDDEN = ("items", "claim", "claim_items", "additional_items", "metadata", "payment_collections")
"""Left out of answers unless `fields` names them."""
encode = msgspec.json.Encoder(decimal_format="number").encode


class MedusaSandbox(Sandbox):
    """The sandbox; `state` is the shop."""

    name = "medusa"
    state: Shop

    def setup(self) -> None:
        self.state = Shop(self.tell)

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

    def tell(self, name: str, data: Record) -> None:
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

    def answer(self, call: Call) -> Answer:
        try:
            answer = super().answer(call)
        except Refused as refused:
            answer = Answer(refused.status, {"type": refused.kind, "message": refused.text})
        return (
            Answer(answer.status, encode(answer.body), answer.headers) if not isinstance(answer.body, bytes) else answer
        )

    # -- beside the admin API

    @route("GET", "/health")
    def health(self, call: Call) -> Any:
        return {"ok": True}

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

    # -- writing

    @route("POST", "/admin/{collection}")
    def begin(self, call: Call, collection: str) -> Any:
        body = call.json()
        if collection == "returns":
            return self._wrote("return", "begin", returns.begin_return(self.state, body))
        kind = _kind(collection)
        return self._wrote(kind, "begin", exchanges.begin(self.state, kind, body))

    @route("POST", "/admin/returns/{key}")
    def update(self, call: Call, key: str) -> Any:
        return self._wrote("return", "update", returns.update_return(self.state, key, call.json()))

    @route("POST", "/admin/returns/{key}/request-items")
    def ask(self, call: Call, key: str) -> Any:
        record = self._record("returns", key)
        returns.ask(self.state, self.state.draft(record["order_id"], "return_request"), call.json()["items"])
        return self._wrote("return", "request-items", record)

    @route("POST", "/admin/returns/{key}/shipping-method")
    def return_shipping(self, call: Call, key: str) -> Any:
        record = self._record("returns", key)
        change = self.state.draft(record["order_id"], "return_request")
        self.state.act(change, "SHIPPING_ADD", {"option": call.json()["shipping_option_id"]})
        return self._wrote("return", "shipping-method", record)

    @route("POST", "/admin/returns/{key}/receive")
    def receive(self, call: Call, key: str) -> Any:
        return self._wrote("return", "receive", returns.begin_receive(self.state, key, call.json()))

    @route("POST", "/admin/returns/{key}/receive-items")
    def good(self, call: Call, key: str) -> Any:
        made = returns.receive_items(self.state, key, call.json()["items"], GOOD)
        return self._wrote("return", "receive-items", made)

    @route("POST", "/admin/returns/{key}/dismiss-items")
    def damaged(self, call: Call, key: str) -> Any:
        made = returns.receive_items(self.state, key, call.json()["items"], DAMAGED)
        return self._wrote("return", "dismiss-items", made)

    @route("POST", "/admin/returns/{key}/receive/confirm")
    def received(self, call: Call, key: str) -> Any:
        return self._wrote("return", "received", returns.confirm_receive(self.state, key))

    @route("DELETE", "/admin/returns/{key}/receive")
    def drop_receipt(self, call: Call, key: str) -> Any:
        return self._dropped("returns", key, "return_receive")

    @route("POST", "/admin/{collection}/{key}/request")
    def confirm(self, call: Call, collection: str, key: str) -> Any:
        if collection == "returns":
            return self._wrote("return", "requested", returns.request_return(self.state, key))
        kind = _kind(collection)
        return self._wrote(kind, "requested", exchanges.request(self.state, kind, key))

    @route("DELETE", "/admin/{collection}/{key}/request")
    def drop_request(self, call: Call, collection: str, key: str) -> Any:
        return self._dropped(collection, key, "return_request" if collection == "returns" else _kind(collection))

    @route("POST", "/admin/{collection}/{key}/cancel")
    def cancel(self, call: Call, collection: str, key: str) -> Any:
        if collection == "returns":
            returns.cancel_return(self.state, key)
        else:
            exchanges.cancel(self.state, _kind(collection), key)
        self.effect("cancel", id=key)
        return {}

    @route("POST", "/admin/{collection}/{key}/inbound/items")
    def inbound(self, call: Call, collection: str, key: str) -> Any:
        kind = _kind(collection)
        return self._wrote(kind, "inbound", exchanges.inbound(self.state, kind, key, call.json()))

    @route("POST", "/admin/{collection}/{key}/outbound/items")
    def outbound(self, call: Call, collection: str, key: str) -> Any:
        kind = _kind(collection)
        return self._wrote(kind, "outbound", exchanges.outbound(self.state, kind, key, call.json()["items"]))

    @route("POST", "/admin/{collection}/{key}/outbound/shipping-method")
    def outbound_shipping(self, call: Call, collection: str, key: str) -> Any:
        kind = _kind(collection)
        return self._wrote(kind, "shipping", exchanges.shipping(self.state, kind, key, call.json()))

    @route("POST", "/admin/claims/{key}/claim-items")
    def complain(self, call: Call, key: str) -> Any:
        return self._wrote("claim", "claim-items", exchanges.complain(self.state, key, call.json()["items"]))

    @route("POST", "/admin/fulfillments/{key}/cancel")
    def cancel_parcel(self, call: Call, key: str) -> Any:
        return self._wrote("fulfillment", "cancel-parcel", returns.cancel_parcel(self.state, key))

    @route("POST", "/admin/payments/{key}/refund")
    def refund(self, call: Call, key: str) -> Any:
        payment = returns.refund(self.state, key, call.json())
        self.effect("refund", id=key, amount=str(payment["refunds"][-1]["amount"]), note=payment["refunds"][-1]["note"])
        return {"payment": payment}

    @route("POST", "/admin/orders/{key}/fulfillments")
    def fulfil(self, call: Call, key: str) -> Any:
        self.state.fulfil(key, call.json()["items"])
        return {"order": self._shown(self.state.order(key), "fulfillments")}

    @route("POST", "/admin/orders/{key}/fulfillments/{parcel}/shipments")
    def ship(self, call: Call, key: str, parcel: str) -> Any:
        self.state.advance(key, parcel, "shipped", "shipment.created")
        return {"order": {"id": key}}

    @route("POST", "/admin/orders/{key}/fulfillments/{parcel}/mark-as-delivered")
    def deliver(self, call: Call, key: str, parcel: str) -> Any:
        self.state.advance(key, parcel, "delivered", "delivery.created")
        return {"order": {"id": key}}

    # -- what they share

    def _record(self, collection: str, key: str) -> Record:
        shop = self.state
        tables = {
            "orders": (shop.orders, "Order"),
            "returns": (shop.returns, "Return"),
            "exchanges": (shop.exchanges, "Exchange"),
            "claims": (shop.claims, "Claim"),
            "payments": (shop.payments, "Payment"),
        }
        if collection not in tables:
            raise Refuse(404, {"message": f"Cannot GET /admin/{collection}/{key}"})
        return shop.get(*tables[collection], key)

    def _wrote(self, stream: str, kind: str, record: Record) -> Record:
        self.effect(kind, id=record["id"])
        return {stream: self._shown(record, "*items,+metadata")}

    def _dropped(self, collection: str, key: str, change_type: str) -> Record:
        record, tables = self._record(collection, key), vars(self.state)
        self.effect("drop", id=key)
        return returns.drop_draft(self.state, record, change_type, tables[collection])

    def _shown(self, record: Record, fields: str) -> Record:
        """The record with what `fields` names; an order with its sums and its items, whatever was asked."""
        named = {part.strip().lstrip("*+").split(".")[0] for part in fields.split(",")}
        hidden = set(HIDDEN) - named - ({"items"} if "sales_channel" in record else set())
        shown = {key: value for key, value in record.items() if key not in hidden}
        if "sales_channel" in record:
            shown["summary"] = self.state.summary(record)
        return shown

    def _page(self, call: Call, name: str, rows: Iterable[Record]) -> Record:
        pairs, query = call.pairs, call.query
        self._refuse_unknown(name, [key for key, _ in pairs])
        kept = [row for row in rows if _matches(row, pairs)]
        order = query.get("order", "created_at")
        kept.sort(key=lambda row: str(row.get(order.lstrip("-")) or ""), reverse=order.startswith("-"))
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 15))
        page = [self._shown(row, query.get("fields", "")) for row in kept[offset : offset + limit]]
        return {name: page, "count": len(kept), "offset": offset, "limit": limit}

    @staticmethod
    def _refuse_unknown(name: str, keys: list[str]) -> None:
        """Unknown filters are refused, except of orders, where they are silently ignored."""
        unknown = {key.split("[")[0] for key in keys} - FILTERS - set(PLAIN) - {"sku", "value"}
        if unknown and name != "orders":
            text = f"Invalid request: Unrecognized fields: '{', '.join(sorted(unknown))}'"
            raise Refuse(400, {"type": "invalid_data", "message": text})


def _matches(row: Record, pairs: list[tuple[str, str]]) -> bool:
    wanted: dict[str, set[str]] = {}
    for key, value in pairs:
        if key in ("updated_at[$gte]", "created_at[$gte]"):
            if _instant(row[key.split("[")[0]]) < _instant(value):
                return False
        elif key == "q" and value not in (str(row.get("display_id")), str(row.get("email"))):
            return False
        elif (name := key.removesuffix("[]")) in ("id", "order_id", "status", "sku"):
            wanted.setdefault(name, set()).add(value)
    return all(row.get(name) in values for name, values in wanted.items())


def _instant(text: str) -> str:
    """Comparable: the same zone and as many places, whoever wrote it."""
    return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="microseconds")


def _kind(collection: str) -> exchanges.Kind:
    kinds: dict[str, exchanges.Kind] = {"exchanges": "exchange", "claims": "claim"}
    if collection not in kinds:
        raise Refuse(404, {"message": f"Cannot POST /admin/{collection}"})
    return kinds[collection]


if __name__ == "__main__":
    MedusaSandbox.main()
