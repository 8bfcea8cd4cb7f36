"""What is read of Medusa: the part of the suite without writes of ours (see medusa_suite.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.kit.errors import InvalidWebhook, Unsupported
from hub.model.schema.fragment import Key
from tests.peers.medusa.side import Side, in_our_words

GOOD, DAMAGED = "RECEIVE_RETURN_ITEM", "RECEIVE_DAMAGED_RETURN_ITEM"


class MedusaReads:
    # -- reading

    def test_a_customers_request_is_a_return_with_its_order_and_its_reasons(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 3, "SCARF": 1})
        asked = side.shop.request_return(order["id"], {order["items"]["SHIRT-M"]: 2}, note="sleeves")
        shown = side.fetch("return", asked)
        assert shown.origin == "request"
        assert shown.authorization.value == "requested"
        assert [key.value for key in shown.orders] == [order["id"], order["number"]]
        (shirt,) = shown.lines
        assert (shirt.order_line, shirt.sku, shirt.quantity) == (order["items"]["SHIRT-M"], "SHIRT-M", 2)
        assert (shirt.reason.code, shirt.reason.raw, shirt.reason.text) == ("size_too_small", "too_small", "sleeves")
        assert shown.receipts == ()
        assert shown.location is not shown.number

    def test_an_order_names_what_was_shipped_and_what_a_piece_costs_with_tax(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 3, "SCARF": 1})
        shown = side.fetch("order", order["id"])
        assert shown.keys == (Key(type="order_number", value=order["number"]),)
        assert shown.order.currency == "EUR"
        lines = {row.sku: row for row in shown.order.lines}
        assert (lines["SHIRT-M"].quantity, lines["SHIRT-M"].shipped) == (3, 3)
        assert (lines["SHIRT-M"].price, lines["SCARF"].price) == (Decimal("47.6"), Decimal("23.79"))

    def test_a_piece_costs_the_same_when_all_of_it_is_on_its_way_back(self, side: Side) -> None:
        order = side.shop.place_order({"SCARF": 2})
        asked = side.shop.request_return(order["id"], {order["items"]["SCARF"]: 2})
        assert [part.amount for part in side.fetch("return", asked).lines] == [Decimal("47.58")]
        side.shop.receive(asked, {order["items"]["SCARF"]: 2})
        assert [part.price for part in side.fetch("order", order["id"]).order.lines] == [Decimal("23.79")]

    def test_a_payment_is_what_was_captured_and_every_refund_of_it(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        side.shop.refund(order["payment"], 10.55, "sorry")
        shown = side.fetch("payment", order["payment"])
        assert [key.value for key in shown.orders] == [order["id"]]
        (payment,) = shown.order.payments
        assert (payment.captured, payment.refunded, payment.currency) == (Decimal("53.55"), Decimal("10.55"), "EUR")
        (refund,) = shown.refunds
        assert (refund.parts[0].amount, refund.parts[0].state, refund.note) == (Decimal("10.55"), "succeeded", "sorry")

    def test_receipts_are_the_confirmed_actions_of_all_rounds(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 4})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 3})
        side.shop.receive(asked, {shirt: 1}, {shirt: 1})
        side.shop.receive(asked, {shirt: 1})
        shown = side.fetch("return", asked)
        assert sorted((r.condition, r.quantity) for r in shown.receipts) == [("damaged", 1), ("good", 1), ("good", 1)]
        assert len({receipt.id for receipt in shown.receipts}) == 3
        assert shown.notes == ()
        # Medusa's own figures are the last round's: that is why they are not believed.
        items = side.shop.get_return(asked)["items"]
        assert [(item["received_quantity"], item["damaged_quantity"]) for item in items] == [(1, 0)]
        assert shown.state == "partially_received"

    def test_a_draft_nobody_confirmed_is_no_return(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        draft = side.shop.admin("POST", "/admin/returns", {"order_id": order["id"]})["return"]["id"]
        assert side.connector.fetch("return", draft).deleted
        found, _ = side.polled("order")
        assert ("order", order["id"]) in found
        assert ("return", draft) not in found

    def test_what_is_not_there_is_told_as_gone(self, side: Side) -> None:
        for stream in ("return", "order", "payment", "exchange", "claim"):
            assert side.connector.fetch(stream, "nothing_of_the_kind").deleted

    def test_a_cancel_sends_no_event_and_the_poll_brings_it(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        asked = side.shop.request_return(order["id"], {order["items"]["SHIRT-M"]: 1})
        _, cursor = side.polled("order")
        side.shop.cancel_return(asked)
        found, _ = side.polled("order", cursor)
        shown = in_our_words(found["return", asked])
        assert shown.authorization.value == "cancelled"
        assert shown.authorization.at is not None

    def test_a_refund_inside_what_is_owed_moves_no_date_and_the_sweep_brings_it(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 2})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 1})
        side.shop.receive(asked, {shirt: 1})
        before = side.shop.order(order["id"])["updated_at"]
        side.shop.refund(order["payment"], 20)
        assert side.shop.order(order["id"])["updated_at"] == before
        found, _ = side.polled("return")
        assert in_our_words(found["payment", order["payment"]]).order.payments[0].refunded == 20

    def test_polls_page_without_losing_a_row_and_cursors_go_on(self, side: Side) -> None:
        orders = [side.shop.place_order({"SCARF": 1}, ship=False)["id"] for _ in range(3)]
        found, cursor = side.polled("order")
        assert {("order", order) for order in orders} <= set(found)
        again, after = side.polled("order", cursor)
        assert set(again) <= set(found)
        late = side.shop.place_order({"SCARF": 1}, ship=False)["id"]
        assert ("order", late) in side.polled("order", after)[0]

    def test_a_backfill_begins_at_a_moment(self, side: Side) -> None:
        moment = datetime.now(UTC)
        order = side.shop.place_order({"SCARF": 1}, ship=False)
        found, _ = side.polled("order", side.connector.begin("order", moment))
        assert {("order", order["id"]), ("payment", order["payment"])} <= set(found)
        assert side.connector.begin("order", moment) < side.connector.begin("order", moment + timedelta(hours=1))
        with pytest.raises(Unsupported):
            side.connector.begin("exchange", moment)

    def test_an_exchange_binds_its_return_and_says_what_goes_out(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        made = side.shop.exchange(order["id"], order["items"]["SHIRT-M"], "SHIRT-L")
        exchange, asked = side.fetch("exchange", made["id"]), side.fetch("return", made["return_id"])
        assert Key(type="return", value=made["return_id"]) in exchange.keys
        assert Key(type="exchange", value=made["id"]) in asked.keys
        assert [part.resolution for part in asked.lines] == ["exchange"]
        (due,) = exchange.replacements
        assert (due.sku, due.quantity, due.state) == ("SHIRT-L", 1, "due")
        side.shop.ship(order["id"], {due.order_line: 1})
        (sent,) = side.fetch("exchange", made["id"]).replacements
        assert sent.state == "delivered"

    def test_a_claim_without_goods_coming_back_is_a_return_by_itself(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 2})
        made = side.shop.claim(order["id"], order["items"]["SHIRT-M"])
        shown = side.fetch("claim", made["id"])
        assert shown.origin == "request"
        (shirt,) = shown.lines
        assert (shirt.goods, shirt.resolution, shirt.reason.code) == ("kept", "refund", "defective")

    def test_a_claim_with_a_return_leaves_the_lines_to_it(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 2})
        made = side.shop.claim(order["id"], order["items"]["SHIRT-M"], kind="replace", send_back=True)
        claim, asked = side.fetch("claim", made["id"]), side.fetch("return", made["return_id"])
        assert Key(type="return", value=made["return_id"]) in claim.keys
        assert not claim.origin
        assert [(part.resolution, part.reason.code) for part in asked.lines] == [("reship", "defective")]
        assert [part.state for part in claim.replacements] == ["due"]

    # -- webhooks

    def test_events_are_signed_hints_for_all_they_may_have_changed(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        asked = side.shop.request_return(order["id"], {order["items"]["SHIRT-M"]: 1})
        wanted = {("return", asked), ("order", order["id"]), ("payment", order["payment"])}
        side.shop.wait_until(lambda: wanted <= side.notifications("order.return_requested"))
        side.shop.refund(order["payment"], 1)
        paid = {("payment", order["payment"]), ("order", order["id"])}
        side.shop.wait_until(lambda: paid <= side.notifications("payment.refunded"))

    def test_a_webhook_that_was_touched_is_refused(self, side: Side) -> None:
        side.shop.place_order({"SCARF": 1}, ship=False)
        side.shop.wait_until(lambda: side.hooks.named("order.placed"))
        genuine = side.hooks.named("order.placed")[-1]
        with pytest.raises(InvalidWebhook):
            side.connector.accept(replace(genuine, body=genuine.body.replace(b"order.placed", b"order.ghosts")))
        assert genuine.received_at is not None
        with pytest.raises(InvalidWebhook, match="too old"):
            side.connector.accept(replace(genuine, received_at=genuine.received_at + timedelta(hours=1)))

    # -- the account

    def test_check_tells_what_the_shop_is(self, side: Side) -> None:
        health = side.connector.check()
        assert health.ok, health.problems
        assert health.facts["currencies"] == "EUR"
        assert health.facts["location"] == "Berlin"
        assert "Web" in health.facts["sales channels"]

    def test_check_names_a_wrong_location(self, side: Side) -> None:
        side.connector.account = replace(side.connector.account, settings={**side.settings, "location": "sloc_none"})
        try:
            health = side.connector.check()
        finally:
            side.connector.account = replace(side.connector.account, settings=side.settings)
        assert not health.ok
        assert "setting location" in health.problems[0]
