"""What people answered of money, where it does not fit any more: it is asked again, and nothing is paid meanwhile."""

from __future__ import annotations

import pytest

from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.look import all_returns, story
from tests.pipeline.money import answer, begun, kinds, part, total, two
from tests.pipeline.test_unplaced import back
from tests.pipeline.test_whose_money import cancelled


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


def test_an_answer_that_names_a_return_which_is_another_ones_by_now_is_asked_again(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    one = desk.asked()
    desk.push("till", "return.upsert", "T-1", origin="counter", order={"number": "5001"}, currency="EUR",
              requested_at="2026-03-01T11:00:00Z", authorization={"value": "authorized"},
              lines=[{"id": "1", "sku": "TEAPOT", "quantity": 1}])  # fmt: skip
    other = max(found.id for found in all_returns(desk.hub))
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


def test_an_answer_given_on_another_return_is_asked_again_too(desk: Desk) -> None:
    one, other = two(desk)
    third = desk.asked("RET-3", {"L1": 1}, at="12:00")
    desk.hub.people.link(one, other, "Li")
    back(desk)
    answer(desk, third, "unallocated_refund", f"of:R{one}")
    new = desk.hub.people.split(one, [("web", "return", "RET-2")], "Li")
    desk.owed(one)
    desk.owed(new, id="CN-2")
    assert (desk.paid(), (new, "unallocated_refund") in kinds(desk)) == (0, True)
    assert any("was parted" in line for line in story(desk.hub, third))


def test_a_record_that_is_deleted_takes_no_money_along_that_it_had_not_told_of_any_more(desk: Desk) -> None:
    number = begun(desk)
    refund = {"id": "RF", "currency": "EUR", "parts": [part("10.00", payment="PAY")], "at": "2026-03-02T10:00:00Z"}
    for refunds in ([refund], []):
        desk.told_in_full(("web", "return", "RET-1"), refunds=refunds)
    desk.push("web", "return.delete", "RET-1")
    desk.push("erp", "return.upsert", "C-1", hub_number=f"R{number}", origin="request", order={"number": "5001"},
              lines=[{"id": "1", "sku": "MUG", "quantity": 1}], authorization={"value": "authorized"})  # fmt: skip
    desk.owed(number)
    assert (desk.paid(), bool(desk.frozen())) == (0, True)


def test_a_shop_that_tells_of_no_payment_any_more_is_missed_although_the_erp_repeats_one(desk: Desk) -> None:
    number = begun(desk)
    total(desk, "10.00")
    desk.push(
        "erp",
        "order.upsert",
        "S1",
        number="5001",
        currency="EUR",
        lines=[],
        payments=[{"id": "E", "captured": "30.00"}],
    )
    desk.owed(number)
    answer(desk, number, "unallocated_refund", f"of:R{number}")
    total(desk)
    assert desk.paid() == 0
    assert (number, "refund_came_back") in kinds(desk)


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
