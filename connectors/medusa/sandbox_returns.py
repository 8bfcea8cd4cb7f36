"""The sandbox's returns, exchanges, claims and refunds: what each step does in Medusa, and what it forgets to do."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connectors.medusa.sandbox_shop import BUSY, LOCATION, Record, Refused, Shop, exact, now


def begin_return(shop: Shop, body: Record) -> Record:
    """POST /admin/returns: an `open` return is a draft."""
    change = shop.begin(body["order_id"], "return_request", body.get("internal_note"))
    made = _return(shop, body["order_id"], "open", body.get("location_id"), body.get("metadata"))
    change["return_id"] = made["id"]
    return made


def customer_asks(shop: Shop, body: Record) -> Record:
    """POST /store/returns: requested at once, without a location, and with a parcel to come back in."""
    change = shop.begin(body["order_id"], "return_request", None)
    made = _return(shop, body["order_id"], "open", body.get("location_id"), None)
    change["return_id"] = made["id"]
    try:
        ask(shop, change, body["items"], "note")
        request_return(shop, made["id"])
    except Refused:
        shop.drop(change)
        del shop.returns[made["id"]]
        raise
    made["fulfillments"].append({"id": shop.new("ful"), "canceled_at": None})
    return made


def ask(shop: Shop, change: Record, items: Sequence[Record], note: str = "internal_note") -> None:
    """RETURN_ITEM actions. Only what was fulfilled and not asked for counts; received pieces are forgotten."""
    order = shop.order(change["order_id"])
    for item in items:
        line, count = shop.line(order, item["id"]), Decimal(str(item["quantity"]))
        if count > line["detail"]["fulfilled_quantity"] - line["detail"]["return_requested_quantity"]:
            text = f"Cannot request to return more items than what was fulfilled for item {line['id']}."
            raise Refused(400, "invalid_data", text)
        details = {"quantity": item["quantity"], "reference_id": line["id"], "reason_id": item.get("reason_id")}
        shop.act(change, "RETURN_ITEM", details, item.get(note))


def request_return(shop: Shop, return_id: str) -> Record:
    """POST /admin/returns/:id/request"""
    record = shop.get(shop.returns, "Return", return_id)
    change = shop.draft(record["order_id"], "return_request")
    if not any(action["action"] == "RETURN_ITEM" for action in change["actions"]):
        raise Refused(400, "invalid_data", "Order return request should have at least 1 item")
    confirm_request(shop, change, record)
    shop.emit("order.return_requested", {"order_id": record["order_id"], "return_id": return_id})
    return record


def confirm_request(shop: Shop, change: Record, record: Record | None) -> None:
    """The part that a return, an exchange and a claim have in common."""
    order = shop.order(change["order_id"])
    for action in change["actions"]:
        if action["action"] == "RETURN_ITEM" and record is not None:
            line, count = action["details"]["reference_id"], Decimal(str(action["details"]["quantity"]))
            shop.line(order, line)["detail"]["return_requested_quantity"] += count
            record["items"].append(_return_item(shop, record, action, line, count))
    shop.confirm(change)
    if record is not None:
        record.update(status="requested", requested_at=now(), updated_at=now())


def begin_receive(shop: Shop, return_id: str, body: Record) -> Record:
    """POST /admin/returns/:id/receive"""
    record = _alive(shop, return_id)
    shop.begin(record["order_id"], "return_receive", body.get("internal_note"), return_id=return_id)
    return record


def receive_items(shop: Shop, return_id: str, items: Sequence[Record], action: str) -> Record:
    """POST …/receive-items and …/dismiss-items"""
    record = shop.get(shop.returns, "Return", return_id)
    change = shop.draft(record["order_id"], "return_receive")
    order = shop.order(record["order_id"])
    for item in items:
        if item["id"] not in {own["item_id"] for own in record["items"]}:
            text = f"Items with ids {item['id']} does not exist in Return with id {return_id}."
            raise Refused(400, "invalid_data", text)
        drafted = sum(
            (
                Decimal(str(a["details"]["quantity"]))
                for a in change["actions"]
                if a["details"]["reference_id"] == item["id"]
            ),
            Decimal(0),
        )
        if (
            Decimal(str(item["quantity"])) + drafted
            > shop.line(order, item["id"])["detail"]["return_requested_quantity"]
        ):
            text = f"Cannot receive more items than what was requested to be returned for item {item['id']}."
            raise Refused(400, "invalid_data", text)
        details = {"quantity": item["quantity"], "reference_id": item["id"]}
        shop.act(change, action, details, item.get("internal_note"))
    return record


def update_return(shop: Shop, return_id: str, body: Record) -> Record:
    """POST /admin/returns/:id: only while a change is active."""
    record = _alive(shop, return_id)
    if (shop.active(record["order_id"]) or {}).get("return_id") != return_id:
        raise Refused(400, "invalid_data", "An active Order Change is required to proceed")
    record.update({key: body[key] for key in ("location_id", "metadata") if key in body})
    record["updated_at"] = now()
    return record


def confirm_receive(shop: Shop, return_id: str) -> Record:
    """POST …/receive/confirm. Without a location that stocks the goods: 500, the status has moved, the draft stands.

    The items keep the last round's figures only; a second round moves neither the return's date nor, in the end, its
    status (it stays `partially_received` although everything is there).
    """
    record = shop.get(shop.returns, "Return", return_id)
    change = shop.draft(record["order_id"], "return_receive")
    order = shop.order(record["order_id"])
    rounds = _figures(change)
    stands = {item["item_id"]: rounds.get(item["item_id"], (item["received_quantity"],))[0] for item in record["items"]}
    complete = all(stands[item["item_id"]] == item["quantity"] for item in record["items"])
    status = "received" if complete else "partially_received"
    if status != record["status"]:
        record.update(status=status, updated_at=now())
    if complete:
        record["received_at"] = now()
    if record["location_id"] != LOCATION:
        raise Refused(500, "unknown_error", "An unknown error occurred.")
    for line, (count, damaged) in rounds.items():
        detail = shop.line(order, line)["detail"]
        detail["return_requested_quantity"] -= count
        detail["return_received_quantity"] += count - damaged
        detail["return_dismissed_quantity"] += damaged
        for item in record["items"]:
            if item["item_id"] == line:
                item.update(received_quantity=count, damaged_quantity=damaged)
    shop.confirm(change)
    shop.emit("order.return_received", {"order_id": record["order_id"], "return_id": return_id})
    return record


def _figures(change: Record) -> dict[str, tuple[Decimal, Decimal]]:
    """By order line, what one round brought: all pieces, and the damaged ones among them."""
    rounds: dict[str, tuple[Decimal, Decimal]] = {}
    for action in change["actions"]:
        line, count = action["details"]["reference_id"], Decimal(str(action["details"]["quantity"]))
        came, damaged = rounds.get(line, (Decimal(0), Decimal(0)))
        broken = count if action["action"] == "RECEIVE_DAMAGED_RETURN_ITEM" else Decimal(0)
        rounds[line] = (came + count, damaged + broken)
    return rounds


def cancel_return(shop: Shop, return_id: str) -> None:
    """POST /admin/returns/:id/cancel raises no event, and leaves an exchange it belongs to as it is."""
    record = _alive(shop, return_id)
    order = shop.order(record["order_id"])
    if shop.active(record["order_id"]):
        raise Refused(400, "invalid_data", BUSY.format(record["order_id"]))
    if any(parcel["canceled_at"] is None for parcel in record["fulfillments"]):
        raise Refused(400, "not_allowed", "All fulfillments must be canceled before canceling a return")
    if any(item["received_quantity"] for item in record["items"]):
        raise Refused(400, "not_allowed", "Can't cancel a return which has returned items")
    for item in record["items"]:
        shop.line(order, item["item_id"])["detail"]["return_requested_quantity"] -= item["quantity"]
    shop.confirm(shop.begin(record["order_id"], "return", None, return_id=return_id))
    record.update(status="canceled", canceled_at=now(), updated_at=now())


def cancel_parcel(shop: Shop, key: str) -> Record:
    """POST /admin/fulfillments/:id/cancel, of a parcel that a return would have come back in."""
    parcels = {parcel["id"]: parcel for record in shop.returns.values() for parcel in record["fulfillments"]}
    parcel = shop.get(parcels, "Fulfillment", key)
    parcel["canceled_at"] = now()
    return parcel


def drop_draft(shop: Shop, record: Record, change_type: str, table: dict[str, Record]) -> Record:
    """DELETE …/request and …/receive: the draft is gone; a return or exchange that was only a draft, too."""
    change = shop.draft(record["order_id"], change_type)
    shop.drop(change)
    if change_type != "return_receive":
        del table[record["id"]]
        if change["return_id"] in shop.returns:
            shop.returns.pop(change["return_id"])
    return {"id": record["id"], "deleted": True}


def refund(shop: Shop, payment_id: str, body: Record) -> Record:
    """POST /admin/payments/:id/refund moves neither the payment's date nor the order's."""
    payment = shop.get(shop.payments, "Payment", payment_id)
    unknown = set(body) - {"amount", "note", "refund_reason_id"}
    if unknown:
        raise Refused(400, "invalid_data", f"Invalid request: Unrecognized fields: '{', '.join(sorted(unknown))}'")
    captured = sum((capture["amount"] for capture in payment["captures"]), Decimal(0))
    refunded = sum((row["amount"] for row in payment["refunds"]), Decimal(0))
    if isinstance(body.get("amount"), str):
        text = "Invalid request: Expected type: 'number' for field 'amount', got: 'string'"
        raise Refused(400, "invalid_data", text)
    amount = Decimal(str(body.get("amount", captured - refunded)))
    if amount <= 0:
        raise Refused(
            400, "invalid_data", "Invalid request: Value for field 'amount' too small, expected at least: '0'"
        )
    if shop.capped and amount + refunded > captured:
        raise Refused(400, "invalid_data", "You are not allowed to refund more than the captured amount")
    payment["refunds"].append(
        {
            "id": shop.new("ref"),
            "payment_id": payment_id,
            "amount": amount,
            "raw_amount": exact(amount),
            "note": body.get("note"),
            "refund_reason": None,
            "created_by": "apk_sim",
            "created_at": now(),
            "updated_at": now(),
        }
    )
    shop.emit("payment.refunded", {"id": payment_id})
    return payment


def _alive(shop: Shop, return_id: str) -> Record:
    record = shop.get(shop.returns, "Return", return_id)
    if record["status"] == "canceled":
        raise Refused(400, "invalid_data", f"Return with id {return_id} has been canceled.")
    return record


def new_return(shop: Shop, order_id: str, location: str | None, **ids: str) -> Record:
    """The return inside an exchange or a claim."""
    made = _return(shop, order_id, "open", location, None)
    made.update(ids)
    return made


def _return(shop: Shop, order_id: str, status: str, location: str | None, metadata: Record | None) -> Record:
    return_id = shop.new("return")
    made: Record = {
        "id": return_id,
        "order_id": order_id,
        "exchange_id": None,
        "claim_id": None,
        "display_id": int(return_id[-6:]),
        "location_id": location,
        "status": status,
        "metadata": metadata,
        "refund_amount": None,
        "created_by": None,
        "created_at": now(),
        "updated_at": now(),
        "canceled_at": None,
        "requested_at": None,
        "received_at": None,
        "items": [],
        "fulfillments": [],
        "claim": None,
    }
    shop.returns[return_id] = made
    return made


def _return_item(shop: Shop, record: Record, action: Record, line: str, count: Decimal) -> Record:
    reason = shop.reasons.get(action["details"].get("reason_id") or "")
    return {
        "id": shop.new("retitem"),
        "return_id": record["id"],
        "item_id": line,
        "quantity": count,
        "received_quantity": Decimal(0),
        "damaged_quantity": Decimal(0),
        "note": action["internal_note"],
        "reason_id": (reason or {}).get("id"),
        "reason": reason,
        "updated_at": now(),
    }
