"""How numbers read in a sentence: plain, never in powers of ten."""

from __future__ import annotations

from decimal import Decimal


def number(value: Decimal) -> str:
    """A quantity without needless zeros."""
    return f"{value.normalize():f}" if value else "0"


def amount(value: Decimal, currency: str | None) -> str:
    """Money with its currency, to at least two decimals: 47.6 EUR is 47.60 EUR."""
    exponent = value.normalize().as_tuple().exponent
    digits = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{value:.{digits}f} {currency or ''}".rstrip()
