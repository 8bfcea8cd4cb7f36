"""The EasyPost connector keeps every promise of the contract, against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from connectors.easypost.sandbox import PRODUCTION_KEY, EasyPostSandbox
from connectors.kit.api import Operation, WebhookRequest
from connectors.kit.errors import OutcomeUnknown, Rejected, RetryLater
from connectors.kit.sandbox import Call
from tests.connectors.contract import ConnectorContract
from tests.connectors.through_hub import HubContract

NUMBER = "1ZSIMULATED0000001"
SECRET, OLD = "simulated sécret", "an older one"


class Remote(EasyPostSandbox):
    """The sandbox with one return label in it."""

    def setup(self) -> None:
        super().setup()
        self.secret = SECRET
        self.label = self.state.label({"is_return": True, "reference": "R1001"}, "production")
        self.state.buy(self.label, self.label["rates"][0]["id"], "production")


class TestEasyPost(ConnectorContract, HubContract):
    system = "easypost"
    shop_return = {
        **{
            "id": "ret1",
            "version": 1,
            "order": "12",
            "lines": [{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "1"}],
        },
        "shipments": [{"id": "S1", "carrier": "UPS", "number": NUMBER}],
    }
    business_errors = (
        (422, {"error": {"code": "TRACKER.CREATE.ERROR", "message": "Invalid carrier", "errors": []}}, Rejected),
        (
            422,
            {"error": {"code": "TRACKER.CREATE.ERROR", "message": "A duplicate request is currently in-flight"}},
            RetryLater,
        ),
        (402, {"error": {"code": "BILLING.UNPAID", "message": "Please add a payment method", "errors": []}}, Rejected),
        (504, {"error": {"code": "TIMEOUT", "message": "Gateway timeout", "errors": []}}, OutcomeUnknown),
    )

    @pytest.fixture
    def remote(self) -> Iterator[Remote]:
        with Remote() as running:
            yield running

    def settings(self, remote: Remote) -> dict[str, Any]:
        return {"base_url": remote.base_url, "api_key": PRODUCTION_KEY, "webhook_secret": [OLD, SECRET]}

    def known(self, remote: Remote) -> tuple[str, str]:
        return "shipment", remote.label["id"]

    def operation(self, remote: Remote) -> Operation:
        payload = {"tracking_code": NUMBER, "carrier": "UPS", "facts": ["fact-1"]}
        return Operation(kind="add_tracking", id="7", reference="R1001", facts=("fact-1",), payload=payload)

    def many(self, remote: Remote) -> tuple[str, set[str]]:
        made = [remote.state.track(f"1ZSIMULATED{n:07}", "UPS", "production")[0]["id"] for n in range(250)]
        return "tracker", set(made)

    def webhook(self, remote: Remote) -> WebhookRequest:
        return self.event(remote, "tracker.updated")

    def event(self, remote: Remote, topic: str) -> WebhookRequest:
        """What the sandbox itself sends when that happens."""
        bodies: list[Any] = []
        remote.webhook = lambda topic, body: bodies.append(body)  # type: ignore[method-assign]
        tracker = next(iter(remote.state.trackers.values()))
        key = {"authorization": f"Bearer {PRODUCTION_KEY}"}
        refund = Call("POST", f"/v2/shipments/{remote.label['id']}/refund", headers=key)
        happen = {
            "tracker.created": lambda: remote.state.track("1ZSIMULATED0000009", "UPS", "production"),
            "tracker.updated": lambda: remote.state.scan(tracker, "in_transit"),
            "refund.successful": lambda: remote.answer(refund),
        }
        happen[topic]()
        assert bodies[0]["description"] == topic
        body = msgspec.json.encode(bodies[0])
        return WebhookRequest("POST", "/hooks/parcels", dict(remote.sign(topic, body)), body)

    def pushes(self, remote: Remote) -> list[WebhookRequest]:
        """The carrier scans the parcel that the shop tells of."""
        bodies: list[Any] = []
        remote.webhook = lambda topic, body: bodies.append(msgspec.json.encode(body))  # type: ignore[method-assign]
        tracker, _ = remote.state.track(NUMBER, "UPS", "production")
        for status in ("in_transit", "out_for_delivery", "delivered"):
            remote.state.scan(tracker, status)
        return [WebhookRequest("POST", "/hooks/here", dict(remote.sign("", body)), body) for body in bodies]

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "tracker": {**record["tracker"], "status": "on_the_moon"}}
