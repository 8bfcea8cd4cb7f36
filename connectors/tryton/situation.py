"""Where a return stands in Tryton right now: read afresh before every step, so that no step trusts its memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.kit.api import Changed, Made, Operation, Reply
from connectors.kit.errors import Rejected
from connectors.tryton.client import Rest
from connectors.tryton.goods import SHIPMENT_FIELDS
from connectors.tryton.lookup import COMPLAINT, COMPLAINT_FIELDS, SALE, SHIPMENT, Lineage, Lookup, Row
from connectors.tryton.wire import ident, target


@dataclass(frozen=True, slots=True)
class Step:
    """One write. `creates`: it makes a new record, so it is repeated only when a look finds none of ours."""

    model: str
    says: str
    values: Row | None = None
    record: int | None = None
    button: str | None = None
    creates: str | None = None
    """The name under which the new record's id is kept in `progress`."""
    undo: Row | str | None = None
    """What takes it back where a later step is refused: a button (on the new record, where one is made), or values."""
    settles: bool = False
    """After it what was done before is not taken back any more."""


Next = Step | Reply


@dataclass(slots=True)
class Situation:
    """The complaint, what came of it, and its shipments."""

    rest: Rest
    settings: Mapping[str, Any]
    operation: Operation
    lookup: Lookup
    complaint: Row | None = None
    sold: Row | None = None
    sales: list[Row] = field(default_factory=list)
    """Return sales and replacements, oldest first."""
    lineages: dict[int, Lineage] = field(default_factory=dict)
    shipments: list[Row] = field(default_factory=list)

    @property
    def company(self) -> int:
        return int(self.settings["company"])

    @property
    def returns(self) -> list[Row]:
        """The sales by which goods come back, cancelled ones left out."""
        back = [s for s in self.sales if any((line["quantity"] or 0) < 0 for line in s["lines"])]
        return [s for s in back if s["state"] != "cancelled"]

    @property
    def arrived(self) -> bool:
        return any(shipment["state"] in ("received", "done") for shipment in self.shipments)

    def order_line(self, move: Row) -> int | None:
        """The sold line that this incoming move brings back."""
        lineage = self.lineages.get(ident(move["sale"]) or 0)
        line = target(move["origin"], "sale.line")
        return lineage.order_lines.get(line) if lineage and line else None

    def case(self) -> Row:
        """The complaint; raises Rejected where there is none."""
        if self.complaint is None:
            raise self.nothing()
        return self.complaint

    def nothing(self) -> Rejected:
        return Rejected(
            f"Tryton has no complaint for {self.operation.number}: it was deleted, or never made; "
            "create the return there again",
            code="no_complaint",
        )

    def objects(self) -> dict[str, str]:
        """The hub's strong keys: what is ours here."""
        found: dict[str, str] = {}
        if self.complaint:
            found["complaint"] = str(self.complaint["id"])
        if self.returns:
            found["return_sale"] = str(self.returns[0]["id"])
        return found


def read(rest: Rest, settings: Mapping[str, Any], operation: Operation) -> Situation:
    """Find everything of this return: by the ids we know, else by the hub's number in the complaint's reference."""
    now = Situation(rest, settings, operation, Lookup(rest))
    lookup = now.lookup
    now.complaint = _complaint(now)
    results: list[int | None] = []
    if now.complaint:
        now.sold = lookup.sold_by([now.complaint]).get(now.complaint["id"])
        results = [target(action["result"], SALE) for action in now.complaint["actions"]]
        born = rest.search(SALE, [["origin", "=", f"{COMPLAINT},{now.complaint['id']}"]], ["id"])
        results += [row["id"] for row in born]
    known = operation.objects.get("return_sale")
    results += [int(known)] if known and known.isdigit() else []
    sales = lookup.sales(results)
    now.sales = [sales[i] for i in sorted(sales)]
    now.lineages = lookup.lineages(now.sales)
    shipments = lookup.many(SHIPMENT, (i for s in now.sales for i in s["shipment_returns"]), SHIPMENT_FIELDS)
    now.shipments = [shipments[i] for i in sorted(shipments)]
    return now


def _complaint(now: Situation) -> Row | None:
    operation = now.operation
    known = operation.progress.get("complaint") or operation.objects.get("complaint")
    if known:
        return now.lookup.complaints([int(known)]).get(int(known))
    if operation.objects.get("return_sale"):
        return None
    mine = [["reference", "=", operation.reference], ["company", "=", now.company]]
    found = now.rest.search(COMPLAINT, mine, COMPLAINT_FIELDS)
    if len(found) > 1:
        numbers = ", ".join(row["number"] for row in found)
        raise Rejected(
            f"{len(found)} complaints in Tryton carry the number {operation.reference} ({numbers}): remove it from "
            "the ones that do not belong to this return, then try again",
            code="several_complaints",
        )
    return found[0] if found else None


def finished(now: Situation, detail: str, made: tuple[Made, ...] = ()) -> Reply:
    """Nothing is left to do; here are the records that show it."""
    notifications = [Changed("complaint", str(now.complaint["id"]))] if now.complaint else []
    notifications += [Changed("return_sale", str(sale["id"])) for sale in now.returns]
    notifications += [Changed("shipment", str(shipment["id"])) for shipment in now.shipments]
    return Reply(objects=now.objects(), made=made, read_back=tuple(notifications), detail=detail)


def facts(now: Situation) -> list[str]:
    """Our facts that the operation tells."""
    return [fact for line in now.operation.lines for fact in line.facts] or list(
        now.operation.payload.get("facts") or ()
    )
