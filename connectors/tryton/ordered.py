"""What was ordered, found in Tryton: the sale of an order number, its lines, and what a complaint has to name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.kit.api import OperationLine
from connectors.kit.errors import Rejected
from connectors.kit.names import spellings
from connectors.tryton.lookup import COMPLAINT, SALE, SALE_FIELDS, Row
from connectors.tryton.situation import Situation
from connectors.tryton.wire import pieces


def sale_of_order(now: Situation) -> Row:
    number = now.operation.order_number
    if not number:
        raise Rejected(f"{now.operation.number} has no order number to find its sale by", code="no_order_number")
    known = now.operation.objects.get("order")
    found = _sales(now, ["id", "=", int(known)]) if known and known.isdigit() else []
    found = found or _sales(now, ["reference", "=", number])
    if not found and (others := [word for word in spellings(number) if len(word) < len(number)]):
        found = _sales(now, ["reference", "in", others])
    if not found:
        raise Rejected(
            f"Tryton has no confirmed sale with the reference {number}, so nothing can come back to it: import the "
            "order there (reference = the shop's order number), then try again",
            code="no_sale",
        )
    if len(found) > 1:
        numbers = ", ".join(str(sale["number"]) for sale in found)
        raise Rejected(
            f"{len(found)} sales in Tryton carry the reference {number} ({numbers}): which one is meant is not for the "
            "hub to guess; enter the complaint there by hand, with the reference " + now.operation.reference,
            code="several_sales",
        )
    return found[0]


def _sales(now: Situation, which: list[Any]) -> list[Row]:
    """Sales that goods can come back to; not the return sales and replacements that the hub made."""
    sold = [which, ["company", "=", now.company], ["state", "in", ["confirmed", "processing", "done"]]]
    found = now.rest.search(SALE, [*sold, ["lines.quantity", ">", 0]], [*SALE_FIELDS, "party"])
    return [sale for sale in found if not _ours(sale)]


def _ours(sale: Row) -> bool:
    """A replacement carries the hub's number, which a shop's order number may equal."""
    return str(sale["origin"] or "").startswith(COMPLAINT)


def wanted_line(sold: Row, line: OperationLine) -> Row:
    found = find_line(sold, line)
    return {"line": found["id"], "quantity": float(line.quantity)}


def line_changes(now: Situation, complaint: Row) -> list[Any]:
    """Commands that bring the complaint's lines to the quantities asked for."""
    if now.sold is None or len(complaint["actions"]) != 1:
        raise Rejected(f"complaint {complaint['number']} has no single action on a sale: a clerk has to change it")
    named = {entry["line"]: entry for entry in complaint["actions"][0]["sale_lines"]}
    changes: list[Any] = []
    for line in now.operation.lines:
        sold = find_line(now.sold, line)["id"]
        wanted = line.totals.get("quantity", line.quantity) - line.totals.get("cancelled", Decimal(0))
        there = named.get(sold)
        if there is None and wanted > 0:
            changes.append(["create", [{"line": sold, "quantity": float(wanted)}]])
        elif there is not None and wanted <= 0:
            changes.append(["delete", [there["id"]]])
        elif there is not None and pieces(there["quantity"]) != wanted:
            changes.append(["write", [there["id"]], {"quantity": float(wanted)}])
    return changes


def find_line(sold: Row, line: OperationLine) -> Row:
    """The sold line by its id, else the only one with that SKU."""
    offered = [row for row in sold["lines"] if row["type"] == "line" and (row["quantity"] or 0) > 0]
    if line.order_line:
        match = [row for row in offered if str(row["id"]) == line.order_line]
    else:
        match = [row for row in offered if row["product"] and row["product"]["code"] == line.sku]
    if len(match) == 1:
        return match[0]
    name = f"line {line.order_line}" if line.order_line else f"SKU {line.sku}"
    why = "has no such line" if not match else f"has it on {len(match)} lines"
    raise Rejected(f"sale {sold['number']} ({sold['reference']}) {why}: {name}", code="no_line")


def complaint_type(now: Situation) -> int:
    wanted = now.settings.get("complaint_type")
    domain: list[Any] = [["origin.name", "=", SALE]]
    if wanted:
        domain.append(["name", "=", wanted])
    found = now.rest.search("sale.complaint.type", domain, ["name"])
    if not found:
        raise Rejected(
            "Tryton has no complaint type whose origin is a sale"
            + (f" and whose name is {wanted}" if wanted else "")
            + ": make one under Sales, Configuration, Complaint Types",
            code="no_complaint_type",
        )
    return int(found[0]["id"])
