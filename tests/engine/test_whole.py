"""A whole dictionary: translated, explained, and failing with its place."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mappings.engine import Mapping, Untranslatable
from mappings.engine.interpret import Walk
from tests.engine.build import RETURN, WHOLE, inbound, read
from tests.engine.test_fuzz import exact, mutilated


def test_a_whole_mapping() -> None:
    made = Mapping.load(WHOLE).read("return", exact(RETURN), {"orders_of": "web"})
    assert made == {
        "origin": "request",
        "number": "3",
        "keys": [
            {"type": "exchange", "value": "oexc_1"},
            {"issuer": "hub", "type": "return", "value": "R1001"},
            {"type": "refund", "value": "f1"},
        ],
        "orders": [{"type": "order", "value": "9007199254740993", "issuer": "web"}],
        "requested_at": datetime(2026, 11, 23, 0, 58, 31, 280000, UTC),
        "authorization": {"value": "authorized", "by": "Ann"},
        "closure": {"value": "open"},
        "state": "requested",
        "customer": {"name": "J B"},
        "location": None,
        "lines": [
            {"order_line": "o1", "quantity": Decimal(2), "reason": {"code": "size_too_small", "raw": "too_small"}},
            {"order_line": "o3", "quantity": Decimal(1)},
        ],
        "agreed": Decimal("20.0"),
        "refunds": [
            {
                "id": "f1",
                "currency": "EUR",
                "parts": [{"amount": Decimal("12.50"), "state": "succeeded"}],
                "at": datetime(2026, 11, 23, 7, 0, tzinfo=UTC),
            }
        ],
        "partial": ["notes"],
    }


def test_the_compiled_section_says_what_the_walk_says(seed: int) -> None:
    mapping, dice = Mapping.load(WHOLE), random.Random(seed)
    section = mapping.document.inbound["return"]
    translated = 0
    for _ in range(1_500):
        record = exact(mutilated(RETURN, dice))
        if not isinstance(record, dict):
            continue
        try:
            expected: Any = Walk(mapping.document.catalogue, record, {"orders_of": "web"}, "main").section(section)
        except Untranslatable as error:
            expected = (type(error), str(error))
        try:
            got: Any = mapping.read("return", record, {"orders_of": "web"}, account="main")
            translated += 1
        except Untranslatable as error:
            got = (type(error), str(error))
        assert got == expected, f"seed {seed}: {record!r}"
    assert translated > 200


def test_money_read_alone_is_that_of_the_whole_and_is_read_where_other_fields_are_broken(seed: int) -> None:
    mapping, dice = Mapping.load(WHOLE), random.Random(seed)
    alone = 0
    for _ in range(1_500):
        record = exact(mutilated(RETURN, dice))
        if not isinstance(record, dict):
            continue
        money = mapping.money("return", record, {"orders_of": "web"}, account="main")
        try:
            whole = mapping.read("return", record, {"orders_of": "web"}, account="main")
        except Untranslatable:
            alone += bool(money)
            continue
        wanted = {field: whole[field] for field in ("keys", "orders", "refunds", "order") if whole.get(field)}
        assert money == ({**wanted, "partial": []} if wanted else {}), f"seed {seed}: {record!r}"
    assert alone > 20


def test_explain_shows_the_path_that_matched_or_why_none_did() -> None:
    rows = Mapping.load(WHOLE).explain("return", exact(RETURN), {"orders_of": "web"})
    by_field = {row.field: row for row in rows}
    assert (by_field["number"].path, by_field["number"].value) == ("display_id", "3")
    assert by_field["customer.name"].path == "$root.order.customer.first_name, $root.order.customer.last_name" or (
        by_field["customer.name"].path == "order.customer.first_name, order.customer.last_name"
    )
    assert by_field["lines[0].reason.code"].path == "items[0].reason.value"
    assert by_field["lines[1].reason.code"].why == "items[2].reason is null"
    assert by_field["location"].why == "location_id is null"
    assert by_field["keys[1].value"].path == "metadata.hub_number"
    assert by_field["agreed"].path == "items[*]"
    assert by_field["requested_at"].path == "requested_at"


def test_explain_says_what_is_missing_and_where_translation_stops() -> None:
    rows = inbound("a: x.y\nb: x.y.z || w\nc: items[4].id\nd: name.first\ne: money(price)\nf: id").explain(
        "s", {"x": {}, "items": [], "name": "N", "price": "dear", "id": 1}
    )
    why = {row.field: row.why for row in rows}
    assert why["a"] == "x has no y"
    assert why["b"] == "x has no y; the record has no w"
    assert why["c"] == "items has no element 4"
    assert why["d"] == "name is no object"
    assert "'dear' is no number" in why["e"]
    assert "f" not in why


def test_explain_asks_nothing_that_the_expression_does_not_ask() -> None:
    rows = inbound("a: paid && money(price)\nb: order.[length(@)]\nc: id").explain("s", {"price": "dear", "id": 1})
    assert [(row.field, row.value, row.why) for row in rows] == [
        ("a", None, "the record has no paid"),
        ("b", None, "the record has no order"),
        ("c", 1, ""),
    ]


@pytest.mark.parametrize(
    ("fields", "record", "says"),
    [
        ("a: items[0] < `1`", {"items": ["x"]}, "a: '<' not supported"),
        ("a: length(missing)", {}, "invalid type"),
        (
            "lines: {each: items, quantity: decimal(q)}",
            {"items": [{"q": 1}, {"q": True}]},
            r"lines\[1\].quantity: True is no number",
        ),
        ("a: instant(at)", {"at": "2026-11-23 08:00"}, "names no zone"),
        ("a: minor_units(x, c)", {"x": 1}, "the currency is missing"),
        ("a: currency(c)", {"c": "EUX"}, "there is no currency 'EUX'"),
    ],
)
def test_a_failure_names_line_field_and_expression(fields: str, record: dict[str, Any], says: str) -> None:
    with pytest.raises(Untranslatable, match=says) as caught:
        read(fields, record)
    assert caught.value.line == 4
    assert caught.value.expression in fields


def test_what_is_no_stream_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        inbound("a: a").read("t", {})
