"""What two systems may tell of one event, and nobody has linked: goods, refunds, credits. Asked where it decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import combinations
from typing import TypeVar

from hub.model.language.numbers import amount as money_text
from hub.model.language.numbers import digits
from hub.model.language.sentences import Sentence, sentence
from hub.model.language.words import STAYS
from hub.model.merge.context import MergeContext
from hub.model.merge.money.claimants import written
from hub.model.merge.money.placing import LIVE, total
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import FactId
from hub.model.schema.returns import Choice, CreditFact, Fact, Money, ReceiptFact, RefundFact, ReturnLine

F = TypeVar("F", bound=Fact)
_MOST_PARTS = 6
"""Of so many refunds all sums are compared: nobody pays one return back in more parts."""


def possible_duplicates(ctx: MergeContext, lines: Sequence[ReturnLine], receipts: Sequence[ReceiptFact]) -> None:
    """Two systems each report goods, nobody linked them, and together they are more than was expected."""
    if len({r.speaker.account for r in receipts}) < 2:
        return
    asked = {line.key: Zero if line.goods in STAYS else line.quantity - line.cancelled for line in lines}
    stated = any(o.fragment.lines for o in ctx.own)
    by_line: dict[str, list[ReceiptFact]] = {}
    for receipt in receipts:
        if receipt.line is not None:
            key = receipt.line
            book = ctx.book.lines.get(key)
            by_line.setdefault(book.parent if book and book.parent else key, []).append(receipt)
    for key in sorted(by_line):
        found = by_line[key]
        components = any(r.line != key for r in found)
        expected = asked.get(key, Zero) if stated else Zero
        total = sum((r.quantity or Zero for r in found), Zero)
        if components or total <= expected:
            continue
        pair = _unlinked(ctx, found)
        if pair:
            one, other = (fact.speaker.account for fact in pair)
            said = sentence("received_twice", one=one, other=other, total=total, expected=expected)
            _ask(ctx, "receipts", key, pair, said)


def possible_refunds(ctx: MergeContext, refunds: Sequence[RefundFact], money: Money) -> None:
    """About the same went back in two systems, and nobody linked it: asked where it decides what is still to pay."""
    live = sorted((r for r in refunds if r.state in ("pending", "succeeded") and r.amount > 0), key=_total)
    if len({r.speaker.account for r in live}) < 2:
        return
    gone = money.refunded + money.pending
    bounds = [b for b in (money.agreed, money.captured) if b is not None]
    above = not bounds or gone > min(bounds)
    ours = written(ctx.inputs.duplicates)
    for group in _alike(live, _total, money.currency):
        # What a write of ours paid was due although the other one was known.
        pair = _unlinked(ctx, group if above else [r for r in group if ours.isdisjoint(r.duplicates)])
        if pair is not None:
            small, large = sorted((r for r in group if r in pair), key=_total)
            _refunded_twice(ctx, money, (large,), (small,), above=above)
    for whole, parts in _in_parts(ctx, [r for r in live if ours.isdisjoint(r.duplicates)], money.currency):
        _refunded_twice(ctx, money, (whole,), parts, above=above)


def _refunded_twice(
    ctx: MergeContext, money: Money, one: Sequence[RefundFact], other: Sequence[RefundFact], *, above: bool
) -> None:
    """Asked only where the answer changes what is still to be paid, or too much seems to have gone back."""
    gone = money.refunded + money.pending
    small = min(sum((r.amount for r in side), Zero) for side in (one, other))
    left = None if money.agreed is None else max(money.agreed - gone + small, Zero)
    if not above and not left:
        return
    said = sentence(
        "refunded_twice",
        one=one[0].speaker.account,
        amount=_amounts(one, money.currency),
        other=other[0].speaker.account,
        otherwise=_amounts(other, money.currency),
        due=money_text(money.due, money.currency),
        left=None if left is None else money_text(left, money.currency),
    )
    _ask(ctx, "refunds", None, (*one, *other), said)


def _amounts(side: Sequence[RefundFact], currency: str | None) -> str:
    return " + ".join(money_text(_total(refund), currency) for refund in side)


def _in_parts(
    ctx: MergeContext, live: Sequence[RefundFact], currency: str | None
) -> Iterator[tuple[RefundFact, tuple[RefundFact, ...]]]:
    """A refund of one system that another may tell as several: together they are about the same sum."""
    for whole in live:
        elsewhere: dict[str, list[RefundFact]] = {}
        mine = {duplicate.account for duplicate in whole.duplicates}
        for other in live:
            if mine.isdisjoint(duplicate.account for duplicate in other.duplicates) and not _apart(
                ctx, whole.duplicates, other.duplicates
            ):
                elsewhere.setdefault(other.speaker.account, []).append(other)
        for _, others in sorted(elsewhere.items()):
            few = others[:_MOST_PARTS]
            for parts in (found for size in range(2, len(few) + 1) for found in combinations(few, size)):
                if abs(sum(map(_total, parts)) - _total(whole)) <= _slack(_total(whole), currency):
                    yield whole, parts
                    break


def possible_credits(ctx: MergeContext, credits: Sequence[CreditFact], money: Money) -> None:
    """About the same was credited in two systems, and nobody linked it: asked while something of it is to be paid."""
    posted = sorted((c for c in credits if c.value.state == "posted" and money.due), key=_sum)
    for group in _alike(posted, _sum, money.currency):
        pair = _unlinked(ctx, group)
        if pair is None:
            continue
        small, large = sorted((c for c in group if c in pair), key=_sum)
        said = sentence(
            "credited_twice",
            one=large.speaker.account,
            amount=money_text(_sum(large), money.currency),
            other=small.speaker.account,
            otherwise=money_text(_sum(small), money.currency),
            due=money_text(money.due, money.currency),
            left=money_text(max(money.due - _sum(small), Zero), money.currency),
        )
        _ask(ctx, "credits", None, pair, said)


def _alike(facts: Sequence[F], worth: Callable[[F], Decimal], currency: str | None) -> list[list[F]]:
    """Of facts in the order of their sums those that may tell of one event."""
    groups: list[list[F]] = []
    for fact in facts:
        if groups and worth(fact) - worth(groups[-1][-1]) <= _slack(worth(fact), currency):
            groups[-1].append(fact)
        else:
            groups.append([fact])
    return groups


def _sum(credit: CreditFact) -> Decimal:
    return credit.value.amount


def _total(refund: RefundFact) -> Decimal:
    """All of it, whatever of it is this return's."""
    return total(refund.value, *LIVE)


def _slack(amount: Decimal, currency: str | None) -> Decimal:
    """By how much two systems that round differently may tell one refund: some smallest units, or half a percent."""
    return max(Decimal(5).scaleb(-digits(currency)), amount / 200)


def _unlinked(ctx: MergeContext, facts: Sequence[Fact]) -> tuple[Fact, Fact] | None:
    """The first two facts of different accounts that nobody declared to be one event or two."""
    by_accounts: dict[frozenset[str], list[Fact]] = {}
    for fact in facts:
        by_accounts.setdefault(frozenset(duplicate.account for duplicate in fact.duplicates), []).append(fact)
    for mine, ones in by_accounts.items():
        elsewhere = [other for accounts, others in by_accounts.items() if mine.isdisjoint(accounts) for other in others]
        for one in ones if elsewhere else ():
            for other in elsewhere:
                if not _apart(ctx, one.duplicates, other.duplicates):
                    return one, other
    return None


def _apart(ctx: MergeContext, one: Sequence[FactId], other: Sequence[FactId]) -> bool:
    return any(not apart.facts.isdisjoint(one) and not apart.facts.isdisjoint(other) for apart in ctx.inputs.distinct)


def _ask(ctx: MergeContext, kind: str, line: str | None, facts: Sequence[Fact], said: Sentence) -> None:
    ids = tuple(fact.id for fact in facts)
    ctx.ask(
        "possible_duplicates",
        said,
        about=ids,
        choices=(Choice("same"), Choice("apart")),
        field=kind,
        line=line,
        accounts=tuple(dict.fromkeys(fact.speaker.account for fact in facts)),
        values=ids,
    )
