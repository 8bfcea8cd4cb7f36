"""Money for a return that is over, for two at once, from the bank, and answers that are no word on what is told later."""

from __future__ import annotations

import pytest

from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario
from tests.pipeline.test_unplaced import back


def cancelled(scenario: Scenario, **named: object) -> int:
    """The only mug was refunded for a return that is cancelled; a second one asks for it."""
    scenario.accounts()
    scenario.order(mugs=1)
    first = scenario.asked()
    back(scenario, **({"hub_number": f"R{first}"} | named))  # type: ignore[arg-type]
    scenario.asked(authorization={"value": "cancelled"})
    number = scenario.asked("RET-2", at="13:00")
    scenario.came("erp", number)
    scenario.owed(number)
    return number


NAMED = {
    "the return": {},
    "its pieces": {"allocations": [{"return": "RET-1", "order_line": "L1", "quantity": 1, "amount": "10.00"}]},
}


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize(("answer", "paid"), [("of:R1002", "0"), ("of:R1001", "10.00"), ("goodwill", "10.00")])
def test_money_for_a_return_that_was_cancelled_is_asked_about_on_the_one_in_its_place(
    scenario: Scenario, named: str, answer: str, paid: str
) -> None:
    number = cancelled(scenario, **NAMED[named])
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen("unallocated_refund")
    scenario.hub.answering.answer(number, asked.question, answer, "Li")
    assert (scenario.paid(), scenario.frozen()) == (D(paid), [])
    refunded = scenario.doc(number - 1).money.refunded + scenario.doc(number).money.refunded
    assert refunded == 10 + D(paid), "counted for one of the two"


def test_money_for_another_line_of_a_cancelled_return_asks_nobody(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    scenario.asked(lines={"L2": 1})
    back(scenario, allocations=[{"return": "RET-1", "order_line": "L2", "quantity": 1, "amount": "10.00"}])
    scenario.asked(lines={"L2": 1}, authorization={"value": "cancelled"})
    number = scenario.asked("RET-2", at="13:00")
    scenario.came("erp", number)
    scenario.owed(number)
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])


def test_one_refund_for_two_returns_has_a_true_answer(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    one, other = scenario.asked(), scenario.asked("RET-2", {"L2": 1}, at="11:00")
    back(scenario, amount="20.00")
    for number, sku in ((one, "MUG"), (other, "TEAPOT")):
        scenario.came("erp", number, f"GR-{number}", sku)
        scenario.owed(number, id=f"CN-{number}")
    assert scenario.paid() == 0
    (_, asked), _ = scenario.frozen("unallocated_refund")
    scenario.hub.answering.answer(other, asked.question, "oldest", "Li")
    assert (scenario.paid(), scenario.frozen()) == (0, [])
    assert [scenario.doc(number).money.refunded for number in (one, other)] == [10, 10]
    assert [scenario.doc(number).money.due for number in (one, other)] == [0, 0]


@pytest.mark.parametrize(("answer", "paid"), [("of:R1001", "2.00"), ("goodwill", "10.00")])
def test_an_answer_is_no_word_on_what_the_payments_total_says_later(scenario: Scenario, answer: str, paid: str) -> None:
    def total(amount: str) -> None:
        scenario.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": amount}])

    scenario.accounts()
    total("2.00")
    number = scenario.asked()
    scenario.came("erp", number)
    ((_, asked),) = scenario.frozen("unallocated_refund")
    scenario.hub.answering.answer(number, asked.question, "goodwill", "Li")
    total("10.00")
    scenario.owed(number)
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen("unallocated_refund")
    assert "web paid back 8.00 EUR" in asked.text
    scenario.hub.answering.answer(number, asked.question, answer, "Li")
    assert (scenario.paid(), scenario.frozen()) == (D(paid), [])


def test_an_answer_is_no_word_on_the_sum_that_the_refunds_record_names_later(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    back(scenario, amount="2.00")
    scenario.owed(number)
    ((_, asked),) = scenario.frozen("unallocated_refund")
    scenario.hub.answering.answer(number, asked.question, "goodwill", "Li")
    assert scenario.frozen() == []
    back(scenario, amount="10.00")
    scenario.work()
    ((_, asked),) = scenario.frozen("unallocated_refund")
    assert "web paid back 8.00 EUR" in asked.text


@pytest.mark.parametrize(("answer", "paid"), [("of:R1001", "0"), ("goodwill", "10.00")])
def test_what_the_bank_took_back_may_have_been_for_the_return(scenario: Scenario, answer: str, paid: str) -> None:
    scenario.accounts()
    scenario.order(payments=[{"id": "PAY", "captured": "30.00", "charged_back": "10.00"}])
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen("unallocated_refund")
    assert "bank" in asked.text
    scenario.hub.answering.answer(number, asked.question, answer, "Li")
    assert (scenario.paid(), scenario.frozen()) == (D(paid), [])


@pytest.mark.parametrize(("answer", "paid"), [("same", "10.00"), ("apart", "0")])
def test_one_refund_that_another_system_tells_in_two_parts_is_asked_about(
    scenario: Scenario, answer: str, paid: str
) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked(lines={"L1": 2})
    scenario.came("erp", number, quantity=2)
    for account, id, amount in (("web", "A", "10.00"), ("erp", "B", "6.00"), ("erp", "C", "4.00")):
        back(scenario, id, amount, account, hub_number=f"R{number}")
    scenario.owed(number, "20.00")
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen("possible_duplicates")
    assert "6.00 EUR + 4.00 EUR" in asked.text or "4.00 EUR + 6.00 EUR" in asked.text
    scenario.hub.answering.answer(number, asked.question, answer, "Li")
    assert (scenario.paid(), scenario.frozen()) == (D(paid), [])
