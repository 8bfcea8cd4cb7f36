"""A person's word on money that does not name its return: it is one return's, the oldest's first, or none's.

An answer is about a sum, and no word on what is told later. Of a total that grew (it names nothing) the new part is
asked about; where pieces or returns are named, the whole is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.model.merge.money.claimants import Claimant
from hub.model.merge.money.placing import Item
from hub.model.schema.fragment import Zero


def answered(
    answers: Mapping[tuple[str, tuple[str, ...]], str], who: Sequence[Claimant], items: Sequence[Item]
) -> None:
    """`answers`: of all questions, as `MergeInputs` has them. One that names a return which is no candidate any more
    (it was linked to another) is none."""
    places = {f"of:{one.number}": place_ for place_, one in enumerate(who)}
    said: dict[str, dict[Decimal, str]] = {}
    over: dict[str, list[tuple[Decimal, int, str]]] = {}
    for (kind, about), word in answers.items():
        if kind != "unallocated_refund" or (word not in places and word not in ("goodwill", "oldest")):
            continue
        if len(about) == 2:  # one from before sums were kept has a name alone: it counts no more
            said.setdefault(about[0], {})[Decimal(about[1])] = word
        elif len(about) == 3 and f"of:{about[2]}" in places:
            over.setdefault(about[0], []).append((Decimal(about[1]), places[f"of:{about[2]}"], word))
    for item in items:
        item.asked = item.unnamed
        words = {sum_: word for name in sorted(item.names) for sum_, word in said.get(name, {}).items()}
        if item.asked and item.asked == item.unallocated:
            _slices(item, words, places, _before(item, items))
        elif item.asked and item.asked in words:
            _take_all(item, words[item.asked], places)
        for name in sorted(item.names):
            for sum_, place_, word in over.get(name, ()):
                if place_ in item.shares and item.shares[place_].amount == sum_:
                    _move(item, place_, places.get(word, place_))


def _before(item: Item, items: Sequence[Item]) -> Decimal:
    """What is still told of a total that fell. Answers to that part are not about the money that is missing."""
    if not item.dead or item.one is not None:
        return Zero
    return sum((other.asked for other in items if not other.dead and other.names & item.names), Zero)


def _slices(item: Item, words: Mapping[Decimal, str], places: Mapping[str, int], start: Decimal) -> None:
    """Give each answer its part: what was told beyond the sum of the answer before it."""
    low, end = Zero, start + item.asked
    for high, word in sorted(words.items()):
        amount = min(high, end) - max(low, start)
        low = high
        if amount > 0:
            _take(item, word, places, amount)


def _take(item: Item, word: str, places: Mapping[str, int], amount: Decimal) -> None:
    """Assign so much of what names nothing as this answer says."""
    if word == "oldest":
        item.eldest += amount
        return
    item.unallocated -= amount
    if word in places:
        item.give(places[word], amount)
        item.shares[places[word]].own = True


def _take_all(item: Item, word: str, places: Mapping[str, int]) -> None:
    """Assign all that was asked about as this answer says."""
    if word == "oldest":
        item.eldest = item.asked
        return
    if word in places:
        to = places[word]
        item.give(to, item.unallocated + item.beside.get(to, Zero))
        for key, pieces, amount in item.pieces:
            item.give(to, amount, key, pieces)
        item.shares[to].own = True
    item.unallocated, item.pieces, item.beside = Zero, [], {}


def _move(item: Item, place_: int, to: int) -> None:
    """Move what was paid for a return that is over, or was when this was asked, to another one."""
    item.answered.add(place_)
    if to == place_:
        return
    share = item.shares.pop(place_)
    for key, amount in share.lines.items():
        item.give(to, amount, key, share.pieces.get(key))
    item.give(to, share.amount - sum(share.lines.values(), Zero))
    item.shares[to].own = True
