"""Credit notes: the document that owes the customer money, never the money itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.tryton.cases import order_of
from connectors.tryton.lookup import COMPLAINT, Lineage, Lookup, Row
from connectors.tryton.wire import ident, target

INVOICE_FIELDS = [
    "number",
    "reference",
    "state",
    "type",
    "invoice_date",
    "total_amount",
    "tax_amount",
    "currency.code",
    "last_modified_at",
    "create_date",
    "lines.type",
    "lines.quantity",
    "lines.amount",
    "lines.origin",
]
Settings = Mapping[str, Any]


def credit_notes(lookup: Lookup, rows: Sequence[Row], settings: Settings) -> list[Row]:
    """`account.invoice` that gives money back: the document, never the money."""
    back = {row["id"]: [n for n in row["lines"] if (n["quantity"] or 0) < 0] for row in rows}
    origins = {n["origin"] for lines in back.values() for n in lines}
    credited = lookup.many(
        "account.invoice.line", (target(o, "account.invoice.line") for o in origins), ("quantity", "origin", "invoice")
    )
    line_of = {o: target(o, "sale.line") for o in origins}
    line_of |= {o: target(credited[i]["origin"], "sale.line") for o in origins if (i := _invoice_line(o)) in credited}
    lines = lookup.many("sale.line", line_of.values(), ["sale"])
    sales = lookup.sales(ident(line["sale"]) for line in lines.values())
    lineages = lookup.lineages(sales.values())
    found = []
    for row in rows:
        ids = {ident(lines[i]["sale"]) for n in back[row["id"]] if (i := line_of[n["origin"]] or 0) in lines}
        found.append(_credit_note(row, back[row["id"]], [(sales[i], lineages[i]) for i in sorted(ids) if i in sales]))
    return found


def _invoice_line(origin: str | None) -> int:
    return target(origin, "account.invoice.line") or 0


def _credit_note(row: Row, back: Sequence[Row], about: Sequence[tuple[Row, Lineage]]) -> Row:
    total = Decimal(row["total_amount"])
    if total >= 0:  # one document for goods that came back and goods sent instead: only the former are a credit
        total = sum((Decimal(line["amount"]) for line in back), Decimal(0))
    direct = {i for line in back if (i := target(line["origin"], COMPLAINT))}
    returns = [(sale, lineage) for sale, lineage in about if any((n["quantity"] or 0) < 0 for n in sale["lines"])]
    plain_sales = [sale for sale, lineage in about if (sale, lineage) not in returns]
    sold = [order_of(lineage.sold) for _, lineage in returns if lineage.sold] + [order_of(s) for s in plain_sales]
    return {
        "id": str(row["id"]),
        "number": row["number"],
        "state": row["state"],
        "amount": str(-total),
        "tax": str(abs(Decimal(row["tax_amount"]))),
        "currency": row["currency"]["code"],
        "date": row["invoice_date"],
        "created_at": row["create_date"],
        "modified_at": row["last_modified_at"],
        "return_sales": [str(sale["id"]) for sale, _ in returns],
        "complaints": sorted({*map(str, direct), *(str(n.complaint["id"]) for _, n in returns if n.complaint)}),
        "sales": sold,
    }
