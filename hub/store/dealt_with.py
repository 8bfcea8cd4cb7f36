"""Writes that a person has dealt with, in the journal of intents: done by hand, or not wanted any more."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hub.store import documents
from hub.store.connection import Connection


def add(conn: Connection, return_id: int, account: str, operation: dict[str, Any], note: str) -> None:
    """A person has dealt with an operation that we did not call: noted like one that was given up."""
    conn.exec_driver_sql(
        "INSERT INTO intents (return_id, account, kind, round, operation, call, state, error)"
        " VALUES (%(r)s, %(a)s, %(k)s, %(n)s, %(o)s::jsonb, '{}', 'given_up', %(e)s)",
        {
            "r": return_id,
            "a": account,
            "k": operation["kind"],
            "n": operation.get("round", 1),
            "o": documents.text(operation),
            "e": documents.plain(note),
        },
    )


def move(
    conn: Connection, return_id: int, account: str, kind: str, amount: Decimal | None, act: str, *, booked: bool
) -> Sequence[int]:
    """By this act a person has dealt with the dead writes of this kind (and sum); which. `booked`: the act itself holds
    their sum, so they count for nothing; what may have moved money stays: its own question says what became of it."""
    found = conn.exec_driver_sql(
        "UPDATE intents SET state = %(s)s, operation = jsonb_set(operation, '{words}',"
        " coalesce(operation->'words', '{}') || jsonb_build_object('act', %(w)s::text)), changed_at = clock_timestamp()"
        " WHERE return_id = %(r)s AND account = %(a)s AND kind = %(k)s AND state = 'dead' AND NOT (possible AND %(b)s)"
        " AND (%(m)s::numeric IS NULL OR (operation->>'amount')::numeric = %(m)s) RETURNING id",
        {
            "s": "dropped" if booked else "given_up",
            "w": act,
            "r": return_id,
            "a": account,
            "k": kind,
            "b": booked,
            "m": amount,
        },
    )
    return [row[0] for row in found]


def undo(conn: Connection, return_id: int, act: str) -> None:
    """A person takes back the act by which they said so: what was refused is a dead letter again."""
    about = {"r": return_id, "a": act}
    mine = "return_id = %(r)s AND state IN ('given_up', 'dropped') AND operation->'words'->>'act' = %(a)s"
    conn.exec_driver_sql(f"DELETE FROM intents WHERE {mine} AND attempts = 0", about)
    conn.exec_driver_sql(
        "UPDATE intents SET state = 'dead', changed_at = clock_timestamp(), operation = CASE"
        " WHEN operation->'words' = jsonb_build_object('act', %(a)s::text) THEN operation - 'words'"
        f" ELSE operation #- '{{words,act}}' END WHERE {mine}",
        about,
    )
