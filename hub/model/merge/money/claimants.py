"""The returns of an order as far as its money goes: since when, for which pieces, how much is owed, what is theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import UNSET

from hub.model.identity.names import opens, own_name, speaks_of_order
from hub.model.merge.context import MergeContext
from hub.model.merge.facts import Event, Links, each, events
from hub.model.merge.money.order_edits import article
from hub.model.schema import fragment as canonical
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import HUB, DuplicateFacts, FactId, MergeInputs, Observation

_OVER = frozenset({"rejected", "cancelled", "voided", "expired"})
_NO_MONEY = frozenset({"exchange", "repair", "reship"})
_FIRST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass
class Claimant:
    """One return that money of its order may be for."""

    number: str
    asked: datetime | None
    """When it was asked for; None: nobody says, so it may always have been there."""
    opened: bool
    ended: bool
    pieces: Mapping[str, Decimal]
    """Per line what is to come back, or need not: what may be paid for."""
    owed: Decimal | None
    swaps: bool
    """All of it is exchanged or mended: without a word on money nothing is owed."""
    credited: bool
    """There is such a word: a credit note, or a stated sum."""
    objects: frozenset[tuple[str, str]]
    records: frozenset[tuple[str, str, str]]
    """Its own observations, by name."""
    naming: frozenset[tuple[str, str, str]]
    """Of these the ones that name a return."""
    written: frozenset[FactId]
    """Refunds that writes of ours made for it."""
    name: str

    @property
    def standing(self) -> tuple[datetime, str]:
        """The oldest first, whichever of them is being merged."""
        return (self.asked or _FIRST, self.name)

    @property
    def wants(self) -> bool:
        """Whether money that names nothing may be for it."""
        return self.opened and not self.ended and (self.credited or not self.swaps)

    def wrote(self, event: Event, refund: canonical.Refund) -> bool:
        """Whether the refund was made for it by a write of ours, or bears its number."""
        if refund.reference and refund.reference == self.number:
            return True
        return not self.written.isdisjoint(event.duplicates)


def claimants(ctx: MergeContext) -> list[Claimant]:
    """The return itself, and beside it the others of its orders."""
    deleted = [o for o in ctx.gone if not speaks_of_order(o.fragment)]
    me = _claimant(ctx, [*ctx.own, *deleted], ctx.inputs.number, ctx.inputs.duplicates)
    if ctx.alone is not None:
        return [me]
    others = [
        _claimant(
            ctx, [o for o in other.observations if not (o.gone and o.account == HUB)], other.number, other.duplicates
        )
        for other in ctx.inputs.others
    ]
    return [me, *others]


def waited(ctx: MergeContext) -> Mapping[str, Decimal] | None:
    """By article (edited.article), what all returns of the orders ask for and what never came; None where nobody can
    say what one of them asks for."""
    found: dict[str, Decimal] = {}
    for records in (ctx.own, *(other.observations for other in ctx.inputs.others)):
        live = [o for o in records if not o.gone]
        opening = [o for o in live if opens(o.fragment)]
        asked, _ = _pieces(ctx, opening)
        if opening and not asked:
            return None
        came = _came(ctx, live)
        for key, quantity in asked.items():
            sold = ctx.book.lines.get(key)
            if sold is None:
                return None
            kit = ctx.book.lines.get(sold.parent or "")
            for line in (sold, kit) if kit is not None else (sold,):
                name = article(line.line)
                found[name] = found.get(name, Zero) + max(quantity - came.get(key, Zero), Zero)
    return found


def _came(ctx: MergeContext, records: Sequence[Observation]) -> dict[str, Decimal]:
    """Per line, what arrived; of accounts that tell of it the one that tells most: it may be the same."""
    pieces: dict[tuple[str, str], Decimal] = {}
    for o in records:
        for receipt in o.fragment.receipts or ():
            if (key := ctx.book.key(o, receipt)) is not None:
                pieces[o.account, key] = pieces.get((o.account, key), Zero) + receipt.quantity
    came: dict[str, Decimal] = {}
    for (_, key), quantity in pieces.items():
        came[key] = max(quantity, came.get(key, Zero))
    return came


def _claimant(
    ctx: MergeContext, records: Sequence[Observation], number: str, duplicates: Sequence[DuplicateFacts]
) -> Claimant:
    """What was deleted names the return all the same; one of which all that opened it was deleted is over."""
    live = [o for o in records if not o.gone]
    asking = [o for o in live if opens(o.fragment)]
    opening = sorted(asking or (o for o in records if opens(o.fragment)), key=lambda o: (_asked(o) or _FIRST, _name(o)))
    pieces, swaps = _pieces(ctx, opening)
    return Claimant(
        number=number,
        asked=min((at for o in opening if (at := _asked(o))), default=None),
        opened=bool(opening),
        ended=_ended(ctx, live, opening[0].account if opening else None, deleted=bool(opening) and not asking),
        pieces=pieces,
        owed=_owed(ctx, live, duplicates, swaps),
        swaps=swaps,
        credited=any(o.fragment.credits or isinstance(o.fragment.agreed, Decimal) for o in live),
        objects=frozenset((o.account, o.external_id) for o in records),
        records=frozenset(own_name(o) for o in records),
        naming=frozenset(own_name(o) for o in records if o.fragment.keys),
        written=written(duplicates),
        name=min((_name(o) for o in opening), default=number),
    )


def _asked(observation: Observation) -> datetime | None:
    at = observation.fragment.requested_at
    return at if isinstance(at, datetime) else None


def _name(observation: Observation) -> str:
    return f"{observation.account}/{observation.stream}/{observation.external_id}"


def _pieces(ctx: MergeContext, opening: Sequence[Observation]) -> tuple[dict[str, Decimal], bool]:
    """Per line, by the highest authority that speaks of it; and whether all of them are swapped."""
    pieces: dict[str, Decimal] = {}
    swaps: set[bool] = set()
    for observation in sorted(opening, key=lambda o: -ctx.rank(o.account, "lines")):
        for line in observation.fragment.lines or ():
            key = ctx.book.key(observation, line, line.gtin)
            if key is None or key in pieces or line.unexpected:
                continue
            pieces[key] = line.quantity - line.cancelled
            swaps.add(line.resolution in _NO_MONEY)
    return pieces, swaps == {True}


def _ended(ctx: MergeContext, records: Sequence[Observation], origin_account: str | None, *, deleted: bool) -> bool:
    """Over in the word of whoever counts most, or called off by who asked; and nothing of it has come."""
    if any(o.fragment.receipts for o in records):
        return False
    if deleted:
        return True
    said: list[tuple[tuple[bool, bool, int, int], str]] = []
    for observation in records:
        for word in (observation.fragment.authorization, observation.fragment.closure):
            if word is UNSET or word is None:
                continue
            calls_off = observation.account == origin_account and word.value == "cancelled"
            decides = calls_off or observation.account in ctx.decided_by
            rank = ctx.rank(observation.account, "case")
            said.append(((observation.account == HUB, decides, rank, observation.read_seq), word.value))
    if not said:
        return False
    top = max(standing for standing, _ in said)
    return any(word in _OVER for standing, word in said if standing == top)


def _owed(
    ctx: MergeContext, records: Sequence[Observation], duplicates: Sequence[DuplicateFacts], swaps: bool
) -> Decimal | None:
    """What is owed on it in all, as far as documents or a stated sum say."""
    links = Links(MergeInputs(parties=ctx.inputs.parties, duplicates=tuple(duplicates)))
    posted = [
        one[1].amount
        for event in events(each(records, "credits"), "credits", links, ctx.inputs)
        for one in event.stated
        if one[1].state == "posted"
    ]
    if posted and not swaps:
        return sum(posted, Zero)
    stated = [o for o in records if isinstance(o.fragment.agreed, Decimal)]
    if not stated:
        return None
    best = min(stated, key=lambda o: (-ctx.rank(o.account, "agreed"), o.account, -o.read_seq, o.external_id))
    return best.fragment.agreed if isinstance(best.fragment.agreed, Decimal) else None


def written(duplicates: Sequence[DuplicateFacts]) -> frozenset[FactId]:
    """Refunds that are linked to something that is no refund, or noted by themselves: a write of ours made them."""
    return frozenset(
        fact
        for group in duplicates
        if len(group.facts) == 1 or any(other.kind != "refunds" for other in group.facts)
        for fact in group.facts
        if fact.kind == "refunds"
    )
