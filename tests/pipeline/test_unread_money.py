"""A record that cannot be read and may tell of a refund holds up the money with a question, and never in silence."""

from __future__ import annotations

from typing import Any

import pytest

from hub.store import invalid
from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.look import story, work_off
from tests.pipeline.money import begun

UNKNOWN = [{"amount": "10.00", "state": "half way", "payment": "PAY"}]
KNOWN = [{"amount": "10.00", "state": "succeeded", "payment": "PAY"}]


def told(desk: Desk, parts: list[dict[str, str]], **named: Any) -> None:
    said = {"currency": "EUR", "at": "2026-03-02T10:00:00Z", "parts": parts}
    desk.push("web", "refund.upsert", "RF", **said, **named)


NAMES: dict[str, dict[str, Any]] = {
    "our number": {"hub_number": "R1001"},
    "the return": {"return": "RET-1"},
    "the order's number": {"order": {"number": "5001"}},
    "the order's id": {"order": {"id": "O1"}},
}


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("first", [True, False])
def test_a_refund_of_which_nothing_was_ever_read_asks_whomever_it_names(desk: Desk, names: str, first: bool) -> None:
    if first:  # nobody knows the return yet
        desk.accounts()
        desk.order()
        told(desk, UNKNOWN, **NAMES[names])
        number = desk.asked()
        desk.came("erp", number)
    else:
        number = begun(desk)
        told(desk, UNKNOWN, **NAMES[names])
    desk.owed(number)
    assert desk.paid() == 0
    ((_, asked),) = desk.frozen("unread")
    assert "refund RF at web cannot be read" in asked.text
    assert "10.00 EUR is to be paid here" in asked.text
    told(desk, KNOWN, **NAMES[names])
    assert "unread" not in [doubt.kind for doubt in desk.doc(number).discrepancies], "it is read by now"
    assert desk.paid() == 0


def test_an_order_that_cannot_be_read_any_more_may_tell_of_one_too(desk: Desk) -> None:
    number = begun(desk)
    assert desk.frozen() == []
    desk.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": "10.00", "method": "magic beans"}])
    assert desk.frozen() == [], "nothing is to be paid as yet"
    assert [doubt.kind for doubt in desk.doc(number).discrepancies] == ["unread"]
    desk.owed(number)
    assert desk.paid() == 0
    ((_, asked),) = desk.frozen("unread")
    desk.hub.answering.answer(number, asked.question, "nothing", "Li")
    assert desk.paid() == D("10.00")
    assert [doubt.kind for doubt in desk.doc(number).discrepancies] == ["unread"], "it is still not read"


def test_an_answer_is_no_word_on_what_comes_later_and_cannot_be_read_either(desk: Desk) -> None:
    number = begun(desk)
    told(desk, UNKNOWN, hub_number=f"R{number}")
    desk.owed(number, "6.00")
    ((_, asked),) = desk.frozen("unread")
    desk.hub.answering.answer(number, asked.question, "nothing", "Li")
    assert desk.paid() == D("6.00")
    told(desk, UNKNOWN, hub_number=f"R{number}", note="changed")
    desk.owed(number, "10.00")
    assert desk.paid() == D("6.00")
    assert len(desk.frozen("unread")) == 1


def test_what_tells_of_goods_alone_holds_up_no_money(desk: Desk) -> None:
    number = begun(desk)
    line = {"id": "1", "sku": "MUG", "quantity": "some"}
    desk.push("till", "receipt.upsert", "G-2", hub_number=f"R{number}", lines=[line])
    assert [doubt.kind for doubt in desk.doc(number).discrepancies] == ["unread"]
    desk.owed(number)
    assert (desk.paid(), desk.frozen()) == (D("10.00"), [])


def test_an_unreadable_record_that_names_nobody_concerns_nobody(desk: Desk) -> None:
    number = begun(desk)
    told(desk, UNKNOWN, order={"number": "7777"})
    told(desk, UNKNOWN, hub_number="R1001-nobody")
    desk.owed(number)
    assert (desk.paid(), desk.frozen()) == (D("10.00"), [])
    assert story(desk.hub, number)


def test_a_message_that_is_to_be_read_again_holds_up_money_until_it_is(desk: Desk) -> None:
    number = begun(desk)
    told(desk, UNKNOWN, hub_number=f"R{number}")
    with desk.hub.database.begin() as conn:
        (row,) = conn.exec_driver_sql("SELECT id FROM inbox WHERE state = 'invalid'").scalars()
        assert invalid.replay(conn, [row]) == 1
    desk.owed(number)  # its own message is read; the replayed one waits for its turn
    work_off(desk.hub, kinds=("tell",))
    assert sum(desk.payer.paid.values()) == 0
    assert len(desk.frozen("unread")) == 1


def test_whom_it_named_before_waits_for_it_no_more_when_it_names_another(desk: Desk) -> None:
    number = begun(desk)
    other = desk.asked("RET-2", {"L2": 1}, at="11:00")
    told(desk, UNKNOWN, hub_number=f"R{number}")
    assert [doubt.kind for doubt in desk.doc(number).discrepancies] == ["unread"]
    told(desk, KNOWN, hub_number=f"R{other}")
    assert [doubt.kind for doubt in desk.doc(number).discrepancies] == []


def test_an_id_that_holds_what_separates_names_here_is_read_as_any_other(desk: Desk) -> None:
    number = begun(desk)
    for parts in (UNKNOWN, KNOWN):
        desk.push("web", "refund.upsert", "RF\x1f1", hub_number=f"R{number}", currency="EUR", parts=parts)
    desk.owed(number)
    assert (desk.paid(), desk.doc(number).money.refunded, desk.frozen()) == (0, 10, [])
