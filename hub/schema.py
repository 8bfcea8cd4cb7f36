"""The door to the canonical schema: plain data in, a Fragment out, or every error with its path.

One declaration (hub.model.schema.fragment) and two readers of it: msgspec decides as a whole, and only where it or a
rule refuses, the same types are asked field by field, which names every error and not the first. A test holds that
both accept and refuse the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation, Rounded
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from babel.numbers import list_currencies
from msgspec import NODEFAULT, Struct

from hub.model.language import reasons, words
from hub.model.schema.change import netted
from hub.model.schema.fragment import Fragment, Reason, Statement, Zero
from hub.model.schema.operation import PlannedOperation
from hub.model.schema.units import counted
from hub.sound import compiled, parts

Errors = list[tuple[str, str]]
"""(path, what is wrong with it)."""

_encode = msgspec.json.Encoder().encode

LARGEST = Decimal(10) ** 15
FINEST = -10
WHOLE = 2**31 - 1
"""The largest whole number (a round): what every database and language takes."""
CURRENCIES = frozenset(list_currencies())
NEVER_NEGATIVE = frozenset(
    {"quantity", "cancelled", "amount", "captured", "refunded", "charged_back", "shipped", "price", "total", "agreed"}
)
MAY_BE_BELOW = frozenset(
    {"Order.total", "OrderLine.quantity", "OrderLine.shipped", "OrderLine.price", "OrderLine.amount", "Line.amount",
     "Payment.captured"}
)  # fmt: skip
"""Coupons, vouchers, deposits that come back, what a bundle costs less, change: what is below zero is what it is."""
CURRENCY = frozenset({"currency", "presentment"})
AXES: dict[str, tuple[str, ...]] = {
    "authorization": get_args(words.Authorization),
    "acceptance": get_args(words.Acceptance),
    "exchange": get_args(words.Exchange),
    "dispute": get_args(words.Dispute),
    "closure": get_args(words.Closure),
}
"""What a statement on each axis may say."""
OURS = frozenset({"since", "answers", "refunds_once", "payments_once", "left_out"})
"""Fields that we keep ourselves and no mapping may say."""


class Invalid(ValueError):
    """A record that is not what the canonical schema says; `errors` holds every (path, why)."""

    def __init__(self, errors: Errors) -> None:
        super().__init__("; ".join(f"{path or 'record'}: {why}" for path, why in errors))
        self.errors = errors


def fragment(data: dict[str, Any], *, clean: bool = False) -> Fragment:
    """The fragment that this plain data is. Raises Invalid with every error.

    `clean`: a mapping made it of JSON that the engine read, so no text in it holds NUL or half a surrogate pair.
    """
    if not (OURS.isdisjoint(data) and OURS.isdisjoint(_fields_of(data.get("order")))):
        raise Invalid(explain(data))
    try:
        made = msgspec.convert(data, Fragment, str_keys=False)
    except (msgspec.ValidationError, ValueError) as problem:
        raise Invalid(explain(data) or [("", str(problem))]) from problem
    if not ((clean or _clean(made)) and _sound(made)) and (wrong := explain(data)):
        raise Invalid(wrong)
    return netted(counted(made))


def explain(data: dict[str, Any]) -> Errors:
    """Every error of this data; empty where there is none."""
    return sorted(_in_struct(data, Fragment, ""))


def vocabulary() -> dict[str, Any]:
    """The canonical fields, their types and words, as plain data: what a mapping may say, and what it may read."""
    return {"inbound": _words(Fragment), "outbound": _words(PlannedOperation)}


def _fields_of(value: Any) -> Iterable[str]:
    """The names of an object's fields; none of what is no object."""
    return value if isinstance(value, dict) else ()


# -- rules that a type cannot say


def _amount(field: str, value: Decimal) -> str:
    if not value.is_finite():
        return "is no number"
    if value.copy_abs() >= LARGEST:  # abs() rounds, which overflows
        return f"{_shown(value)} is larger than anything that is sold or paid"
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < FINEST:
        return f"has more than {-FINEST} decimals"
    if value < 0 and _never_below(field):
        return f"{value} is below zero; amounts and quantities are positive, the field says the direction"
    return ""


def _never_below(field: str) -> bool:
    return field.rpartition(".")[2] in NEVER_NEGATIVE and field not in MAY_BE_BELOW


def _text(field: str, value: str) -> str:
    name = field.rpartition(".")[2]
    if "\0" in value or not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        return "holds a character that is no text (NUL or half a surrogate pair)"
    if name == "code" and not reasons.known(value):
        return f"there is no reason {value!r}"
    if name in CURRENCY and value not in CURRENCIES:
        return f"there is no currency {value!r}"
    return ""


def _integer(name: str, value: int) -> str:
    return "" if -WHOLE <= value <= WHOLE else "is a number of impossible size"


def _shown(value: Decimal) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:20]}… ({len(text)} characters)"


def _moment(name: str, value: datetime) -> str:
    return "" if value.tzinfo is not None else "names no time zone"


_RULES: dict[type, Callable[[str, Any], str]] = {Decimal: _amount, str: _text, datetime: _moment, int: _integer}


# -- every error: the types field by field, and the rules of each


def _in_struct(value: Any, kind: type[Struct], path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, "must be an object"
        return
    known = _fields(kind)
    for name in value.keys() - known.keys():
        yield _at(path, name), "Unknown field."
    for name, (hint, required) in known.items():
        if name in value:
            yield from _in_field(value[name], hint, f"{kind.__name__}.{name}", _at(path, name))
        elif required:
            yield _at(path, name), "Missing data for required field."


def _in_field(value: Any, hint: Any, field: str, path: str) -> Iterator[tuple[str, str]]:
    kind, nullable = parts(hint)
    if value is None and nullable:
        return
    if get_origin(kind) is tuple:
        if not isinstance(value, (list, tuple)):
            yield path, "must be a list"
            return
        for index, item in enumerate(value):
            yield from _in_field(item, get_args(kind)[0], field, f"{path}[{index}]")
    elif isinstance(kind, type) and issubclass(kind, Struct):
        yield from _in_struct(value, kind, path)
        if kind is Statement and isinstance(value, dict):
            yield from _on_axis(value.get("value"), field.rpartition(".")[2], f"{path}.value")
    elif why := _in_value(value, kind, field):
        yield path, why


def _in_value(value: Any, kind: Any, field: str) -> str:
    try:
        made: Any = msgspec.convert(value, kind)
    except (msgspec.ValidationError, ValueError) as problem:
        if get_origin(kind) is Literal and isinstance(value, str):
            return f"{value!r} is none of {', '.join(get_args(kind))}"
        return str(problem)
    rule = _RULES.get(kind)
    return rule(field, made) if rule is not None else ""


def _on_axis(word: Any, axis: str, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(word, str) and word not in AXES[axis]:
        yield path, f"{word!r} is no word of {axis}; it knows {', '.join(AXES[axis])}"


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@cache
def _fields(kind: type[Struct]) -> dict[str, tuple[Any, bool]]:
    """What a mapping may say of this struct: the type of each field, and whether it has to be there."""
    hints = get_type_hints(kind)
    return {
        spec.name: (hints[spec.name], spec.default is NODEFAULT and spec.default_factory is NODEFAULT)
        for spec in msgspec.structs.fields(kind)
        if spec.name not in OURS
    }


# -- the same rules, for the many records that break none

_NAMES = {
    # Refuses in one call what is not below LARGEST or finer than FINEST; a zero has no digits, so its scale is asked.
    "FITTED": Context(prec=15 - FINEST, traps=[InvalidOperation, Rounded]).quantize,
    "UNIT": Decimal(1).scaleb(FINEST),
    "FINEST": FINEST,
    "ZERO": Zero,
    "LEAST": -LARGEST,
    "AXES": AXES,
    "CURRENCIES": CURRENCIES,
    "REASONS": reasons.REASONS,
}


def _condition(field: str, kind: Any) -> str:
    name = field.rpartition(".")[2]
    if kind is Decimal:
        least = "ZERO" if _never_below(field) else "LEAST"
        return f"{{it}} is ZERO or {least} <= FITTED({{it}}, UNIT) and ({{it}} or {{it}}.adjusted() >= FINEST)"
    if kind is int:
        return f"{-WHOLE} <= {{it}} <= {WHOLE}"
    if kind is datetime:
        return "{it}.tzinfo is not None"
    if kind is Statement:
        return f"{{it}}.value in AXES[{name!r}]"
    if kind is str and name in CURRENCY:
        return "{it} in CURRENCIES"
    return "{it} in REASONS" if kind is str and name == "code" else ""


_sound = compiled(Fragment, _condition, _NAMES)


def _clean(made: Fragment) -> bool:
    """No NUL and no half surrogate anywhere: one pass in C. A text with any other escape only looks suspicious."""
    try:
        return b"\\" not in _encode(made)
    except UnicodeEncodeError:
        return False


# -- the types in words


def _words(kind: type[Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    found = {spec.name: _word(hints[spec.name]) for spec in msgspec.structs.fields(kind) if spec.name not in OURS}
    for axis in found.keys() & AXES.keys() if kind is Fragment else ():
        found[axis]["fields"]["value"] = {"type": "word", "words": list(AXES[axis])}
    if kind is Reason:
        found["code"] = {"type": "word", "words": sorted(reasons.REASONS)}
    return found


def _word(hint: Any) -> dict[str, Any]:
    kind, _ = parts(hint)
    if get_origin(kind) is tuple:
        return {"type": "list", **{k: v for k, v in _word(get_args(kind)[0]).items() if k != "type"}}
    if get_origin(kind) is dict:
        return {"type": "any"}
    if get_origin(kind) is Literal:
        return {"type": "word", "words": list(get_args(kind))}
    if isinstance(kind, type) and issubclass(kind, Struct):
        return {"type": "object", "fields": _words(kind)}
    return {"type": getattr(kind, "__name__", str(kind)).lower()}
