"""Long lists, a slice at a time: each reads about what it shows, however long the list is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, desc, literal, select, true, tuple_

from hub.store.connection import Connection

PAGE = 50
"""Rows per page; the next page starts after the last row's key, so depth costs nothing."""
WINDOW = 1_000
"""Rows that are looked through for one page where no index leads to those that are wanted."""

Columns = Any
"""The columns of a statement, by name."""


@dataclass(frozen=True)
class Slice:
    """Some rows, and the key after which the next ones follow (None: these were the last)."""

    rows: Sequence[Any]
    after: tuple[Any, ...] | None


def newest(
    conn: Connection,
    rows: Select[Any],
    key: Sequence[ColumnElement[Any]],
    after: Sequence[Any] | None = None,
    limit: int = PAGE,
) -> Slice:
    """These rows, the highest key first; an index leads to them in this order."""
    found = conn.execute(_descending(rows, key, after).limit(limit + 1)).all()
    return Slice(found[:limit], _key(found[limit - 1], key) if len(found) > limit else None)


def sifted(
    conn: Connection,
    rows: Select[Any],
    key: Sequence[ColumnElement[Any]],
    wanted: Callable[[Columns], Sequence[ColumnElement[bool]]],
    after: Sequence[Any] | None = None,
    limit: int = PAGE,
    shown: Callable[[Columns], Sequence[ColumnElement[Any]]] = list,
) -> Slice:
    """Of these rows those that are `wanted`, as far as they are among the next WINDOW, with the columns that are
    `shown`. There may be few or none, and yet more to come: then the slice ends where the window did."""
    window = _descending(rows, key, after).limit(WINDOW)
    inner = window.subquery()
    keys = [inner.c[str(column.key)] for column in key]
    ordered = select(*shown(inner.c)).where(*wanted(inner.c)).order_by(*map(desc, keys))
    found = conn.execute(ordered.limit(limit + 1)).all()
    if len(found) > limit:
        return Slice(found[:limit], _key(found[limit - 1], key))
    last = conn.execute(select(*keys).offset(WINDOW - 1)).first()
    return Slice(found, None if last is None else tuple(last))


def united(
    conn: Connection, each: FromClause, rows: Select[Any], key: Sequence[ColumnElement[Any]], limit: int = PAGE
) -> Slice:
    """The highest keys of several lists. `rows` are the list of one row of `each`; its keys alone are looked for first,
    which only the index can say that leads to just this list."""
    inner = rows.with_only_columns(*key).order_by(*map(desc, key)).limit(limit + 1).lateral()
    names = [str(column.key) for column in key]
    highest = (
        select(inner)
        .select_from(each.join(inner, true()))
        .order_by(*(desc(inner.c[name]) for name in names))
        .limit(limit + 1)
    )
    keys = [tuple(row) for row in conn.execute(highest)]
    (table,) = {column.table for column in key}
    shown = select(*rows.selected_columns).select_from(table).where(tuple_(*key).in_(keys[:limit]))
    found = conn.execute(shown.order_by(*map(desc, key))).all() if keys else ()
    return Slice(found, keys[limit - 1] if len(keys) > limit else None)


def _descending(rows: Select[Any], key: Sequence[ColumnElement[Any]], after: Sequence[Any] | None) -> Select[Any]:
    if after is not None:
        rows = rows.where(tuple_(*key) < tuple_(*map(literal, after)))
    return rows.order_by(*map(desc, key))


def _key(row: Any, key: Sequence[ColumnElement[Any]]) -> tuple[Any, ...]:
    return tuple(row._mapping[column.key] for column in key)
