"""All observations of one return -> the return (Aggregator). Pure; the order of the observations does not matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec.structs import replace

from hub.model.identity.names import own_name
from hub.model.identity.order_book import Book
from hub.model.language import words
from hub.model.merge import (
    axes,
    derived,
    discrepancies,
    duplicates,
    left_out,
    questions,
    rekeyed,
    relations,
    stated_fields,
    unknown_numbers,
)
from hub.model.merge.context import MergeContext, Sources
from hub.model.merge.facts import Links
from hub.model.merge.fragments import merge_fragments
from hub.model.merge.goods import allocation, by_hand, entities, lines, parcels, sums
from hub.model.merge.money import paid_documents, refunds, settlement
from hub.model.merge.status import kind_of, status_of
from hub.model.schema.fragment import Payment
from hub.model.schema.observation import HUB, MergeInputs, Observation, Sibling, Untaken
from hub.model.schema.returns import (
    Axes,
    CreditFact,
    Decision,
    Discrepancy,
    DispositionFact,
    InspectionFact,
    ReceiptFact,
    ReplacementFact,
    Return,
    ReturnLine,
    ShipmentFact,
)

__all__ = ["Merger", "merge_fragments", "merge", "view"]


def merge(observations: Sequence[Observation], inputs: MergeInputs) -> Return:
    """The return, as all systems together tell it."""
    return Merger(observations, inputs).merged()


def view(observations: Sequence[Observation], inputs: MergeInputs, account: str) -> Return:
    """The return as one account tells it, with the same line keys as the merged one."""
    return Merger(observations, inputs).of(account)


class Merger:
    """One return's observations in their fixed order, for the merged return and any number of views."""

    def __init__(self, observations: Sequence[Observation], inputs: MergeInputs) -> None:
        inputs = questions.heard(observations, inputs)
        self.observations = questions.standing(_once(observations), inputs)
        self.book = Book([o for o in self.observations if not o.gone], inputs)
        if self.book.others:
            inputs = replace(inputs, others=tuple(other for other in inputs.others if self.book.concerns(other)))
        self.inputs = rekeyed.inputs(inputs, self.book)
        self.links = Links(inputs)
        self.sources = Sources()
        self._aggregates: Aggregates | None = None
        self._merged: Return | None = None

    def merged(self) -> Return:
        """The return, as all systems together tell it."""
        ctx = self._context(self.observations)
        self._aggregates = _aggregates(ctx)
        self._merged = _decided(ctx, self.sources, self._aggregates)
        return self._merged

    def of(self, account: str) -> Return:
        """The return as one account tells it, with the same line keys."""
        own = [o for o in self.observations if o.account == account]
        if not own:
            return Return()
        # Where nobody else has spoken, it tells what all together tell; only what its word decides may differ.
        alone = len(own) == len(self.observations) and not self.inputs.others and not self.links.totals
        if alone and self._merged is not None and not any(map(axes.decides, own)):
            return self._merged
        ctx = self._context(own, account)
        return _decided(
            ctx, self.sources, self._aggregates if alone and self._aggregates is not None else _aggregates(ctx)
        )

    def shortages(self, number: str, keys: Iterable[str]) -> dict[str, dict[str, Decimal]]:
        """Which other returns of the orders go short on these lines, and what is left to them."""
        ctx = self._context(self.observations)
        return allocation.shortages(ctx, Sibling(number, tuple(ctx.own)), keys)

    def _context(self, observations: Sequence[Observation], alone: str | None = None) -> MergeContext:
        return MergeContext(observations, self.inputs, self.book, self.links, self.sources, alone)


def _once(observations: Sequence[Observation]) -> list[Observation]:
    """Sorted by name; of one object told twice the newest."""
    found: dict[tuple[str, str, str], Observation] = {}
    for observation in observations:
        name = own_name(observation)
        known = found.get(name)
        if known is None:
            found[name] = observation
        else:
            found[name] = merge_fragments(known, observation) or replace(
                known, read_seq=max(known.read_seq, observation.read_seq)
            )
    return [found[name] for name in sorted(found)]


class Aggregates(NamedTuple):
    """What the records state and what it adds up to, whoever looks at it."""

    lines: list[ReturnLine]
    receipts: list[ReceiptFact]
    inspections: list[InspectionFact]
    dispositions: list[DispositionFact]
    shipments: list[ShipmentFact]
    replacements: list[ReplacementFact]
    currency: str | None
    paid: refunds.Paid
    held: dict[str, list[Payment]]
    credits: list[CreditFact]
    owed: Decimal | None
    documented: Decimal
    said_by: dict[str, int]
    discrepancies: list[Discrepancy]


def _aggregates(ctx: MergeContext) -> Aggregates:
    """The lines and facts that the records state, and their sums."""
    said = lines.statements(ctx)
    ctx.asked = {key: stated[0][1].quantity - stated[0][1].cancelled for key, stated in said.items()}
    receipts = by_hand.without(ctx, "receipts", entities.receipts(ctx))
    inspections = entities.inspections(ctx)
    dispositions = by_hand.without(ctx, "dispositions", entities.dispositions(ctx))
    currency = settlement.currency_of(ctx)
    held = settlement.payments(ctx, currency)
    paid = refunds.paid(ctx, currency, held)
    counted = sums.by_line(ctx, receipts, inspections, dispositions, paid.refunds, paid.by_line)
    built = lines.build(ctx, said, counted)
    credits = settlement.credits(ctx, currency)
    owed, documented = settlement.agreed(ctx, credits, built)
    return Aggregates(
        lines=built,
        receipts=receipts,
        inspections=inspections,
        dispositions=dispositions,
        shipments=parcels.shipments(ctx),
        replacements=entities.replacements(ctx),
        currency=currency,
        paid=paid,
        held=held,
        credits=credits,
        owed=owed,
        documented=documented,
        said_by=ctx.said_by,
        discrepancies=ctx.discrepancies,
    )


def _decided(ctx: MergeContext, sources: Sources, stated: Aggregates) -> Return:
    """The return: what follows from these sums (axes, money, status), and what people are asked."""
    ctx.said_by, ctx.discrepancies = dict(stated.said_by), list(stated.discrepancies)
    built, paid = stated.lines, stated.paid
    round_ = axes.current_round(ctx, built)
    authorization = axes.authorization(ctx, round_)
    bound = relations.provisional(ctx) if ctx.alone is None else ()
    short = allocation.Short()
    if ctx.alone is None:
        short = allocation.over_return(ctx, built, ended=authorization.value in ("rejected", "cancelled"))
        built = [_without(line, line.quantity - short.only.get(line.key, line.quantity)) for line in built]
    unsure = ctx.inputs.bindings.asks or ctx.inputs.immature
    if short.nothing and not unsure and (authorization.value in axes.UNDECIDED or authorization.by == "rule"):
        authorization = Decision(value="rejected", account=HUB, by="rule", round=round_)
    rest_cancelled = authorization.value == "cancelled" and any(line.received > 0 for line in built)
    if rest_cancelled:
        # What is here is here: a cancel after a partial receipt takes back only the rest.
        built = [_without(line, line.quantity - line.received) for line in built]
        authorization = axes.authorization(ctx, round_, cancels=False)
        if authorization.value not in axes.DECISIONS:
            authorization = replace(authorization, value="authorized")
    received = derived.receipt(built)
    acceptance = axes.acceptance(ctx, round_)
    closure = axes.closure(ctx)
    owed_now = derived.is_owed(authorization, received, acceptance, closure)
    balance = settlement.settle(ctx, stated.currency, paid, stated.held, stated.owed, stated.documented, owed_now)
    over = authorization.value in ("rejected", "cancelled") or closure.value in ("voided", "expired")
    balance = paid_documents.asked(ctx, stated.credits, balance, over)
    refunds.ask(ctx, paid, balance, over)
    swap = derived.exchange(ctx, built, stated.replacements, stated.shipments, authorization.value == "authorized")

    chosen: dict[tuple[str, str], str] = {}
    untaken: tuple[Untaken, ...] = ()
    discrepancies.unplaced(ctx, stated.receipts)
    if ctx.alone is None:
        untaken = by_hand.ask(ctx, built, stated.receipts, stated.dispositions)
        duplicates.possible_duplicates(ctx, built, by_hand.unsaid(ctx, stated.receipts))
        duplicates.possible_refunds(ctx, paid.refunds, balance)
        duplicates.possible_credits(ctx, stated.credits, balance)
        discrepancies.ambiguous(ctx, built)
        discrepancies.unmatched(ctx, built)
        discrepancies.unasked(ctx, built)
        discrepancies.shared_number(ctx)
        chosen = discrepancies.doubled(ctx)
        discrepancies.gone(ctx)
        discrepancies.unread(ctx, balance, over)
        left_out.ask(ctx, balance, over)
        unknown_numbers.report(ctx)
        discrepancies.lost(ctx, built, stated.shipments)

    state = Axes(
        authorization=authorization,
        transit=derived.transit(ctx, stated.shipments),
        receipt=received,
        acceptance=acceptance,
        settlement=settlement.settlement(balance, paid.refunds),
        exchange=swap,
        dispute=axes.dispute(ctx),
        closure=closure,
    )
    opening = ctx.opening
    origin: words.Origin | None = None
    if opening is not None and isinstance(opening.fragment.origin, str):
        origin = opening.fragment.origin
        ctx.said_by["origin"] = ctx.source(opening)
    kind = kind_of(origin, built)
    ranked = ctx.own or ctx.gone
    if len(ranked) > 1:
        ranked = sorted(ranked, key=lambda o: (-ctx.rank(o.account, "case"), o.account, o.stream, o.external_id))
    return Return(
        origin=origin,
        kind=kind,
        status=status_of(state, kind, origin, drafted=any(c.value.state == "draft" for c in stated.credits)),
        round=round_,
        origin_account=ctx.origin_account,
        numbers=stated_fields.per_account(ranked, "number"),
        objects=stated_fields.objects(ctx.own, chosen),
        tombstones=stated_fields.objects(ctx.gone, {}),
        rest_cancelled=rest_cancelled,
        ready=stated_fields.ready(ctx),
        orders=tuple(ctx.book.refs),
        axes=state,
        money=balance,
        lines=tuple(built),
        receipts=tuple(stated.receipts),
        inspections=tuple(stated.inspections),
        dispositions=tuple(stated.dispositions),
        shipments=tuple(stated.shipments),
        refunds=tuple(paid.refunds),
        credits=tuple(stated.credits),
        replacements=tuple(stated.replacements),
        notes=tuple(entities.notes(ctx)),
        evidence=tuple(stated_fields.each(ranked, "evidence")),
        deadlines=tuple(sorted(stated_fields.each(ranked, "deadlines"), key=lambda d: (d.at, d.who, d.then))),
        payments=refunds.net(stated.held, paid),
        relations=relations.relations(ctx, built) if ctx.alone is None else (),
        provisional=bound,
        discrepancies=_sorted(ctx),
        answers=rekeyed.given(questions.given([*ctx.own, *ctx.shared]), ctx.book) if ctx.alone is None else (),
        untaken=untaken,
        states={f"{o.account}/{o.stream}": o.fragment.state for o in ctx.own if isinstance(o.fragment.state, str)},
        urls=stated_fields.per_account(ranked, "url"),
        sources=tuple(sources.listed),
        **{field: stated_fields.first(ctx, ranked, field) for field in stated_fields.FIRST},
        said_by=ctx.said_by,
    )


def _without(line: ReturnLine, rest: Decimal) -> ReturnLine:
    """The line, of which so many pieces do not come back."""
    return line if rest <= line.cancelled else replace(line, cancelled=rest)


def _sorted(ctx: MergeContext) -> tuple[Any, ...]:
    if not ctx.discrepancies:
        return ()
    once = {(d.kind, d.field, d.line or "", d.accounts, d.values, d.text): d for d in ctx.discrepancies}
    return tuple(once[key] for key in sorted(once))
