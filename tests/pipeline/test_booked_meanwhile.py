"""What was asked about goods booked by hand, while other things are told, answered, corrected and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.generic.sandbox import SECRET
from connectors.kit.sandbox import Call, Refuse, route
from hub.actions.people import NotNow
from hub.boot import assemble_hub
from hub.settings import Settings
from hub.store.database import Database
from tests.pipeline.goods_scenario import DEAF, HEARS, GoodsScenario, Shop, in_parts, kit
from tests.pipeline.queries import deliver_due, hurry, intents, rows

PUT = {"quantity": 1, "disposition": "restock"}


class Books(Shop):
    """As its base, with several lines at once, and dispositions (`puts`)."""

    puts: dict[str, int]

    @route("POST", "/hub")
    def carry_out(self, call: Call) -> Any:
        said = call.json()
        kind, lines = said["type"], said["data"]["lines"]
        if kind not in ("receive", "dispose"):
            raise Refuse(410, {"message": f"no {kind}"})
        if self.refuses:
            raise Refuse(self.refuses, {"message": "no"})
        made = []
        for one in lines:
            if kind == "dispose":
                made += [
                    {"kind": "dispositions", "id": f"p{len(self.puts)}", "fact": f}
                    for f in one.get("facts") or said["data"]["facts"]
                ]
                self.puts[f"p{len(self.puts)}"] = int(one["quantity"])
                continue
            sort = "t" if one["order_line"] == "L2" else "n"
            there = sum(n for i, n in self.has.items() if i.startswith("t") == (sort == "t"))
            id = "all" if self.total else f"{sort}{len(self.has)}"
            wanted = int(one["totals"]["received"])
            self.has[id] = wanted if self.total else wanted - there
            made += [{"kind": "receipts", "id": id, "fact": f} for f in one.get("facts") or said["data"]["facts"]]
        return {"made": made}


@pytest.fixture
def scene(database_url: str, tmp_path: Path) -> Iterator[GoodsScenario]:
    database = Database(database_url)
    with Books(secret=SECRET) as shop:
        shop.told_totals, shop.has, shop.puts = [], {}, {}
        scene = GoodsScenario(assemble_hub(Settings(data=tmp_path, database_url=database_url), database), shop)
        scene.account("web", "storefront", url=f"{shop.url}/hub", terms=HEARS)
        scene.account("erp", "erp", orders_of="web", terms={"decides": True, **DEAF})
        yield scene
    database.close()


def two_lines(scene: GoodsScenario) -> int:
    scene.order(mugs=5)
    number = scene.asked(lines={"L1": 5, "L2": 1})
    lines = [{"id": "1", "sku": "MUG", "quantity": 5}, {"id": "2", "sku": "TEAPOT", "quantity": 1}]
    scene.push(
        "erp", "return.upsert", "C-1", hub_number=f"R{number}", lines=lines, authorization={"value": "authorized"}
    )
    return number


def web(scene: GoodsScenario, **ids: int) -> None:
    """The shop shows mugs, and teapots (t...)."""
    scene.payer.has |= ids
    listed = [
        {"order_line": "L2" if id[0] == "t" else "L1", "condition": "good", "id": id, "quantity": str(n)}
        for id, n in scene.payer.has.items()
    ]
    scene.asked(lines={"L1": 5, "L2": 1}, receipts=listed)


def put_away(scene: GoodsScenario, **puts: int) -> None:
    """The shop shows what it received, and these dispositions beside what it had."""
    scene.payer.puts |= puts  # type: ignore[attr-defined]
    has = [{"id": i, "order_line": "L1", "quantity": n, "condition": "good"} for i, n in scene.payer.has.items()]
    own = [{**PUT, "id": i, "order_line": "L1"} for i in scene.payer.puts]  # type: ignore[attr-defined]
    scene.asked(lines={"L1": 5}, receipts=has, dispositions=own)


def erp_puts(scene: GoodsScenario, number: int, *ids: str) -> None:
    scene.stands("erp", "C-1", number, dispositions=[{**PUT, "id": i, "line": "1"} for i in ids])
    deliver_due(scene.hub)


@pytest.mark.parametrize("status", [422, 429])
def test_another_line_is_told_while_this_one_is_asked_about(scene: GoodsScenario, status: int) -> None:
    number = two_lines(scene)
    came = [{"id": i, "sku": sku, "quantity": 1, "condition": "good"} for i, sku in (("1", "MUG"), ("2", "TEAPOT"))]
    scene.payer.refuses = status
    scene.push("erp", "receipt.upsert", "GR-1", hub_number=f"R{number}", lines=came)
    deliver_due(scene.hub)
    web(scene, h=1)
    assert [d.kind for _, d in scene.frozen()] == ["booked_by_hand"]
    hurry(scene.hub)
    deliver_due(scene.hub)
    web(scene)
    assert [d.kind for _, d in scene.frozen()] == ["booked_by_hand"]


@pytest.mark.parametrize("status", [409, 429])
def test_a_later_receipt_of_another_line_ends_no_question(scene: GoodsScenario, status: int) -> None:
    number = two_lines(scene)
    scene.payer.refuses = status
    scene.came("erp", number)
    deliver_due(scene.hub)
    web(scene, h=1)
    scene.payer.refuses = 0
    scene.came("erp", number, id="GR-2", sku="TEAPOT")
    hurry(scene.hub)
    deliver_due(scene.hub)
    web(scene)
    assert [d.kind for _, d in scene.frozen()] == ["booked_by_hand"]


def test_two_records_booked_one_after_the_other_are_two_questions(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.refused(number, 1, 1)
    scene.shows(h1=1)
    scene.answer(number)
    scene.shows(h2=1)
    assert [d.kind for _, d in scene.frozen()] == ["booked_by_hand"]


def test_two_kits_one_after_the_other_are_two_questions(scene: GoodsScenario) -> None:
    number = kit(scene)
    scene.payer.refuses = 422
    in_parts(scene, number)
    scene.shows(h=1)
    scene.answer(number)
    came = [{"id": sku, "sku": sku, "quantity": 1, "condition": "good"} for sku in ("LID", "POT")]
    scene.push("erp", "receipt.upsert", "GR-2", hub_number=f"R{number}", lines=came)
    deliver_due(scene.hub)
    scene.shows(h2=1)
    scene.answer(number)
    assert (scene.received(number), scene.frozen()) == (2, [])


@pytest.mark.parametrize("status", [422, 429])
def test_what_was_put_away_by_hand_is_not_told(scene: GoodsScenario, status: int) -> None:
    number = scene.begin()
    scene.came("erp", number, quantity=4)
    deliver_due(scene.hub)
    put_away(scene)
    scene.payer.refuses = status
    erp_puts(scene, number, "D1")
    put_away(scene, h1=1)
    scene.payer.refuses = 0
    scene.answer(number)
    hurry(scene.hub)
    deliver_due(scene.hub)
    assert scene.payer.puts == {"h1": 1}  # type: ignore[attr-defined]


@pytest.mark.parametrize("total", [False, True])
def test_no_piece_is_lost_while_a_later_write_is_undecided(scene: GoodsScenario, total: bool) -> None:
    number = scene.begin()
    scene.refused(number, 1)
    scene.shows(total=total, h=3)
    scene.answer(number)
    scene.payer.refuses = 502
    scene.came("erp", number, id="GR-2")
    deliver_due(scene.hub)
    seen = [scene.received(number)]
    for _ in range(3):
        scene.shows(total=total)
        seen.append(scene.received(number))
    assert seen == [4, 4, 4, 4]


def test_an_answer_that_is_taken_back_is_asked_again_before_the_last_one(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.refused(number, 2)
    for piece in ("h1", "h2"):
        scene.shows(**{piece: 1})
        scene.answer(number)
    scene.hub.answering.take_back(number, scene.doc(number).answers[0].act, "Li")
    scene.answer(number)
    assert (scene.received(number), scene.frozen()) == (2, [])


@pytest.mark.parametrize("kind", ["receive", "dispose"])
def test_what_an_older_hub_was_refused_is_not_told_again(scene: GoodsScenario, kind: str) -> None:
    number = scene.begin()
    if kind == "receive":
        scene.refused(number, 1)
    else:
        scene.came("erp", number, quantity=4)
        deliver_due(scene.hub)
        put_away(scene)
        scene.payer.refuses = 422
        erp_puts(scene, number, "D1")
    before = intents(scene.hub)
    less = "jsonb_set(operation, '{lines,0}', (operation->'lines'->0) - 'had' - 'lacks')"
    rows(scene.hub, f"UPDATE intents SET operation = {less} WHERE state = 'dead' RETURNING 1")
    scene.hub.reconcile.recompute([number])
    hurry(scene.hub)
    deliver_due(scene.hub)
    assert intents(scene.hub) == before


@pytest.mark.parametrize("status", [422, 410])
def test_whoever_was_told_since_is_not_asked_about(scene: GoodsScenario, status: int) -> None:
    scene.payer.total = True
    number = scene.begin()
    scene.payer.refuses = status
    scene.refused(number, 1)
    if status == 422:
        ((letter,),) = rows(scene.hub, "SELECT id FROM intents WHERE state = 'dead'")
        scene.hub.dead_letters.give_up(letter, "Li", "later")
    scene.payer.refuses = 0
    scene.came("erp", number, id="GR-2")
    deliver_due(scene.hub)
    scene.shows(total=True)
    assert (scene.payer.has, scene.frozen()) == ({"all": 2}, [])
    scene.shows(total=True, all=3)
    assert scene.frozen("booked_by_hand") == [], "it was told of both"


def test_what_nobody_else_tells_any_more_counts_where_it_was_booked(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.refused(number, 1)
    scene.shows(h=1)
    scene.answer(number)
    scene.push("erp", "receipt.upsert", "GR-1", hub_number=f"R{number}", lines=[])
    assert scene.received(number) == 1


def test_what_is_apart_is_not_asked_about_in_other_words(scene: GoodsScenario) -> None:
    scene.order(mugs=1)
    number = scene.asked(lines={"L1": 1})
    scene.stands("erp", "C-1", number)
    lines = [{"id": "1", "sku": "MUG", "quantity": 1}]
    scene.push(
        "erp", "return.upsert", "C-1", hub_number=f"R{number}", lines=lines, authorization={"value": "authorized"}
    )
    scene.refused(number, 1)
    own = [{"order_line": "L1", "condition": "good", "id": "h", "quantity": "1"}]
    scene.asked(lines={"L1": 1}, receipts=own)
    scene.answer(number, "apart")
    assert scene.frozen() == []


def test_what_was_taken_out_again_hides_no_question(scene: GoodsScenario) -> None:
    number = scene.begin()
    scene.came("erp", number, quantity=4)
    deliver_due(scene.hub)
    scene.payer.refuses = 422
    has = [{"id": "n0", "order_line": "L1", "quantity": 4, "condition": "good"}]
    old = {**PUT, "id": "old", "order_line": "L1", "state": "reversed"}
    scene.asked(lines={"L1": 5}, receipts=has, dispositions=[old])
    erp_puts(scene, number, "D")
    scene.asked(lines={"L1": 5}, receipts=has, dispositions=[old, {**PUT, "id": "h", "order_line": "L1"}])
    assert scene.frozen()


@pytest.mark.parametrize("total", [False, True])
def test_no_difference_is_said_that_an_answer_explains(scene: GoodsScenario, total: bool) -> None:
    scene.payer.total = total
    number = scene.begin()
    scene.came("erp", number)
    deliver_due(scene.hub)
    scene.shows(total=total)
    scene.refused(number, 2)
    scene.shows(total=total, **({"all": 2} if total else {"h": 1}))
    if not total:  # of a total that was told, what it grows by is another count of the same
        scene.answer(number)
    assert (scene.received(number), [d.kind for d in scene.doc(number).discrepancies]) == (2, [])


def test_a_return_that_is_none_is_not_told_again(scene: GoodsScenario) -> None:
    with pytest.raises(NotNow):
        scene.hub.dead_letters.retry(99999, "web", "Li")
