"""A row per (task, slot) makes a tick of the clock happen once, however many processes have a clock."""

from __future__ import annotations

from collections.abc import Iterable

from hub.store.connection import Connection


def once(conn: Connection, task: str, slot: int) -> bool:
    """Is this tick ours? If so nobody else does it, provided that this transaction commits: do the work in it."""
    return bool(many(conn, [(task, slot)]))


def many(conn: Connection, ticks: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Of these (task, slot), those that are ours."""
    listed = sorted(set(ticks))
    if not listed:
        return set()
    found = conn.exec_driver_sql(
        "INSERT INTO ticks (task, slot) SELECT * FROM unnest(%(j)b::text[], %(s)b::bigint[])"
        " ON CONFLICT DO NOTHING RETURNING task, slot",
        {"j": [task for task, _ in listed], "s": [slot for _, slot in listed]},
    )
    return {(row[0], row[1]) for row in found}
