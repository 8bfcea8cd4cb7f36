"""Where something stands in a record: the paths of a manifest's `personal` and `customer`, read and masked.

A place is the plain part of JMESPath, names and lists (`lines[].comment`): only there a value can be masked, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from connectors.kit.masking import MASK

STEP = re.compile(r"([A-Za-z_]\w*)(\[\])?\Z")


def steps(place: str) -> tuple[tuple[str, bool], ...]:
    """Each name, and whether a list follows it. Raises ValueError where it is more than names and lists."""
    found = [STEP.match(step) for step in place.split(".")]
    if not all(found):
        raise ValueError(f"{place!r} is more than names and lists, such as lines[].comment")
    return tuple((step[1], step[2] is not None) for step in found if step)


def values(record: Any, places: Sequence[str]) -> Iterator[str]:
    """Every text and number at or below these places; what is masked is none."""
    found: list[str] = []
    for place in places:
        _visit(record, steps(place), lambda value: found.append(str(value)))
    return (value for value in found if value.strip() and value != MASK)


def masked(record: Any, places: Sequence[str]) -> Any:
    """The record with every text and number at or below these places masked: what is counted and named stays."""
    for place in places:
        record = _visit(record, steps(place), lambda _: MASK)
    return record


def _visit(value: Any, way: Sequence[tuple[str, bool]], do: Callable[[Any], Any]) -> Any:
    """`value`, with what `do` makes of the leaves at the end of the way; `value` itself where nothing changed."""
    if not way:
        return _leaves(value, do)
    (name, many), rest = way[0], way[1:]
    inner = value.get(name) if isinstance(value, dict) else None
    if many:
        if not isinstance(inner, list):
            return value
        new: Any = [_visit(item, rest, do) for item in inner]
        return {**value, name: new} if any(a is not b for a, b in zip(new, inner, strict=True)) else value
    new = _visit(inner, rest, do)
    return value if new is inner else {**value, name: new}


def _leaves(value: Any, do: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: _leaves(inner, do) for name, inner in value.items()}
    if isinstance(value, list):
        return [_leaves(inner, do) for inner in value]
    if value is None or isinstance(value, bool) or value == "" or value == MASK:
        return value
    return do(value)
