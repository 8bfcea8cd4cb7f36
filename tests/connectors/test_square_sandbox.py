"""The Square connector keeps every promise of the contract, and some of its own, against the sandbox beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connectors.kit import registry
from connectors.kit.api import Account, Operation, OperationLine, WebhookRequest
from connectors.kit.errors import (
    Conflict,
    InvalidWebhook,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
    Unsupported,
)
from connectors.square.sandbox import TOKEN, SquareSandbox, event
from connectors.square.sandbox_counter import LOCATIONS, MERCHANT
from mappings.engine import read_json
from tests.connectors.contract import ConnectorContract

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

    def signed(self, topic: str, object_id: str, told: dict[str, Any], **more: Any) -> WebhookRequest:
        self.webhooks.url = ADDRESS
        body = msgspec.json.encode({**event(topic, object_id, told, "2026-03-04T02:14:16.421Z"), **more})
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


class TestSquare(ConnectorContract):
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
        told = {"order_updated": {"order_id": remote.back["id"], "state": "COMPLETED", "location_id": LOCATIONS[0]}}
        return remote.signed("order.updated", remote.back["id"], told)

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "state": "ARCHIVED"}

    def other(self, remote: Remote, **settings: Any) -> Any:
        """A connector with some settings changed."""
        return registry.load("square").connect(Account("here", {**self.settings(remote), **settings}))

    # -- webhooks

    def test_a_refund_brings_itself_and_the_order_that_was_made_for_it(self, connector: Any, remote: Remote) -> None:
        refund = next(iter(remote.state.refunds.values()))
        brought = connector.accept(remote.signed("refund.updated", refund["id"], {"refund": refund}))
        assert [(hint.stream, hint.external_id) for hint in brought] == [
            ("refund", refund["id"]),
            ("order", remote.back["id"]),
        ]

    def test_a_payment_brings_its_sale(self, connector: Any, remote: Remote) -> None:
        payment = remote.state.payments[remote.paid_by]
        (hint,) = connector.accept(remote.signed("payment.updated", payment["id"], {"payment": payment}))
        assert (hint.stream, hint.external_id) == ("order", remote.sale["id"])

    def test_a_payment_that_nothing_went_back_of_is_a_sale_as_any_other(self, connector: Any, remote: Remote) -> None:
        sale = remote.state.sell({"MUG": 1})
        payment = remote.state.payments[sale["tenders"][0]["id"]]
        assert connector.accept(remote.signed("payment.updated", payment["id"], {"payment": payment})) == []

    def test_events_that_name_no_return_are_no_news(self, connector: Any, remote: Remote) -> None:
        counts = {"inventory_counts": [{"catalog_object_id": "V", "state": "IN_STOCK", "quantity": "9"}]}
        assert connector.accept(remote.signed("inventory.count.updated", "x", counts)) == []

    def test_another_merchants_events_are_left_alone(self, remote: Remote) -> None:
        connector = self.other(remote, merchant_id=MERCHANT)
        refund = next(iter(remote.state.refunds.values()))
        told = ("refund.updated", refund["id"], {"refund": refund})
        assert connector.accept(remote.signed(*told)) != []
        assert connector.accept(remote.signed(*told, merchant_id="MLANOTHER")) == []

    @pytest.mark.parametrize("address", [f"{ADDRESS}/", ADDRESS.replace("http", "https"), f"{ADDRESS}?a=1"])
    def test_the_address_is_signed_with_the_body(self, remote: Remote, address: str) -> None:
        request = self.webhook(remote)
        with pytest.raises(InvalidWebhook):
            self.other(remote, notification_url=address).accept(request)
        behind_no_proxy = self.other(remote, notification_url=None)
        assert behind_no_proxy.accept(replace(request, url=ADDRESS))
        with pytest.raises(InvalidWebhook):
            behind_no_proxy.accept(replace(request, url=address))

    def test_what_is_signed_and_no_event_is_refused(self, connector: Any, remote: Remote) -> None:
        for body in (b"", b"{}", b"[]", b'{"type":"refund.updated","merchant_id":"M","data":{"object":{}}}'):
            remote.webhooks.url = ADDRESS
            request = WebhookRequest("POST", "/", dict(remote.sign("x", body)), body)
            with pytest.raises(InvalidWebhook, match="no event"):
                connector.accept(request)

    # -- reading

    def test_a_poll_brings_returns_with_their_sales_and_no_other_sale(self, connector: Any, remote: Remote) -> None:
        other = remote.state.sell({"MUG": 1})
        api = remote.state.refund(
            {"payment_id": other["tenders"][0]["id"], "amount_money": {"amount": 100, "currency": "USD"}}
        )
        ids = {m.external_id for page in connector.poll("order", None) for m in page.messages}
        assert ids == {remote.back["id"], remote.sale["id"]}
        told = {(m.stream, m.external_id) for page in connector.poll("refund", None) for m in page.messages}
        assert {("refund", api["id"]), ("order", other["id"])} <= told

    def test_only_the_chosen_locations_are_read(self, remote: Remote) -> None:
        far = remote.state.take_back(None, {"MUG": 1}, place=LOCATIONS[1])
        connector = self.other(remote, locations=[LOCATIONS[1]])
        for stream in ("order", "refund"):
            seen = [m for page in connector.poll(stream, None) for m in page.messages]
            assert {read_json(m.body)["location_id"] for m in seen} == {LOCATIONS[1]}
            assert stream != "order" or {m.external_id for m in seen} == {far["id"]}

    def test_a_cursor_goes_on_and_a_new_location_is_read_from_its_beginning(self, remote: Remote) -> None:
        far = remote.state.take_back(None, {"MUG": 1}, place=LOCATIONS[1])
        only_here = self.other(remote, locations=[LOCATIONS[0]])
        *_, last = only_here.poll("order", None)
        both = self.other(remote, locations=list(LOCATIONS))
        seen = {m.external_id for page in both.poll("order", last.cursor) for m in page.messages}
        assert far["id"] in seen

    def test_a_backfill_begins_at_its_moment(self, connector: Any, remote: Remote) -> None:
        for stream in ("order", "refund", "adjustment"):
            ahead = connector.begin(stream, datetime.now(UTC) + timedelta(hours=1))
            assert [m for page in connector.poll(stream, ahead) for m in page.messages] == []

    def test_nothing_about_people_is_handed_over(self, connector: Any, remote: Remote) -> None:
        remote.sale["customer_id"] = "CUSTOMERSIMULATED"
        remote.sale["fulfillments"] = [
            {
                **{"uid": "F", "type": "PICKUP", "state": "COMPLETED"},
                "pickup_details": {"recipient": {"display_name": "Jane Buyer (simulated)"}},
            }
        ]
        refund = next(iter(remote.state.refunds))
        for stream, key in (("order", remote.sale["id"]), ("order", remote.back["id"]), ("refund", refund)):
            body = connector.fetch(stream, key).body.decode()
            for private in ("jane", "Jane", "1111", "CUSTOMERSIM", "VISA"):
                assert private not in body

    def test_versions_compare_like_numbers_and_the_counter_gives_none(self, connector: Any, remote: Remote) -> None:
        remote.sale["version"] = 9
        nine = connector.fetch("order", remote.sale["id"]).version
        remote.sale["version"] = 10
        assert nine < connector.fetch("order", remote.sale["id"]).version
        assert connector.fetch("order", remote.back["id"]).version is None

    def test_without_a_shop_a_reference_names_nothing(self, remote: Remote) -> None:
        """Two orders "table 5" of the same counter would otherwise become one."""
        record = read_json(self.other(remote, orders_of=None).fetch("order", remote.back["id"]).body)
        assert record["joined"]["sources"] == [{"id": remote.sale["id"], "number": None}]

    def test_the_metadata_may_name_the_shops_order(self, connector: Any, remote: Remote) -> None:
        remote.sale.update(reference_id="a till's own text", metadata={"order_number": "#77"})
        record = read_json(connector.fetch("order", remote.back["id"]).body)
        assert record["joined"]["sources"] == [{"id": remote.sale["id"], "number": "#77"}]

    def test_too_many_questions_wait(self, connector: Any, remote: Remote) -> None:
        remote.rate = 1
        remote.lately.append(time.monotonic() + 60)
        with pytest.raises(RateLimited):
            connector.fetch("refund", next(iter(remote.state.refunds)))

    # -- health

    def test_check_says_what_is_missing(self, remote: Remote) -> None:
        wrong = {"locations": ["LNOWHERE"], "merchant_id": "MLANOTHER", "notification_url": None}
        found = self.other(remote, **wrong).check()
        assert not found.ok
        for word in ("LNOWHERE", "MLANOTHER", "notification_url"):
            assert any(word in problem for problem in found.problems), word
        remote.fault("answer", method="POST", path="/oauth2/token/status", body={"scopes": ["ORDERS_READ"]}, status=200)
        found = self.other(remote).check()
        assert any("PAYMENTS_READ" in problem for problem in found.problems)
        assert found.facts["writes"].startswith("no")

    # -- writing

    @pytest.mark.parametrize("make", [refund_of, recorded, disposed])
    def test_every_write_is_one_effect_whatever_happens(self, connector: Any, remote: Remote, make: Any) -> None:
        operation = make(remote)
        assert connector.find(operation) is None
        remote.fault("drop_after", **self.writes)
        with pytest.raises(OutcomeUnknown):
            connector.perform(operation)
        remote.faults.clear()
        looked_up = connector.find(operation)
        again = connector.perform(replace(operation, attempt=2))
        assert looked_up is not None
        assert looked_up.made == again.made
        assert len(remote.effects) == 1
        other = connector.perform(replace(operation, id="99"))
        assert other.made[0].id != again.made[0].id, "two equal operations of two intents are two"

    @pytest.mark.parametrize("make", [refund_of, recorded, disposed])
    def test_where_the_lists_lag_the_key_holds(self, connector: Any, remote: Remote, make: Any) -> None:
        """What was written is not listed yet, and asked for again: Square remembers the key."""
        operation = make(remote)
        before = {name: dict(getattr(remote.state, name)) for name in ("refunds", "adjustments", "payments")}
        payment = dict(remote.state.payments[remote.paid_by])
        connector.perform(operation)
        for name, rows in before.items():
            setattr(remote.state, name, rows)
        remote.state.payments[remote.paid_by] = payment
        with suppress(OutcomeUnknown):  # of a stock adjustment, whose time makes it another request
            connector.perform(replace(operation, attempt=2))
        assert len(remote.effects) == 1

    def test_a_refund_lowers_the_payment_and_names_the_return(self, connector: Any, remote: Remote) -> None:
        reply = connector.perform(refund_of(remote))
        (made,) = reply.made
        assert {(hint.stream, hint.external_id) for hint in reply.read_back} == {
            ("refund", made.id),
            ("order", remote.sale["id"]),
        }
        assert made.fact == "erp/credit_note/3/credits/3"
        record = read_json(connector.fetch("refund", made.id).body)
        assert record["joined"]["number"] == "R1001"
        assert "returned" not in record["joined"]
        remote.state.settle(made.id)
        sale = read_json(connector.fetch("order", remote.sale["id"]).body)["joined"]["sale"]
        assert sale["payments"][0]["refunded_money"]["amount"] == 7900 + 1000

    def test_more_than_was_paid_is_refused_in_squares_words(self, connector: Any, remote: Remote) -> None:
        with pytest.raises(Rejected, match="exceeds the amount"):
            connector.perform(refund_of(remote, "1000.00"))
        with pytest.raises(Rejected, match="no payment"):
            connector.perform(refund_of(remote, objects={}))
        with pytest.raises(Rejected, match="above zero"):
            connector.perform(refund_of(remote, "0.00"))

    @pytest.mark.parametrize("paid", ["CASH", "EXTERNAL"])
    def test_what_square_would_only_write_down_is_not_called_a_refund(
        self, connector: Any, remote: Remote, paid: str
    ) -> None:
        remote.state.payments[remote.paid_by]["source_type"] = paid
        with pytest.raises(Rejected, match="holds no money"):
            connector.perform(refund_of(remote))
        assert not remote.effects

    def test_a_refund_elsewhere_is_written_down_and_moves_nothing(self, connector: Any, remote: Remote) -> None:
        (made,) = connector.perform(recorded(remote)).made
        refund = remote.state.refunds[made.id]
        assert (refund["unlinked"], refund["destination_type"]) == (True, "EXTERNAL")
        assert remote.state.payments[remote.paid_by]["refunded_money"]["amount"] == 7900

    def test_restocked_goods_enter_stock_and_scrap_goes_on_to_waste(self, connector: Any, remote: Remote) -> None:
        before = set(remote.state.adjustments)
        for number, to_state in enumerate(("IN_STOCK", "WASTE")):
            reply = connector.perform(disposed(remote, to_state, id=str(number)))
            (hint,) = reply.read_back
            record = read_json(connector.fetch(hint.stream, hint.external_id).body)
            assert record["to_state"] == to_state
            assert record["joined"] == {
                "number": "R1001",
                "order_line": remote.sale["line_items"][0]["uid"],
                "sku": "SHIRT-M",
            }
        moves = [
            (row["from_state"], row["to_state"]) for key, row in remote.state.adjustments.items() if key not in before
        ]
        entry = ("UNLINKED_RETURN", "IN_STOCK")
        assert moves == [entry, entry, ("IN_STOCK", "WASTE")]
        seen = [m.external_id for page in connector.poll("adjustment", None) for m in page.messages]
        assert len(seen) == 2, "the way into stock of what was scrapped is no disposition, nor is Square's own booking"

    def test_what_square_has_no_place_for_is_unsupported(self, connector: Any, remote: Remote) -> None:
        with pytest.raises(Unsupported, match="no place"):
            connector.perform(disposed(remote, None))
        del remote.back["returns"][0]["return_line_items"][0]["catalog_object_id"]
        with pytest.raises(Unsupported, match="catalogue"):
            connector.perform(disposed(remote))

    def test_what_the_counter_restocked_is_not_booked_twice(self, connector: Any, remote: Remote) -> None:
        remote.back = remote.state.take_back(remote.sale["id"], {"SHIRT-M": 1}, restock=True)
        with pytest.raises(Rejected, match="back into stock at Square's counter"):
            connector.perform(disposed(remote))
        assert not remote.effects
