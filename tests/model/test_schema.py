"""One declaration, two readers: msgspec decides, marshmallow explains, and they never disagree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import schema
from hub.model.fragment import Fragment
from tests.model.telling import at

LINE = {"order_line": "A", "quantity": Decimal(1)}
REFUND = {"id": "r", "currency": "EUR", "parts": [{"amount": Decimal("1.50"), "state": "succeeded"}]}

GOOD: list[dict[str, Any]] = [
    {},
    {"origin": "request", "lines": [LINE], "requested_at": at(9)},
    {"requested_at": "2026-11-01T09:00:00Z", "number": None, "lines": None},
    {"refunds": [REFUND], "agreed": "12.30", "authorization": {"value": "authorized", "round": 2}},
    {"order": {"lines": [{"id": "1", "quantity": 2, "components": [{"sku": "CUP", "quantity": 2}]}]}},
    {"lines": [{**LINE, "amount": Decimal("0.0000000001")}], "customer": {"name": "李 😀"}},
    {"partial": ["notes"], "notes": [{"id": "1", "text": ""}], "ready": False},
]

BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"origin": "whim"}, ["origin"]),
    ({"unheard": 1}, ["unheard"]),
    ({"number": 7}, ["number"]),
    ({"lines": [{"quantity": Decimal("NaN")}]}, ["lines[0].quantity"]),
    ({"lines": [{"quantity": Decimal("1e400")}]}, ["lines[0].quantity"]),
    ({"lines": [{"quantity": Decimal("0.00000000001")}]}, ["lines[0].quantity"]),
    ({"lines": [{"quantity": -1}]}, ["lines[0].quantity"]),
    ({"lines": [{"quantity": "many"}]}, ["lines[0].quantity"]),
    ({"lines": [{"quantity": True}]}, ["lines[0].quantity"]),
    ({"lines": [{}]}, ["lines[0].quantity"]),
    ({"lines": {"quantity": 1}}, ["lines"]),
    ({"refunds": [{**REFUND, "currency": "XYZ"}]}, ["refunds[0].currency"]),
    ({"currency": "eur"}, ["currency"]),
    ({"number": "a\0b"}, ["number"]),
    ({"notes": [{"id": "1", "text": "half \ud83d"}]}, ["notes[0].text"]),
    ({"requested_at": "2026-11-01T09:00:00"}, ["requested_at"]),
    ({"requested_at": "yesterday"}, ["requested_at"]),
    ({"authorization": {"round": 1}}, ["authorization.value"]),
    ({"authorization": {"value": "authorized", "round": "2"}}, ["authorization.round"]),
    ({"ready": "yes"}, ["ready"]),
    ({"authorization": {"value": "permitted"}}, ["authorization.value"]),
    ({"closure": {"value": "requested"}, "dispute": {"value": "open"}}, ["closure.value"]),
    ({"lines": [{**LINE, "reason": {"code": "whim"}}]}, ["lines[0].reason.code"]),
    ({"keys": None}, ["keys"]),
    ({"lines": [{"order_line": 5, "quantity": "x"}], "origin": "?", "currency": 1},
     ["currency", "lines[0].order_line", "lines[0].quantity", "origin"]),
]  # fmt: skip


@pytest.mark.parametrize("data", GOOD, ids=str)
def test_both_accept(data: dict[str, Any]) -> None:
    assert isinstance(schema.fragment(data), Fragment)
    assert schema.explain(data) == []


@pytest.mark.parametrize(("data", "paths"), BAD, ids=ascii)
def test_both_refuse_and_every_error_is_named(data: dict[str, Any], paths: list[str]) -> None:
    with pytest.raises(schema.Invalid) as refused:
        schema.fragment(data)
    assert sorted({path for path, _ in refused.value.errors}) == paths
    assert sorted({path for path, _ in schema.explain(data)}) == paths
    assert all(why for _, why in refused.value.errors)


scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(),
    st.decimals(),
    st.text(st.characters(codec="utf-16-le") | st.just("\ud800"), max_size=4),
    st.sampled_from(["authorized", "request", "EUR", "XYZ", "good", "2026-11-01T09:00:00Z", "2026-11-01T09:00:00"]),
)
_NAMES = sorted({"value", "quantity", "order_line", "id", "amount", "currency", "at", "state", "parts", *Fragment.__struct_fields__} - {"since"})  # fmt: skip
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3), max_leaves=6
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(_NAMES), anything, max_size=3))
def test_both_accept_and_refuse_the_same(data: dict[str, Any]) -> None:
    try:
        schema.fragment(data)
    except schema.Invalid:
        assert schema.explain(data)
    else:
        assert schema.explain(data) == []


def test_the_vocabulary_names_every_field_with_its_words() -> None:
    words = schema.vocabulary()
    assert words["inbound"]["origin"] == {"type": "word", "words": ["request", "counter", "blind", "undelivered"]}
    assert words["inbound"]["lines"]["fields"]["quantity"] == {"type": "decimal"}
    assert "since" not in words["inbound"], "what absorb keeps is nothing a mapping may say"
    assert words["outbound"]["lines"]["fields"]["totals"] == {"type": "any"}


def test_what_absorb_keeps_is_not_taken_from_a_mapping() -> None:
    with pytest.raises(schema.Invalid):
        schema.fragment({"since": {"number": 1}})
