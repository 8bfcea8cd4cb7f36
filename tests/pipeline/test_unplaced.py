"""Money that went back on an order, by every door, and what it is taken for: never paid twice, never unpaid in silence."""

from __future__ import annotations

from typing import Any

from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk


def back(desk: Desk, id: str = "RF-1", amount: str = "10.00", account: str = "web", **more: Any) -> None:
    """A refund of the order."""
    parts = [{"amount": amount, "state": "succeeded", "payment": "PAY" if account == "web" else None}]
    said = {"order": {"number": "5001"}, "currency": "EUR", "parts": parts, "at": "2026-03-02T10:00:00Z"}
    desk.push(account, "refund.upsert", id, **{**said, **more})


def begun(desk: Desk, lines: dict[str, int] | None = None, owed: str = "10.00", **terms: Any) -> int:
    desk.accounts(**terms)
    desk.order()
    number = desk.asked(lines=lines)
    desk.came("erp", number)
    desk.owed(number, owed)
    return number


def test_a_refund_of_another_line_settles_nothing_here_and_asks_nobody(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    back(desk, allocations=[{"order_line": "L2", "quantity": 1, "amount": "10.00"}])
    assert desk.doc(number).money.refunded == 0
    desk.came("erp", number)
    desk.owed(number)
    assert desk.paid() == D("10.00")
    assert (desk.frozen(), desk.doc(number).axes.settlement) == ([], "settled")


def test_a_refund_of_its_line_settles_it_whether_it_came_before_the_return_or_after(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    lines = [{"order_line": "L1", "quantity": 1, "amount": "10.00"}]
    back(desk, at="2026-02-28T10:00:00Z", allocations=lines)
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)
    assert desk.paid() == 0
    assert (desk.frozen(), desk.doc(number).money.refunded, desk.doc(number).money.due) == ([], 10, 0)
    (line,) = desk.doc(number).lines
    assert line.refunded == 10, "what is still refundable is kept per line"


def test_one_of_two_pieces_refunded_before_leaves_a_question_with_both_sums(desk: Desk) -> None:
    desk.accounts()
    desk.order(mugs=4)
    back(desk, at="2026-02-28T10:00:00Z", allocations=[{"order_line": "L1", "quantity": 1, "amount": "10.00"}])
    number = desk.asked(lines={"L1": 2})
    desk.came("erp", number, quantity=2)
    desk.owed(number, "20.00")
    assert desk.paid() == 0
    ((_, asked),) = desk.frozen("unallocated_refund")
    assert "10.00 EUR is still to be paid" in asked.text
    assert "something else, 20.00 EUR" in asked.text


def test_shipping_goodwill_and_tips_are_parts_of_their_own(desk: Desk) -> None:
    number = begun(desk)
    back(desk, "RF-1", "4.90", allocations=[{"for": "shipping", "amount": "4.90"}])
    back(desk, "RF-2", "3.00", account="till", breakdown={"shipping": "2.00", "adjustment": "1.00"})
    assert desk.paid() == D("10.00")
    assert (desk.frozen(), desk.doc(number).money.unplaced) == ([], 0)


def test_shipping_paid_with_the_return_counts_where_the_documents_add_up_to_just_that_and_is_asked_about_else(
    desk: Desk,
) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    named = [
        {"return": "RET-1", "order_line": "L1", "quantity": 1, "amount": "10.00"},
        {"return": "RET-1", "for": "shipping", "amount": "4.90"},
    ]
    back(desk, amount="14.90", allocations=named)
    desk.owed(number, "14.90")
    assert (desk.paid(), desk.doc(number).money.due, desk.frozen()) == (0, 0, [])
    desk.owed(number, "17.00")
    assert (desk.paid(), [doubt.kind for _, doubt in desk.frozen()]) == (0, ["unallocated_refund"])
    desk.owed(number, "10.00")
    assert (desk.paid(), desk.doc(number).money.due, desk.frozen()) == (0, 0, [])


def test_the_terms_answer_in_advance_the_oldest_open_return_and_what_is_left_the_next(desk: Desk) -> None:
    one = begun(desk, unplaced_refunds="oldest")
    other = desk.asked("RET-2", {"L2": 1}, at="11:00")
    back(desk, amount="15.00")
    desk.came("erp", other, "GR-2", "TEAPOT")
    desk.owed(other, id="CN-2")
    assert desk.frozen() == []
    assert desk.paid() == D("5.00"), "10.00 were the first's, 5.00 of the second's are left to pay"
    assert [desk.doc(number).money.due for number in (one, other)] == [0, 0]


def test_a_till_that_refunds_the_order_of_the_shop_is_asked_about_and_answered_once_for_both_returns(
    desk: Desk,
) -> None:
    desk.accounts()
    desk.order()
    one, other = desk.asked(), desk.asked("RET-2", {"L2": 1}, at="11:00")
    back(desk, "T-9", account="till")
    for number, sku in ((one, "MUG"), (other, "TEAPOT")):
        desk.came("erp", number, f"GR-{number}", sku)
        desk.owed(number, id=f"CN-{number}")
    assert desk.paid() == 0
    (_, asked), _ = desk.frozen("unallocated_refund")
    desk.hub.answering.answer(other, asked.question, f"of:R{one}", "Li")
    assert desk.frozen() == []
    assert desk.paid() == D("10.00")
    assert [desk.doc(number).money.due for number in (one, other)] == [0, 0]


def test_a_refund_older_than_the_other_return_or_beside_an_ended_one_does_not_freeze_it(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    one = desk.asked()
    back(desk, at="2026-03-01T10:30:00Z")
    other = desk.asked("RET-2", {"L2": 1}, at="11:00")
    desk.came("erp", other, "GR-2", "TEAPOT")
    desk.owed(other, id="CN-2")
    assert desk.paid() == D("10.00"), "it can only have been for the first"
    assert {number for number, _ in desk.frozen()} == {one}
    desk.asked(authorization={"value": "cancelled"})
    assert desk.frozen() == [], "and that one is over"


def test_a_system_without_returns_pays_and_the_missing_return_is_no_blockade(desk: Desk) -> None:
    """It told of its order and can pay; a counter took the goods."""
    desk.accounts(asked=["refund"])
    desk.order()
    line = {"id": "1", "sku": "MUG", "quantity": 1}
    said = {"origin": "counter", "order": {"number": "5001"}, "lines": [line], "receipts": [line], "agreed": "10.00"}
    desk.push("till", "return.upsert", "T-1", currency="EUR", authorization={"value": "authorized"}, **said)
    assert desk.paid() == D("10.00")


def test_a_refund_that_is_deleted_over_there_asks_before_it_is_paid_again(desk: Desk) -> None:
    number = begun(desk)
    back(desk, allocations=[{"order_line": "L1", "quantity": 1, "amount": "10.00"}])
    assert (desk.paid(), desk.doc(number).money.refunded) == (0, 10)
    desk.push("web", "refund.delete", "RF-1")
    assert (desk.paid(), desk.doc(number).money.due) == (0, 10)
    ((_, asked),) = desk.frozen("refund_came_back")
    desk.hub.answering.answer(number, asked.question, "again", "Li")
    assert desk.paid() == D("10.00")


def test_a_total_that_moved_by_what_the_hub_paid_is_the_hubs_payment_and_asks_nobody(desk: Desk) -> None:
    """The shop keeps no refunds, only what went back on a payment."""
    desk.payer.mute = True
    number = begun(desk)
    assert desk.paid() == D("10.00")
    desk.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": "10.00"}])
    money = desk.doc(number).money
    assert (desk.paid(), money.refunded, money.due, money.unplaced, desk.frozen()) == (D("10.00"), 10, 0, 0, [])
    desk.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": "14.00"}])
    assert (desk.doc(number).money.refunded, desk.doc(number).money.unplaced) == (10, 4)


def test_a_refund_in_yen_counts_in_whole_yen_whatever_the_record_says(desk: Desk) -> None:
    desk.accounts()
    desk.order(currency="JPY", payments=[{"id": "PAY", "captured": "3000.4", "currency": "JPY"}])
    number = desk.asked(currency="JPY")
    back(desk, amount="333.3", currency="JPY", allocations=[{"order_line": "L1", "quantity": 1, "amount": "333.3"}])
    money = desk.doc(number).money
    assert (money.captured, money.refunded, money.refundable) == (3000, 333, 2667)
