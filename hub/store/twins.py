"""Facts in two systems that are known to be the same event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from hub.model.observation import FactId, Twins


def of_returns(conn: Connection, return_ids: Sequence[int]) -> dict[int, tuple[Twins, ...]]:
    """Per return: which of its facts are twins."""
    same: dict[int, list[Twins]] = {}
    found = conn.exec_driver_sql(
        "SELECT return_id, facts FROM twins WHERE return_id = ANY(%(r)b::bigint[]) ORDER BY id",
        {"r": list(return_ids)},
    )
    for return_id, facts in found:
        same.setdefault(return_id, []).append(Twins(frozenset(FactId(*fact) for fact in facts)))
    return {return_id: tuple(twins) for return_id, twins in same.items()}


def add(conn: Connection, return_id: int, facts: Iterable[FactId], source: str) -> None:
    """Record that these facts are the same event; `source` says which write it comes from."""
    listed = sorted((f.account, f.stream, f.object, f.kind, f.id) for f in facts)
    conn.exec_driver_sql(
        "INSERT INTO twins (return_id, facts, source) VALUES (%(r)s, %(f)s::jsonb, %(o)s)",
        {"r": return_id, "f": msgspec.json.encode(listed).decode(), "o": source},
    )
