"""Names are compared in a normal form: how they are written never decides what is one, and different ones stay so."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.language import spelling

FORMS: list[Callable[[str], str]] = [
    spelling.order_number,
    spelling.tracking,
    spelling.sku,
    spelling.gtin,
    spelling.typed,
    spelling.carrier,
]
texts = st.text(max_size=24)


def wide(text: str) -> str:
    """As an input method writes it: full-width."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@given(text=texts)
def test_a_normal_form_is_normal(form: Callable[[str], str], text: str) -> None:
    assert form(form(text)) == form(text)
    assert form(unicodedata.normalize("NFKC", text)) == form(text)
    assert bool(form(text)) == bool(text) or not text.strip()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@given(text=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=24))
def test_capitals_and_full_width_do_not_count(form: Callable[[str], str], text: str) -> None:
    assert form(text) == form(text.lower()) == form(text.upper()) == form(wide(text)) == form(f" {text} ")


@given(
    st.lists(st.text(alphabet="0123456789ABCXYZ", min_size=1, max_size=5), min_size=1, max_size=5),
    st.sampled_from(" -.\u2010\u3000/"),
)
def test_a_parcels_number_is_the_same_in_groups(groups: list[str], between: str) -> None:
    assert spelling.tracking(between.join(groups)) == spelling.tracking("".join(groups).lower())


@pytest.mark.parametrize(
    ("form", "one", "two"),
    [
        (spelling.order_number, "#1001", "1001"),
        (spelling.order_number, "\uff03\uff11\uff10\uff10\uff11", " # 1001"),
        (spelling.order_number, "so\u201012", "SO-12"),
        (spelling.gtin, "4006381333931", "04006381333931"),  # EAN-13 and the GTIN-14 of the same article
        (spelling.gtin, "4 006381 333931", "4006381333931"),
        (spelling.gtin, "036000291452", "0036000291452"),  # UPC-A and EAN-13
        (spelling.gtin, "96385074", "00000096385074"),  # GTIN-8
        (spelling.sku, "shirt-m ", "SHIRT-M"),
        (spelling.carrier, "J&T Express", "j&t  express"),
    ],
)
def test_two_spellings_of_one_name(form: Callable[[str], str], one: str, two: str) -> None:
    assert form(one) == form(two)


@pytest.mark.parametrize(
    ("form", "one", "two"),
    [
        (spelling.order_number, "1-001", "1001"),
        (spelling.order_number, "WEB1001", "1001"),
        (spelling.order_number, "1001", "01001"),
        (spelling.gtin, "4006381333932", "04006381333932"),  # a wrong check digit: no GTIN, so no padding
        (spelling.gtin, "12345", "0000012345"),
        (spelling.sku, "MUG-1", "MUG1"),
        (spelling.tracking, "1Z999", "1Z9990"),
    ],
)
def test_different_names_stay_different(form: Callable[[str], str], one: str, two: str) -> None:
    assert form(one) != form(two)


@given(
    st.sampled_from(["#", "EN", "en-", "\uff37EB ", ""]),
    st.sampled_from(["", "-X", " /eu"]),
    st.text(alphabet="0123456789", min_size=1, max_size=12),
)
def test_a_shops_number_is_one_with_and_without_what_it_writes_around_it(prefix: str, suffix: str, digits: str) -> None:
    shop = spelling.OrderNumbers(prefix, suffix)
    full = f"{prefix}{digits}{suffix}"
    for text in (full, digits, f"#{digits}", wide(full), full.upper(), f" {prefix} {digits}"):
        assert shop.written(text) == full


@pytest.mark.parametrize("text", ["US1001", "ENEN1001", "EN1001-Y", "EN", "EN10 01A", "1-001", "", "R1001"])
def test_what_is_not_a_shops_number_stays_as_it_is(text: str) -> None:
    assert spelling.OrderNumbers("EN", "-X").written(text) == text


def test_another_number_of_a_shop_stays_another() -> None:
    shop = spelling.OrderNumbers("EN")
    others = ("EN1001", "EN01001", "1002", "US1001", "EN-1001")
    assert len({spelling.order_number(shop.written(number)) for number in others}) == len(others)
