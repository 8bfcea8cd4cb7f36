"""A telephone number, written with its country or without: when two of them are one.

`+49 176 123456`, `0049 (0)176/123456` and `0176 123456` may be one number. Without its country a number is
ambiguous: whoever asks decides what follows from that (actions/privacy.py). No country's code begins with another's
(ITU-T E.164): they have one digit, two, or else three.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

SHORTEST = 7
"""Digits without the country: fewer are nobody's number alone."""
_COUNTRY = re.compile(r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}|")


class Phone(NamedTuple):
    """`digits`: all of them, without + or 00; `country`: its code, "" where none was written; `local`: the rest,
    without the 0 that is dialled before it inside the country."""

    digits: str
    country: str
    local: str

    @property
    def name(self) -> str:
        """Its one spelling: +49176123456, or 0176123456 where no country was written. They never meet by chance."""
        return f"+{self.country}{self.local}" if self.country else f"0{self.local}"

    @property
    def forms(self) -> tuple[str, ...]:
        """Every spelling that is this number: with its country, where that is known, and without."""
        return (self.name, f"0{self.local}") if self.country else (self.name,)

    @property
    def comparable(self) -> bool:
        """Whether there is enough of it to compare it with one that is written otherwise; 000 000 0000 is nobody's."""
        return len(self.local) >= SHORTEST and len(set(self.local)) > 1


def read(text: str) -> Phone:
    """The number that this text is."""
    plain = unicodedata.normalize("NFKC", text).strip()
    digits = "".join(filter(str.isdigit, plain)).removeprefix("00")
    if not re.match(r"\(?(\+|00)", plain):
        return Phone(digits, "", digits.removeprefix("0"))
    long = "".join(filter(str.isdigit, plain.replace("(0)", ""))).removeprefix("00")
    code = found[0] if (found := _COUNTRY.match(long)) else ""
    return Phone(digits, code, long[len(code) :].removeprefix("0"))
