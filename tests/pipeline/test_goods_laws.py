"""Whatever a warehouse and a shop book, whatever is refused or put off: each piece counts once, and nobody is told more.

A clerk of the shop books by hand some of what it was not told of, and answers truthfully whether that is what it is.
What a total grows by once it was told is said, and not counted; so there the shop has pieces of its own only before.
"""

from __future__ import annotations

import random

import pytest

from tests.pipeline.goods_scenario import GoodsScenario
from tests.pipeline.goods_scenario import scene as scene
from tests.pipeline.queries import deliver_due, hurry

STEPS = 14
ROUNDS = 6


class World:
    """The truth of five mugs: what lies in the warehouse and what in the shop."""

    def __init__(self, scene: GoodsScenario, dice: random.Random, *, total: bool) -> None:
        self.scene, self.dice, self.total = scene, dice, total
        scene.payer.total = total
        self.number = scene.begin()
        self.arrived: dict[str, int] = {}
        self.own = self.by_hand = 0
        self.log: list[str] = []

    @property
    def pieces(self) -> int:
        return sum(self.arrived.values()) + self.own

    @property
    def known(self) -> int:
        """Pieces of the warehouse that the shop shows, whoever booked them."""
        return sum(self.scene.payer.has.values()) - self.own

    def step(self) -> None:
        what = self.dice.choice(["arrives", "grows", "own", "by hand", "by hand", "refuses", "tell", "tell"])
        self.log.append(what)
        room = 5 - self.pieces
        if what == "arrives" and room:
            self._arrives(f"GR-{len(self.arrived)}", self.dice.randint(1, min(2, room)))
        elif what == "grows" and room and self.arrived:
            name = self.dice.choice(sorted(self.arrived))
            self._arrives(name, self.arrived[name] + 1)
        elif what == "own" and room and not (self.total and self.scene.payer.told_totals):
            self.own += 1
            self._booked(1, "apart")
        elif what == "by hand" and (untold := sum(self.arrived.values()) - self.known):
            self._booked(self.dice.randint(1, untold), "same")
        elif what == "refuses":
            self.scene.payer.refuses = self.dice.choice([0, 409, 422, 429])
            self.log[-1] += f" {self.scene.payer.refuses}"
        self._tell()

    def _arrives(self, name: str, quantity: int) -> None:
        self.arrived[name] = quantity
        self.scene.came("erp", self.number, id=name, quantity=quantity)

    def _booked(self, pieces: int, answer: str) -> None:
        """The shop has so many more, in one piece or on top of what is there; a person says what they are."""
        has = self.scene.payer.has
        name = "all" if self.total else f"h{len(self.log)}"
        has[name] = has.get(name, 0) + pieces
        self.log[-1] += f" {pieces}"
        self._tell(read=False)  # before anybody heard of it
        self.scene.shows(total=self.total)
        for _, discrepancy in self.scene.frozen():
            assert discrepancy.kind == "booked_by_hand", self.log
            self.log.append(f"answer {answer}")
            self.scene.hub.answering.answer(self.number, discrepancy.question, answer, "Li")
        assert self.scene.frozen() == [], self.log

    def _tell(self, *, read: bool = True) -> None:
        before = len(self.scene.payer.told_totals)
        hurry(self.scene.hub)
        if read:
            deliver_due(self.scene.hub)
            self.scene.shows(total=self.total)
        assert max(self.scene.payer.told_totals[before:], default=0) <= self.pieces, self.log

    def check(self) -> None:
        assert self.scene.received(self.number) == self.pieces, self.log


@pytest.mark.parametrize("total", [False, True])
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_each_piece_counts_once_and_nobody_is_told_of_more(
    scene: GoodsScenario, seed: int, round_: int, total: bool
) -> None:
    world = World(scene, random.Random(f"{seed}/{round_}/{total}"), total=total)
    for _ in range(STEPS):
        world.step()
        world.check()
    scene.payer.refuses = 0
    for _ in range(3):
        scene.work()
        scene.shows(total=total)
    world.check()
