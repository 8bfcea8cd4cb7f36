"""Lines below zero (a coupon, a voucher, a deposit) on an order that comes back as a whole: they are no goods (simulated)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario

COUPON = {"id": "C1", "sku": "COUPON", "quantity": 1, "shipped": 0, "price": "-5.00"}
DEPOSIT = {"id": "C1", "sku": "MUG", "quantity": -1, "price": "0.25"}
MUGS = {"id": "L1", "sku": "MUG", "quantity": 2, "shipped": 2, "price": "10.00"}


def sold(scenario: Scenario, below: dict[str, Any]) -> int:
    """Two mugs and a line below zero, of which the shop says that all comes back."""
    scenario.accounts()
    scenario.order(lines=[MUGS, below], total="15.00", payments=[{"id": "PAY", "captured": "15.00"}])
    return scenario.asked(lines={"L1": 2, "C1": 1})


@pytest.mark.parametrize("below", [COUPON, DEPOSIT], ids=["a coupon", "a deposit of the same article"])
def test_nobody_waits_for_it_and_no_goods_count_on_it(scenario: Scenario, below: dict[str, Any]) -> None:
    number = sold(scenario, below)
    goods = {line.key: line.goods for line in scenario.doc(number).lines}
    assert goods == {"web/O1/L1": "expected", "web/O1/C1": "deduction"}
    assert (scenario.frozen(), scenario.doc(number).kind) == ([], "return_refund")
    scenario.came("erp", number, quantity=2)
    lines = {line.key: line.received for line in scenario.doc(number).lines}
    assert (lines, scenario.doc(number).axes.receipt) == ({"web/O1/L1": 2, "web/O1/C1": 0}, "full")
    scenario.owed(number, "15.00")
    assert (scenario.paid(), scenario.doc(number).money.due, scenario.frozen()) == (D("15.00"), 0, [])


def test_what_the_goods_cost_before_it_is_never_paid_beyond_what_was_captured(scenario: Scenario) -> None:
    number = sold(scenario, COUPON)
    scenario.came("erp", number, quantity=2)
    scenario.owed(number, "20.00")
    assert (scenario.paid(), scenario.doc(number).money.due) == (D("15.00"), 5), (
        "five are shown as what is due above it"
    )
    assert [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies] == ["above_captured"]


def test_no_system_is_asked_to_make_a_return_of_it(scenario: Scenario) -> None:
    """The ERP takes the whole sale back, voucher and all; it has no line of it in the shop."""
    scenario.accounts()
    scenario.order(lines=[MUGS], payments=[{"id": "PAY", "captured": "15.00"}])
    lines = [{"id": "1", "sku": "MUG", "quantity": 2}, {"id": "2", "name": "Voucher", "quantity": 1, "amount": "-5.00"}]
    said = {"origin": "request", "authorization": {"value": "authorized"}, "order": {"number": "5001"}}
    scenario.push("erp", "return.upsert", "C1", lines=lines, currency="EUR", **said)
    scenario.work()
    (made,) = scenario.payer.created
    assert [line["sku"] for line in made] == ["MUG"]
