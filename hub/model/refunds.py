"""Refunds: which of them are this return's, how much, and what went back on its orders in all."""

from __future__ import annotations

from decimal import Decimal

from msgspec import UNSET, Struct
from msgspec.structs import replace

from hub.model import fragment as told
from hub.model import returns, words
from hub.model.answers import amount
from hub.model.case import Case
from hub.model.facts import Event, Told, each, events, named
from hub.model.fragment import Zero
from hub.model.numbers import amount as money_text
from hub.model.returns import Choice
from hub.model.sentences import sentence


class Paid(Struct, kw_only=True):
    """All refunds that touch this return or its orders."""

    refunds: list[returns.Refund]
    by_line: dict[str, Decimal]
    refunded: Decimal = Zero
    pending: Decimal = Zero
    at: dict[str, Decimal] = {}
    """What went back or is about to, on the orders and in this return, by the account that knows of it first-hand."""
    at_pending: dict[str, Decimal] = {}
    """Of that, what is still on its way."""


def state_of(refund: told.Refund) -> words.PaymentState:
    """One word for a refund in parts: on its way while a part is, failed or reversed only if all of it is."""
    states = {part.state for part in refund.parts}
    for state in ("pending", "succeeded", "reversed"):
        if state in states:
            return state
    return "failed"


def total(refund: told.Refund, *states: str) -> Decimal:
    """The sum of the parts in these states, of all parts if none is named."""
    amount = Zero
    for part in refund.parts:
        if not states or part.state in states:
            amount += part.amount
    return amount


def paid(case: Case, currency: str | None) -> Paid:
    """The refunds of this return, and the sums over all that went back on its orders."""
    sum_ = Paid(refunds=[], by_line={}, at={}, at_pending={})
    records = [*case.own, *case.shared]
    if case.alone is None and case.ground.others:
        records += [o for other in case.ground.others for o in other.observations if not o.gone]
    ours = {id(o) for o in case.own}
    stated = []
    for one in each(records, "refunds"):
        if currency is None or one[1].currency == currency:
            stated.append(one)
            continue
        worth = other_currency(case, one[0].account, "refund", one[1].id, one[1].currency, currency)
        if worth is not None:
            stated.append((one[0], _in_ours(one[1], worth, currency), one[2]))
    for event in events(stated, "refunds", case.links, case.ground):
        own = any(id(one[2]) in ours for one in (*event.said, *(one for side in event.others.values() for one in side)))
        for one in event.said:
            fact, refund, observation = one
            whole = total(refund, "pending", "succeeded")
            holder = fact.account
            sum_.at[holder] = sum_.at.get(holder, Zero) + whole
            sum_.at_pending[holder] = sum_.at_pending.get(holder, Zero) + total(refund, "pending")
            mine = _share(case, event, one, own)
            if mine is None:
                continue
            amount, lines = mine
            sum_.refunds.append(
                returns.Refund(**named(event, one), value=refund, amount=amount, state=state_of(refund))
            )
            succeeded = min(amount, total(refund, "succeeded"))
            sum_.refunded += succeeded
            sum_.pending += min(amount - succeeded, total(refund, "pending"))
            if whole:
                for key, part in lines.items():
                    sum_.by_line[key] = sum_.by_line.get(key, Zero) + part
        _compare(case, event)
    return sum_


def _in_ours(refund: told.Refund, worth: Decimal, currency: str) -> told.Refund:
    """A refund in another currency, as a person said what it is worth here."""
    part = replace(refund.parts[0], amount=worth, state=state_of(refund))
    return replace(refund, currency=currency, parts=(part,), allocations=(), breakdown=None)


def _share(case: Case, event: Event, one: Told, own: bool) -> tuple[Decimal, dict[str, Decimal]] | None:
    """How much of a refund is for this return, and for which lines; None if nothing is."""
    fact, refund, observation = one
    here = {o.external_id for o in case.own if o.account == observation.account}
    lines: dict[str, Decimal] = {}
    amount, named = Zero, False
    for allocation in refund.allocations:
        if allocation.return_id is not None and allocation.return_id not in here:
            named = True
            continue
        key = case.book.key(observation, allocation)
        if (
            allocation.return_id is None
            and not own
            and key is not None
            and (observation.account, allocation.order_line) in case.claimed_elsewhere
        ):
            continue
        named = True
        amount += allocation.amount
        if key is not None:
            lines[key] = lines.get(key, Zero) + allocation.amount
    if named:
        return (amount, lines) if amount or own else None
    if own or _written_by_us(case, event, refund):
        return total(refund), {}
    if (
        refund.reference
        and case.ground.number
        and _is_number(refund.reference)
        and refund.reference != case.ground.number
    ):
        return None
    if not _in_time(case, refund):
        return None
    if case.ground.others:
        if observation in case.shared:
            amount_, numbers = money_text(total(refund), refund.currency), [s.number for s in case.ground.others]
            answer = case.ask(
                "unallocated_refund",
                sentence("unallocated_refund", account=observation.account, amount=amount_),
                about=(fact.text,),
                choices=(*(Choice("of", n) for n in sorted({case.ground.number, *numbers})), Choice("goodwill")),
                field="money",
                accounts=(observation.account,),
                values=(amount_,),
            )
            if answer == f"of:{case.ground.number}":
                return total(refund), {}
        return None
    return total(refund), {}


def _written_by_us(case: Case, event: Event, refund: told.Refund) -> bool:
    if refund.reference and refund.reference == case.ground.number:
        return True
    return len(event.linked) > len(event.twins)


def _is_number(text: str) -> bool:
    return text[:1] == "R" and text[1:].isdigit()


def _in_time(case: Case, refund: told.Refund) -> bool:
    """Money that went back on the order before the return began is not this return's."""
    if refund.at is None or case.founding is None:
        return True
    began = case.founding.fragment.requested_at
    return began is UNSET or began is None or refund.at >= began


def _compare(case: Case, event: Event) -> None:
    spoken = sum((total(one[1], "pending", "succeeded") for one in event.said), Zero)
    for account in sorted(event.others):
        heard = sum((total(one[1], "pending", "succeeded") for one in event.others[account]), Zero)
        if heard != spoken:
            one = money_text(spoken, event.said[0][1].currency)
            two = money_text(heard, event.others[account][0][1].currency)
            case.doubt(
                "twins_differ",
                sentence("amounts_differ", one=event.speaker, amount=one, other=account, otherwise=two),
                field="refunds",
                accounts=(event.speaker, account),
                values=(one, two),
            )


def other_currency(case: Case, account: str, event: str, id_: str, currency: str, ours: str) -> Decimal | None:
    """Money in another currency: what a person said it is worth in ours; None while it counts for nothing."""
    aside = (Choice("aside"),)
    answer = case.ask(
        "currency",
        sentence("other_currency", account=account, event=event, id=id_, currency=currency, ours=ours),
        about=(account, event, id_),
        choices=aside if event == "payment" else (Choice("counts", names=ours, takes="amount"), *aside),
        field="money",
        values=(ours, currency),
    )
    return amount(answer) if answer else None
