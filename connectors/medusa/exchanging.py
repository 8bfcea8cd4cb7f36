"""`exchange` (换货): a return and what is sent instead, as one staged change of the order.

Begin, what comes back, what goes out, how it is shipped, confirm. Without an outbound shipping method Medusa reserves
no stock and the replacement can never be fulfilled (seen in 2.21.2), so the account has to name one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.kit.api import Changed, Made, Operation, Reply
from connectors.kit.errors import Rejected
from connectors.medusa.admin import Admin
from connectors.medusa.drafts import Mark, Record, active, quantities, take
from connectors.medusa.requesting import NUMBER, add_items, begun, check_open, mine, order_of


def is_wanted(operation: Operation) -> bool:
    """Whether a return to be created exchanges every line for something named: Medusa knows no change of mind."""
    lines = operation.payload.get("lines") or ()
    return bool(lines) and all(line.get("resolution") == "exchange" and line.get("wanted_sku") for line in lines)


def exchange(admin: Admin, operation: Operation, settings: Mapping[str, Any]) -> Reply:
    """The next step towards a confirmed exchange that carries the hub's number."""
    option = settings.get("shipping_option")
    if option is None:
        raise Rejected(
            "Medusa needs to know how the replacement is shipped. Set the account's setting `shipping_option` to a "
            "shipping option's id (so_…)."
        )
    order_id = order_of(admin, operation)
    mark = Mark(operation.reference, operation.id)
    if standing := exchanged(admin, order_id, operation):
        return standing
    if plain := operation.objects.get("return"):
        raise Rejected(f"{plain} is a plain return; Medusa cannot turn it into an exchange. Cancel it there first.")
    draft = active(admin.get(f"orders/{order_id}/changes")["order_changes"])
    if draft is None:
        check_open(admin, order_id, operation.lines)
        begin = {"order_id": order_id, "metadata": {NUMBER: operation.reference}, "internal_note": str(mark)}
        admin.post("exchanges", begin)
        return Reply(finished=False, progress={"step": "begun"}, detail="began an exchange")
    exchange_id = str(draft.change.get("exchange_id"))
    if take(admin, draft, mark, "exchange", exchange_id):
        return Reply(finished=False, progress={"step": "dropped"}, detail="dropped an abandoned draft")
    path = f"exchanges/{exchange_id}"
    place = settings.get("location")
    if step := add_items(admin, draft, operation, f"{path}/inbound/items", {"location_id": place} if place else {}):
        return step
    if not quantities(draft.actions, "ITEM_ADD"):
        admin.post(f"{path}/outbound/items", {"items": wanted(admin, operation)})
        return Reply(finished=False, progress={"step": "outbound"}, detail="named the replacement")
    if not any(action["action"] == "SHIPPING_ADD" for action in draft.actions):
        admin.post(f"{path}/outbound/shipping-method", {"shipping_option_id": option})
        return Reply(finished=False, progress={"step": "shipping"}, detail="named how it is shipped")
    admin.post(f"{path}/request", {"no_notification": not operation.notify})
    return exchanged(admin, order_id, operation) or Reply(finished=False, detail="confirmed, not readable yet")


def found(admin: Admin, operation: Operation) -> Reply | None:
    """The exchange this operation made: there, begun (go on), or not there."""
    order_id = order_of(admin, operation)
    return exchanged(admin, order_id, operation) or begun(admin, order_id, operation)


def exchanged(admin: Admin, order_id: str, operation: Operation) -> Reply | None:
    for record in mine(admin, "exchanges", order_id, operation.reference):
        whole: Record = admin.get(f"exchanges/{record['id']}", fields="id,return_id,canceled_at,*additional_items")[
            "exchange"
        ]
        if whole["canceled_at"] is None and whole["additional_items"]:
            facts = operation.payload.get("facts") or ()
            made = tuple(Made("replacements", item["id"], fact) for item in whole["additional_items"] for fact in facts)
            back = (Changed("exchange", whole["id"]), Changed("return", whole["return_id"]), Changed("order", order_id))
            objects = {"exchange": whole["id"], "return": whole["return_id"]}
            return Reply(objects=objects, made=made, read_back=back, detail=f"exchange {whole['id']}")
    return None


def wanted(admin: Admin, operation: Operation) -> list[dict[str, Any]]:
    """What goes out, by variant: the SKU the line wants instead, else the same article again."""
    words = {line.get("order_line"): line for line in operation.payload.get("lines") or ()}
    items = []
    for line in operation.lines:
        sku = words.get(line.order_line, {}).get("wanted_sku") or line.sku
        variants = admin.get("product-variants", sku=sku, fields="id,sku")["variants"] if sku else []
        variant = next((variant for variant in variants if variant["sku"] == sku), None)
        if variant is None:
            raise Rejected(f"Medusa sells nothing under the SKU {sku}, so it cannot be sent as a replacement")
        items.append({"variant_id": variant["id"], "quantity": int(line.quantity)})
    return items
