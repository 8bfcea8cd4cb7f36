"""Money as its currency counts it: what is stated is rounded to the smallest unit, what is divided adds up again."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

_UNITS = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
_THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_DIGITS = {**dict.fromkeys(_UNITS, 0), **dict.fromkeys(_THOUSANDTHS, 3)}
"""The finer of ISO 4217's and CLDR's digits: CLDR counts some (RSD, IQD) in whole units though their banks do not."""


def digits(currency: str | None) -> int:
    """How many digits after the point an amount in this currency has: JPY 0, EUR 2, KWD 3; 2 where none is named."""
    return _DIGITS.get((currency or "").upper(), 2)


def rounded(amount: Decimal, currency: str | None) -> Decimal:
    """The amount in whole smallest units, half up. An amount that has no more digits stays as it is written."""
    places = digits(currency)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -places:
        return amount
    with localcontext(prec=60):
        return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def allocate(total: Decimal, weights: Sequence[Decimal | int], currency: str | None) -> list[Decimal]:
    """The total in shares by weight, each in whole smallest units and together exactly the (rounded) total.

    Largest remainder: every share is cut down, and what is left goes, unit by unit, to those that lost most; of equals
    to the first. Weights may be fractions and zero, not below; where all are zero, the first takes everything.
    Raises ValueError for no weights or one below zero.
    """
    parts = [Fraction(weight) for weight in weights]
    if not parts or min(parts) < 0:
        raise ValueError(f"shares need weights that are not below zero, not {list(weights)}")
    if not any(parts):
        parts[0] = Fraction(1)
    unit = Decimal(1).scaleb(-digits(currency))
    with localcontext(prec=60):
        whole = int((abs(rounded(total, currency)) / unit).to_integral_value())
        exact = [whole * part / sum(parts) for part in parts]
        units = [int(share) for share in exact]
        losers = sorted(range(len(parts)), key=lambda i: (units[i] - exact[i], i))
        for i in losers[: whole - sum(units)]:
            units[i] += 1
        return [unit * (count if total >= 0 else -count) for count in units]


def share(
    total: Decimal, pieces: Decimal | int, of: Decimal | int, currency: str | None, *, after: Decimal | int = 0
) -> Decimal:
    """What `pieces` of `of` are worth, those that come `after` so many others: however a line is cut, it adds up.

    Where `of` is zero there is nothing to divide: the total.
    """

    def until(count: Decimal) -> Decimal:
        if not of or count >= of:
            return rounded(total, currency)
        return rounded(total * count / Decimal(of), currency)

    with localcontext(prec=60):
        first = Decimal(after)
        return until(first + Decimal(pieces)) - (until(first) if first else Decimal(0))
