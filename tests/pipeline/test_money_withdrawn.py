"""Money of which a system says less than it once did is not with the customer for sure: asked, never paid again unasked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.model.language.sentences import say
from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.test_unplaced import back

Says = Callable[[Desk, int, str], None]


def own_record(desk: Desk, number: int, amount: str) -> None:
    """The refund's own record, which names the return."""
    parts = [{"amount": amount, "state": "succeeded", "payment": "PAY"}]
    back(desk, hub_number=f"R{number}", parts=parts)


def shrinks(desk: Desk, number: int, amount: str) -> None:
    own_record(desk, number, "10.00") if amount == "10.00" else own_record(desk, number, "4.00")


def without_parts(desk: Desk, number: int, amount: str) -> None:
    """The refund is still there and moves no money any more."""
    desk.push("web", "refund.upsert", "RF", hub_number=f"R{number}", currency="EUR", at="2026-03-02T10:00:00Z",
              parts=[{"amount": amount, "state": "succeeded", "payment": "PAY"}] if D(amount) else [])  # fmt: skip


def order_summary(desk: Desk, number: int, amount: str) -> None:
    """All refunds of the order stand in its record, and one of them does not any more."""
    parts = [{"amount": "10.00", "state": "succeeded", "payment": "PAY"}]
    line = {"order_line": "L1", "quantity": "1", "amount": "10.00"}
    refund = {"id": "RF", "currency": "EUR", "parts": parts, "allocations": [line], "at": "2026-03-02T10:00:00Z"}
    desk.told_in_full(("web", "order", "O1"), refunds=[refund] if D(amount) else [])


def payment_total(desk: Desk, number: int, amount: str) -> None:
    desk.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": amount}])


def payment_that_vanishes(desk: Desk, number: int, amount: str) -> None:
    told = [{"id": "PAY", "captured": "30.00", "refunded": amount}] if D(amount) else []
    desk.order(payments=[*told, {"id": "CASH", "captured": "30.00"}])


def bank(desk: Desk, number: int, amount: str) -> None:
    desk.order(payments=[{"id": "PAY", "captured": "30.00", "charged_back": amount}])


DOORS: dict[str, tuple[Says, str]] = {
    "a refund's sum shrinks": (shrinks, "6.00"),
    "a refund moves no money any more": (without_parts, "10.00"),
    "a complete list loses one": (order_summary, "10.00"),
    "the total of a payment falls": (payment_total, "10.00"),
    "a payment with a total vanishes": (payment_that_vanishes, "10.00"),
    "the bank gives the money back": (bank, "10.00"),
}
"""How it is told, and how much of 10.00 is missing at the end."""


@pytest.mark.parametrize("answer", ["again", "elsewhere"])
@pytest.mark.parametrize("door", DOORS)
def test_what_is_not_told_any_more_is_asked_about_before_it_is_paid_again(desk: Desk, door: str, answer: str) -> None:
    says, missing = DOORS[door]
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    says(desk, number, "10.00")
    desk.owed(number)
    for _, asked in desk.frozen("unallocated_refund"):
        desk.hub.answering.answer(number, asked.question, f"of:R{number}", "Li")
    assert (desk.paid(), desk.doc(number).money.due, desk.frozen()) == (0, 0, []), "it went back once"
    says(desk, number, "0")
    assert (desk.paid(), desk.doc(number).money.due) == (0, D(missing))
    ((_, asked),) = desk.frozen()
    assert asked.kind == "refund_came_back"
    assert f"{missing} EUR at web is not told of any more" in asked.text
    assert "不再" in say(asked.said, "zh")
    says(desk, number, "0")
    assert desk.paid() == 0, "the same again is no answer"
    desk.hub.answering.answer(number, asked.question, answer, "Li")
    assert (desk.paid(), desk.frozen()) == (D(missing) if answer == "again" else 0, [])


@pytest.mark.parametrize("door", DOORS)
def test_what_is_told_again_counts_again(desk: Desk, door: str) -> None:
    says, _ = DOORS[door]
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)
    for amount in ("10.00", "0", "10.00"):
        says(desk, number, amount)
    for _, asked in desk.frozen("unallocated_refund"):
        desk.hub.answering.answer(number, asked.question, f"of:R{number}", "Li")
    assert (desk.paid(), desk.doc(number).money.due, desk.frozen()) == (0, 0, [])


def test_a_summary_without_a_refund_that_its_own_record_tells_takes_nothing_back(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    own: dict[str, Any] = {"allocations": [{"order_line": "L1", "quantity": 1, "amount": "10.00"}]}
    order_summary(desk, number, "10.00")
    back(desk, "RF", **own)
    order_summary(desk, number, "0")
    desk.owed(number)
    assert (desk.paid(), desk.doc(number).money.refunded, desk.frozen()) == (0, 10, [])


def test_a_total_that_falls_because_its_refund_failed_is_one_event(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    own_record(desk, number, "10.00")
    payment_total(desk, number, "10.00")
    payment_total(desk, number, "0")
    back(desk, hub_number=f"R{number}", parts=[{"amount": "10.00", "state": "failed", "payment": "PAY"}])
    desk.owed(number)
    assert (desk.paid(), [asked.kind for _, asked in desk.frozen()]) == (0, ["refund_came_back"])
