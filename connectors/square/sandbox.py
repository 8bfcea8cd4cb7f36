"""A small Square for tests, the demo and integrators on a train: the part of its API that the connector uses.

    SANDBOX_SECRET=KEY python -m connectors.square.sandbox --port 0 --webhook http://127.0.0.1:8080/hooks/pos

Besides the API, the counter: POST /counter/sales {"lines": {"SHIRT-M": 2}, "reference": "#12"}, POST /counter/returns
{"order": ..., "lines": {...}, "buys": {...}, "restock": true, "cash": true}, POST /counter/settle {"refund": ...,
"status": ...}, GET /counter for what it sells, POST /counter {"currency": "EUR", "goods": {"SHIRT-M": 2000}} for
another one. The token is `EAAASIMULATED`. Everything in it is simulated.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.kit.sandbox import Call, Sandbox, SandboxAnswer, route
from connectors.kit.signing import sign_hmac
from connectors.square.sandbox_counter import (
    LOCATIONS,
    MERCHANT,
    UPCS,
    Counter,
    Record,
    refuse,
    variation,
)

TOKEN = "EAAASIMULATED"  # noqa: S105 - of the sandbox
NAMES = dict(zip(LOCATIONS, ("Shenzhen (simulated)", "Berlin (simulated)"), strict=True))
SCOPES = (
    *("MERCHANT_PROFILE_READ", "ORDERS_READ", "PAYMENTS_READ", "ITEMS_READ", "INVENTORY_READ"),
    *("PAYMENTS_WRITE", "INVENTORY_WRITE"),
)
"""What the sandbox's token may do."""


class SquareSandbox(Sandbox):
    """The sandbox; `state` is the counter. `rate` is how many requests a second it answers, 0: any."""

    name = "square"
    currency = "USD"
    rate = 0

    def setup(self) -> None:
        self.state = Counter(currency=self.currency)
        self.keys: dict[str, tuple[Any, Any]] = {}
        """What was asked under each idempotency key, and answered."""
        self.lately: deque[float] = deque()
        """When the last requests came (time.monotonic)."""

    def allow(self, call: Call) -> None:
        if call.path.startswith("/counter"):
            return
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            detail = "This request could not be authorized."
            raise refuse(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", detail)
        now = time.monotonic()
        while self.lately and self.lately[0] < now - 1:
            self.lately.popleft()
        if self.rate and len(self.lately) >= self.rate:
            raise refuse(429, "RATE_LIMIT_ERROR", "RATE_LIMITED", "Too many requests.")
        self.lately.append(now)

    def unknown(self, call: Call, status: int) -> SandboxAnswer:
        return refuse(status, "INVALID_REQUEST_ERROR", "NOT_FOUND", f"API endpoint {call.path} not found.").answer

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        """Over the address it is sent to, then the body."""
        signature = sign_hmac(self.secret, (self.webhooks.url or "").encode() + body, encoding="base64")
        return {"x-square-hmacsha256-signature": signature.decode(), "square-environment": "Sandbox"}

    def send_webhooks(self) -> None:
        """Send what the counter raised."""
        raised, self.state.events = self.state.events, []
        for topic, object_id, record in raised:
            self.webhook(topic, event(topic, object_id, record, self.state.now()))

    # -- the counter

    @route("GET", "/counter")
    def sells(self, call: Call) -> Any:
        return {"token": TOKEN, "merchant": MERCHANT, "locations": LOCATIONS, "goods": self.state.goods}

    @route("POST", "/counter")
    def opens(self, call: Call) -> Any:
        """Another counter, which sells these goods in this currency."""
        self.state = Counter(**call.json())
        return self.sells(call)

    @route("POST", "/counter/sales")
    def sale(self, call: Call) -> Any:
        made = self.state.sell(**call.json())
        self.effect("sale", id=made["id"])
        self.send_webhooks()
        return made

    @route("POST", "/counter/returns")
    def taken_back(self, call: Call) -> Any:
        asked = call.json()
        made = self.state.take_back(asked.pop("order", None), asked.pop("lines"), **asked)
        self.effect("return", id=made["id"])
        self.send_webhooks()
        return made

    @route("POST", "/counter/settle")
    def settled(self, call: Call) -> Any:
        """One refund, or all that are pending."""
        asked = call.json()
        pending = [key for key, refund in self.state.refunds.items() if refund["status"] == "PENDING"]
        done = [
            self.state.settle(key, asked.get("status", "COMPLETED"))
            for key in ([asked["refund"]] if "refund" in asked else pending)
        ]
        self.send_webhooks()
        return {"refunds": done}

    # -- reading

    @route("GET", "/v2/merchants/{key}")
    def merchant(self, call: Call, key: str) -> Any:
        if key not in ("me", MERCHANT):
            raise refuse(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", f"Merchant {key} not found.")
        return {"merchant": {"id": MERCHANT, "business_name": "Simulated shop", "country": "US", "currency": "USD"}}

    @route("POST", "/oauth2/token/status")
    def token(self, call: Call) -> Any:
        return {"scopes": list(SCOPES), "client_id": "sq0idp-simulated", "merchant_id": MERCHANT}

    @route("GET", "/v2/locations")
    def places(self, call: Call) -> Any:
        return {"locations": [{"id": key, "name": name, "status": "ACTIVE"} for key, name in NAMES.items()]}

    @route("GET", "/v2/orders/{key}")
    def order(self, call: Call, key: str) -> Any:
        return {"order": _one(self.state.orders, key, "Order")}

    @route("POST", "/v2/orders/batch-retrieve")
    def orders(self, call: Call) -> Any:
        """Ids that do not exist are left out, without a word."""
        wanted = call.json()["order_ids"]
        if len(wanted) > 100:
            raise refuse(400, "INVALID_REQUEST_ERROR", "ARRAY_LENGTH_TOO_LONG", "order_ids has more than 100.")
        return {"orders": [self.state.orders[key] for key in wanted if key in self.state.orders]}

    @route("POST", "/v2/orders/search")
    def search(self, call: Call) -> Any:
        asked = call.json()
        places, query = asked["location_ids"], asked.get("query") or {}
        if len(places) > 10:
            raise refuse(400, "INVALID_REQUEST_ERROR", "ARRAY_LENGTH_TOO_LONG", "location_ids has more than 10.")
        wanted = query.get("filter") or {}
        since = ((wanted.get("date_time_filter") or {}).get("updated_at") or {}).get("start_at", "")
        states = (wanted.get("state_filter") or {}).get("states")
        if since and (query.get("sort") or {}).get("sort_field") != "UPDATED_AT":
            detail = "The sort field must be the field of the date-time filter."
            raise refuse(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", detail)
        rows = [
            order
            for order in self.state.orders.values()
            if order["location_id"] in places
            and order["updated_at"] >= since
            and order["state"] in (states or [order["state"]])
        ]
        return _page("orders", sorted(rows, key=_moved), asked.get("limit", 500), asked.get("cursor"))

    @route("GET", "/v2/payments/{key}")
    def payment(self, call: Call, key: str) -> Any:
        return {"payment": _one(self.state.payments, key, "Payment")}

    @route("GET", "/v2/refunds")
    def refunds(self, call: Call) -> Any:
        asked = call.query
        by_update = asked.get("sort_field") == "UPDATED_AT"
        since = asked.get("updated_at_begin_time") or asked.get("begin_time", "")
        rows = [
            refund
            for refund in self.state.refunds.values()
            if asked.get("location_id") in (None, refund["location_id"])
            and refund["updated_at" if "updated_at_begin_time" in asked else "created_at"] >= since
        ]
        rows.sort(key=_moved if by_update else _begun, reverse=asked.get("sort_order", "DESC") == "DESC")
        return _page("refunds", rows, int(asked.get("limit", 100)), asked.get("cursor"))

    @route("GET", "/v2/refunds/{key}")
    def one_refund(self, call: Call, key: str) -> Any:
        return {"refund": _one(self.state.refunds, key, "Refund")}

    @route("POST", "/v2/catalog/batch-retrieve")
    def catalogue(self, call: Call) -> Any:
        known = {variation(sku): (sku, price) for sku, price in self.state.goods.items()}
        found = [(key, *known[key]) for key in call.json()["object_ids"] if key in known]
        return {
            "objects": [
                {
                    **{"type": "ITEM_VARIATION", "id": key, "version": 1},
                    "item_variation_data": {
                        "sku": sku,
                        "name": sku,
                        "upc": UPCS.get(sku),
                        "price_money": self.state.money(price),
                    },
                }
                for key, sku, price in found
            ]
        }

    @route("GET", "/v2/inventory/adjustments/{key}")
    def adjustment(self, call: Call, key: str) -> Any:
        return {"adjustment": _one(self.state.adjustments, key, "Inventory adjustment")}

    @route("POST", "/v2/inventory/changes/batch-retrieve")
    def changes(self, call: Call) -> Any:
        asked = call.json()
        wanted = (
            ("catalog_object_id", asked.get("catalog_object_ids")),
            ("location_id", asked.get("location_ids")),
            ("to_state", asked.get("states")),
        )
        rows = [
            {"type": "ADJUSTMENT", "adjustment": row}
            for row in sorted(self.state.adjustments.values(), key=lambda row: row["occurred_at"])
            if row["created_at"] > asked.get("updated_after", "")
            and all(not values or row[name] in values for name, values in wanted)
        ]
        return _page("changes", rows, asked.get("limit", 100), asked.get("cursor"))

    # -- writing

    @route("POST", "/v2/refunds")
    def pay_back(self, call: Call) -> Any:
        asked = call.json()

        def do() -> Any:
            made = self.state.refund(asked)
            self.effect("refund", id=made["id"], amount=made["amount_money"]["amount"], payment=made.get("payment_id"))
            self.send_webhooks()
            return {"refund": made}

        return self._once(asked, do)

    @route("POST", "/v2/inventory/changes/batch-create")
    def move(self, call: Call) -> Any:
        asked = call.json()

        def do() -> Any:
            moved = self.state.adjust(asked["changes"])
            self.effect("adjust", ids=[row["id"] for row in moved])
            return {"counts": [], "changes": [{"type": "ADJUSTMENT", "adjustment": row} for row in moved]}

        return self._once(asked, do)

    def _once(self, asked: Record, do: Callable[[], Any]) -> Any:
        """What was answered under this key is answered again; another body under it is refused."""
        key = asked.get("idempotency_key")
        if not key or len(key) > 45:
            raise refuse(
                400, "INVALID_REQUEST_ERROR", "VALUE_TOO_LONG", "idempotency_key must have 1 to 45 characters."
            )
        before = self.keys.get(key)
        if before is not None and before[0] != asked:
            detail = "The idempotency key can only be retried with the same request data."
            raise refuse(400, "INVALID_REQUEST_ERROR", "IDEMPOTENCY_KEY_REUSED", detail)
        if before is None:
            self.keys[key] = before = (asked, do())
        return before[1]


def event(topic: str, object_id: str, record: Record, at: str) -> Record:
    """A webhook's body as Square writes it."""
    return {
        "merchant_id": MERCHANT,
        "type": topic,
        "event_id": str(uuid.uuid4()),
        "created_at": at,
        "data": {"type": next(iter(record)), "id": object_id, "object": record},
    }


def _one(table: Mapping[str, Record], key: str, what: str) -> Record:
    if key not in table:
        raise refuse(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", f"{what} not found for id {key}")
    return table[key]


def _page(name: str, rows: Sequence[Record], size: int, cursor: str | None) -> Record:
    begin = int(base64.urlsafe_b64decode(cursor)) if cursor else 0
    end = begin + size
    more = {"cursor": base64.urlsafe_b64encode(str(end).encode()).decode()} if end < len(rows) else {}
    return {name: list(rows[begin:end]), **more}


def _moved(record: Record) -> str:
    return str(record["updated_at"])


def _begun(record: Record) -> str:
    return str(record["created_at"])


if __name__ == "__main__":
    SquareSandbox.main()
