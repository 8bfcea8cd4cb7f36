"""What a record that cannot be read says of money: known, news, or not to be read either (invented records)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.model.merge.unread import unknown_money
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import Observation
from tests.model.records import said


def record(*, gone: bool = False, **fields: Any) -> Observation:
    return said("web", "order", "O1", gone=gone, **fields)


def order(refunded: str | None = None, **more: Any) -> dict[str, Any]:
    payment = {"id": "PAY", "captured": Decimal(30), "currency": "EUR", "refunded": refunded and Decimal(refunded)}
    return {"order": {"currency": "EUR", "total": Decimal(30), "payments": [{**payment, **more}]}}


def refund(**more: Any) -> dict[str, Any]:
    part = {"amount": Decimal(10), "state": "succeeded"}
    return {"refunds": [{"id": "RF", "currency": "EUR", "parts": [part], **more}]}


R1 = {"keys": [{"type": "return", "value": "R1", "issuer": "hub"}]}
R2 = {"keys": [{"type": "return", "value": "R2", "issuer": "hub"}]}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any] | None, bool]] = {
    "the same": (order(), order(), False),
    "nothing went back, in two ways to say so": (order("0.00"), order(), False),
    "more went back": (order("5.00"), order(), True),
    "less went back": (order(), order("5.00"), True),
    "the bank took something": (order(charged_back=Decimal(5)), order(), True),
    "less was captured": (order(captured=Decimal(20)), order(), True),
    "no order any more": ({**R1, "refunds": []}, {**R1, **order()}, True),
    "a refund's note": ({**R1, **refund(note="sorry")}, {**R1, **refund()}, False),
    "another moment": ({**R1, **refund(at="2026-03-02T10:00:00Z")}, {**R1, **refund()}, True),
    "a refund of another return": ({**R2, **refund()}, {**R1, **refund()}, True),
    "another return, and no money": ({**R2, **order()}, {**R1, **order()}, False),
    "never read, and nothing went back": (order("0.00"), None, False),
    "never read, and something did": (order("1.00"), None, True),
    "never read, and the bank took something": (order(charged_back=Decimal(1)), None, True),
    "never read, and a refund": (refund(), None, True),
    "a part of a list": ({**refund(), "partial": ["refunds"]}, refund(), False),
    "nothing of a list that only adds": ({**R1, "partial": ["refunds"]}, {**R1, **refund()}, False),
    "more of a list": ({**refund(id="RF-2"), "partial": ["refunds"]}, refund(), True),
}


def reading(fields: dict[str, Any]) -> Fragment:
    return record(**fields).fragment


@pytest.mark.parametrize("case", CASES)
def test_money_is_news_where_it_is_not_known(case: str) -> None:
    new, known, news = CASES[case]
    assert bool(unknown_money([(7, reading(new))], record(**known) if known is not None else None)) == news


def test_what_a_deleted_record_told_is_known_no_more() -> None:
    assert unknown_money([(7, reading(order("5.00")))], record(gone=True, **order("5.00")))
    assert not unknown_money([(7, reading(order()))], record(gone=True, **order()))


def test_the_name_is_that_of_the_money_and_of_the_message_where_there_is_none_to_read() -> None:
    five, ten, none = reading(order("5.00")), reading(order("10.00")), reading(order())
    assert (
        unknown_money([(7, None)], None)
        == unknown_money([(7, None), (8, none)], None)
        == unknown_money([(6, five), (7, None)], None)
        == "7"
    )
    assert (
        unknown_money([(7, five)], None)
        == unknown_money([(8, five)], None)
        == unknown_money([(7, five), (8, none), (9, five)], None)
        != ""
    )
    names = [[five], [ten], [five, ten], [five, ten, five], [None, five]]
    assert len({unknown_money(list(enumerate(one)), None) for one in names}) == len(names)


def test_where_there_are_more_than_are_looked_at_the_oldest_names_them() -> None:
    five, none = reading(order("5.00")), reading(order())
    assert unknown_money([(8, none)], None, more=1) == unknown_money([(9, none)], None, more=1) == "1"
    assert unknown_money([(8, None)], None, more=1) == "8"
    assert unknown_money([(8, five)], None, more=1) not in ("", "1", unknown_money([(8, five)], None))
