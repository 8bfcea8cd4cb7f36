"""A record that cannot be read and may tell of a refund holds up the money with a question, and never in silence."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hub.pipeline.process import unread
from hub.store import invalid
from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.look import story, work_off
from tests.pipeline.money import begun, part

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


ORDERS: dict[str, list[dict[str, Any]]] = {
    "nothing went back": [{"id": "PAY", "captured": "30.00"}],
    "something did": [{"id": "PAY", "captured": "30.00", "refunded": "3.00"}],
}


@pytest.mark.parametrize("payments", ORDERS)
def test_an_order_whose_money_says_what_is_known_holds_up_none(desk: Desk, payments: str) -> None:
    number = begun(desk)
    desk.order(payments=ORDERS[payments])
    desk.order(payments=ORDERS[payments], placed_at="soon")
    for _, asked in desk.frozen("unallocated_refund"):
        desk.hub.answering.answer(number, asked.question, "goodwill", "Li")
    desk.owed(number)
    assert (desk.paid(), desk.frozen()) == (D("10.00"), [])
    assert [doubt.kind for doubt in desk.doc(number).discrepancies] == ["unread"], "it is still said"


def test_a_return_that_cannot_be_read_for_its_reason_holds_up_no_money_that_it_does_not_tell_of(desk: Desk) -> None:
    number = begun(desk)
    unknown = [{"id": "RET-1-L1", "order_line": "L1", "quantity": 1, "reason": "bad karma"}]
    desk.push("web", "return.upsert", "RET-1", order={"id": "O1"}, lines=unknown)
    desk.push("till", "return.upsert", "T-1", hub_number=f"R{number}", lines=unknown, refunds=[])
    desk.owed(number)
    assert (desk.paid(), desk.frozen()) == (D("10.00"), [])


def refund(amount: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": "RF", "currency": "EUR", "parts": [part(amount, payment="PAY")], **more}]


OTHER: dict[str, dict[str, Any]] = {
    "a refund more": {"refunds": [*refund("1.00"), *refund("1.00", id="RF-2")]},
    "a refund less": {"refunds": []},
    "another sum": {"refunds": refund("2.00")},
    "a refund of which a word is unknown": {"refunds": refund("1.00", parts=UNKNOWN)},
    "another return": {"refunds": refund("1.00"), "hub_number": None},
    "nothing": {},
}
SAME: dict[str, dict[str, Any]] = {
    "the same": {"refunds": refund("1.00")},
    "the same in other words": {"refunds": refund("1.00", note="with a flower")},
}


@pytest.mark.parametrize("other", [*OTHER, *SAME])
def test_what_is_told_of_a_known_refund_asks_unless_it_is_the_same(desk: Desk, other: str) -> None:
    number = begun(desk)
    told = {"hub_number": f"R{number}", "currency": "EUR", "refunds": refund("1.00")}
    desk.push("till", "return.upsert", "T-1", **told)
    unknown = [{"id": "1", "order_line": "L1", "quantity": 1, "reason": "bad karma"}]
    said = {"hub_number": f"R{number}", "currency": "EUR", **OTHER.get(other, {}), **SAME.get(other, {})}
    desk.push("till", "return.upsert", "T-1", lines=unknown, **said)
    desk.owed(number)
    assert desk.paid() == (0 if other in OTHER else D("9.00"))
    assert len(desk.frozen("unread")) == (other in OTHER)


def test_a_record_in_which_nothing_is_where_it_was_tells_nothing_of_its_money(desk: Desk) -> None:
    number = begun(desk)
    for record in ("O1", "O-X"):
        body = {"id": record, "version": 10**6, "order": {"everything": {"hub_number": f"R{number}"}}, "lines": 7}
        with desk.hub.database.begin() as conn:
            refused = invalid.RefusedMessage(("web", "order", record), [], [("web", "order", "O1")])
            conn.exec_driver_sql(
                "INSERT INTO inbox (account, stream, external_id, via, body, state) VALUES"
                " ('web', 'order', %(o)s, 'push', %(b)b, 'new')",
                {"o": record, "b": msgspec.json.encode(body)},
            )
            found = conn.exec_driver_sql("SELECT max(id) FROM inbox").scalar_one()
            invalid.keep(conn, {found: refused})
    desk.owed(number)
    assert desk.paid() == 0
    assert [asked.values for _, asked in desk.frozen("unread")] == [("O-X",), ("O1",)]


def test_an_order_that_was_never_read_asks_only_where_something_went_back(desk: Desk) -> None:
    desk.accounts()
    desk.order(placed_at="soon")
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)
    assert desk.frozen() == []
    desk.order(placed_at="soon", payments=[{"id": "PAY", "captured": "30.00", "charged_back": "10.00"}])
    assert [asked.kind for _, asked in desk.frozen()] == ["unread"]


def test_an_answer_holds_for_the_same_money_and_for_no_other(desk: Desk) -> None:
    number = begun(desk)

    def says(refunded: str, placed_at: str) -> None:
        payments = [{"id": "PAY", "captured": "30.00", "refunded": refunded}]
        desk.order(payments=payments, placed_at=placed_at)

    says("1.00", "soon")
    desk.owed(number, "6.00")
    ((_, asked),) = desk.frozen("unread")
    desk.hub.answering.answer(number, asked.question, "nothing", "Li")
    assert desk.paid() == D("6.00")
    says("1.00", "some time")
    says("0.00", "who knows")
    says("1.00", "never")
    desk.owed(number, "8.00")
    assert (desk.paid(), desk.frozen()) == (D("8.00"), [])
    says("2.00", "never")
    says("1.00", "soon again")
    desk.owed(number, "10.00")
    assert desk.paid() == D("8.00")
    assert len(desk.frozen("unread")) == 1, "nobody was asked about the 2.00"


def test_what_told_of_other_money_is_not_forgotten_for_what_comes_after_it(desk: Desk) -> None:
    number = begun(desk)
    desk.order(payments=[{"id": "PAY", "captured": "30.00", "method": "magic beans"}])
    for day in range(3):
        desk.order(placed_at=f"day {day}")
    desk.owed(number)
    assert desk.paid() == 0
    ((_, asked),) = desk.frozen("unread")
    desk.hub.answering.answer(number, asked.question, "nothing", "Li")
    desk.order(placed_at="another day")
    assert (desk.paid(), desk.frozen()) == (D("10.00"), [])


def test_of_more_readings_than_are_looked_at_somebody_is_asked_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "MOST", 2)
    number = begun(desk)
    for day in range(2):
        desk.order(placed_at=f"day {day}")
    desk.owed(number, "6.00")
    assert (desk.paid(), desk.frozen()) == (D("6.00"), [])
    desk.order(placed_at="day 2")
    desk.owed(number, "8.00")
    ((_, asked),) = desk.frozen("unread")
    desk.hub.answering.answer(number, asked.question, "nothing", "Li")
    desk.order(placed_at="day 3")
    assert (desk.paid(), desk.frozen()) == (D("8.00"), [])


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
    work_off(desk.hub, kinds=("deliver",))
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
