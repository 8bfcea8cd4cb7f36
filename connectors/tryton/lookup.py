"""What belongs together in Tryton, read in batches: sales with their lines, complaints, and who stems from whom.

A return sale's lines have no link to the lines they send back; the complaint's action lines have. Tryton copies them in
order (sale_complaint/complaint.py: do_sale_return), so a line is paired with the first unused one of the same product.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from connectors.tryton.client import Rest
from connectors.tryton.wire import ident, target

HUB_NUMBER = re.compile(r"R\d{1,12}-\w+", re.ASCII)

SALE = "sale.sale"
COMPLAINT = "sale.complaint"
SHIPMENT = "stock.shipment.out.return"
INVOICE = "account.invoice"

SALE_FIELDS = [
    "number",
    "reference",
    "state",
    "origin",
    "sale_date",
    "shipment_state",
    "invoice_state",
    "total_amount",
    "currency.code",
    "currency.digits",
    "party.name",
    "party.code",
    "last_modified_at",
    "create_date",
    "shipment_returns",
    "invoices",
    "lines.type",
    "lines.quantity",
    "lines.unit_price",
    "lines.amount",
    "lines.unit.symbol",
    "lines.unit.digits",
    "lines.taxes",
    "lines.product.code",
    "lines.product.template.name",
    "lines.moves.state",
    "lines.moves.quantity",
]
COMPLAINT_FIELDS = [
    "number",
    "reference",
    "state",
    "date",
    "description",
    "origin",
    "customer.name",
    "customer.code",
    "last_modified_at",
    "create_date",
    "approved_by.rec_name",
    "rejected_by.rec_name",
    "cancelled_by.rec_name",
    "actions.action",
    "actions.result",
    "actions.quantity",
    "actions.sale_lines.quantity",
    "actions.sale_lines.line",
    "actions.invoice_lines.quantity",
    "actions.invoice_lines.line",
]
INVOICE_LINE_FIELDS = ("quantity", "origin", "invoice")

Row = dict[str, Any]


def hub_number(reference: str | None) -> str | None:
    """The hub's number with its check, if this text is one; any other, a bare R1001 too, somebody typed."""
    return reference if reference and HUB_NUMBER.fullmatch(reference) else None


@dataclass(slots=True)
class Lineage:
    """Where a return sale comes from. `order_lines`: the sold line's id by the return line's id."""

    complaint: Row | None = None
    sold: Row | None = None
    order_lines: dict[int, int] = field(default_factory=dict)

    @property
    def number(self) -> str | None:
        return hub_number((self.complaint or {}).get("reference"))


class Lookup:
    """One reading of related records; keeps what it read, so use a fresh one for each page."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self._known: dict[tuple[str, int], Row] = {}

    def many(self, model: str, ids: Iterable[int | None], fields: Iterable[str]) -> dict[int, Row]:
        """Records by id; the ones that are gone or hidden are left out."""
        wanted = sorted({i for i in ids if i})
        missing = [i for i in wanted if (model, i) not in self._known]
        if missing:
            for row in self.rest.search(model, [["id", "in", missing]], fields):
                self._known[model, row["id"]] = row
        return {i: self._known[model, i] for i in wanted if (model, i) in self._known}

    def sales(self, ids: Iterable[int | None]) -> dict[int, Row]:
        return self.many(SALE, ids, SALE_FIELDS)

    def complaints(self, ids: Iterable[int | None]) -> dict[int, Row]:
        return self.many(COMPLAINT, ids, COMPLAINT_FIELDS)

    def sold_by(self, complaints: Iterable[Row]) -> dict[int, Row]:
        """The sale each complaint is about, whatever its origin: a sale, its line, an invoice, its line."""
        complaints = list(complaints)
        lines = {c["id"]: target(c["origin"], "sale.line") for c in complaints}
        invoice_lines = {c["id"]: self._invoice_line(c) for c in complaints}
        from_invoice = self.many("account.invoice.line", invoice_lines.values(), INVOICE_LINE_FIELDS)
        for complaint, line in invoice_lines.items():
            if line in from_invoice:
                lines[complaint] = target(from_invoice[line]["origin"], "sale.line")
        of_line = self.many("sale.line", lines.values(), ["sale"])
        sale_of = {c["id"]: target(c["origin"], SALE) for c in complaints}
        for complaint, line in lines.items():
            if line in of_line:
                sale_of[complaint] = ident(of_line[line]["sale"])
        sales = self.sales(sale_of.values())
        return {complaint: sales[sale] for complaint, sale in sale_of.items() if sale in sales}

    def _invoice_line(self, complaint: Row) -> int | None:
        direct = target(complaint["origin"], "account.invoice.line")
        invoice = target(complaint["origin"], INVOICE)
        if direct is not None or invoice is None:
            return direct
        found = self.many(INVOICE, [invoice], ["lines"]).get(invoice)
        return found["lines"][0] if found and found["lines"] else None

    def credited(self, complaint: Row, action: Row) -> dict[int, float]:
        """For an action that credits an invoice: quantity by sold line; nothing named means all of it."""
        named = {entry["line"]: entry["quantity"] for entry in action["invoice_lines"]}
        line, invoice = target(complaint["origin"], "account.invoice.line"), target(complaint["origin"], INVOICE)
        if not named and line is not None:
            named = {line: action["quantity"]}
        elif not named and invoice is not None:
            found = self.many(INVOICE, [invoice], ["lines"]).get(invoice)
            named = dict.fromkeys(found["lines"] if found else ())
        rows = self.many("account.invoice.line", named, INVOICE_LINE_FIELDS)
        sold = {i: target(row["origin"], "sale.line") for i, row in rows.items()}
        return {
            line: rows[i]["quantity"] if named[i] is None else named[i] for i, line in sold.items() if line is not None
        }

    def lineages(self, return_sales: Iterable[Row]) -> dict[int, Lineage]:
        """Complaint, sold order and line pairs of each return sale, by its id."""
        sales = list(return_sales)
        complaints = self.complaints(target(s["origin"], COMPLAINT) for s in sales)
        sold_by = self.sold_by(complaints.values())
        direct = self.sales(target(s["origin"], SALE) for s in sales)
        lineages = {}
        for sale in sales:
            complaint = complaints.get(target(sale["origin"], COMPLAINT) or 0)
            sold = sold_by.get(complaint["id"]) if complaint else direct.get(target(sale["origin"], SALE) or 0)
            lineages[sale["id"]] = Lineage(complaint, sold, pair(sale, sold, complaint))
        return lineages


def pair(sale: Row, sold: Row | None, complaint: Row | None) -> dict[int, int]:
    """Which sold line each return line sends back."""
    if sold is None:
        return {}
    chosen = [line["line"] for action in (complaint or {}).get("actions", ()) for line in action["sale_lines"]] or [
        target((complaint or {}).get("origin"), "sale.line")
    ]
    offered = [line for line in sold["lines"] if line["type"] == "line" and line["product"]]
    if any(i is not None for i in chosen):
        by_id = {line["id"]: line for line in offered}
        offered = [by_id[i] for i in chosen if i in by_id]
    pairs: dict[int, int] = {}
    for line in sale["lines"]:
        if line["type"] != "line" or not line["product"] or (line["quantity"] or 0) >= 0:
            continue
        match = next((o for o in offered if o["product"]["id"] == line["product"]["id"]), None)
        if match is not None:
            offered.remove(match)
            pairs[line["id"]] = match["id"]
    return pairs
