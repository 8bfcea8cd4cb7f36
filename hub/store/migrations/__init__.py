"""The steps from one version of the tables to the next; the newest equals `hub.store.tables`, a test compares them.

A new step: change `tables.py`, then

    python -c "from hub.store.migrations import write; write('postgresql://...an empty database...', 'what changes')"

and read what was written: sequences, and columns that need a value for old rows, are not seen by it.
"""

from __future__ import annotations

from typing import Any

from alembic import command
from sqlalchemy.schema import SchemaItem


def compared(item: SchemaItem, name: str | None, kind: str, reflected: bool, _: Any) -> bool:
    """The months of `raw` come and go; they are not part of the schema."""
    table = name if kind == "table" else getattr(getattr(item, "table", None), "name", None)
    return not (reflected and str(table).startswith("raw_"))


def write(url: str, what: str) -> None:
    """Upgrade a scratch database and write the step that leads from there to `tables.py`."""
    from hub.store import database

    database.upgrade(url)
    opened = database.Database(url)
    with opened.begin() as conn:
        command.revision(database.migrations(conn), what, autogenerate=True)
    opened.close()
