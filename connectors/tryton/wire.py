"""Tryton's JSON and ours: its typed values (`{"__class__": "Decimal", ...}`) as plain text, and back.

Facts: trytond/protocols/jsonrpc.py of 8.2. Times are UTC without a zone; quantities are floats whose precision is the
unit's; a reference field is "model,id".
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

MICROSECONDS = "%Y-%m-%dT%H:%M:%S.%fZ"
PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def plain(value: Any) -> Any:
    """A decoded answer without Tryton's wrappers: decimals and dates as text, every `__name__` dropped."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind == "Decimal":
        return value["decimal"]
    if kind == "datetime":
        return datetime(**{part: value[part] for part in PARTS}, tzinfo=UTC).strftime(MICROSECONDS)
    if kind == "date":
        return f"{value['year']:04d}-{value['month']:02d}-{value['day']:02d}"
    return {key: plain(item) for key, item in value.items() if key != "__name__"}


def moment(text: str) -> dict[str, Any]:
    """A time of ours (ISO, UTC) as Tryton wants it in a domain."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return {"__class__": "datetime", **{part: getattr(at, part) for part in PARTS}}


def money(amount: Decimal) -> dict[str, str]:
    """An amount as Tryton wants it in a record."""
    return {"__class__": "Decimal", "decimal": str(amount)}


def pieces(value: Any, digits: int = 6) -> int | Decimal:
    """A float quantity, rounded as its unit is; whole numbers as int, so that 2.0 is not another text than 2."""
    exact = round(Decimal(str(value or 0)), digits)
    return int(exact) if exact == exact.to_integral_value() else exact.normalize()


def target(reference: str | None, model: str) -> int | None:
    """The id in a reference field, if it points to this model."""
    name, _, number = (reference or "").partition(",")
    return int(number) if name == model and number.isdigit() else None


def sku(product: dict[str, Any] | None) -> str | None:
    return (product or {}).get("code")


def ident(value: dict[str, Any] | int | None) -> int:
    """The id of a many2one, read with or without fields of its own; 0, which no record has, where it is empty."""
    return int(value["id"] if isinstance(value, dict) else value or 0)
