"""What our Medusa connector does, told once and run against both: our sandbox and a real Medusa.

That is why the sandbox is believed. A subclass gives the fixture `side`; it may be shared, every test has its own order.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.kit.errors import Conflict, InvalidWebhook, NotFound, Rejected, RetryLater
from hub.model.fragment import Key
from tests.peers.medusa.shop import ShopSaidNo
from tests.peers.medusa.side import Side, in_our_words, line

GOOD, DAMAGED = "RECEIVE_RETURN_ITEM", "RECEIVE_DAMAGED_RETURN_ITEM"


class MedusaSuite:
    # -- reading

    def test_a_customers_request_is_a_return_with_its_order_and_its_reasons(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 3, "SCARF": 1})
        asked = side.shop.request_return(order["id"], {order["items"]["SHIRT-M"]: 2}, note="sleeves")
        told = side.fetch("return", asked)
        assert told.origin == "request"
        assert told.authorization.value == "requested"
        assert [key.value for key in told.orders] == [order["id"], order["number"]]
        (shirt,) = told.lines
        assert (shirt.order_line, shirt.sku, shirt.quantity) == (order["items"]["SHIRT-M"], "SHIRT-M", 2)
        assert (shirt.reason.code, shirt.reason.raw, shirt.reason.text) == ("size_too_small", "too_small", "sleeves")
        assert told.receipts == ()
        assert told.location is not told.number

    def test_an_order_names_what_was_shipped_and_what_a_piece_costs_with_tax(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 3, "SCARF": 1})
        told = side.fetch("order", order["id"])
        assert told.keys == (Key(type="order_number", value=order["number"]),)
        assert told.order.currency == "EUR"
        lines = {row.sku: row for row in told.order.lines}
        assert (lines["SHIRT-M"].quantity, lines["SHIRT-M"].shipped) == (3, 3)
        assert (lines["SHIRT-M"].price, lines["SCARF"].price) == (Decimal("47.6"), Decimal("23.7881"))

    def test_a_payment_is_what_was_captured_and_every_refund_of_it(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        side.shop.refund(order["payment"], 10.55, "sorry")
        told = side.fetch("payment", order["payment"])
        assert [key.value for key in told.orders] == [order["id"]]
        (payment,) = told.order.payments
        assert (payment.captured, payment.refunded, payment.currency) == (Decimal("53.55"), Decimal("10.55"), "EUR")
        (refund,) = told.refunds
        assert (refund.parts[0].amount, refund.parts[0].state, refund.note) == (Decimal("10.55"), "succeeded", "sorry")

    def test_receipts_are_the_confirmed_actions_of_all_rounds(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 4})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 3})
        side.shop.receive(asked, {shirt: 1}, {shirt: 1})
        side.shop.receive(asked, {shirt: 1})
        told = side.fetch("return", asked)
        assert sorted((r.condition, r.quantity) for r in told.receipts) == [("damaged", 1), ("good", 1), ("good", 1)]
        assert len({receipt.id for receipt in told.receipts}) == 3
        assert told.notes == ()
        # Medusa's own figures are the last round's: that is why they are not believed.
        items = side.shop.get_return(asked)["items"]
        assert [(item["received_quantity"], item["damaged_quantity"]) for item in items] == [(1, 0)]
        assert told.state == "partially_received"

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
        found, after = side.polled("order", cursor)
        told = in_our_words(found["return", asked])
        assert told.authorization.value == "cancelled"
        assert told.authorization.at is not None
        assert after != cursor

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
        assert after == cursor

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
        told = side.fetch("claim", made["id"])
        assert told.origin == "request"
        (shirt,) = told.lines
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
        side.shop.wait_until(lambda: wanted <= side.hints("order.return_requested"))
        side.shop.refund(order["payment"], 1)
        paid = {("payment", order["payment"]), ("order", order["id"])}
        side.shop.wait_until(lambda: paid <= side.hints("payment.refunded"))

    def test_a_webhook_that_was_touched_is_refused(self, side: Side) -> None:
        side.shop.place_order({"SCARF": 1}, ship=False)
        side.shop.wait_until(lambda: side.hooks.named("order.placed"))
        genuine = side.hooks.named("order.placed")[-1]
        with pytest.raises(InvalidWebhook):
            side.connector.accept(replace(genuine, body=genuine.body.replace(b"order.placed", b"order.ghosts")))
        late = {**genuine.headers, "webhook-timestamp": "1700000000"}
        late = {name: value for name, value in late.items() if name.lower() != "webhook-timestamp"}
        with pytest.raises(InvalidWebhook):
            side.connector.accept(replace(genuine, headers=late))

    # -- writing

    def test_goods_received_elsewhere_are_received_round_by_round(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 3})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 2})
        first = side.carry_out(side.operation("receive", objects={"return": asked}, lines=(line(shirt, 1, 0),)))
        second = side.carry_out(side.operation("receive", objects={"return": asked}, lines=(line(shirt, 2, 1),)))
        assert side.shop.receipts(order["id"], asked) == [(GOOD, 1), (DAMAGED, 1)]
        told = {receipt.id for receipt in side.fetch("return", asked).receipts}
        assert {made.id for made in (*first.made, *second.made)} == told
        assert {made.fact for made in first.made} == {"fact-1"}
        assert side.shop.get_return(asked)["location_id"] == side.settings["location"]

    def test_telling_the_same_again_writes_nothing(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 1})
        receive = side.operation("receive", objects={"return": asked}, lines=(line(shirt, 1, 0),))
        made = side.carry_out(receive).made
        before = len(side.writes())
        assert side.carry_out(receive).made == made
        assert side.connector.find(receive).made == made
        assert len(side.writes()) == before

    @pytest.mark.parametrize("steps", [1, 2, 3])
    def test_killed_between_the_steps_it_finds_its_own_draft(self, side: Side, steps: int) -> None:
        order = side.shop.place_order({"SHIRT-M": 2})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 2})
        receive = side.operation("receive", objects={"return": asked}, lines=(line(shirt, 2, 1),))
        assert side.connector.find(receive) is None
        for _ in range(steps):
            side.step(receive)
        found = side.connector.find(receive)
        assert found is not None
        assert not found.finished
        side.carry_out(receive)
        assert side.shop.receipts(order["id"], asked) == [(GOOD, 1), (DAMAGED, 1)]

    def test_an_abandoned_draft_of_ours_is_dropped_and_a_clerks_is_waited_for(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 2})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 2})
        side.step(side.operation("receive", objects={"return": asked}, lines=(line(shirt, 1, 0),)))
        newer = side.operation("receive", objects={"return": asked}, lines=(line(shirt, 2, 0),))
        side.carry_out(newer)
        assert side.shop.receipts(order["id"], asked) == [(GOOD, 2)]
        other = side.shop.place_order({"SHIRT-M": 1})
        item = other["items"]["SHIRT-M"]
        waiting = side.shop.request_return(other["id"], {item: 1})
        side.shop.admin("POST", f"/admin/returns/{waiting}/receive", {})
        with pytest.raises(RetryLater, match="open in Medusa's admin"):
            side.step(side.operation("receive", objects={"return": waiting}, lines=(line(item, 1, 0),)))

    def test_what_is_received_cannot_be_taken_back(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 2})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 2})
        side.shop.receive(asked, {shirt: 2})
        with pytest.raises(Conflict):
            side.step(side.operation("receive", objects={"return": asked}, lines=(line(shirt, 1, 0),)))

    def test_without_a_location_the_letter_says_what_to_set(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 1})
        # Medusa itself answers 500, moves the status all the same and leaves the draft standing.
        side.shop.admin("POST", f"/admin/returns/{asked}/receive", {})
        side.shop.admin("POST", f"/admin/returns/{asked}/receive-items", {"items": [{"id": shirt, "quantity": 1}]})
        with pytest.raises(ShopSaidNo) as refusal:
            side.shop.admin("POST", f"/admin/returns/{asked}/receive/confirm", {})
        assert refusal.value.status == 500
        assert side.shop.get_return(asked)["status"] == "received"
        assert side.fetch("return", asked).receipts == ()
        side.shop.admin("DELETE", f"/admin/returns/{asked}/receive")
        side.connector.account = replace(side.connector.account, settings={**side.settings, "location": None})
        try:
            receive = side.operation("receive", objects={"return": asked}, lines=(line(shirt, 1, 0),))
            side.step(receive)
            with pytest.raises(Rejected, match="`location`"):
                side.step(receive)
        finally:
            side.connector.account = replace(side.connector.account, settings=side.settings)
        side.carry_out(receive)
        assert side.shop.receipts(order["id"], asked) == [(GOOD, 1)]

    def test_a_receipt_that_medusa_breaks_on_leaves_no_draft_behind(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 1})
        side.connector.account = replace(
            side.connector.account, settings={**side.settings, "location": "sloc_elsewhere"}
        )
        try:
            with pytest.raises(Rejected, match="not stocked at the return's location"):
                side.carry_out(side.operation("receive", objects={"return": asked}, lines=(line(shirt, 1, 0),)))
        finally:
            side.connector.account = replace(side.connector.account, settings=side.settings)
        assert side.fetch("return", asked).receipts == ()
        changes = side.shop.admin("GET", f"/admin/orders/{order['id']}/changes")["order_changes"]
        assert {change["status"] for change in changes} == {"confirmed"}

    def test_a_return_begun_elsewhere_is_created_once_with_our_number(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 3})
        shirt = order["items"]["SHIRT-M"]
        create = side.operation(
            "create_return", "R2002", order_number=order["number"], lines=(line(shirt, 2, reason="size_too_small"),)
        )
        made = side.carry_out(create)
        assert side.carry_out(create).objects == made.objects
        told = side.fetch("return", made.objects["return"])
        assert Key(issuer="hub", type="return", value="R2002") in told.keys
        assert [(part.quantity, part.reason.code) for part in told.lines] == [(2, "size_too_small")]
        assert side.connector.find(create).objects == made.objects

    def test_a_half_made_return_is_gone_on_with(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        create = side.operation(
            "create_return", "R2003", objects={"order": order["id"]}, lines=(line(order["items"]["SHIRT-M"], 1),)
        )
        assert side.connector.find(create) is None
        side.step(create)
        assert not side.connector.find(create).finished
        made = side.carry_out(create)
        listed = side.shop.admin("GET", "/admin/returns", order_id=order["id"])["returns"]
        assert [row["id"] for row in listed] == [made.objects["return"]]

    def test_more_than_can_come_back_is_refused_although_medusa_would_not(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 2})
        shirt = order["items"]["SHIRT-M"]
        side.shop.receive(side.shop.request_return(order["id"], {shirt: 1}), {shirt: 1})
        with pytest.raises(Rejected, match="only 1 can still come back"):
            side.step(side.operation("create_return", objects={"order": order["id"]}, lines=(line(shirt, 2),)))
        assert side.shop.request_return(order["id"], {shirt: 2})

    def test_an_order_that_is_not_there_cannot_get_a_return(self, side: Side) -> None:
        with pytest.raises(NotFound):
            side.step(side.operation("create_return", order_number="#99999999", lines=(line("ordli_none", 1),)))

    def test_money_goes_back_once_per_intent_and_two_equal_refunds_are_two(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 2})
        about = {"objects": {"payment": order["payment"]}, "amount": Decimal("12.34"), "currency": "EUR"}
        first, second = side.operation("refund", "R3003", **about), side.operation("refund", "R3003", **about)
        assert side.connector.find(first) is None
        made = side.carry_out(first).made
        side.carry_out(first)
        side.carry_out(second)
        notes = [f"Returns Hub R3003 / {operation.id}" for operation in (first, second)]
        assert side.shop.refunds(order["payment"]) == [(12.34, note) for note in notes]
        refunds = side.fetch("payment", order["payment"]).refunds
        assert [refund.reference for refund in refunds] == ["R3003", "R3003"]
        assert made[0].id == side.connector.find(first).made[0].id == refunds[0].id

    def test_more_than_was_captured_is_refused(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        refund = side.operation("refund", objects={"payment": order["payment"]}, amount=Decimal(9999), currency="EUR")
        with pytest.raises(Rejected, match="refund more than the captured amount"):
            side.step(refund)
        with pytest.raises(Rejected, match="USD"):
            side.step(replace(refund, amount=Decimal(1), currency="USD"))
        assert side.shop.refunds(order["payment"]) == []

    def test_a_return_is_cancelled_and_an_exchanges_with_its_exchange(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        asked = side.shop.request_return(order["id"], {order["items"]["SHIRT-M"]: 1})
        cancel = side.operation("cancel", objects={"return": asked})
        assert side.connector.find(cancel) is None
        assert side.step(cancel).progress == {"step": "parcel"}
        side.carry_out(cancel)
        assert side.carry_out(cancel).detail == "was cancelled already"
        assert side.connector.find(cancel) is not None
        assert side.shop.get_return(asked)["status"] == "canceled"
        made = side.shop.exchange(order["id"], order["items"]["SHIRT-M"], "SHIRT-L")
        side.carry_out(side.operation("cancel", objects={"return": made["return_id"]}))
        assert side.fetch("return", made["return_id"]).authorization.value == "cancelled"
        assert side.fetch("exchange", made["id"]).replacements == ()

    def test_a_return_with_received_goods_cannot_be_cancelled(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 2})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 2})
        side.shop.receive(asked, {shirt: 1})
        before = side.writes()
        with pytest.raises(Rejected, match="were received"):
            side.step(side.operation("cancel", objects={"return": asked}))
        assert side.writes() == before

    def test_an_exchange_is_written_with_stock_reserved_for_what_goes_out(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        wanted = line(order["items"]["SHIRT-M"], 1, wanted_sku="SHIRT-L")
        exchange = side.operation("exchange", "R4004", objects={"order": order["id"]}, lines=(wanted,))
        made = side.carry_out(exchange)
        assert side.connector.find(exchange).objects == made.objects
        told = side.fetch("exchange", made.objects["exchange"])
        assert Key(issuer="hub", type="return", value="R4004") in told.keys
        assert [(part.sku, part.id) for part in told.replacements] == [("SHIRT-L", made.made[0].id)]
        side.shop.ship(order["id"], {told.replacements[0].order_line: 1})
        unreserved = side.shop.place_order({"SHIRT-M": 1})
        careless = side.shop.exchange(unreserved["id"], unreserved["items"]["SHIRT-M"], "SHIRT-L", ship_out=False)
        with pytest.raises(ShopSaidNo, match="No stock reservation"):
            side.shop.ship(unreserved["id"], {careless["additional_items"][0]["item_id"]: 1})

    def test_a_return_to_be_created_as_an_exchange_becomes_one(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        wanted = line(order["items"]["SHIRT-M"], 1, resolution="exchange", wanted_sku="SHIRT-L")
        made = side.carry_out(side.operation("create_return", "R4005", objects={"order": order["id"]}, lines=(wanted,)))
        assert set(made.objects) == {"exchange", "return"}

    def test_a_plain_return_cannot_become_an_exchange(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 1})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 1})
        objects = {"order": order["id"], "return": asked}
        with pytest.raises(Rejected, match="cannot turn it into an exchange"):
            side.step(side.operation("exchange", objects=objects, lines=(line(shirt, 1, wanted_sku="SHIRT-L"),)))

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
