"""One odd row of an order is understood as what it is, or stops itself where people see it; the order counts (simulated)."""

from __future__ import annotations

from typing import Any

import pytest

from hub.model.language.sentences import say
from tests.pipeline.queries import rows
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario

CARD = {"id": "PAY", "captured": "30.00"}
ODD: dict[str, tuple[dict[str, Any], str]] = {
    "points": (
        {"payments": [CARD, {"id": "P2", "captured": "5", "currency": "PTS"}]},
        "payments P2 (captured: there is no currency 'PTS')",
    ),
    "refunded": ({"payments": [{**CARD, "refunded": "-5.00"}]}, "payments PAY (refunded: -5.00 is below zero"),
    "charged_back": ({"payments": [{**CARD, "charged_back": "-5"}]}, "payments PAY (charged_back: -5 is below zero"),
    "no number": ({"payments": [CARD, {"id": "P2", "captured": "a lot"}]}, "payments P2 (captured: 'a lot' is no num"),
    "no id": ({"payments": [CARD, {"captured": "5.00"}]}, "payments[1] (id: Missing data"),
    "change of nothing": (
        {"payments": [CARD, {"id": "P2", "captured": "-30.00"}, {"id": "P3", "captured": "30.00"}]},
        "",
    ),
}


def refused(scenario: Scenario) -> int:
    return len(rows(scenario.hub, "SELECT id FROM inbox WHERE state = 'invalid'"))


def returned(scenario: Scenario, **order: Any) -> int:
    """A mug of an order that says this came back, and 10.00 are owed for it."""
    scenario.accounts()
    scenario.order(**order)
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    return number


@pytest.mark.parametrize(("order", "said"), ODD.values(), ids=ODD)
def test_it_is_left_out_and_asked_and_the_rest_counts(scenario: Scenario, order: dict[str, Any], said: str) -> None:
    number = returned(scenario, **order)
    assert refused(scenario) == 0
    assert scenario.doc(number).money.captured is not None
    asked = scenario.frozen("left_out")
    assert bool(asked) == bool(said)
    for _, discrepancy in asked:
        assert said in say(discrepancy.said)
        assert "order O1 at web" in say(discrepancy.said)
    assert scenario.paid() == (0 if said else D("10.00"))
    scenario.order()
    assert scenario.frozen() == []
    assert scenario.paid() == D("10.00")


def test_a_component_below_zero_leaves_its_line_and_the_others(scenario: Scenario) -> None:
    parts = [{"sku": "CUP", "quantity": 2}, {"sku": "LID", "quantity": -1}]
    sold = {"id": "L1", "sku": "SET", "quantity": 1, "shipped": 1, "price": "30.00", "components": parts}
    number = returned(scenario, lines=[sold])
    ((_, asked),) = scenario.frozen("left_out")
    assert "components LID (quantity: -1 is below zero" in say(asked.said)
    assert "SET" in {line.sku for line in scenario.doc(number).lines}


@pytest.mark.parametrize(
    ("payments", "captured"),
    [
        ({"P1": ("50.00", "cash"), "P2": ("-20.00", "cash")}, {"P1": "30.00"}),
        (
            {"P1": ("25.00", "original"), "P2": ("15.00", "cash"), "P3": ("-10.00", "cash")},
            {"P1": "25.00", "P2": "5.00"},
        ),
        ({"P0": ("-20.00", "cash"), "P1": ("50.00", "original")}, {"P1": "30.00"}),
        (
            {"P1": ("5.00", "cash"), "P2": ("35.00", "original"), "P3": ("-10.00", "cash")},
            {"P1": "0.00", "P2": "30.00"},
        ),
    ],
)
def test_a_payment_below_zero_is_change(
    scenario: Scenario, payments: dict[str, tuple[str, str]], captured: dict[str, str]
) -> None:
    said = [{"id": id, "captured": sum_, "method": method} for id, (sum_, method) in payments.items()]
    number = returned(scenario, payments=said)
    assert refused(scenario) == 0
    assert scenario.frozen() == []
    assert {payment.id: str(payment.captured) for payment in scenario.doc(number).payments} == captured
    assert scenario.doc(number).money.captured == D("30.00")


def test_more_change_than_was_paid_is_asked(scenario: Scenario) -> None:
    returned(scenario, payments=[CARD, {"id": "P2", "captured": "-30.01"}])
    ((_, asked),) = scenario.frozen("left_out")
    assert "payments P2 (captured: -0.01 EUR is below zero, and no payment is left" in say(asked.said)


@pytest.mark.parametrize(
    "order",
    [
        {"currency": "PTS"},
        {"payments": [{**CARD, "method": "a word that no table lists"}]},
        {"payments": [{"id": f"P{n}", "captured": "none"} for n in range(21)]},
    ],
)
def test_what_is_wrong_with_more_than_a_row_refuses_the_record_with_its_place(
    scenario: Scenario, order: dict[str, Any]
) -> None:
    returned(scenario, **order)
    assert refused(scenario) == 1
    assert {asked.kind for _, asked in scenario.frozen()} <= {"unread"}, (
        "it holds up money, as any record that cannot be read"
    )
