"""What our connector writes to Medusa (see medusa_suite.py)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.kit.errors import Conflict, NotFound, Rejected, RetryLater
from hub.model.schema.fragment import Key
from tests.peers.medusa.client import ShopSaidNo
from tests.peers.medusa.side import Side, line

GOOD, DAMAGED = "RECEIVE_RETURN_ITEM", "RECEIVE_DAMAGED_RETURN_ITEM"


class MedusaWrites:
    # -- writing

    def test_goods_received_elsewhere_are_received_round_by_round(self, side: Side) -> None:
        order = side.shop.place_order({"SHIRT-M": 3})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 2})
        first = side.carry_out(side.operation("receive", objects={"return": asked}, lines=(line(shirt, 1, 0),)))
        second = side.carry_out(side.operation("receive", objects={"return": asked}, lines=(line(shirt, 2, 1),)))
        assert side.shop.receipts(order["id"], asked) == [(GOOD, 1), (DAMAGED, 1)]
        shown = {receipt.id for receipt in side.fetch("return", asked).receipts}
        assert {made.id for made in (*first.made, *second.made)} == shown
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

    @pytest.mark.parametrize("steps", [0, 1, 2, 3])
    def test_a_write_that_a_person_ended_between_its_steps_locks_no_order(self, side: Side, steps: int) -> None:
        order = side.shop.place_order({"SHIRT-M": 2})
        shirt = order["items"]["SHIRT-M"]
        asked = side.shop.request_return(order["id"], {shirt: 2})
        receive = side.operation("receive", objects={"return": asked}, lines=(line(shirt, 2, 1),))
        for _ in range(steps):
            side.step(receive)
        assert len(side.active(order["id"])) == min(steps, 1)
        assert (side.connector.abandon(receive) is None) == (steps == 0)
        assert side.active(order["id"]) == []
        assert side.connector.abandon(receive) is None
        side.shop.admin("POST", f"/admin/returns/{asked}/receive", {})
        assert side.connector.abandon(receive) is None
        assert len(side.active(order["id"])) == 1, "a clerk's"

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
        shown = side.fetch("return", made.objects["return"])
        assert Key(issuer="hub", type="mark", value="R2002") in shown.keys
        assert [(part.quantity, part.reason.code) for part in shown.lines] == [(2, "size_too_small")]
        assert side.connector.find(create).objects == made.objects

    def test_what_fits_is_received_and_the_rest_is_said(self, side: Side) -> None:
        """Two came of one that the return asks back, and a scarf that it does not ask for at all."""
        order = side.shop.place_order({"SHIRT-M": 3, "SCARF": 1})
        shirt, scarf = order["items"]["SHIRT-M"], order["items"]["SCARF"]
        asked = side.shop.request_return(order["id"], {shirt: 1})
        came = (line(shirt, 2, 1), line(scarf, 1, 0), replace(line(scarf, 1, 0), order_line=None, sku="STRANGE"))
        side.carry_out(side.operation("receive", objects={"return": asked}, lines=came))
        assert side.shop.receipts(order["id"], asked) == [(GOOD, 1)]
        for _ in range(2):  # planned again, since the totals are not reached: refused, and nothing is written
            before = len(side.writes())
            with pytest.raises(Rejected, match="more of .* came than the return asks back; .*STRANGE is not known"):
                side.carry_out(side.operation("receive", objects={"return": asked}, lines=came))
            assert len(side.writes()) == before
        assert side.shop.request_return(order["id"], {scarf: 1}), "the order is not locked"

    def test_a_refusal_in_the_middle_leaves_no_draft_behind(self, side: Side) -> None:
        """A clerk asks the same piece back between two steps; an exchange wants what the shop does not sell."""
        order = side.shop.place_order({"SHIRT-M": 1, "SCARF": 1})
        shirt, scarf = order["items"]["SHIRT-M"], order["items"]["SCARF"]
        create = side.operation("create_return", objects={"order": order["id"]}, lines=(line(shirt, 1, 0),))
        assert not side.step(create).finished
        many = replace(create, lines=(replace(create.lines[0], quantity=Decimal(7)),))
        with pytest.raises(Rejected):
            side.connector.perform(many)
        assert side.active(order["id"]) == []
        wanted = replace(line(scarf, 1, 0), words={"resolution": "exchange", "wanted_sku": "NO-SUCH"})
        exchange = side.operation("exchange", objects={"order": order["id"]}, lines=(wanted,))
        with pytest.raises(Rejected, match="NO-SUCH"):
            side.carry_out(exchange)
        assert side.active(order["id"]) == []
        assert side.shop.request_return(order["id"], {shirt: 1}), "the order is free for everybody"

    def test_a_draft_that_cannot_be_dropped_now_is_dropped_later(self, side: Side) -> None:
        """The compensating call fails; the hub performs the same operation again and finds what it left."""
        order = side.shop.place_order({"SHIRT-M": 1})
        shirt = order["items"]["SHIRT-M"]
        create = side.operation("create_return", objects={"order": order["id"]}, lines=(line(shirt, 1, 0),))
        side.step(create)
        many = replace(create, lines=(replace(create.lines[0], quantity=Decimal(7)),))
        delete = side.connector.admin.delete

        def fails(path: str) -> None:
            raise RetryLater("simulated: away")

        side.connector.admin.delete = fails  # type: ignore[method-assign]
        with pytest.raises(RetryLater):
            side.connector.perform(many)
        side.connector.admin.delete = delete  # type: ignore[method-assign]
        assert side.connector.find(many) is not None, "its draft is found again"
        with pytest.raises(Rejected):
            side.connector.perform(many)
        assert side.active(order["id"]) == []

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
        shown = side.fetch("exchange", made.objects["exchange"])
        assert Key(issuer="hub", type="mark", value="R4004") in shown.keys
        assert [(part.sku, part.id) for part in shown.replacements] == [("SHIRT-L", made.made[0].id)]
        side.shop.ship(order["id"], {shown.replacements[0].order_line: 1})
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
