"""How far each stream has been polled. A page and its cursor commit together, or neither."""

from __future__ import annotations

from hub.store.connection import Connection


def get(conn: Connection, account: str, stream: str) -> str | None:
    """Where the next poll begins; None: at the beginning."""
    found = conn.exec_driver_sql(
        "SELECT cursor FROM cursors WHERE account = %(a)s AND stream = %(s)s", {"a": account, "s": stream}
    ).first()
    return None if found is None else found[0]


def page(conn: Connection, account: str, stream: str, cursor: str | None) -> None:
    """This page is taken; in the transaction that takes its messages. None: begin again."""
    conn.exec_driver_sql(
        "INSERT INTO cursors (account, stream, cursor) VALUES (%(a)s, %(s)s, %(c)s)"
        " ON CONFLICT (account, stream) DO UPDATE SET cursor = excluded.cursor, at = clock_timestamp()",
        {"a": account, "s": stream, "c": cursor},
    )
