"""Everything a hub's database holds, as one text: what is erased stands nowhere in it."""

from __future__ import annotations

import json

from hub.store.database import Database


def dump(database: Database) -> str:
    """Every row of every table; bytes as the text they are."""
    found = []
    with database.begin() as conn:
        tables = conn.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        )
        for table in sorted(tables.scalars()):
            for row in conn.exec_driver_sql(f'SELECT * FROM "{table}"'):
                found.append(f"{table}: " + " | ".join(map(_text, row)))
    return "\n".join(found)


def _text(value: object) -> str:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode("utf-8", "backslashreplace")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
