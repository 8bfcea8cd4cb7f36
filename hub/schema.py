"""The door to the canonical schema: plain data in, a Fragment out, or every error with its path.

One declaration (hub.model.fragment) and two readers of it: msgspec decides, and only where it refuses, the marshmallow
schema derived from the same types is asked, because it names every error and not the first. A test holds that both
accept and refuse the same.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import marshmallow as ma
import msgspec
from babel.numbers import list_currencies
from msgspec import NODEFAULT, UNSET, Struct, UnsetType

from hub.model import reasons, words
from hub.model.fragment import Fragment, Reason, Statement
from hub.model.operation import Operation

Errors = list[tuple[str, str]]
"""(path, what is wrong with it)."""

Checks = tuple[tuple[str, Callable[[Any], bool]], ...]

_encode = msgspec.json.Encoder().encode

LARGEST = Decimal(10) ** 15
FINEST = -10
CURRENCIES = frozenset(list_currencies())
NEVER_NEGATIVE = frozenset(
    {"quantity", "cancelled", "amount", "captured", "refunded", "shipped", "price", "total", "agreed"}
)
CURRENCY = frozenset({"currency", "presentment"})
AXES: dict[str, tuple[str, ...]] = {
    "authorization": get_args(words.Authorization),
    "acceptance": get_args(words.Acceptance),
    "exchange": get_args(words.Exchange),
    "dispute": get_args(words.Dispute),
    "closure": get_args(words.Closure),
}
"""What a statement on each axis may say."""
OURS = frozenset({"since"})
"""Fields that we keep ourselves and no mapping may say."""


class Invalid(ValueError):
    """A record that is not what the canonical schema says; `errors` holds every (path, why)."""

    def __init__(self, errors: Errors) -> None:
        super().__init__("; ".join(f"{path or 'record'}: {why}" for path, why in errors))
        self.errors = errors


def fragment(data: dict[str, Any]) -> Fragment:
    """The fragment that this plain data is. Raises Invalid with every error."""
    if not OURS.isdisjoint(data):
        raise Invalid(explain(data))
    try:
        made = msgspec.convert(data, Fragment, str_keys=False)
    except (msgspec.ValidationError, ValueError) as problem:
        raise Invalid(explain(data) or [("", str(problem))]) from problem
    if not (_clean(made) and _sound(made, _checks(Fragment))):
        wrong = list(_rules(made, ""))
        if wrong:
            raise Invalid(wrong)
    return made


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


# -- rules that a type cannot say


def _amount(name: str, value: Decimal) -> str:
    if not value.is_finite():
        return "is no number"
    if abs(value) >= LARGEST:
        return f"{value} is larger than anything that is sold or paid"
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < FINEST:
        return f"has more than {-FINEST} decimals"
    if value < 0 and name in NEVER_NEGATIVE:
        return f"{value} is below zero; amounts and quantities are positive, the field says the direction"
    return ""


def _text(name: str, value: str) -> str:
    if "\0" in value or not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        return "holds a character that is no text (NUL or half a surrogate pair)"
    if name == "code" and not reasons.known(value):
        return f"there is no reason {value!r}"
    if name in CURRENCY and value not in CURRENCIES:
        return f"there is no currency {value!r}"
    return ""


def _moment(name: str, value: datetime) -> str:
    return "" if value.tzinfo is not None else "names no time zone"


_RULES: dict[type, Callable[[str, Any], str]] = {Decimal: _amount, str: _text, datetime: _moment}


def _rules(value: Struct, path: str) -> Iterator[tuple[str, str]]:
    for name in value.__struct_fields__:
        yield from _rule(name, getattr(value, name), f"{path}.{name}" if path else name)


def _rule(name: str, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if value is None or value is UNSET:
        return
    check = _RULES.get(value.__class__)
    if check is not None:
        if why := check(name, value):
            yield path, why
    elif isinstance(value, Struct):
        yield from _rules(value, path)
        if isinstance(value, Statement) and name in AXES and value.value not in AXES[name]:
            yield f"{path}.value", _not_a_word(name, value.value)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _rule(name, item, f"{path}[{index}]")


# -- the same rules, for the many records that break none

_PIECE, _CENT = Decimal(1), Decimal("0.01")


def _clean(made: Fragment) -> bool:
    """No NUL and no half surrogate anywhere: one pass in C. A text that spells out the escape only looks suspicious."""
    try:
        return b"\\u0000" not in _encode(made)
    except UnicodeEncodeError:
        return False


def _sound(value: Struct, checks: Checks) -> bool:
    for name, fits in checks:
        inner = getattr(value, name)
        if inner is not UNSET and inner is not None and not fits(inner):
            return False
    return True


@cache
def _checks(kind: type[Struct]) -> Checks:
    """The fields of this struct that a rule concerns, each with its test; whole branches without any are left out."""
    hints = get_type_hints(kind)
    found = ((name, _check(name, hints[name])) for name in kind.__struct_fields__)
    return tuple((name, fits) for name, fits in found if fits is not None)


def _check(name: str, hint: Any) -> Callable[[Any], bool] | None:
    kind, _ = _kind(hint)
    if kind is Decimal:
        least = Decimal(0) if name in NEVER_NEGATIVE else 1 - LARGEST
        # Pieces and cents are told at once; whatever else there is goes by the rule.
        return lambda value: (
            ((value.same_quantum(_CENT) or value.same_quantum(_PIECE)) and least <= value < LARGEST)
            or not _amount(name, value)
        )
    if kind is Statement:
        others, said = _checks(Statement), AXES[name]
        return lambda value: value.value in said and _sound(value, others)
    if kind is datetime or (kind is str and (name in CURRENCY or name == "code")):
        rule = _RULES[kind]
        return lambda value: not rule(name, value)
    if get_origin(kind) is tuple:
        inner = _check(name, get_args(kind)[0])
        return None if inner is None else lambda value: all(map(inner, value))
    if isinstance(kind, type) and issubclass(kind, Struct):
        checks = _checks(kind)
        return (lambda value: _sound(value, checks)) if checks else None
    return None


def _not_a_word(axis: str, value: str) -> str:
    return f"{value!r} is no word of {axis}; it knows {', '.join(AXES[axis])}"


# -- the same types for marshmallow


def _of_axis(axis: str) -> Callable[[dict[str, Any]], None]:
    def check(said: dict[str, Any]) -> None:
        if said["value"] not in AXES[axis]:
            raise ma.ValidationError({"value": [_not_a_word(axis, said["value"])]})

    return check


class _Strict(ma.fields.Field[Any]):
    """A value that is already of its type (numbers also become Decimals), and its rule."""

    def __init__(self, kind: type, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        try:
            made: Any = msgspec.convert(value, self.kind)
        except (msgspec.ValidationError, ValueError) as problem:
            raise ma.ValidationError(str(problem)) from problem
        rule = _RULES.get(self.kind)
        if rule is not None and (why := rule(attr or "", made)):
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
        extra = {"validate": _of_axis(spec.name)} if kind is Fragment and spec.name in AXES else {}
        made[spec.name] = _field(hints[spec.name], required=required, **extra)
    made["Meta"] = type("Meta", (), {"unknown": ma.RAISE})
    return type(f"{kind.__name__}Schema", (ma.Schema,), made)


def _field(hint: Any, **options: Any) -> ma.fields.Field[Any]:
    kind, nullable = _kind(hint)
    options["allow_none"] = nullable
    if get_origin(kind) is tuple:
        return ma.fields.List(_field(get_args(kind)[0]), **options)
    if get_origin(kind) is Literal:
        words = get_args(kind)
        return ma.fields.String(validate=ma.validate.OneOf(words, error="{input!r} is none of {choices}"), **options)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return ma.fields.Nested(schema_of(kind), **options)
    return _Strict(kind, **options)


def _kind(hint: Any) -> tuple[Any, bool]:
    """The type behind `X | None | UnsetType`, and whether null is allowed."""
    if get_origin(hint) in (Union, types.UnionType):
        parts = [part for part in get_args(hint) if part not in (type(None), UnsetType)]
        return parts[0], type(None) in get_args(hint)
    return hint, False


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
    kind, _ = _kind(hint)
    if get_origin(kind) is tuple:
        return {"type": "list", **{k: v for k, v in _word(get_args(kind)[0]).items() if k != "type"}}
    if get_origin(kind) is dict:
        return {"type": "any"}
    if get_origin(kind) is Literal:
        return {"type": "word", "words": list(get_args(kind))}
    if isinstance(kind, type) and issubclass(kind, Struct):
        return {"type": "object", "fields": _words(kind)}
    return {"type": getattr(kind, "__name__", str(kind)).lower()}
