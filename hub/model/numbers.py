"""How numbers read in a sentence: plain, never in powers of ten."""

from __future__ import annotations

from decimal import Decimal

WHOLE = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
"""Currencies that have no smaller unit (ISO 4217)."""


def number(value: Decimal) -> str:
    """A quantity without needless zeros."""
    return f"{value.normalize():f}" if value else "0"


def amount(value: Decimal, currency: str | None) -> str:
    """Money with its currency, to at least the decimals that people write: 47.6 EUR is 47.60 EUR, 4760 JPY has none."""
    exponent, least = value.normalize().as_tuple().exponent, 0 if currency in WHOLE else 2
    digits = max(least, -exponent) if isinstance(exponent, int) else least
    return f"{value:.{digits}f} {currency or ''}".rstrip()
