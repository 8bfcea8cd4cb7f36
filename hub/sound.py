"""Rules over the fields of structs, written out as one Python function: cheap where nothing is wrong."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec import UNSET, Struct, UnsetType

Condition = Callable[[str, Any], str]
"""(Struct.field, type) -> Python text over `{it}` that is true of a value that fits; "" where all of them do."""


def compiled(kind: type[Struct], condition: Condition, names: Mapping[str, Any]) -> Callable[[Any], bool]:
    """A function: does every field of a struct of this kind, however deep, fit its condition?

    `names` are the names in the conditions' texts. One that raises ArithmeticError (a signalling NaN) does not fit.
    """
    lines = [
        "def sound(it):",
        " try:",
        *_Writer(condition).struct(kind, "it", "  "),
        "  return True",
        " except ArithmeticError:",
        "  return False",
    ]
    namespace: dict[str, Any] = {**names, "UNSET": UNSET}
    exec(compile("\n".join(lines), f"<sound {kind.__name__}>", "exec"), namespace)  # noqa: S102 names of our own fields
    function: Callable[[Any], bool] = namespace["sound"]
    return function


def parts(hint: Any) -> tuple[Any, bool]:
    """The type behind `X | None | UnsetType`, and whether null is allowed."""
    if get_origin(hint) in (Union, types.UnionType):
        found = [part for part in get_args(hint) if part not in (type(None), UnsetType)]
        return found[0], type(None) in get_args(hint)
    return hint, False


class _Writer:
    """Writes the test of a struct; fields that no condition concerns leave no trace."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self.names = (f"it{number}" for number in count(1))

    def struct(self, kind: type[Struct], variable: str, pad: str) -> Iterator[str]:
        for name, hint in get_type_hints(kind).items():
            value = next(self.names)
            tests = list(self.value(f"{kind.__name__}.{name}", hint, value, pad))
            if tests:
                yield f"{pad}{value} = {variable}.{name}"
                yield from tests

    def value(self, name: str, hint: Any, it: str, pad: str) -> Iterator[str]:
        kind, _ = parts(hint)
        inner = pad if kind is hint else f"{pad} "
        tests = list(self.present(name, kind, it, inner))
        if tests and inner != pad:
            yield f"{pad}if {it} is not UNSET and {it} is not None:"
        yield from tests

    def present(self, name: str, kind: Any, it: str, pad: str) -> Iterator[str]:
        if get_origin(kind) is tuple:
            element = next(self.names)
            tests = list(self.value(name, get_args(kind)[0], element, f"{pad} "))
            if tests:
                yield f"{pad}for {element} in {it}:"
                yield from tests
            return
        if text := self.condition(name, kind):
            yield f"{pad}if not ({text.format(it=it)}): return False"
        if isinstance(kind, type) and issubclass(kind, Struct):
            yield from self.struct(kind, it, pad)
