"""One credit note that two systems tell is one or two only when somebody has said so: nothing is paid on a sum of both."""

from __future__ import annotations

import pytest

from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk


@pytest.mark.parametrize("amount", ["10.00", "9.99"])
@pytest.mark.parametrize(("answer", "paid"), [("same", D("10.00")), ("apart", None)])
def test_a_credit_of_two_systems_is_asked_about(desk: Desk, amount: str, answer: str, paid: D | None) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)
    desk.push("till", "credit.upsert", "TC", hub_number=f"R{number}", state="posted", amount=amount, currency="EUR")
    assert desk.paid() == 0
    ((_, asked),) = desk.frozen()
    assert asked.kind == "possible_duplicates"
    desk.hub.answering.answer(number, asked.question, answer, "Li")
    assert desk.paid() == (paid or D("10.00") + D(amount))
    assert desk.frozen() == []


def test_of_two_alike_the_other_may_still_be_the_one(desk: Desk) -> None:
    desk.accounts()
    desk.order(mugs=3)
    number = desk.asked(lines={"L1": 2})
    desk.came("erp", number, quantity=2)
    desk.owed(number)
    desk.owed(number, id="CN-2")
    desk.push("till", "credit.upsert", "TC", hub_number=f"R{number}", state="posted", amount="10.00", currency="EUR")
    for answer in ("apart", "same"):
        assert desk.paid() == 0
        ((_, asked),) = desk.frozen()
        desk.hub.answering.answer(number, asked.question, answer, "Li")
    assert desk.paid() == D("20.00")


def test_two_credits_of_one_system_are_two(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked(lines={"L1": 2})
    desk.came("erp", number, quantity=2)
    desk.owed(number)
    desk.owed(number, id="CN-2")
    assert desk.paid() == D("20.00")


def test_what_comes_after_it_was_paid_is_asked_about_too(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)
    assert desk.paid() == D("10.00")
    desk.push("till", "credit.upsert", "TC", hub_number=f"R{number}", state="posted", amount="10.00", currency="EUR")
    assert desk.paid() == D("10.00")
    ((_, asked),) = desk.frozen()
    desk.hub.answering.answer(number, asked.question, "same", "Li")
    assert desk.paid() == D("10.00")
