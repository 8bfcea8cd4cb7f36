"""`create_return` and `cancel`: a return that began elsewhere appears in Medusa, or ends there.

Creating takes three or four calls: begin (it carries the hub's number as metadata), items, the return's shipping method
if the account names one, confirm. Until it is confirmed the return is a draft that nobody else sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.kit.api import Changed, Operation, OperationLine, Reply
from connectors.kit.errors import NotFound, Rejected
from connectors.kit.names import spellings
from connectors.medusa.admin import Admin
from connectors.medusa.drafts import Draft, Mark, Record, active, quantities, take

NUMBER = "hub_return"
"""The key in Medusa's `metadata` that holds the hub's number."""


def create_return(admin: Admin, operation: Operation, settings: Mapping[str, Any]) -> Reply:
    """The next step towards a requested return that carries the hub's number."""
    order_id = order_of(admin, operation)
    mark = Mark(operation.reference, operation.id)
    standing = mine(admin, "returns", order_id, operation.reference)
    if confirmed := next((record for record in standing if record["status"] not in ("open", "canceled")), None):
        return created(confirmed)
    draft = active(admin.get(f"orders/{order_id}/changes")["order_changes"])
    if draft is None:
        check_open(admin, order_id, operation.lines)
        begun = {"order_id": order_id, "metadata": {NUMBER: operation.reference}, "internal_note": str(mark)}
        place = settings.get("location")
        quiet = {"no_notification": not operation.notify}
        admin.post("returns", {**begun, **quiet, **({"location_id": place} if place else {})})
        return Reply(finished=False, progress={"step": "begun"}, detail="began a return")
    return_id = str(draft.change.get("return_id"))
    if take(admin, draft, mark, "return_request", return_id):
        return Reply(finished=False, progress={"step": "dropped"}, detail="dropped an abandoned draft")
    if step := add_items(admin, draft, operation, f"returns/{return_id}/request-items", {}):
        return step
    option = settings.get("return_shipping_option")
    if option and not any(action["action"] == "SHIPPING_ADD" for action in draft.actions):
        admin.post(f"returns/{return_id}/shipping-method", {"shipping_option_id": option})
        return Reply(finished=False, progress={"step": "shipping"}, detail="added the return's shipping method")
    admin.post(f"returns/{return_id}/request", {"no_notification": not operation.notify})
    return created({"id": return_id, "order_id": order_id})


def found(admin: Admin, operation: Operation) -> Reply | None:
    """The return this operation made: there, begun (go on), or not there."""
    order_id = order_of(admin, operation)
    for record in mine(admin, "returns", order_id, operation.reference):
        if record["status"] not in ("open", "canceled"):
            return created(record)
    return begun(admin, order_id, operation)


def begun(admin: Admin, order_id: str, operation: Operation) -> Reply | None:
    """A draft of this very operation, to be gone on with."""
    draft = active(admin.get(f"orders/{order_id}/changes")["order_changes"])
    if draft is not None and draft.mark == Mark(operation.reference, operation.id):
        return Reply(finished=False, progress={"step": "found"}, detail="found its own draft again")
    return None


def created(record: Record) -> Reply:
    return Reply(
        objects={"return": record["id"]},
        read_back=(Changed("return", record["id"]), Changed("order", record["order_id"])),
        detail=f"requested {record['id']}",
    )


def cancel(admin: Admin, operation: Operation) -> Reply:
    """Cancel a return of which nothing was received; its parcel (Medusa makes one for customers' requests) goes first.

    An exchange's return is cancelled with its exchange: cancelling it alone would leave the exchange standing and its
    replacement due (seen in 2.21.2).
    """
    return_id = operation.objects["return"]
    fields = "id,order_id,status,exchange_id,claim_id,fulfillments.id,fulfillments.canceled_at,items.received_quantity"
    record = admin.get(f"returns/{return_id}", fields=fields)["return"]
    back = (Changed("return", return_id), Changed("order", record["order_id"]))
    if record["status"] == "canceled":
        return Reply(read_back=back, detail="was cancelled already")
    draft = active(admin.get(f"orders/{record['order_id']}/changes")["order_changes"])
    if draft is not None and take(admin, draft, Mark(operation.reference, operation.id), "none", return_id):
        return Reply(finished=False, progress={"step": "dropped"}, detail="dropped an abandoned draft")
    if any(item["received_quantity"] for item in record.get("items") or ()):
        raise Rejected(f"goods of {return_id} were received; Medusa cancels no return after that", code="not_allowed")
    for parcel in record.get("fulfillments") or ():
        if parcel["canceled_at"] is None:
            admin.post(f"fulfillments/{parcel['id']}/cancel", {})
            return Reply(
                finished=False, progress={"step": "parcel"}, detail="cancelled the parcel it would come back in"
            )
    for stream, collection in (("exchange", "exchanges"), ("claim", "claims")):
        if record.get(f"{stream}_id"):
            admin.post(f"{collection}/{record[f'{stream}_id']}/cancel", {"no_notification": not operation.notify})
            return Reply(read_back=(*back, Changed(stream, record[f"{stream}_id"])), detail=f"cancelled its {stream}")
    admin.post(f"returns/{return_id}/cancel", {"no_notification": not operation.notify})
    return Reply(read_back=back, detail=f"cancelled {return_id}")


def cancelled(admin: Admin, operation: Operation) -> Reply | None:
    """Whether the return is cancelled by now."""
    return_id = operation.objects["return"]
    record = admin.get(f"returns/{return_id}", fields="id,order_id,status")["return"]
    if record["status"] != "canceled":
        return None
    return Reply(read_back=(Changed("return", return_id), Changed("order", record["order_id"])), detail="is cancelled")


def order_of(admin: Admin, operation: Operation) -> str:
    """The order's id: known, or found by the number people use (#12). Medusa ignores `display_id` as a filter."""
    if known := operation.objects.get("order"):
        return known
    written = spellings(operation.order_number or "")
    number = (operation.order_number or "").strip("# ")
    listed = admin.get("orders", q=number, fields="id,display_id,custom_display_id", limit=50)["orders"]
    found = [o for o in listed if not {str(o["display_id"]), o.get("custom_display_id")}.isdisjoint(written)]
    if len(found) > 1:
        raise Rejected(f"Medusa has {len(found)} orders {operation.order_number}: which one is meant is not guessed")
    if found:
        return str(found[0]["id"])
    raise NotFound(f"Medusa has no order {operation.order_number}", code="not_found")


def mine(admin: Admin, collection: str, order_id: str, reference: str) -> Iterator[Record]:
    """This order's records that carry the hub's number."""
    for record in admin.all(
        collection, {"order_id": order_id, "fields": "id,order_id,status,metadata,return_id,canceled_at"}
    ):
        if (record.get("metadata") or {}).get(NUMBER) == reference:
            yield record


def check_open(admin: Admin, order_id: str, lines: Sequence[OperationLine]) -> None:
    """Refuse what cannot come back. Medusa itself counts only requested pieces, not those received (seen in 2.21.2)."""
    items = admin.get(f"orders/{order_id}", fields="id,*items,*items.detail")["order"]["items"]
    details = {item["id"]: item["detail"] for item in items}
    for line in lines:
        if line.order_line not in details:
            raise Rejected(f"line {line.order_line or line.sku} is no line of Medusa's order {order_id}")
        detail = details[line.order_line]
        gone = sum(Decimal(str(detail[f"return_{name}_quantity"])) for name in ("requested", "received", "dismissed"))
        still = Decimal(str(detail["fulfilled_quantity"])) - gone
        if line.quantity > still:
            raise Rejected(f"{line.quantity} of {line.order_line} asked back, but only {still} can still come back")


def add_items(admin: Admin, draft: Draft, operation: Operation, path: str, more: Mapping[str, Any]) -> Reply | None:
    """Ask the lines back in this draft; None when they all stand there."""
    drafted = quantities(draft.actions, "RETURN_ITEM")
    if drafted:
        return None
    reasons: dict[str, str] = {}
    if any(line.words.get("reason") for line in operation.lines):
        listed = admin.all("return-reasons", {"fields": "id,value"})
        reasons = {reason["value"]: reason["id"] for reason in listed}
    words = {line.get("order_line"): line for line in operation.payload.get("lines") or ()}
    items = []
    for line in operation.lines:
        item: dict[str, Any] = {"id": line.order_line, "quantity": int(line.quantity)}
        theirs = words.get(line.order_line, {})
        if theirs.get("reason") in reasons:
            item["reason_id"] = reasons[theirs["reason"]]
        if theirs.get("note"):
            item["internal_note"] = theirs["note"]
        items.append(item)
    admin.post(path, {"items": items, **more})
    return Reply(finished=False, progress={"step": "items"}, detail=f"asked {len(items)} line(s) back")
