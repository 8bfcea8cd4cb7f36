"""The case and its sales as records we hand over, joined from Tryton's tables so that a mapping needs no second look.

Words stay Tryton's (states, action names); quantities are positive, ids are text, times are ISO in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.tryton.lookup import COMPLAINT, INVOICE, SALE, Lineage, Lookup, Row, hub_number
from connectors.tryton.wire import pieces, sku, target

NOTE_FIELDS = ("message", "resource", "create_date", "last_modified_at", "last_user")
Settings = Mapping[str, Any]


def complaints(lookup: Lookup, rows: Sequence[Row], settings: Settings) -> list[Row]:
    """`sale.complaint`, with the lines its actions name and what became of them."""
    sold_by = lookup.sold_by(rows)
    results = lookup.sales(target(a["result"], SALE) for row in rows for a in row["actions"])
    notes = _notes(lookup, rows)
    found = []
    for row in rows:
        lines = list(_complaint_lines(lookup, row, sold_by.get(row["id"])))
        found.append(_complaint(row, sold_by.get(row["id"]), lines, results, notes.get(row["id"], [])))
    return found


def _complaint(row: Row, sold: Row | None, lines: list[Row], results: Mapping[int, Row], notes: list[Row]) -> Row:
    made = [results[i] for a in row["actions"] if (i := target(a["result"], SALE) or 0) in results]
    credit_notes = [str(note) for a in row["actions"] if (note := target(a["result"], INVOICE)) is not None]
    number = hub_number(row["reference"])
    times = [row["last_modified_at"], *(s["last_modified_at"] for s in made), *(n["modified_at"] for n in notes)]
    by = next((row[w]["rec_name"] for w in ("cancelled_by", "rejected_by", "approved_by") if row.get(w)), None)
    return {
        "id": str(row["id"]),
        "number": row["number"],
        "hub_number": number,
        "reference": None if number else row["reference"],
        "state": row["state"],
        "standing": _standing(row["state"], made),
        "ready": _ready(row["state"], made, credit_notes),
        "description": row["description"],
        "created_at": row["create_date"],
        "modified_at": max(times),
        "decided_by": by,
        "decided_at": row["last_modified_at"],
        "customer": {"name": row["customer"]["name"], "code": row["customer"]["code"]},
        "sale": order_of(sold),
        "return_sales": [str(s["id"]) for s in made],
        "credit_notes": credit_notes,
        "lines": lines,
        "notes": notes,
    }


def _standing(state: str, made: Sequence[Row]) -> str:
    """The complaint's state, or "called_off" when every return sale that came of it was cancelled."""
    called_off = state == "done" and made and all(sale["state"] == "cancelled" for sale in made)
    return "called_off" if called_off else state


def _ready(state: str, made: Sequence[Row], credit_notes: Sequence[str]) -> bool:
    """Whether goods can be received: a return sale still in draft has no shipment yet; a mere credit needs none."""
    if state != "done":
        return False
    return bool(credit_notes) or any(map(receivable, made))


def receivable(sale: Row) -> bool:
    """Whether a return sale's goods can come in, or came: it is processed, and not all moves are cancelled."""
    moves = [move for line in sale["lines"] if (line["quantity"] or 0) < 0 for move in line["moves"]]
    return sale["state"] in ("processing", "done") and (not moves or any(m["state"] != "cancelled" for m in moves))


def _complaint_lines(lookup: Lookup, row: Row, sold: Row | None) -> Iterable[Row]:
    """What the actions ask for. Tryton's rule: no lines named means the whole sale, no quantity the whole line."""
    lines = {line["id"]: line for line in (sold or {}).get("lines", ()) if line["type"] == "line"}
    direct = target(row["origin"], "sale.line")
    for action in row["actions"]:
        named = {n["line"]: n["quantity"] for n in action["sale_lines"]}
        if action["action"] == "credit_note":
            named = lookup.credited(row, action)
        elif not named and direct is not None:
            named = {direct: action["quantity"]}
        elif not named:
            named = dict.fromkeys(lines)
        for line, quantity in named.items():
            if line in lines:
                yield _line(lines[line], f"{action['id']}-{line}", line, quantity, action["action"])


def _line(line: Row, own: str, order_line: int | None, quantity: float | None, action: str) -> Row:
    count = pieces(abs(line["quantity"] if quantity is None else quantity), _digits(line))
    return {
        "id": own,
        "order_line": None if order_line is None else str(order_line),
        "sku": sku(line["product"]),
        "name": _name(line),
        "quantity": count,
        "unit": (line["unit"] or {}).get("symbol"),
        "amount": _amount(line, count),
        "action": action,
    }


def _name(line: Row) -> str | None:
    template = (line["product"] or {}).get("template")
    return template["name"] if template else None


def _digits(line: Row) -> int:
    return int((line["unit"] or {}).get("digits", 6))


def _amount(line: Row, count: Decimal | float | None = None) -> str | None:
    """So many pieces of the line (all of them where no count is named) with tax, where that is known."""
    price = _price(line)
    return None if price is None else str(price * Decimal(str(line["quantity"] if count is None else count)))


def _price(line: Row) -> Decimal | None:
    """One piece with tax: known only where the line bears none; Tryton keeps no taxed price."""
    return None if line["taxes"] or line["unit_price"] is None else Decimal(line["unit_price"])


def order_of(sold: Row | None) -> Row | None:
    if sold is None:
        return None
    return {"id": str(sold["id"]), "reference": sold["reference"], "currency": sold["currency"]["code"]}


def _notes(lookup: Lookup, rows: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    resources = [f"{COMPLAINT},{row['id']}" for row in rows]
    for note in lookup.rest.search("ir.note", [["resource", "in", resources]], NOTE_FIELDS) if rows else ():
        row = {
            "id": str(note["id"]),
            "text": note["message"],
            "at": note["create_date"],
            "by": note["last_user"],
            "modified_at": note["last_modified_at"],
        }
        found.setdefault(target(note["resource"], COMPLAINT) or 0, []).append(row)
    return found


def return_sales(lookup: Lookup, rows: Sequence[Row], settings: Settings) -> list[Row]:
    """`sale.sale` with lines below zero, or born of a complaint: lines that come back, and lines sent instead."""
    lineages = lookup.lineages(rows)
    return [_return_sale(row, lineages[row["id"]]) for row in rows]


def _return_sale(row: Row, lineage: Lineage) -> Row:
    lines = [line for line in row["lines"] if line["type"] == "line"]
    back = [line for line in lines if (line["quantity"] or 0) < 0]
    instead = [line for line in lines if (line["quantity"] or 0) > 0]
    orders = lineage.order_lines
    return {
        "id": str(row["id"]),
        "number": row["number"],
        "reference": None if hub_number(row["reference"]) else row["reference"],
        "state": row["state"],
        "complaint": str(lineage.complaint["id"]) if lineage.complaint else None,
        "began_here": lineage.complaint is None and bool(back),
        "ready": receivable(row),
        "sale": order_of(lineage.sold),
        "currency": row["currency"]["code"],
        "created_at": row["create_date"],
        "modified_at": row["last_modified_at"],
        "shipment_state": row["shipment_state"],
        "invoice_state": row["invoice_state"],
        "lines": [_line(line, str(line["id"]), orders.get(line["id"]), None, "sale_return") for line in back],
        "replacements": [
            {
                "id": str(line["id"]),
                "sku": sku(line["product"]),
                "quantity": pieces(line["quantity"], _digits(line)),
                "state": "cancelled" if row["state"] == "cancelled" else _sent(line),
                "amount": _amount(line),
            }
            for line in instead
        ],
    }


def _sent(line: Row) -> str:
    return "sent" if _shipped(line) >= Decimal(str(line["quantity"])) else "due"


def _shipped(line: Row) -> Decimal:
    """How much of a sold line left the house."""
    return Decimal(str(pieces(sum(Decimal(str(m["quantity"])) for m in line["moves"] if m["state"] == "done"))))


def orders(lookup: Lookup, rows: Sequence[Row], settings: Settings) -> list[Row]:
    """`sale.sale` as sold: what may come back."""
    return [
        {
            "id": str(row["id"]),
            "number": row["number"],
            "reference": row["reference"],
            "state": row["state"],
            "currency": row["currency"]["code"],
            "total": row["total_amount"],
            "date": row["sale_date"],
            "created_at": row["create_date"],
            "modified_at": row["last_modified_at"],
            "lines": [
                {
                    "id": str(line["id"]),
                    "sku": sku(line["product"]),
                    "name": _name(line),
                    "quantity": pieces(line["quantity"], _digits(line)),
                    "shipped": _shipped(line),
                    "price": None if (price := _price(line)) is None else str(price),
                }
                for line in row["lines"]
                if line["type"] == "line" and (line["quantity"] or 0) > 0
            ],
        }
        for row in rows
    ]
