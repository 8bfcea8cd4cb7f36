"""Pieces that are taken off an order before they leave: what was taken for them is no refund of what comes back later."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pipeline.scenario import PRICE, D, Scenario
from tests.pipeline.scenario import scenario as scenario


def order(scenario: Scenario, mugs: int, captured: str, *, shipped: int | None = 0, **more: Any) -> None:
    """Mugs and a teapot, of which so many mugs left; paid with so much."""
    lines = [
        {"id": "L1", "sku": "MUG", "quantity": mugs, "shipped": shipped, "price": "10.00"},
        {"id": "L2", "sku": "TEAPOT", "quantity": 1, "shipped": int(bool(shipped)), "price": "10.00"},
    ]
    said = {"lines": [line for line in lines if line["quantity"]], "total": f"{PRICE * (mugs + 1)}", **more}
    scenario.order(payments=[{"id": "PAY", "captured": captured}], **said)


def comes_back(scenario: Scenario, **more: Any) -> int:
    number = scenario.asked(**more)
    scenario.came("erp", number)
    scenario.owed(number)
    return number


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("pieces", [1, 3])
def test_what_was_taken_off_before_it_left_is_no_money_of_a_return(
    scenario: Scenario, pieces: int, renamed: bool
) -> None:
    scenario.accounts()
    order(scenario, 1 + pieces, f"{PRICE * (2 + pieces)}")
    order(scenario, 1, "20.00")
    lines = [{"id": "L9" if renamed else "L1", "sku": "MUG", "quantity": 1, "shipped": 1, "price": "10.00"}]
    order(scenario, 1, "20.00", shipped=1, **({"lines": lines, "total": "20.00"} if renamed else {}))
    number = comes_back(scenario, lines={"L9" if renamed else "L1": 1})
    assert (scenario.paid(), scenario.frozen(), scenario.doc(number).money.due) == (D("10.00"), [], 0)


def test_a_whole_line_may_be_taken_off(scenario: Scenario) -> None:
    scenario.accounts()
    lines = [{"id": "L3", "sku": "PLATE", "quantity": 2, "shipped": 0, "amount": "10.00"}]
    lines.append({"id": "L1", "sku": "MUG", "quantity": 1, "shipped": 0, "price": "10.00"})
    order(scenario, 1, "20.00", lines=lines)
    order(scenario, 1, "10.00", shipped=1, lines=[{**lines[1], "shipped": 1}], total="10.00")
    comes_back(scenario)
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])


STILL: dict[str, list[dict[str, Any]]] = {
    "they had left": [{"mugs": 3, "captured": "40.00", "shipped": 3}, {"mugs": 2, "captured": "30.00", "shipped": 2}],
    "nobody says whether they had": [
        {"mugs": 3, "captured": "40.00", "shipped": None},
        {"mugs": 2, "captured": "30.00", "shipped": None},
    ],
    "the total stays": [
        {"mugs": 3, "captured": "40.00"},
        {"mugs": 2, "captured": "30.00", "shipped": 2, "total": "40.00"},
    ],
    "the pieces stay": [
        {"mugs": 3, "captured": "40.00"},
        {"mugs": 3, "captured": "30.00", "shipped": 3, "total": "30.00"},
    ],
    "more fell than they cost": [
        {"mugs": 3, "captured": "40.00"},
        {"mugs": 2, "captured": "20.00", "shipped": 2, "total": "20.00"},
    ],
}


@pytest.mark.parametrize("why", STILL)
def test_whatever_else_falls_is_asked_about_as_ever(scenario: Scenario, why: str) -> None:
    scenario.accounts()
    for said in STILL[why]:
        order(scenario, **said)
    comes_back(scenario)
    assert (scenario.paid(), [asked.kind for _, asked in scenario.frozen()]) == (0, ["unallocated_refund"])
    assert "10.00 EUR less" in scenario.frozen()[0][1].text


def test_a_return_of_pieces_that_never_came_may_be_about_those_that_were_taken_off(scenario: Scenario) -> None:
    scenario.accounts()
    order(scenario, 3, "40.00")
    number = scenario.asked()
    order(scenario, 2, "30.00")
    scenario.owed(number)
    assert (scenario.paid(), len(scenario.frozen("unallocated_refund"))) == (0, 1)
    order(scenario, 2, "30.00", shipped=2)
    other = scenario.asked("RET-2", at="11:00")
    scenario.came("erp", other, "GR-2")
    scenario.owed(other, id="CN-2")
    assert (scenario.paid(), {asked.kind for _, asked in scenario.frozen()}) == (0, {"unallocated_refund"})


def test_a_refund_that_lowers_the_order_after_it_had_been_cut_down_is_asked_about(scenario: Scenario) -> None:
    scenario.accounts()
    order(scenario, 3, "40.00")
    order(scenario, 2, "30.00")
    order(scenario, 2, "30.00", shipped=2)
    order(scenario, 1, "20.00", shipped=2)
    comes_back(scenario)
    assert (scenario.paid(), [asked.kind for _, asked in scenario.frozen()]) == (0, ["unallocated_refund"])
