"""Corners in which money once went out twice, or nobody was asked: each was played by somebody who looked for them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hub.store import observations
from tests.pipeline.refund_records import BOTH, answer, begun, kinds, part, total, two
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario
from tests.pipeline.test_unplaced import back


@pytest.mark.parametrize("by", ["lines", "returns"])
def test_what_a_refund_of_two_returns_loses_is_missed_by_the_one_it_was_for(scenario: Scenario, by: str) -> None:
    one, other = two(scenario)
    parts = BOTH if by == "lines" else [{"return": f"RET-{n}", "amount": "10.00"} for n in (1, 2)]
    back(scenario, "RF", parts=[part("20.00", payment="PAY")], allocations=parts)
    scenario.owed(one)
    scenario.owed(other, id="CN-2")
    assert scenario.paid() == 0
    back(scenario, "RF", parts=[part("10.00", payment="PAY")], allocations=parts[:1])
    assert (scenario.paid(), kinds(scenario)) == (0, {(other, "refund_came_back")})
    answer(scenario, other, "refund_came_back", "again")
    assert scenario.paid() == D("10.00")


def test_one_refund_explains_the_fall_of_one_payment(scenario: Scenario) -> None:
    number = begun(scenario)
    back(scenario, hub_number=f"R{number}", parts=[part("10.00")])
    total(scenario, "10.00", "10.00")
    scenario.owed(number, "20.00")
    answer(scenario, number, "unallocated_refund", f"of:R{number}")
    total(scenario, "0", "0")
    assert (scenario.paid(), kinds(scenario)) == (0, {(number, "refund_came_back")})


def test_one_refund_takes_the_place_of_one_that_vanished_and_no_more(scenario: Scenario) -> None:
    number = begun(scenario)
    lines = [{"order_line": "L1", "quantity": 1, "amount": "10.00"}]
    pending = {"currency": "EUR", "allocations": lines, "parts": [{"amount": "10.00", "state": "pending"}]}
    done = {**pending, "id": "final", "parts": [part("10.00")]}
    for refunds in ([{**pending, "id": "a"}, {**pending, "id": "b"}], [done]):
        scenario.told_in_full(("web", "order", "O1"), refunds=refunds)
    scenario.owed(number, "20.00")
    assert (scenario.paid(), kinds(scenario)) == (0, {(number, "refund_came_back")})


def test_what_another_dictionary_read_counts_too(scenario: Scenario) -> None:
    number = begun(scenario)
    back(scenario, "RF", hub_number=f"R{number}")
    scenario.owed(number)
    name = ("web", "refund", "RF")
    with scenario.hub.database.begin() as conn:
        stored = observations.of_objects(conn, [name])[name]
        before = replace(stored.observation, mapping="the one before")
        observations.save(conn, [stored._replace(observation=before)])
    back(scenario, "RF", hub_number=f"R{number}", parts=[])
    assert (scenario.paid(), kinds(scenario)) == (0, {(number, "refund_came_back")})


@pytest.mark.parametrize("more", [{}, {"refunded": "10.00"}])
def test_a_payment_below_zero_that_comes_later_may_be_money_for_the_return(
    scenario: Scenario, more: dict[str, str]
) -> None:
    number = begun(scenario)
    cash = {"id": "P2", "captured": "-10.00", "method": "cash", **more}
    scenario.order(payments=[{"id": "PAY", "captured": "30.00"}, cash])
    scenario.owed(number)
    assert (scenario.paid(), len(kinds(scenario))) == (0, 1)


@pytest.mark.parametrize(("newer", "missing"), [([], "10.00"), ([part("6.00")], "4.00")])
def test_the_newer_of_two_records_that_tells_less_of_a_refund_than_the_other_is_asked_about(
    scenario: Scenario, newer: list[dict[str, str]], missing: str
) -> None:
    number = begun(scenario)
    back(scenario, "RF", hub_number=f"R{number}", parts=[part("10.00", payment="PAY")])
    refund = {"id": "RF", "currency": "EUR", "parts": newer, "allocations": [], "at": "2026-03-02T10:00:00Z"}
    scenario.told_in_full(("web", "order", "O1"), refunds=[refund])
    scenario.owed(number)
    assert (scenario.paid(), scenario.doc(number).money.due) == (0, D(missing))
    assert kinds(scenario) == {(number, "refund_came_back")}


def test_a_refund_that_moves_no_money_is_asked_about_in_no_currency_and_fails_nothing(scenario: Scenario) -> None:
    number = begun(scenario)
    back(scenario, currency="USD", hub_number=f"R{number}", parts=[])
    assert (scenario.frozen(), scenario.doc(number).axes.settlement) == ([], "none")


def test_a_total_that_had_fallen_before_the_return_was_asked_for_is_none_of_its_business(scenario: Scenario) -> None:
    scenario.accounts()
    total(scenario, "10.00")
    total(scenario, "0.00")
    number = scenario.asked(requested_at="2999-03-01T10:00:00Z")
    scenario.came("erp", number)
    scenario.owed(number)
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])


def test_one_part_that_vanishes_with_its_payments_total_is_one_question(scenario: Scenario) -> None:
    number = begun(scenario)
    six, four = part("6.00", payment="P0"), part("4.00", payment="P1")
    back(scenario, "RF", hub_number=f"R{number}", parts=[six, four])
    total(scenario, "6.00", "4.00")
    scenario.owed(number, "20.00")
    assert scenario.paid() == D("10.00")
    back(scenario, "RF", hub_number=f"R{number}", parts=[six])
    total(scenario, "6.00", "0.00")
    ((_, asked),) = scenario.frozen()
    assert "4.00 EUR" in asked.text


def test_ids_that_change_from_authorization_to_capture_take_nothing_back(scenario: Scenario) -> None:
    number = begun(scenario)
    for payment in ("AUTH", "CAP"):
        back(scenario, "RF", hub_number=f"R{number}", parts=[part("10.00", payment=payment)])
        scenario.order(payments=[{"id": payment, "captured": "30.00", "refunded": "10.00"}])
    other = scenario.asked("RET-2", {"L2": 1}, at="11:00")
    scenario.came("erp", other, "GR-2", "TEAPOT")
    scenario.owed(number)
    scenario.owed(other, id="CN-2")
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])


def test_a_refund_that_gets_its_own_id_when_it_went_through_is_one(scenario: Scenario) -> None:
    number = begun(scenario)
    lines = [{"order_line": "L1", "quantity": 1, "amount": "10.00"}]
    refund = {"id": "tmp", "currency": "EUR", "allocations": lines, "parts": [{"amount": "10.00", "state": "pending"}]}
    scenario.told_in_full(("web", "order", "O1"), refunds=[refund])
    scenario.told_in_full(("web", "order", "O1"), refunds=[{**refund, "id": "final", "parts": [part("10.00")]}])
    scenario.owed(number)
    assert (scenario.paid(), scenario.frozen(), scenario.doc(number).money.refunded) == (0, [], 10)


@pytest.mark.parametrize("total_", [{}, {"total": None}])
def test_a_payment_below_zero_that_leaves_less_than_the_order_cost_is_money_that_went_back(
    scenario: Scenario, total_: dict[str, None]
) -> None:
    scenario.accounts()
    cash = {"id": "BACK", "captured": "-10.00", "method": "cash"}
    scenario.order(payments=[{"id": "PAY", "captured": "30.00"}, cash], **total_)
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    assert (scenario.paid(), kinds(scenario)) == (0, {(number, "unallocated_refund")})
    answer(scenario, number, "unallocated_refund", "goodwill")
    assert scenario.paid() == D("10.00")


def test_change_that_is_told_a_moment_later_asks_nobody(scenario: Scenario) -> None:
    number = begun(scenario)
    for more in ([], [{"id": "BACK", "captured": "-20.00", "method": "cash"}]):
        scenario.order(payments=[{"id": "PAY", "captured": "50.00", "method": "cash"}, *more])
    scenario.owed(number)
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])


def test_a_refund_that_went_through_with_less_than_was_on_its_way_is_what_went(scenario: Scenario) -> None:
    number = begun(scenario)
    for amount, state in (("5.00", "pending"), ("4.99", "succeeded")):
        back(scenario, "RF", hub_number=f"R{number}", parts=[{"amount": amount, "state": state, "payment": "PAY"}])
    scenario.owed(number)
    assert (scenario.paid(), scenario.frozen()) == (D("5.01"), [])


@pytest.mark.parametrize("mute", [False, True])
def test_a_total_that_was_read_before_we_paid_is_of_other_money(scenario: Scenario, mute: bool) -> None:
    scenario.payer.mute = mute
    scenario.accounts()
    scenario.order(mugs=3)
    one, other = scenario.asked(), scenario.asked("RET-2", at="11:00")
    scenario.came("erp", one)
    scenario.came("erp", other, "GR-2")
    scenario.order(mugs=3, payments=[{"id": "PAY", "captured": "40.00", "refunded": "10.00"}])
    scenario.owed(one)
    scenario.owed(other, id="CN-2")
    answer(scenario, one, "unallocated_refund", f"of:R{other}")
    assert (scenario.paid(), scenario.doc(other).money.due) == (D("10.00"), 0), "the shop had paid the other one itself"
    scenario.order(mugs=3, payments=[{"id": "PAY", "captured": "40.00", "refunded": "20.00"}])
    assert (scenario.paid(), [scenario.doc(number).money.refunded for number in (one, other)]) == (D("10.00"), [10, 10])
    assert scenario.frozen() == []
