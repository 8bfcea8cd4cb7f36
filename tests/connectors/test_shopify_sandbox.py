"""The Shopify connector keeps every promise of the contract against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.api import Operation, WebhookRequest
from connectors.kit.errors import Conflict, OutcomeUnknown, RateLimited, Rejected, RetryLater, Unauthorized
from tests.connectors.contract import ConnectorContract
from tests.connectors.shopify_side import Remote
from tests.connectors.through_hub import HubContract

COST = {
    "cost": {
        "requestedQueryCost": 53,
        "actualQueryCost": None,
        "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 3, "restoreRate": 100},
    }
}


def top(code: str) -> dict[str, Any]:
    return {"errors": [{"message": "simulated", "extensions": {"code": code}}], "data": None}


def user(code: str | None) -> dict[str, Any]:
    errors = [{"field": ["input", "id"], "message": "simulated", "code": code}]
    return {"data": {"returnProcess": {"return": None, "userErrors": errors}}}


class TestShopify(ConnectorContract, HubContract):
    system = "shopify"
    reads = {"method": "QUERY"}
    writes = {"method": "MUTATION"}
    business_errors = (
        (200, user("INVALID_STATE"), Conflict),
        (200, user("INVALID"), Rejected),
        (200, user(None), Rejected),
        (200, user("MISSING_PERMISSION"), Unauthorized),
        (200, {**top("THROTTLED"), "extensions": COST}, RateLimited),
        (200, top("ACCESS_DENIED"), Unauthorized),
        (200, top("INVALID_VARIABLE"), Rejected),
        (200, top("SHOP_INACTIVE"), RateLimited),
        (200, {"errors": "Unavailable Shop"}, Rejected),
        (423, {"errors": "Locked"}, RetryLater),
        (200, user("IDEMPOTENCY_CONCURRENT_REQUEST"), RetryLater),
        (200, top("INTERNAL_SERVER_ERROR"), OutcomeUnknown),
        (500, {"errors": "Internal Server Error"}, OutcomeUnknown),
    )

    @pytest.fixture
    def remote(self) -> Iterator[Remote]:
        with Remote() as running:
            running.approve()
            running.effects.clear()
            yield running

    def settings(self, remote: Remote) -> dict[str, Any]:
        return remote.settings()

    def known(self, remote: Remote) -> tuple[str, str]:
        return "return", remote.asked["id"]

    def gone(self, external_id: str) -> str:
        return "gid://shopify/Return/999999999999999"

    def operation(self, remote: Remote) -> Operation:
        return remote.receive()

    def many(self, remote: Remote) -> tuple[str, set[str]]:
        return "order", {remote.state.place({"SCARF": 1}, send=False)["id"] for _ in range(120)}

    def webhook(self, remote: Remote) -> WebhookRequest:
        return remote.pushed("returns/approve", {"admin_graphql_api_id": remote.asked["id"], "status": "open"})

    def event(self, remote: Remote, topic: str) -> WebhookRequest:
        number = int(remote.order["id"].rpartition("/")[2])
        bodies = {
            "returns": {"admin_graphql_api_id": remote.asked["id"]},
            "reverse_fulfillment_orders": {"admin_graphql_api_id": remote.asked["reverseFulfillmentOrders"][0].id},
            "reverse_deliveries": {"id": 1},
            "refunds": {"id": 1, "order_id": number, "return": {"admin_graphql_api_id": remote.asked["id"]}},
            "orders": {"admin_graphql_api_id": remote.order["id"], "order_edit": {"order_id": number}},
            "customers/redact": {"shop_domain": "127.0.0.1", "customer": {"id": 191167}, "orders_to_redact": [number]},
            "customers/data_request": {
                "shop_domain": "127.0.0.1",
                "customer": {"id": 191167},
                "orders_requested": [number],
                "data_request": {"id": 9999},
            },
            "shop": {"shop_id": 1, "shop_domain": "127.0.0.1"},
        }
        return remote.pushed(topic, bodies.get(topic) or bodies[topic.partition("/")[0]])

    def news(self, remote: Remote) -> dict[str, Any]:
        return {"receipts": [{"id": "GR-1", "sku": "SHIRT-M", "quantity": "1", "condition": "good"}]}

    def pushes(self, remote: Remote) -> list[WebhookRequest]:
        """All that the sandbox tells while goods arrive."""
        requests = [self.webhook(remote)]
        remote.webhook = lambda topic, body: requests.append(remote.pushed(topic, body))  # type: ignore[method-assign]
        for pieces in (1, 2):
            self.carry_out(self.make(remote, []), remote.receive(pieces))
        return requests

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "status": "ON_THE_MOON"}
