"""The merged returns, their orders, and how one becomes part of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from hub.model.merge.questions import waiting
from hub.model.schema.returns import Return
from hub.store import duplicate_facts, facts, search_words
from hub.store.connection import Connection

OVER = frozenset({"completed", "closed", "cancelled", "rejected", "expired", "voided"})
"""Statuses after which nothing is expected; a later fact opens the return again."""

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Return).decode


class ReturnRow(NamedTuple):
    """A stored return, as the pipeline needs it."""

    id: int
    revision: int
    doc: bytes | None
    opened: bool
    merged_into: int | None
    bindings: bytes | None = None
    """What was decided of it as a whole (hub.model.schema.bindings), where anything was."""

    @classmethod
    def new(cls, return_id: int) -> ReturnRow:
        """A return that has its number and nothing else yet: it is written when it is first merged."""
        return cls(return_id, 0, None, False, None)


class Change(NamedTuple):
    """A newly merged document to be written."""

    id: int
    doc: bytes
    merged: Return
    opened: bool


def numbers(conn: Connection, count: int) -> list[int]:
    """The numbers of so many new returns. Nobody else knows them yet, and no row has them before `save`."""
    if not count:
        return []
    found = conn.exec_driver_sql("SELECT nextval('returns_id_seq') FROM generate_series(1, %(n)s)", {"n": count})
    return sorted(row[0] for row in found)


def begin(conn: Connection, return_ids: Sequence[int]) -> None:
    """Empty rows for new returns that have to be held before they are first merged."""
    if return_ids:
        conn.exec_driver_sql("INSERT INTO returns (id) SELECT unnest(%(r)b::bigint[])", {"r": sorted(return_ids)})


def create_orders(conn: Connection, count: int) -> list[int]:
    """So many new orders, known by a name only."""
    if not count:
        return []
    found = conn.exec_driver_sql(
        "INSERT INTO orders (merged_into) SELECT NULL FROM generate_series(1, %(n)s) RETURNING id", {"n": count}
    )
    return sorted(row[0] for row in found)


def lock_orders(conn: Connection, order_ids: Iterable[int]) -> None:
    """Hold these orders (and what may still come back of their lines) until the transaction ends."""
    wanted = sorted(set(order_ids))
    if wanted:
        conn.exec_driver_sql(
            "SELECT id FROM orders WHERE id = ANY(%(o)b::bigint[]) ORDER BY id FOR UPDATE", {"o": wanted}
        )


def lock(conn: Connection, return_ids: Iterable[int], *, free: bool = False) -> dict[int, ReturnRow]:
    """Hold these returns until the transaction ends, and say what is stored of them; with `free` those that are not
    held by somebody else."""
    wanted = sorted(set(return_ids))
    if not wanted:
        return {}
    found = conn.exec_driver_sql(
        "SELECT id, revision, doc, opened, merged_into, bindings FROM returns WHERE id = ANY(%(r)b::bigint[])"
        " ORDER BY id FOR UPDATE" + (" SKIP LOCKED" if free else ""),
        {"r": wanted},
    )
    return {row[0]: ReturnRow(*row) for row in found}


def read(conn: Connection, return_ids: Iterable[int]) -> dict[int, ReturnRow]:
    """What is stored of these returns, without holding them."""
    found = conn.exec_driver_sql(
        "SELECT id, revision, doc, opened, merged_into, bindings FROM returns WHERE id = ANY(%(r)b::bigint[])",
        {"r": sorted(set(return_ids))},
    )
    return {row[0]: ReturnRow(*row) for row in found}


def of_orders(conn: Connection, order_ids: Iterable[int]) -> list[tuple[int, int]]:
    """(return, order) for every return of these orders."""
    wanted = sorted(set(order_ids))
    if not wanted:
        return []
    found = conn.exec_driver_sql(
        "SELECT return_id, order_id FROM return_orders WHERE order_id = ANY(%(o)b::bigint[]) ORDER BY 1, 2",
        {"o": wanted},
    )
    return [(row[0], row[1]) for row in found]


def orders_of(conn: Connection, return_ids: Iterable[int]) -> list[tuple[int, int]]:
    """(return, order) for every order of these returns."""
    found = conn.exec_driver_sql(
        "SELECT return_id, order_id FROM return_orders WHERE return_id = ANY(%(r)b::bigint[]) ORDER BY 1, 2",
        {"r": sorted(set(return_ids))},
    )
    return [(row[0], row[1]) for row in found]


def belong(conn: Connection, pairs: Iterable[tuple[int, int]], orders: Iterable[int] = ()) -> None:
    """These returns belong to these orders (an order may have many returns, a return many orders).

    Holds these orders, and `orders`, until the transaction ends: of two that bring returns of one order the second
    sees what the first brought.
    """
    wanted = sorted(set(pairs))
    if not wanted:
        lock_orders(conn, orders)
        return
    conn.exec_driver_sql(
        "WITH held AS MATERIALIZED (SELECT id FROM orders WHERE id = ANY(%(h)b::bigint[]) ORDER BY id FOR UPDATE)"
        " INSERT INTO return_orders (return_id, order_id)"
        " SELECT n.r, n.o FROM unnest(%(r)b::bigint[], %(o)b::bigint[]) AS n(r, o) JOIN held ON held.id = n.o"
        " ON CONFLICT DO NOTHING",
        {
            "h": sorted({pair[1] for pair in wanted} | set(orders)),
            "r": [pair[0] for pair in wanted],
            "o": [pair[1] for pair in wanted],
        },
    )


def belong_only(conn: Connection, return_id: int, orders: Iterable[int]) -> None:
    """It belongs to these orders and to no other."""
    conn.exec_driver_sql(
        "DELETE FROM return_orders WHERE return_id = %(r)s AND order_id <> ALL(%(o)b::bigint[])",
        {"r": return_id, "o": sorted(set(orders))},
    )
    belong(conn, [(return_id, order_id) for order_id in orders])


def leave(conn: Connection, pairs: Iterable[tuple[int, int]]) -> None:
    """These returns do not belong to these orders any more, which the caller holds."""
    wanted = sorted(set(pairs))
    if wanted:
        conn.exec_driver_sql(
            "DELETE FROM return_orders ro USING unnest(%(r)b::bigint[], %(o)b::bigint[]) AS n(r, o)"
            " WHERE (ro.return_id, ro.order_id) = (n.r, n.o)",
            {"r": [pair[0] for pair in wanted], "o": [pair[1] for pair in wanted]},
        )


def save(conn: Connection, changes: Sequence[Change]) -> None:
    """Write merged documents with their searchable columns and facts; each gets a new revision."""
    if not changes:
        return
    ordered = sorted(changes, key=lambda change: change.id)
    merged = [change.merged for change in ordered]
    searched = {change.id: _search(change) for change in ordered}
    found = conn.exec_driver_sql(
        "WITH before AS MATERIALIZED (SELECT id, search FROM returns WHERE id = ANY(%(id)b::bigint[])), saved AS ("
        "INSERT INTO returns (id, doc, status, kind, opened, is_open, order_number, search, discrepancies,"
        " questions, revision)"
        " SELECT *, 1 FROM unnest(%(id)b::bigint[], %(doc)b::bytea[], %(status)b::text[], %(kind)b::text[],"
        " %(opened)b::bool[], %(open)b::bool[], %(number)b::text[], %(search)b::text[], %(disc)b::int[],"
        " %(ask)b::int[])"
        " ON CONFLICT (id) DO UPDATE SET doc = excluded.doc, revision = returns.revision + 1, status = excluded.status,"
        " kind = excluded.kind, opened = excluded.opened, is_open = excluded.is_open,"
        " order_number = excluded.order_number, search = excluded.search, discrepancies = excluded.discrepancies,"
        " questions = excluded.questions, at = clock_timestamp()) SELECT id, search FROM before",
        {
            "id": [change.id for change in ordered],
            "doc": [change.doc for change in ordered],
            "status": [ret.status for ret in merged],
            "kind": [ret.kind for ret in merged],
            "opened": [change.opened for change in ordered],
            "open": [change.opened and ret.status not in OVER for change, ret in zip(ordered, merged, strict=True)],
            "number": [next((order.number for order in ret.orders if order.number), None) for ret in merged],
            "search": list(searched.values()),
            "disc": [len(ret.discrepancies) for ret in merged],
            "ask": [len(waiting(ret)) for ret in merged],
        },
    )
    search_words.keep(conn, searched, {row[0]: row[1] for row in found})
    facts.save(conn, {change.id: change.merged for change in ordered})


def _search(change: Change) -> str:
    """What people type to find a return: numbers and SKUs, never names or addresses."""
    ret = change.merged
    words = [f"R{change.id}", *ret.numbers.values()]
    words += [order.number for order in ret.orders if order.number]
    words += [line.sku for line in ret.lines if line.sku]
    words += [shipment.value.number for shipment in ret.shipments if shipment.value.number]
    return " ".join(dict.fromkeys(words)).lower()


_MOVES = ("duplicate_facts", "journal", "attempts", "raw", "intents")
"""Tables whose rows go along when a return becomes part of another; observations and keys are known by their names."""


def merge_returns(conn: Connection, survivor: int, other: int) -> dict[str, list[int]]:
    """`other` was the same return all along: everything known under it moves, it stays as a redirect.

    Both rows are held by the caller, and neither has a remote write under way. What moved, for `give_back`.
    """
    ends = {"to": survivor, "from": other}
    duplicate_facts.keep_counted(conn, survivor, other)
    for table in ("observations", "keys"):
        conn.exec_driver_sql(f"UPDATE {table} SET return_id = %(to)s WHERE return_id = %(from)s", ends)
    moved = {
        table: sorted(
            conn.exec_driver_sql(
                f"UPDATE {table} SET return_id = %(to)s WHERE return_id = %(from)s RETURNING id", ends
            ).scalars()
        )
        for table in _MOVES
    }
    conn.exec_driver_sql(
        "INSERT INTO return_orders (return_id, order_id) SELECT %(to)s, order_id FROM return_orders"
        " WHERE return_id = %(from)s ON CONFLICT DO NOTHING",
        ends,
    )
    for table in ("return_orders", "sync", "facts"):
        conn.exec_driver_sql(f"DELETE FROM {table} WHERE return_id = %(from)s", {"from": other})
    redirect = Return(status="merged", relations=(("merged_into", f"R{survivor}"),))
    found = conn.exec_driver_sql(
        "WITH before AS MATERIALIZED (SELECT id, search FROM returns WHERE id = %(from)s), saved AS ("
        "UPDATE returns SET merged_into = %(to)s, status = 'merged', doc = %(doc)s, revision = revision + 1,"
        " opened = false, is_open = false, bindings = NULL, search = '', at = clock_timestamp() WHERE id = %(from)s)"
        " SELECT id, search FROM before",
        {**ends, "doc": encode(redirect)},
    )
    search_words.keep(conn, {other: ""}, {row[0]: row[1] for row in found})
    return moved


def give_back(conn: Connection, moved: Mapping[str, Sequence[int]], return_id: int) -> None:
    """What `merge_returns` moved is this return's again."""
    for table in _MOVES:
        if ids := moved.get(table):
            conn.exec_driver_sql(
                f"UPDATE {table} SET return_id = %(r)s WHERE id = ANY(%(i)b::bigint[])",
                {"r": return_id, "i": list(ids)},
            )


def absorb_order(conn: Connection, survivor: int, other: int) -> None:
    """Two names turned out to be one order; both rows are held by the caller."""
    for table in ("observations", "keys"):
        conn.exec_driver_sql(
            f"UPDATE {table} SET order_id = %(to)s WHERE order_id = %(from)s",
            {"to": survivor, "from": other},
        )
    conn.exec_driver_sql(
        "INSERT INTO return_orders (return_id, order_id) SELECT return_id, %(to)s FROM return_orders"
        " WHERE order_id = %(from)s ON CONFLICT DO NOTHING",
        {"to": survivor, "from": other},
    )
    conn.exec_driver_sql("DELETE FROM return_orders WHERE order_id = %(from)s", {"from": other})
    conn.exec_driver_sql("UPDATE orders SET merged_into = %(to)s WHERE id = %(from)s", {"to": survivor, "from": other})


def revive(conn: Connection, return_id: int) -> None:
    """A return that had gone into another is one of its own again."""
    conn.exec_driver_sql(
        "UPDATE returns SET merged_into = NULL, status = 'draft', doc = NULL, at = clock_timestamp() WHERE id = %(r)s",
        {"r": return_id},
    )


def open_of(conn: Connection, account: str) -> list[int]:
    """The returns still open that this account hears of."""
    found = conn.exec_driver_sql(
        "SELECT r.id FROM returns r JOIN sync s ON s.return_id = r.id WHERE s.account = %(a)s AND r.is_open ORDER BY 1",
        {"a": account},
    )
    return [row[0] for row in found]
