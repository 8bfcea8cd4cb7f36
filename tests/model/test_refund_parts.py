"""Money for pieces of a line adds up to the cent, whatever had to be rounded on the way and whoever tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from hub import schema
from hub.model.language.numbers import rounded
from hub.model.merge.merger import merge
from hub.model.schema.observation import MergeInputs, Observation, Sibling
from tests.model.records import D, World, at, said
from tests.model.test_flow_money import ERP, TILL, WEB, credit, paid_order, refund


def bought(refunded: dict[str, Any], price: str, amount: str, currency: str, back: int) -> World:
    """Three shoes of one line, of which so many are to come back and did; money went back for the line."""
    order = [{"type": "order", "value": "o1"}]
    world = paid_order()
    line = {"id": "A", "quantity": 3, "sku": "SHOE", "price": price, "amount": amount}
    world.hears("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
                order={"number": "12", "currency": currency, "lines": [line]})  # fmt: skip
    world.hears("web", "payment", "p1", orders=order, refunds=[{**refunded, "currency": currency}],
                order={"payments": [{"id": "p1", "captured": "3000", "currency": currency}]})  # fmt: skip
    world.hears("web", "return", "w1", origin="request", requested_at=at(9), orders=order,
                lines=[{"order_line": "A", "quantity": back}],
                receipts=[{"id": "1", "order_line": "A", "quantity": back}])  # fmt: skip
    return world


@pytest.mark.parametrize("hour", [7, 12])
@pytest.mark.parametrize(
    ("price", "amount", "currency", "back", "paid"),
    [
        ("3.33", "10.00", "EUR", 3, "10.00"),
        ("3.33", "10.00", "EUR", 1, "3.33"),
        ("3.33", "10.00", "EUR", 2, "6.66"),
        ("3.33", "10.00", "EUR", 2, "6.67"),
        ("6.67", "20.00", "EUR", 3, "20.00"),
        ("333", "1000", "JPY", 3, "1000"),
    ],
)
def test_money_for_a_line_without_a_count_is_for_the_pieces_that_cost_it_together(
    price: str, amount: str, currency: str, back: int, paid: str, hour: int
) -> None:
    paid_back = refund("r1", paid, hour=hour, allocations=[{"order_line": "A", "amount": paid}])
    world = bought(paid_back, price, amount, currency, back)
    credit(world, paid, currency=currency)
    money = world.merged.money
    if back == 3:  # else it may have been for a piece that nobody returns, before the return or beside it
        assert (str(money.refunded), money.due, world.discrepancies()) == (paid, 0, [])
    assert world.asks("web") == [], "never paid a second time"


def test_no_sum_leaves_with_more_digits_than_its_currency_has() -> None:
    assert str(rounded(D(10) / 3 * 3, "EUR")) == "10.00"
    assert str(rounded(D("999.0000000000000000000000000"), "JPY")) == "999"


def test_the_parts_of_a_refund_add_up_to_it_and_the_odd_cent_is_his_to_whom_it_is_owed() -> None:
    paid_back = refund("r1", "10.00", allocations=[{"order_line": "A", "quantity": 3, "amount": "10.00"}])
    shared = list(bought(paid_back, "3.33", "10.00", "EUR", 1).records.values())
    shared = [o for o in shared if o.stream != "return"]
    for owed in (
        ("3.33", "3.33", "3.34"),
        ("3.33", "3.34", "3.33"),
        ("3.34", "3.33", "3.33"),
        (None, None, "3.34"),
        (None, "3.33", None),
        (None, None, None),
    ):
        returns = {f"R{i}": one_piece(i, amount) for i, amount in enumerate(owed, 1)}
        sums = []
        for number, own in returns.items():
            others = tuple(Sibling(other, tuple(records)) for other, records in returns.items() if other != number)
            parties = {party.name: party for party in (WEB, ERP, TILL)}
            sums.append(
                merge([*own, *shared], MergeInputs(parties=parties, number=number, others=others)).money.refunded
            )
        assert sum(sums) == 10, (owed, sums)
        assert all(amount is None or D(amount) == sum_ for amount, sum_ in zip(owed, sums, strict=True)), (owed, sums)


def one_piece(index: int, owed: str | None) -> list[Observation]:
    """A return of one shoe, and its credit note where there is one."""
    key = [{"issuer": "hub", "type": "return", "value": f"R{index}"}]
    credits = [{"id": "c", "state": "posted", "amount": owed, "currency": "EUR"}] if owed else []
    return [
        said("web", "return", f"w{index}", origin="request", requested_at=at(9, index),
             orders=[{"type": "order", "value": "o1"}], lines=[{"order_line": "A", "quantity": 1}]),
        said("erp", "note", f"n{index}", keys=key, credits=credits),
    ]  # fmt: skip


def test_what_the_bank_took_back_is_never_below_zero() -> None:
    """It would raise what may be paid."""
    paid = {"id": "p1", "captured": "20.00", "charged_back": "-15.00", "currency": "EUR"}
    with pytest.raises(schema.Invalid, match="charged_back: -15.00 is below zero"):
        schema.fragment({"order": {"payments": [paid]}})
    assert schema.fragment({"order": {"payments": [{**paid, "charged_back": "15.00"}]}})


def kit(refunds: list[dict[str, Any]], *returned: str) -> World:
    """A tea set for 20.00, sold as one line of a cup and a saucer; what came back of it, by these lines."""
    order = [{"type": "order", "value": "o1"}]
    parts = [{"sku": "CUP", "quantity": 1}, {"sku": "SAUCER", "quantity": 1}]
    world = paid_order(refunds=refunds)
    world.hears("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
                order={"number": "12", "currency": "EUR", "lines": [
                    {"id": "A", "quantity": 1, "sku": "SET", "price": "20.00", "components": parts},
                    {"id": "B", "quantity": 1, "sku": "TRAY", "price": "80.00"}]})  # fmt: skip
    lines = [{"sku": sku, "quantity": 1} for sku in returned]
    came = [{"id": line["sku"], **line} for line in lines]
    world.hears("web", "return", "w1", origin="request", requested_at=at(9), orders=order, lines=lines, receipts=came)
    credit(world, "20.00")
    return world


def of(**lines: str) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": 1, "amount": amount} for sku, amount in lines.items()]


def questions(world: World) -> list[str]:
    """About money only: an incomplete set is a question of its own."""
    return [kind for kind in world.discrepancies() if kind in ("unallocated_refund", "refund_came_back")]


@pytest.mark.parametrize(
    ("refunded", "returned"), [(of(SET="20.00"), ("CUP", "SAUCER")), (of(CUP="10.00", SAUCER="10.00"), ("SET",))]
)
def test_a_kit_and_its_components_are_the_same_money(refunded: list[dict[str, Any]], returned: tuple[str, ...]) -> None:
    after = kit([refund("r1", "20.00", allocations=refunded)], *returned)
    assert (after.merged.money.refunded, questions(after)) == (20, [])
    before = kit([refund("r1", "20.00", hour=7, allocations=refunded)], *returned)
    assert set(questions(before)) == {"unallocated_refund"}, "nobody says that it was for this one"
    dead = kit([refund("r1", "20.00", "reversed", allocations=refunded)], *returned)
    assert questions(dead) == ["refund_came_back"]
    assert not any("refund" in world.asks("web") for world in (after, before, dead)), "never paid a second time"


def test_one_component_is_not_the_other() -> None:
    world = kit([refund("r1", "10.00", allocations=of(SAUCER="10.00"))], "CUP")
    assert (world.merged.money.refunded, questions(world), "refund" in world.asks("web")) == (0, [], True)


def test_more_for_a_kit_than_is_owed_for_its_component_is_asked_about() -> None:
    world = kit([refund("r1", "20.00", allocations=of(SET="20.00"))], "CUP")
    credit(world, "12.00")
    assert (questions(world), "refund" in world.asks("web")) == (["unallocated_refund"], False)
