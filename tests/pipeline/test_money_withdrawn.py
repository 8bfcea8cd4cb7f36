"""Money of which a system says less than it once did is not with the customer for sure: asked, never paid again unasked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.model.language.sentences import say
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario
from tests.pipeline.test_unplaced import back

Says = Callable[[Scenario, int, str], None]


def own_record(scenario: Scenario, number: int, amount: str) -> None:
    """The refund's own record, which names the return."""
    parts = [{"amount": amount, "state": "succeeded", "payment": "PAY"}]
    back(scenario, hub_number=f"R{number}", parts=parts)


def shrinks(scenario: Scenario, number: int, amount: str) -> None:
    own_record(scenario, number, "10.00") if amount == "10.00" else own_record(scenario, number, "4.00")


def without_parts(scenario: Scenario, number: int, amount: str) -> None:
    """The refund is still there and moves no money any more."""
    scenario.push("web", "refund.upsert", "RF", hub_number=f"R{number}", currency="EUR", at="2026-03-02T10:00:00Z",
              parts=[{"amount": amount, "state": "succeeded", "payment": "PAY"}] if D(amount) else [])  # fmt: skip


def order_summary(scenario: Scenario, number: int, amount: str) -> None:
    """All refunds of the order stand in its record, and one of them does not any more."""
    parts = [{"amount": "10.00", "state": "succeeded", "payment": "PAY"}]
    line = {"order_line": "L1", "quantity": "1", "amount": "10.00"}
    refund = {"id": "RF", "currency": "EUR", "parts": parts, "allocations": [line], "at": "2026-03-02T10:00:00Z"}
    scenario.told_in_full(("web", "order", "O1"), refunds=[refund] if D(amount) else [])


def payment_total(scenario: Scenario, number: int, amount: str) -> None:
    scenario.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": amount}])


def payment_that_vanishes(scenario: Scenario, number: int, amount: str) -> None:
    payment = [{"id": "PAY", "captured": "30.00", "refunded": amount}] if D(amount) else []
    scenario.order(payments=[*payment, {"id": "CASH", "captured": "30.00"}])


def bank(scenario: Scenario, number: int, amount: str) -> None:
    scenario.order(payments=[{"id": "PAY", "captured": "30.00", "charged_back": amount}])


DOORS: dict[str, tuple[Says, str]] = {
    "a refund's sum shrinks": (shrinks, "6.00"),
    "a refund moves no money any more": (without_parts, "10.00"),
    "a complete list loses one": (order_summary, "10.00"),
    "the total of a payment falls": (payment_total, "10.00"),
    "a payment with a total vanishes": (payment_that_vanishes, "10.00"),
    "the bank gives the money back": (bank, "10.00"),
}
"""How it is told, and how much of 10.00 is missing at the end."""


@pytest.mark.parametrize("answer", ["again", "elsewhere"])
@pytest.mark.parametrize("door", DOORS)
def test_what_is_not_told_any_more_is_asked_about_before_it_is_paid_again(
    scenario: Scenario, door: str, answer: str
) -> None:
    says, missing = DOORS[door]
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    says(scenario, number, "10.00")
    scenario.owed(number)
    for _, asked in scenario.frozen("unallocated_refund"):
        scenario.hub.answering.answer(number, asked.question, f"of:R{number}", "Li")
    assert (scenario.paid(), scenario.doc(number).money.due, scenario.frozen()) == (0, 0, []), "it went back once"
    says(scenario, number, "0")
    assert (scenario.paid(), scenario.doc(number).money.due) == (0, D(missing))
    ((_, asked),) = scenario.frozen()
    assert asked.kind == "refund_came_back"
    assert f"{missing} EUR at web is not told of any more" in asked.text
    assert "不再" in say(asked.said, "zh")
    says(scenario, number, "0")
    assert scenario.paid() == 0, "the same again is no answer"
    scenario.hub.answering.answer(number, asked.question, answer, "Li")
    assert (scenario.paid(), scenario.frozen()) == (D(missing) if answer == "again" else 0, [])


@pytest.mark.parametrize("door", DOORS)
def test_what_is_told_again_counts_again(scenario: Scenario, door: str) -> None:
    says, _ = DOORS[door]
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    for amount in ("10.00", "0", "10.00"):
        says(scenario, number, amount)
    for _, asked in scenario.frozen("unallocated_refund"):
        scenario.hub.answering.answer(number, asked.question, f"of:R{number}", "Li")
    assert (scenario.paid(), scenario.doc(number).money.due, scenario.frozen()) == (0, 0, [])


def test_a_summary_without_a_refund_that_its_own_record_tells_takes_nothing_back(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    own: dict[str, Any] = {"allocations": [{"order_line": "L1", "quantity": 1, "amount": "10.00"}]}
    order_summary(scenario, number, "10.00")
    back(scenario, "RF", **own)
    order_summary(scenario, number, "0")
    scenario.owed(number)
    assert (scenario.paid(), scenario.doc(number).money.refunded, scenario.frozen()) == (0, 10, [])


def test_a_total_that_falls_because_its_refund_failed_is_one_event(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    own_record(scenario, number, "10.00")
    payment_total(scenario, number, "10.00")
    payment_total(scenario, number, "0")
    back(scenario, hub_number=f"R{number}", parts=[{"amount": "10.00", "state": "failed", "payment": "PAY"}])
    scenario.owed(number)
    assert (scenario.paid(), [asked.kind for _, asked in scenario.frozen()]) == (0, ["refund_came_back"])
