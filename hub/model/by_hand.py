"""Goods that an account was not told of may be booked there by hand: asked by how many pieces, and then counted once.

The pieces of its own that an account shows on a line are numbered as they came. A question is about those from one
number to another; what a person says of them stays, whatever becomes of the writes that it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from hub.model.case import Case
from hub.model.facts import each
from hub.model.fragment import Zero
from hub.model.numbers import number
from hub.model.observation import Untaken
from hub.model.returns import Choice, Disposition, Fact, Receipt
from hub.model.sentences import sentence

KIND = "booked_by_hand"

Goods = TypeVar("Goods", Receipt, Disposition)


class _Said(NamedTuple):
    """What a question was about: the pieces after `start` up to `end`, of which `most` may be others'."""

    start: Decimal
    end: Decimal
    most: Decimal
    same: bool

    def pieces(self, shown: Decimal) -> Decimal:
        """How many are others', while the account shows so many."""
        return max(min(self.end - self.start, shown - self.start, self.most), Zero) if self.same else Zero


def said(answers: Mapping[tuple[str, tuple[str, ...]], str], account: str, kind: str, line: str) -> list[_Said]:
    """What people answered of this account's pieces."""
    return [
        _Said(Decimal(about[3]), Decimal(about[4]), Decimal(about[5]), answer == "same")
        for (asked, about), answer in answers.items()
        if asked == KIND and about[:3] == (account, kind, line)
    ]


def others(found: Iterable[_Said], shown: Decimal) -> Decimal:
    """How many of the pieces that an account shows are others'."""
    return sum((one.pieces(shown) for one in found), Zero)


def without(case: Case, kind: str, goods: Sequence[Goods]) -> list[Goods]:
    """The goods of this kind less those pieces; a view shows them all."""
    left = list(goods)
    if case.alone is not None:
        return left
    for account, line in sorted({(a[0], a[2]) for asked, a in case.ground.answers if asked == KIND and a[1] == kind}):
        mine = [fact for fact in left if _its_own(fact, account, kind, line)]
        case.shown[account, kind, line] = shown = _pieces(mine)
        taken = others(said(case.ground.answers, account, kind, line), shown)
        for fact in sorted(mine, key=_last, reverse=True):
            quantity = fact.quantity or Zero
            less = min(quantity, taken)
            taken -= less
            place = left.index(fact)
            left[place : place + 1] = [] if 0 < less == quantity else [replace(fact, quantity=quantity - less)]
    return left


def ask(case: Case, receipts: Sequence[Receipt], dispositions: Sequence[Disposition]) -> set[str]:
    """Ask what nobody has answered; the lines whose receipts are asked about."""
    asked = set()
    for one in case.ground.untaken:
        goods: Sequence[Fact] = receipts if one.kind == "receipts" else dispositions
        if _ask(case, one, goods) and one.kind == "receipts":
            asked.add(one.line)
    return asked


def _ask(case: Case, one: Untaken, goods: Sequence[Fact]) -> bool:
    mine = _pieces(fact for fact in goods if _its_own(fact, one.account, one.kind, one.line))
    shown = case.shown.get((one.account, one.kind, one.line), mine)
    answered = said(case.ground.answers, one.account, one.kind, one.line)
    start = max([one.had, *(before.end for before in answered)])
    untold = [fact for fact in goods if fact.speaker.account != one.account and _tells(fact, one)]
    most = _untold(case, one, untold) - others(answered, shown)
    if shown <= start or most <= 0:
        return False
    said_ = sentence(
        "booked_by_hand",
        account=one.account,
        others=", ".join(sorted({fact.speaker.account for fact in untold})),
        quantity=number(most),
        shown=number(shown - start),
    )
    about = (one.account, one.kind, one.line, number(start), number(shown), number(most))
    case.ask(
        "booked_by_hand",
        said_,
        about=about,
        choices=(Choice("same"), Choice("apart")),
        field=one.kind,
        line=one.line,
        accounts=tuple(dict.fromkeys((one.account, *(fact.speaker.account for fact in untold)))),
        values=about[3:],
    )
    return True


def _untold(case: Case, one: Untaken, facts: Sequence[Fact]) -> Decimal:
    """How many pieces of these the account does not know of."""
    if any(fact.line != one.line or (one.account in fact.told and not _here(fact, one)) for fact in facts):
        return one.lacks  # parts of a kit, or of a total: only the write knew how many
    here = {name: part.quantity for name, part, _ in each(case.own, one.kind) if name.account == one.account}
    events: dict[object, Decimal] = {}
    for fact in facts:
        events[fact.twins] = events.get(fact.twins, Zero) + (fact.quantity or Zero)
    linked = {twins: sum((here.get(name, Zero) for name in twins), Zero) for twins in {fact.twins for fact in facts}}
    return sum((max(count - linked[twins], Zero) for twins, count in events.items()), Zero)  # type: ignore[index]


def _here(fact: Fact, one: Untaken) -> bool:
    return any(name.account == one.account for name in fact.twins)


def _tells(fact: Fact, one: Untaken) -> bool:
    return not {fact.id, *(name.text for name in fact.twins)}.isdisjoint(one.facts)


def _its_own(fact: Fact, account: str, kind: str, line: str) -> bool:
    posted = getattr(fact, "state", "posted") == "posted"
    return posted and not fact.also and (fact.speaker.account, fact.speaker.kind, fact.line) == (account, kind, line)


def _pieces(goods: Iterable[Fact]) -> Decimal:
    return sum((fact.quantity or Zero for fact in goods), Zero)


def _last(fact: Receipt | Disposition) -> tuple[float, str]:
    return fact.at.timestamp() if fact.at else 0.0, fact.id
