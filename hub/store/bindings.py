"""What returns have to do with each other without proof: who is near whom, and what was decided of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.model.identity.candidates import Title
from hub.model.schema.bindings import Bindings, Name, encode
from hub.store.connection import Connection


def neighbours(
    conn: Connection, return_ids: Iterable[int], titles: Iterable[tuple[int, Title]] = ()
) -> list[tuple[int, int]]:
    """(return, another) that share an order, or of which one names the other's number; (return, itself) where
    something was decided of it before. `titles`: numbers just told, and whose they are.
    """
    wanted = sorted(set(return_ids))
    if not wanted:
        return []
    named = sorted(set(titles))
    found = conn.exec_driver_sql(
        "SELECT mine.return_id, other.return_id FROM return_orders mine JOIN return_orders other USING (order_id)"
        " WHERE mine.return_id = ANY(%(r)b::bigint[]) AND other.return_id <> mine.return_id"
        " UNION SELECT id, id FROM returns WHERE id = ANY(%(r)b::bigint[]) AND bindings IS NOT NULL"
        " UNION SELECT n.id, o.return_id FROM unnest(%(n)b::bigint[], %(i)b::text[], %(t)b::text[])"
        " AS n(id, issuer, text) JOIN typed_references USING (issuer, text)"
        " JOIN observations o USING (account, stream, external_id) WHERE o.return_id <> n.id",
        {
            "r": wanted,
            "n": [return_id for return_id, _ in named],
            "i": [title[0] for _, title in named],
            "t": [title[1] for _, title in named],
        },
    )
    return [(row[0], row[1]) for row in found]


def keep_typed(conn: Connection, references: Iterable[tuple[Title, Name]]) -> set[Title]:
    """Remember which numbers were typed where; those that were not typed there before."""
    wanted = sorted(set(references))
    if not wanted:
        return set()
    found = conn.exec_driver_sql(
        "INSERT INTO typed_references (issuer, text, account, stream, external_id) SELECT * FROM unnest(%(i)b::text[],"
        " %(t)b::text[], %(a)b::text[], %(s)b::text[], %(e)b::text[]) ON CONFLICT DO NOTHING RETURNING issuer, text",
        {
            "i": [title[0] for title, _ in wanted],
            "t": [title[1] for title, _ in wanted],
            "a": [name[0] for _, name in wanted],
            "s": [name[1] for _, name in wanted],
            "e": [name[2] for _, name in wanted],
        },
    )
    return {(row[0], row[1]) for row in found}


def save(conn: Connection, changed: Mapping[int, Bindings]) -> None:
    """Write what was decided of these returns; the caller holds their rows."""
    ordered = sorted(changed.items())
    if ordered:
        conn.exec_driver_sql(
            "UPDATE returns r SET bindings = n.bindings FROM unnest(%(i)b::bigint[], %(t)b::bytea[]) AS n(id, bindings)"
            " WHERE r.id = n.id",
            {
                "i": [return_id for return_id, _ in ordered],
                "t": [None if bindings == Bindings() else encode(bindings) for _, bindings in ordered],
            },
        )
