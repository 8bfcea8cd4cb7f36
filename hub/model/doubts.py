"""Discrepancies that only show when everything is added up: what may be told twice, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import combinations
from typing import TypeVar

from hub.model.case import Case
from hub.model.claimants import written
from hub.model.fragment import Zero
from hub.model.identity import own_name
from hub.model.matching import BookLine
from hub.model.numbers import amount as money_text
from hub.model.numbers import digits, number
from hub.model.observation import FactId
from hub.model.placing import LIVE, total
from hub.model.returns import Choice, Credit, Fact, Money, Receipt, Refund, ReturnLine, Shipment
from hub.model.sentences import Sentence, sentence
from hub.model.words import STAYS

F = TypeVar("F", bound=Fact)
_MOST_PARTS = 6
"""Of so many refunds all sums are compared: nobody pays one return back in more parts."""


def possible_twins(case: Case, lines: Sequence[ReturnLine], receipts: Sequence[Receipt]) -> None:
    """Two systems each report goods, nobody linked them, and together they are more than was expected."""
    if len({r.speaker.account for r in receipts}) < 2:
        return
    asked = {line.key: Zero if line.goods in STAYS else line.quantity - line.cancelled for line in lines}
    stated = any(o.fragment.lines for o in case.own)
    by_line: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        if receipt.line is not None:
            key = receipt.line
            book = case.book.lines.get(key)
            by_line.setdefault(book.parent if book and book.parent else key, []).append(receipt)
    for key in sorted(by_line):
        found = by_line[key]
        components = any(r.line != key for r in found)
        expected = asked.get(key, Zero) if stated else Zero
        total = sum((r.quantity or Zero for r in found), Zero)
        if components or total <= expected:
            continue
        pair = _unlinked(case, found)
        if pair:
            one, other = (fact.speaker.account for fact in pair)
            said = sentence("received_twice", one=one, other=other, total=total, expected=expected)
            _doubt(case, "receipts", key, pair, said)


def possible_refunds(case: Case, refunds: Sequence[Refund], money: Money) -> None:
    """About the same went back in two systems, and nobody linked it: asked where it decides what is still to pay."""
    live = sorted((r for r in refunds if r.state in ("pending", "succeeded") and r.amount > 0), key=_whole)
    if len({r.speaker.account for r in live}) < 2:
        return
    gone = money.refunded + money.pending
    bounds = [b for b in (money.agreed, money.captured) if b is not None]
    above = not bounds or gone > min(bounds)
    ours = written(case.ground.twins)
    for group in _alike(live, _whole, money.currency):
        # What a write of ours paid was due although the other one was known.
        pair = _unlinked(case, group if above else [r for r in group if ours.isdisjoint(r.twins)])
        if pair is not None:
            small, large = sorted((r for r in group if r in pair), key=_whole)
            _refunded_twice(case, money, (large,), (small,), above=above)
    for whole, parts in _in_parts(case, [r for r in live if ours.isdisjoint(r.twins)], money.currency):
        _refunded_twice(case, money, (whole,), parts, above=above)


def _refunded_twice(case: Case, money: Money, one: Sequence[Refund], other: Sequence[Refund], *, above: bool) -> None:
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
    _doubt(case, "refunds", None, (*one, *other), said)


def _amounts(side: Sequence[Refund], currency: str | None) -> str:
    return " + ".join(money_text(_whole(refund), currency) for refund in side)


def _in_parts(case: Case, live: Sequence[Refund], currency: str | None) -> Iterator[tuple[Refund, tuple[Refund, ...]]]:
    """A refund of one system that another may tell as several: together they are about the same sum."""
    for whole in live:
        elsewhere: dict[str, list[Refund]] = {}
        for other in live:
            linked = {twin.account for twin in (*whole.twins, *other.twins)}
            if len(linked) == len(whole.twins) + len(other.twins) and not _apart(case, whole.twins, other.twins):
                elsewhere.setdefault(other.speaker.account, []).append(other)
        for _, others in sorted(elsewhere.items()):
            few = others[:_MOST_PARTS]
            for parts in (found for size in range(2, len(few) + 1) for found in combinations(few, size)):
                if abs(sum(map(_whole, parts)) - _whole(whole)) <= _slack(_whole(whole), currency):
                    yield whole, parts
                    break


def possible_credits(case: Case, credits: Sequence[Credit], money: Money) -> None:
    """About the same was credited in two systems, and nobody linked it: asked while something of it is to be paid."""
    posted = sorted((c for c in credits if c.value.state == "posted" and money.due), key=_sum)
    for group in _alike(posted, _sum, money.currency):
        pair = _unlinked(case, group)
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
        _doubt(case, "credits", None, pair, said)


def _alike(facts: Sequence[F], worth: Callable[[F], Decimal], currency: str | None) -> list[list[F]]:
    """Of facts in the order of their sums those that may tell of one event."""
    groups: list[list[F]] = []
    for fact in facts:
        if groups and worth(fact) - worth(groups[-1][-1]) <= _slack(worth(fact), currency):
            groups[-1].append(fact)
        else:
            groups.append([fact])
    return groups


def _sum(credit: Credit) -> Decimal:
    return credit.value.amount


def _whole(refund: Refund) -> Decimal:
    """All of it, whatever of it is this return's."""
    return total(refund.value, *LIVE)


def _slack(amount: Decimal, currency: str | None) -> Decimal:
    """By how much two systems that round differently may tell one refund: some smallest units, or half a percent."""
    return max(Decimal(5).scaleb(-digits(currency)), amount / 200)


def _unlinked(case: Case, facts: Sequence[Fact]) -> tuple[Fact, Fact] | None:
    """The first two facts of different accounts that nobody declared to be one event or two."""
    told: dict[frozenset[str], list[Fact]] = {}
    for fact in facts:
        told.setdefault(frozenset(twin.account for twin in fact.twins), []).append(fact)
    for mine, ones in told.items():
        elsewhere = [other for accounts, others in told.items() if mine.isdisjoint(accounts) for other in others]
        for one in ones if elsewhere else ():
            for other in elsewhere:
                if not _apart(case, one.twins, other.twins):
                    return one, other
    return None


def _apart(case: Case, one: Sequence[FactId], other: Sequence[FactId]) -> bool:
    return any(not apart.facts.isdisjoint(one) and not apart.facts.isdisjoint(other) for apart in case.ground.apart)


def _doubt(case: Case, kind: str, line: str | None, facts: Sequence[Fact], said: Sentence) -> None:
    ids = tuple(fact.id for fact in facts)
    case.ask(
        "possible_twins",
        said,
        about=ids,
        choices=(Choice("same"), Choice("apart")),
        field=kind,
        line=line,
        accounts=tuple(dict.fromkeys(fact.speaker.account for fact in facts)),
        values=ids,
    )


def unasked(case: Case, lines: Sequence[ReturnLine]) -> None:
    """Goods came that nobody asked for, or more than that: nothing is wrong with them but that somebody has to know."""
    in_doubt = {doubt.line for doubt in case.doubts if doubt.kind in ("possible_twins", "ambiguous_line")}
    asked = any(not line.unexpected for line in lines)
    for line in lines:
        wanted = Zero if line.unexpected or line.goods in STAYS else line.quantity - line.cancelled
        if asked and line.received > max(wanted, Zero) and line.key not in in_doubt:
            goods = line.name or line.sku or line.key
            said = sentence("unasked", line=goods, received=line.received, wanted=wanted)
            values = (number(line.received), number(wanted))
            case.doubt("unasked", said, field="receipts", line=line.key, values=values)


def unplaced(case: Case, facts: Sequence[Fact]) -> None:
    """Goods that arrived and name no line: counted nowhere, so said aloud."""
    for fact in facts:
        if fact.line is None:
            case.doubt(
                "unplaced",
                sentence("unplaced", account=fact.speaker.account, quantity=fact.quantity),
                field=fact.kind,
                accounts=(fact.speaker.account,),
                values=(fact.id,),
            )


def ambiguous(case: Case, lines: Sequence[ReturnLine]) -> None:
    """An SKU that several lines share, told without saying which: nothing may be said on it until a person does."""
    sold: dict[str | None, list[ReturnLine]] = {}
    for line in lines:
        sold.setdefault(line.sku, []).append(line)
    for line in lines:
        if line.key.startswith("sku:") and len(sold[line.sku]) > 1:
            others = [other for other in sold[line.sku] if other is not line]
            case.ask(
                "ambiguous_line",
                sentence("ambiguous_line", sku=line.sku),
                about=(line.key,),
                choices=[Choice("line", other.key, _named(other)) for other in others],
                line=line.key,
            )


def unmatched(case: Case, lines: Sequence[ReturnLine]) -> None:
    """A line of the order as another account has it, of an article that the shop sold in several lines: which is it?"""
    for line in lines:
        rivals = case.book.rivals(line.key)
        if rivals:
            account = line.key.partition("/")[0]
            case.ask(
                "ambiguous_line",
                sentence("unmatched_line", account=account, line=line.name or line.sku or line.key),
                about=(line.key,),
                choices=[Choice("line", one.key, _sold(one)) for one in rivals],
                line=line.key,
                accounts=(account,),
            )


def _sold(line: BookLine) -> str:
    """An order line as people tell it from others."""
    home = line.line
    return f"{number(home.quantity)} × {home.name or home.sku or line.key} ({line.key.rpartition('/')[2]})"


def shared_number(case: Case) -> None:
    """The order is named by a number that two orders of its shop have: nothing may rest on either of them.

    The answer is kept with the order's id, which decides as any record's would.
    """
    for name, orders in sorted(case.book.unclear.items()):
        account, _, key = name
        named = case.book.written.get(name, key)
        case.ask(
            "shared_number",
            sentence("shared_number", account=account, number=named, ids=", ".join(order[2] for order in orders)),
            about=(account, key),
            choices=[Choice("order", "/".join(order), order[2]) for order in orders],
            field="orders",
            accounts=(account,),
            values=tuple("/".join(order) for order in orders),
        )


def _named(line: ReturnLine) -> str:
    """A line as people tell it from others: what it is, how much of it, and its id at its order's home."""
    return f"{number(line.quantity)} × {line.name or line.sku or line.key} ({line.key.rpartition('/')[2]})"


def doubled(case: Case) -> dict[tuple[str, str], str]:
    """Two cases in one system for one return, after a link: shown, never cancelled by us.

    Returns the record that a person chose, by account and stream.
    """
    chosen: dict[tuple[str, str], str] = {}
    seen: dict[tuple[str, str], list[str]] = {}
    for observation in case.own:
        if isinstance(observation.fragment.origin, str):
            seen.setdefault((observation.account, observation.stream), []).append(observation.external_id)
    for (account, stream), ids in sorted(seen.items()):
        if len(ids) < 2:
            continue
        answer = case.ask(
            "doubled",
            sentence("doubled", account=account, count=len(ids), stream=stream, ids=", ".join(ids)),
            about=(account, stream, *ids),
            choices=[Choice(word, one) for word in ("with", "split") for one in ids],
            field="objects",
            accounts=(account,),
            values=tuple(ids),
        )
        if answer is not None:
            chosen[account, stream] = answer.partition(":")[2]
    return chosen


def lost(case: Case, lines: Sequence[ReturnLine], shipments: Sequence[Shipment]) -> None:
    """A parcel that was coming back will not come, and something is still waited for: somebody has to act."""
    waited = [
        line.sku or line.name or line.key
        for line in lines
        if line.goods == "expected" and line.quantity - line.cancelled > line.received
    ]
    for parcel in shipments:
        if waited and parcel.value.direction == "return" and parcel.value.state == "lost":
            account, label = parcel.speaker.account, parcel.value.number or parcel.value.id
            case.doubt(
                "parcel_lost",
                sentence("parcel_lost", account=account, number=label, lines=", ".join(waited)),
                field="shipments",
                accounts=(account,),
                values=(label,),
            )


def unread(case: Case) -> None:
    """The newest record of something that this return rests on cannot be read, and waits for a person."""
    for account, stream, external_id in case.ground.unread:
        said = sentence("unread", account=account, stream=stream, object=external_id)
        case.doubt("unread", said, field="objects", accounts=(account,), values=(external_id,))


def gone(case: Case) -> None:
    """A record of the return was deleted in its system."""
    for observation in case.gone:
        fragment = observation.fragment
        held = [kind for kind in ("receipts", "refunds", "credits") if getattr(fragment, kind)]
        said = sentence(
            "gone",
            account=observation.account,
            stream=observation.stream,
            object=observation.external_id,
            held=" ".join(kind[:-1] for kind in held),
        )
        shown = {"field": "objects", "accounts": (observation.account,), "values": (observation.external_id,)}
        if held:
            about, choices = own_name(observation), (Choice("stands"), Choice("void"))
            case.ask("gone", said, about=about, choices=choices, **shown)
        else:
            case.doubt("gone", said, **shown)
