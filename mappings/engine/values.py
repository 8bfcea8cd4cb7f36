"""Typed functions on single values: money, numbers, text, names. Null in, null out, unless they say otherwise.

They raise Untranslatable with a plain sentence; field, file and line are added by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, Rounded, localcontext
from typing import Any

from mappings.engine.codes import COUNTRIES, EXPONENTS
from mappings.engine.errors import Untranslatable

LARGEST = Decimal(10) ** 15
FINEST = -12
KEPT = -10
"""The finest digit of an amount of money that is kept."""
MAX_TEXT = 100_000
_LEAST, _MOST = int(-LARGEST), int(LARGEST)
_UNIT = Decimal(1).scaleb(FINEST)
_fitted = Context(prec=15 - FINEST, traps=[InvalidOperation, Rounded]).quantize
"""Refuses in one call what is not below LARGEST, or finer than FINEST."""
_plain = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?").fullmatch
"""Of a text that is a number in the range and needs no further look."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")


def shown(value: Any) -> str:
    """A value for an error message: short, and recognisable."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def to_decimal(value: Any) -> Decimal | None:
    """An exact number from a number or a text that is one. Refused: true, floats, infinities, impossible sizes."""
    kind = type(value)
    if kind is int:
        if _LEAST < value < _MOST:
            return Decimal(value)
    elif kind is str:
        if _plain(value):
            return Decimal(value)
    elif value is None:
        return None
    elif kind is Decimal:
        try:
            if _fitted(value, _UNIT) > -LARGEST:  # NaN is not
                return value  # type: ignore[no-any-return]
        except ArithmeticError:
            pass  # said below
    return _to_decimal(value)


def _to_decimal(value: Any) -> Decimal:
    """The same for whatever is not told at a glance."""
    if isinstance(value, Mapping) and value.get("__class__") == "Decimal":  # Tryton's JSON form
        value = value.get("decimal")
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            raise Untranslatable(f"{shown(value)} is no number")
        value = Decimal(text)
    elif isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise Untranslatable(f"{shown(value)} is no number")
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise Untranslatable(f"{value} is no number that can be counted")
    if abs(value) >= LARGEST or (value and exponent < FINEST):
        raise Untranslatable(f"{value} is out of range: below {LARGEST:,} with at most {-FINEST} places")
    return value


def money(amount: Any, code: Any = None) -> Decimal | None:
    """An amount in major units (12.50). With a currency: that one has to exist, and rounds it (JPY 0 places, KWD 3).

    Rounded, not refused: a shop's arithmetic leaves 47.60000000000001, and an order is more than its total.
    """
    value = _cut(amount)
    if value is None or code is None:
        return value
    places = EXPONENTS[currency(code)]  # type: ignore[index]
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -places:
        return value
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _cut(amount: Any) -> Decimal | None:
    """A number of which no more places are kept than the canonical schema takes."""
    text = amount.get("decimal") if isinstance(amount, Mapping) else amount
    if isinstance(text, str) and _NUMBER.fullmatch(text.strip()):
        text = Decimal(text.strip())
    if isinstance(text, Decimal) and text.is_finite() and text.as_tuple().exponent < KEPT:  # type: ignore[operator]
        with localcontext(prec=60):
            amount = text.quantize(Decimal(1).scaleb(KEPT), ROUND_HALF_UP) if abs(text) < LARGEST else text
    return to_decimal(amount)


def minor_units(amount: Any, code: Any) -> Decimal | None:
    """An amount given in the currency's smallest unit (1250, 'EUR') in major units (12.50)."""
    value = to_decimal(amount)
    if value is None:
        return None
    known = EXPONENTS.get(code) if code.__class__ is str else None
    return value.scaleb(-(_exponent(code) if known is None else known))


def to_minor_units(amount: Any, code: Any) -> int | None:
    """The way out: 12.50, 'EUR' -> 1250. An amount finer than the smallest unit is refused, never rounded."""
    value = to_decimal(amount)
    if value is None:
        return None
    scaled = value.scaleb(_exponent(code))
    if scaled != scaled.to_integral_value():
        raise Untranslatable(f"{value} {code} is finer than the currency's smallest unit")
    return int(scaled)


def currency(code: Any) -> str | None:
    """An ISO 4217 code in capitals. One that does not exist is refused."""
    if code.__class__ is str and code in EXPONENTS or code is None:
        return code
    name = code.strip().upper() if isinstance(code, str) else ""
    if name not in EXPONENTS:
        raise Untranslatable(f"there is no currency {shown(code)}")
    return name


def _exponent(code: Any) -> int:
    name = currency(code)
    if name is None:
        raise Untranslatable("the currency is missing, so the unit of the amount is unknown")
    return EXPONENTS[name]


def country(code: Any) -> str | None:
    """An ISO 3166 code of two or three letters as two capitals; blank is null."""
    if code is None or code == "":
        return None
    found = COUNTRIES.get(code.strip().upper()) if isinstance(code, str) else None
    if found is None:
        raise Untranslatable(f"there is no country {shown(code)}")
    return found


def negate(value: Any) -> Decimal | None:
    number = to_decimal(value)
    return None if number is None else -number


def absolute(value: Any) -> Decimal | None:
    number = to_decimal(value)
    return None if number is None else abs(number)


def plus(left: Any, right: Any) -> Decimal | None:
    one, other = to_decimal(left), to_decimal(right)
    return None if one is None or other is None else one + other


def minus(left: Any, right: Any) -> Decimal | None:
    one, other = to_decimal(left), to_decimal(right)
    return None if one is None or other is None else one - other


def times(left: Any, right: Any) -> Decimal | None:
    one, other = to_decimal(left), to_decimal(right)
    return None if one is None or other is None else to_decimal(one * other)


def divide(left: Any, right: Any, places: Any) -> Decimal | None:
    """A share, rounded half up to that many places; null when divided by zero."""
    one, other = to_decimal(left), to_decimal(right)
    if one is None or not other:
        return None
    if not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= -FINEST:
        raise Untranslatable(f"{shown(places)} is no number of places")
    with localcontext(prec=60):
        return (one / other).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def per_piece(total: Any, pieces: Any, code: Any) -> Decimal | None:
    """What one of so many pieces costs, as the currency counts; null when divided by zero."""
    return divide(total, pieces, _exponent(code)) if code is not None else None


def sum_of(values: Any) -> Decimal | None:
    """The sum of a list, nulls left out; of an empty list 0, of null null."""
    if values is None:
        return None
    if not isinstance(values, list):
        raise Untranslatable(f"sum takes a list, not {shown(values)}")
    return sum((number for number in map(_cut, values) if number is not None), Decimal(0))


def text(value: Any) -> str | None:
    """A name as text: 7 -> '7', true -> 'true'. Lists and objects are refused."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f") if -30 < value.adjusted() < 30 else str(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise Untranslatable(f"{shown(value)} is no text")


def trim(value: Any) -> str | None:
    """Text without blanks around it; nothing but blanks is null."""
    words = text(value)
    return None if words is None else words.strip() or None


def upper(value: Any) -> str | None:
    words = text(value)
    return None if words is None else words.upper()


def lower(value: Any) -> str | None:
    words = text(value)
    return None if words is None else words.lower()


def concat(*parts: Any) -> str | None:
    """All parts as one text; null when one of them is null."""
    texts: list[Any] = []
    for part in parts:  # no comprehension: in Python 3.11 that is one call more
        texts.append(part if part.__class__ is str else text(part))
    return None if None in texts else _bounded("".join(texts))


def split(value: Any, separator: Any, index: Any) -> str | None:
    """One piece of a text, counted from 0 (from the end: -1); null when there are fewer."""
    words = text(value)
    if words is None:
        return None
    if not isinstance(separator, str) or not separator or not isinstance(index, int) or isinstance(index, bool):
        raise Untranslatable("split takes a text, a separator and the number of the piece")
    pieces = words.split(separator)
    return pieces[index] if -len(pieces) <= index < len(pieces) else None


def _bounded(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise Untranslatable(f"a text of {len(value):,} characters came out; the budget is {MAX_TEXT:,}")
    return value


def ref(value: Any, model: Any = None) -> Any:
    """A reference like 'sale.sale,6': {"type": "sale.sale", "value": "6"}; with a model: '6' or null."""
    if value is None or value == "":
        return None
    name, comma, number = value.partition(",") if isinstance(value, str) else ("", "", "")
    if not comma:
        raise Untranslatable(f"{shown(value)} is no reference like 'sale.sale,6'")
    if not number or number.startswith("-"):
        return None  # Tryton writes "sale.sale,-1" for a model without a record
    if model is None:
        return {"type": name, "value": number}
    return number if name == model else None


def key(kind: Any, value: Any, issuer: Any = None) -> dict[str, str] | None:
    """An identity key {"type", "value", "issuer"?}; null when the value is null or blank."""
    name = text(value)
    if not name or kind is None:
        return None
    made = {"type": str(text(kind)), "value": name}
    if issuer is not None:
        made["issuer"] = str(text(issuer))
    return made


def first(*values: Any) -> Any:
    """The first that is not null: of one list, or of several arguments."""
    candidates = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    return next((value for value in candidates if value is not None), None)


def distinct(values: Any) -> list[Any] | None:
    """A list without repetitions, in order."""
    if values is None:
        return None
    if not isinstance(values, list):
        raise Untranslatable(f"distinct takes a list, not {shown(values)}")
    if all(isinstance(value, str) for value in values):
        return list(dict.fromkeys(values))
    kept: dict[str, Any] = {}
    for value in values:
        kept.setdefault(repr(value), value)
    return list(kept.values())
