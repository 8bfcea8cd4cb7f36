"""Versions of records, compared as what the manifest says they are (`version_type`): numbers, times, texts that order.

As texts "10" comes before "9", and 09:00+02:00 after 08:00Z. So a version is read once (`Kind.read`), kept in one form
(`Kind.normal`), and compared with nothing but its like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

KINDS = ("number", "time", "text")
LONGEST = 64
"""Characters of a number or time; more is none."""
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?\Z")
UNIX = ((10**11, 1), (10**14, 1_000), (10**17, 1_000_000), (10**20, 1_000_000_000))
"""Below this a Unix time counts seconds, milliseconds, microseconds, nanoseconds: by its size, as we live today."""
ISO = re.compile(
    r"\d{4}(-?)\d\d(-?)\d\d(?:(\D)\d\d(?:(:?)\d\d(?:(:?)\d\d(?:([.,])(\d+))?)?)?)?(\s?(?:Z|UTC|GMT|[+-].*)?)",
    re.ASCII | re.IGNORECASE,
)
"""Every sign between the parts of a time, the digits of its fraction, its offset."""
GREENWICH = re.compile(r"(?<=\d)\s?(?:Z|UTC|GMT)\Z", re.ASCII | re.IGNORECASE)
"""What people write for +00:00."""
MAIL = re.compile(r"(\w{3}, )?\d\d? \w{3} \d{4} \d\d:\d\d:\d\d( \S+)?", re.ASCII)
NO_TIME = (ValueError, TypeError, OverflowError, IndexError)
FRACTION = re.compile(r"[.,]([0-9]+)")
HOUR = timedelta(hours=1)
SLACK = timedelta(minutes=1)
"""By so much a clock may be ahead of ours before its times are taken as being from the future."""

Read = tuple[str, Any]
"""Which kind a version was read as, and its value; only two of one kind can be compared."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How the versions of one stream compare. `words`: its types, tried in this order; `zone`: of times that name none.

    Without any word a version is what it looks like: the cursor of a stream whose records nothing orders.
    """

    words: Sequence[str] = ()
    zone: tzinfo = UTC

    def read(self, said: str | None) -> Read | None:
        """The version as a value that compares; None where it is none of its types, or could be two times at once."""
        if not said:
            return None
        text = said.strip()
        for word in self.words or _looks_like(text):
            value = READERS[word](text, self.zone)
            if value is not None:
                return word, value
        return None

    def normal(self, said: str | None) -> str | None:
        """The one form in which it is kept; read again, it is the same version. None: it orders nothing."""
        read = self.read(said)
        if read is None:
            return None
        word, value = read
        if word == "time":
            return str(value.isoformat(timespec="microseconds"))
        return _plain(value) if word == "number" else str(value)

    def moment(self, said: str | None) -> datetime | None:
        """The time that a version is, in UTC; None where it is none."""
        read = self.read(said)
        return read[1] if read is not None and read[0] == "time" else None

    def before(self, one: str | None, other: str | None) -> bool:
        """Whether the first is certainly older; what cannot be compared is not."""
        a, b = self.read(one), self.read(other)
        return a is not None and b is not None and a[0] == b[0] and bool(a[1] < b[1])

    def outdated(self, said: tuple[str | None, datetime], known: tuple[str | None, datetime]) -> bool:
        """Whether a version is older than one that is known, each with the moment it came.

        A time that had not come yet when it came is believed as far as that moment only: whoever is corrected must be
        heard again. Where both were such, one clock told them, and they compare as they stand.
        """
        if not self.before(said[0], known[0]):
            return False
        claims = [(self.moment(version), came) for version, came in (said, known)]
        (one, came), (other, seen) = claims
        if one is None or other is None or other <= seen + SLACK or one > came + SLACK:
            return True
        return one < seen

    def back(self, said: str, seconds: float = 0.0) -> str:
        """An earlier version in their own writing (signs, zone, fraction and all), to be asked from: times by so many
        seconds, and by the hour that the end of summer time repeats. Other versions stay what they are."""
        if self.words and "time" not in self.words:
            return said
        text = said.strip()
        if NUMBER.match(text):
            return _unix_back(text, seconds) if self.moment(text) is not None else said
        if len(text) > LONGEST:
            return said
        try:
            at = _iso(text)
            repeated = at.tzinfo is None and _ambiguous(at, self.zone)
            at -= timedelta(seconds=seconds) + (HOUR if repeated else timedelta())
        except NO_TIME:
            return said
        return _written(at, text)

    def tick(self, said: str) -> str:
        """The version just before this one, in their own writing: asked from it, `>` and `>=` both bring this one."""
        if NUMBER.match(said.strip()) and self.moment(said) is None and self.words and self.words[0] == "number":
            return str(int(Decimal(said)) - 1)
        digits = FRACTION.search(said)
        return self.back(said, 10.0 ** -min(len(digits[1]), 6) if digits else 1.0)


def _looks_like(text: str) -> Sequence[str]:
    """What a version may be that nobody declared: a number as long as today's Unix time is one."""
    return ("time", "text") if NUMBER.match(text) and len(text.partition(".")[0]) >= 10 else KINDS


def _number(text: str, zone: tzinfo) -> Decimal | None:
    return Decimal(text) if len(text) <= LONGEST and NUMBER.match(text) else None


def _time(text: str, zone: tzinfo) -> datetime | None:
    """ISO 8601 (UTC and GMT behind it, too), RFC 2822, or Unix time in the unit that its size says."""
    try:
        if len(text) > LONGEST:
            return None
        if NUMBER.match(text):
            return _unix(Decimal(text))
        at = _iso(text)
        if at.tzinfo is None:
            if _ambiguous(at, zone):
                return None
            at = at.replace(tzinfo=zone)
        return at.astimezone(UTC)
    except NO_TIME:
        return None


def _iso(text: str) -> datetime:
    """A time as records have it (mappings/engine/times.py reads the same), of no zone where they name none."""
    for written in (text, GREENWICH.sub("Z", text)):
        with suppress(ValueError):
            return datetime.fromisoformat(written)
    return parsedate_to_datetime(text)


def _plain(number: Decimal) -> str:
    """Without what tells nothing: leading zeros, and those at the end of a fraction."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unix(count: Decimal) -> datetime | None:
    unit = next((unit for below, unit in UNIX if abs(count) < below), None)
    return (
        None if unit is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=float(count * 10**6 / unit))
    )


def _unix_back(text: str, seconds: float) -> str:
    count = Decimal(text)
    unit = next(unit for below, unit in UNIX if abs(count) < below)
    earlier = count - Decimal(str(seconds)) * unit
    return str(int(earlier) if "." not in text else earlier)


def _ambiguous(at: datetime, zone: tzinfo) -> bool:
    """Whether clocks there showed this time twice, at the end of summer time."""
    first, second = (at.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def _written(at: datetime, as_in: str) -> str:
    """A time (of the offset that `as_in` has) as `as_in` is written, cut to what it tells."""
    return (_written_iso if as_in[:4].isdigit() else _written_mail)(at, as_in)


def _written_iso(at: datetime, as_in: str) -> str:
    hit = ISO.fullmatch(as_in)
    if hit is None:  # by weeks
        return at.isoformat()
    *signs, digits, zone = hit.groups()
    *parts, micro = re.split(r"\D", at.replace(tzinfo=None).isoformat(timespec="microseconds"))
    parts.append(micro[: len(digits or "")].ljust(len(digits or ""), "0"))
    return "".join(f"{sign}{part}" for sign, part in zip(("", *signs), parts, strict=True) if sign is not None) + zone


def _written_mail(at: datetime, as_in: str) -> str:
    """RFC 2822, with a weekday where they name one, and their name of the zone."""
    written, hit = format_datetime(at), MAIL.fullmatch(as_in)
    if hit is None:
        return written
    weekday, zone = hit.groups(default="")
    return written.rpartition(" ")[0][0 if weekday else 5 :] + zone


READERS: dict[str, Callable[[str, tzinfo], Any]] = {
    "number": _number,
    "time": _time,
    "text": lambda text, zone: text,
}
