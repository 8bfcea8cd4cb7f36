"""Money that our writes have paid back, or may still: counted once, whoever else is about to pay."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hub.store.connection import Connection
from hub.store.intents import Intent

_IN_FLIGHT = "(state IN ('open', 'waiting', 'sent', 'unknown') OR (state = 'dead' AND possible))"
"""Writes that may still take effect, or have taken it and are not observed."""


def lock(conn: Connection, account: str) -> None:
    """Until this transaction ends nobody else plans to pay at this account: whoever waited sees what we reserve."""
    conn.exec_driver_sql("SELECT pg_advisory_xact_lock(%(k)s, hashtext(%(a)s))", {"k": _PAYING, "a": account})


_PAYING = 7203


def reserved(conn: Connection, return_id: int, account: str, payments: Iterable[str] = ()) -> Decimal:
    """What refunds in flight for other returns may still take: of the same orders, or from these payments here."""
    found = conn.exec_driver_sql(
        "SELECT coalesce(sum((i.operation->>'amount')::numeric), 0) FROM intents i WHERE i.id IN ("
        f"SELECT id FROM intents WHERE account = %(a)s AND kind = 'refund' AND {_IN_FLIGHT}"
        " AND operation->>'payment' = ANY(%(p)b::text[])"
        " UNION SELECT i.id FROM return_orders mine JOIN return_orders other USING (order_id)"
        f" JOIN intents i ON i.return_id = other.return_id AND i.account = %(a)s AND i.kind = 'refund' AND {_IN_FLIGHT}"
        " WHERE mine.return_id = %(r)s) AND i.return_id <> %(r)s",
        {"a": account, "r": return_id, "p": sorted(set(payments))},
    )
    return Decimal(found.scalar_one())


def landed_unseen(conn: Connection, limit: int = 1000) -> list[tuple[str, str]]:
    """(account, outbound job) of rows that wait for money in flight, and there is none: it landed while they were being
    planned, so `sync.money_free` did not see that they wait. They are to be planned again."""
    found = conn.exec_driver_sql(
        "UPDATE sync SET wanted = wanted + 1 WHERE (return_id, account) IN (SELECT s.return_id, s.account FROM sync s"
        " WHERE s.state = 'blocked' AND s.wanted <= s.done"
        ' AND s.undeliverable @> \'[{"said": {"code": "money_in_flight"}}]\''
        " AND NOT EXISTS (SELECT FROM return_orders mine JOIN return_orders other USING (order_id)"
        " JOIN intents i ON i.return_id = other.return_id WHERE mine.return_id = s.return_id"
        f" AND i.return_id <> s.return_id AND i.account = s.account AND i.kind = 'refund' AND {_IN_FLIGHT})"
        " ORDER BY s.return_id LIMIT %(n)s FOR UPDATE SKIP LOCKED) RETURNING account, job",
        {"n": limit},
    )
    return [(row[0], row[1]) for row in found]


def since(conn: Connection, intent: Intent) -> Decimal:
    """What was paid (or credited, by the same account) on the same return by writes that began after this one."""
    found = conn.exec_driver_sql(
        "SELECT coalesce(sum((operation->>'amount')::numeric), 0) FROM intents"
        " WHERE return_id = %(r)s AND kind = %(k)s AND state IN ('done', 'sent') AND id > %(i)s"
        " AND (kind = 'refund' OR account = %(a)s)",
        {"r": intent.return_id, "i": intent.id, "k": intent.kind, "a": intent.account},
    )
    return Decimal(found.scalar_one())


def made(conn: Connection, return_ids: Iterable[int]) -> dict[tuple[str, str, str], tuple[tuple[int, Decimal], ...]]:
    """What we had paid back: by the return's number, the account and the payment; answered, whatever shows of it. Each
    with the read_seq of its answer: what was read before knows nothing of it."""
    found = conn.exec_driver_sql(
        "SELECT return_id, account, operation->>'payment', coalesce((reply->>'read_seq')::bigint, 0),"
        " (operation->>'amount')::numeric FROM intents WHERE return_id = ANY(%(r)b::bigint[]) AND kind = 'refund'"
        " AND state IN ('sent', 'done') AND operation->>'payment' IS NOT NULL ORDER BY id",
        {"r": sorted(set(return_ids))},
    )
    result: dict[tuple[str, str, str], tuple[tuple[int, Decimal], ...]] = {}
    for return_id, account, payment, drawn, amount in found:
        name = (f"R{return_id}", account, payment)
        result[name] = (*result.get(name, ()), (drawn, amount))
    return result
