"""The case: from a complaint to a return sale whose goods can be received, and the ways out of it.

Each function looks where things stand and names the next single write, or says that nothing is left to do. So a step
that was lost in a crash is simply found done. Legal moves: `_transitions` of sale_complaint/complaint.py, sale/sale.py.
"""

from __future__ import annotations

from connectors.kit.errors import NotYet, Rejected
from connectors.tryton.cases import receivable
from connectors.tryton.lookup import COMPLAINT, SALE, SHIPMENT, Row
from connectors.tryton.ordered import complaint_type, line_changes, sale_of_order, wanted_line
from connectors.tryton.situation import Next, Situation, Step, finished
from connectors.tryton.wire import ident

QUEUE_SECONDS = 10.0
"""How long Tryton's queue gets before we look again; with `[queue] worker = False` it is empty before we can ask."""

# The next button on the way to each goal, by the state the complaint is in. Nothing named: there is no way; a rejected
# complaint has a way back in Tryton's table of transitions, but no button for it.
WAY: dict[str, dict[str, str]] = {
    "draft": {"waiting": "draft", "cancelled": "draft"},
    "waiting": {"draft": "wait", "cancelled": "draft"},
    "done": {"draft": "wait", "waiting": "approve", "cancelled": "draft"},
    "rejected": {"draft": "wait", "waiting": "reject", "cancelled": "draft", "done": "draft"},
    "cancelled": {"draft": "cancel", "waiting": "cancel", "done": "draft"},
}


def create_return(now: Situation) -> Next:
    """A complaint for the sale whose reference is the order's number; the hub never creates sales."""
    operation = now.operation
    if now.complaint is None:
        sold = sale_of_order(now)
        kept = [
            line.sku for line in operation.lines if line.words.get("goods", "expected") in ("kept", "never_shipped")
        ]
        if kept:
            raise Rejected(
                f"{operation.number} is a refund without goods ({', '.join(filter(None, kept))}): the hub writes no "
                "such complaint; credit the invoice in Tryton and put the number into the complaint's reference",
                code="no_goods",
            )
        wanted = [wanted_line(sold, line) for line in operation.lines]
        if not wanted:
            raise Rejected(f"{operation.number} names no lines: nothing to write into a complaint", code="no_lines")
        values: Row = {
            "customer": ident(sold["party"]),
            "company": now.company,
            "type": complaint_type(now),
            "origin": f"{SALE},{sold['id']}",
            "reference": operation.reference,
            "actions": [["create", [{"action": "sale_return", "sale_lines": [["create", wanted]]}]]],
        }
        text = operation.payload.get("description")
        if text:
            values["description"] = str(text)
        says = f"complaint for sale {sold['number']} ({sold['reference']})"
        return Step(COMPLAINT, says, values=values, creates="complaint")
    if now.complaint["state"] == "draft":
        return _toward(now, now.complaint, "waiting")
    return finished(now, f"complaint {now.complaint['number']} is {now.complaint['state']}")


def amend(now: Situation) -> Next:
    """Other quantities, as long as nobody approved: back to draft, change the lines, wait again."""
    complaint = now.case()
    if complaint["state"] not in ("draft", "waiting"):
        raise Rejected(
            f"complaint {complaint['number']} is {complaint['state']}: its quantities cannot change any more; a clerk "
            "changes the return sale",
            code="decided",
        )
    changes = line_changes(now, complaint)
    if not changes:
        if complaint["state"] == "draft":
            return _toward(now, complaint, "waiting")
        return finished(now, "the quantities stand there")
    if complaint["state"] == "waiting":
        says = f"draft complaint {complaint['number']}"
        return Step(COMPLAINT, says, record=complaint["id"], button="draft", undo="wait")
    action = complaint["actions"][0]["id"]
    values = {"actions": [["write", [action], {"sale_lines": changes}]]}
    return Step(COMPLAINT, f"change lines of complaint {complaint['number']}", values=values, record=complaint["id"])


def authorize(now: Situation) -> Next:
    """Approve, wait for the queue, then quote and confirm the return sale: without that no shipment exists."""
    complaint = now.complaint
    if complaint is not None and complaint["state"] == "approved":
        raise NotYet(
            f"complaint {complaint['number']} is approved and waits for Tryton's queue; if it stays so, no "
            "trytond-worker runs there",
            after=QUEUE_SECONDS,
        )
    if complaint is not None and complaint["state"] != "done":
        return _toward(now, complaint, "done")
    if complaint is None and not now.returns:
        raise now.nothing()
    for sale in now.returns:
        button = {"draft": "quote", "quotation": "confirm"}.get(sale["state"])
        if button:
            return Step(SALE, f"{button} return sale {sale['number'] or sale['id']}", record=sale["id"], button=button)
        if sale["state"] == "confirmed":
            raise NotYet(f"return sale {sale['number']} is confirmed and waits for Tryton's queue", after=QUEUE_SECONDS)
    if not any(map(receivable, now.returns)):
        raise Rejected(
            f"the return sale of {now.operation.number} expects no goods any more, its shipments were cancelled: a "
            "clerk can recreate them (Handle Shipment Exception on the sale)",
            code="shipment_exception",
        )
    return finished(now, "goods can be received")


def reject(now: Situation) -> Next:
    """Say no; after an approval only while nothing has arrived. What no person refused is cancelled instead: should a
    person allow it after all, a cancelled complaint can be opened again, a rejected one never."""
    said = now.operation.payload
    by_itself = (said.get("decided_by"), said.get("by")) == ("hub", "rule")
    return _end(now, "cancelled" if by_itself else "rejected")


def cancel(now: Situation) -> Next:
    """Call it off. Once some goods are here only the rest is called off: what arrived stays."""
    if now.arrived:
        left = [shipment for shipment in now.shipments if shipment["state"] == "draft"]
        if left:
            return _cancel_shipment(left[0])
        return finished(now, "goods that arrived stay; nothing more is expected")
    return _end(now, "cancelled")


def reopen(now: Situation) -> Next:
    """Back to waiting for a decision."""
    complaint = now.case()
    if complaint["state"] in ("waiting", "approved", "done"):
        return finished(now, f"complaint {complaint['number']} is {complaint['state']}")
    return _toward(now, complaint, "waiting")


def _end(now: Situation, goal: str) -> Next:
    complaint = now.complaint
    if complaint is not None and complaint["state"] == goal:
        return finished(now, f"complaint {complaint['number']} is {goal}")
    if now.arrived:
        raise Rejected(
            f"goods of {now.operation.number} have already arrived in Tryton: it cannot be {goal} any more; "
            "agree with the warehouse what becomes of them",
            code="goods_arrived",
        )
    for shipment in now.shipments:
        if shipment["state"] == "draft":
            return _cancel_shipment(shipment)
    for sale in now.returns:
        if sale["state"] in ("draft", "quotation"):
            return Step(SALE, f"cancel return sale {sale['number'] or sale['id']}", record=sale["id"], button="cancel")
    if complaint is None:
        if not now.sales:
            raise now.nothing()
        return finished(now, "the return sale is called off")
    return _toward(now, complaint, goal)


def _cancel_shipment(shipment: Row) -> Step:
    says = f"cancel return shipment {shipment['number']}"
    return Step(SHIPMENT, says, record=shipment["id"], button="cancel")


def _toward(now: Situation, complaint: Row, goal: str) -> Next:
    if complaint["state"] == "approved":
        raise NotYet(f"complaint {complaint['number']} waits for Tryton's queue", after=QUEUE_SECONDS)
    button = WAY[goal].get(complaint["state"])
    if button is None:
        raise Rejected(f"complaint {complaint['number']} is {complaint['state']}: there is no way to {goal}")
    return Step(COMPLAINT, f"{button} complaint {complaint['number']}", record=complaint["id"], button=button)
