"""Money in another currency than the return's: a person says what it is worth here, or that it does not count."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from hub.model.language.numbers import number, rounded
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.merge.money.placing import total
from hub.model.merge.questions import amount
from hub.model.schema.fragment import Refund, Zero
from hub.model.schema.returns import Choice


def other_currency(
    ctx: MergeContext, account: str, event: str, id_: str, worth: Decimal, currency: str, ours: str
) -> Decimal | None:
    """What a person said that this sum is worth in ours; None while it counts for nothing."""
    aside = (Choice("aside"),)
    answer = ctx.ask(
        "currency",
        sentence("other_currency", account=account, event=event, id=id_, currency=currency, ours=ours),
        about=(account, event, id_, number(worth)),
        choices=aside if event == "payment" else (Choice("counts", names=ours, takes="amount"), *aside),
        field="money",
        values=(ours, currency),
    )
    return amount(answer) if answer else None


def exchanged(ctx: MergeContext, account: str, refund: Refund, ours: str) -> Refund | None:
    """The refund in our currency, each part with its share of what the whole is worth; None while it does not count."""
    if refund.currency == ours:
        return refund
    whole = total(refund)
    if not whole:
        return replace(refund, currency=ours, parts=(), allocations=(), breakdown=None)
    worth = other_currency(ctx, account, "refund", refund.id, whole, refund.currency, ours)
    if worth is None:
        return None
    parts, until, given = [], Zero, Zero
    for part in refund.parts:
        until += part.amount
        share = rounded(worth * until / whole, ours) - given
        given += share
        parts.append(replace(part, amount=share))
    return replace(refund, currency=ours, parts=tuple(parts), allocations=(), breakdown=None)
