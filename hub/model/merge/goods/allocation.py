"""How much of an order may still come back, and which return loses where together they ask for more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec import UNSET

from hub.model.identity.candidates import bears_ours
from hub.model.identity.line_matching import deducts
from hub.model.identity.names import opens, own_name
from hub.model.language.numbers import number
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import Observation, Sibling
from hub.model.schema.returns import Choice, ReturnLine

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class Claim(NamedTuple):
    """A return asks for some pieces of an order line. `held`: something of it has been received or paid."""

    id: str
    line: str
    quantity: Decimal
    authority: int = 0
    at: datetime | None = None
    held: bool = False


class Loss(NamedTuple):
    """A claim that goes short: `granted` of what it asked for is left for it."""

    claim: Claim
    granted: Decimal


def allocate(order: Mapping[str, Decimal], returns: Iterable[Claim]) -> tuple[Loss, ...]:
    """The claims that go short. `order`: pieces per line that can come back at all.

    What is received or paid keeps its pieces; then authority decides, then the source's time, never the arrival.
    """
    left = dict(order)
    losses = []
    for claim in sorted(returns, key=_standing):
        open_ = left.get(claim.line)
        if open_ is None:
            continue
        granted = min(claim.quantity, max(open_, Zero))
        left[claim.line] = open_ - granted
        if granted < claim.quantity:
            losses.append(Loss(claim, granted))
    return tuple(losses)


def _standing(claim: Claim) -> tuple[bool, int, datetime, str, str]:
    return (not claim.held, -claim.authority, claim.at or _NEVER, claim.id, claim.line)


class Short(NamedTuple):
    """What the others leave a return. `nothing`: it gets nothing at all, and nothing of it is here: it may be refused.

    `only`: by line, what a person said comes back of it.
    """

    nothing: bool = False
    only: Mapping[str, Decimal] = {}


def over_return(ctx: MergeContext, lines: Sequence[ReturnLine], *, ended: bool) -> Short:
    """Say so where this return and the others of its orders ask for more than was shipped, and this one goes short.

    A question, unless it is here already or called off (`ended`).
    """
    order = _pieces(ctx, (line.key for line in lines))
    if not order or ctx.opening is None:
        return Short()
    me = _id(ctx.opening)
    authority = ctx.rank(ctx.opening.account, "case")
    at = _asked_at(ctx.opening)
    own = [
        Claim(me, line.key, line.quantity - line.cancelled, authority, at, line.received > 0 or bool(line.refunded))
        for line in lines
        if not line.unexpected and line.goods == "expected" and line.quantity > line.cancelled
    ]
    others = [claim for sibling in ctx.inputs.others for claim in _claims(ctx, sibling)]
    short = [loss for loss in allocate(order, [*own, *others]) if loss.claim.id == me]
    answers = {loss.claim.line: _asked(ctx, loss, ended=ended) for loss in short}
    refused = [loss for loss in short if not loss.granted and answers[loss.claim.line] != "allow"]
    nothing = bool(own) and len(refused) == len(own) and not any(c.held for c in own) and not allocate(order, own)
    only = {loss.claim.line: loss.granted for loss in short if answers[loss.claim.line] == "rest"}
    return Short(nothing, only)


def _asked(ctx: MergeContext, loss: Loss, *, ended: bool) -> str | None:
    """What a person says to it; said without a question where there is nothing to decide any more."""
    claim, granted = loss
    said = sentence("over_return", quantity=claim.quantity, granted=granted)
    numbers = (number(claim.quantity), number(granted))
    if claim.held or ended:
        ctx.report("over_return", said, field="quantity", line=claim.line, values=numbers)
        return None
    less = Choice("rest", names=numbers[1]) if granted else Choice("refuse")
    return ctx.ask(
        "over_return",
        said,
        about=(claim.line, *numbers),
        choices=(Choice("allow", names=numbers[0]), less),
        field="quantity",
        line=claim.line,
        values=numbers,
    )


def shortages(ctx: MergeContext, me: Sibling, keys: Iterable[str]) -> dict[str, dict[str, Decimal]]:
    """By number, the other returns of the orders that go short on these lines, and what is left to each; `me` as they
    see it."""
    order = _pieces(ctx, keys)
    whose: dict[str, str] = {}
    claims = []
    for sibling in (*ctx.inputs.others, me) if order else ():
        mine = _claims(ctx, sibling)
        claims += mine
        whose.update((claim.id, sibling.number) for claim in mine)
    found: dict[str, dict[str, Decimal]] = {}
    for claim, granted in allocate(order, claims):
        found.setdefault(whose[claim.id], {})[claim.line] = granted
    return found


def _pieces(ctx: MergeContext, keys: Iterable[str]) -> dict[str, Decimal]:
    """How much of these lines can come back at all."""
    known = {key: ctx.book.lines[key].line for key in keys if key in ctx.book.lines}
    goods = {key: line for key, line in known.items() if line.quantity and not deducts(line)}
    return {key: line.quantity if line.shipped is None else line.shipped for key, line in goods.items()}


_OVER = frozenset({"rejected", "cancelled", "voided", "expired"})


def _claims(ctx: MergeContext, sibling: Sibling) -> list[Claim]:
    """What another return of the order asks for, line by line, whoever of its systems tells it."""
    live = [o for o in sibling.observations if not o.gone]
    opening = sorted((o for o in live if opens(o.fragment)), key=lambda o: (bears_ours(o.fragment), *_first(o)))
    said = [word for o in opening for word in (o.fragment.authorization, o.fragment.closure)]
    if not opening or any(getattr(word, "value", None) in _OVER for word in said):
        return []
    first = opening[0]
    came = {ctx.book.key(o, receipt) for o in live for receipt in o.fragment.receipts or ()}
    paid = {ctx.book.key(o, part) for o in live for refund in o.fragment.refunds or () for part in refund.allocations}
    asked: dict[str, Decimal] = {}
    for observation in sorted(opening, key=lambda o: (-ctx.rank(o.account, "lines"), *_first(o))):
        for line in observation.fragment.lines or ():
            key = ctx.book.key(observation, line, line.gtin)
            if key is not None and not line.unexpected and line.goods in (UNSET, "expected"):
                asked.setdefault(key, line.quantity - line.cancelled)
    authority, at = ctx.rank(first.account, "case"), _asked_at(first)
    held, only = came | paid, _only(live)
    asked = {key: min(count, only.get(key, count)) for key, count in asked.items()}
    return [Claim(_id(first), key, count, authority, at, key in held) for key, count in asked.items() if count > 0]


def _only(observations: Iterable[Observation]) -> dict[str, Decimal]:
    """By line, what a person left of another return's claim."""
    answers = [answer for o in observations for answer in o.fragment.answers]
    return {a.about[0]: Decimal(a.about[2]) for a in answers if (a.kind, a.answer) == ("over_return", "rest")}


def _first(observation: Observation) -> tuple[datetime, str]:
    return (_asked_at(observation) or _NEVER, _id(observation))


def _asked_at(observation: Observation) -> datetime | None:
    at = observation.fragment.requested_at
    return at if isinstance(at, datetime) else None


def _id(observation: Observation) -> str:
    """A claim's name: the same, whichever of the returns is being merged."""
    return "/".join(own_name(observation))
