"""The Medusa connector keeps every promise of the contract, and some of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connectors.kit.api import Changed, Operation, OperationLine, WebhookRequest
from connectors.kit.errors import OutcomeUnknown, Rejected, RetryLater
from connectors.medusa import sandbox_returns
from connectors.medusa.connector import Medusa
from connectors.medusa.drafts import confirmed_receipts
from connectors.medusa.pricing import piece
from connectors.medusa.reading import Family
from connectors.medusa.sandbox import SECRET_KEY, MedusaSandbox
from connectors.medusa.sandbox_shop import LOCATION, STANDARD
from tests.connectors.contract import ConnectorContract
from tests.connectors.through_hub import HubContract

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a simulated secret").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"another simulated one").decode()


class Remote(MedusaSandbox):
    """The sandbox with one return in it that a customer asked for."""

    def setup(self) -> None:
        super().setup()
        self.secret = WEBHOOK_SECRET
        self.order = self.state.place({"SHIRT-M": 2})
        asked = [{"id": self.order["items"][0]["id"], "quantity": 2, "reason_id": "rr_sim_too_small"}]
        self.asked = sandbox_returns.customer_asks(self.state, {"order_id": self.order["id"], "items": asked})


class TestMedusa(ConnectorContract, HubContract):
    system = "medusa"
    business_errors = (
        (400, {"type": "invalid_data", "message": "Order (o) already has an existing active order change"}, RetryLater),
        (400, {"type": "not_allowed", "message": "Can't cancel a return which has returned items"}, Rejected),
        (500, {"type": "unknown_error", "message": "An unknown error occurred."}, OutcomeUnknown),
    )

    @pytest.fixture
    def remote(self) -> Iterator[Remote]:
        with Remote() as running:
            yield running

    def settings(self, remote: Remote) -> dict[str, Any]:
        return {
            "base_url": remote.url,
            "secret_key": SECRET_KEY,
            "webhook_secret": [OTHER_SECRET, WEBHOOK_SECRET],
            "location": LOCATION,
            "shipping_option": STANDARD,
        }

    def known(self, remote: Remote) -> tuple[str, str]:
        return "return", remote.asked["id"]

    def operation(self, remote: Remote) -> Operation:
        line = OperationLine(
            Decimal(2),
            order_line=remote.order["items"][0]["id"],
            totals={"received": Decimal(2), "damaged": Decimal(1)},
            facts=("fact-1",),
        )
        objects = {"return": remote.asked["id"], "order": remote.order["id"]}
        return Operation(kind="receive", id="7", reference="R1001", objects=objects, lines=(line,))

    def many(self, remote: Remote) -> tuple[str, set[str]]:
        return "order", {remote.state.place({"SCARF": 1}, ship=False)["id"] for _ in range(120)}

    def webhook(self, remote: Remote) -> WebhookRequest:
        return self.event(remote, "order.return_requested")

    def event(self, remote: Remote, topic: str) -> WebhookRequest:
        """As the sandbox tells it."""
        bodies: list[bytes] = []
        remote.webhook = lambda topic, body: bodies.append(msgspec.json.encode(body))  # type: ignore[method-assign]
        own = {"return_id": remote.asked["id"]} if topic.startswith("order.return") else {}
        remote.notify(topic, {"order_id": remote.order["id"], **own})
        return WebhookRequest("POST", "/hooks/web", dict(remote.sign(topic, bodies[0])), bodies[0])

    def news(self, remote: Remote) -> dict[str, Any]:
        return {"receipts": [{"id": "GR-1", "sku": "SHIRT-M", "quantity": "1", "condition": "good"}]}

    def pushes(self, remote: Remote) -> list[WebhookRequest]:
        asked = self.event(remote, "order.return_requested")
        self.carry_out(self.make(remote, []), self.operation(remote))
        return [asked, self.event(remote, "order.return_received"), self.event(remote, "payment.captured")]

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "status": "on_the_moon"}

    # -- what is Medusa's own

    def test_a_payments_event_names_its_order_without_our_subscribers_help(
        self, connector: Medusa, remote: Remote
    ) -> None:
        body = msgspec.json.encode({"id": "msg_1", "name": "payment.refunded", "data": {"id": "pay_1"}})
        request = WebhookRequest("POST", "/hooks/web", dict(remote.sign("payment.refunded", body)), body)
        assert connector.accept(request) == [Changed("payment", "pay_1", topic="payment.refunded")]

    def test_orders_of_one_instant_fill_several_pages(self, connector: Medusa, remote: Remote) -> None:
        ids = self.many(remote)[1]
        for order in remote.state.orders.values():
            order["updated_at"] = "2026-11-24T00:00:00.000Z"
        seen = {m.external_id for page in connector.poll("order", None) for m in page.messages if m.stream == "order"}
        assert ids <= seen

    def test_a_hidden_receipt_shows_as_a_mismatch(self, connector: Medusa, remote: Remote) -> None:
        """Someone booked on the order item what no confirmed action says."""
        remote.order["items"][0]["detail"]["return_received_quantity"] = Decimal(1)
        fragment = self.read(connector, remote, lambda record: record)
        (note,) = fragment["notes"]
        assert "1 received and 0 dismissed; its confirmed actions add up to 0 and 0" in note["text"]

    def test_a_lost_confirmation_is_found_done_with_its_twins(self, connector: Medusa, remote: Remote) -> None:
        operation = self.operation(remote)
        remote.fault("drop_after", method="POST", path=".*/receive/confirm")
        with pytest.raises(OutcomeUnknown):
            self.carry_out(connector, operation)
        found = connector.find(operation)
        assert found is not None
        assert found.finished
        assert {made.fact for made in found.made} == {"fact-1"}
        assert len(found.made) == 2

    def test_a_late_refund_is_not_there_yet_and_then_found(self, connector: Medusa, remote: Remote) -> None:
        payment = remote.order["payment_collections"][0]["payments"][0]["id"]
        objects = {"payment": payment}
        refund = Operation(
            kind="refund", id="9", reference="R1001", objects=objects, amount=Decimal("12.34"), currency="EUR"
        )
        remote.fault("drop_after", method="POST", path=".*/refund")
        with pytest.raises(OutcomeUnknown):
            connector.perform(refund)
        found = connector.find(refund)
        assert found is not None
        assert connector.perform(refund).made == found.made
        assert [effect["amount"] for effect in remote.effects if effect["kind"] == "refund"] == ["12.34"]

    def test_a_foreign_draft_blocks_and_is_never_dropped(self, connector: Medusa, remote: Remote) -> None:
        remote.state.begin(remote.order["id"], "edit", "a clerk's own note")
        with pytest.raises(RetryLater, match="open in Medusa's admin") as caught:
            connector.perform(self.operation(remote))
        assert caught.value.after == 30
        assert remote.effects == []


def test_receipts_of_other_returns_and_unconfirmed_ones_do_not_count() -> None:
    def change(status: str, return_id: str, version: int) -> dict[str, Any]:
        action = {
            "id": f"act{version}",
            "action": "RECEIVE_RETURN_ITEM",
            "return_id": return_id,
            "details": {"quantity": 1, "reference_id": "line"},
        }
        return {"status": status, "version": version, "confirmed_at": None, "actions": [action]}

    changes = [change("confirmed", "r1", 3), change("pending", "r1", 4), change("confirmed", "r2", 2)]
    assert [receipt["id"] for receipt in confirmed_receipts(changes, "r1")] == ["act3"]
    assert [receipt["id"] for receipt in confirmed_receipts(changes)] == ["act2", "act3"]


def test_an_order_whose_items_are_not_told_has_no_mismatch() -> None:
    family = Family({"id": "o", "items": []}, (), {})
    assert list(family.mismatches({"items": [{"item_id": "line"}]})) == []


@pytest.mark.parametrize(
    ("item", "price"),
    [
        ({"quantity": 2, "unit_price": 40, "tax_lines": [{"rate": 19}]}, "47.6"),
        ({"quantity": 2, "unit_price": 40, "tax_lines": [{"rate": 19}], "is_tax_inclusive": True}, "40"),
        ({"quantity": 2, "unit_price": 40, "tax_lines": [{"rate": 19}], "adjustments": [{"amount": 10}]}, "41.65"),
        (
            {
                "quantity": 4,
                "unit_price": 40,
                "is_tax_inclusive": True,
                "tax_lines": [{"rate": 19}],
                "adjustments": [{"amount": 20, "is_tax_inclusive": True}],
            },
            "35",
        ),
        ({"quantity": 3, "unit_price": 10, "tax_lines": [], "adjustments": [{"amount": 10}]}, "6.666667"),
        ({"quantity": 1, "raw_unit_price": {"value": "19.99"}, "unit_price": 19.989999}, "19.99"),
        ({"quantity": 0, "unit_price": 10}, None),
        ({}, None),
    ],
)
def test_a_piece_costs_what_the_customer_paid_for_it(item: dict[str, Any], price: str | None) -> None:
    assert piece(item) == price
