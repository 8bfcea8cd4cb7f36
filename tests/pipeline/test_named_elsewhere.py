"""A refund that names a return which is gone, or was not read yet, is the order's money until that is known: nothing vanishes."""

from __future__ import annotations

from hub.model.language.sentences import say
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario


def paid_for(scenario: Scenario, named: str) -> None:
    part = {"return": named, "order_line": "L1", "quantity": 1, "amount": "10.00"}
    parts = [{"amount": "10.00", "state": "succeeded", "payment": "PAY"}]
    said = {"order": {"id": "O1", "number": "5001"}, "currency": "EUR", "at": "2026-03-02T10:00:00Z"}
    scenario.push("web", "refund.upsert", "RF", parts=parts, allocations=[part], **said)


def test_of_a_return_that_nobody_knows_it_is_asked_until_that_is_read(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    paid_for(scenario, "RET-77")
    scenario.owed(number)
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen()
    assert asked.kind == "unallocated_refund"
    assert "for its return RET-77, which is not known here, and nothing says whether" in say(asked.said)
    scenario.asked("RET-77", at="09:00")
    assert scenario.paid() == D("10.00")
    assert scenario.frozen() == []


def test_of_a_return_that_was_deleted_it_still_counts(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order(mugs=1)
    scenario.asked()
    paid_for(scenario, "RET-1")
    scenario.push("web", "return.delete", "RET-1")
    number = scenario.asked("RET-2", at="13:00")
    scenario.came("erp", number)
    scenario.owed(number)
    assert scenario.paid() == 0
    assert number in [held for held, _ in scenario.frozen("unallocated_refund")]
