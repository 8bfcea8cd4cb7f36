"""Everything other systems ever said, as they said it: append-only, a partition per month, found by return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hub.store.connection import Connection

AHEAD = 3
"""Months whose partitions are made before they begin."""

_MAKING = 7203


class RawRow(NamedTuple):
    """An archived message; the body is None after erasure, or where a deletion came without one."""

    id: int
    account: str
    stream: str
    external_id: str
    via: str
    body: bytes | None
    version: str | None
    deleted: bool
    read_seq: int | None
    return_id: int | None
    at: datetime


_COLUMNS = ", ".join(RawRow._fields)


def find(conn: Connection, return_id: int) -> list[RawRow]:
    """Every message of one return, in the order they came."""
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM raw WHERE return_id = %(r)s ORDER BY id",
        {"r": return_id},
    )
    return [RawRow(*row) for row in found]


def of_object(conn: Connection, account: str, stream: str, external_id: str) -> list[RawRow]:
    """Every message about one object, in the order they came."""
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM raw WHERE account = %(a)s AND stream = %(s)s AND external_id = %(e)s ORDER BY id",
        {"a": account, "s": stream, "e": external_id},
    )
    return [RawRow(*row) for row in found]


def bind(conn: Connection, objects: Mapping[tuple[str, str, str], int]) -> None:
    """What was said about these objects (account, stream, external id) belongs to these returns."""
    listed = sorted(objects.items())
    if listed:
        conn.exec_driver_sql(
            "UPDATE raw r SET return_id = n.return_id FROM unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[],"
            " %(r)b::bigint[]) AS n(account, stream, external_id, return_id)"
            " WHERE (r.account, r.stream, r.external_id) = (n.account, n.stream, n.external_id)"
            " AND r.return_id IS DISTINCT FROM n.return_id",
            {
                "a": [name[0] for name, _ in listed],
                "s": [name[1] for name, _ in listed],
                "e": [name[2] for name, _ in listed],
                "r": [return_id for _, return_id in listed],
            },
        )


def ready(conn: Connection, times: Iterable[datetime]) -> None:
    """Make the partitions of these months where one is missing: a message may have waited long, or nobody made them."""
    _make(conn, {_month(at) for at in times})


def ahead(conn: Connection) -> None:
    """Make the partitions of this month and the next ones."""
    at: datetime = conn.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    months = {first := _month(at)}
    for _ in range(AHEAD):
        months.add(first := _next(first))
    _make(conn, months)


def shrink_before(conn: Connection, at: datetime) -> list[str]:
    """Of months that ended before this time only what open returns rest on stays: their own messages and those of their
    orders. The months from which something went, or that were empty."""
    smaller = [
        name
        for name in sorted(_partitions(conn))
        if name < _name(_month(at))
        and conn.exec_driver_sql(
            f"SELECT EXISTS (SELECT FROM {name} m WHERE NOT ({_RESTS})) OR NOT EXISTS (SELECT FROM {name})"
        ).scalar()
    ]
    for name in smaller:
        _shrink(conn, name)
    return smaller


_RESTS = """
EXISTS (SELECT FROM returns r WHERE r.id = m.return_id AND r.is_open) OR EXISTS (SELECT FROM observations o
JOIN return_orders ro USING (order_id) JOIN returns r ON r.id = ro.return_id WHERE r.is_open AND o.return_id IS NULL
AND (o.account, o.stream, o.external_id) = (m.account, m.stream, m.external_id))"""
"""Whether an open return rests on message `m`."""
_RESTING = """
SELECT m.id FROM returns r JOIN {name} m ON m.return_id = r.id WHERE r.is_open
UNION SELECT m.id FROM returns r JOIN return_orders ro ON ro.return_id = r.id
JOIN observations o ON o.order_id = ro.order_id AND o.return_id IS NULL
JOIN {name} m USING (account, stream, external_id) WHERE r.is_open"""
"""The same from the other end: there are far fewer open returns than messages in a month."""


def _shrink(conn: Connection, name: str) -> None:
    """What stays is copied, and the month goes as a whole: the others cost nothing, however many."""
    _table(conn, f"{name}_kept")
    kept = conn.exec_driver_sql(
        f"INSERT INTO {name}_kept SELECT * FROM {name} WHERE id IN ({_RESTING.format(name=name)})"
    ).rowcount
    conn.exec_driver_sql(f"DROP TABLE {name}")
    if kept:
        conn.exec_driver_sql(f"ALTER TABLE {name}_kept RENAME TO {name}")
        _attach(conn, datetime.strptime(name, "raw_%Y_%m").replace(tzinfo=UTC))
    else:
        conn.exec_driver_sql(f"DROP TABLE {name}_kept")


def _make(conn: Connection, months: set[datetime]) -> None:
    """Attached, not created as partitions: that lets everybody go on reading and writing meanwhile."""
    if {_name(month) for month in months} <= _partitions(conn):
        return
    conn.exec_driver_sql("SELECT pg_advisory_xact_lock(%(k)s)", {"k": _MAKING})
    there = _partitions(conn)
    for month in sorted(month for month in months if _name(month) not in there):
        _table(conn, _name(month))
        _attach(conn, month)


def _table(conn: Connection, name: str) -> None:
    conn.exec_driver_sql(f"CREATE TABLE {name} (LIKE raw INCLUDING DEFAULTS INCLUDING STORAGE)")


def _attach(conn: Connection, month: datetime) -> None:
    conn.exec_driver_sql(
        f"ALTER TABLE raw ATTACH PARTITION {_name(month)}"
        f" FOR VALUES FROM ('{month.isoformat()}') TO ('{_next(month).isoformat()}')"
    )


def _partitions(conn: Connection) -> set[str]:
    found = conn.exec_driver_sql(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'raw'::regclass"
    )
    return set(found.scalars())


def _month(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next(month: datetime) -> datetime:
    return (month + timedelta(days=31)).replace(day=1)


def _name(month: datetime) -> str:
    return f"raw_{month:%Y_%m}"
