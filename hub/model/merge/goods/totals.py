"""A total is no event: of what one account shows of a line in one number, which pieces are its own, which it was told.

What it grows by after it was told is another count of the same goods until a person says that they are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec.structs import replace

from hub.model.language.numbers import number
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.merge.facts import Event, StatedFact
from hub.model.merge.goods import by_hand
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import FactId
from hub.model.schema.returns import Choice


class Totals:
    """The totals among these facts of one kind. A view shows a total as its account does, so it has none."""

    def __init__(self, ctx: MergeContext, stated: Sequence[StatedFact]) -> None:
        self._shown = {one[0]: one for one in stated if one[0] in ctx.links.totals} if ctx.alone is None else {}
        self._own: dict[FactId, Decimal] = {}
        self._rest: dict[FactId, Decimal] = {}
        """Of each total, how many pieces were told by nobody."""
        names = {one[0] for one in stated} if self._shown else set()
        for name, (_, part, _) in self._shown.items():
            # What nobody tells any more counts where it is still shown.
            rows = [same for same in ctx.links.totals[name] if not names.isdisjoint(same.facts - {name})]
            rest = max(part.quantity - sum((same.pieces for same in rows), Zero), Zero)
            self._rest[name] = rest
            self._own[name] = min(rest, _grown(ctx, name, max((same.own for same in rows), default=rest)))

    def reduced(self, stated: Iterable[StatedFact]) -> list[StatedFact]:
        """These facts, each total with the pieces only that are its account's own; without one that has none."""
        left = [one if one[0] not in self._own else _less(one, self._own[one[0]]) for one in stated]
        return [one for one in left if one[0] not in self._own or one[1].quantity > 0]

    def compare(self, ctx: MergeContext, found: Sequence[Event]) -> None:
        """What a total shows beside its own has to be what the others tell now."""
        for name, own in self._own.items():
            others = [event for event in found if name not in event.duplicates]
            _compare(ctx, self._shown[name], (own, self._rest[name]), others)


def pieces(stated: Iterable[StatedFact]) -> Decimal:
    """How many pieces these facts tell of."""
    return sum((one[1].quantity for one in stated if getattr(one[1], "state", "posted") == "posted"), Zero)


def _grown(ctx: MergeContext, name: FactId, own: Decimal) -> Decimal:
    """How many pieces of a total are its account's own: those it had when it was told, and those people say are."""
    said = [about for (kind, about), answer in ctx.inputs.answers.items() if kind == "total_grew" and answer == "own"]
    for start, end in sorted((Decimal(about[1]), Decimal(about[2])) for about in said if about[0] == name.text):
        if start <= own:
            own = max(own, end)
    return own


def _less(stated: StatedFact, quantity: Decimal) -> StatedFact:
    name, part, observation = stated
    return name, replace(part, quantity=quantity), observation


def _compare(ctx: MergeContext, total: StatedFact, own: tuple[Decimal, Decimal], others: Sequence[Event]) -> None:
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
    spoken = _pieces_of(linked)
    kit = any(not _is_of(ctx, event, line) for event in linked)
    if kit:
        spoken = sum((same.pieces for same in ctx.links.totals[name]), Zero)
    else:
        # What others told later than that it shows already.
        later = [e for e in others if name not in e.linked and e.speaker != name.account and _is_of(ctx, e, line)]
        heard -= min(max(heard - spoken, Zero), _pieces_of(later))
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


def _pieces_of(events_: Iterable[Event]) -> Decimal:
    return sum((pieces(event.stated) for event in events_), Zero)
