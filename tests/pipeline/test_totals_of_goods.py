"""A total of a line holds what its system was told and its own; what was counted counts while nobody knows of a write."""

from __future__ import annotations

import pytest

from tests.pipeline.goods_scenario import HEARS, GoodsScenario, in_parts, kit
from tests.pipeline.goods_scenario import scene as scene
from tests.pipeline.queries import deliver_due

# -- totals


def test_two_totals_tell_each_other_of_no_piece_twice(scene: GoodsScenario) -> None:
    scene.payer.total = True
    scene.account("till", "pos", orders_of="web", url=f"{scene.payer.url}/hub", terms=HEARS)
    number = scene.begin()
    scene.stands("till", "T-1", number, receipts=[])
    scene.shows(total=True, all=1)
    seen = []
    for turn in range(4):
        deliver_due(scene.hub)
        most = scene.payer.told_totals[-1]
        scene.shows(total=True, all=most)
        one = {"id": "all", "line": "1", "quantity": most, "total": True, "condition": "good"}
        scene.stands("till", "T-1", number, receipts=[one])
        if turn == 0:
            scene.came("erp", number)
        seen.append(scene.received(number))
    assert seen == [2, 2, 2, 2], "one in the shop, one in the ERP"
    assert scene.doc(number).discrepancies == ()


def test_the_erp_corrects_what_a_total_was_told(scene: GoodsScenario) -> None:
    scene.payer.total = True
    scene.account("erp", "erp", orders_of="web", url=f"{scene.payer.url}/hub", terms={"decides": True, **HEARS})
    number = scene.begin()
    scene.came("erp", number, quantity=2)
    deliver_due(scene.hub)
    scene.shows(total=True, all=2)
    scene.came("erp", number, quantity=1)
    deliver_due(scene.hub)
    kinds = [discrepancy.kind for discrepancy in scene.doc(number).discrepancies]
    assert (scene.received(number), kinds, scene.payer.told_totals) == (1, ["duplicates_differ"], [2])


def test_what_nobody_tells_any_more_counts_where_the_total_shows_it(scene: GoodsScenario) -> None:
    scene.payer.total = True
    number = scene.begin()
    scene.came("erp", number)
    deliver_due(scene.hub)
    scene.shows(total=True, all=1)
    assert scene.received(number) == 1
    scene.push("erp", "receipt.upsert", "GR-1", hub_number=f"R{number}", lines=[])
    assert scene.received(number) == 1


def test_a_kit_in_a_total(scene: GoodsScenario) -> None:
    scene.payer.total = True
    number = kit(scene)
    in_parts(scene, number)
    scene.shows(total=True, all=2)
    assert scene.received(number) == 1
    assert [discrepancy.kind for discrepancy in scene.doc(number).discrepancies] == ["duplicates_differ"]


# -- while nobody knows what a write made


def test_a_total_of_another_return_goes_on_counting(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.undecided(number)
    pot = [{"id": "pot", "order_line": "L2", "quantity": "1", "total": True}]
    other = scene.asked("RET-2", {"L2": 1}, at="11:00", receipts=pot)
    assert scene.received(other) == 1
    scene.hub.people.link(number, other, "Li")
    assert [int(line.received) for line in scene.doc(number).lines] == [1, 1]


@pytest.mark.parametrize("now", [{"a": 2, "b": 1}, {"a": 2}, {"a": 1, "b": 1}])
def test_what_was_counted_counts_under_other_names(scene: GoodsScenario, now: dict[str, int]) -> None:
    number = scene.begin()
    scene.shows(one=1)
    scene.undecided(number)
    assert scene.received(number) == 2
    scene.payer.has.clear()
    scene.shows(**now)
    assert scene.received(number) == 2


def test_what_grows_meanwhile_counts_as_before(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.shows(one=1)
    scene.undecided(number)
    scene.shows(one=2)
    assert scene.received(number) == 2


def test_what_a_total_grows_by_after_it_was_told_is_another_count_of_the_same(scene: GoodsScenario) -> None:
    scene.payer.total = True
    number = scene.begin()
    scene.shows(total=True, all=1)
    scene.came("erp", number)
    deliver_due(scene.hub)
    scene.shows(total=True)
    assert (scene.received(number), scene.doc(number).discrepancies) == (2, ())
    scene.shows(total=True, all=3)
    deliver_due(scene.hub)
    (discrepancy,) = scene.doc(number).discrepancies
    assert (discrepancy.kind, scene.received(number), scene.payer.told_totals) == ("total_grew", 2, [2])
    scene.hub.answering.answer(number, discrepancy.question, "same", "Li")
    deliver_due(scene.hub)
    assert (scene.doc(number).discrepancies, scene.received(number), scene.payer.told_totals) == ((), 2, [2])


def grew(scene: GoodsScenario) -> int:
    """A shop's total of one piece of its own and one it was told; then it shows three, and a person says it has two."""
    scene.payer.total = True
    number = scene.begin()
    scene.shows(total=True, all=1)
    scene.came("erp", number)
    deliver_due(scene.hub)
    scene.shows(total=True, all=3)
    own(scene, number)
    assert (scene.received(number), scene.doc(number).discrepancies) == (3, ())
    return number


def own(scene: GoodsScenario, number: int) -> None:
    (discrepancy,) = scene.doc(number).discrepancies
    assert discrepancy.kind == "total_grew"
    assert not discrepancy.freezes
    scene.hub.answering.answer(number, discrepancy.question, "own", "Li")
    deliver_due(scene.hub)


def test_what_a_total_grew_by_may_be_its_own(scene: GoodsScenario) -> None:
    number = grew(scene)
    scene.came("erp", number, "GR-2")
    deliver_due(scene.hub)
    scene.shows(total=True)
    deliver_due(scene.hub)
    assert (scene.received(number), scene.payer.told_totals) == (4, [2, 4])
    assert scene.doc(number).discrepancies == ()


def test_what_it_grows_by_again_is_asked_again_and_what_it_takes_back_counts_no_more(scene: GoodsScenario) -> None:
    number = grew(scene)
    scene.shows(total=True, all=4)
    assert scene.received(number) == 3
    own(scene, number)
    assert scene.received(number) == 4
    for all_, received in ((3, 3), (2, 2), (4, 4)):
        scene.shows(total=True, all=all_)
        assert (scene.received(number), scene.doc(number).discrepancies) == (received, ())


def test_of_what_a_total_grew_by_the_rest_is_asked_that_nobody_else_tells_of(scene: GoodsScenario) -> None:
    """The ERP tells late of what the shop counts already; of the other piece a person knows."""
    number = grew(scene)
    scene.shows(total=True, all=4)
    assert [discrepancy.kind for discrepancy in scene.doc(number).discrepancies] == ["total_grew"]
    scene.came("erp", number, "GR-2")
    deliver_due(scene.hub)
    assert (scene.received(number), scene.doc(number).discrepancies) == (4, ())
    scene.shows(total=True, all=5)
    assert scene.received(number) == 4
    own(scene, number)
    assert (scene.received(number), scene.payer.told_totals) == (5, [2])
