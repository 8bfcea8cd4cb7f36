"""What counts only once (Idempotent Receiver): pushed messages, which `inbox.accept` writes, and an installation's
state. No worker touches it."""

from __future__ import annotations

from hub.store.connection import Connection

DAYS = 30
"""How long a duplicate is known as one; the systems we know repeat a delivery for three days at most."""


def known(conn: Connection, account: str, digest: bytes) -> bool:
    """Was a message with this digest taken from this account?"""
    found = conn.exec_driver_sql(
        "SELECT EXISTS (SELECT FROM seen WHERE account = %(a)s AND digest = %(d)b)", {"a": account, "d": digest}
    )
    return bool(found.scalar_one())


def take(conn: Connection, account: str, digest: bytes) -> bool:
    """Use this up; False where it was before."""
    found = conn.exec_driver_sql(
        "INSERT INTO seen (account, digest) VALUES (%(a)s, %(d)b) ON CONFLICT DO NOTHING",
        {"a": account, "d": digest},
    )
    return found.rowcount == 1


def expire(conn: Connection, days: int = DAYS, *, limit: int = 10_000) -> int:
    """Forget what is older than this, at most `limit` at a time (an accept may wait for us); how many."""
    found = conn.exec_driver_sql(
        "DELETE FROM seen WHERE (account, digest) IN"
        " (SELECT account, digest FROM seen WHERE day < current_date - %(d)s::int ORDER BY day LIMIT %(n)s)",
        {"d": days, "n": limit},
    )
    return found.rowcount
