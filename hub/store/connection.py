"""What a transaction is given: statements go to psycopg's own cursor, which costs a quarter of what SQLAlchemy's does.

SQLAlchemy keeps the pool, the transaction's begin and end, and the few selects that are put together (`execute`). What
goes wrong is raised as its DBAPIError, a connection that broke is taken out of its pool: as for a statement of its own.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy
from psycopg import Cursor, Error
from psycopg.rows import no_result
from sqlalchemy import CursorResult, Executable, NestedTransaction
from sqlalchemy.exc import MultipleResultsFound, NoResultFound


class Result:
    """What a statement gave: rows that are tuples with names, all of them here already."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Sequence[Any], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount
        """How many rows it found or changed."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        """Every row."""
        return self._rows

    def first(self) -> Any:
        """The first row, or None."""
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        """The only row. Raises where there is none, or another one."""
        if len(self._rows) == 1:
            return self._rows[0]
        raise (MultipleResultsFound if self._rows else NoResultFound)(f"{len(self._rows)} rows instead of one")

    def scalar(self) -> Any:
        """The first value of the first row, or None."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """The first value of the only row."""
        return self.one()[0]

    def scalars(self) -> list[Any]:
        """The first value of every row."""
        return [row[0] for row in self._rows]


class Connection:
    """One transaction's, usable until it ends. `sql`: its SQLAlchemy connection."""

    __slots__ = ("_by_value", "_cursor", "due", "sql")

    def __init__(self, sql: sqlalchemy.Connection) -> None:
        self.sql = sql
        self.due: set[str] = set()
        """Kinds of work that it makes due: once it is committed, whoever does such work is woken."""
        self._by_value = False
        self._cursor: Any = sql.connection.cursor(row_factory=_rows)

    def exec_driver_sql(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Result:
        """Run this text, with parameters written `%(name)s` (so a per cent sign is `%%`)."""
        cursor = self._cursor
        try:
            cursor.execute(statement, parameters or {})
            return Result(cursor.fetchall() if cursor.pgresult.nfields else (), cursor.rowcount)
        except BaseException as error:
            # SQLAlchemy's one place that knows which errors break a connection, and what becomes of the pool then.
            about = statement if isinstance(error, Error) else None
            self.sql._handle_dbapi_exception(error, about, None, None, None)

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement that was put together by SQLAlchemy. From here on this transaction's are planned for their
        values: what people ask for is rare or frequent, and there are too many of these to know what they need."""
        if not self._by_value:
            self._by_value = True
            self.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")
        return self.sql.execute(statement, parameters)

    def begin_nested(self) -> NestedTransaction:
        """A part that can fail by itself."""
        return self.sql.begin_nested()

    def close(self) -> None:
        """The transaction has ended; whoever goes on would be in somebody else's."""
        self._cursor.close()


def _rows(cursor: Cursor[Any]) -> Callable[[Sequence[Any]], Any]:
    found = cursor.pgresult
    if found is None or not found.nfields:
        return no_result
    return _named(*(found.fname(n) for n in range(found.nfields)))


@lru_cache(1024)
def _named(*names: bytes | None) -> Callable[[Sequence[Any]], Any]:
    row: Any = namedtuple("Row", [(name or b"").decode() for name in names], rename=True)  # type: ignore[misc]
    made: Callable[[Sequence[Any]], Any] = row._make
    return made
