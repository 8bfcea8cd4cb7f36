"""A record that cannot be read and may tell of a refund holds up the money with a question, and never in silence."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hub.pipeline.process import unread
from hub.store import invalid
from tests.pipeline.queries import story, work_off
from tests.pipeline.refund_records import begun, part
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario

UNKNOWN = [{"amount": "10.00", "state": "half way", "payment": "PAY"}]
KNOWN = [{"amount": "10.00", "state": "succeeded", "payment": "PAY"}]


def refund_told(scenario: Scenario, parts: list[dict[str, str]], **named: Any) -> None:
    said = {"currency": "EUR", "at": "2026-03-02T10:00:00Z", "parts": parts}
    scenario.push("web", "refund.upsert", "RF", **said, **named)


NAMES: dict[str, dict[str, Any]] = {
    "our number": {"hub_number": "R1001"},
    "the return": {"return": "RET-1"},
    "the order's number": {"order": {"number": "5001"}},
    "the order's id": {"order": {"id": "O1"}},
}


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("first", [True, False])
def test_a_refund_of_which_nothing_was_ever_read_asks_whomever_it_names(
    scenario: Scenario, names: str, first: bool
) -> None:
    if first:  # nobody knows the return yet
        scenario.accounts()
        scenario.order()
        refund_told(scenario, UNKNOWN, **NAMES[names])
        number = scenario.asked()
        scenario.came("erp", number)
    else:
        number = begun(scenario)
        refund_told(scenario, UNKNOWN, **NAMES[names])
    scenario.owed(number)
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen("unread")
    assert "refund RF at web cannot be read" in asked.text
    assert "10.00 EUR is to be paid here" in asked.text
    refund_told(scenario, KNOWN, **NAMES[names])
    assert "unread" not in [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies], "it is read by now"
    assert scenario.paid() == 0


def test_an_order_that_cannot_be_read_any_more_may_tell_of_one_too(scenario: Scenario) -> None:
    number = begun(scenario)
    assert scenario.frozen() == []
    scenario.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": "10.00", "method": "magic beans"}])
    assert scenario.frozen() == [], "nothing is to be paid as yet"
    assert [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies] == ["unread"]
    scenario.owed(number)
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen("unread")
    scenario.hub.answering.answer(number, asked.question, "nothing", "Li")
    assert scenario.paid() == D("10.00")
    assert [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies] == ["unread"], (
        "it is still not read"
    )


def test_an_answer_is_no_word_on_what_comes_later_and_cannot_be_read_either(scenario: Scenario) -> None:
    number = begun(scenario)
    refund_told(scenario, UNKNOWN, hub_number=f"R{number}")
    scenario.owed(number, "6.00")
    ((_, asked),) = scenario.frozen("unread")
    scenario.hub.answering.answer(number, asked.question, "nothing", "Li")
    assert scenario.paid() == D("6.00")
    refund_told(scenario, UNKNOWN, hub_number=f"R{number}", note="changed")
    scenario.owed(number, "10.00")
    assert scenario.paid() == D("6.00")
    assert len(scenario.frozen("unread")) == 1


ORDERS: dict[str, list[dict[str, Any]]] = {
    "nothing went back": [{"id": "PAY", "captured": "30.00"}],
    "something did": [{"id": "PAY", "captured": "30.00", "refunded": "3.00"}],
}


@pytest.mark.parametrize("payments", ORDERS)
def test_an_order_whose_money_says_what_is_known_holds_up_none(scenario: Scenario, payments: str) -> None:
    number = begun(scenario)
    scenario.order(payments=ORDERS[payments])
    scenario.order(payments=ORDERS[payments], placed_at="soon")
    for _, asked in scenario.frozen("unallocated_refund"):
        scenario.hub.answering.answer(number, asked.question, "goodwill", "Li")
    scenario.owed(number)
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])
    assert [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies] == ["unread"], "it is still said"


def test_a_return_that_cannot_be_read_for_its_reason_holds_up_no_money_that_it_does_not_tell_of(
    scenario: Scenario,
) -> None:
    number = begun(scenario)
    unknown = [{"id": "RET-1-L1", "order_line": "L1", "quantity": 1, "reason": "bad karma"}]
    scenario.push("web", "return.upsert", "RET-1", order={"id": "O1"}, lines=unknown)
    scenario.push("till", "return.upsert", "T-1", hub_number=f"R{number}", lines=unknown, refunds=[])
    scenario.owed(number)
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])


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
def test_what_is_told_of_a_known_refund_asks_unless_it_is_the_same(scenario: Scenario, other: str) -> None:
    number = begun(scenario)
    fields = {"hub_number": f"R{number}", "currency": "EUR", "refunds": refund("1.00")}
    scenario.push("till", "return.upsert", "T-1", **fields)
    unknown = [{"id": "1", "order_line": "L1", "quantity": 1, "reason": "bad karma"}]
    said = {"hub_number": f"R{number}", "currency": "EUR", **OTHER.get(other, {}), **SAME.get(other, {})}
    scenario.push("till", "return.upsert", "T-1", lines=unknown, **said)
    scenario.owed(number)
    assert scenario.paid() == (0 if other in OTHER else D("9.00"))
    assert len(scenario.frozen("unread")) == (other in OTHER)


def test_a_record_in_which_nothing_is_where_it_was_tells_nothing_of_its_money(scenario: Scenario) -> None:
    number = begun(scenario)
    for record in ("O1", "O-X"):
        body = {"id": record, "version": 10**6, "order": {"everything": {"hub_number": f"R{number}"}}, "lines": 7}
        with scenario.hub.database.begin() as conn:
            refused = invalid.RefusedMessage(("web", "order", record), [], [("web", "order", "O1")])
            conn.exec_driver_sql(
                "INSERT INTO inbox (account, stream, external_id, via, body, state) VALUES"
                " ('web', 'order', %(o)s, 'push', %(b)b, 'new')",
                {"o": record, "b": msgspec.json.encode(body)},
            )
            found = conn.exec_driver_sql("SELECT max(id) FROM inbox").scalar_one()
            invalid.keep(conn, {found: refused})
    scenario.owed(number)
    assert scenario.paid() == 0
    assert [asked.values for _, asked in scenario.frozen("unread")] == [("O-X",), ("O1",)]


def test_an_order_that_was_never_read_asks_only_where_something_went_back(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order(placed_at="soon")
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    assert scenario.frozen() == []
    scenario.order(placed_at="soon", payments=[{"id": "PAY", "captured": "30.00", "charged_back": "10.00"}])
    assert [asked.kind for _, asked in scenario.frozen()] == ["unread"]


def test_an_answer_holds_for_the_same_money_and_for_no_other(scenario: Scenario) -> None:
    number = begun(scenario)

    def says(refunded: str, placed_at: str) -> None:
        payments = [{"id": "PAY", "captured": "30.00", "refunded": refunded}]
        scenario.order(payments=payments, placed_at=placed_at)

    says("1.00", "soon")
    scenario.owed(number, "6.00")
    ((_, asked),) = scenario.frozen("unread")
    scenario.hub.answering.answer(number, asked.question, "nothing", "Li")
    assert scenario.paid() == D("6.00")
    says("1.00", "some time")
    says("0.00", "who knows")
    says("1.00", "never")
    scenario.owed(number, "8.00")
    assert (scenario.paid(), scenario.frozen()) == (D("8.00"), [])
    says("2.00", "never")
    says("1.00", "soon again")
    scenario.owed(number, "10.00")
    assert scenario.paid() == D("8.00")
    assert len(scenario.frozen("unread")) == 1, "nobody was asked about the 2.00"


def test_what_told_of_other_money_is_not_forgotten_for_what_comes_after_it(scenario: Scenario) -> None:
    number = begun(scenario)
    scenario.order(payments=[{"id": "PAY", "captured": "30.00", "method": "magic beans"}])
    for day in range(3):
        scenario.order(placed_at=f"day {day}")
    scenario.owed(number)
    assert scenario.paid() == 0
    ((_, asked),) = scenario.frozen("unread")
    scenario.hub.answering.answer(number, asked.question, "nothing", "Li")
    scenario.order(placed_at="another day")
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])


def test_of_more_readings_than_are_looked_at_somebody_is_asked_once(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "MOST", 2)
    number = begun(scenario)
    for day in range(2):
        scenario.order(placed_at=f"day {day}")
    scenario.owed(number, "6.00")
    assert (scenario.paid(), scenario.frozen()) == (D("6.00"), [])
    scenario.order(placed_at="day 2")
    scenario.owed(number, "8.00")
    ((_, asked),) = scenario.frozen("unread")
    scenario.hub.answering.answer(number, asked.question, "nothing", "Li")
    scenario.order(placed_at="day 3")
    assert (scenario.paid(), scenario.frozen()) == (D("8.00"), [])


def test_what_tells_of_goods_alone_holds_up_no_money(scenario: Scenario) -> None:
    number = begun(scenario)
    line = {"id": "1", "sku": "MUG", "quantity": "some"}
    scenario.push("till", "receipt.upsert", "G-2", hub_number=f"R{number}", lines=[line])
    assert [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies] == ["unread"]
    scenario.owed(number)
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])


def test_an_unreadable_record_that_names_nobody_concerns_nobody(scenario: Scenario) -> None:
    number = begun(scenario)
    refund_told(scenario, UNKNOWN, order={"number": "7777"})
    refund_told(scenario, UNKNOWN, hub_number="R1001-nobody")
    scenario.owed(number)
    assert (scenario.paid(), scenario.frozen()) == (D("10.00"), [])
    assert story(scenario.hub, number)


def test_a_message_that_is_to_be_read_again_holds_up_money_until_it_is(scenario: Scenario) -> None:
    number = begun(scenario)
    refund_told(scenario, UNKNOWN, hub_number=f"R{number}")
    with scenario.hub.database.begin() as conn:
        (row,) = conn.exec_driver_sql("SELECT id FROM inbox WHERE state = 'invalid'").scalars()
        assert invalid.replay(conn, [row]) == 1
    scenario.owed(number)  # its own message is read; the replayed one waits for its turn
    work_off(scenario.hub, kinds=("deliver",))
    assert sum(scenario.payer.paid.values()) == 0
    assert len(scenario.frozen("unread")) == 1


def test_whom_it_named_before_waits_for_it_no_more_when_it_names_another(scenario: Scenario) -> None:
    number = begun(scenario)
    other = scenario.asked("RET-2", {"L2": 1}, at="11:00")
    refund_told(scenario, UNKNOWN, hub_number=f"R{number}")
    assert [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies] == ["unread"]
    refund_told(scenario, KNOWN, hub_number=f"R{other}")
    assert [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies] == []


def test_an_id_that_holds_what_separates_names_here_is_read_as_any_other(scenario: Scenario) -> None:
    number = begun(scenario)
    for parts in (UNKNOWN, KNOWN):
        scenario.push("web", "refund.upsert", "RF\x1f1", hub_number=f"R{number}", currency="EUR", parts=parts)
    scenario.owed(number)
    assert (scenario.paid(), scenario.doc(number).money.refunded, scenario.frozen()) == (0, 10, [])
