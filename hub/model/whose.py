"""A person's word on money that does not name its return: it is one return's, the oldest's first, or none's.

An answer is about a sum, and no word on what is told later. Of a total that grew (it names nothing) the new part is
asked about; where pieces or returns are named, the whole is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.model.claimants import Claimant
from hub.model.fragment import Zero
from hub.model.placing import Item


def answered(
    answers: Mapping[tuple[str, tuple[str, ...]], str], who: Sequence[Claimant], items: Sequence[Item]
) -> None:
    """`answers`: of all questions, as `Ground` has them."""
    said: dict[str, dict[Decimal, str]] = {}
    for (kind, about), answer in answers.items():
        if kind == "unallocated_refund" and len(about) == 2:  # before sums were kept it was about a name alone
            said.setdefault(about[0], {})[Decimal(about[1])] = answer
    places = {f"of:{one.number}": place_ for place_, one in enumerate(who)}
    over = [one.ended for one in who]
    for item in items:
        item.asked = item.unnamed(over)
        words = {sum_: word for name in sorted(item.names) for sum_, word in said.get(name, {}).items()}
        if not item.asked or not words:
            continue
        if item.asked == item.loose:
            covered = Zero
            for sum_, word in sorted(words.items()):
                amount = min(sum_, item.asked) - covered
                if amount > 0:
                    covered += amount
                    _take(item, word, places, amount)
        elif item.asked in words:
            _take_all(item, words[item.asked], places, over)


def _take(item: Item, word: str, places: Mapping[str, int], amount: Decimal) -> None:
    """So much of what names nothing is as this answer says."""
    if word == "oldest":
        item.eldest += amount
        return
    item.loose -= amount
    if word in places:
        item.give(places[word], amount)
        item.shares[places[word]].own = True


def _take_all(item: Item, word: str, places: Mapping[str, int], over: Sequence[bool]) -> None:
    """All that was asked about is as this answer says."""
    item.answered = True
    if word == "oldest":
        item.eldest = item.asked
        return
    if word in places:
        to = places[word]
        for place_ in [p for p in item.shares if over[p] and p != to]:
            share = item.shares.pop(place_)
            for key, amount in share.lines.items():
                item.give(to, amount, key, share.pieces.get(key))
            item.give(to, share.amount - sum(share.lines.values(), Zero))
        item.give(to, item.loose + item.beside.get(to, Zero))
        for key, pieces, amount in item.pieces:
            item.give(to, amount, key, pieces)
        item.shares[to].own = True
    item.loose, item.pieces, item.beside = Zero, [], {}
