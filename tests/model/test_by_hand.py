"""What a person has dealt with counts for what it was about, and for nothing that comes later."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.model.schema.observation import Party
from hub.model.schema.operation import Outstanding
from tests.model.records import D, World, at, inputs, terms

WEB = Party(name="web", kind="storefront", holds_money=True, auto_authorize=True)
ERP = Party(name="erp", kind="erp")
KEY = [{"issuer": "hub", "type": "return", "value": "R1"}]
SILENT = frozenset({"authorization", "closure", "acceptance"})


@pytest.fixture
def world() -> World:
    """A return that is here, in a shop and in books which follow the shop's money with credit notes."""
    made = World(
        inputs(WEB, ERP, number="R1"),
        terms("web", "storefront", sells=True, money=True, silent=SILENT),
        terms("erp", "erp", silent=SILENT),
    )
    made.hears("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
               order={"number": "12", "currency": "EUR", "lines": [{"id": "A", "quantity": 4, "sku": "SHOE"}]})  # fmt: skip
    made.hears("web", "return", "w1", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o1"}],
               lines=[{"order_line": "A", "quantity": 2}])  # fmt: skip
    made.hears("erp", "return", "e1", keys=KEY, lines=[{"sku": "SHOE", "quantity": 2}],
               receipts=[{"id": "1", "sku": "SHOE", "quantity": 2}])  # fmt: skip
    return made


def refunded(world: World, *amounts: str) -> None:
    """The shop paid these back, for this return."""
    paid: Any = [
        {"id": f"f{n}", "currency": "EUR", "at": at(12 + n),
         "parts": [{"amount": amount, "state": "succeeded", "payment": "p1"}]}
        for n, amount in enumerate(amounts)
    ]  # fmt: skip
    world.hears("web", "return", "w1", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o1"}],
                lines=[{"order_line": "A", "quantity": 2}],
                refunds=paid)  # fmt: skip


def posted(world: World, *amounts: str) -> None:
    world.hears("erp", "note", "1", keys=KEY, credits=[
        {"id": str(n), "state": "posted", "amount": amount, "currency": "EUR"} for n, amount in enumerate(amounts)])  # fmt: skip


def credits(world: World) -> list[Decimal]:
    return [one.amount for one in world.plan("erp")[0] if one.kind == "credit"]


def dealt(world: World, *, since: str = "0") -> None:
    """A person says of the credit that is planned now that it is dealt with."""
    (planned,) = (one for one in world.plan("erp")[0] if one.kind == "credit")
    world.outstanding.append(Outstanding(operation=planned, state="given_up", since=D(since)))


def test_a_credit_that_is_dealt_with_is_not_asked_for_again_and_needs_nobody(world: World) -> None:
    refunded(world, "50")
    assert credits(world) == [D("50")]
    dealt(world)
    assert credits(world) == []
    assert [rest for rest in world.undeliverable("erp") if rest.startswith("credit")] == []


def test_a_later_credit_is_written_for_what_came_later(world: World) -> None:
    refunded(world, "50")
    dealt(world)
    refunded(world, "50", "30")
    assert credits(world) == [D("30")]


def test_once_the_books_show_it_it_is_not_counted_twice(world: World) -> None:
    """The clerk's own note is read: what it holds is no longer taken off what is to be credited."""
    refunded(world, "50")
    dealt(world)
    posted(world, "50")
    refunded(world, "50", "30")
    assert credits(world) == [D("30")]


def test_a_credit_of_ours_after_it_is_not_the_clerks_note(world: World) -> None:
    refunded(world, "50")
    dealt(world, since="30")
    refunded(world, "50", "30")
    posted(world, "30")  # ours; the clerk's is nowhere to be read
    assert credits(world) == []
    refunded(world, "50", "30", "7")
    assert credits(world) == [D("7")]


def test_a_part_that_the_books_show_is_a_part(world: World) -> None:
    refunded(world, "50")
    dealt(world)
    posted(world, "20")
    assert credits(world) == []
    refunded(world, "50", "30")
    assert credits(world) == [D("30")]
