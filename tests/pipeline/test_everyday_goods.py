"""What people were asked once holds up no later delivery, hides no other question, and leaves nothing blocked behind."""

from __future__ import annotations

import pytest

from tests.pipeline.goods_scenario import DEAF, GoodsScenario
from tests.pipeline.goods_scenario import scene as scene
from tests.pipeline.queries import all_returns, rows
from tests.pipeline.question_scenes import ended_in_the_shop
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario


@pytest.mark.parametrize("word", ["cancelled", "rejected"])
def test_what_ended_in_the_shop_is_not_paid_before_somebody_says_that_it_goes_on(scenario: Scenario, word: str) -> None:
    number = ended_in_the_shop(scenario, word)
    scenario.owed(number)
    assert scenario.paid() == 0
    ((_, discrepancy),) = scenario.frozen()
    assert discrepancy.kind == "cancelled_there"


def test_an_answer_hides_not_that_two_others_received_the_same(scene: GoodsScenario) -> None:
    scene.account("till", "pos", orders_of="web", terms=DEAF)
    number = scene.begin()
    scene.refused(number, 1)
    scene.shows(h=1)
    scene.answer(number)
    scene.payer.refuses = 0
    scene.came("erp", number, id="GR-2", quantity=4)
    scene.work()
    scene.shows()
    scene.came("till", number, id="T-1", quantity=4)
    scene.work()
    scene.shows()
    assert [discrepancy.kind for _, discrepancy in scene.frozen()] == ["possible_duplicates"]
    assert max(scene.payer.told_totals) == 5


@pytest.mark.parametrize("how", ["answered", "given up", "no way"])
def test_an_old_refusal_asks_nothing_at_the_next_delivery(scene: GoodsScenario, how: str) -> None:
    number = scene.begin()
    scene.payer.refuses = 410 if how == "no way" else 422
    scene.refused(number, 1)
    if how == "answered":
        scene.shows(h=1)
        scene.answer(number)
    elif how == "given up":
        ((letter,),) = rows(scene.hub, "SELECT id FROM intents WHERE state = 'dead'")
        scene.hub.dead_letters.give_up(letter, "Li", "later")
    scene.payer.refuses = 0
    if how != "answered":
        scene.came("erp", number, id="GR-2")
        scene.work()
        scene.shows()
        assert scene.payer.has == {"n0": 2}
    scene.shows(own=1)
    scene.work()
    assert scene.frozen() == [], "nothing is lacking there"
    scene.came("erp", number, id="GR-3")
    scene.work()
    scene.shows()
    assert scene.frozen() == [], "nobody has tried to tell of it yet, and the shop takes all"
    assert scene.payer.told_totals[-1] == scene.received(number)


@pytest.mark.parametrize("total", [False, True])
def test_its_own_was_corrected_before_ours_was_booked(scene: GoodsScenario, total: bool) -> None:
    number = scene.begin()
    scene.shows(total=total, own=2)
    scene.refused(number, 1)
    scene.shows(total=total, own=1)
    scene.work()
    scene.shows(total=total, **({"own": 2} if total else {"h": 1}))
    scene.work()
    scene.answer(number)
    assert scene.received(number) == 2


def test_after_the_answer_nothing_is_blocked(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.refused(number, 1)
    scene.shows(h=1)
    scene.answer(number)
    scene.work()
    assert (all_returns(scene.hub)[0].sync["web"], scene.untold(number, "web"), scene.frozen()) == ("in_sync", [], [])
