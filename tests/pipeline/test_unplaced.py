"""Money that went back on an order, by every door, and what it is taken for: never paid twice, never unpaid in silence."""

from __future__ import annotations

from typing import Any

from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario


def back(scenario: Scenario, id: str = "RF-1", amount: str = "10.00", account: str = "web", **more: Any) -> None:
    """A refund of the order."""
    parts = [{"amount": amount, "state": "succeeded", "payment": "PAY" if account == "web" else None}]
    said = {"order": {"number": "5001"}, "currency": "EUR", "parts": parts, "at": "2026-03-02T10:00:00Z"}
    scenario.push(account, "refund.upsert", id, **{**said, **more})


def begun(scenario: Scenario, lines: dict[str, int] | None = None, owed: str = "10.00", **terms: Any) -> int:
    scenario.accounts(**terms)
    scenario.order()
    number = scenario.asked(lines=lines)
    scenario.came("erp", number)
    scenario.owed(number, owed)
    return number


def test_a_refund_of_another_line_settles_nothing_here_and_asks_nobody(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    back(scenario, allocations=[{"order_line": "L2", "quantity": 1, "amount": "10.00"}])
    assert scenario.doc(number).money.refunded == 0
    scenario.came("erp", number)
    scenario.owed(number)
    assert scenario.paid() == D("10.00")
    assert (scenario.frozen(), scenario.doc(number).axes.settlement) == ([], "settled")


def test_a_refund_of_its_line_settles_it_whether_it_came_before_the_return_or_after(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    lines = [{"order_line": "L1", "quantity": 1, "amount": "10.00"}]
    back(scenario, at="2026-02-28T10:00:00Z", allocations=lines)
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    assert scenario.paid() == 0
    assert (scenario.frozen(), scenario.doc(number).money.refunded, scenario.doc(number).money.due) == ([], 10, 0)
    (line,) = scenario.doc(number).lines
    assert line.refunded == 10, "what is still refundable is kept per line"


def test_one_of_two_pieces_refunded_before_leaves_a_question_with_both_sums(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order(mugs=4)
    back(scenario, at="2026-02-28T10:00:00Z", allocations=[{"order_line": "L1", "quantity": 1, "amount": "10.00"}])
    number = scenario.asked(lines={"L1": 2})
    scenario.came("erp", number, quantity=2)
    scenario.owed(number, "20.00")
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen("unallocated_refund")
    assert "10.00 EUR is still to be paid" in asked.text
    assert "something else, 20.00 EUR" in asked.text


def test_shipping_goodwill_and_tips_are_parts_of_their_own(scenario: Scenario) -> None:
    number = begun(scenario)
    back(scenario, "RF-1", "4.90", allocations=[{"for": "shipping", "amount": "4.90"}])
    back(scenario, "RF-2", "3.00", account="till", breakdown={"shipping": "2.00", "adjustment": "1.00"})
    assert scenario.paid() == D("10.00")
    assert (scenario.frozen(), scenario.doc(number).money.unplaced) == ([], 0)


def test_shipping_paid_with_the_return_counts_where_the_documents_add_up_to_just_that_and_is_asked_about_else(
    scenario: Scenario,
) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    named = [
        {"return": "RET-1", "order_line": "L1", "quantity": 1, "amount": "10.00"},
        {"return": "RET-1", "for": "shipping", "amount": "4.90"},
    ]
    back(scenario, amount="14.90", allocations=named)
    scenario.owed(number, "14.90")
    assert (scenario.paid(), scenario.doc(number).money.due, scenario.frozen()) == (0, 0, [])
    scenario.owed(number, "17.00")
    assert (scenario.paid(), [discrepancy.kind for _, discrepancy in scenario.frozen()]) == (0, ["unallocated_refund"])
    scenario.owed(number, "10.00")
    assert (scenario.paid(), scenario.doc(number).money.due, scenario.frozen()) == (0, 0, [])


def test_the_terms_answer_in_advance_the_oldest_open_return_and_what_is_left_the_next(scenario: Scenario) -> None:
    one = begun(scenario, unplaced_refunds="oldest")
    other = scenario.asked("RET-2", {"L2": 1}, at="11:00")
    back(scenario, amount="15.00")
    scenario.came("erp", other, "GR-2", "TEAPOT")
    scenario.owed(other, id="CN-2")
    assert scenario.frozen() == []
    assert scenario.paid() == D("5.00"), "10.00 were the first's, 5.00 of the second's are left to pay"
    assert [scenario.doc(number).money.due for number in (one, other)] == [0, 0]


def test_a_till_that_refunds_the_order_of_the_shop_is_asked_about_and_answered_once_for_both_returns(
    scenario: Scenario,
) -> None:
    scenario.accounts()
    scenario.order()
    one, other = scenario.asked(), scenario.asked("RET-2", {"L2": 1}, at="11:00")
    back(scenario, "T-9", account="till")
    for number, sku in ((one, "MUG"), (other, "TEAPOT")):
        scenario.came("erp", number, f"GR-{number}", sku)
        scenario.owed(number, id=f"CN-{number}")
    assert scenario.paid() == 0
    (_, asked), _ = scenario.frozen("unallocated_refund")
    scenario.hub.answering.answer(other, asked.question, f"of:R{one}", "Li")
    assert scenario.frozen() == []
    assert scenario.paid() == D("10.00")
    assert [scenario.doc(number).money.due for number in (one, other)] == [0, 0]


def test_a_refund_older_than_the_other_return_or_beside_an_ended_one_does_not_freeze_it(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    one = scenario.asked()
    back(scenario, at="2026-03-01T10:30:00Z")
    other = scenario.asked("RET-2", {"L2": 1}, at="11:00")
    scenario.came("erp", other, "GR-2", "TEAPOT")
    scenario.owed(other, id="CN-2")
    assert scenario.paid() == D("10.00"), "it can only have been for the first"
    assert {number for number, _ in scenario.frozen()} == {one}
    scenario.asked(authorization={"value": "cancelled"})
    assert scenario.frozen() == [], "and that one is over"


def test_a_system_without_returns_pays_and_the_missing_return_is_no_blockade(scenario: Scenario) -> None:
    """It told of its order and can pay; a counter took the goods."""
    scenario.accounts(asked=["refund"])
    scenario.order()
    line = {"id": "1", "sku": "MUG", "quantity": 1}
    said = {"origin": "counter", "order": {"number": "5001"}, "lines": [line], "receipts": [line], "agreed": "10.00"}
    scenario.push("till", "return.upsert", "T-1", currency="EUR", authorization={"value": "authorized"}, **said)
    assert scenario.paid() == D("10.00")


def test_a_refund_that_is_deleted_over_there_asks_before_it_is_paid_again(scenario: Scenario) -> None:
    number = begun(scenario)
    back(scenario, allocations=[{"order_line": "L1", "quantity": 1, "amount": "10.00"}])
    assert (scenario.paid(), scenario.doc(number).money.refunded) == (0, 10)
    scenario.push("web", "refund.delete", "RF-1")
    assert (scenario.paid(), scenario.doc(number).money.due) == (0, 10)
    ((_, asked),) = scenario.frozen("refund_came_back")
    scenario.hub.answering.answer(number, asked.question, "again", "Li")
    assert scenario.paid() == D("10.00")


def test_a_total_that_moved_by_what_the_hub_paid_is_the_hubs_payment_and_asks_nobody(scenario: Scenario) -> None:
    """The shop keeps no refunds, only what went back on a payment."""
    scenario.payer.mute = True
    number = begun(scenario)
    assert scenario.paid() == D("10.00")
    scenario.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": "10.00"}])
    money = scenario.doc(number).money
    assert (scenario.paid(), money.refunded, money.due, money.unplaced, scenario.frozen()) == (D("10.00"), 10, 0, 0, [])
    scenario.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": "14.00"}])
    assert (scenario.doc(number).money.refunded, scenario.doc(number).money.unplaced) == (10, 4)


def test_a_refund_in_yen_counts_in_whole_yen_whatever_the_record_says(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order(currency="JPY", payments=[{"id": "PAY", "captured": "3000.4", "currency": "JPY"}])
    number = scenario.asked(currency="JPY")
    back(scenario, amount="333.3", currency="JPY", allocations=[{"order_line": "L1", "quantity": 1, "amount": "333.3"}])
    money = scenario.doc(number).money
    assert (money.captured, money.refunded, money.refundable) == (3000, 333, 2667)
