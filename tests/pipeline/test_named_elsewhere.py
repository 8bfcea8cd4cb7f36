"""A refund that names a return which is gone, or was not read yet, is the order's money until that is known: nothing vanishes."""

from __future__ import annotations

from hub.model.language.sentences import say
from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk


def paid_for(desk: Desk, named: str) -> None:
    part = {"return": named, "order_line": "L1", "quantity": 1, "amount": "10.00"}
    parts = [{"amount": "10.00", "state": "succeeded", "payment": "PAY"}]
    said = {"order": {"id": "O1", "number": "5001"}, "currency": "EUR", "at": "2026-03-02T10:00:00Z"}
    desk.push("web", "refund.upsert", "RF", parts=parts, allocations=[part], **said)


def test_of_a_return_that_nobody_knows_it_is_asked_until_that_is_read(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    paid_for(desk, "RET-77")
    desk.owed(number)
    assert desk.paid() == 0
    ((_, asked),) = desk.frozen()
    assert asked.kind == "unallocated_refund"
    assert "for its return RET-77, which is not known here, and nothing says whether" in say(asked.said)
    desk.asked("RET-77", at="09:00")
    assert desk.paid() == D("10.00")
    assert desk.frozen() == []


def test_of_a_return_that_was_deleted_it_still_counts(desk: Desk) -> None:
    desk.accounts()
    desk.order(mugs=1)
    desk.asked()
    paid_for(desk, "RET-1")
    desk.push("web", "return.delete", "RET-1")
    number = desk.asked("RET-2", at="13:00")
    desk.came("erp", number)
    desk.owed(number)
    assert desk.paid() == 0
    assert number in [held for held, _ in desk.frozen("unallocated_refund")]
