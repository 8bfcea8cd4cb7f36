"""Facts in two systems that are known to be the same event."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.model.schema.observation import DuplicateFacts, FactId
from hub.model.schema.returns import Return
from hub.store.connection import Connection


def of_returns(conn: Connection, return_ids: Sequence[int]) -> dict[int, tuple[DuplicateFacts, ...]]:
    """Per return: which of its facts are duplicates."""
    if not return_ids:
        return {}
    same: dict[int, list[DuplicateFacts]] = {}
    found = conn.exec_driver_sql(
        "SELECT return_id, facts, total, pieces, own, source FROM duplicate_facts"
        " WHERE return_id = ANY(%(r)b::bigint[]) ORDER BY id",
        {"r": list(return_ids)},
    )
    for return_id, facts, total, pieces, own, source in found:
        told = DuplicateFacts(frozenset(FactId(*fact) for fact in facts))
        if total is not None:
            told = DuplicateFacts(told.facts, FactId(*total), pieces, own, source)
        same.setdefault(return_id, []).append(told)
    return {return_id: tuple(duplicates) for return_id, duplicates in same.items()}


def add(conn: Connection, return_id: int, same: DuplicateFacts, source: str) -> None:
    """Record that these facts are the same event; `source` says which write it comes from."""
    conn.exec_driver_sql(
        "INSERT INTO duplicate_facts (return_id, facts, source, total, pieces, own)"
        " VALUES (%(r)s, %(f)s::jsonb, %(o)s, %(t)s::jsonb, %(p)s, %(w)s)",
        {
            "r": return_id,
            "f": msgspec.json.encode(sorted(same.facts)).decode(),
            "o": source,
            "t": None if same.total is None else msgspec.json.encode(same.total).decode(),
            "p": None if same.total is None else same.pieces,
            "w": None if same.total is None else same.own,
        },
    )


def keep_counted(conn: Connection, survivor: int, other: int) -> None:
    """`other` goes into `survivor`: goods of it that were counted are known, also to a write of which nobody knows what
    it made."""
    doc = conn.exec_driver_sql(
        "SELECT doc FROM returns WHERE id = %(r)s AND EXISTS (SELECT FROM intents"
        " WHERE return_id = ANY(%(b)b::bigint[]) AND state = 'dead' AND possible)",
        {"r": other, "b": [survivor, other]},
    ).scalar()
    if doc is not None:
        merged = msgspec.json.decode(doc, type=Return)
        for fact in (*merged.receipts, *merged.dispositions, *merged.notes):
            for counted in fact.duplicates:
                add(conn, other, DuplicateFacts(frozenset((counted,))), "counted")
