"""The door to the canonical schema: plain data in, a Fragment out, or every error with its path.

One declaration (hub.model.schema.fragment) and two readers of it: msgspec decides, and only where it refuses, the
marshmallow schema derived from the same types is asked, because it names every error and not the first. A test holds
that both accept and refuse the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation, Rounded
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import marshmallow as ma
import msgspec
from babel.numbers import list_currencies
from msgspec import NODEFAULT, UNSET, Struct

from hub.model.language import reasons, words
from hub.model.schema.change import netted
from hub.model.schema.fragment import Fragment, Reason, Statement, Zero
from hub.model.schema.operation import Operation
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
    if not ((clean or _clean(made)) and _sound(made)):
        wrong = list(_rules(made, ""))
        if wrong:
            raise Invalid(wrong)
    return netted(counted(made))


def explain(data: dict[str, Any]) -> Errors:
    """Every error of this data, by marshmallow; empty where there is none."""
    try:
        schema_of(Fragment)().load(data)
    except ma.ValidationError as problem:
        return sorted(_flat(problem.normalized_messages(), ""))
    return []


def vocabulary() -> dict[str, Any]:
    """The canonical fields, their types and words, as plain data: what a mapping may say, and what it may read."""
    return {"inbound": _words(Fragment), "outbound": _words(Operation)}


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


def _whole(name: str, value: int) -> str:
    return "" if -WHOLE <= value <= WHOLE else "is a number of impossible size"


def _shown(value: Decimal) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:20]}… ({len(text)} characters)"


def _moment(name: str, value: datetime) -> str:
    return "" if value.tzinfo is not None else "names no time zone"


_RULES: dict[type, Callable[[str, Any], str]] = {Decimal: _amount, str: _text, datetime: _moment, int: _whole}


def _rules(value: Struct, path: str) -> Iterator[tuple[str, str]]:
    for name in value.__struct_fields__:
        field = f"{value.__class__.__name__}.{name}"
        yield from _rule(field, getattr(value, name), f"{path}.{name}" if path else name)


def _rule(field: str, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if value is None or value is UNSET:
        return
    check = _RULES.get(value.__class__)
    if check is not None:
        if why := check(field, value):
            yield path, why
    elif isinstance(value, Struct):
        yield from _rules(value, path)
        name = field.rpartition(".")[2]
        if isinstance(value, Statement) and name in AXES and value.value not in AXES[name]:
            yield f"{path}.value", _not_a_word(name, value.value)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _rule(field, item, f"{path}[{index}]")


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


def _not_a_word(axis: str, value: str) -> str:
    return f"{value!r} is no word of {axis}; it knows {', '.join(AXES[axis])}"


# -- the same types for marshmallow


class _Strict(ma.fields.Field[Any]):
    """A value that is already of its type (numbers also become Decimals), and its rule."""

    def __init__(self, kind: type, field: str, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind
        self.field = field

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        try:
            made: Any = msgspec.convert(value, self.kind)
        except (msgspec.ValidationError, ValueError) as problem:
            raise ma.ValidationError(str(problem)) from problem
        rule = _RULES.get(self.kind)
        if rule is not None and (why := rule(self.field, made)):
            raise ma.ValidationError(why)
        return made


@cache
def schema_of(kind: type[Struct]) -> type[ma.Schema]:
    """The marshmallow schema with the fields of this struct."""
    hints = get_type_hints(kind)
    made: dict[str, Any] = {}
    for spec in msgspec.structs.fields(kind):
        if spec.name in OURS:
            continue
        required = spec.default is NODEFAULT and spec.default_factory is NODEFAULT
        made[spec.name] = _field(hints[spec.name], f"{kind.__name__}.{spec.name}", required=required)
    made["Meta"] = type("Meta", (), {"unknown": ma.RAISE})
    return type(f"{kind.__name__}Schema", (ma.Schema,), made)


@cache
def _statement_on(axis: str) -> type[ma.Schema]:
    def check(word: str) -> None:
        if word not in AXES[axis]:
            raise ma.ValidationError(_not_a_word(axis, word))

    return type(
        f"{axis}Schema", (schema_of(Statement),), {"value": _Strict(str, "value", required=True, validate=check)}
    )


def _field(hint: Any, field: str, **options: Any) -> ma.fields.Field[Any]:
    kind, nullable = parts(hint)
    options["allow_none"] = nullable
    if get_origin(kind) is tuple:
        return ma.fields.List(_field(get_args(kind)[0], field), **options)
    if get_origin(kind) is Literal:
        words = get_args(kind)
        return ma.fields.String(validate=ma.validate.OneOf(words, error="{input!r} is none of {choices}"), **options)
    if kind is Statement:
        return ma.fields.Nested(_statement_on(field.rpartition(".")[2]), **options)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return ma.fields.Nested(schema_of(kind), **options)
    return _Strict(kind, field, **options)


def _flat(messages: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            here = f"{path}[{name}]" if isinstance(name, int) else f"{path}.{name}" if path else str(name)
            yield from _flat(inner, here)
    elif isinstance(messages, list):
        for message in messages:
            yield from _flat(message, path)
    else:
        yield path, str(messages)


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
