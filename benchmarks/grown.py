"""A store of as many returns as one likes (simulated): copies of a few that the hub made, by SQL for whole sets.

A copy has all rows of its template in every table, with another number in all texts, as if it had come at another time
of the last year. What does not come with a return (work that waits, links that people cut) is made beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from hub.store import raw
from hub.store.database import Connection, Database
from hub.store.tables import metadata

CHUNK = 100_000
BEGIN = 1001
"""The number of the first copy."""
DAYS = 365
FEW = frozenset({"accounts", "counts", "webhooks", "cursors", "budgets", "ticks", "held_names"})
"""Tables that do not grow with the returns: an account or a task has a row there, or what is summed up again."""
BESIDE = {
    "jobs": "(kind, account, key, due) SELECT kind, account, name || n, clock_timestamp() + interval '1 day'"
    " FROM copies, (VALUES ('deliver', 'erp', 'return:'), ('process', 'web', 'return/T')) AS j(kind, account, name)"
    " WHERE n %% 20 = 0",
    "blocked_links": "SELECT 'web', 'return', 'T' || n, 'hub', 'return', 'R' || (n + 1) FROM copies WHERE n %% 10 = 0",
    "seen": "SELECT 'web', decode(md5(n::text), 'hex'), current_date - (n %% 30)::int FROM copies",
    "erased": "(digest) SELECT decode(md5(n::text), 'hex') FROM copies WHERE n %% 10 = 0",
}
"""What does not come with a return."""


def grow(database: Database, shares: Mapping[int, int], count: int) -> None:
    """Copy the templates until there are `count` more returns; `shares`: how many of a thousand are like which."""
    slots = [number for number, share in shares.items() for _ in range(share)]
    Random(1).shuffle(slots)
    with database.begin() as conn:
        now = datetime.now(UTC)
        raw.ready(conn, [now - timedelta(days=days) for days in range(0, DAYS + 31, 28)])
        conn.exec_driver_sql(
            "CREATE UNLOGGED TABLE slots AS SELECT slot - 1 AS slot, template FROM unnest(%(s)b::bigint[])"
            " WITH ORDINALITY AS s(template, slot)",
            {"s": slots},
        )
        conn.exec_driver_sql("CREATE UNLOGGED TABLE templates AS SELECT DISTINCT template FROM slots")
        for table in _grown():
            _template(conn, table)
    for begin in range(0, count, CHUNK):
        with database.begin() as conn:
            conn.exec_driver_sql("SET LOCAL synchronous_commit = off")
            _copy(conn, begin, min(begin + CHUNK, count), count)
    with database.begin() as conn:
        for name in ("slots", "templates", *(f"template_{table.name}" for table in _grown())):
            conn.exec_driver_sql(f"DROP TABLE {name}")
        for sequence in ("returns_id_seq", "orders_id_seq"):
            conn.exec_driver_sql(f"SELECT setval('{sequence}', %(n)s)", {"n": BEGIN + count})
    with database.autocommit() as conn:
        conn.exec_driver_sql("VACUUM (ANALYZE)")


def _grown() -> list[Table]:
    """The tables that a return has rows in."""
    return [table for table in metadata.sorted_tables if table.name not in FEW | set(BESIDE)]


def _template(conn: Connection, table: Table) -> None:
    """The rows of the templates, each with the number of the one that it is of."""
    if table.name == "orders":
        of = "(SELECT return_id FROM return_orders WHERE order_id = orders.id)"
    else:
        of = f"(SELECT template FROM templates WHERE position(template::text IN {table.name}::text) > 0)"
    conn.exec_driver_sql(f"CREATE UNLOGGED TABLE template_{table.name} AS SELECT {of} AS template, * FROM {table.name}")


def _copy(conn: Connection, begin: int, end: int, count: int) -> None:
    conn.exec_driver_sql(
        f"CREATE TEMP TABLE copies ON COMMIT DROP AS SELECT i + {BEGIN} AS n, template,"
        f" (%(c)s - i) * interval '{DAYS} days' / %(c)s AS ago"
        " FROM generate_series(%(b)s::bigint, %(e)s::bigint - 1) AS i JOIN slots ON slot = i %% 1000 ORDER BY i",
        {"b": begin, "e": end, "c": count},
    )
    conn.exec_driver_sql("ANALYZE copies")
    for table in _grown():
        columns = [column for column in table.columns if not _drawn(table, column)]
        conn.exec_driver_sql(
            f"INSERT INTO {table.name} ({', '.join(column.name for column in columns)})"
            f" SELECT {', '.join(_copied(table, column) for column in columns)}"
            f" FROM copies k JOIN template_{table.name} t USING (template)"
        )
    for name, select in BESIDE.items():
        conn.exec_driver_sql(f"INSERT INTO {name} {select}")


def _drawn(table: Table, column: Column[object]) -> bool:
    """Whether the database gives it."""
    return column.computed is not None or (column.identity is not None and table.name not in ("returns", "orders"))


def _copied(table: Table, column: Column[object]) -> str:
    name = f"t.{column.name}"
    if table.name in ("returns", "orders") and column.name == "id":
        return "k.n"
    if column.name == "id" and table.name == "raw":
        return "nextval(pg_get_serial_sequence('inbox', 'id'))"
    if column.name in ("return_id", "order_id"):
        return f"CASE WHEN {name} IS NOT NULL THEN k.n END"
    if column.name in ("digest", "dedupe") and isinstance(column.type, LargeBinary):
        return f"decode(md5(k.n || encode({name}, 'hex')), 'hex')"
    changed = {
        Text: "replace({}, k.template::text, k.n::text)",
        JSONB: "replace({}::text, k.template::text, k.n::text)::jsonb",
        LargeBinary: "convert_to(replace(convert_from({}, 'UTF8'), k.template::text, k.n::text), 'UTF8')",
        DateTime: "{} - k.ago",
    }
    if isinstance(column.type, BigInteger):
        return name
    return next((how.format(name) for kind, how in changed.items() if isinstance(column.type, kind)), name)
