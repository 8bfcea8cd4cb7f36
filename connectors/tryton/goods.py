"""Goods that come back: the record of a return shipment, its moves read as receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.tryton.cases import order_of
from connectors.tryton.lookup import Lineage, Lookup, Row
from connectors.tryton.wire import ident, pieces, sku, target

SHIPMENT_FIELDS = [
    "number",
    "reference",
    "state",
    "effective_date",
    "last_modified_at",
    "create_date",
    "warehouse.code",
    "warehouse_input",
    "warehouse_storage",
    "received_by.rec_name",
    "done_by.rec_name",
    "moves.state",
    "moves.quantity",
    "moves.unit.digits",
    "moves.unit.symbol",
    "moves.origin",
    "moves.sale",
    "moves.product.code",
    "moves.effective_date",
    "moves.last_modified_at",
    "moves.from_location",
    "moves.to_location.code",
    "moves.to_location.parent.code",
    "moves.to_location.parent.parent.code",
    "moves.to_location.parent.parent.parent.code",
]

Settings = Mapping[str, Any]


def shipments(lookup: Lookup, rows: Sequence[Row], settings: Settings) -> list[Row]:
    """`stock.shipment.out.return` with its moves; each move that puts goods away is one receipt."""
    sales = lookup.sales(ident(move["sale"]) for row in rows for move in row["moves"])
    lineages = lookup.lineages(sales.values())
    return [_shipment(row, lineages, settings) for row in rows]


def _shipment(row: Row, lineages: Mapping[int, Lineage], settings: Settings) -> Row:
    ids = sorted({i for move in row["moves"] if (i := ident(move["sale"])) in lineages})
    orders = [order_of(lineages[i].sold) for i in ids if lineages[i].sold]
    order_lines = {k: v for i in ids for k, v in lineages[i].order_lines.items()}
    return {
        "id": str(row["id"]),
        "number": row["number"],
        "reference": row["reference"],
        "state": row["state"],
        "created_at": row["create_date"],
        "modified_at": max([row["last_modified_at"], *(move["last_modified_at"] for move in row["moves"])]),
        "warehouse": (row["warehouse"] or {}).get("code"),
        "return_sales": [str(i) for i in ids],
        "complaints": sorted({str(c["id"]) for i in ids if (c := lineages[i].complaint)}),
        "began_here": not ids,
        "sales": [order for order in orders if order],
        "receipts": _receipts(row, order_lines, settings) if counts(row, settings) else [],
        "expected": [
            {"sku": sku(move["product"]), "quantity": pieces(move["quantity"], move["unit"]["digits"])}
            for move in incoming(row)
            if row["state"] == "draft"
        ],
    }


def counts(row: Row, settings: Settings) -> bool:
    """Whether the goods of this shipment are told as received: when put away, or (by setting) as soon as they came."""
    return row["state"] == "done" or (row["state"] == "received" and settings.get("receipt_at") == "received")


def incoming(row: Row) -> list[Row]:
    """The moves from the customer into the house."""
    if ident(row["warehouse_input"]) == ident(row["warehouse_storage"]):
        return [move for move in row["moves"] if move["state"] != "cancelled"]
    inside = ident(row["warehouse_input"])
    return [m for m in row["moves"] if ident(m["to_location"]) == inside and m["state"] != "cancelled"]


def inventory(row: Row) -> list[Row]:
    """The moves from the input zone to where the goods are kept; none without an input zone of its own."""
    inside = ident(row["warehouse_input"])
    if inside == ident(row["warehouse_storage"]):
        return []
    return [m for m in row["moves"] if ident(m["from_location"]) == inside and m["state"] != "cancelled"]


def source(move: Row, entered: Sequence[Row]) -> int | None:
    """The incoming move that an inventory move puts away; one added by hand has no origin and goes by its product."""
    origin = target(move["origin"], "stock.move")
    if origin is not None:
        return origin
    alike = (came["id"] for came in entered if ident(came["product"]) == ident(move["product"]))
    return next(alike, None)


def _receipts(row: Row, order_lines: Mapping[int, int], settings: Settings) -> list[Row]:
    """One receipt per move that put goods away, plus what came in and was not put away."""
    put, entered = inventory(row), incoming(row)
    receipts = []
    for came in entered:
        parts = [move for move in put if source(move, entered) == came["id"]]
        sale_line = target(came["origin"], "sale.line") or 0
        rest = Decimal(str(came["quantity"])) - sum((Decimal(str(p["quantity"])) for p in parts), Decimal(0))
        if not put:
            counted = [(came, came["quantity"], place(came, settings))]
        else:
            counted = [(part, part["quantity"], place(part, settings)) for part in parts]
            if rest > 0:
                counted.append((came, float(rest), {}))
        for move, quantity, where in counted:
            if not quantity:
                continue
            receipts.append(
                {
                    "id": str(move["id"]),
                    "order_line": str(order_lines[sale_line]) if sale_line in order_lines else None,
                    "sale_line": str(sale_line) if sale_line else None,
                    "sku": sku(came["product"]),
                    "quantity": pieces(quantity, came["unit"]["digits"]),
                    "location": where.get("location"),
                    "condition": where.get("condition", "unknown"),
                    "disposition": where.get("disposition") if row["state"] == "done" else None,
                    "at": move["last_modified_at"],
                }
            )
    return receipts


def place(move: Row, settings: Settings) -> Row:
    """What lying there means: the account's entry for the move's destination, or for the nearest location around it."""
    table: Mapping[str, Row] = settings.get("locations") or {}
    here: Row | None = move["to_location"]
    code = (here or {}).get("code")
    while here:
        if here.get("code") in table:
            return {"location": code, **table[here["code"]]}
        here = here.get("parent")
    return {"location": code}
