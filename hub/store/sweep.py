"""Every text that the database keeps, whatever table and column it stands in: for what may stand nowhere any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError

from hub.store.connection import Connection
from hub.store.observations import digest

PAGE = 50
"""Rows in memory at a time: a body may have some megabytes."""
NOT_ABOUT_PEOPLE = frozenset({"erased", "alembic_version"})
"""Digests; everything else may hold what somebody said."""
_SETTINGS = "name connector mapping settings secrets grants terms state alerted"
CONFIGURED = {"accounts": frozenset(_SETTINGS.split())}
"""Columns that whoever runs the hub wrote."""
NORMAL = frozenset({"keys", "bearers", "typed_references"})
"""Tables of names in their normal form."""
FIRST = ("inbox", "jobs")
"""Whoever is taking a message in holds its rows: they are waited for, and what they then wrote is met later."""
LAST = ("accounts", "webhooks")
"""Every call writes there how it went: their rows are held for as short a time as can be."""
_BODIES = frozenset({"inbox", "raw"})
_CASTS = {"jsonb": "::jsonb", "json": "::json", "ARRAY": "::text[]"}
_KINDS = ("text", "character varying", "jsonb", "json", "bytea", "ARRAY")

Clean = Callable[[str], str]
Body = Callable[[bytes], bytes | None]


class _Table(NamedTuple):
    name: str
    columns: Sequence[tuple[str, str]]
    """(name, kind)."""


def sweep(conn: Connection, clean: Clean, name: Clean, body: Body) -> int:
    """Have every text of every row cleaned (`name`: the normal forms of names; `body`: what somebody sent, which may be
    no UTF-8; None drops it); how many rows were changed."""
    changed = 0
    for table in sorted(_tables(conn), key=lambda one: (one.name not in FIRST, one.name in LAST, one.name)):
        for place, values in _rows(conn, table):
            new = [_cleaned(value, name if table.name in NORMAL else clean, body) for value in values]
            if new != list(values):
                changed += 1
                _write(conn, table, place, new)
                if any(table.name.startswith(name) for name in _BODIES):
                    _same(conn, table, values, new)
    return changed


def _tables(conn: Connection) -> list[_Table]:
    """Tables and partitions with their columns of text; a partitioned table has no rows of its own, and a column that
    is computed says what others do."""
    found = conn.exec_driver_sql(
        "SELECT c.relname, i.column_name, i.data_type FROM pg_class c JOIN information_schema.columns i"
        " ON i.table_schema = current_schema() AND i.table_name = c.relname"
        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'"
        " AND i.data_type = ANY(%(k)b::text[]) AND i.is_generated = 'NEVER'"
        " ORDER BY c.relname, i.ordinal_position",
        {"k": list(_KINDS)},
    )
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in found:
        if table not in NOT_ABOUT_PEOPLE and column not in CONFIGURED.get(table, ()):
            tables.setdefault(table, []).append((column, kind))
    return [_Table(name, columns) for name, columns in tables.items()]


def _rows(conn: Connection, table: _Table) -> Iterator[tuple[str, Sequence[object]]]:
    """Every row by its place, a page in memory at a time; a row that was changed comes again, further on."""
    listed = ", ".join(f'"{name}"' if kind == "bytea" else f'"{name}"::text' for name, kind in table.columns)
    after = "(0,0)"
    while True:
        page = conn.exec_driver_sql(
            f'SELECT ctid::text, {listed} FROM "{table.name}" WHERE ctid > %(a)s::tid'
            " ORDER BY ctid LIMIT %(n)s FOR UPDATE",
            {"a": after, "n": PAGE},
        ).all()
        for place, *values in page:
            yield place, values
        if len(page) < PAGE:
            return
        after = page[-1][0]


def _cleaned(value: object, clean: Clean, body: Body) -> object:
    if isinstance(value, str):
        return clean(value)
    return body(bytes(value)) if isinstance(value, bytes | memoryview) else value


def _write(conn: Connection, table: _Table, place: str, new: Sequence[object]) -> None:
    """A name that is a key may have its new form already: then the row says nothing more."""
    named = {name: value for (name, _), value in zip(table.columns, new, strict=True)}
    to = ", ".join(
        f'"{name}" = %({name})b' if kind == "bytea" else f'"{name}" = %({name})s{_CASTS.get(kind, "")}'
        for name, kind in table.columns
    )
    try:
        with conn.begin_nested():
            conn.exec_driver_sql(f'UPDATE "{table.name}" SET {to} WHERE ctid = %(ctid)s::tid', {**named, "ctid": place})
    except IntegrityError:
        conn.exec_driver_sql(f'DELETE FROM "{table.name}" WHERE ctid = %(ctid)s::tid', {"ctid": place})


def _same(conn: Connection, table: _Table, old: Sequence[object], new: Sequence[object]) -> None:
    """The record that a body said is what the cleaned body says: reading it again is no news."""
    place = next(index for index, (name, _) in enumerate(table.columns) if name == "body")
    before, after = old[place], new[place]
    if isinstance(before, bytes | memoryview) and isinstance(after, bytes | None):
        conn.exec_driver_sql(
            "UPDATE observations SET digest = %(n)b WHERE digest = %(o)b",
            {"o": digest(bytes(before)), "n": digest(after)},
        )
