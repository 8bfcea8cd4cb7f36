"""How a return stands to other returns, and what belongs to it without proof."""

from __future__ import annotations

from collections.abc import Sequence

from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.schema.fragment import LinePart
from hub.model.schema.observation import HUB
from hub.model.schema.returns import Choice, Provisional, ReturnLine


def relations(ctx: MergeContext, lines: Sequence[ReturnLine]) -> tuple[tuple[str, str], ...]:
    """What people decided, and what order lines tell: goods that were sent instead of others came back, too."""
    mine = {line.key for line in lines if not line.unexpected}
    found = set(ctx.inputs.bindings.relations)
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


def provisional(ctx: MergeContext) -> tuple[Provisional, ...]:
    """What is bound weakly. While it waits, or while a person has to say which return it is, nothing rests on it."""
    bindings, number = ctx.inputs.bindings, ctx.inputs.number
    bound = []
    for link in bindings.links:
        waits = link.guest in ctx.inputs.immature and not link.confirmed
        bound.append(
            Provisional(
                ours=number,
                was=f"R{link.guest}",
                why=link.why,
                objects=link.objects,
                waits=waits,
                entry=link.entry,
                confirmed=link.confirmed,
                told=_bearing_number(ctx, number),
            )
        )
        if waits:
            what = ", ".join(" ".join(name) for name in link.objects)
            ctx.ask(
                "provisional",
                sentence("provisional", objects=what, why=link.why),
                about=(f"R{link.guest}",),
                choices=(Choice("confirm"), Choice("part", str(link.entry), f"R{link.guest}")),
                field="objects",
                accounts=tuple(sorted({name[0] for name in link.objects})),
            )
    if bindings.asks:
        others = tuple(f"R{other}" for other in bindings.asks)
        ctx.ask(
            "two_candidates",
            sentence("which_of_them", others=", ".join(others)),
            about=others,
            choices=(*(Choice("is", other) for other in others), Choice("none")),
            field="objects",
            values=others,
        )
    return tuple(bound)


def _bearing_number(ctx: MergeContext, number: str) -> tuple[str, ...]:
    """Accounts in whose own records our number can be read."""
    found = set()
    for observation in ctx.own:
        fragment = observation.fragment
        if any(key.issuer == HUB and key.value == number for key in fragment.keys):
            found.add(observation.account)
        if any(number in note.text.split() for note in fragment.notes or ()):
            found.add(observation.account)
    return tuple(sorted(found))
