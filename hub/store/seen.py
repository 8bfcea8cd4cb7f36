"""What counts only once (Idempotent Receiver): pushed messages, which `inbox.accept` writes, and an installation's
state. No worker touches it."""

from __future__ import annotations

from hub.store.connection import Connection


def take(conn: Connection, account: str, digest: bytes) -> bool:
    """Use this up; False where it was before."""
    found = conn.exec_driver_sql(
        "INSERT INTO seen (account, digest) VALUES (%(a)s, %(d)b) ON CONFLICT DO NOTHING",
        {"a": account, "d": digest},
    )
    return found.rowcount == 1
