"""Typed functions on time. `instant` is aware and in UTC; a text without an offset needs the zone it was written in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from mappings.engine.errors import Untranslatable
from mappings.engine.values import shown, to_decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GREENWICH = re.compile(r"(?<=\d)\s?(?:Z|UTC|GMT)\Z", re.ASCII | re.IGNORECASE)
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000}


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name; Untranslatable when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise Untranslatable(f"there is no time zone {name!r}; write one like 'Europe/Berlin'") from error


def instant(value: Any, zone_name: Any = None) -> datetime | None:
    """A point in time, aware and in UTC. A text without an offset needs the zone in which it was written."""
    if value is None or value == "":
        return None
    moment = _moment(value)
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        if not isinstance(zone_name, str):
            raise Untranslatable(f"{shown(value)} names no zone; write instant(…, 'Europe/Berlin') or another zone")
        moment = moment.replace(tzinfo=zone(zone_name))
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Untranslatable(f"{shown(value)} is out of the calendar") from error


def _moment(value: Any) -> datetime:
    try:
        if isinstance(value, str):
            return _read(value.strip())
        if isinstance(value, datetime):
            return value
        if isinstance(value, Mapping) and value.get("__class__") in ("datetime", "date"):  # Tryton's JSON form
            parts = ("hour", "minute", "second", "microsecond")
            day = (value["year"], value["month"], value["day"])
            return datetime(*day, *(value.get(part, 0) for part in parts))  # noqa: DTZ001 the zone is the caller's
    except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise Untranslatable(f"{shown(value)} is no point in time") from error
    raise Untranslatable(f"{shown(value)} is no point in time")


def _read(text: str) -> datetime:
    """ISO 8601 (UTC and GMT behind it, too), or RFC 2822: what versions may be as well (connectors/kit/versions.py)."""
    for written in (text, _GREENWICH.sub("Z", text)):
        with suppress(ValueError):
            return datetime.fromisoformat(written)
    moment = parsedate_to_datetime(text)
    if moment.tzinfo is None:
        raise ValueError("it names no zone that is known")
    return moment


def epoch(value: Any, unit: Any) -> datetime | None:
    """A point in time from seconds ('s'), milliseconds ('ms') or microseconds ('us') since 1970."""
    number = to_decimal(value)
    if number is None:
        return None
    if unit not in _UNITS:
        raise Untranslatable("epoch's unit is 's', 'ms' or 'us'")
    try:
        return _EPOCH + timedelta(microseconds=int(number * (1_000_000 // _UNITS[unit])))
    except OverflowError as error:
        raise Untranslatable(f"{value} is out of the calendar") from error


def iso(value: Any, zone_name: Any = None) -> str | None:
    """A point in time as ISO 8601 text: in UTC with Z, or in a zone with its offset."""
    moment = instant(value, zone_name)
    if moment is None:
        return None
    if isinstance(zone_name, str):
        return moment.astimezone(zone(zone_name)).isoformat()
    return moment.isoformat().replace("+00:00", "Z")


def day(value: Any, zone_name: Any = None) -> str | None:
    """The calendar day as YYYY-MM-DD: of a plain date itself, of a point in time in the named zone (else UTC)."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and len(value) == 10:
        return _moment(value).date().isoformat()
    if isinstance(value, Mapping) and value.get("__class__") == "date":
        return _moment(value).date().isoformat()
    moment = instant(value, zone_name if isinstance(zone_name, str) else "UTC")
    if moment is None:
        return None
    return moment.astimezone(zone(zone_name) if isinstance(zone_name, str) else UTC).date().isoformat()
