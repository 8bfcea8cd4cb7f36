"""Numbers as people read them, plain and never in powers of ten, and money as its currency counts it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_UNITS = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
_THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_DIGITS = {**dict.fromkeys(_UNITS, 0), **dict.fromkeys(_THOUSANDTHS, 3)}
"""Currencies whose smallest unit is not a hundredth (the finer of ISO 4217 and CLDR; tests/kit/test_money.py)."""


def digits(currency: str | None) -> int:
    """Digits after the point of the smallest unit: JPY 0, EUR 2, KWD 3."""
    return _DIGITS.get(currency or "", 2)


def unit(currency: str | None) -> Decimal:
    """The smallest unit: JPY 1, EUR 0.01, KWD 0.001."""
    return Decimal(1).scaleb(-digits(currency))


def rounded(value: Decimal, currency: str | None) -> Decimal:
    """In whole smallest units, half up, and with no more digits than they have: a quotient brings 28 along."""
    return value.quantize(unit(currency), ROUND_HALF_UP)


def number(value: Decimal) -> str:
    """A quantity without needless zeros."""
    return f"{value.normalize():f}" if value else "0"


def amount(value: Decimal, currency: str | None) -> str:
    """Money with its currency, to at least the decimals that people write: 47.6 EUR is 47.60 EUR, 4760 JPY has none."""
    exponent, least = value.normalize().as_tuple().exponent, digits(currency)
    places = max(least, -exponent) if isinstance(exponent, int) else least
    return f"{value:.{places}f} {currency or ''}".rstrip()
