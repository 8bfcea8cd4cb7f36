"""One normal form per kind of name, for comparing only: what is kept and shown is always as it was written.

Full-width and other compatibility characters are folded (Unicode NFKC), capitals do not count.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_blanks = re.compile(r"\s+").sub
_between = re.compile(r"[\s\W_]+").sub
_dashes = re.compile(r"[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]").sub
_GTIN_LENGTHS = (8, 12, 13, 14)


def folded(text: str) -> str:
    """Full-width characters, kinds of dashes and capitals do not count."""
    if text.isascii():
        return text.casefold()
    once = unicodedata.normalize("NFKC", text).casefold()
    return _dashes("-", unicodedata.normalize("NFKC", once))  # folding may leave what can be composed


def order_number(text: str) -> str:
    """`# 1001`, `#1001` and `1001` are one number; a dash inside belongs to it."""
    plain = _together(text)
    return plain.lstrip("#") or plain


_return = re.compile(r"#?r[\s._:#-]*([0-9]{1,18})").fullmatch


def return_number(text: str) -> str | None:
    """A number of ours as people write it: `R-1001`, `# r 1001` are R1001; None for what is none."""
    found = _return(folded(_blanks(" ", text)).strip().removeprefix("# "))
    return f"R{found[1]}" if found else None


class OrderNumbers(NamedTuple):
    """How a shop writes the numbers of its orders around their digits: EN1001-X."""

    prefix: str = "#"
    suffix: str = ""

    def written(self, text: str) -> str:
        """`1001`, `#1001`, `en 1001` as this shop writes it: EN1001. What is not just digits within them stays."""
        bare = _together(text).lstrip("#").removeprefix(_together(self.prefix).lstrip("#"))
        digits = bare.removesuffix(_together(self.suffix))
        return f"{self.prefix}{digits}{self.suffix}" if digits.isascii() and digits.isdigit() else text


def _together(text: str) -> str:
    return folded(_blanks("", folded(text)))


def typed(text: str) -> str:
    """A number as people type it into a field: capitals and how many blanks do not count."""
    return " ".join(folded(text).split())


def tracking(text: str) -> str:
    """Of a parcel's number only letters and digits count: carriers print it in groups."""
    return _between("", folded(text)) or typed(text)


def barcode(text: str) -> str:
    """A parcel's number as a carrier has it: what stands between the groups is for people."""
    return _between("", unicodedata.normalize("NFKC", text)).upper() or text


def sku(text: str) -> str:
    """An article number; blanks around it and how many inside do not count, dashes and dots do."""
    return typed(text)


def gtin(text: str) -> str:
    """GTIN-8, -12, -13 and -14 as 14 digits (GS1 General Specifications, 3.3.2). Where the check digit is wrong it is
    no GTIN but some text, and equals itself alone."""
    plain = _between("", folded(text))
    if plain.isascii() and plain.isdigit() and len(plain) in _GTIN_LENGTHS and _checks(plain.zfill(14)):
        return plain.zfill(14)
    return plain or typed(text)


def _checks(digits: str) -> bool:
    """The last digit makes the weighted sum a multiple of ten (GS1 General Specifications, 7.9)."""
    return sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits)) % 10 == 0


def carrier(text: str) -> str:
    """A carrier's name: blanks, dots and dashes do not count."""
    return _between("", folded(text)) or typed(text)
