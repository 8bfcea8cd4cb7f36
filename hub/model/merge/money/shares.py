"""What each return of an order has so far of the money that went back on it, while the refunds are distributed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from hub.model.merge.context import MergeContext
from hub.model.merge.money.claimants import Claimant
from hub.model.merge.money.placing import Item
from hub.model.schema.fragment import Zero

MOST = Decimal(10) ** 15
"""More than anything that is paid."""


class Shares:
    """The refunds of an order, and what each of its returns has of them so far."""

    def __init__(self, ctx: MergeContext, who: Sequence[Claimant], items: Sequence[Item]) -> None:
        self.ctx = ctx
        self.who = who
        self.items = items
        self.possible: dict[int, Decimal] = {}
        """By item: what may be the return's own."""
        self.sure = [Zero for _ in who]
        """Per return what is surely its."""
        for item in items:
            for place_, share in item.shares.items():
                if not item.dead:
                    self.sure[place_] += share.amount

    def give(
        self, item: Item, to: int, amount: Decimal, line: str | None = None, pieces: Decimal | None = None
    ) -> None:
        """So much of the refund is surely this return's."""
        item.give(to, amount, line, pieces)
        if not item.dead:
            self.sure[to] += amount

    def may(self, item: Item, amount: Decimal) -> None:
        """So much of the refund may be the return's own, and nobody knows."""
        self.possible[id(item)] = self.possible.get(id(item), Zero) + amount

    def oldest(self, item: Item) -> Decimal:
        """How much of it is for the oldest return first: all by the account's terms, else what a person said of it."""
        return MOST if self.ctx.party(item.account).unplaced_refunds == "oldest" else item.eldest

    def narrow(self, able: list[int], at: datetime | None) -> tuple[list[int], bool]:
        """Of these returns the ones that had begun by then; where none had, all, and that it was before any of them."""
        if at is None:
            return able, True
        begun = [p for p in able if (asked := self.who[p].asked) is None or asked <= at]
        return (begun, False) if begun else (able, True)

    def room(self, place_: int) -> Decimal:
        """How much may still go to it; where nobody says what it is owed, anything."""
        owed = self.who[place_].owed
        return MOST if owed is None else owed - self.sure[place_]
