"""Steps of the plan that move money, or tell that it moved, or ask for the document."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hub.model.language.numbers import amount as money_text
from hub.model.language.sentences import sentence
from hub.model.plan.context import UNDER_WAY, PlanContext
from hub.model.schema.fragment import Payment, Zero
from hub.model.schema.operation import Outstanding, PlannedOperation
from hub.model.schema.returns import RefundFact

PAYING = frozenset({"refund"})


def _frozen(ctx: PlanContext, name: str, kind: str) -> bool:
    if ctx.frozen_money is None:
        return False
    ctx.waits(name, ctx.frozen_money, kind)
    return True


def paid(ctx: PlanContext) -> bool:
    """What is due is paid by who holds the captured payment, one at a time, never above what may still be paid."""
    money = ctx.ret.money
    if money.due <= 0 or ctx.operation_for("money_due") != "refund" or not ctx.listens("money_due"):
        return True
    # Whatever is on its way, anywhere, may be this very money.
    if any(o.operation.kind in PAYING and o.state in UNDER_WAY for o in ctx.all):
        return True
    name = f"money_due {money_text(money.due, money.currency)}"
    here = {p.id for p in ctx.view.payments}
    mine = [p for p in ctx.ret.payments if p.id in here and p.currency == money.currency]
    if not mine:
        if ctx.terms.money and not any(p.currency == money.currency for p in ctx.ret.payments):
            ctx.cannot(name, sentence("no_payment"), "refund")
        return True
    payment = next((p for p in mine if _left(p) > 0), mine[0])
    gone = money.refunded + money.pending
    room = min(money.refundable if money.refundable is not None else Zero, _left(payment))
    wanted = money.due - _by_hand(ctx.all, "refund", gone)
    amount = min(wanted, room)
    if wanted > 0 and room - ctx.terms.reserved < wanted and ctx.terms.reserved:
        # What is in flight may be in the sums already: who waits pays neither too much nor a part.
        ctx.cannot(name, sentence("money_in_flight"), "refund")
    elif wanted <= 0:
        pass  # people have dealt with all of it
    elif amount <= 0:
        ctx.cannot(name, sentence("nothing_left"), "refund")
    elif any(o.operation.kind in PAYING and o.state == "dead" for o in ctx.all):
        ctx.cannot(name, sentence("refund_stuck"), "refund")
    elif not _frozen(ctx, name, "refund"):
        credits = [
            c.id for c in ctx.ret.credits if c.value.state == "posted" and len(c.known_to) == 1
        ]  # not answered yet
        ctx.ask(
            "refund",
            "money_due",
            facts=credits,
            amount=amount,
            currency=money.currency,
            payment=payment.id,
            mark=f"after {gone:f}",
            gone=gone,
            name=name,
        )
    return True


def _by_hand(outstanding: Sequence[Outstanding], kind: str, shown: Decimal) -> Decimal:
    """What people say they have dealt with, as far as no record shows it. `shown`: what went back, or was credited, by
    now; what came of it since, but for our own, is theirs."""
    left = Zero
    for one in outstanding:
        if one.operation.kind == kind and one.state == "given_up":
            amount, before = one.operation.amount or Zero, _before(one.operation)
            left += min(amount, max(amount - (shown - before - one.since), Zero))
    return left


def _before(operation: PlannedOperation) -> Decimal:
    """What had gone back, or was credited, when this was planned."""
    return Decimal(operation.words.get("credited", "0")) if operation.gone is None else operation.gone


def _left(payment: Payment) -> Decimal:
    """What was captured on a payment and is still there."""
    return payment.captured - (payment.refunded or Zero) - (payment.charged_back or Zero)


def credited(ctx: PlanContext) -> bool:
    """The document for money that went back, or is owed without one."""
    money = ctx.ret.money
    if not ctx.has or ctx.operation_for("money_due") != "credit":
        return True
    wanted = Zero
    if ctx.listens("refunded"):
        wanted += money.refunded
    if ctx.listens("money_due") and not money.credited:
        wanted += money.due
    gap = wanted - money.credited - _by_hand(ctx.mine, "credit", money.credited)
    if gap <= 0 or not _goods_here(ctx) or ctx.under_way("credit"):
        return True
    name = f"credit {money_text(gap, money.currency)}"
    if _frozen(ctx, name, "credit"):
        return True
    unsettled = _unsettled(ctx)
    ctx.ask(
        "credit",
        "refunded" if unsettled else "money_due",
        facts=[r.id for r in unsettled],
        amount=gap,
        currency=money.currency,
        mark=f"after {money.credited:f}",
        words={"credited": f"{money.credited:f}"},
        name=name,
    )
    return True


def _goods_here(ctx: PlanContext) -> bool:
    """A credit follows the goods: where they are expected they have to stand there first."""
    if ctx.ret.axes.receipt == "not_expected":
        return True
    return any(line.received > 0 for line in ctx.view.lines)


def _unsettled(ctx: PlanContext) -> list[RefundFact]:
    settled = {
        refund for credit in ctx.ret.credits if credit.value.state != "cancelled" for refund in credit.value.settles
    }
    return [
        r
        for r in ctx.ret.refunds
        if r.state == "succeeded" and ctx.account not in r.known_to and not {f.id for f in r.duplicates} & settled
    ]


def recorded(ctx: PlanContext) -> bool:
    """Money that moved elsewhere, refund by refund."""
    if not ctx.has or ctx.operation_for("refunded") != "record_refund" or not ctx.listens("refunded"):
        return True
    for refund in ctx.ret.refunds:
        if refund.state != "succeeded" or ctx.account in refund.known_to or ctx.under_way_of(refund, "record_refund"):
            continue
        name = f"refunded {money_text(refund.amount, refund.value.currency)}"
        if not _frozen(ctx, name, "record_refund"):
            ctx.ask(
                "record_refund",
                "refunded",
                facts=[refund.id],
                amount=refund.amount,
                currency=refund.value.currency,
                words={"method": refund.value.parts[0].method} if refund.value.parts else {},
                name=name,
            )
    return True
