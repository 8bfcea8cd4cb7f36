"""Every text that the database can hold is swept: the tables themselves say which there are, so none is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import ARRAY, Column, LargeBinary, Table, Text, insert
from sqlalchemy.dialects.postgresql import JSONB

from hub.model.privacy.erasing import Eraser
from hub.store import raw, tables
from hub.store.database import Database
from hub.store.sweep import CONFIGURED, NOT_ABOUT_PEOPLE, sweep

MAIL = "jane.doe@example.com"
GONE = "***12345678"
THEN = datetime(2026, 3, 1, tzinfo=UTC)
HELD: list[tuple[type, Any]] = [
    (JSONB, {"said": [f"ask {MAIL}"]}),
    (LargeBinary, f'{{"to": "{MAIL}"}}'.encode()),
    (ARRAY, [MAIL]),
    (Text, f"for {MAIL.upper()}"),
]
"""How each type of column holds it."""
OTHERS = {int: 1, float: 1.0, bool: False, datetime: THEN}


def says(column: Column[Any]) -> Any:
    """A value of this column with the address in it; None for one that holds no text."""
    return next((value for kind, value in HELD if isinstance(column.type, kind)), None)


def least(table: Table) -> dict[str, Any]:
    """A row: the address in every text, and what the table does not do without."""
    made = {column.name: says(column) for column in table.columns if says(column) is not None and not column.computed}
    needed = [column for column in table.columns if not (column.nullable or column.server_default or column.identity)]
    return {column.name: OTHERS.get(column.type.python_type) for column in needed} | made


@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=lambda table: table.name)
def test_no_column_of_text_is_forgotten(database: Database, table: Table) -> None:
    eraser = Eraser({MAIL: GONE})
    with database.begin() as conn:
        raw.ready(conn, [THEN])
        conn.execute(insert(table).values(**least(table)))
        sweep(conn, eraser.address, eraser.name, eraser.bytes)
        (row,) = conn.execute(table.select()).mappings()
    texts = {name: bytes(v).decode() if isinstance(v, bytes | memoryview) else str(v) for name, v in row.items()}
    left = {name for name, text in texts.items() if MAIL in text.lower()}
    kept = {column.name for column in table.columns if says(column) is not None}
    assert left == (kept if table.name in NOT_ABOUT_PEOPLE else kept & CONFIGURED.get(table.name, frozenset()))


def test_what_is_configured_is_named_by_its_columns() -> None:
    for name, columns in CONFIGURED.items():
        assert columns <= set(tables.metadata.tables[name].columns.keys())
