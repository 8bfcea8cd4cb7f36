"""The closed catalogue: JMESPath's own functions, taught exact decimals, and the mapping language's typed ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from inspect import Parameter, signature
from typing import Any

import msgspec
from jmespath import functions as stock

from mappings.engine import patterns, times, values
from mappings.engine.errors import Untranslatable
from mappings.engine.tables import Reverse, Table

TYPED: dict[str, Callable[..., Any]] = {
    "abs": values.absolute,
    "concat": values.concat,
    "country": values.country,
    "currency": values.currency,
    "date": times.day,
    "decimal": values.to_decimal,
    "distinct": values.distinct,
    "divide": values.divide,
    "epoch": times.epoch,
    "first": values.first,
    "instant": times.instant,
    "iso": times.iso,
    "key": values.key,
    "lower": values.lower,
    "minor_units": values.minor_units,
    "minus": values.minus,
    "money": values.money,
    "negate": values.negate,
    "per_piece": values.per_piece,
    "plus": values.plus,
    "ref": values.ref,
    "regex": patterns.regex,
    "split": values.split,
    "sum": values.sum_of,
    "text": values.text,
    "times": values.times,
    "to_minor_units": values.to_minor_units,
    "trim": values.trim,
    "upper": values.upper,
}
"""Functions that depend on nothing but their arguments. `lookup` and `reverse` belong to a mapping's tables."""

_NUMBERS = ("int", "float", "Decimal")
_as_json = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode
_signature = stock.signature


class Catalogue(stock.Functions):
    """All functions of one mapping. Numbers are int and Decimal: exact, never a float."""

    def __init__(self, tables: Mapping[str, Table], reverses: Mapping[str, Reverse]) -> None:
        self.tables = tables
        self.reverses = reverses

    def call_function(self, function_name: str, resolved_args: Any) -> Any:
        name, args = function_name, resolved_args
        if name == "lookup":
            return self.tables[args[0]].ask(*args[1:])
        if name == "reverse" and len(args) == 2:
            return self.reverses[args[0]].ask(args[1])
        typed = TYPED.get(name)
        return typed(*args) if typed is not None else super().call_function(name, args)

    def _get_allowed_pytypes(self, types: Any) -> Any:
        allowed, subtypes = super()._get_allowed_pytypes(types)  # type: ignore[misc]
        if "float" in allowed:
            allowed = [*allowed, "Decimal"]
        return allowed, [_NUMBERS if "float" in names else names for names in subtypes]

    def _convert_to_jmespath_type(self, pyobject: str) -> str:
        return "number" if pyobject == "Decimal" else str(super()._convert_to_jmespath_type(pyobject))  # type: ignore[misc]

    @_signature({"types": ["array-number"]})
    def _func_avg(self, arg: list[Any]) -> Decimal | None:
        return sum(map(Decimal, arg), Decimal(0)) / len(arg) if arg else None

    @_signature({"types": []})
    def _func_to_string(self, arg: Any) -> str:
        return arg if isinstance(arg, str) else _as_json(arg).decode()

    @_signature({"types": []})
    def _func_to_number(self, arg: Any) -> Any:
        if isinstance(arg, int | Decimal) and not isinstance(arg, bool):
            return arg
        try:
            number = values.to_decimal(arg) if isinstance(arg, str) else None
        except Untranslatable:
            return None
        if number is None:
            return None
        return int(number) if number == number.to_integral_value() and "." not in arg else number

    @_signature({"types": []})
    def _func_type(self, arg: Any) -> Any:
        return "number" if isinstance(arg, Decimal) else super()._func_type(arg)  # type: ignore[misc]

    @_signature({"types": ["number"]})
    def _func_ceil(self, arg: Any) -> int:
        return int(math.ceil(arg))

    @_signature({"types": ["number"]})
    def _func_floor(self, arg: Any) -> int:
        return int(math.floor(arg))


def arity(name: str) -> tuple[int, int | None] | None:
    """How many arguments a function takes (least, most; None: any number), or None when there is no such function."""
    if name == "lookup":
        return 2, None
    if name == "reverse":
        return 1, 2
    if name in TYPED:
        least, most = 0, 0
        for parameter in signature(TYPED[name]).parameters.values():
            if parameter.kind is Parameter.VAR_POSITIONAL:
                return max(least, 1), None
            least += parameter.default is Parameter.empty
            most += 1
        return least, most
    spec = Catalogue.FUNCTION_TABLE.get(name)
    if spec is None:
        return None
    count = len(spec["signature"])
    return count, None if spec["signature"][-1].get("variadic") else count


def names() -> list[str]:
    """Every function there is."""
    return sorted({"lookup", *TYPED, *Catalogue.FUNCTION_TABLE})
