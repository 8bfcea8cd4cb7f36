"""One declaration, two readers: msgspec decides as a whole, field by field it explains, and they never disagree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import schema
from hub.model.schema.fragment import Fragment
from tests.model.records import at

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
    ({"closure": {"value": "permitted", "at": "2026-11-01T09:00:00"}, "origin": 1}, ["closure.at", "closure.value", "origin"]),
    ({"lines": [{"quantity": Decimal("0E-11")}]}, ["lines[0].quantity"]),
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


AMOUNTS = st.sampled_from(
    ["0", "1", "-0", "19.90", "-0.01", "999999999999999", "999999999999999.9999999999", "1000000000000000", "1E+14",
     "-999999999999999.99", "-1E+15", "0.0000000001", "0.00000000001", "1.00000000000", "0E-11", "0E+20", "1E+15", "1E-400",
     "1E+400", "NaN", "-NaN", "sNaN", "Infinity", "-Infinity"]
).map(Decimal) | st.decimals()  # fmt: skip
"""Around every bound of an amount."""
CODES = st.sampled_from(["EUR", "CNY", "XYZ", "eur"])
STATEMENTS = st.fixed_dictionaries(
    {"value": st.sampled_from(["authorized", "open", "closed", "accepted", "sent", "whim"])},
    optional={"at": st.datetimes() | st.just(at(9))},
)
WHYS = st.fixed_dictionaries({"code": st.sampled_from(["other", "defective", "whim"])})
COUNTED = {"quantity": AMOUNTS}
TYPED = st.fixed_dictionaries(
    {},
    optional={
        "currency": st.none() | CODES,
        "agreed": st.none() | AMOUNTS,
        "requested_at": st.datetimes() | st.just(at(9)),
        **dict.fromkeys(schema.AXES, st.none() | STATEMENTS),
        "lines": st.lists(
            st.fixed_dictionaries(
                COUNTED, optional={"amount": AMOUNTS, "cancelled": AMOUNTS, "reason": WHYS, "found": WHYS}
            ),
            max_size=2,
        ),
        "refunds": st.lists(
            st.fixed_dictionaries(
                {
                    "id": st.just("r"),
                    "currency": CODES,
                    "parts": st.lists(
                        st.fixed_dictionaries({"amount": AMOUNTS, "state": st.just("succeeded")}), max_size=2
                    ),
                },
                optional={"breakdown": st.fixed_dictionaries({}, optional={"tax": AMOUNTS, "adjustment": AMOUNTS})},
            ),
            max_size=2,
        ),
        "order": st.fixed_dictionaries(
            {
                "lines": st.lists(
                    st.fixed_dictionaries({"id": st.just("1"), **COUNTED}, optional={"price": AMOUNTS}), max_size=2
                )
            },
            optional={"currency": CODES, "total": AMOUNTS, "placed_at": st.datetimes()},
        ),
    },
)
"""Data of the right types everywhere, so that only the rules decide."""


@given(TYPED)
def test_the_rules_written_out_and_field_by_field_accept_the_same(data: dict[str, Any]) -> None:
    errors = schema.explain(data)
    try:
        made = schema.fragment(data, clean=True)
    except schema.Invalid as refused:
        found = refused.errors
    else:
        found = []
        assert made == schema.fragment(data) == msgspec.convert(data, Fragment)
        assert schema._sound(made), "the quick look takes what the slow one takes"
    assert sorted(found) == errors


def test_a_good_record_is_not_looked_at_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "explain", lambda data: pytest.fail("the slow look at a record that breaks no rule"))
    for data in GOOD:
        schema.fragment(data)


def test_the_vocabulary_names_every_field_with_its_words() -> None:
    words = schema.vocabulary()
    assert words["inbound"]["origin"] == {"type": "word", "words": ["request", "counter", "blind", "undelivered"]}
    assert words["inbound"]["lines"]["fields"]["quantity"] == {"type": "decimal"}
    assert "since" not in words["inbound"], "what merge_fragments keeps is nothing a mapping may say"
    assert words["outbound"]["lines"]["fields"]["totals"] == {"type": "any"}


def test_what_absorb_keeps_is_not_taken_from_a_mapping() -> None:
    with pytest.raises(schema.Invalid):
        schema.fragment({"since": {"number": 1}})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"agreed": Decimal("1e999999999")}, "agreed: 1E+999999999 is larger than anything that is sold or paid"),
        ({"agreed": Decimal("1e-999999999")}, "agreed: has more than 10 decimals"),
        ({"agreed": 10**5000}, "agreed: 10000000000000000000… (5001 characters) is larger than"),
        ({"agreed": "1e99999999999999999999"}, "agreed: Invalid decimal string"),
        ({"lines": [{"quantity": 1, "round": 2**31}]}, "lines[0].round: is a number of impossible size"),
        ({"lines": [{"quantity": 1, "round": -(10**30)}]}, "lines[0].round: is a number of impossible size"),
    ],
)
def test_a_number_of_impossible_size_is_named(data: dict[str, Any], why: str) -> None:
    with pytest.raises(schema.Invalid) as refused:
        schema.fragment(data)
    assert why in str(refused.value)
    assert any(why.startswith(path) for path, _ in schema.explain(data))


def test_what_the_hub_left_out_is_nothing_a_mapping_may_say() -> None:
    with pytest.raises(schema.Invalid):
        schema.fragment({"order": {"left_out": ["all of it"]}})
    assert "left_out" not in schema.vocabulary()["inbound"]["order"]["fields"]
