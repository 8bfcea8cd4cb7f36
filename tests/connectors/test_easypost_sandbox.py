"""The EasyPost connector keeps every promise of the contract, against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from connectors.easypost.sandbox import PRODUCTION_KEY, EasyPostSandbox
from connectors.kit.api import Operation, WebhookRequest
from connectors.kit.errors import OutcomeUnknown, Rejected, RetryLater
from tests.connectors.contract import ConnectorContract

SECRET, OLD = "simulated sécret", "an older one"


class Remote(EasyPostSandbox):
    """The sandbox with one return label in it."""

    def setup(self) -> None:
        super().setup()
        self.secret = SECRET
        self.label = self.state.label({"is_return": True, "reference": "R1001"}, "production")
        self.state.buy(self.label, self.label["rates"][0]["id"], "production")


class TestEasyPost(ConnectorContract):
    system = "easypost"
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
        payload = {"tracking_code": "1ZSIMULATED0000001", "carrier": "UPS", "facts": ["fact-1"]}
        return Operation(kind="add_tracking", id="7", reference="R1001", facts=("fact-1",), payload=payload)

    def many(self, remote: Remote) -> tuple[str, set[str]]:
        made = [remote.state.track(f"1ZSIMULATED{n:07}", "UPS", "production")[0]["id"] for n in range(250)]
        return "tracker", set(made)

    def webhook(self, remote: Remote) -> WebhookRequest:
        told: list[Any] = []
        remote.webhook = lambda topic, body: told.append(body)  # type: ignore[method-assign]
        (tracker,) = remote.state.trackers.values()
        remote.state.scan(tracker, "in_transit")
        body = msgspec.json.encode(told[0])
        return WebhookRequest("POST", "/hooks/parcels", dict(remote.sign("tracker.updated", body)), body)

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "tracker": {**record["tracker"], "status_detail": "on_the_moon"}}
