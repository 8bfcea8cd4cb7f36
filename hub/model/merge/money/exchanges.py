"""Money beside an exchange: a credit note for what comes back, and goods that are sent instead, are not both the
customer's. What of the credit goes back in money is known only where the two are worth the same."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hub.model.language.numbers import amount as money_text
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.schema.fragment import Zero
from hub.model.schema.returns import Choice, CreditFact


def owed(ctx: MergeContext, posted: Sequence[CreditFact], *, swapped: bool) -> Decimal | None:
    """What the posted credits leave to be paid; None: nothing by themselves. `swapped`: every line is exchanged."""
    documented = sum((c.value.amount for c in posted), Zero)
    sides = {credit.speaker.account for credit in posted}
    sent = {
        replacement.id: replacement.amount
        for observation in ctx.own
        if observation.account in sides
        for replacement in observation.fragment.replacements or ()
        if replacement.state != "none"
    }
    worth = sum((amount or Zero for amount in sent.values()), Zero)
    rest = max(documented - worth, Zero)
    if None in sent.values() or not worth or (swapped and not rest):
        return None if swapped else documented
    currency = posted[0].value.currency
    one, two, left = (money_text(amount, currency) for amount in (documented, worth, rest))
    account = ", ".join(sorted(sides))
    answer = ctx.ask(
        "exchange_sum",
        sentence("exchange_sum", account=account, credited=one, worth=two),
        about=tuple(sorted(credit.id for credit in posted)) + tuple(sorted(sent)),
        choices=(Choice("pay", names=left), Choice("all", names=one), Choice("aside")),
        field="money",
        accounts=tuple(sorted(sides)),
        values=(one, two),
    )
    return {"all": documented, "aside": None if swapped else Zero}.get(answer or "pay", rest)
