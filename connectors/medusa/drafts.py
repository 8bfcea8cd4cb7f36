"""Medusa's order changes: the one draft an order may have, and whose it is.

Every change to returns is staged: begin, add actions, confirm. An order has at most one active (pending or requested)
change; until it is confirmed or dropped, no other change of that order is possible, not even a cancel. So a draft of
ours is marked in `internal_note`, found again by that mark, and dropped when it is of no use any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.errors import NotYet, Rejected, Unsupported
from connectors.kit.marks import Mark
from connectors.medusa.admin import BUSY_WAIT, Admin

Record = Mapping[str, Any]

GOOD, DAMAGED = "RECEIVE_RETURN_ITEM", "RECEIVE_DAMAGED_RETURN_ITEM"
RECEIVING = (GOOD, DAMAGED)


@dataclass(frozen=True, slots=True)
class Draft:
    """The active change of an order."""

    change: Record

    @property
    def mark(self) -> Mark | None:
        """Ours, if it carries our mark."""
        return Mark.read(self.change.get("internal_note"))

    @property
    def actions(self) -> Sequence[Record]:
        return self.change.get("actions") or ()

    def quantities(self, action: str) -> dict[str, Decimal]:
        """How much of each order line this draft moves by `action`."""
        return quantities(self.actions, action)

    def drop_path(self) -> str:
        """The route that takes this draft back."""
        change = self.change
        if change.get("exchange_id"):
            return f"exchanges/{change['exchange_id']}/request"
        if change.get("claim_id"):
            return f"claims/{change['claim_id']}/request"
        stage = "receive" if change.get("change_type") == "return_receive" else "request"
        return f"returns/{change['return_id']}/{stage}"


def active(changes: Sequence[Record]) -> Draft | None:
    """The one change of the order that is neither confirmed nor declined nor dropped."""
    return next((Draft(change) for change in changes if change["status"] in ("pending", "requested")), None)


def take(admin: Admin, draft: Draft, mark: Mark, change_type: str, object_id: str) -> bool:
    """Whether an abandoned draft of ours was just dropped. False: this draft is ours and fits. Raises NotYet.

    Writes are serialised per order and an intent keeps its id over all its steps, so a draft of ours with another mark
    is from a saga that died.
    """
    change = draft.change
    if draft.mark is None:
        raise NotYet(
            f"order {change['order_id']} has a change open in Medusa's admin ({change.get('change_type')}, since "
            f"{change.get('created_at')}); it must be confirmed or dropped there before the hub can write",
            after=BUSY_WAIT,
        )
    objects = (change.get("return_id"), change.get("exchange_id"))
    if draft.mark == mark and change.get("change_type") == change_type and object_id in objects:
        return False
    admin.delete(draft.drop_path())
    return True


@contextmanager
def leaving_nothing(admin: Admin, order_id: Callable[[], str], mark: Mark) -> Iterator[None]:
    """A step of a saga. Where Medusa refuses it, the draft that the saga began is dropped before anybody hears of it.

    Where that cannot be done now, the error says so instead: the operation goes on, finds its draft again, is refused
    again, and drops it then. So no refusal is a dead letter while its draft stands.
    """
    try:
        yield
    except (Rejected, Unsupported):
        if drop_own(admin, order_id(), mark):
            admin.http.attempt.undone()
        raise


def drop_own(admin: Admin, order_id: str, mark: Mark) -> bool:
    """Drop the order's open change if it is the draft of this very write; whether it was."""
    draft = active(admin.get(f"orders/{order_id}/changes")["order_changes"])
    if draft is None or draft.mark != mark:
        return False
    admin.delete(draft.drop_path())
    return True


def quantities(actions: Sequence[Record], kind: str) -> dict[str, Decimal]:
    """Quantity by order line of all actions of one kind."""
    sums: dict[str, Decimal] = {}
    for action in actions:
        if action["action"] == kind:
            line, quantity = action["details"]["reference_id"], Decimal(str(action["details"]["quantity"]))
            sums[line] = sums.get(line, Decimal(0)) + quantity
    return sums


def confirmed_receipts(changes: Sequence[Record], return_id: str | None = None) -> Iterator[dict[str, Any]]:
    """Every confirmed receiving action, of one return or of all, oldest first, with when and by whom.

    `return.items` is no source for this: it holds the last round's figures only, its `received_quantity` includes the
    damaged ones, and its status stays `partially_received` when a second round brings the rest (seen in 2.21.2).
    """
    for change in sorted(changes, key=lambda c: c.get("version") or 0):
        if change.get("status") != "confirmed":
            continue
        for action in change.get("actions") or ():
            if action["action"] in RECEIVING and return_id in (None, action.get("return_id")):
                yield {
                    "id": action["id"],
                    "action": action["action"],
                    "item_id": action["details"]["reference_id"],
                    "quantity": action["details"]["quantity"],
                    "return_id": action.get("return_id"),
                    "internal_note": action.get("internal_note"),
                    "at": change.get("confirmed_at"),
                    "by": change.get("confirmed_by"),
                }
