"""How a return stands to other returns, and what belongs to it without proof."""

from __future__ import annotations

from collections.abc import Sequence

from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.schema.fragment import LinePart
from hub.model.schema.observation import HUB
from hub.model.schema.returns import Choice, ReturnLine, Weak


def relations(ctx: MergeContext, lines: Sequence[ReturnLine]) -> tuple[tuple[str, str], ...]:
    """What people decided, and what order lines tell: goods that were sent instead of others came back, too."""
    mine = {line.key for line in lines if not line.unexpected}
    found = set(ctx.inputs.ties.relations)
    for sibling in ctx.inputs.others:
        sent = {
            ctx.book.key(observation, LinePart(order_line=replacement.order_line))
            for observation in sibling.observations
            if not observation.gone
            for replacement in observation.fragment.replacements or ()
            if replacement.order_line is not None
        }
        if not mine.isdisjoint(sent):
            found.add(("caused_by", sibling.number))
    return tuple(sorted(found))


def weak(ctx: MergeContext) -> tuple[Weak, ...]:
    """What is bound weakly. While it waits, or while a person has to say which return it is, nothing rests on it."""
    ties, number = ctx.inputs.ties, ctx.inputs.number
    bound = []
    for tie in ties.weak:
        waits = tie.guest in ctx.inputs.unripe and not tie.firm
        bound.append(
            Weak(
                ours=number,
                was=f"R{tie.guest}",
                why=tie.why,
                objects=tie.objects,
                waits=waits,
                entry=tie.entry,
                firm=tie.firm,
                told=_told(ctx, number),
            )
        )
        if waits:
            what = ", ".join(" ".join(name) for name in tie.objects)
            ctx.ask(
                "provisional",
                sentence("provisional", objects=what, why=tie.why),
                about=(f"R{tie.guest}",),
                choices=(Choice("confirm"), Choice("part", str(tie.entry), f"R{tie.guest}")),
                field="objects",
                accounts=tuple(sorted({name[0] for name in tie.objects})),
            )
    if ties.asks:
        others = tuple(f"R{other}" for other in ties.asks)
        ctx.ask(
            "two_candidates",
            sentence("which_of_them", others=", ".join(others)),
            about=others,
            choices=(*(Choice("is", other) for other in others), Choice("none")),
            field="objects",
            values=others,
        )
    return tuple(bound)


def _told(ctx: MergeContext, number: str) -> tuple[str, ...]:
    """Accounts in whose own records our number can be read."""
    found = set()
    for observation in ctx.own:
        fragment = observation.fragment
        if any(key.issuer == HUB and key.value == number for key in fragment.keys):
            found.add(observation.account)
        if any(number in note.text.split() for note in fragment.notes or ()):
            found.add(observation.account)
    return tuple(sorted(found))
