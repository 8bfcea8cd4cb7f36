"""All observations of one return -> the return (Aggregator). Pure; the order of the observations does not matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import UNSET
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
    unknown_numbers,
)
from hub.model.merge.context import Case, Sources
from hub.model.merge.facts import Links
from hub.model.merge.fragments import absorb
from hub.model.merge.goods import allocation, by_hand, entities, lines, parcels
from hub.model.merge.money import paid_documents, refunds, settlement
from hub.model.merge.status import kind_of, status_of
from hub.model.schema.fragment import Payment
from hub.model.schema.observation import HUB, Ground, Observation, Sibling, Untaken
from hub.model.schema.returns import (
    Axes,
    Credit,
    Decision,
    Discrepancy,
    Disposition,
    Inspection,
    Receipt,
    Replacement,
    Return,
    ReturnLine,
    Shipment,
)

__all__ = ["Picture", "absorb", "merge", "view"]


def merge(observations: Sequence[Observation], ground: Ground) -> Return:
    """The return, as all systems together tell it."""
    return Picture(observations, ground).whole()


def view(observations: Sequence[Observation], ground: Ground, account: str) -> Return:
    """The return as one account tells it, with the same line keys as the merged one."""
    return Picture(observations, ground).of(account)


class Picture:
    """One return's observations in their fixed order, for the merged return and any number of views."""

    def __init__(self, observations: Sequence[Observation], ground: Ground) -> None:
        ground = questions.heard(observations, ground)
        self.observations = questions.standing(_once(observations), ground)
        self.book = Book([o for o in self.observations if not o.gone], ground)
        if self.book.others:
            ground = replace(ground, others=tuple(other for other in ground.others if self.book.concerns(other)))
        self.ground = rekeyed.ground(ground, self.book)
        self.links = Links(ground)
        self.sources = Sources()
        self._told: Told | None = None
        self._whole: Return | None = None

    def whole(self) -> Return:
        case = self._case(self.observations)
        self._told = _told(case)
        self._whole = _decided(case, self.sources, self._told)
        return self._whole

    def of(self, account: str) -> Return:
        own = [o for o in self.observations if o.account == account]
        if not own:
            return Return()
        # Where nobody else has spoken, it tells what all together tell; only what its word decides may differ.
        alone = len(own) == len(self.observations) and not self.ground.others and not self.links.totals
        if alone and self._whole is not None and not any(map(axes.decides, own)):
            return self._whole
        case = self._case(own, account)
        return _decided(case, self.sources, self._told if alone and self._told is not None else _told(case))

    def shortages(self, number: str, keys: Iterable[str]) -> dict[str, dict[str, Decimal]]:
        """Which other returns of the orders go short on these lines, and what is left to them."""
        case = self._case(self.observations)
        return allocation.shortages(case, Sibling(number, tuple(case.own)), keys)

    def _case(self, observations: Sequence[Observation], alone: str | None = None) -> Case:
        return Case(observations, self.ground, self.book, self.links, self.sources, alone)


def _once(observations: Sequence[Observation]) -> list[Observation]:
    """Sorted by name; of one object told twice the newest."""
    found: dict[tuple[str, str, str], Observation] = {}
    for observation in observations:
        name = own_name(observation)
        known = found.get(name)
        if known is None:
            found[name] = observation
        else:
            found[name] = absorb(known, observation) or replace(known, ticket=max(known.ticket, observation.ticket))
    return [found[name] for name in sorted(found)]


class Told(NamedTuple):
    """What the records state and what it adds up to, whoever looks at it."""

    lines: list[ReturnLine]
    receipts: list[Receipt]
    inspections: list[Inspection]
    dispositions: list[Disposition]
    shipments: list[Shipment]
    replacements: list[Replacement]
    currency: str | None
    paid: refunds.Paid
    held: dict[str, list[Payment]]
    credits: list[Credit]
    owed: Decimal | None
    documented: Decimal
    said_by: dict[str, int]
    doubts: list[Discrepancy]


def _told(case: Case) -> Told:
    said = lines.statements(case)
    case.asked = {key: told[0][1].quantity - told[0][1].cancelled for key, told in said.items()}
    receipts = by_hand.without(case, "receipts", entities.receipts(case))
    inspections = entities.inspections(case)
    dispositions = by_hand.without(case, "dispositions", entities.dispositions(case))
    currency = settlement.currency_of(case)
    held = settlement.payments(case, currency)
    paid = refunds.paid(case, currency, held)
    sums = lines.sums(case, receipts, inspections, dispositions, paid.refunds, paid.by_line)
    built = lines.build(case, said, sums)
    credits = settlement.credits(case, currency)
    owed, documented = settlement.agreed(case, credits, built)
    return Told(
        lines=built,
        receipts=receipts,
        inspections=inspections,
        dispositions=dispositions,
        shipments=parcels.shipments(case),
        replacements=entities.replacements(case),
        currency=currency,
        paid=paid,
        held=held,
        credits=credits,
        owed=owed,
        documented=documented,
        said_by=case.said_by,
        doubts=case.doubts,
    )


def _decided(case: Case, sources: Sources, told: Told) -> Return:
    case.said_by, case.doubts = dict(told.said_by), list(told.doubts)
    built, paid = told.lines, told.paid
    round_ = axes.current_round(case, built)
    authorization = axes.authorization(case, round_)
    bound = relations.weak(case) if case.alone is None else ()
    short = allocation.Short()
    if case.alone is None:
        short = allocation.over_return(case, built, ended=authorization.value in ("rejected", "cancelled"))
        built = [_without(line, line.quantity - short.only.get(line.key, line.quantity)) for line in built]
    unsure = case.ground.ties.asks or case.ground.unripe
    if short.nothing and not unsure and (authorization.value in axes.UNDECIDED or authorization.by == "rule"):
        authorization = Decision(value="rejected", account=HUB, by="rule", round=round_)
    rest_cancelled = authorization.value == "cancelled" and any(line.received > 0 for line in built)
    if rest_cancelled:
        # What is here is here: a cancel after a partial receipt takes back only the rest.
        built = [_without(line, line.quantity - line.received) for line in built]
        authorization = axes.authorization(case, round_, cancels=False)
        if authorization.value not in axes.DECISIONS:
            authorization = replace(authorization, value="authorized")
    received = derived.receipt(built)
    acceptance = axes.acceptance(case, round_)
    closure = axes.closure(case)
    ripe = (
        authorization.value == "authorized"
        and received in ("full", "over", "not_expected")
        and acceptance.value not in ("pending", "rejected")
        and closure.value != "voided"
    )
    balance = settlement.settle(case, told.currency, paid, told.held, told.owed, told.documented, ripe)
    over = authorization.value in ("rejected", "cancelled") or closure.value in ("voided", "expired")
    balance = paid_documents.asked(case, told.credits, balance, over)
    refunds.ask(case, paid, balance, over)
    swap = derived.exchange(case, built, told.replacements, told.shipments, authorization.value == "authorized")

    chosen: dict[tuple[str, str], str] = {}
    untaken: tuple[Untaken, ...] = ()
    discrepancies.unplaced(case, told.receipts)
    if case.alone is None:
        untaken = by_hand.ask(case, built, told.receipts, told.dispositions)
        duplicates.possible_twins(case, built, by_hand.unsaid(case, told.receipts))
        duplicates.possible_refunds(case, paid.refunds, balance)
        duplicates.possible_credits(case, told.credits, balance)
        discrepancies.ambiguous(case, built)
        discrepancies.unmatched(case, built)
        discrepancies.unasked(case, built)
        discrepancies.shared_number(case)
        chosen = discrepancies.doubled(case)
        discrepancies.gone(case)
        discrepancies.unread(case, balance, over)
        left_out.ask(case, balance, over)
        unknown_numbers.say(case)
        discrepancies.lost(case, built, told.shipments)

    state = Axes(
        authorization=authorization,
        transit=derived.transit(case, told.shipments),
        receipt=received,
        acceptance=acceptance,
        settlement=settlement.settlement(balance, paid.refunds),
        exchange=swap,
        dispute=axes.dispute(case),
        closure=closure,
    )
    founding = case.founding
    origin: words.Origin | None = None
    if founding is not None and isinstance(founding.fragment.origin, str):
        origin = founding.fragment.origin
        case.said_by["origin"] = case.source(founding)
    kind = kind_of(origin, built)
    ranked = case.own or case.gone
    if len(ranked) > 1:
        ranked = sorted(ranked, key=lambda o: (-case.rank(o.account, "case"), o.account, o.stream, o.external_id))
    return Return(
        origin=origin,
        kind=kind,
        status=status_of(state, kind, origin, drafted=any(c.value.state == "draft" for c in told.credits)),
        round=round_,
        founder=case.founder,
        numbers=_per_account(ranked, "number"),
        objects=_objects(case.own, chosen),
        tombstones=_objects(case.gone, {}),
        rest_cancelled=rest_cancelled,
        ready=_ready(case),
        orders=tuple(case.book.refs),
        channel=_first(case, ranked, "channel"),
        location=_first(case, ranked, "location"),
        customer=_first(case, ranked, "customer"),
        requested_at=_first(case, ranked, "requested_at"),
        axes=state,
        money=balance,
        lines=tuple(built),
        receipts=tuple(told.receipts),
        inspections=tuple(told.inspections),
        dispositions=tuple(told.dispositions),
        shipments=tuple(told.shipments),
        refunds=tuple(paid.refunds),
        credits=tuple(told.credits),
        replacements=tuple(told.replacements),
        notes=tuple(entities.notes(case)),
        evidence=tuple(_each(ranked, "evidence")),
        deadlines=tuple(sorted(_each(ranked, "deadlines"), key=lambda d: (d.at, d.who, d.then))),
        payments=refunds.net(told.held, paid),
        relations=relations.relations(case, built) if case.alone is None else (),
        weak=bound,
        discrepancies=_sorted(case),
        answers=rekeyed.given(questions.given([*case.own, *case.shared]), case.book) if case.alone is None else (),
        untaken=untaken,
        states={f"{o.account}/{o.stream}": o.fragment.state for o in case.own if isinstance(o.fragment.state, str)},
        urls=_per_account(ranked, "url"),
        sources=tuple(sources.listed),
        said_by=case.said_by,
    )


def _without(line: ReturnLine, rest: Decimal) -> ReturnLine:
    """The line, of which so many pieces do not come back."""
    return line if rest <= line.cancelled else replace(line, cancelled=rest)


def _first(case: Case, ranked: Sequence[Observation], field: str) -> Any:
    """The value of the highest authority that states one."""
    for observation in ranked:
        value = getattr(observation.fragment, field)
        if value is not UNSET and value is not None:
            case.said_by[field] = case.source(observation)
            return value
    return None


def _per_account(ranked: Sequence[Observation], field: str) -> dict[str, str]:
    """Each account's own; a record that founds speaks before the account's other records."""
    found: dict[str, str] = {}
    for founding in (True, False):
        for observation in ranked:
            value = getattr(observation.fragment, field)
            if isinstance(value, str) and isinstance(observation.fragment.origin, str) == founding:
                found.setdefault(observation.account, value)
    return dict(sorted(found.items()))


def _objects(observations: Sequence[Observation], chosen: Mapping[tuple[str, str], str]) -> dict[str, dict[str, str]]:
    """By account and stream; of several in one stream the one that a person chose or that founds, else the first."""
    found: dict[str, dict[str, str]] = {}
    for observation in sorted(observations, key=lambda o: not isinstance(o.fragment.origin, str)):
        found.setdefault(observation.account, {}).setdefault(observation.stream, observation.external_id)
    for (account, stream), external_id in chosen.items():
        found[account][stream] = external_id
    return {account: dict(sorted(found[account].items())) for account in sorted(found)}


def _ready(case: Case) -> bool | None:
    said = [o.fragment.ready for o in case.own if isinstance(o.fragment.ready, bool)]
    return any(said) if said else None


def _each(ranked: Sequence[Observation], field: str) -> list[Any]:
    """The items of all accounts; the same one told twice is one."""
    return list(dict.fromkeys(item for o in ranked for item in getattr(o.fragment, field) or ()))


def _sorted(case: Case) -> tuple[Any, ...]:
    if not case.doubts:
        return ()
    once = {(d.kind, d.field, d.line or "", d.accounts, d.values, d.text): d for d in case.doubts}
    return tuple(once[key] for key in sorted(once))
