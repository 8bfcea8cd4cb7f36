"""How many returns there are by status, and sync rows by account and state, without reading them.

Triggers (`triggers.py`) write what each statement changed as rows of its own, so nobody waits for anybody; the sum is
what there is.
"""

from __future__ import annotations

from hub.store.connection import Connection

FOLDED = 10_000
"""Rows that are summed up at once."""


def of(conn: Connection, what: str) -> dict[tuple[str, str], int]:
    """By account ("" where that says nothing) and state: how many rows of this table there are."""
    found = conn.exec_driver_sql(
        "SELECT account, state, sum(number)::bigint FROM counts WHERE what = %(w)s GROUP BY account, state"
        " HAVING sum(number) > 0 ORDER BY account, state",
        {"w": what},
    )
    return {(row[0], row[1]): row[2] for row in found}


def fold(conn: Connection) -> None:
    """Make one row of many; what is being written meanwhile is summed up the next time."""
    conn.exec_driver_sql(
        "WITH gone AS (DELETE FROM counts WHERE id IN (SELECT id FROM counts ORDER BY id LIMIT %(n)s"
        " FOR UPDATE SKIP LOCKED) RETURNING what, account, state, number)"
        " INSERT INTO counts (what, account, state, number)"
        " SELECT what, account, state, sum(number) FROM gone GROUP BY what, account, state HAVING sum(number) <> 0",
        {"n": FOLDED},
    )
