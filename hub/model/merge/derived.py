"""The axes that nobody states: they follow from lines, parcels and replacements."""

from __future__ import annotations

from collections.abc import Sequence

from hub.model.language import words
from hub.model.merge.axes import stated
from hub.model.merge.context import MergeContext
from hub.model.merge.goods.parcels import ON_THE_WAY
from hub.model.schema.fragment import Zero
from hub.model.schema.returns import Decision, ReplacementFact, ReturnLine, ShipmentFact


def receipt(lines: Sequence[ReturnLine]) -> words.Receipt:
    """Derived: what came, against what was to come."""
    expected = came = False
    over, full = False, True
    for line in lines:
        if line.received > 0:
            came = True
        waited = (
            line.quantity - line.cancelled if line.goods in ("expected", "refused") and not line.unexpected else Zero
        )
        if waited > 0:
            expected = True
            if line.received < waited:
                full = False
        if line.received > max(line.quantity, waited) or (line.received > 0 and line.unexpected):
            over = True
    if not expected:
        return "over" if over else "full" if came else "not_expected" if lines else "none"
    if not came:
        return "none"
    if not full:
        return "partial"
    return "over" if over else "full"


def is_owed(authorization: Decision, received: words.Receipt, acceptance: Decision, closure: Decision) -> bool:
    """Whether what was agreed is owed by now: the return is authorized and not voided, its goods are here or need not
    come, and nobody is still judging them or has refused them. A posted credit note is owed without all that."""
    return (
        authorization.value == "authorized"
        and received in ("full", "over", "not_expected")
        and acceptance.value not in ("pending", "rejected")
        and closure.value != "voided"
    )


def transit(ctx: MergeContext, shipments: Sequence[ShipmentFact]) -> str:
    """Of the parcels coming back the one that has got the least far; per parcel see `shipments`."""
    states = [s.value.state for s in shipments if s.value.direction == "return" and s.value.state != "cancelled"]
    return min(states, key=ON_THE_WAY.index) if states else "none"


def exchange(
    ctx: MergeContext,
    lines: Sequence[ReturnLine],
    replacements: Sequence[ReplacementFact],
    shipments: Sequence[ShipmentFact],
    allowed: bool,
) -> words.Exchange:
    """Due once the return is authorized and something is to be sent instead; then as far as the last replacement is."""
    states = {r.value.state for r in replacements if r.value.state != "none"}
    parcels = {s.value.state for s in shipments if s.value.purpose == "replacement" and s.value.state != "cancelled"}
    if parcels and states <= {"due"}:
        return "delivered" if parcels == {"delivered"} else "sent"
    if states:
        return "due" if "due" in states else "sent" if "sent" in states else "delivered"
    for voice in stated(ctx, "exchange"):
        if voice.statement.value in ("due", "sent", "delivered"):
            value: words.Exchange = voice.statement.value  # type: ignore[assignment]
            return value
    wanted = any(line.resolution in ("exchange", "reship") and line.quantity > line.cancelled for line in lines)
    return "due" if wanted and allowed else "none"
