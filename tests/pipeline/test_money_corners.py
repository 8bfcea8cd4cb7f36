"""Corners in which money once went out twice, or nobody was asked: each was played by somebody who looked for them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hub.store import observations
from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.money import BOTH, answer, begun, kinds, part, total, two
from tests.pipeline.test_unplaced import back


@pytest.mark.parametrize("by", ["lines", "returns"])
def test_what_a_refund_of_two_returns_loses_is_missed_by_the_one_it_was_for(desk: Desk, by: str) -> None:
    one, other = two(desk)
    parts = BOTH if by == "lines" else [{"return": f"RET-{n}", "amount": "10.00"} for n in (1, 2)]
    back(desk, "RF", parts=[part("20.00", payment="PAY")], allocations=parts)
    desk.owed(one)
    desk.owed(other, id="CN-2")
    assert desk.paid() == 0
    back(desk, "RF", parts=[part("10.00", payment="PAY")], allocations=parts[:1])
    assert (desk.paid(), kinds(desk)) == (0, {(other, "refund_came_back")})
    answer(desk, other, "refund_came_back", "again")
    assert desk.paid() == D("10.00")


def test_one_refund_explains_the_fall_of_one_payment(desk: Desk) -> None:
    number = begun(desk)
    back(desk, hub_number=f"R{number}", parts=[part("10.00")])
    total(desk, "10.00", "10.00")
    desk.owed(number, "20.00")
    answer(desk, number, "unallocated_refund", f"of:R{number}")
    total(desk, "0", "0")
    assert (desk.paid(), kinds(desk)) == (0, {(number, "refund_came_back")})


def test_one_refund_takes_the_place_of_one_that_vanished_and_no_more(desk: Desk) -> None:
    number = begun(desk)
    lines = [{"order_line": "L1", "quantity": 1, "amount": "10.00"}]
    pending = {"currency": "EUR", "allocations": lines, "parts": [{"amount": "10.00", "state": "pending"}]}
    done = {**pending, "id": "final", "parts": [part("10.00")]}
    for refunds in ([{**pending, "id": "a"}, {**pending, "id": "b"}], [done]):
        desk.told_in_full(("web", "order", "O1"), refunds=refunds)
    desk.owed(number, "20.00")
    assert (desk.paid(), kinds(desk)) == (0, {(number, "refund_came_back")})


def test_what_another_dictionary_read_counts_too(desk: Desk) -> None:
    number = begun(desk)
    back(desk, "RF", hub_number=f"R{number}")
    desk.owed(number)
    name = ("web", "refund", "RF")
    with desk.hub.database.begin() as conn:
        stored = observations.of_objects(conn, [name])[name]
        before = replace(stored.observation, mapping="the one before")
        observations.save(conn, [stored._replace(observation=before)])
    back(desk, "RF", hub_number=f"R{number}", parts=[])
    assert (desk.paid(), kinds(desk)) == (0, {(number, "refund_came_back")})


@pytest.mark.parametrize("more", [{}, {"refunded": "10.00"}])
def test_a_payment_below_zero_that_comes_later_may_be_money_for_the_return(desk: Desk, more: dict[str, str]) -> None:
    number = begun(desk)
    cash = {"id": "P2", "captured": "-10.00", "method": "cash", **more}
    desk.order(payments=[{"id": "PAY", "captured": "30.00"}, cash])
    desk.owed(number)
    assert (desk.paid(), len(kinds(desk))) == (0, 1)


@pytest.mark.parametrize(("newer", "missing"), [([], "10.00"), ([part("6.00")], "4.00")])
def test_the_newer_of_two_records_that_tells_less_of_a_refund_than_the_other_is_asked_about(
    desk: Desk, newer: list[dict[str, str]], missing: str
) -> None:
    number = begun(desk)
    back(desk, "RF", hub_number=f"R{number}", parts=[part("10.00", payment="PAY")])
    refund = {"id": "RF", "currency": "EUR", "parts": newer, "allocations": [], "at": "2026-03-02T10:00:00Z"}
    desk.told_in_full(("web", "order", "O1"), refunds=[refund])
    desk.owed(number)
    assert (desk.paid(), desk.doc(number).money.due) == (0, D(missing))
    assert kinds(desk) == {(number, "refund_came_back")}


def test_a_refund_that_moves_no_money_is_asked_about_in_no_currency_and_fails_nothing(desk: Desk) -> None:
    number = begun(desk)
    back(desk, currency="USD", hub_number=f"R{number}", parts=[])
    assert (desk.frozen(), desk.doc(number).axes.settlement) == ([], "none")


def test_a_total_that_had_fallen_before_the_return_was_asked_for_is_none_of_its_business(desk: Desk) -> None:
    desk.accounts()
    total(desk, "10.00")
    total(desk, "0.00")
    number = desk.asked(requested_at="2999-03-01T10:00:00Z")
    desk.came("erp", number)
    desk.owed(number)
    assert (desk.paid(), desk.frozen()) == (D("10.00"), [])


def test_one_part_that_vanishes_with_its_payments_total_is_one_question(desk: Desk) -> None:
    number = begun(desk)
    six, four = part("6.00", payment="P0"), part("4.00", payment="P1")
    back(desk, "RF", hub_number=f"R{number}", parts=[six, four])
    total(desk, "6.00", "4.00")
    desk.owed(number, "20.00")
    assert desk.paid() == D("10.00")
    back(desk, "RF", hub_number=f"R{number}", parts=[six])
    total(desk, "6.00", "0.00")
    ((_, asked),) = desk.frozen()
    assert "4.00 EUR" in asked.text


def test_ids_that_change_from_authorization_to_capture_take_nothing_back(desk: Desk) -> None:
    number = begun(desk)
    for payment in ("AUTH", "CAP"):
        back(desk, "RF", hub_number=f"R{number}", parts=[part("10.00", payment=payment)])
        desk.order(payments=[{"id": payment, "captured": "30.00", "refunded": "10.00"}])
    other = desk.asked("RET-2", {"L2": 1}, at="11:00")
    desk.came("erp", other, "GR-2", "TEAPOT")
    desk.owed(number)
    desk.owed(other, id="CN-2")
    assert (desk.paid(), desk.frozen()) == (D("10.00"), [])


def test_a_refund_that_gets_its_own_id_when_it_went_through_is_one(desk: Desk) -> None:
    number = begun(desk)
    lines = [{"order_line": "L1", "quantity": 1, "amount": "10.00"}]
    refund = {"id": "tmp", "currency": "EUR", "allocations": lines, "parts": [{"amount": "10.00", "state": "pending"}]}
    desk.told_in_full(("web", "order", "O1"), refunds=[refund])
    desk.told_in_full(("web", "order", "O1"), refunds=[{**refund, "id": "final", "parts": [part("10.00")]}])
    desk.owed(number)
    assert (desk.paid(), desk.frozen(), desk.doc(number).money.refunded) == (0, [], 10)


@pytest.mark.parametrize("total_", [{}, {"total": None}])
def test_a_payment_below_zero_that_leaves_less_than_the_order_cost_is_money_that_went_back(
    desk: Desk, total_: dict[str, None]
) -> None:
    desk.accounts()
    cash = {"id": "BACK", "captured": "-10.00", "method": "cash"}
    desk.order(payments=[{"id": "PAY", "captured": "30.00"}, cash], **total_)
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)
    assert (desk.paid(), kinds(desk)) == (0, {(number, "unallocated_refund")})
    answer(desk, number, "unallocated_refund", "goodwill")
    assert desk.paid() == D("10.00")


def test_change_that_is_told_a_moment_later_asks_nobody(desk: Desk) -> None:
    number = begun(desk)
    for more in ([], [{"id": "BACK", "captured": "-20.00", "method": "cash"}]):
        desk.order(payments=[{"id": "PAY", "captured": "50.00", "method": "cash"}, *more])
    desk.owed(number)
    assert (desk.paid(), desk.frozen()) == (D("10.00"), [])


def test_a_refund_that_went_through_with_less_than_was_on_its_way_is_what_went(desk: Desk) -> None:
    number = begun(desk)
    for amount, state in (("5.00", "pending"), ("4.99", "succeeded")):
        back(desk, "RF", hub_number=f"R{number}", parts=[{"amount": amount, "state": state, "payment": "PAY"}])
    desk.owed(number)
    assert (desk.paid(), desk.frozen()) == (D("5.01"), [])


@pytest.mark.parametrize("mute", [False, True])
def test_a_total_that_was_read_before_we_paid_is_of_other_money(desk: Desk, mute: bool) -> None:
    desk.payer.mute = mute
    desk.accounts()
    desk.order(mugs=3)
    one, other = desk.asked(), desk.asked("RET-2", at="11:00")
    desk.came("erp", one)
    desk.came("erp", other, "GR-2")
    desk.order(mugs=3, payments=[{"id": "PAY", "captured": "40.00", "refunded": "10.00"}])
    desk.owed(one)
    desk.owed(other, id="CN-2")
    answer(desk, one, "unallocated_refund", f"of:R{other}")
    assert (desk.paid(), desk.doc(other).money.due) == (D("10.00"), 0), "the shop had paid the other one itself"
    desk.order(mugs=3, payments=[{"id": "PAY", "captured": "40.00", "refunded": "20.00"}])
    assert (desk.paid(), [desk.doc(number).money.refunded for number in (one, other)]) == (D("10.00"), [10, 10])
    assert desk.frozen() == []
