"""`receive`: goods that arrived elsewhere become received in Medusa.

Three to five calls, one per `perform`: begin, set the location if the customer's request named none (a receipt without
one answers 500 and leaves the draft standing), good pieces, damaged pieces, confirm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from connectors.kit.api import Changed, Made, Operation, Reply
from connectors.kit.errors import Conflict, Rejected
from connectors.medusa.admin import Admin, Broke
from connectors.medusa.drafts import (
    DAMAGED,
    GOOD,
    RECEIVING,
    Draft,
    Mark,
    Record,
    active,
    confirmed_receipts,
    take,
)

RETURN = "id,order_id,status,location_id,items.item_id,items.quantity"
AMEND = (
    "What fits was received. Ask the rest back in a return of its own in Medusa's admin and receive it there, or leave "
    "it and say that it is dealt with"
)
ROUTES = {GOOD: "receive-items", DAMAGED: "dismiss-items"}


def receive(admin: Admin, operation: Operation, location: str | None) -> Reply:
    """The next step towards the totals that the operation names."""
    record = admin.get(f"returns/{operation.objects['return']}", fields=RETURN)["return"]
    changes = admin.get(f"orders/{record['order_id']}/changes")["order_changes"]
    lacking, rest = fitting(missing(operation, changes, record["id"]), record, changes)
    strange = [line.sku or line.line for line in operation.lines if line.order_line is None]
    rest += [f"{name} is not known to be a line of Medusa's order" for name in strange]
    mark = Mark(operation.reference, operation.id)
    draft = active(changes)
    if not any(lacking[action] for action in RECEIVING):
        written = [r for r in confirmed_receipts(changes, record["id"]) if Mark.read(r["internal_note"]) == mark]
        if rest and not written:
            raise Rejected(f"{record['id']}: {'; '.join(rest)}. {AMEND}", code="not_asked_back")
        return done(operation, record, changes, mark)
    path = f"returns/{record['id']}"
    if draft is None:
        admin.post(f"{path}/receive", {"internal_note": str(mark)})
        return Reply(finished=False, progress={"step": "begun"}, detail="began to receive")
    if take(admin, draft, mark, "return_receive", record["id"]) or drop_if_wrong(admin, draft, lacking):
        return Reply(finished=False, progress={"step": "dropped"}, detail="dropped an abandoned draft")
    if record["location_id"] is None:
        if location is None:
            raise Rejected(
                f"{record['id']} has no location, so Medusa cannot receive it. Set the account's setting `location` to "
                "the stock location where returns arrive."
            )
        admin.post(path, {"location_id": location})
        return Reply(finished=False, progress={"step": "located"}, detail=f"set its location to {location}")
    for action, route in ROUTES.items():
        drafted = draft.quantities(action)
        items = [
            {"id": line, "quantity": int(count - drafted.get(line, 0)), "internal_note": str(mark)}
            for line, count in lacking[action].items()
            if count > drafted.get(line, 0)
        ]
        if items:
            admin.post(f"{path}/{route}", {"items": items})
            return Reply(finished=False, progress={"step": route}, detail=f"{route}: {len(items)} line(s)")
    confirm(admin, record)
    return done(operation, record, [{**draft.change, "status": "confirmed"}], mark)


def found(admin: Admin, operation: Operation) -> Reply | None:
    """The effect of a receipt whose outcome is unknown: reached, begun (go on), or not there."""
    record = admin.get(f"returns/{operation.objects['return']}", fields=RETURN)["return"]
    changes = admin.get(f"orders/{record['order_id']}/changes")["order_changes"]
    lacking, _ = fitting(missing(operation, changes, record["id"]), record, changes)
    if not any(lacking[action] for action in RECEIVING):
        return done(operation, record, changes, Mark(operation.reference, operation.id))
    draft = active(changes)
    if draft is not None and draft.mark == Mark(operation.reference, operation.id):
        return Reply(finished=False, progress={"step": "found"}, detail="found its own draft again")
    return None


def fitting(
    lacking: Mapping[str, Mapping[str, Decimal]], record: Record, changes: Sequence[Record]
) -> tuple[dict[str, dict[str, Decimal]], list[str]]:
    """Of what is lacking, what this return asks back and has not received; and in words the rest.

    Medusa receives no piece that its return did not ask for, and refuses the whole call for one.
    """
    room = {item["item_id"]: Decimal(str(item["quantity"])) for item in record.get("items") or ()}
    for receipt in confirmed_receipts(changes, record["id"]):
        if receipt["item_id"] in room:
            room[receipt["item_id"]] -= Decimal(str(receipt["quantity"]))
    fits: dict[str, dict[str, Decimal]] = {action: {} for action in RECEIVING}
    rest: list[str] = []
    for action in RECEIVING:
        for line, count in lacking[action].items():
            open_ = max(room.get(line, Decimal(0)), Decimal(0))
            taken = min(count, open_)
            room[line] = open_ - taken
            if taken:
                fits[action][line] = taken
            if count > taken:
                rest.append(f"{count - taken} more of {line} came than the return asks back")
    return fits, rest


def missing(operation: Operation, changes: Sequence[Record], return_id: str) -> dict[str, dict[str, Decimal]]:
    """By action and order line: what is still to be told. Totals count damaged pieces as received."""
    wanted: dict[str, dict[str, Decimal]] = {GOOD: {}, DAMAGED: {}}
    for line in operation.lines:
        if line.order_line is None:
            continue
        damaged = line.totals.get("damaged", Decimal(0))
        for action, count in ((GOOD, line.totals.get("received", Decimal(0)) - damaged), (DAMAGED, damaged)):
            wanted[action][line.order_line] = wanted[action].get(line.order_line, Decimal(0)) + count
    lacking: dict[str, dict[str, Decimal]] = {}
    for action in RECEIVING:
        stands: dict[str, Decimal] = {}
        for receipt in confirmed_receipts(changes, return_id):
            if receipt["action"] == action:
                line_id, count = receipt["item_id"], Decimal(str(receipt["quantity"]))
                stands[line_id] = stands.get(line_id, Decimal(0)) + count
        gap = {line_id: count - stands.get(line_id, Decimal(0)) for line_id, count in wanted[action].items()}
        _check(gap, action, return_id)
        lacking[action] = {line_id: count for line_id, count in gap.items() if count}
    return lacking


def _check(gap: Mapping[str, Decimal], action: str, return_id: str) -> None:
    for line, count in gap.items():
        if count < 0:
            raise Conflict(
                f"{return_id}: Medusa already counts {-count} more by {action} of {line}; it cannot take back"
            )
        if count != int(count):
            raise Rejected(f"{return_id}: Medusa receives whole pieces only, not {count} of {line}")


def drop_if_wrong(admin: Admin, draft: Draft, lacking: Mapping[str, Mapping[str, Decimal]]) -> bool:
    """A draft of ours that holds more than is lacking is from an older plan."""
    for action in RECEIVING:
        for line, count in draft.quantities(action).items():
            if count > lacking[action].get(line, Decimal(0)):
                admin.delete(draft.drop_path())
                return True
    return False


def confirm(admin: Admin, record: Record) -> None:
    """Confirm the receipt. A 500 here leaves the draft standing, which would block the order: then it is dropped."""
    try:
        admin.post(f"returns/{record['id']}/receive/confirm", {})
    except Broke as problem:
        still = active(admin.get(f"orders/{record['order_id']}/changes")["order_changes"])
        if still is None:
            return
        admin.delete(still.drop_path())
        admin.http.attempt.undone()
        raise Rejected(
            f"{problem} Most often the goods are not stocked at the return's location {record['location_id']} "
            "(Medusa's own log says so). The draft was dropped. Add the location to the inventory, then resend."
        ) from problem


def done(operation: Operation, record: Record, changes: Sequence[Record], mark: Mark) -> Reply:
    return Reply(
        objects={"return": record["id"]},
        made=tuple(made(operation, list(confirmed_receipts(changes, record["id"])), mark)),
        read_back=(Changed("return", record["id"]), Changed("order", record["order_id"])),
        detail=f"received on {record['id']}",
    )


def made(operation: Operation, receipts: Sequence[Record], mark: Mark) -> Iterator[Made]:
    """The receipts that this operation wrote, as twins of the facts it told."""
    for receipt in receipts:
        written = Mark.read(receipt["internal_note"])
        if written != mark:
            continue
        for line in operation.lines:
            if line.order_line == receipt["item_id"]:
                yield from (Made("receipts", receipt["id"], fact) for fact in line.facts)
