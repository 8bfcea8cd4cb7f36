"""How many pieces of its own an account shows, beside those that it was told of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.model.plan.context import PlanContext
from hub.model.schema.fragment import Zero
from hub.model.schema.returns import Fact


def own_pieces(ctx: PlanContext, kind: str, booked: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """By line, the pieces of its own that the account shows, those among them that are others', too."""
    goods: Sequence[Fact] = ctx.ret.receipts if kind == "receipts" else ctx.ret.dispositions
    own: dict[str, Decimal] = {}
    for fact in goods:
        posted = getattr(fact, "state", "posted") == "posted"
        if posted and fact.line is not None and fact.speaker.account == ctx.account and not fact.also:
            own[fact.line] = own.get(fact.line, Zero) + (fact.quantity or Zero)
    for line, pieces in booked.items():
        there = ctx.here.get(line)
        shown = Zero if there is None else there.received if kind == "receipts" else sum(there.disposed.values(), Zero)
        own[line] = own.get(line, Zero) + min(pieces, max(shown - own.get(line, Zero), Zero))
    return own
