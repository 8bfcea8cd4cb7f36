"""Money for a return that is over, for two at once, from the bank, and answers that are no word on what is told later."""

from __future__ import annotations

import pytest

from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.test_unplaced import back


def cancelled(desk: Desk, **named: object) -> int:
    """The only mug was refunded for a return that is cancelled; a second one asks for it."""
    desk.accounts()
    desk.order(mugs=1)
    first = desk.asked()
    back(desk, **({"hub_number": f"R{first}"} | named))  # type: ignore[arg-type]
    desk.asked(authorization={"value": "cancelled"})
    number = desk.asked("RET-2", at="13:00")
    desk.came("erp", number)
    desk.owed(number)
    return number


NAMED = {
    "the return": {},
    "its pieces": {"allocations": [{"return": "RET-1", "order_line": "L1", "quantity": 1, "amount": "10.00"}]},
}


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize(("answer", "paid"), [("of:R1002", "0"), ("of:R1001", "10.00"), ("goodwill", "10.00")])
def test_money_for_a_return_that_was_cancelled_is_asked_about_on_the_one_in_its_place(
    desk: Desk, named: str, answer: str, paid: str
) -> None:
    number = cancelled(desk, **NAMED[named])
    assert desk.paid() == 0
    ((_, asked),) = desk.frozen("unallocated_refund")
    desk.hub.answering.answer(number, asked.question, answer, "Li")
    assert (desk.paid(), desk.frozen()) == (D(paid), [])
    refunded = desk.doc(number - 1).money.refunded + desk.doc(number).money.refunded
    assert refunded == 10 + D(paid), "counted for one of the two"


def test_money_for_another_line_of_a_cancelled_return_asks_nobody(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    desk.asked(lines={"L2": 1})
    back(desk, allocations=[{"return": "RET-1", "order_line": "L2", "quantity": 1, "amount": "10.00"}])
    desk.asked(lines={"L2": 1}, authorization={"value": "cancelled"})
    number = desk.asked("RET-2", at="13:00")
    desk.came("erp", number)
    desk.owed(number)
    assert (desk.paid(), desk.frozen()) == (D("10.00"), [])


def test_one_refund_for_two_returns_has_a_true_answer(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    one, other = desk.asked(), desk.asked("RET-2", {"L2": 1}, at="11:00")
    back(desk, amount="20.00")
    for number, sku in ((one, "MUG"), (other, "TEAPOT")):
        desk.came("erp", number, f"GR-{number}", sku)
        desk.owed(number, id=f"CN-{number}")
    assert desk.paid() == 0
    (_, asked), _ = desk.frozen("unallocated_refund")
    desk.hub.answering.answer(other, asked.question, "oldest", "Li")
    assert (desk.paid(), desk.frozen()) == (0, [])
    assert [desk.doc(number).money.refunded for number in (one, other)] == [10, 10]
    assert [desk.doc(number).money.due for number in (one, other)] == [0, 0]


@pytest.mark.parametrize(("answer", "paid"), [("of:R1001", "2.00"), ("goodwill", "10.00")])
def test_an_answer_is_no_word_on_what_the_payments_total_says_later(desk: Desk, answer: str, paid: str) -> None:
    def total(amount: str) -> None:
        desk.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": amount}])

    desk.accounts()
    total("2.00")
    number = desk.asked()
    desk.came("erp", number)
    ((_, asked),) = desk.frozen("unallocated_refund")
    desk.hub.answering.answer(number, asked.question, "goodwill", "Li")
    total("10.00")
    desk.owed(number)
    assert desk.paid() == 0
    ((_, asked),) = desk.frozen("unallocated_refund")
    assert "web paid back 8.00 EUR" in asked.text
    desk.hub.answering.answer(number, asked.question, answer, "Li")
    assert (desk.paid(), desk.frozen()) == (D(paid), [])


def test_an_answer_is_no_word_on_the_sum_that_the_refunds_record_names_later(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    back(desk, amount="2.00")
    desk.owed(number)
    ((_, asked),) = desk.frozen("unallocated_refund")
    desk.hub.answering.answer(number, asked.question, "goodwill", "Li")
    assert desk.frozen() == []
    back(desk, amount="10.00")
    desk.work()
    ((_, asked),) = desk.frozen("unallocated_refund")
    assert "web paid back 8.00 EUR" in asked.text


@pytest.mark.parametrize(("answer", "paid"), [("of:R1001", "0"), ("goodwill", "10.00")])
def test_what_the_bank_took_back_may_have_been_for_the_return(desk: Desk, answer: str, paid: str) -> None:
    desk.accounts()
    desk.order(payments=[{"id": "PAY", "captured": "30.00", "charged_back": "10.00"}])
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)
    assert desk.paid() == 0
    ((_, asked),) = desk.frozen("unallocated_refund")
    assert "bank" in asked.text
    desk.hub.answering.answer(number, asked.question, answer, "Li")
    assert (desk.paid(), desk.frozen()) == (D(paid), [])


@pytest.mark.parametrize(("answer", "paid"), [("same", "10.00"), ("apart", "0")])
def test_one_refund_that_another_system_tells_in_two_parts_is_asked_about(desk: Desk, answer: str, paid: str) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked(lines={"L1": 2})
    desk.came("erp", number, quantity=2)
    for account, id, amount in (("web", "A", "10.00"), ("erp", "B", "6.00"), ("erp", "C", "4.00")):
        back(desk, id, amount, account, hub_number=f"R{number}")
    desk.owed(number, "20.00")
    assert desk.paid() == 0
    ((_, asked),) = desk.frozen("possible_duplicates")
    assert "6.00 EUR + 4.00 EUR" in asked.text or "4.00 EUR + 6.00 EUR" in asked.text
    desk.hub.answering.answer(number, asked.question, answer, "Li")
    assert (desk.paid(), desk.frozen()) == (D(paid), [])
