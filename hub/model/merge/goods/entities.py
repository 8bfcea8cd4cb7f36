"""From events to the facts of the merged return."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec.structs import replace

from hub.model.language.numbers import number
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.merge.facts import Event, StatedFact, each, events, named
from hub.model.merge.goods import by_hand
from hub.model.schema import returns
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import FactId
from hub.model.schema.returns import Choice


def receipts(ctx: MergeContext) -> list[returns.ReceiptFact]:
    return [
        returns.ReceiptFact(
            **named(event, told),
            line=_place(ctx, told),
            quantity=told[1].quantity,
            condition=told[1].condition,
            location=told[1].location,
            at=told[1].at,
            by=told[1].by,
        )
        for event in _goods(ctx, "receipts")
        for told in event.stated
    ]


def inspections(ctx: MergeContext) -> list[returns.InspectionFact]:
    return [
        returns.InspectionFact(
            **named(event, told),
            line=_place(ctx, told),
            quantity=told[1].quantity,
            result=told[1].result,
            found=told[1].found,
            at=told[1].at,
        )
        for event in _goods(ctx, "inspections")
        for told in event.stated
    ]


def dispositions(ctx: MergeContext) -> list[returns.DispositionFact]:
    return [
        returns.DispositionFact(
            **named(event, told),
            line=_place(ctx, told),
            quantity=told[1].quantity,
            disposition=told[1].disposition,
            location=told[1].location,
            state=told[1].state,
            at=told[1].at,
        )
        for event in _goods(ctx, "dispositions")
        for told in event.stated
    ]


def _place(ctx: MergeContext, told: StatedFact) -> str | None:
    """The line of these goods; where their account has one line for several of ours, the first that waits for more."""
    fact, part, observation = told
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
        returns.ReplacementFact(**named(event, told), quantity=told[1].quantity, value=told[1])
        for event in events(each(ctx.own, "replacements"), "replacements", ctx.links, ctx.inputs)
        for told in event.stated
    ]


def notes(ctx: MergeContext) -> list[returns.NoteFact]:
    return [
        returns.NoteFact(**named(event, told), value=told[1])
        for event in events(each(ctx.own, "notes"), "notes", ctx.links, ctx.inputs)
        for told in event.stated[:1]
    ]


def _goods(ctx: MergeContext, kind: str) -> list[Event]:
    told = list(each(ctx.own, kind))
    # A view shows a total as its account does.
    totals = {one[0]: one for one in told if one[0] in ctx.links.totals} if ctx.alone is None else {}
    own: dict[FactId, Decimal] = {}
    rest: dict[FactId, Decimal] = {}
    """Of each total, how many pieces were told by nobody."""
    if totals:
        names = {one[0] for one in told}
        for name, (_, part, _) in totals.items():
            # What nobody tells any more counts where it is still shown.
            rows = [same for same in ctx.links.totals[name] if not names.isdisjoint(same.facts - {name})]
            rest[name] = max(part.quantity - sum((same.pieces for same in rows), Zero), Zero)
            # What it grows by after it was told is another count of the same, until somebody knows better.
            own[name] = min(rest[name], _grown(ctx, name, max((same.own for same in rows), default=rest[name])))
        told = [one if one[0] not in own else _less(one, own[one[0]]) for one in told]
    told = [one for one in told if one[0] not in own or one[1].quantity > 0]
    found = events(told, kind, ctx.links, ctx.inputs)
    for event in found:
        if event.others:
            _compare(ctx, event, kind)
    for name, pieces in own.items():
        _compare_total(
            ctx, totals[name], (pieces, rest[name]), [event for event in found if name not in event.duplicates]
        )
    return found


def _grown(ctx: MergeContext, name: FactId, own: Decimal) -> Decimal:
    """How many pieces of a total are its account's own: those it had when it was told, and those people say are."""
    said = [about for (kind, about), answer in ctx.inputs.answers.items() if kind == "total_grew" and answer == "own"]
    for start, end in sorted((Decimal(about[1]), Decimal(about[2])) for about in said if about[0] == name.text):
        if start <= own:
            own = max(own, end)
    return own


def _less(told: StatedFact, quantity: Decimal) -> StatedFact:
    name, part, observation = told
    return name, replace(part, quantity=quantity), observation


def _compare_total(ctx: MergeContext, total: StatedFact, own: tuple[Decimal, Decimal], others: Sequence[Event]) -> None:
    """What it shows beside its own has to be what the others tell now; of parts of a kit, what it was told.

    `own`: so many pieces are its own, and at most so many could be. `others`: all that is told beside it.
    """
    name, part, observation = total
    line = ctx.book.key(observation, part)
    linked = [event for event in others if name in event.linked]
    speakers = sorted({event.speaker for event in linked})
    if not speakers:
        return
    heard = part.quantity - own[0]
    spoken = _pieces(linked)
    kit = any(not _is_of(ctx, event, line) for event in linked)
    if kit:
        spoken = sum((same.pieces for same in ctx.links.totals[name]), Zero)
    else:
        # What others told later than that it shows already.
        later = [e for e in others if name not in e.linked and e.speaker != name.account and _is_of(ctx, e, line)]
        heard -= min(max(heard - spoken, Zero), _pieces(later))
    more = Zero if kit else min(own[1] - own[0], heard - spoken)
    if more > 0:
        answer = ctx.ask(
            "total_grew",
            sentence(
                "total_grew", account=name.account, quantity=more, shown=part.quantity, others=", ".join(speakers)
            ),
            about=(name.text, number(own[0]), number(own[0] + more)),
            choices=(Choice("own"), Choice("same")),
            freezes=False,
            field=name.kind,
            line=line,
            accounts=(name.account, *speakers),
            values=(number(more),),
        )
        if answer is None:
            return
        heard -= more
    booked = by_hand.booked(ctx, name.account, name.kind, line)
    if spoken != heard and not 0 < spoken - heard <= booked:
        ctx.report(
            "duplicates_differ",
            sentence("counts_differ", one=", ".join(speakers), quantity=spoken, other=name.account, otherwise=heard),
            field=name.kind,
            line=line,
            accounts=(*speakers, name.account),
            values=(number(spoken), number(heard)),
        )


def _is_of(ctx: MergeContext, event: Event, line: str | None) -> bool:
    """Whether all of it is of this line."""
    return all(ctx.book.key(observation, part) == line for _, part, observation in event.stated)


def _compare(ctx: MergeContext, event: Event, kind: str) -> None:
    """Duplicates are one event: their sums have to agree."""
    spoken = _sum(event.stated)
    lines = {ctx.book.key(told[2], told[1]) for side in (event.stated, *event.others.values()) for told in side}
    if len(lines) > 1:
        ctx.report(
            "duplicates_differ",
            sentence("lines_differ", one=event.speaker, others=", ".join(sorted(event.others))),
            field=kind,
            accounts=tuple(sorted(event.accounts)),
            values=tuple(sorted(str(line) for line in lines)),
        )
    for account in sorted(event.others):
        heard = _sum(event.others[account])
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


def _pieces(events_: Iterable[Event]) -> Decimal:
    return sum((_sum(event.stated) for event in events_), Zero)


def _sum(told: Sequence[StatedFact]) -> Decimal:
    return sum((one[1].quantity for one in told if getattr(one[1], "state", "posted") == "posted"), Zero)
