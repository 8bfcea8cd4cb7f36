"""Which records tell of which parcel: one parcel may hold the goods of several returns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from hub.model.schema.bindings import Name
from hub.store.connection import Connection


def keep(conn: Connection, named: Mapping[Name, tuple[Collection[str], bool]]) -> None:
    """These records tell of parcels of these numbers (normal form) and of no others, and whether of nothing else."""
    objects = sorted(named)
    if not objects:
        return
    rows = [(number, *name, named[name][1]) for name in objects for number in sorted(named[name][0])]
    conn.exec_driver_sql(
        "DELETE FROM parcels p USING unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, id)"
        " WHERE (p.account, p.stream, p.external_id) = (n.account, n.stream, n.id)",
        {"a": [n[0] for n in objects], "s": [n[1] for n in objects], "e": [n[2] for n in objects]},
    )
    if not rows:
        return
    conn.exec_driver_sql(
        "INSERT INTO parcels (number, account, stream, external_id, alone) SELECT * FROM unnest(%(n)b::text[],"
        " %(a)b::text[], %(s)b::text[], %(e)b::text[], %(o)b::bool[]) ON CONFLICT DO NOTHING",
        {
            "n": [row[0] for row in rows],
            "a": [row[1] for row in rows],
            "s": [row[2] for row in rows],
            "e": [row[3] for row in rows],
            "o": [row[4] for row in rows],
        },
    )


def known(conn: Connection, objects: Iterable[Name]) -> set[Name]:
    """Of these records those that told of parcels before."""
    wanted = sorted(set(objects))
    if not wanted:
        return set()
    found = conn.exec_driver_sql(
        "SELECT DISTINCT account, stream, external_id FROM parcels"
        " JOIN unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, external_id)"
        " USING (account, stream, external_id)",
        {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted]},
    )
    return {(row[0], row[1], row[2]) for row in found}


def returns_of(conn: Connection, objects: Iterable[Name]) -> set[int]:
    """The returns, of those that somebody opened, with a record of the same parcels as these records."""
    wanted = sorted(set(objects))
    if not wanted:
        return set()
    found = conn.exec_driver_sql(
        "SELECT DISTINCT o.return_id FROM unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[])"
        " AS n(account, stream, external_id) JOIN parcels mine USING (account, stream, external_id)"
        " JOIN parcels other ON other.number = mine.number"
        " JOIN observations o ON (o.account, o.stream, o.external_id)"
        " = (other.account, other.stream, other.external_id) JOIN returns r ON r.id = o.return_id WHERE r.opened",
        {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted]},
    )
    return set(found.scalars())


def guests(conn: Connection, return_ids: Collection[int]) -> list[tuple[int, Name]]:
    """(return, record) for the records of other opened returns that tell of nothing but a parcel of its number."""
    found = conn.exec_driver_sql(
        "SELECT DISTINCT m.return_id, o.account, o.stream, o.external_id FROM observations m"
        " JOIN parcels mine USING (account, stream, external_id)"
        " JOIN parcels other ON other.number = mine.number AND other.alone"
        " JOIN observations o ON (o.account, o.stream, o.external_id)"
        " = (other.account, other.stream, other.external_id)"
        " JOIN returns r ON r.id = o.return_id AND r.opened"
        " WHERE m.return_id = ANY(%(r)b::bigint[]) AND o.return_id <> m.return_id AND NOT o.gone",
        {"r": sorted(return_ids)},
    )
    return [(row[0], (row[1], row[2], row[3])) for row in found]


def beside(conn: Connection, objects: Iterable[Name]) -> list[Name]:
    """All records that tell of parcels of the same numbers as these, these among them."""
    wanted = sorted(set(objects))
    if not wanted:
        return []
    found = conn.exec_driver_sql(
        "SELECT DISTINCT other.account, other.stream, other.external_id"
        " FROM unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, external_id)"
        " JOIN parcels mine USING (account, stream, external_id) JOIN parcels other ON other.number = mine.number",
        {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted]},
    )
    return [(row[0], row[1], row[2]) for row in found]
