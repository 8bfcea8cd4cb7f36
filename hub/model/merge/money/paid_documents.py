"""Documents that their system calls paid, where no refund is known: the customer may have the money from there."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from hub.model.language.numbers import amount as money_text
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.schema.returns import Choice, CreditFact, Money


def asked(ctx: MergeContext, credits: Sequence[CreditFact], money: Money, ended: bool) -> Money:
    """The sums, with what a person says the customer has from there. Asked only while something is still to be paid."""
    gone = money.refunded + money.pending
    for credit in credits if ctx.alone is None and not ended else ():
        if credit.value.state != "posted" or not credit.value.paid:
            continue
        known = min(credit.value.amount, gone)
        gone -= known
        missing = min(credit.value.amount - known, money.due)
        if missing <= 0:
            continue
        left, text = money.due - missing, money_text(missing, money.currency)
        said = sentence(
            "credit_paid",
            account=credit.speaker.account,
            number=credit.value.number or credit.value.id,
            amount=text,
            left=money_text(left, money.currency),
            due=money_text(money.due, money.currency),
        )
        answer = ctx.ask(
            "credit_paid",
            said,
            about=(credit.id,),
            choices=(Choice("elsewhere"), Choice("owed")),
            field="money",
            accounts=(credit.speaker.account,),
            values=(text,),
        )
        if answer == "elsewhere":
            money = replace(money, refunded=money.refunded + missing, due=left)
    return money
