"""One odd row of an order stops itself, never its order: it is left out, and said on every return of the order.

Of a row that only says one thing too much (`refunded` below zero) that field alone is left out. Asked only where the
strict reading refused; what is wrong outside of rows, and a word that no table lists, refuse the record as before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hub import schema
from hub.accounts import Account
from hub.model.schema.fragment import Component, Fragment, Order, OrderLine, Payment, Refund

ROWS: Mapping[str, type[Struct]] = {
    "order.payments": Payment,
    "order.lines": OrderLine,
    "order.lines.components": Component,
    "refunds": Refund,
}
"""Lists of the record of an order whose rows stand for themselves."""

MOST = 20
"""Where more rows are odd, it is the mapping or the sender that is: the record is refused, and asked about once."""

_ROW = re.compile(r"((?:order\.lines\[\d+\]\.components|order\.lines|order\.payments|refunds))\[(\d+)\](?:\.(\w+)\Z)?")
_INDEX = re.compile(r"\[\d+\]")


def readable(account: Account, stream: str, record: dict[str, Any]) -> Fragment | None:
    """The record of an order without what cannot be read of it. None, or an error: something else is wrong with it."""
    mapped, spared = account.dictionary.read_spared(stream, record, account.settings, account=account.name, spare=ROWS)
    left = [f"{_place(row.list, row.row, row.path)} ({row.why})" for row in spared]
    while True:
        try:
            fragment = schema.fragment(mapped, clean=True)
            break
        except schema.Invalid as problem:
            left += _left_out(mapped, problem.errors)
    order = fragment.order
    if not isinstance(order, Order) or len(left) > MOST:
        return None
    return replace(fragment, order=replace(order, left_out=(*order.left_out, *left)))


def _left_out(mapped: dict[str, Any], errors: schema.Errors) -> list[str]:
    """Takes out of this plain data whatever the errors name. Raises Invalid where one names no row of an order."""
    whys: dict[str, list[str]] = {}
    gone: set[tuple[str, int]] = set()
    for path, why in errors:
        found = _ROW.match(path)
        if found is None or not isinstance(mapped.get("order"), dict):
            raise schema.Invalid(errors)
        rows, number, field = found[1], int(found[2]), found[3]
        kind, row = _INDEX.sub("", rows), _at(mapped, rows)[number]
        if field in _spare(kind):
            row.pop(field, None)
        else:
            gone.add((rows, number))
        place = _place(kind, row, f"{kind.rpartition('.')[2]}[{number}]")
        whys.setdefault(place, []).append(f"{field}: {why}" if field else why)
    # Inner rows first, and of one list the last first: the numbers of the others stay right.
    for rows, number in sorted(gone, key=lambda one: (one[0].count("["), one[1]), reverse=True):
        del _at(mapped, rows)[number]
    return [f"{place} ({'; '.join(said)})" for place, said in whys.items()]


def _at(mapped: dict[str, Any], rows: str) -> Any:
    """The list under this path."""
    value: Any = mapped
    for step in re.findall(r"\w+", rows):
        value = value[int(step)] if step.isdigit() else value[step]
    return value


def _spare(kind: str) -> set[str]:
    """Fields that a row can do without."""
    return {field.name for field in msgspec.structs.fields(ROWS[kind]) if not field.required}


def _place(kind: str, row: Any, otherwise: str) -> str:
    """How people find the row: the list, and what it is called there."""
    named = next((row[word] for word in ("id", "sku") if row.get(word)), None) if isinstance(row, dict) else None
    return f"{kind.rpartition('.')[2]} {named}" if named else otherwise
