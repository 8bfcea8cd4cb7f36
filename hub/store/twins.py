"""Facts in two systems that are known to be the same event, or known not to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from hub.model.observation import Apart, FactId, Twins


def of_returns(conn: Connection, return_ids: Sequence[int]) -> dict[int, tuple[tuple[Twins, ...], tuple[Apart, ...]]]:
    """Per return: which of its facts are twins, and which a person declared different."""
    same: dict[int, list[Twins]] = {}
    apart: dict[int, list[Apart]] = {}
    found = conn.exec_driver_sql(
        "SELECT return_id, same, facts FROM twins WHERE return_id = ANY(%(r)b::bigint[]) ORDER BY id",
        {"r": list(return_ids)},
    )
    for return_id, is_same, facts in found:
        ids = frozenset(FactId(*fact) for fact in facts)
        if is_same:
            same.setdefault(return_id, []).append(Twins(ids))
        else:
            apart.setdefault(return_id, []).append(Apart(ids))
    return {key: (tuple(same.get(key, ())), tuple(apart.get(key, ()))) for key in {*same, *apart}}


def add(conn: Connection, return_id: int, facts: Iterable[FactId], source: str, *, same: bool = True) -> None:
    """Record that these facts are the same event (or are not); `source` says which write or person it comes from."""
    listed = sorted((f.account, f.stream, f.object, f.kind, f.id) for f in facts)
    conn.exec_driver_sql(
        "INSERT INTO twins (return_id, same, facts, source) VALUES (%(r)s, %(s)s, %(f)s::jsonb, %(o)s)",
        {"r": return_id, "s": same, "f": msgspec.json.encode(listed).decode(), "o": source},
    )


def remove(conn: Connection, source: str) -> None:
    """Take back what a person or a write recorded."""
    conn.exec_driver_sql("DELETE FROM twins WHERE source = %(o)s", {"o": source})
