"""Money that failed or was reversed, whole or in part: it is paid again where a person says so, and only then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pipeline.refund_records import begun
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario
from tests.pipeline.test_unplaced import back


def refunded(scenario: Scenario, number: int, id: str, amount: str, state: str, day: int = 2, **more: Any) -> None:
    """A refund of the return in one part."""
    parts = [{"amount": amount, "state": state, "payment": "PAY"}]
    back(scenario, id, hub_number=f"R{number}", parts=parts, at=f"2026-03-0{day}T10:00:00Z", **more)


def in_parts(scenario: Scenario, *parts: tuple[str, str], **more: Any) -> None:
    back(scenario, parts=[{"amount": amount, "state": state, "payment": "PAY"} for amount, state in parts], **more)


@pytest.mark.parametrize("state", ["failed", "reversed"])
def test_a_later_refund_for_something_else_answers_for_none_that_came_back(scenario: Scenario, state: str) -> None:
    number = begun(scenario)
    refunded(scenario, number, "A", "10.00", "succeeded")
    refunded(scenario, number, "B", "3.00", "succeeded", day=3)
    scenario.owed(number, "13.00")
    assert (scenario.paid(), scenario.frozen()) == (0, [])
    refunded(scenario, number, "A", "10.00", state)
    assert (scenario.paid(), scenario.doc(number).money.due) == (0, 10)
    ((_, asked),) = scenario.frozen("refund_came_back")
    scenario.hub.answering.answer(number, asked.question, "again", "Li")
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])


def test_a_later_refund_of_the_same_sum_that_was_owed_beside_it_answers_for_none_either(scenario: Scenario) -> None:
    number = begun(scenario)
    refunded(scenario, number, "A", "10.00", "reversed")
    refunded(scenario, number, "B", "10.00", "succeeded", day=3)
    scenario.owed(number, "20.00")
    assert (scenario.paid(), [asked.kind for _, asked in scenario.frozen()]) == (0, ["refund_came_back"])


def test_one_that_was_made_good_by_hand_asks_nobody_when_more_is_owed(scenario: Scenario) -> None:
    number = begun(scenario)
    refunded(scenario, number, "A", "10.00", "failed")
    refunded(scenario, number, "B", "10.00", "succeeded", day=3)
    scenario.owed(number)
    assert (scenario.paid(), scenario.frozen()) == (0, [])
    scenario.owed(number, "13.00")
    assert (scenario.paid(), scenario.frozen()) == (D("3.00"), [])


@pytest.mark.parametrize("state", ["failed", "reversed"])
@pytest.mark.parametrize(("answer", "paid"), [("again", "4.00"), ("elsewhere", "0")])
def test_a_part_that_came_back_is_asked_about_and_no_more_than_that_part(
    scenario: Scenario, state: str, answer: str, paid: str
) -> None:
    number = begun(scenario)
    in_parts(scenario, ("6.00", "succeeded"), ("4.00", "succeeded"), hub_number=f"R{number}")
    in_parts(scenario, ("6.00", "succeeded"), ("4.00", state), hub_number=f"R{number}")
    scenario.owed(number)
    assert (scenario.paid(), scenario.doc(number).money.due) == (0, 4)
    ((_, asked),) = scenario.frozen("refund_came_back")
    assert "The refund of 4.00 EUR at web" in asked.text
    scenario.hub.answering.answer(number, asked.question, answer, "Li")
    assert (scenario.paid(), scenario.doc(number).money.due, scenario.frozen()) == (D(paid), 0, [])


def test_an_answer_about_a_part_says_nothing_of_what_comes_back_later(scenario: Scenario) -> None:
    number = begun(scenario)
    in_parts(scenario, ("6.00", "succeeded"), ("4.00", "reversed"), hub_number=f"R{number}")
    scenario.owed(number)
    ((_, asked),) = scenario.frozen("refund_came_back")
    scenario.hub.answering.answer(number, asked.question, "elsewhere", "Li")
    assert (scenario.paid(), scenario.frozen()) == (0, [])
    in_parts(scenario, ("6.00", "reversed"), ("4.00", "reversed"), hub_number=f"R{number}")
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen("refund_came_back")
    assert "The refund of 10.00 EUR" in asked.text


def test_a_part_of_a_refund_for_two_returns_is_asked_about_in_both(scenario: Scenario) -> None:
    one = begun(scenario)
    other = scenario.asked("RET-2", {"L2": 1}, at="11:00")
    scenario.came("erp", other, "GR-2", "TEAPOT")
    named = [{"return": f"RET-{i}", "amount": "10.00"} for i in (1, 2)]
    in_parts(scenario, ("12.00", "succeeded"), ("8.00", "failed"), allocations=named)
    scenario.owed(one)
    scenario.owed(other, id="CN-2")
    assert scenario.paid() == 0
    asked = scenario.frozen("refund_came_back")
    assert [(number, "4.00 EUR" in discrepancy.text) for number, discrepancy in asked] == [(one, True), (other, True)]
