"""What the facts of a return add up to, line by line: received, inspected, put away, refunded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.model.identity.line_matching import BookLine
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.schema.fragment import Reason, Zero
from hub.model.schema.returns import DispositionFact, InspectionFact, ReceiptFact, RefundFact


class Sums:
    """What the facts say of one line."""

    __slots__ = ("by_condition", "disposed", "found", "inspected", "received", "refunded")

    def __init__(self) -> None:
        self.received = Zero
        self.by_condition: dict[str, Decimal] = {}
        self.inspected: dict[str, Decimal] = {}
        self.disposed: dict[str, Decimal] = {}
        self.refunded: Decimal | None = None
        self.found: Reason | None = None

    def take(self, condition: str, quantity: Decimal) -> None:
        self.received += quantity
        self.by_condition[condition] = self.by_condition.get(condition, Zero) + quantity


def by_line(
    ctx: MergeContext,
    receipts: Sequence[ReceiptFact],
    inspections: Sequence[InspectionFact],
    dispositions: Sequence[DispositionFact],
    refunds: Sequence[RefundFact],
    refunded: Mapping[str, Decimal],
) -> dict[str, Sums]:
    """Per line key; components of a kit are counted as whole kits."""
    total: dict[str, Sums] = {}
    for receipt in receipts:
        if receipt.line is not None and receipt.quantity is not None:
            _of(total, receipt.line).take(receipt.condition, receipt.quantity)
    for inspection in inspections:
        if inspection.line is not None and inspection.quantity is not None:
            of = _of(total, inspection.line)
            of.inspected[inspection.result] = of.inspected.get(inspection.result, Zero) + inspection.quantity
            of.found = of.found or inspection.found
    for put in dispositions:
        if put.line is not None and put.quantity is not None and put.state == "posted":
            of = _of(total, put.line)
            of.disposed[put.disposition] = of.disposed.get(put.disposition, Zero) + put.quantity
    for key, amount in refunded.items():
        of = _of(total, key)
        of.refunded = (of.refunded or Zero) + amount
    parents = {line.parent for key in total if (line := ctx.book.lines.get(key)) and line.parent}
    if parents:
        parts: dict[str, list[BookLine]] = {}
        for line in ctx.book.lines.values():
            if line.parent in parents:
                parts.setdefault(line.parent, []).append(line)
        for parent in sorted(parts):
            _kit(ctx, parent, parts[parent], total)
    return total


def _of(total: dict[str, Sums], key: str) -> Sums:
    found = total.get(key)
    if found is None:
        found = total[key] = Sums()
    return found


def _kit(ctx: MergeContext, parent: str, parts: Sequence[BookLine], total: dict[str, Sums]) -> None:
    """Whole kits that came back in pieces. Damaged in one piece is damaged in all."""
    complete = good = None
    for part in parts:
        of = total.get(part.key)
        came = of.received if of else Zero
        fine = came - sum((of.by_condition.get(word, Zero) for word in ("damaged", "defective")), Zero) if of else Zero
        kits, sound = came // part.line.quantity, fine // part.line.quantity
        complete = kits if complete is None else min(complete, kits)
        good = sound if good is None else min(good, sound)
    kit = _of(total, parent)
    if complete:
        if good:
            kit.take("good", good)
        if good is not None and complete > good:
            kit.take("damaged", complete - good)
    uneven = [
        part.key
        for part in parts
        if (of := total.get(part.key)) and of.received != (complete or Zero) * part.line.quantity
    ]
    if uneven:
        ctx.report("incomplete_kit", sentence("incomplete_kit"), line=parent)
    for part in parts:
        total.pop(part.key, None)
