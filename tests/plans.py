"""What every statement reads: each is explained where it is sent, with what it is sent with, before it is carried out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import sql
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer
from psycopg.types import TypeInfo
from sqlalchemy import Engine, event

from hub.store.connection import Connection, Result

BOUND = 2_000
"""Rows that one step of a statement may read, whatever it then leaves out."""

_PLANNED = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)


@contextmanager
def judged(bound: int = BOUND) -> Iterator[list[str]]:
    """What is sent meanwhile and reads more than it may: a line for each step of each statement."""
    found: list[str] = []

    def before(raw: Any, statement: str, parameters: Any) -> None:
        if _PLANNED.match(statement) and "nextval(" not in statement:  # a number that is drawn stays drawn
            found.extend(f"{line}: {statement}" for line in too_much(explained(raw, statement, parameters), bound))

    send = Connection.exec_driver_sql

    def seen(conn: Connection, statement: str, parameters: Any = None) -> Result:
        before(conn.sql.connection.driver_connection, statement, parameters)
        return send(conn, statement, parameters)

    def put_together(conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        before(conn.connection.driver_connection, statement, parameters)

    event.listen(Engine, "before_cursor_execute", put_together)
    try:
        with pytest.MonkeyPatch.context() as patches:
            patches.setattr(Connection, "exec_driver_sql", seen)
            yield found
    finally:
        event.remove(Engine, "before_cursor_execute", put_together)


def explained(raw: Any, statement: str, parameters: Any) -> list[dict[str, Any]]:
    """The nodes of what PostgreSQL did for it; what it changed is taken back. `raw`: psycopg's connection."""
    begin, end = ("BEGIN", "ROLLBACK") if raw.autocommit else ("SAVEPOINT judged", "ROLLBACK TO SAVEPOINT judged")
    query = PostgresQuery(Transformer(raw))
    query.convert(statement, parameters)
    types = ", ".join(_type(raw.adapters.types.get(oid), oid) for oid in query.types)
    values = [sql.Literal(parameters[name]).as_string(raw) for name in query._order or ()]
    with raw.cursor() as cursor:
        cursor.execute(begin)
        try:
            # Prepared, as psycopg does it: so it is planned for any value, where the connection says so.
            cursor.execute(f"PREPARE judged {f'({types})' if types else ''} AS ".encode() + query.query)
            call = f"EXECUTE judged {'(' + ', '.join(values) + ')' if values else ''}"
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {call}".replace("%", "%%"), {})
            ((plan,),) = cursor.fetchall()
        finally:
            cursor.execute(end)
            cursor.execute("DEALLOCATE judged")
    nodes, left = [], [plan[0]["Plan"]]
    while left:
        nodes.append(left.pop())
        left += nodes[-1].get("Plans", ())
    return nodes


def _type(known: TypeInfo | None, oid: int) -> str:
    if known is None:
        return "unknown"
    return f"{known.name}[]" if oid == known.array_oid else known.name


def too_much(nodes: list[dict[str, Any]], bound: int) -> Iterator[str]:
    for node in nodes:
        removed = sum(rows for name, rows in node.items() if name.startswith("Rows Removed"))
        read = round((node["Actual Rows"] + removed) * node["Actual Loops"])
        if read > bound:
            about = " ".join(node[name] for name in ("Relation Name", "Index Name", "Filter") if name in node)
            yield f"{read} rows by {node['Node Type']} {about}".rstrip()
