"""Medusa tells a currency on orders and payments only; where none is known, none is guessed (recordings, altered)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub import schema
from mappings.engine import Mapping, Untranslatable, read_json

HERE = Path(__file__).parent / "medusa"


@pytest.fixture(scope="module")
def dictionary() -> Mapping:
    return Mapping.load(HERE.parents[2] / "mappings" / "medusa.yaml")


def with_currency(value: Any, code: str | None) -> Any:
    """The record with this currency wherever it tells one; None: nowhere."""
    if isinstance(value, dict):
        copy = {key: with_currency(item, code) for key, item in value.items() if key != "currency_code"}
        return {**copy, "currency_code": code} if "currency_code" in value and code else copy
    return [with_currency(item, code) for item in value] if isinstance(value, list) else value


def recorded(name: str) -> tuple[str, Any]:
    content = read_json((HERE / f"{name}.json").read_bytes())
    return content["stream"], content["record"]


def test_what_carries_no_currency_takes_that_of_the_record_around_it(dictionary: Mapping) -> None:
    stream, record = recorded("return_requested")
    fragment = schema.fragment(dictionary.read(stream, with_currency(record, "jpy")))
    assert fragment.currency == "JPY"
    stream, record = recorded("payment_refunded_twice")
    paid = schema.fragment(dictionary.read(stream, with_currency(record, "jpy")))
    assert {payment.currency for payment in paid.order.payments} == {"JPY"}
    assert [refund.currency for refund in paid.refunds] == ["JPY", "JPY"]


def test_a_payment_without_a_currency_is_an_invalid_message(dictionary: Mapping) -> None:
    stream, record = recorded("payment_refunded_twice")
    with pytest.raises(schema.Invalid, match=r"order\.payments\[0\]\.currency"):
        schema.fragment(dictionary.read(stream, with_currency(record, None)))


def test_a_return_without_a_currency_keeps_its_amounts_and_names_none(dictionary: Mapping) -> None:
    stream, record = recorded("return_requested")
    fields = dictionary.read(stream, with_currency(record, None))
    assert "currency" not in fields
    assert [line.amount for line in schema.fragment(fields).lines if line.amount] != []


@pytest.mark.parametrize("name", ["return_requested", "order_shipped", "payment_refunded_twice"])
def test_a_currency_that_does_not_exist_stops_the_message(name: str, dictionary: Mapping) -> None:
    stream, record = recorded(name)
    with pytest.raises(Untranslatable, match="there is no currency"):
        dictionary.read(stream, with_currency(record, "zzz"))
