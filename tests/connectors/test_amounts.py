"""Amounts, for every system that divides or adds a line up: by its currency, and together what was paid (simulated)."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.money import digits
from connectors.medusa import pricing
from connectors.shopify import money as shopify
from hub import schema
from hub.model.identity.line_matching import deducts
from hub.model.schema.fragment import Fragment, OrderLine
from mappings.engine import Mapping, read_json

HERE = Path(__file__).parent
DICTIONARIES = {
    name: Mapping.load(HERE.parents[1] / "mappings" / f"{name}.yaml")
    for name in ("generic", "medusa", "shopify", "square", "tryton")
}
currencies = st.sampled_from(["EUR", "JPY", "KWD", "USD"])
quantities = st.integers(1, 60)


def money(draw: Any, currency: str, most: int = 100_000) -> Decimal:
    return Decimal(draw(st.integers(0, most))).scaleb(-digits(currency))


def fits(amount: Decimal | None, currency: str) -> bool:
    return amount is not None and amount == round(amount, digits(currency))


def recorded(system: str, name: str) -> tuple[str, Any, Any]:
    recording = read_json((HERE / system / f"{name}.json").read_bytes())
    return recording["stream"], copy.deepcopy(recording["record"]), recording.get("settings", {})


def fragment(system: str, stream: str, record: Any, settings: Any = None) -> Fragment:
    return schema.fragment(DICTIONARIES[system].read(stream, record, settings or {}, account="here"))


def bag(amount: Decimal, currency: str) -> Any:
    return {"shopMoney": {"amount": str(amount), "currencyCode": currency}}


def sold_by_shopify(
    total: Decimal, quantity: int, tax: Decimal = Decimal(0), off: Decimal = Decimal(0), currency: str = "EUR"
) -> Any:
    return {
        "originalTotalSet": bag(total, currency),
        "discountAllocations": [{"allocatedAmountSet": bag(off, currency)}],
        "quantity": quantity,
        "taxLines": [{"priceSet": bag(tax, currency)}],
    }


@given(st.data(), quantities, currencies, st.booleans())
def test_shopify_pieces_add_up_to_the_line_whether_tax_is_in_the_price_or_on_top(
    data: st.DataObject, quantity: int, currency: str, included: bool
) -> None:
    price, tax, off = (money(data.draw, currency) for _ in range(3))
    sold = sold_by_shopify(price * quantity + off, quantity, tax, off, currency)
    paid = price * quantity + (0 if included else tax)
    assert shopify.worth(sold, included, quantity) == paid
    each = [shopify.worth(sold, included, 1, after) for after in range(quantity)]
    assert sum(each) == paid
    assert all(fits(amount, currency) for amount in each)


def test_shopify_three_pieces_with_one_euro_of_tax_on_top_are_31() -> None:
    sold = sold_by_shopify(Decimal(30), 3, Decimal(1))
    assert [shopify.worth(sold, False, n) for n in (1, 2, 3)] == [Decimal(n) for n in ("10.33", "20.67", "31.00")]


def test_shopify_three_pieces_for_20_after_a_discount_are_20_whole_or_piece_by_piece() -> None:
    sold = sold_by_shopify(Decimal(30), 3, off=Decimal(10))
    assert shopify.worth(sold, True, 3) == 20
    assert [str(shopify.worth(sold, True, 1, n)) for n in range(3)] == ["6.67", "6.66", "6.67"]


@given(st.data(), quantities, currencies)
def test_square_tells_what_a_line_cost_and_a_piece_by_its_currency(
    data: st.DataObject, quantity: int, currency: str
) -> None:
    stream, record, settings = recorded("square", "order_sale_partly_refunded")
    line = record["joined"]["sale"]["lines"][0]
    paid = money(data.draw, currency)
    line["quantity"] = str(quantity)
    line["total_money"] = {"amount": int(paid.scaleb(digits(currency))), "currency": currency}
    sold = fragment("square", stream, record, settings).order.lines[0]  # type: ignore[union-attr]
    assert sold.amount == paid
    assert fits(sold.price, currency)
    assert abs(sold.price * quantity - paid) <= quantity * Decimal(1).scaleb(-digits(currency)) / 2  # type: ignore[operator]


@given(st.data(), quantities, currencies, st.integers(0, 25), st.booleans())
def test_medusa_lines_are_what_was_paid_by_their_currency_with_tax_in_or_on_top(
    data: st.DataObject, quantity: int, currency: str, rate: int, included: bool
) -> None:
    stream, record, _ = recorded("medusa", "order_shipped")
    record["currency_code"] = currency.lower()
    unit, off = money(data.draw, currency, 10_000), money(data.draw, currency, 500)
    item = record["items"][0]
    item.update(
        unit_price=str(unit), raw_unit_price=None, is_tax_inclusive=included,
        tax_lines=[{"rate": rate}], adjustments=[{"amount": str(off), "is_tax_inclusive": included}],
    )  # fmt: skip
    item["detail"].update(quantity=quantity, raw_quantity=None)
    item["joined"] = {"price": pricing.piece(item)}
    item["quantity"] = quantity
    sold = fragment("medusa", stream, record).order.lines[0]  # type: ignore[union-attr]
    exact = (unit * quantity - off) * (1 if included else 1 + Decimal(rate) / 100)
    assert fits(sold.price, currency)
    assert fits(sold.amount, currency)
    assert abs(sold.amount - exact) <= Decimal("0.6").scaleb(-digits(currency))  # type: ignore[operator]


@pytest.mark.parametrize("code", ["eur", "jpy", "kwd"])
def test_medusas_total_of_fourteen_decimals_is_rounded_and_refuses_no_order(code: str) -> None:
    """A coupon of a fixed amount leaves Medusa's arithmetic with as many places as a float has."""
    stream, record, _ = recorded("medusa", "order_shipped")
    record |= {"total": Decimal("187.38095238095238"), "currency_code": code}
    order = fragment("medusa", stream, record).order
    assert order.total == round(Decimal("187.38095238095238"), digits(code))  # type: ignore[union-attr]
    stream, record, _ = recorded("medusa", "payment_refunded_twice")
    record["captures"][0]["raw_amount"]["value"] = "187.38095238095238095238"
    record["currency_code"] = code
    paid = fragment("medusa", stream, record).order.payments[0]  # type: ignore[union-attr]
    assert fits(paid.captured, code)


@given(st.data(), quantities, currencies)
def test_tryton_lines_are_price_times_quantity_by_their_currency(
    data: st.DataObject, quantity: int, currency: str
) -> None:
    stream, record, settings = recorded("tryton", "sale_shipped")
    record["currency"] = currency
    price = data.draw(st.decimals(0, 1000, places=4))
    record["lines"][0] |= {"price": str(price), "quantity": quantity}
    sold = fragment("tryton", stream, record, settings).order.lines[0]  # type: ignore[union-attr]
    assert fits(sold.price, currency)
    assert fits(sold.amount, currency)
    assert abs(sold.amount - price * quantity) <= Decimal("0.5").scaleb(-digits(currency))  # type: ignore[operator]


@given(st.decimals(0, 1000, places=9), currencies)
def test_our_own_door_rounds_what_others_computed(amount: Decimal, currency: str) -> None:
    stream, record, settings = recorded("generic", "order_paid")
    record |= {"currency": currency, "total": str(amount)}
    record["lines"][0] |= {"price": str(amount), "amount": str(amount)}
    record["payments"][0] |= {"captured": str(amount), "refunded": str(amount), "currency": currency}
    order = fragment("generic", stream, record, settings).order
    line, paid = order.lines[0], order.payments[0]  # type: ignore[union-attr]
    assert all(fits(a, currency) for a in (order.total, line.price, line.amount, paid.captured, paid.refunded))  # type: ignore[union-attr]


BELOW: dict[str, tuple[str, Any]] = {
    "generic": ("order_paid", {"id": "C1", "sku": "COUPON", "quantity": -1, "shipped": -1, "price": "-5.00"}),
    "tryton": ("sale_shipped", {"id": "99", "sku": None, "name": "Voucher", "quantity": 1, "shipped": 0, "price": "-5.00"}),
}  # fmt: skip


@pytest.mark.parametrize("system", BELOW)
def test_a_line_below_zero_is_a_line_and_refuses_no_order(system: str) -> None:
    name, line = BELOW[system]
    stream, record, settings = recorded(system, name)
    record["lines"].append(line)
    record["total"] = "-3.00"
    order = fragment(system, stream, record, settings).order
    assert [(one.quantity, one.price) for one in order.lines][-1] == (line["quantity"], Decimal("-5.00"))  # type: ignore[union-attr]
    assert [deducts(one) for one in order.lines] == [*[False] * (len(order.lines) - 1), True]  # type: ignore[union-attr]
    assert order.total == -3  # type: ignore[union-attr]


def test_a_line_below_zero_of_a_cart_or_a_sale_elsewhere_refuses_no_order_and_is_no_goods() -> None:
    def first(system: str, stream: str, record: Any, settings: Any = None) -> OrderLine:
        line: OrderLine = fragment(system, stream, record, settings or {}).order.lines[0]  # type: ignore[union-attr]
        assert deducts(line)
        return line

    stream, record, settings = recorded("square", "order_sale_partly_refunded")
    record["joined"]["sale"]["lines"][0]["total_money"]["amount"] = -500
    assert first("square", stream, record, settings).amount == -5
    stream, record, _ = recorded("medusa", "order_shipped")
    record["items"][0]["joined"]["price"] = "-5"
    assert first("medusa", stream, record).price == -5
    stream, record, settings = recorded("shopify", "order_sent")
    record["lineItems"]["nodes"][0]["joined"] |= {"price": Decimal(-5), "amount": Decimal(-15)}
    assert first("shopify", stream, record, settings).amount == -15


def test_a_refund_below_zero_is_still_refused() -> None:
    parts = [{"amount": "-1", "state": "succeeded"}]
    with pytest.raises(schema.Invalid, match="below zero"):
        schema.fragment({"refunds": [{"id": "r", "currency": "EUR", "parts": parts}]})
    coupon = {"id": "1", "quantity": "-1", "price": "-5"}
    assert schema.explain({"order": {"lines": [coupon]}}) == [], "both readers of the schema take it"
