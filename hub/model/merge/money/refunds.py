"""Refunds: which of them are this return's, how much, and what went back on its orders in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hub.model.language import words
from hub.model.language.numbers import amount as money_text
from hub.model.language.numbers import number, rounded
from hub.model.language.sentences import Sentence, sentence
from hub.model.merge.context import MergeContext
from hub.model.merge.facts import Event, each, named
from hub.model.merge.money.claimants import waited
from hub.model.merge.money.currencies import exchanged
from hub.model.merge.money.distribution import Possible, place
from hub.model.merge.money.payment_totals import CAPTURED, CHARGED_BACK, FALLEN, beyond
from hub.model.merge.money.placing import DEAD, LIVE, Item, total
from hub.model.merge.money.reversals import restored, reversed_
from hub.model.schema import fragment as canonical
from hub.model.schema import returns
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import HUB
from hub.model.schema.returns import Choice, Money


class CameBack(Struct, frozen=True):
    """Money of this return that failed, or was reversed after it went through: a refund, or a part of it."""

    refund: returns.RefundFact
    amount: Decimal
    state: str
    """A word of the labels' table `came_back`."""
    about: tuple[str, ...]
    """What the question is about, the sum as well: when more comes back, it is asked again."""


class Paid(Struct, kw_only=True):
    """All refunds that touch this return or its orders."""

    refunds: list[returns.RefundFact]
    came_back: list[CameBack]
    by_line: dict[str, Decimal]
    refunded: Decimal = Zero
    pending: Decimal = Zero
    unplaced: Decimal = Zero
    at: dict[str, Decimal] = {}
    """What went back or is about to, on the orders and in this return, by the account that knows of it first-hand."""
    at_pending: dict[str, Decimal] = {}
    """Of that, what is still on its way."""
    by_payment: dict[tuple[str, str], Decimal] = {}
    """What went back or is about to, by account and payment."""
    possible: Sequence[Possible] = ()
    numbers: Sequence[str] = ()
    """The returns of the orders that such money may be for."""
    withdrawn: frozenset[tuple[str, str]] = frozenset()
    """Refunds, by account and id, of which less is told than once was."""


def state_of(refund: canonical.Refund) -> words.PaymentState:
    """One word for a refund in parts: on its way while a part is, failed or reversed only if all of it is."""
    states = {part.state for part in refund.parts}
    for state in ("pending", "succeeded", "reversed"):
        if state in states:
            return state
    return "failed" if states else "succeeded"  # it moves no money: nothing failed


def paid(ctx: MergeContext, currency: str | None, held: Mapping[str, Sequence[canonical.Payment]]) -> Paid:
    """The refunds of this return, and the sums over all that went back on its orders. `held`: the payments."""
    sum_ = Paid(refunds=[], came_back=[], by_line={}, at={}, at_pending={}, by_payment={})
    records = [*ctx.own, *ctx.shared]
    if ctx.alone is None and ctx.inputs.others:
        records += [o for other in ctx.inputs.others for o in other.observations if not o.gone]
    stated = []
    gone = (o for other in ctx.inputs.others for o in other.observations if o.gone and o.account != HUB)
    lost = list(gone) if ctx.alone is None else []
    deleted = map(reversed_, each(lost, "refunds"))  # nobody says any more that the customer has the money
    listed, sum_.withdrawn = restored((*each(records, "refunds"), *deleted), [*records, *lost])
    for one in listed:
        refund = one[1] if currency is None else exchanged(ctx, one[0].account, one[1], currency)
        if refund is not None:
            stated.append((one[0], refund, one[2]))
    unstated = beyond(stated, held, ctx.shared, currency, ctx.inputs.made, sum_.by_payment, lambda: waited(ctx))
    placed = place(ctx, stated, unstated)
    sum_.possible, sum_.unplaced, sum_.numbers = placed.possible, placed.unplaced, placed.numbers
    compared: set[int] = set()
    for item in placed.items:
        if item.one is not None:
            whole = total(item.one[1], *LIVE)
            sum_.at[item.account] = sum_.at.get(item.account, Zero) + whole
            pending = total(item.one[1], "pending")
            sum_.at_pending[item.account] = sum_.at_pending.get(item.account, Zero) + pending
        _take(ctx, sum_, item)
        if item.event is not None and id(item.event) not in compared:
            compared.add(id(item.event))
            _compare(ctx, item.event)
    return sum_


def _take(ctx: MergeContext, sum_: Paid, item: Item) -> None:
    """The return's share of one refund."""
    share = item.shares.get(0)
    if share is None or not (share.amount or share.own):
        return
    if item.one is None or item.event is None:
        part = canonical.RefundPart(
            amount=item.amount, state="reversed" if item.dead else "succeeded", payment=item.subject.object or None
        )
        value = canonical.Refund(id=item.subject.id, currency=item.currency, parts=(part,), allocations=())
        fields: dict[str, Any] = {"id": item.subject.text, "kind": "refunds", "speaker": item.subject}
    else:
        value, fields = item.one[1], named(item.event, item.one)
    refund = returns.RefundFact(**fields, value=value, amount=share.amount, state=state_of(value))
    sum_.refunds.append(refund)
    succeeded = min(share.amount, total(value, "succeeded"))
    sum_.refunded += succeeded
    sum_.pending += min(share.amount - succeeded, total(value, "pending"))
    lost = total(value, *DEAD)
    untold = item.one is None or (item.account, value.id) in sum_.withdrawn
    if item.dead or (lost and share.amount):
        state = "withdrawn" if untold else "reversed" if total(value, "reversed") else "failed"
        amount_ = share.amount if item.dead else rounded(lost * share.amount / item.amount, item.currency)
        _lost(ctx, sum_, item, CameBack(refund, amount_, state, (refund.id, money_text(amount_, item.currency))))
    if not item.dead:
        for key, part_ in share.lines.items():
            sum_.by_line[key] = sum_.by_line.get(key, Zero) + part_


def _lost(ctx: MergeContext, sum_: Paid, item: Item, came: CameBack) -> None:
    """What came back counts where a person says that the customer has it all the same."""
    sum_.came_back.append(came)
    answers = ctx.inputs.answers
    if any(answers.get(("refund_came_back", (name, *came.about[1:]))) == "elsewhere" for name in item.names):
        sum_.refunded += came.amount


def net(held: Mapping[str, Sequence[canonical.Payment]], sum_: Paid) -> tuple[canonical.Payment, ...]:
    """The payments with what really went back on each, and what is left of what was captured."""
    found = []
    for account in sorted(held):
        for payment in held[account]:
            gone = max(payment.refunded or Zero, sum_.by_payment.get((account, payment.id), Zero))
            said = {} if payment.refunded is None and not gone else {"refunded": gone}
            found.append(replace(payment, **said))
    return tuple(found)


def ask(ctx: MergeContext, sums: Paid, money: Money, ended: bool) -> None:
    """Where money that names nothing, or that came back, decides what is paid now, a person is asked."""
    if ended or ctx.alone is not None:
        return
    gone = money.refunded + money.pending
    open_ = money.agreed is None or gone < money.agreed
    returns_ = tuple(Choice("of", to) for to in sums.numbers)
    several = (Choice("oldest"),) if len(returns_) > 1 else ()
    for one in sums.possible if open_ else ():
        text = money_text(one.amount, money.currency)
        what = _what(one, text)
        if money.agreed is None:
            said = sentence("unallocated_refund_early", what=what)
        else:
            left = max(money.agreed - gone - one.amount, Zero)
            due = money.agreed - gone
            texts = {"left": money_text(left, money.currency), "due": money_text(due, money.currency)}
            said = sentence("unallocated_refund", what=what, **texts)
        name = one.item.subject.text
        ctx.ask(
            "unallocated_refund",
            said,
            about=(name, number(one.sum), one.over) if one.over else (name, number(one.sum)),
            choices=(*returns_, *(() if one.over else several), Choice("goodwill")),
            field="money",
            accounts=(one.item.account,),
            values=(text,),
        )
    if money.due > 0:
        _came_back(ctx, sums, money)


def _what(one: Possible, amount: str) -> Sentence:
    """What happened, in words."""
    item = one.item
    where = {"account": item.account, "amount": amount}
    if one.over:
        return sentence("back_for_one_that_is_over", number=one.over, **where)
    if item.one is None and item.subject.id == CHARGED_BACK:
        return sentence("back_through_the_bank", **where)
    if item.one is None and item.subject.id == CAPTURED + FALLEN:
        return sentence("back_as_change", **where)
    return sentence("back_on_the_order", named=", ".join(dict.fromkeys(item.named)), **where)


def _came_back(ctx: MergeContext, sums: Paid, money: Money) -> None:
    """Whether to pay once more what came back is a person's to say."""
    for came in sums.came_back:
        if not came.amount or _made_good(came, sums.refunds, money):
            continue
        text = money_text(came.amount, money.currency)
        said = sentence(
            "refund_came_back",
            account=came.refund.speaker.account,
            amount=text,
            state=came.state,
            due=money_text(money.due, money.currency),
            left=money_text(max(money.due - came.amount, Zero), money.currency),
        )
        ctx.ask(
            "refund_came_back",
            said,
            about=came.about,
            choices=(Choice("again"), Choice("elsewhere")),
            field="money",
            accounts=(came.refund.speaker.account,),
            values=(text,),
        )


def _made_good(came: CameBack, refunds: Sequence[returns.RefundFact], money: Money) -> bool:
    """A later refund that covers it repeated it, where both together are more than is owed: else it was for more."""
    at = came.refund.value.at
    later = [r for r in refunds if r.state == "succeeded" and at and r.value.at and r.value.at > at]
    return money.due < came.amount and any(r.amount >= came.amount for r in later)


def _compare(ctx: MergeContext, event: Event) -> None:
    spoken = sum((total(one[1], *LIVE) for one in event.stated), Zero)
    for account in sorted(event.others):
        heard = sum((total(one[1], *LIVE) for one in event.others[account]), Zero)
        if heard != spoken:
            one = money_text(spoken, event.stated[0][1].currency)
            two = money_text(heard, event.others[account][0][1].currency)
            ctx.report(
                "duplicates_differ",
                sentence("amounts_differ", one=event.speaker, amount=one, other=account, otherwise=two),
                field="refunds",
                accounts=(event.speaker, account),
                values=(one, two),
            )
