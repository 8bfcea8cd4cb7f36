"""A line that was known by its article alone gets another key when its order is read; what was asked and sent stays its."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pipeline.goods_scenario import DEAF, HEARS, OK, GoodsScenario
from tests.pipeline.goods_scenario import scene as scene
from tests.pipeline.queries import all_returns, deliver_due

LINES = [{"id": "1", "sku": "MUG", "quantity": 5}]


def begun(scene: GoodsScenario) -> int:
    """The ERP has the return, the till was made to have it, too; of the order nobody knows more than its number."""
    scene.account("web", "storefront", terms=DEAF)
    scene.account("till", "pos", orders_of="web", url=f"{scene.payer.url}/hub", terms=HEARS)
    said = {"order": {"number": "5001"}, "lines": LINES, "authorization": OK, "currency": "EUR"}
    scene.push("erp", "return.upsert", "C-1", origin="request", **said)
    (number,) = (found.id for found in all_returns(scene.hub))
    shows(scene, number)
    return number


def shows(scene: GoodsScenario, number: int, **ids: int) -> None:
    """The till's own receipts."""
    came = [{"id": id, "line": "1", "quantity": n, "condition": "good"} for id, n in ids.items()]
    said: dict[str, Any] = {"lines": LINES, "authorization": OK, "receipts": came}
    scene.push("till", "return.upsert", "T-1", hub_number=f"R{number}", **said)


def test_an_answer_about_goods_booked_by_hand(scene: GoodsScenario) -> None:
    number = begun(scene)
    scene.refused(number, 1)
    shows(scene, number, h1=1)
    scene.answer(number)
    assert (scene.received(number), scene.frozen()) == (1, [])
    scene.order(mugs=5)
    deliver_due(scene.hub)
    assert scene.doc(number).lines[0].key == "web/O1/L1"
    assert (scene.received(number), scene.frozen()) == (1, [])


def test_a_question_that_is_still_to_come(scene: GoodsScenario) -> None:
    number = begun(scene)
    scene.refused(number, 1)
    scene.order(mugs=5)
    deliver_due(scene.hub)
    shows(scene, number, h1=1)
    scene.answer(number)
    assert (scene.received(number), scene.frozen()) == (1, [])


@pytest.mark.parametrize("answer", ["same", "apart"])
def test_a_question_that_stands(scene: GoodsScenario, answer: str) -> None:
    number = begun(scene)
    scene.refused(number, 1)
    shows(scene, number, h1=1)
    scene.order(mugs=5)
    deliver_due(scene.hub)
    scene.answer(number, answer)
    assert (scene.received(number), scene.frozen()) == ({"same": 1, "apart": 2}[answer], [])


def test_a_write_that_was_answered_and_not_read_back(scene: GoodsScenario) -> None:
    number = begun(scene)
    scene.came("erp", number)
    deliver_due(scene.hub)
    assert scene.payer.told_totals == [1]
    scene.order(mugs=5)
    deliver_due(scene.hub)
    assert scene.payer.told_totals == [1]
    shows(scene, number, **scene.payer.has)
    deliver_due(scene.hub)
    assert (scene.received(number), scene.payer.told_totals) == (1, [1])
