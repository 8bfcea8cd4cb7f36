"""Square as the tests meet it: its sandbox with a sale of which something came back, and writes to try on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connectors.kit import registry
from connectors.kit.api import Login, Operation, OperationLine, WebhookRequest
from connectors.kit.errors import (
    Conflict,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
)
from connectors.square.connector import ABOUT
from connectors.square.sandbox import TOKEN, SquareSandbox, event
from connectors.square.sandbox_counter import LOCATIONS
from tests.connectors.adapter import Adapter

KEY, OTHER_KEY = "simulated-signature-key", "simulated-key-of-another-subscription"
ADDRESS = "http://hub.simulated.example/hooks/pos"


class Remote(SquareSandbox):
    """The sandbox with a sale of two shirts, one of which was taken back and paid."""

    def setup(self) -> None:
        super().setup()
        self.secret = KEY
        self.sale = self.state.sell({"SHIRT-M": 2}, reference="#12")
        self.back = self.state.take_back(self.sale["id"], {"SHIRT-M": 1})
        self.state.settle(self.state.payments[self.paid_by]["refund_ids"][0])
        self.state.events.clear()

    @property
    def paid_by(self) -> str:
        return str(self.sale["tenders"][0]["id"])

    def signed(self, topic: str, object_id: str, record: dict[str, Any], **more: Any) -> WebhookRequest:
        self.webhooks.url = ADDRESS
        body = msgspec.json.encode({**event(topic, object_id, record, "2026-03-04T02:14:16.421Z"), **more})
        return WebhookRequest("POST", "/hooks/pos", dict(self.sign(topic, body)), body)


def refund_of(remote: Remote, amount: str = "10.00", **more: Any) -> Operation:
    made = Operation(
        kind="refund",
        id="42",
        reference="R1001",
        objects={"order": remote.back["id"], "payment": remote.paid_by},
        facts=("erp/credit_note/3/credits/3",),
        payload={"amount_money": {"amount": int(Decimal(amount) * 100), "currency": "USD"}},
        amount=Decimal(amount),
        currency="USD",
    )
    return replace(made, **more)


def disposed(remote: Remote, to_state: str | None = "IN_STOCK", **more: Any) -> Operation:
    line = OperationLine(
        quantity=Decimal(1),
        order_line=remote.sale["line_items"][0]["uid"],
        facts=("erp/shipment/9/dispositions/1",),
        words={"disposition": "restock"},
    )
    made = Operation(
        kind="dispose",
        id="43",
        reference="R1001",
        objects={"order": remote.back["id"]},
        lines=(line,),
        payload={"to_state": to_state},
    )
    return replace(made, **more)


def recorded(remote: Remote) -> Operation:
    return replace(refund_of(remote), kind="record_refund", objects={"order": remote.back["id"]})


class Square(Adapter):
    system = "square"
    reads = {"method": "GET|POST", "path": "/v2/(orders/search|refunds)"}
    writes = {"method": "POST", "path": "/v2/refunds|/v2/inventory/changes/batch-create"}
    refusal = {
        "errors": [{"category": "REFUND_ERROR", "code": "PAYMENT_NOT_REFUNDABLE", "detail": "The payment is too old."}]
    }
    business_errors = (
        (400, {"errors": [{"code": "REFUND_ALREADY_PENDING", "detail": "one is pending"}]}, RetryLater),
        (400, {"errors": [{"code": "VERSION_MISMATCH", "detail": "changed meanwhile"}]}, Conflict),
        (400, {"errors": [{"code": "IDEMPOTENCY_KEY_REUSED", "detail": "used before"}]}, OutcomeUnknown),
        (200, {"errors": [{"code": "REFUND_DECLINED", "detail": "the bank declined"}]}, Rejected),
        (503, {"errors": [{"code": "RATE_LIMITED", "detail": "too many"}]}, RateLimited),
        (500, {"errors": [{"code": "INTERNAL_SERVER_ERROR", "detail": "sorry"}]}, OutcomeUnknown),
    )

    @pytest.fixture
    def remote(self) -> Iterator[Remote]:
        with Remote() as running:
            yield running

    def settings(self, remote: Remote) -> dict[str, Any]:
        return {
            "base_url": remote.url,
            "access_token": TOKEN,
            "signature_key": [OTHER_KEY, KEY],
            "notification_url": ADDRESS,
            "orders_of": "web",
        }

    def known(self, remote: Remote) -> tuple[str, str]:
        return "order", str(remote.back["id"])

    def operation(self, remote: Remote) -> Operation:
        return refund_of(remote)

    def many(self, remote: Remote) -> tuple[str, set[str]]:
        with remote.lock:
            back = [remote.state.take_back(None, {"MUG": 1})["id"] for _ in range(205)]
        return "order", {*back, remote.back["id"]}

    def webhook(self, remote: Remote) -> WebhookRequest:
        return self.event(remote, "order.updated")

    def event(self, remote: Remote, topic: str) -> WebhookRequest:
        refund_id, refund = next(iter(remote.state.refunds.items()))
        order = {"order_id": remote.back["id"], "state": "COMPLETED", "location_id": LOCATIONS[0]}
        about = {"refund": (refund_id, refund), "payment": (remote.paid_by, remote.state.payments[remote.paid_by])}
        key, record = about.get(topic.partition(".")[0], (remote.back["id"], order))
        return remote.signed(topic, key, {ABOUT[topic]: record})

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "state": "ARCHIVED"}

    def other(self, remote: Remote, **settings: Any) -> Any:
        """A connector with some settings changed."""
        return registry.load("square").connect(Login("here", {**self.settings(remote), **settings}))

    # -- webhooks
