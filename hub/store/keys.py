"""Names under which returns and orders are known; strong ones bind for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.model.identity.names import NUMBER
from hub.model.schema.bindings import Name
from hub.store.connection import Connection


def lock(conn: Connection, names: Iterable[Name]) -> None:
    """Hold these names until the transaction ends; taken in one order, so two batches cannot deadlock.

    Whoever inserts a name waits for the transaction that has inserted it and not ended, although it is deleted again at
    once: so nothing stays, no other name is held by chance, and PostgreSQL's lock table has none of it.
    """
    wanted = sorted({"\x1f".join(name) for name in names})
    if wanted:
        conn.exec_driver_sql(
            "INSERT INTO held_names (name) SELECT name FROM unnest(%(n)b::text[]) AS name"
            ' ORDER BY name COLLATE "C" ON CONFLICT DO NOTHING',
            {"n": wanted},
        )
        conn.exec_driver_sql("DELETE FROM held_names WHERE name = ANY(%(n)b::text[])", {"n": wanted})


def find(conn: Connection, names: Iterable[Name]) -> dict[Name, tuple[int | None, int | None]]:
    """Of these names, those that are known: the return and the order each belongs to."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    found = conn.exec_driver_sql(
        "SELECT issuer, type, value, return_id, order_id FROM keys"
        " JOIN unnest(%(i)b::text[], %(t)b::text[], %(v)b::text[]) AS n(issuer, type, value)"
        " USING (issuer, type, value)",
        {"i": [n[0] for n in wanted], "t": [n[1] for n in wanted], "v": [n[2] for n in wanted]},
    )
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in found}


def bind_returns(conn: Connection, bindings: Mapping[Name, int]) -> None:
    """These names belong to these returns from now on; objects already observed under them come along."""
    _bind(conn, bindings, "return_id")


def bind_orders(conn: Connection, bindings: Mapping[Name, int]) -> None:
    """These names belong to these orders from now on."""
    _bind(conn, bindings, "order_id")


def _bind(conn: Connection, bindings: Mapping[Name, int], column: str) -> None:
    if not bindings:
        return
    ordered = sorted(bindings.items())
    conn.exec_driver_sql(
        f"INSERT INTO keys (issuer, type, value, {column})"
        " SELECT * FROM unnest(%(i)b::text[], %(t)b::text[], %(v)b::text[], %(b)b::bigint[])"
        f" ON CONFLICT (issuer, type, value) DO UPDATE SET {column} = excluded.{column}"
        f" WHERE keys.{column} IS DISTINCT FROM excluded.{column}",
        {
            "i": [name[0] for name, _ in ordered],
            "t": [name[1] for name, _ in ordered],
            "v": [name[2] for name, _ in ordered],
            "b": [bound for _, bound in ordered],
        },
    )


def forget(conn: Connection, names: Iterable[Name]) -> None:
    """These names say no more which order is meant."""
    wanted = sorted(set(names))
    if wanted:
        conn.exec_driver_sql(
            "DELETE FROM keys k USING unnest(%(i)b::text[], %(t)b::text[], %(v)b::text[]) AS n(issuer, type, value)"
            " WHERE (k.issuer, k.type, k.value) = (n.issuer, n.type, n.value) AND k.return_id IS NULL",
            {"i": [n[0] for n in wanted], "t": [n[1] for n in wanted], "v": [n[2] for n in wanted]},
        )


def of_order(conn: Connection, order_id: int) -> list[Name]:
    """Every name of one order."""
    found = conn.exec_driver_sql("SELECT issuer, type, value FROM keys WHERE order_id = %(o)s ORDER BY 1, 2, 3",
                                 {"o": order_id})  # fmt: skip
    return [(row[0], row[1], row[2]) for row in found]


def bearing(conn: Connection, objects: Iterable[Name]) -> dict[Name, set[Name]]:
    """By which numbers these order records went until now."""
    wanted = sorted(set(objects))
    result: dict[Name, set[Name]] = {}
    if wanted:
        found = conn.exec_driver_sql(
            "SELECT account, stream, external_id, issuer, number FROM bearers"
            " JOIN unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, external_id)"
            " USING (account, stream, external_id)",
            {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted]},
        )
        for row in found:
            result.setdefault((row[0], row[1], row[2]), set()).add((row[3], NUMBER, row[4]))
    return result


def bearers(conn: Connection, numbers: Iterable[Name]) -> dict[Name, set[Name]]:
    """Which order records go by these numbers."""
    wanted = sorted(set(numbers))
    result: dict[Name, set[Name]] = {}
    if wanted:
        found = conn.exec_driver_sql(
            "SELECT issuer, number, account, stream, external_id FROM bearers"
            " JOIN unnest(%(i)b::text[], %(v)b::text[]) AS n(issuer, number) USING (issuer, number)",
            {"i": [n[0] for n in wanted], "v": [n[2] for n in wanted]},
        )
        for row in found:
            result.setdefault((row[0], NUMBER, row[1]), set()).add((row[2], row[3], row[4]))
    return result


def bear(conn: Connection, now: Mapping[Name, Iterable[Name]]) -> None:
    """These order records go by these numbers from now on, and by no other."""
    objects = sorted(now)
    rows = [(*name, *record) for record in objects for name in sorted(set(now[record]))]
    conn.exec_driver_sql(
        "DELETE FROM bearers b USING unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, id)"
        " WHERE (b.account, b.stream, b.external_id) = (n.account, n.stream, n.id)",
        {"a": [n[0] for n in objects], "s": [n[1] for n in objects], "e": [n[2] for n in objects]},
    )
    conn.exec_driver_sql(
        "INSERT INTO bearers (issuer, number, account, stream, external_id) SELECT * FROM unnest(%(i)b::text[],"
        " %(v)b::text[], %(a)b::text[], %(s)b::text[], %(e)b::text[]) ON CONFLICT DO NOTHING",
        {
            "i": [row[0] for row in rows],
            "v": [row[2] for row in rows],
            "a": [row[3] for row in rows],
            "s": [row[4] for row in rows],
            "e": [row[5] for row in rows],
        },
    )


def of_return(conn: Connection, return_id: int) -> list[Name]:
    """Every strong name of one return."""
    found = conn.exec_driver_sql(
        "SELECT issuer, type, value FROM keys WHERE return_id = %(r)s ORDER BY 1, 2, 3", {"r": return_id}
    )
    return [(row[0], row[1], row[2]) for row in found]


def of_returns(conn: Connection, return_ids: Iterable[int]) -> dict[int, set[Name]]:
    """Every strong name of these returns."""
    result: dict[int, set[Name]] = {}
    found = conn.exec_driver_sql(
        "SELECT return_id, issuer, type, value FROM keys WHERE return_id = ANY(%(r)b::bigint[])",
        {"r": sorted(set(return_ids))},
    )
    for row in found:
        result.setdefault(row[0], set()).add((row[1], row[2], row[3]))
    return result


def block_links(conn: Connection, names: Iterable[Name], objects: Iterable[Name]) -> None:
    """A person's word: these objects do not belong to the return of these names."""
    pairs = [(*thing, *name) for thing in sorted(set(objects)) for name in sorted(set(names))]
    if pairs:
        conn.exec_driver_sql(
            "INSERT INTO blocked_links SELECT * FROM unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[], %(i)b::text[],"
            " %(t)b::text[], %(v)b::text[]) ON CONFLICT DO NOTHING",
            {letter: [pair[index] for pair in pairs] for index, letter in enumerate("aseitv")},
        )


def allow_links(conn: Connection, objects: Iterable[Name]) -> None:
    """A person takes a cut back."""
    wanted = sorted(set(objects))
    conn.exec_driver_sql(
        "DELETE FROM blocked_links c USING unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[])"
        " AS n(account, stream, external_id)"
        " WHERE (c.account, c.stream, c.external_id) = (n.account, n.stream, n.external_id)",
        {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted]},
    )


def blocked_links(conn: Connection, objects: Iterable[Name]) -> set[tuple[Name, Name]]:
    """(object, name) pairs that a person cut."""
    wanted = sorted(set(objects))
    found = conn.exec_driver_sql(
        "SELECT account, stream, external_id, issuer, type, value FROM blocked_links"
        " JOIN unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, external_id)"
        " USING (account, stream, external_id)",
        {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted]},
    )
    return {((row[0], row[1], row[2]), (row[3], row[4], row[5])) for row in found}


def move(conn: Connection, names: Iterable[Name], return_id: int) -> None:
    """These names belong to another return now."""
    wanted = sorted(set(names))
    conn.exec_driver_sql(
        "UPDATE keys k SET return_id = %(r)s FROM unnest(%(i)b::text[], %(t)b::text[], %(v)b::text[])"
        " AS n(issuer, type, value) WHERE (k.issuer, k.type, k.value) = (n.issuer, n.type, n.value)",
        {"i": [n[0] for n in wanted], "t": [n[1] for n in wanted], "v": [n[2] for n in wanted], "r": return_id},
    )
