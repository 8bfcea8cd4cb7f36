"""A place of its own in somebody's database, for what must neither meet nor change what is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url

from hub.store.database import Database, DatabaseError

_HELD = 7202


@contextmanager
def aside(url: str, schema: str) -> Iterator[str]:
    """The address of an empty schema of this name, gone again at the end; what a killed process left is dropped first.

    Raises DatabaseError while another process has one in this database.
    """
    database = Database(url, connections=1)
    try:
        with database.autocommit() as conn:
            mine = conn.exec_driver_sql(
                "SELECT pg_try_advisory_lock(%(k)s, hashtext(%(s)s))", {"k": _HELD, "s": schema}
            )
            if not mine.scalar_one():
                raise DatabaseError(
                    f"another process is using the schema {schema} of this database; end it first,"
                    " or name another database in HUB_DATABASE_URL"
                )
            conn.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
            conn.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
            try:
                yield _within(url, schema)
            finally:
                conn.exec_driver_sql(f'DROP SCHEMA "{schema}" CASCADE')
                # The server ends a closed connection in its own time: whoever comes next must not find it held.
                conn.exec_driver_sql("SELECT pg_advisory_unlock(%(k)s, hashtext(%(s)s))", {"k": _HELD, "s": schema})
    finally:
        database.close()


def _within(url: str, schema: str) -> str:
    """The same database, where every table that is made or asked for is this schema's."""
    parsed = make_url(url)
    given = parsed.query.get("options", ())
    options = " ".join([*([given] if isinstance(given, str) else given), f"-csearch_path={schema}"])
    return parsed.update_query_dict({"options": options}).render_as_string(hide_password=False)
