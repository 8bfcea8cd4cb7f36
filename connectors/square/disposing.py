"""`dispose`: where returned goods went, as stock adjustments.

The API may not move goods out of RETURNED_BY_CUSTOMER, where Square's own apps put them. So they enter stock from
UNLINKED_RETURN, which Square does not count; what is scrapped goes on from there to WASTE.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from connectors.kit.api import Changed, Made, Operation, OperationLine, Reply
from connectors.kit.errors import OutcomeUnknown, Rejected, Unsupported
from connectors.square.client import Client, Mark, Record
from connectors.square.feeds import stamp
from connectors.square.records import back
from connectors.square.refunding import key

ENTRY, STOCK, WASTE = "UNLINKED_RETURN", "IN_STOCK", "WASTE"
SOUGHT = timedelta(days=30)
"""How far back an adjustment of unknown outcome is looked for."""


def dispose(client: Client, operation: Operation) -> Reply:
    """Book one disposition, once: the same intent finds its own adjustment, the key covers what is not listed yet."""
    line, to_state = operation.lines[0], operation.payload.get("to_state")
    if to_state is None:
        word = line.words.get("disposition")
        raise Unsupported(f"Square's stock knows goods for sale and waste; it has no place for {word!r}")
    if done := found(client, operation):
        return done
    order, returned = _returned(client, operation, line)
    variation = returned.get("catalog_object_id")
    if variation is None:
        raise Unsupported(f"{returned.get('name') or returned['uid']} is not in Square's catalogue, so it has no stock")
    location = operation.payload.get("location") or order["location_id"]
    _not_restocked_already(client, order, variation, location, line.quantity)
    mark = Mark(operation.reference, operation.id, line.order_line or "")
    now = datetime.now(UTC)
    changes = [
        {
            "type": "ADJUSTMENT",
            "adjustment": {
                "catalog_object_id": variation,
                "location_id": location,
                "quantity": f"{line.quantity:f}",
                "from_state": leaves,
                "to_state": enters,
                # Square sorts the steps by their times.
                "occurred_at": stamp(now + timedelta(milliseconds=number)),
                **({"reference_id": str(mark)} if enters == to_state else {}),
            },
        }
        for number, (leaves, enters) in enumerate(_path(to_state))
    ]
    answer = client.post("inventory/changes/batch-create", {"idempotency_key": key(operation), "changes": changes})
    booked = (change.get("adjustment") or {} for change in answer.get("changes") or ())
    own = next((row for row in booked if _is_of(row, operation)), None)
    if own is not None:
        return _reply(operation, own)
    later = found(client, operation)
    if later is None:
        raise OutcomeUnknown("Square took the stock adjustment, but does not list it yet: it is looked for")
    return later


def found(client: Client, operation: Operation) -> Reply | None:
    """This intent's own adjustment, if it was booked."""
    since = datetime.now(UTC) - SOUGHT
    own = next((row for row in _adjustments(client, since, {}) if _is_of(row, operation)), None)
    return _reply(operation, own) if own else None


def _path(to_state: str) -> list[tuple[str, str]]:
    return [(ENTRY, STOCK), (STOCK, WASTE)] if to_state == WASTE else [(ENTRY, to_state)]


def _returned(client: Client, operation: Operation, line: OperationLine) -> tuple[Record, Record]:
    """The return order and its line that this is about."""
    order_id = operation.objects.get("order")
    if order_id is None:
        raise Rejected("no order of Square's belongs to this return, so its goods are not known there")
    order: Record = client.get("orders", order_id)["order"]
    for returned in back(order):
        if line.line == returned["uid"] or (
            line.order_line and line.order_line == returned.get("source_line_item_uid")
        ):
            return order, returned
    raise Rejected(f"Square's order {order_id} takes back nothing of line {line.order_line or line.line or line.sku}")


def _not_restocked_already(client: Client, order: Record, variation: str, location: str, quantity: Decimal) -> None:
    """Square's own apps ask at the counter whether to restock, and do not say for which return: never count twice."""
    asked = {"catalog_object_ids": [variation], "location_ids": [location]}
    began = datetime.fromisoformat(order["created_at"]) - timedelta(minutes=1)
    at_counter = [row for row in _adjustments(client, began, asked) if row.get("from_state") == "RETURNED_BY_CUSTOMER"]
    if sum((Decimal(row["quantity"]) for row in at_counter if row["to_state"] == STOCK), Decimal(0)) >= quantity:
        raise Rejected(
            f"goods of this kind went back into stock at Square's counter since this return ({len(at_counter)} times), "
            "and Square does not say for which return. If it was these, restocking is done and scrapping begins at the "
            "shelf. Book in Square's Dashboard what is still missing there, and give this step up",
            code="restocked_at_counter",
        )


def _adjustments(client: Client, since: datetime, more: Record) -> Iterator[Record]:
    asked = {"types": ["ADJUSTMENT"], "states": [STOCK, WASTE], "updated_after": stamp(since), **more}
    for page in client.searched("inventory/changes/batch-retrieve", asked):
        for change in page.get("changes") or ():
            yield change["adjustment"]


def _is_of(adjustment: Record, operation: Operation) -> bool:
    mark = Mark.read(adjustment.get("reference_id"))
    return mark is not None and (mark.number, mark.intent) == (operation.reference, operation.id)


def _reply(operation: Operation, own: Record) -> Reply:
    facts = operation.lines[0].facts or (None,)
    return Reply(
        made=tuple(Made("dispositions", own["id"], fact) for fact in facts),
        read_back=(Changed("adjustment", own["id"]),),
        detail=f"{own['quantity']} moved to {own['to_state']}",
    )
