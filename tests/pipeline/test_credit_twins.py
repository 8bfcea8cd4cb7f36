"""One credit note that two systems tell is one or two only when somebody has said so: nothing is paid on a sum of both."""

from __future__ import annotations

import pytest

from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario


@pytest.mark.parametrize("amount", ["10.00", "9.99"])
@pytest.mark.parametrize(("answer", "paid"), [("same", D("10.00")), ("apart", None)])
def test_a_credit_of_two_systems_is_asked_about(scenario: Scenario, amount: str, answer: str, paid: D | None) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    scenario.push("till", "credit.upsert", "TC", hub_number=f"R{number}", state="posted", amount=amount, currency="EUR")
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen()
    assert asked.kind == "possible_duplicates"
    scenario.hub.answering.answer(number, asked.question, answer, "Li")
    assert scenario.paid() == (paid or D("10.00") + D(amount))
    assert scenario.frozen() == []


def test_of_two_alike_the_other_may_still_be_the_one(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order(mugs=3)
    number = scenario.asked(lines={"L1": 2})
    scenario.came("erp", number, quantity=2)
    scenario.owed(number)
    scenario.owed(number, id="CN-2")
    scenario.push(
        "till", "credit.upsert", "TC", hub_number=f"R{number}", state="posted", amount="10.00", currency="EUR"
    )
    for answer in ("apart", "same"):
        assert scenario.paid() == 0
        ((_, asked),) = scenario.frozen()
        scenario.hub.answering.answer(number, asked.question, answer, "Li")
    assert scenario.paid() == D("20.00")


def test_two_credits_of_one_system_are_two(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked(lines={"L1": 2})
    scenario.came("erp", number, quantity=2)
    scenario.owed(number)
    scenario.owed(number, id="CN-2")
    assert scenario.paid() == D("20.00")


def test_what_comes_after_it_was_paid_is_asked_about_too(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    assert scenario.paid() == D("10.00")
    scenario.push(
        "till", "credit.upsert", "TC", hub_number=f"R{number}", state="posted", amount="10.00", currency="EUR"
    )
    assert scenario.paid() == D("10.00")
    ((_, asked),) = scenario.frozen()
    scenario.hub.answering.answer(number, asked.question, "same", "Li")
    assert scenario.paid() == D("10.00")
