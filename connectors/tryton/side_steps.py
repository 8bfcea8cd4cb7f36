"""What goes along with a case: notes on the complaint, and the sale of what is sent instead."""

from __future__ import annotations

from decimal import Decimal

from connectors.kit.api import Changed, Made, OperationLine, Reply
from connectors.kit.errors import Rejected
from connectors.tryton.lookup import COMPLAINT, SALE, Row
from connectors.tryton.ordered import find_line
from connectors.tryton.situation import Next, Situation, Step, facts, finished
from connectors.tryton.wire import ident, money, pieces


def note(now: Situation) -> Next:
    """A note on the complaint; the mark at its end tells it apart from an equal text."""
    complaint = now.case()
    mark = f"[{now.operation.reference}/{now.operation.id}]"
    resource = f"{COMPLAINT},{complaint['id']}"
    mine = now.rest.search("ir.note", [["resource", "=", resource], ["message", "like", f"%{mark}"]], ["id"])
    if mine:
        made = tuple(Made("notes", str(mine[0]["id"]), fact) for fact in facts(now))
        return finished(now, "note is there", made)
    values = {"resource": resource, "message": f"{now.operation.payload.get('text') or ''} {mark}".strip()}
    return Step("ir.note", f"note on complaint {complaint['number']}", values=values, creates="note")


def exchange(now: Situation) -> Next:
    """A sale of its own for what is sent instead, born of the same complaint."""
    complaint = now.case()
    mine = [
        s
        for s in now.sales
        if s["reference"] in (now.operation.reference, now.operation.number) and s["state"] != "cancelled"
    ]
    if not mine:
        if now.sold is None:
            raise Rejected(f"complaint {complaint['number']} names no sale: what should be sent is not known")
        lines = [_instead(now, now.sold, line) for line in now.operation.lines]
        copied = ("currency", "invoice_address", "shipment_address", "warehouse", "payment_term", "party")
        of = now.rest.search(SALE, [["id", "=", now.sold["id"]]], [*copied, "invoice_method", "shipment_method"])[0]
        values: Row = {
            **{name: of[name] for name in (*copied, "invoice_method", "shipment_method")},
            "company": now.company,
            "origin": f"{COMPLAINT},{complaint['id']}",
            "reference": now.operation.reference,
            "lines": [["create", lines]],
        }
        return Step(SALE, "sale of what is sent instead", values=values, creates="replacement", undo="cancel")
    sale = mine[0]
    button = {"draft": "quote", "quotation": "confirm"}.get(sale["state"])
    if button:
        return Step(SALE, f"{button} sale {sale['number'] or sale['id']}", record=sale["id"], button=button)
    lines = [line for line in sale["lines"] if (line["quantity"] or 0) > 0]
    made = tuple(Made("replacements", str(line["id"]), fact) for line in lines for fact in facts(now))
    done = finished(now, f"sale {sale['number']} sends the goods", made)
    notifications = (*done.read_back, Changed("return_sale", str(sale["id"])))
    return Reply(objects=done.objects, made=made, read_back=notifications, detail=done.detail)


def _instead(now: Situation, sold: Row, line: OperationLine) -> Row:
    """What is sent instead, at the price of what comes back: a difference is settled where the customer pays."""
    wanted = line.words.get("wanted_sku") or line.sku
    products = now.rest.search("product.product", [["code", "=", wanted]], ["sale_uom", "template.sale_uom"])
    if len(products) != 1:
        raise Rejected(
            f"Tryton knows {len(products)} products with the code {wanted}: one is needed", code="no_product"
        )
    price = find_line(sold, line)["unit_price"]
    unit = ident(products[0]["template"]["sale_uom"])
    return {
        "type": "line",
        "product": products[0]["id"],
        "unit": unit,
        "quantity": float(pieces(line.quantity)),
        "unit_price": money(Decimal(str(price))),
    }
