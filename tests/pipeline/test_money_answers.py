"""What people answered of money, where it does not fit any more: it is asked again, and nothing is paid meanwhile."""

from __future__ import annotations

import pytest

from tests.pipeline.queries import all_returns, story
from tests.pipeline.refund_records import answer, begun, kinds, part, total, two
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario
from tests.pipeline.test_unplaced import back
from tests.pipeline.test_whose_money import cancelled


@pytest.mark.parametrize("word", ["again", "elsewhere"])
def test_an_answer_about_a_total_that_fell_is_about_what_it_fell_by(scenario: Scenario, word: str) -> None:
    number = begun(scenario)
    total(scenario, "10.00")
    scenario.owed(number)
    answer(scenario, number, "unallocated_refund", f"of:R{number}")
    total(scenario, "8.00")
    answer(scenario, number, "refund_came_back", word)
    scenario.work()
    total(scenario, "0.00")
    assert (scenario.paid(), kinds(scenario)) == (D("2.00") if word == "again" else 0, {(number, "refund_came_back")})


def test_a_refund_that_names_no_payment_explains_no_fall_of_other_money(scenario: Scenario) -> None:
    one, other = two(scenario)
    back(scenario, hub_number=f"R{other}", parts=[part("10.00")])
    total(scenario, "20.00")
    scenario.owed(one)
    scenario.owed(other, id="CN-2")
    answer(scenario, one, "unallocated_refund", f"of:R{one}")
    assert scenario.paid() == 0
    total(scenario, "10.00")
    assert (scenario.paid(), (one, "refund_came_back") in kinds(scenario)) == (0, True)


def test_an_answer_that_names_a_return_which_is_another_ones_by_now_is_asked_again(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    one = scenario.asked()
    scenario.push("till", "return.upsert", "T-1", origin="counter", order={"number": "5001"}, currency="EUR",
              requested_at="2026-03-01T11:00:00Z", authorization={"value": "authorized"},
              lines=[{"id": "1", "sku": "TEAPOT", "quantity": 1}])  # fmt: skip
    other = max(found.id for found in all_returns(scenario.hub))
    back(scenario)
    answer(scenario, other, "unallocated_refund", f"of:R{other}")
    scenario.hub.people.link(one, other, "Li")
    scenario.came("erp", one)
    scenario.came("erp", one, "GR-2", "TEAPOT")
    scenario.owed(one)
    assert (scenario.paid(), kinds(scenario)) == (0, {(one, "unallocated_refund")})


def test_an_answer_for_two_that_were_one_is_asked_again_when_they_are_parted(scenario: Scenario) -> None:
    one, other = two(scenario)
    scenario.hub.people.link(one, other, "Li")
    back(scenario)
    answer(scenario, one, "unallocated_refund", f"of:R{one}")
    new = scenario.hub.people.split(one, [("web", "return", "RET-2")], "Li")
    scenario.owed(one)
    scenario.owed(new, id="CN-2")
    assert scenario.paid() == 0
    assert kinds(scenario) == {(one, "unallocated_refund"), (new, "unallocated_refund")}


def test_an_answer_given_on_another_return_is_asked_again_too(scenario: Scenario) -> None:
    one, other = two(scenario)
    third = scenario.asked("RET-3", {"L1": 1}, at="12:00")
    scenario.hub.people.link(one, other, "Li")
    back(scenario)
    answer(scenario, third, "unallocated_refund", f"of:R{one}")
    new = scenario.hub.people.split(one, [("web", "return", "RET-2")], "Li")
    scenario.owed(one)
    scenario.owed(new, id="CN-2")
    assert (scenario.paid(), (new, "unallocated_refund") in kinds(scenario)) == (0, True)
    assert any("was parted" in line for line in story(scenario.hub, third))


def test_a_record_that_is_deleted_takes_no_money_along_that_it_had_not_told_of_any_more(scenario: Scenario) -> None:
    number = begun(scenario)
    refund = {"id": "RF", "currency": "EUR", "parts": [part("10.00", payment="PAY")], "at": "2026-03-02T10:00:00Z"}
    for refunds in ([refund], []):
        scenario.told_in_full(("web", "return", "RET-1"), refunds=refunds)
    scenario.push("web", "return.delete", "RET-1")
    scenario.push("erp", "return.upsert", "C-1", hub_number=f"R{number}", origin="request", order={"number": "5001"},
              lines=[{"id": "1", "sku": "MUG", "quantity": 1}], authorization={"value": "authorized"})  # fmt: skip
    scenario.owed(number)
    assert (scenario.paid(), bool(scenario.frozen())) == (0, True)


def test_a_shop_that_tells_of_no_payment_any_more_is_missed_although_the_erp_repeats_one(scenario: Scenario) -> None:
    number = begun(scenario)
    total(scenario, "10.00")
    scenario.push(
        "erp",
        "order.upsert",
        "S1",
        number="5001",
        currency="EUR",
        lines=[],
        payments=[{"id": "E", "captured": "30.00"}],
    )
    scenario.owed(number)
    answer(scenario, number, "unallocated_refund", f"of:R{number}")
    total(scenario)
    assert scenario.paid() == 0
    assert (number, "refund_came_back") in kinds(scenario)


def test_money_of_a_return_whose_record_was_deleted_is_asked_about_on_the_one_in_its_place(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order(mugs=1)
    number = scenario.asked()
    back(scenario, hub_number=f"R{number}")
    scenario.push("web", "return.delete", "RET-1")
    other = scenario.asked("RET-2", at="13:00")
    scenario.came("erp", other)
    scenario.owed(other)
    assert (scenario.paid(), (other, "unallocated_refund") in kinds(scenario)) == (0, True)


def test_an_answer_for_a_return_that_went_on_is_asked_again_when_that_is_over(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    back(scenario)
    answer(scenario, number, "unallocated_refund", f"of:R{number}")
    scenario.asked(authorization={"value": "cancelled"})
    other = scenario.asked("RET-2", at="13:00")
    scenario.came("erp", other)
    scenario.owed(other)
    assert (scenario.paid(), kinds(scenario)) == (0, {(other, "unallocated_refund")})


def test_the_word_that_it_is_the_new_ones_stands_whatever_the_old_one_is_told_to_be(scenario: Scenario) -> None:
    other = cancelled(scenario)
    ((_, asked),) = scenario.frozen("unallocated_refund")
    assert "oldest" not in {choice.word for choice in asked.choices}, "the oldest is over"
    answer(scenario, other, "unallocated_refund", f"of:R{other}")
    for state in ("authorized", "cancelled"):
        scenario.asked(authorization={"value": state})
        assert (scenario.paid(), scenario.doc(other).money.refunded) == (0, 10)


def test_money_due_of_which_no_payment_is_known_is_said(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order(payments=[])
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    scenario.work()
    (rest,) = [rest for rest in scenario.untold(number, "web") if rest.fact.startswith("money_due")]
    assert "No payment is known" in rest.why
    scenario.hub.answering.answer(number, rest.question, "by_hand", "Li")
    assert scenario.doc(number).money.due == 0


def test_what_dollars_are_worth_is_said_of_a_sum(scenario: Scenario) -> None:
    number = begun(scenario)
    fields = {"hub_number": f"R{number}", "currency": "USD"}
    back(scenario, "RF", parts=[part("5.00")], **fields)
    answer(scenario, number, "currency", "counts:4.50")
    scenario.owed(number)
    back(scenario, "RF", parts=[part("12.00")], **fields)
    assert (scenario.paid() <= D("5.50"), (number, "currency") in kinds(scenario)) == (True, True)
    paid = scenario.paid()
    back(scenario, "RF", parts=[part("2.00"), {"amount": "10.00", "state": "failed"}], **fields)
    answer(scenario, number, "currency", "counts:9.00")
    assert scenario.paid() == paid, "of what failed nobody has anything"
    assert scenario.doc(number).money.refunded <= 10


def test_a_fall_of_what_was_goodwill_or_another_ones_concerns_only_whom_it_was_for(scenario: Scenario) -> None:
    one, other = two(scenario)
    total(scenario, "4.00")
    scenario.owed(one)
    scenario.owed(other, id="CN-2")
    answer(scenario, one, "unallocated_refund", f"of:R{one}")
    assert scenario.paid() == D("16.00")
    for amount in ("20.00", "16.00"):
        total(scenario, amount)
    assert kinds(scenario) == {(one, "refund_came_back")}


def test_a_by_hand_answer_that_is_taken_back_is_no_refund_that_came_back_elsewhere(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order(payments=[])
    one, other = scenario.asked(), scenario.asked("RET-2", {"L2": 1}, at="11:00")
    for number, sku in ((one, "MUG"), (other, "TEAPOT")):
        scenario.came("erp", number, f"GR-{number}", sku)
        scenario.owed(number, id=f"CN-{number}")
    scenario.work()
    (rest,) = [rest for rest in scenario.untold(one, "web") if rest.fact.startswith("money_due")]
    scenario.hub.answering.answer(one, rest.question, "by_hand", "Li")
    (given,) = scenario.doc(one).answers
    scenario.hub.answering.take_back(one, given.act, "Li")
    assert scenario.frozen() == []
