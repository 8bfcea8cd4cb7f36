"""The later word of who decides wins, and what we wrote ourselves is nobody's word; goods that stay are not asked back."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from hub.model.plan.planner import needs_somebody
from hub.model.schema.observation import Party
from tests.model.records import EVERYTHING, World, at, inputs, terms

WEB = Party(name="web", kind="storefront", holds_money=True)
ERP = Party(name="erp", kind="erp", decides=True, orders_of="web")
ORDERS = [{"type": "order", "value": "o1"}]
NUMBER = {"issuer": "web", "type": "order_number", "value": "12"}
KEY = [{"issuer": "hub", "type": "return", "value": "R1"}]
CREDIT = {"id": "c", "state": "posted", "amount": "50", "currency": "EUR"}


def world(*, reopens: bool = False) -> World:
    """A shop without an approval step, and an ERP that decides."""
    able = EVERYTHING if reopens else EVERYTHING - {"reopen"}
    made = World(
        inputs(WEB, ERP, number="R1"),
        terms("web", "storefront", sells=True, money=True, can=able),
        terms("erp", "erp"),
    )
    lines = [{"id": "A", "quantity": 2, "sku": "SHOE", "price": "50"}, {"id": "B", "quantity": 1, "sku": "SOCK"}]
    payments = [{"id": "p1", "captured": "120", "currency": "EUR"}]
    made.hears("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
               order={"number": "12", "currency": "EUR", "lines": lines, "payments": payments})  # fmt: skip
    theirs = [{"id": "a", "quantity": 2, "sku": "SHOE"}, {"id": "b", "quantity": 1, "sku": "SOCK"}]
    made.hears("erp", "sale", "s1", keys=[NUMBER], order={"number": "12", "lines": theirs})
    return made


def asked(made: World, account: str, value: str, id: str = "1", **more: Any) -> None:
    lines = [{"line": f"{id}-1", "order_line": "A" if account == "web" else "a", "quantity": 1}]
    orders = ORDERS if account == "web" else [NUMBER]
    said = {"origin": "request", "requested_at": at(9), "orders": orders, "lines": lines}
    made.hears(account, "return", id, **{**said, "authorization": {"value": value}, **more})


@pytest.mark.parametrize("origin_account", ["web", "erp"])
@pytest.mark.parametrize("ended", ["cancelled", "rejected"])
def test_what_we_ended_there_is_no_word_against_who_reopens(origin_account: str, ended: str) -> None:
    """The clerk ends it, the hub ends it in the shop, the clerk opens it again: the shop's word was ours."""
    made = world(reopens=True)
    echo: dict[str, Any] = {"keys": KEY}
    asked(made, "web", "requested", **(echo if origin_account == "erp" else {}))
    asked(made, "erp", ended, **(echo if origin_account == "web" else {}))
    assert made.merged.axes.authorization.value == ended
    assert made.asks("web") == ["reject" if ended == "rejected" else "cancel"]

    asked(made, "web", "cancelled", **(echo if origin_account == "erp" else {}))
    made.inputs = replace(made.inputs, echoes=frozenset({("web", "cancelled"), ("web", "rejected")}))
    assert made.merged.axes.authorization.value == ended, "the clerk's word stands by itself"
    assert made.asks("web") == []

    asked(made, "erp", "requested", **(echo if origin_account == "web" else {}))
    assert made.merged.axes.authorization.value == "requested"
    assert made.asks("erp") == [], "it is not ended there again"
    assert made.asks("web") == ["reopen"]
    assert made.merged.discrepancies == ()

    asked(made, "erp", "authorized", **(echo if origin_account == "web" else {}))
    assert made.asks("web") == ["reopen"]


def test_who_is_not_told_that_it_goes_on_holds_up_money_with_a_question() -> None:
    """Else what is due would wait for ever, in silence."""
    made = world(reopens=True)
    made.terms["web"] = replace(made.terms["web"], listens=made.terms["web"].listens - {"reopened"})
    asked(made, "web", "requested")
    asked(made, "web", "cancelled")
    made.inputs = replace(made.inputs, echoes=frozenset({("web", "cancelled")}))
    asked(made, "erp", "authorized", keys=KEY, credits=[CREDIT])
    assert made.asks("web") == []
    (rest,) = made.plan("web")[1]
    assert (rest.said.code, rest.question != "") == ("stays_ended", True)
    assert needs_somebody(rest, made.merged)

    about = ("web", rest.fact, "stays_ended")
    hand = {"kind": "untold", "about": list(about), "answer": "by_hand", "by": "Li", "at": at(12)}
    made.hears("hub", "act", "1", answers=[hand])
    assert made.asks("web") == ["refund"]


def test_a_cancel_of_their_own_stays_their_word() -> None:
    made = world(reopens=True)
    asked(made, "web", "cancelled")
    asked(made, "erp", "requested", keys=KEY)
    assert made.merged.axes.authorization.value == "cancelled"
    assert made.asks("erp") == ["cancel"]


def test_where_nothing_can_be_reopened_another_return_takes_its_place() -> None:
    made = world()
    asked(made, "web", "cancelled")
    asked(made, "erp", "requested", keys=KEY)
    made.inputs = replace(made.inputs, echoes=frozenset({("web", "cancelled")}))
    assert made.asks("web") == ["create_return"]
    asked(made, "web", "requested", "2", keys=KEY)
    assert made.asks("web") == []
    assert made.merged.objects["web"]["return"] == "2"
    assert made.discrepancies() == [], "the one that ended is no second case"
    asked(made, "web", "requested", "1")
    assert "doubled" in made.discrepancies(), "two that are alive are two"


def kept(made: World, **more: Any) -> None:
    """A complaint about the invoice: the customer keeps the shoe and gets money back."""
    lines = [{"line": "1", "order_line": "a", "quantity": 1, "goods": "kept"}]
    said = {"origin": "request", "requested_at": at(9), "orders": [NUMBER], "authorization": {"value": "authorized"}}
    made.hears("erp", "complaint", "7", **{**said, "lines": lines, **more})


def test_goods_that_stay_are_asked_back_nowhere_and_the_money_goes_back_all_the_same() -> None:
    made = world()
    kept(made)
    assert made.merged.axes.receipt == "not_expected"
    assert made.asks("web") == []
    assert made.undeliverable("web") == []
    kept(made, credits=[CREDIT])
    (refund,) = made.plan("web")[0]
    assert (refund.kind, refund.amount, refund.payment) == ("refund", 50, "p1")


def test_of_a_return_in_part_only_what_comes_back_is_asked_back() -> None:
    made = world()
    shoe = {"line": "1", "order_line": "a", "quantity": 1, "goods": "kept"}
    sock = {"line": "2", "order_line": "b", "quantity": 1}
    kept(made, lines=[shoe, sock])
    (create,) = made.plan("web")[0]
    assert [line.sku for line in create.lines] == ["SOCK"]
    line = [{"line": "r-1", "order_line": "B", "quantity": 1}]
    made.hears("web", "return", "r", origin="request", keys=KEY, orders=ORDERS, lines=line)
    assert "amend" not in made.asks("web"), "nor is it amended by what stays"
