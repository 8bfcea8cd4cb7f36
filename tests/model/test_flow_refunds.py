"""Flows of refunds that are told more than once, or in part: by two systems, by two records, for two returns."""

from __future__ import annotations

from msgspec.structs import replace

from hub.model.schema.observation import DuplicateFacts, FactId, Sibling
from tests.model.records import at, said
from tests.model.test_flow_money import KEY, credit, paid_order, payment, refund


def test_a_refund_told_by_two_systems_that_round_differently_is_asked_about_and_never_summed_or_paid_again() -> None:
    for dated in (True, False):
        world = paid_order(captured="200", refunds=[refund("r1", "40.00", reference="R1")])
        credit(world, "80")
        undated = refund("t9", "39.99")
        if not dated:
            del undated["at"]
        world.hears("till", "counter", "t1", keys=KEY, refunds=[undated])
        assert (world.discrepancies(), world.asks("web")) == (["possible_duplicates"], [])
        (discrepancy,) = world.merged.discrepancies
        assert "40.00 EUR" in discrepancy.text, "as one refund"
        assert "0.01 EUR" in discrepancy.text, "as two"
    credit(world, "200")
    assert world.discrepancies() == ["possible_duplicates"]
    credit(world, "120", "80")
    world.hears("till", "counter", "t1", keys=KEY, refunds=[refund("t9", "35.00")])
    assert "possible_duplicates" not in world.discrepancies(), "two sums that no rounding explains"


def test_a_refund_of_its_own_record_and_of_the_orders_summary_keeps_what_the_richer_one_says() -> None:
    """Whichever was read last: the state is the newest, the lines and the payment are not forgotten."""
    world = paid_order()
    credit(world, "50")
    order = [{"type": "order", "value": "o1"}]
    lines = [{"order_line": "A", "quantity": 1, "amount": "50"}]
    rich = {
        "id": "x",
        "currency": "EUR",
        "parts": [{"amount": "50", "state": "pending", "payment": "p1"}],
        "allocations": lines,
    }
    poor = {"id": "x", "currency": "EUR", "parts": [{"amount": "50", "state": "succeeded"}]}
    world.hears("web", "refund", "x", orders=order, refunds=[rich])
    payment(world, refunds=[poor])
    merged = world.merged
    assert (merged.money.refunded, merged.money.pending, merged.money.due, world.discrepancies()) == (50, 0, 0, [])
    ((part,),) = (refund.value.parts for refund in merged.refunds)
    assert (part.payment, part.state) == ("p1", "succeeded")


def test_a_charge_that_the_bank_took_back_is_not_there_to_be_paid() -> None:
    world = paid_order()
    credit(world, "50")
    world.hears("web", "payment", "p1", orders=[{"type": "order", "value": "o1"}], order={"payments": [
        {"id": "p1", "captured": "100", "charged_back": "70", "currency": "EUR"}]})  # fmt: skip
    assert (world.merged.money.captured, world.merged.money.refundable, world.merged.money.due) == (30, 30, 50)
    assert (world.asks("web"), "unallocated_refund" in world.discrepancies()) == ([], True), (
        "it may have been for the return"
    )
    (about,) = [discrepancy.about for discrepancy in world.merged.discrepancies if discrepancy.freezes]
    world.inputs = replace(world.inputs, answers={("unallocated_refund", about): "goodwill"})
    assert world.plan("web")[0][0].amount == 30


def test_a_refund_that_covers_two_returns_and_was_told_to_the_till_for_one_of_them_is_still_both() -> None:
    lines = [{"order_line": "A", "quantity": 1, "amount": "50"}, {"order_line": "B", "quantity": 1, "amount": "30"}]
    world = paid_order(refunds=[refund("r1", "80", allocations=lines)])
    world.hears("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
                order={"number": "12", "currency": "EUR", "lines": [
                    {"id": "A", "quantity": 1, "sku": "SHOE"}, {"id": "B", "quantity": 1, "sku": "SOCK"}]})  # fmt: skip
    other = said("web", "return", "w2", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o1"}],
                 lines=[{"order_line": "B", "quantity": 1}])  # fmt: skip
    world.inputs = replace(world.inputs, others=(Sibling("R2", (other,)),))
    credit(world, "50")
    assert (world.merged.money.refunded, world.discrepancies()) == (50, [])
    world.hears("till", "counter", "t1", keys=KEY, refunds=[refund("t9", "50")])
    world.links(
        DuplicateFacts(
            frozenset(
                {FactId("web", "payment", "p1", "refunds", "r1"), FactId("till", "counter", "t1", "refunds", "t9")}
            )
        )
    )
    assert world.merged.money.refunded == 50


def test_the_books_hear_what_the_pieces_cost_together_where_the_price_of_one_had_to_be_rounded() -> None:
    """Three for 31.00: 10.33 a piece would be 30.99."""
    world = paid_order()
    line = {"id": "A", "quantity": 3, "sku": "SHOE", "price": "10.33", "amount": "31.00"}
    world.hears("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
                order={"number": "12", "currency": "EUR", "lines": [line]})  # fmt: skip
    for count, stated, heard in ((3, None, "31.00"), (2, "20.67", "20.67"), (2, None, None)):
        world.hears("web", "return", "w1", origin="request", orders=[{"type": "order", "value": "o1"}],
                    lines=[{"order_line": "A", "quantity": count, "amount": stated}])  # fmt: skip
        (asked,) = (operation for operation in world.plan("erp")[0] if operation.kind == "create_return")
        amount = asked.lines[0].words.get("amount")
        assert (None if amount is None else str(amount)) == heard
