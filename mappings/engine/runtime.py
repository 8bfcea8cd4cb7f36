"""What generated functions use while they run, in the stock interpreter's meaning."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from numbers import Number
from typing import Any

from jmespath import visitor

NUMBERS = (int, float, Decimal)


class _Expression:
    """An expression reference (&name), in the shape that the stock functions know (they check this class's name)."""

    def __init__(self, expression: Callable[[Any], Any]) -> None:
        self.expression = expression

    def visit(self, expression: Callable[[Any], Any], value: Any) -> Any:
        return expression(value)


def flatten(base: list[Any]) -> list[Any]:
    """One level less of lists."""
    merged: list[Any] = []
    for element in base:
        if element.__class__ is list:
            merged.extend(element)
        else:
            merged.append(element)
    return merged


def order(compare: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """< <= > >= between two numbers or two texts; anything else is null."""
    return compare(left, right) if _comparable(left) and _comparable(right) else None


def _comparable(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, Number) and not isinstance(value, bool))


def index(value: Any, number: int) -> Any:
    """An element of a list, or null."""
    if value.__class__ is list and -len(value) <= number < len(value):
        return value[number]
    return None


RUNTIME: dict[str, Any] = {
    "NUMBERS": NUMBERS,
    "EXPREF": _Expression,
    "FLATTEN": flatten,
    "ORDER": order,
    "INDEX": index,
    "EQUALS": visitor.TreeInterpreter.COMPARATOR_FUNC["eq"],
    **{name: visitor.TreeInterpreter.COMPARATOR_FUNC[name] for name in ("lt", "gt", "lte", "gte")},
}
