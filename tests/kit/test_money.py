"""Money by its currency: whatever is divided adds up, in whole smallest units (hypothesis prints its seed)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit import money
from hub.model.language import numbers
from mappings.engine.codes import EXPONENTS

currencies = st.sampled_from(["EUR", "JPY", "KWD", "KRW", "BHD", "USD", "CNY"])
amounts = st.decimals(-10_000, 10_000, places=6)
weights = st.lists(st.one_of(st.integers(0, 50), st.decimals(0, 50, places=4)), min_size=1, max_size=12)


def whole(amount: Decimal, currency: str) -> bool:
    return amount == round(amount, money.digits(currency))


@given(amounts, weights, currencies)
def test_shares_add_up_to_the_total_each_in_whole_units_and_none_is_a_unit_off(
    total: Decimal, by: list[int | Decimal], currency: str
) -> None:
    shares = money.allocate(total, by, currency)
    assert sum(shares) == money.rounded(total, currency)
    assert all(whole(share, currency) for share in shares)
    unit, weight = Fraction(Decimal(1).scaleb(-money.digits(currency))), sum(map(Fraction, by))
    for share, part in zip(shares, by, strict=True):
        if weight:
            assert abs(Fraction(share) - Fraction(money.rounded(total, currency)) * Fraction(part) / weight) < unit


@given(amounts, st.lists(st.integers(1, 9), min_size=1, max_size=8), currencies)
def test_however_the_pieces_of_a_line_are_cut_they_add_up_to_it_each_within_a_unit_of_exact(
    total: Decimal, cuts: list[int], currency: str
) -> None:
    of, after, shares = sum(cuts), 0, []
    for pieces in cuts:
        shares.append(money.share(total, pieces, of, currency, after=after))
        after += pieces
    assert sum(shares) == money.rounded(total, currency)
    unit = Fraction(Decimal(1).scaleb(-money.digits(currency)))
    for share, pieces in zip(shares, cuts, strict=True):
        assert whole(share, currency)
        assert abs(Fraction(share) - Fraction(total) * pieces / of) <= unit
    assert money.share(total, 3, 0, currency) == money.rounded(total, currency), "nothing to divide by"


def test_equal_losers_in_their_order_and_nothing_to_weigh() -> None:
    assert money.allocate(Decimal("31.00"), [1, 1, 1], "EUR") == [Decimal(n) for n in ("10.34", "10.33", "10.33")]
    assert money.allocate(Decimal(-10), [1, 1, 1], "JPY") == [-4, -3, -3]
    assert money.allocate(Decimal(5), [0, 0], "EUR") == [5, 0]
    for wrong in ([], [1, -1]):
        with pytest.raises(ValueError, match="not below zero"):
            money.allocate(Decimal(1), wrong, "EUR")


def test_what_has_no_more_digits_stays_as_it_is_written() -> None:
    assert str(money.rounded(Decimal("7.5"), "EUR")) == "7.5"
    assert str(money.rounded(Decimal("47.60000000000001"), "eur")) == "47.60"
    assert str(money.rounded(Decimal("0.5"), "JPY")) == "1"


def test_every_table_of_digits_is_the_finer_of_cldr_and_iso() -> None:
    """Three places need it and may not import each other: the model, the dictionaries and the connectors."""
    cldr = get_global("currency_fractions")
    for currency, iso in EXPONENTS.items():
        finer = max(iso, cldr.get(currency, cldr["DEFAULT"])[0])
        assert (money.digits(currency), numbers.digits(currency), iso) == (finer, finer, finer), currency
