"""From events to the facts of the merged return, where duplicates have to agree."""

from __future__ import annotations

from hub.model.language.numbers import number
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.merge.facts import Event, StatedFact, each, events, named
from hub.model.merge.goods import by_hand
from hub.model.merge.goods.totals import Totals, pieces
from hub.model.schema import returns
from hub.model.schema.fragment import Zero


def receipts(ctx: MergeContext) -> list[returns.ReceiptFact]:
    return [
        returns.ReceiptFact(
            **named(event, stated),
            line=_place(ctx, stated),
            quantity=stated[1].quantity,
            condition=stated[1].condition,
            location=stated[1].location,
            at=stated[1].at,
            by=stated[1].by,
        )
        for event in _goods(ctx, "receipts")
        for stated in event.stated
    ]


def inspections(ctx: MergeContext) -> list[returns.InspectionFact]:
    return [
        returns.InspectionFact(
            **named(event, stated),
            line=_place(ctx, stated),
            quantity=stated[1].quantity,
            result=stated[1].result,
            found=stated[1].found,
            at=stated[1].at,
        )
        for event in _goods(ctx, "inspections")
        for stated in event.stated
    ]


def dispositions(ctx: MergeContext) -> list[returns.DispositionFact]:
    return [
        returns.DispositionFact(
            **named(event, stated),
            line=_place(ctx, stated),
            quantity=stated[1].quantity,
            disposition=stated[1].disposition,
            location=stated[1].location,
            state=stated[1].state,
            at=stated[1].at,
        )
        for event in _goods(ctx, "dispositions")
        for stated in event.stated
    ]


def _place(ctx: MergeContext, stated: StatedFact) -> str | None:
    """The line of these goods; where their account has one line for several of ours, the first that waits for more."""
    fact, part, observation = stated
    keys = ctx.book.keys(observation, part)
    if len(keys) < 2:
        return keys[0] if keys else None
    came = ctx.placed.setdefault((fact.account, fact.kind), {})
    waits = [key for key in keys if came.get(key, Zero) < ctx.asked.get(key, Zero)]
    key = next((key for key in waits if ctx.asked[key] - came.get(key, Zero) >= part.quantity), [*waits, keys[-1]][0])
    came[key] = came.get(key, Zero) + part.quantity
    return key


def replacements(ctx: MergeContext) -> list[returns.ReplacementFact]:
    return [
        returns.ReplacementFact(**named(event, stated), quantity=stated[1].quantity, value=stated[1])
        for event in events(each(ctx.own, "replacements"), "replacements", ctx.links, ctx.inputs)
        for stated in event.stated
    ]


def notes(ctx: MergeContext) -> list[returns.NoteFact]:
    return [
        returns.NoteFact(**named(event, stated), value=stated[1])
        for event in events(each(ctx.own, "notes"), "notes", ctx.links, ctx.inputs)
        for stated in event.stated[:1]
    ]


def _goods(ctx: MergeContext, kind: str) -> list[Event]:
    stated = list(each(ctx.own, kind))
    totals = Totals(ctx, stated)
    found = events(totals.reduced(stated), kind, ctx.links, ctx.inputs)
    for event in found:
        if event.others:
            _compare(ctx, event, kind)
    totals.compare(ctx, found)
    return found


def _compare(ctx: MergeContext, event: Event, kind: str) -> None:
    """Duplicates are one event: their sums have to agree."""
    spoken = pieces(event.stated)
    lines = {ctx.book.key(stated[2], stated[1]) for side in (event.stated, *event.others.values()) for stated in side}
    if len(lines) > 1:
        ctx.report(
            "duplicates_differ",
            sentence("lines_differ", one=event.speaker, others=", ".join(sorted(event.others))),
            field=kind,
            accounts=tuple(sorted(event.accounts)),
            values=tuple(sorted(str(line) for line in lines)),
        )
    for account in sorted(event.others):
        heard = pieces(event.others[account])
        line = ctx.book.key(event.stated[0][2], event.stated[0][1])
        if heard != spoken and not 0 < spoken - heard <= by_hand.booked(ctx, account, kind, line):
            ctx.report(
                "duplicates_differ",
                sentence("counts_differ", one=event.speaker, quantity=spoken, other=account, otherwise=heard),
                field=kind,
                line=line,
                accounts=(event.speaker, account),
                values=(number(spoken), number(heard)),
            )
