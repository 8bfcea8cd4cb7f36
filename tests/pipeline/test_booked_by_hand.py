"""Goods that one system received and another did not take from us, but shows, are asked about, and counted once."""

from __future__ import annotations

import pytest

from hub.actions.people import NotNow
from hub.model.schema.observation import DuplicateFacts, FactId
from hub.store import duplicate_facts
from tests.pipeline.goods_scenario import DEAF, HEARS, GoodsScenario, in_parts, kit
from tests.pipeline.goods_scenario import scene as scene
from tests.pipeline.queries import deliver_due, rows

# -- asked by pieces, not by records


@pytest.mark.parametrize("at_once", [True, False])
def test_two_pieces_of_one_record_are_booked_as_one_and_one(scene: GoodsScenario, at_once: bool) -> None:
    number = scene.begin()
    scene.refused(number, 2)
    scene.shows(h1=1, **({"h2": 1} if at_once else {}))
    scene.answer(number)
    if not at_once:
        scene.shows(h2=1)
        scene.answer(number)
    assert (scene.received(number), scene.frozen(), max(scene.payer.told_totals)) == (2, [], 2)


def test_the_warehouse_books_two_records_as_one(scene: GoodsScenario) -> None:
    scene.account("wms", "wms", orders_of="web", url=f"{scene.payer.url}/hub", terms=HEARS)
    scene.account("web", "storefront", terms=DEAF)
    number = scene.begin()
    scene.stands("wms", "W-1", number)
    scene.refused(number, 1, 1)
    scene.stands("wms", "W-1", number, receipts=[{"id": "h", "line": "1", "quantity": 2}])
    scene.answer(number)
    assert (scene.received(number), scene.frozen(), max(scene.payer.told_totals)) == (2, [], 2)


@pytest.mark.parametrize("total", [False, True])
@pytest.mark.parametrize(("answer", "pieces"), [("same", 2), ("apart", 3)])
def test_one_record_there_holds_ours_and_its_own(scene: GoodsScenario, total: bool, answer: str, pieces: int) -> None:
    number = scene.begin()
    scene.shows(total=total, own=1)
    scene.refused(number, 1)
    scene.shows(total=total, own=2)
    scene.answer(number, answer)
    assert scene.received(number) == pieces


@pytest.mark.parametrize("total", [False, True])
def test_what_comes_after_an_answer_is_asked_about_by_itself(scene: GoodsScenario, total: bool) -> None:
    number = scene.begin()
    scene.refused(number, 1)
    scene.shows(total=total, all=1)
    scene.answer(number, "apart")
    scene.shows(total=total, all=2)
    scene.answer(number, "same")
    assert scene.received(number) == 2
    scene.shows(total=total, all=3)
    assert (scene.received(number), scene.frozen()) == (3, []), "nothing is left that it was not told of"


def test_the_new_piece_is_asked_about_whatever_its_name(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.shows(**{"9": 1})
    scene.refused(number, 1)
    assert scene.frozen() == []
    scene.shows(**{"10": 1})
    scene.answer(number)
    assert scene.received(number) == 2


def test_a_record_that_grew_after_it_was_told_is_booked_by_hand(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.came("erp", number)
    deliver_due(scene.hub)
    scene.shows()
    scene.refused(number, 2)
    scene.shows(h=1)
    scene.payer.refuses = 0
    deliver_due(scene.hub)
    scene.answer(number)
    assert (scene.received(number), scene.payer.told_totals) == (2, [1, 2])


@pytest.mark.parametrize(("before", "after", "pieces"), [(1, 2, 4), (2, 1, 3)])
def test_what_was_told_before_is_corrected_meanwhile(
    scene: GoodsScenario, before: int, after: int, pieces: int
) -> None:
    number = scene.begin()
    scene.shows(own=1)
    scene.came("erp", number, id="GR-0", quantity=before)
    deliver_due(scene.hub)
    scene.shows()
    scene.refused(number, 1)
    scene.came("erp", number, id="GR-0", quantity=after)
    assert scene.frozen() == [], "the shop shows nothing new"
    scene.shows(h=1)
    scene.answer(number)
    assert scene.received(number) == pieces


def test_a_kit_that_came_in_parts_is_booked_as_one(scene: GoodsScenario) -> None:
    number = kit(scene)
    scene.payer.refuses = 422
    in_parts(scene, number)
    scene.shows(h=1)
    scene.answer(number)
    assert scene.received(number) == 1


def test_booked_again_under_another_name_the_answer_holds(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.refused(number, 1)
    scene.shows(h=1)
    scene.answer(number)
    scene.payer.has.clear()
    scene.shows()
    assert scene.received(number) == 1
    scene.shows(h9=1)
    assert (scene.received(number), scene.frozen()) == (1, [])


def test_the_speaker_changes_while_it_is_asked(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.refused(number, 1)
    scene.shows(h=1)
    names = ("erp/receipt/GR-1/receipts/1", "wms/receipt/W-1/receipts/1")
    with scene.hub.database.begin() as conn:  # as the late read-back of the warehouse's write does
        duplicate_facts.add(conn, number, DuplicateFacts(frozenset(map(FactId.parse, names))), "intent:9")
    scene.account("wms", "wms", orders_of="web", terms=DEAF)
    scene.came("wms", number, id="W-1")
    scene.payer.refuses = 0
    deliver_due(scene.hub)
    scene.answer(number)
    assert (scene.received(number), max(scene.payer.told_totals)) == (1, 1)


# -- asked while it matters


def test_it_is_told_again_only_after_the_answer(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.refused(number, 1)
    scene.shows(h=1)
    scene.payer.refuses = 0
    ((letter,),) = rows(scene.hub, "SELECT id FROM intents WHERE state = 'dead'")
    with pytest.raises(NotNow, match="first answer the question"):
        scene.hub.dead_letters.retry(number, "web", "Li")
    with pytest.raises(NotNow, match="first answer the question"):
        scene.hub.dead_letters.resend(letter, "Li")
    scene.answer(number, "apart")
    scene.hub.dead_letters.retry(number, "web", "Li")
    deliver_due(scene.hub)
    assert scene.payer.told_totals[-1] == 2


@pytest.mark.parametrize("refused_first", [True, False])
def test_a_write_that_waits_is_no_reason_not_to_ask(scene: GoodsScenario, refused_first: bool) -> None:
    number = scene.begin()
    if refused_first:
        scene.refused(number, 1)
    scene.payer.refuses = 429
    scene.came("erp", number, id="GR-2")
    deliver_due(scene.hub)
    scene.shows(h=1)
    scene.payer.refuses = 0
    scene.work()
    scene.answer(number)
    scene.work()
    pieces = 2 if refused_first else 1
    assert (scene.received(number), max(scene.payer.told_totals)) == (pieces, pieces)


# -- where goods were put


def test_put_away_at_two_places_of_which_the_till_hears_one(scene: GoodsScenario) -> None:
    scene.account("web", "storefront", terms=DEAF)
    scene.account("till", "pos", orders_of="web", url=f"{scene.payer.url}/hub", terms={**HEARS, "locations": ["SHOP"]})
    number = scene.begin()
    here = [{"id": "r", "line": "1", "quantity": 4}]
    scene.stands("till", "T-1", number, receipts=here)
    scene.payer.refuses = 422
    put = {"line": "1", "quantity": 1, "disposition": "restock"}
    scene.stands("erp", "C-1", number, dispositions=[{**put, "id": p, "location": p} for p in ("MAIN", "SHOP")])
    deliver_due(scene.hub)
    scene.stands("till", "T-1", number, receipts=here, dispositions=[{**put, "id": "h", "location": "SHOP"}])
    scene.answer(number)
    assert scene.doc(number).lines[0].disposed == {"restock": 2}


def test_put_away_by_hand_with_another_word(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.came("erp", number, quantity=4)
    deliver_due(scene.hub)
    scene.shows()
    scene.payer.refuses = 422
    put = {"quantity": 1, "disposition": "restock"}
    scene.stands("erp", "C-1", number, dispositions=[{**put, "id": "D", "line": "1"}])
    deliver_due(scene.hub)
    has = [{"id": "n0", "order_line": "L1", "quantity": 4, "condition": "good"}]
    own = [{**put, "id": "h", "order_line": "L1", "disposition": "quarantine"}]
    scene.asked(lines={"L1": 5}, receipts=has, dispositions=own)
    scene.answer(number)
    assert scene.doc(number).lines[0].disposed == {"restock": 1}
