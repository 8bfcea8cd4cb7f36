"""Goods that an account was not told of may be booked there by hand: asked by how many pieces, and then counted once.

The pieces of its own that an account shows on a line are numbered as they came. A question is about those from one
number to another; what a person says of them stays, whatever becomes of the writes that it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from hub.model.language.numbers import number
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.merge.facts import each
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import FactId, Untaken
from hub.model.schema.returns import Choice, DispositionFact, Fact, GivenAnswer, ReceiptFact, ReturnLine

KIND = "booked_by_hand"

Goods = TypeVar("Goods", ReceiptFact, DispositionFact)


class _Answer(NamedTuple):
    """What a question was about: the pieces after `start` up to `end`, of which `most` may be others'."""

    start: Decimal
    end: Decimal
    most: Decimal
    same: bool

    def pieces(self, shown: Decimal) -> Decimal:
        """How many are others', while the account shows so many."""
        return max(min(self.end - self.start, shown - self.start, self.most), Zero) if self.same else Zero


def answers_about(
    answers: Mapping[tuple[str, tuple[str, ...]], str], account: str, kind: str, line: str
) -> list[_Answer]:
    """What people answered of this account's pieces."""
    return [
        _Answer(Decimal(about[3]), Decimal(about[4]), Decimal(about[5]), answer == "same")
        for (asked, about), answer in answers.items()
        if asked == KIND and about[:3] == (account, kind, line)
    ]


def by_line(given: Iterable[GivenAnswer], account: str, kind: str) -> dict[str, Decimal]:
    """By line, how many of others' pieces the account booked by hand, as people said."""
    answers = {(one.kind, one.about): one.answer for one in given if one.kind == KIND}
    lines = sorted({about[2] for _, about in answers if about[:2] == (account, kind)})
    return {line: _sum(answers_about(answers, account, kind, line)) for line in lines}


def booked(ctx: MergeContext, account: str, kind: str, line: str | None) -> Decimal:
    """How many pieces of this line the account has in other records, as people said."""
    return _sum(answers_about(ctx.inputs.answers, account, kind, line or "")) if ctx.inputs.answers else Zero


def _sum(found: Iterable[_Answer]) -> Decimal:
    return sum((one.pieces(one.end) for one in found), Zero)


def without(ctx: MergeContext, kind: str, goods: Sequence[Goods]) -> list[Goods]:
    """The goods of this kind less those pieces; a view shows them all."""
    answered = sorted({(a[0], a[2]) for asked, a in ctx.inputs.answers if asked == KIND and a[1] == kind})
    left = list(goods)
    if ctx.alone is not None or not answered:
        return left
    here = _Here(ctx, kind, goods)
    for account, line in answered:
        beside = here.goods.get(line, ())
        mine = [fact for fact in left if _its_own(fact, account, kind, line)]
        ctx.shown[account, kind, line] = shown = _pieces(mine)
        taken = sum((one.pieces(shown) for one in answers_about(ctx.inputs.answers, account, kind, line)), Zero)
        if not any(other.startswith(f"{line}#") for other in here.goods):  # of a kit pieces tell nothing
            # What nobody tells any more counts where it is still shown.
            known_pieces = _pieces(fact for fact in beside if fact.speaker.account != account)
            taken = min(
                taken, max(known_pieces - here.shown.get((account, line), Zero) + shown, here.untold(account, line))
            )
        for fact in sorted(mine, key=_last, reverse=True):
            quantity = fact.quantity or Zero
            less = min(quantity, taken)
            taken -= less
            place = left.index(fact)
            left[place : place + 1] = [] if 0 < less == quantity else [replace(fact, quantity=quantity - less)]
    return left


def ask(
    ctx: MergeContext,
    lines: Sequence[ReturnLine],
    receipts: Sequence[ReceiptFact],
    dispositions: Sequence[DispositionFact],
) -> tuple[Untaken, ...]:
    """Ask what nobody has answered; what is still to be watched."""
    if not ctx.inputs.untaken:
        return ()
    by_key = {line.key: line for line in lines}
    known = {"receipts": _Here(ctx, "receipts", receipts), "dispositions": _Here(ctx, "dispositions", dispositions)}
    kept = []
    for one in ctx.inputs.untaken:
        line, here = by_key.get(one.line), known[one.kind]
        if line is None:
            continue
        all_ = line.received if one.kind == "receipts" else sum(line.disposed.values(), Zero)
        untold = here.untold(one.account, one.line) - booked(ctx, one.account, one.kind, one.line)
        lacks = max(all_ - here.shown.get((one.account, one.line), Zero), untold)
        beside = here.goods.get(one.line, ())
        if ctx.party(one.account).locations:  # it hears only of what is at home
            lacks = min(
                lacks, _pieces(fact for fact in beside if _names(fact, one) and one.account not in fact.known_to)
            )
        name = (one.account, one.kind, one.line)
        shown = ctx.shown.get(name, _pieces(fact for fact in beside if _its_own(fact, *name)))
        one = replace(one, had=min(one.had, shown), fine=tuple(part for part in one.fine if part[1] <= shown))
        new = _new(one, answers_about(ctx.inputs.answers, *name), shown)
        if new is not None and lacks > 0:
            _ask(ctx, one, new, beside, lacks)
        elif new is not None:
            one = replace(one, fine=(*one.fine, new))
        kept.append(one)
    return tuple(kept)


def _new(one: Untaken, answered: Iterable[_Answer], shown: Decimal) -> tuple[Decimal, Decimal] | None:
    """From which to which piece nobody knows yet whose they are."""
    start, end = one.had, shown
    for known in sorted([*one.fine, *((said_.start, said_.end) for said_ in answered)]):
        if known[0] > start:
            end = min(end, known[0])
            break
        start = max(start, known[1])
    return (start, end) if end > start else None


def unsaid(ctx: MergeContext, receipts: Sequence[ReceiptFact]) -> list[ReceiptFact]:
    """The receipts of which people are not asked, and have not said, whether they are others'."""
    asked = {discrepancy.line for discrepancy in ctx.discrepancies if discrepancy.kind == KIND}
    known: set[tuple[str, str]] = set()
    for account, line in {(about[0], about[2]) for kind, about in ctx.inputs.answers if kind == KIND}:
        end = max((one.end for one in answers_about(ctx.inputs.answers, account, "receipts", line)), default=Zero)
        if ctx.shown.get((account, "receipts", line), Zero) <= end:
            known.add((account, line))
    return [
        fact
        for fact in receipts
        if fact.line not in asked and (fact.also or (fact.speaker.account, fact.line or "") not in known)
    ]


class _Here:
    """The goods of one kind by line, and what each account shows of them in its own records."""

    def __init__(self, ctx: MergeContext, kind: str, goods: Sequence[Fact]) -> None:
        self.goods: dict[str, list[Fact]] = {}
        for fact in goods:
            if fact.line is not None:
                self.goods.setdefault(fact.line, []).append(fact)
        self.shown: dict[tuple[str, str], Decimal] = {}
        self._quantity: dict[FactId, Decimal] = {}
        for name, part, observation in each(ctx.own, kind):
            key = ctx.book.key(observation, part)
            self._quantity[name] = part.quantity
            if key is not None and getattr(part, "state", "posted") == "posted":
                self.shown[name.account, key] = self.shown.get((name.account, key), Zero) + part.quantity

    def untold(self, account: str, line: str) -> Decimal:
        """Pieces of others' records that the account does not know of, whatever else it shows too many of."""
        events: dict[tuple[FactId, ...], Decimal] = {}
        for fact in self.goods.get(line, ()):
            if fact.speaker.account != account:
                its = [name for name in fact.duplicates if name.account == account and name in self._quantity]
                if account in fact.known_to and not its:
                    continue  # it is a part of a total there
                known_pieces = sum((self._quantity[name] for name in its), Zero)
                events[fact.duplicates] = events.get(fact.duplicates, -known_pieces) + (fact.quantity or Zero)
        return sum((max(pieces, Zero) for pieces in events.values()), Zero)


def _ask(ctx: MergeContext, one: Untaken, new: tuple[Decimal, Decimal], goods: Sequence[Fact], lacks: Decimal) -> None:
    start, end = new
    name = (one.account, one.kind, one.line)
    untold = sorted({fact.speaker.account for fact in goods} - {one.account})
    ctx.ask(
        "booked_by_hand",
        sentence(
            "booked_by_hand",
            account=one.account,
            others=", ".join(untold),
            quantity=number(lacks),
            shown=number(end - start),
        ),
        about=(*name, number(start), number(end), number(lacks)),
        choices=(Choice("same"), Choice("apart")),
        field=one.kind,
        line=one.line,
        accounts=(one.account, *untold),
        values=(number(end - start),),
    )


def _names(fact: Fact, one: Untaken) -> bool:
    return not {fact.id, *(name.text for name in fact.duplicates)}.isdisjoint(one.facts)


def _its_own(fact: Fact, account: str, kind: str, line: str) -> bool:
    posted = getattr(fact, "state", "posted") == "posted"
    return posted and not fact.also and (fact.speaker.account, fact.speaker.kind, fact.line) == (account, kind, line)


def _pieces(goods: Iterable[Fact]) -> Decimal:
    return sum((fact.quantity or Zero for fact in goods), Zero)


def _last(fact: ReceiptFact | DispositionFact) -> tuple[float, str]:
    return fact.at.timestamp() if fact.at else 0.0, fact.id
