"""Corners in which money once went out twice, or nobody was asked: each was played by somebody who looked for them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from hub.store import observations
from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.look import founded
from tests.pipeline.test_unplaced import back
from tests.pipeline.test_whose_money import cancelled


def part(amount: str, **more: Any) -> dict[str, Any]:
    return {"amount": amount, "state": "succeeded", **more}


def total(desk: Desk, *payments: str) -> None:
    """What the payments say went back."""
    told = [{"id": f"P{n}", "captured": "30.00", "refunded": amount} for n, amount in enumerate(payments)]
    desk.order(payments=told)


def answer(desk: Desk, number: int, kind: str, word: str) -> None:
    question = next(asked.question for found, asked in desk.frozen(kind) if found == number)
    desk.hub.answering.answer(number, question, word, "Li")


def begun(desk: Desk) -> int:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    return number


def two(desk: Desk) -> tuple[int, int]:
    """A mug and the teapot, in a return each; both are here."""
    one = begun(desk)
    other = desk.asked("RET-2", {"L2": 1}, at="11:00")
    desk.came("erp", other, "GR-2", "TEAPOT")
    return one, other


def kinds(desk: Desk) -> set[tuple[int, str]]:
    return {(number, asked.kind) for number, asked in desk.frozen()}


BOTH = [{"order_line": line, "quantity": 1, "amount": "10.00"} for line in ("L1", "L2")]


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


@pytest.mark.parametrize("word", ["again", "elsewhere"])
def test_an_answer_about_a_total_that_fell_is_about_what_it_fell_by(desk: Desk, word: str) -> None:
    number = begun(desk)
    total(desk, "10.00")
    desk.owed(number)
    answer(desk, number, "unallocated_refund", f"of:R{number}")
    total(desk, "8.00")
    answer(desk, number, "refund_came_back", word)
    desk.work()
    total(desk, "0.00")
    assert (desk.paid(), kinds(desk)) == (D("2.00") if word == "again" else 0, {(number, "refund_came_back")})


def test_a_refund_that_names_no_payment_explains_no_fall_of_other_money(desk: Desk) -> None:
    one, other = two(desk)
    back(desk, hub_number=f"R{other}", parts=[part("10.00")])
    total(desk, "20.00")
    desk.owed(one)
    desk.owed(other, id="CN-2")
    answer(desk, one, "unallocated_refund", f"of:R{one}")
    assert desk.paid() == 0
    total(desk, "10.00")
    assert (desk.paid(), (one, "refund_came_back") in kinds(desk)) == (0, True)


def test_one_refund_explains_the_fall_of_one_payment(desk: Desk) -> None:
    number = begun(desk)
    back(desk, hub_number=f"R{number}", parts=[part("10.00")])
    total(desk, "10.00", "10.00")
    desk.owed(number, "20.00")
    answer(desk, number, "unallocated_refund", f"of:R{number}")
    total(desk, "0", "0")
    assert (desk.paid(), kinds(desk)) == (0, {(number, "refund_came_back")})


def test_an_answer_that_names_a_return_which_is_another_ones_by_now_is_asked_again(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    one = desk.asked()
    desk.push("till", "return.upsert", "T-1", origin="counter", order={"number": "5001"}, currency="EUR",
              requested_at="2026-03-01T11:00:00Z", authorization={"value": "authorized"},
              lines=[{"id": "1", "sku": "TEAPOT", "quantity": 1}])  # fmt: skip
    other = max(found.id for found in founded(desk.hub))
    back(desk)
    answer(desk, other, "unallocated_refund", f"of:R{other}")
    desk.hub.people.link(one, other, "Li")
    desk.came("erp", one)
    desk.came("erp", one, "GR-2", "TEAPOT")
    desk.owed(one)
    assert (desk.paid(), kinds(desk)) == (0, {(one, "unallocated_refund")})


def test_an_answer_for_two_that_were_one_is_asked_again_when_they_are_parted(desk: Desk) -> None:
    one, other = two(desk)
    desk.hub.people.link(one, other, "Li")
    back(desk)
    answer(desk, one, "unallocated_refund", f"of:R{one}")
    new = desk.hub.people.split(one, [("web", "return", "RET-2")], "Li")
    desk.owed(one)
    desk.owed(new, id="CN-2")
    assert desk.paid() == 0
    assert kinds(desk) == {(one, "unallocated_refund"), (new, "unallocated_refund")}


def test_money_of_a_return_whose_record_was_deleted_is_asked_about_on_the_one_in_its_place(desk: Desk) -> None:
    desk.accounts()
    desk.order(mugs=1)
    number = desk.asked()
    back(desk, hub_number=f"R{number}")
    desk.push("web", "return.delete", "RET-1")
    other = desk.asked("RET-2", at="13:00")
    desk.came("erp", other)
    desk.owed(other)
    assert (desk.paid(), (other, "unallocated_refund") in kinds(desk)) == (0, True)


def test_an_answer_for_a_return_that_went_on_is_asked_again_when_that_is_over(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    back(desk)
    answer(desk, number, "unallocated_refund", f"of:R{number}")
    desk.asked(authorization={"value": "cancelled"})
    other = desk.asked("RET-2", at="13:00")
    desk.came("erp", other)
    desk.owed(other)
    assert (desk.paid(), kinds(desk)) == (0, {(other, "unallocated_refund")})


def test_the_word_that_it_is_the_new_ones_stands_whatever_the_old_one_is_told_to_be(desk: Desk) -> None:
    other = cancelled(desk)
    ((_, asked),) = desk.frozen("unallocated_refund")
    assert "oldest" not in {choice.word for choice in asked.choices}, "the oldest is over"
    answer(desk, other, "unallocated_refund", f"of:R{other}")
    for state in ("authorized", "cancelled"):
        desk.asked(authorization={"value": state})
        assert (desk.paid(), desk.doc(other).money.refunded) == (0, 10)


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


def test_money_due_of_which_no_payment_is_known_is_said(desk: Desk) -> None:
    desk.accounts()
    desk.order(payments=[])
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)
    desk.work()
    (rest,) = [rest for rest in desk.untold(number, "web") if rest.fact.startswith("money_due")]
    assert "No payment is known" in rest.why
    desk.hub.answering.answer(number, rest.question, "by_hand", "Li")
    assert desk.doc(number).money.due == 0


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


def test_what_dollars_are_worth_is_said_of_a_sum(desk: Desk) -> None:
    number = begun(desk)
    told = {"hub_number": f"R{number}", "currency": "USD"}
    back(desk, "RF", parts=[part("5.00")], **told)
    answer(desk, number, "currency", "counts:4.50")
    desk.owed(number)
    back(desk, "RF", parts=[part("12.00")], **told)
    assert (desk.paid() <= D("5.50"), (number, "currency") in kinds(desk)) == (True, True)
    paid = desk.paid()
    back(desk, "RF", parts=[part("2.00"), {"amount": "10.00", "state": "failed"}], **told)
    answer(desk, number, "currency", "counts:9.00")
    assert desk.paid() == paid, "of what failed nobody has anything"
    assert desk.doc(number).money.refunded <= 10


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


def test_a_fall_of_what_was_goodwill_or_another_ones_concerns_only_whom_it_was_for(desk: Desk) -> None:
    one, other = two(desk)
    total(desk, "4.00")
    desk.owed(one)
    desk.owed(other, id="CN-2")
    answer(desk, one, "unallocated_refund", f"of:R{one}")
    assert desk.paid() == D("16.00")
    for amount in ("20.00", "16.00"):
        total(desk, amount)
    assert kinds(desk) == {(one, "refund_came_back")}


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


def test_a_by_hand_answer_that_is_taken_back_is_no_refund_that_came_back_elsewhere(desk: Desk) -> None:
    desk.accounts()
    desk.order(payments=[])
    one, other = desk.asked(), desk.asked("RET-2", {"L2": 1}, at="11:00")
    for number, sku in ((one, "MUG"), (other, "TEAPOT")):
        desk.came("erp", number, f"GR-{number}", sku)
        desk.owed(number, id=f"CN-{number}")
    desk.work()
    (rest,) = [rest for rest in desk.untold(one, "web") if rest.fact.startswith("money_due")]
    desk.hub.answering.answer(one, rest.question, "by_hand", "Li")
    (given,) = desk.doc(one).answers
    desk.hub.answering.take_back(one, given.act, "Li")
    assert desk.frozen() == []
