"""A system's push that overtakes its answer to our write shows our own goods, not others: they came once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.generic.sandbox import SECRET
from connectors.kit.sandbox import Call, Refuse, route
from hub.boot import assemble_hub
from hub.settings import Settings
from hub.store.database import Database
from tests.pipeline.desk import Desk, Payer
from tests.pipeline.look import hurry, intents, rows, told, work_off


class Hasty(Payer):
    """It shows what it was told before it answers, and may answer that it took nothing of it."""

    desk: Desk
    refuses = 0
    """The status of its answer, where it takes nothing."""
    others = False
    """It shows a piece that we know nothing of, too."""
    early = True
    """It shows it before it answers."""
    names = True
    """Its answer says which of its facts it made."""
    lost = False
    """Its answer is lost."""
    adds_up = False
    """It shows no single receipts but one for the line, which grows."""
    told_kinds: list[str]
    counted: list[Decimal]
    """How many pieces were counted when it had shown this, and not answered yet."""

    @route("POST", "/hub")
    def told(self, call: Call) -> Any:
        said = call.json()
        kind, data = said["type"], said["data"]
        self.told_kinds.append(kind)
        if kind not in ("receive", "dispose"):
            raise Refuse(410, {"message": f"this shop has no {kind}"})
        made = {"receive": "receipts", "dispose": "dispositions"}[kind]
        shown = {"id": "own", "order_line": "L1", "quantity": "1"}
        shown |= {"condition": "good"} if kind == "receive" else {"disposition": "restock"}
        more = [{**shown, "id": "other"}] if self.others else []
        if self.adds_up:
            shown |= {"quantity": data["lines"][0]["totals"]["received"], "total": True}
        if self.early:
            number = self.desk.asked(lines={"L1": 3}, **{**self.stands, made: [shown, *more]})
            self.counted.append(self.desk.doc(number).lines[0].received)
        if not self.refuses:
            self.stands |= {made: [shown, *more]}
        if self.refuses:
            raise Refuse(self.refuses, {"message": "no"})
        if self.lost:
            raise Refuse(502, {"message": "bad gateway"})
        facts = [fact for one in data["lines"] for fact in one.get("facts", ())] or data.get("facts", [])
        return {"made": [{"kind": made, "id": "own", "fact": fact} for fact in facts] if self.names else []}

    stands: dict[str, Any]


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    database = Database(database_url)
    with Hasty(secret=SECRET) as shop:
        shop.told_kinds, shop.counted, shop.stands = [], [], {}
        desk = shop.desk = Desk(assemble_hub(Settings(data=tmp_path, database_url=database_url), database), shop)
        listens = {"asked": ["receive", "dispose"], "listens": ["received", "disposed"]}
        desk.account("web", "storefront", url=f"{shop.url}/hub", terms=listens)
        desk.account("erp", "erp", orders_of="web", terms={"decides": True, **listens}, url=f"{shop.url}/hub")
        yield desk
    database.close()


def one_of_three_came(desk: Desk) -> int:
    """Three mugs are to come back, the ERP has received one; the return's number."""
    desk.order(mugs=3)
    number = desk.asked(lines={"L1": 3})
    erp_has(desk, number)
    desk.came("erp", number)
    return number


def erp_has(desk: Desk, number: int, **more: Any) -> None:
    lines, agreed = [{"id": "1", "sku": "MUG", "quantity": 3}], {"value": "authorized"}
    desk.push("erp", "return.upsert", "C-1", hub_number=f"R{number}", lines=lines, authorization=agreed, **more)


def test_one_piece_that_the_erp_received_is_one_although_the_shop_shows_it_before_it_answers(desk: Desk) -> None:
    number = one_of_three_came(desk)
    desk.work()
    (line,) = desk.doc(number).lines
    assert (line.received, desk.doc(number).axes.receipt) == (1, "partial")
    assert desk.payer.told_kinds == ["receive"], "the ERP was told of no second piece"  # type: ignore[attr-defined]
    assert desk.frozen() == []


@pytest.mark.parametrize(("status", "state"), [(422, "dead"), (409, "held"), (429, "held")])
def test_what_it_shows_counts_as_its_own_once_it_said_that_it_took_nothing(desk: Desk, status: int, state: str) -> None:
    desk.payer.refuses = status  # type: ignore[attr-defined]
    number = one_of_three_came(desk)
    told(desk.hub)
    assert ("receive", state) in intents(desk.hub)
    assert desk.doc(number).lines[0].received == 1
    work_off(desk.hub, kinds=("recompute",))
    (line,) = desk.doc(number).lines
    assert line.received == 2, "somebody else received it there"


def test_what_somebody_else_received_there_meanwhile_counts_when_the_write_is_answered(desk: Desk) -> None:
    desk.payer.others = True  # type: ignore[attr-defined]
    number = one_of_three_came(desk)
    told(desk.hub)
    work_off(desk.hub, kinds=("recompute",))
    assert desk.doc(number).lines[0].received == 2, "one of ours, and another one"


def shop_shows(desk: Desk, *ids: str, total: int | None = None) -> None:
    """The shop shows these pieces that somebody received there, or how many there are in all."""
    shown: list[dict[str, Any]] = [{"id": id, "order_line": "L1", "quantity": "1", "condition": "good"} for id in ids]
    if total is not None:
        shown = [{**one, "quantity": str(total), "total": True} for one in shown]
    desk.asked(lines={"L1": 3}, receipts=shown)


def asked_whether_the_same(desk: Desk, number: int, answer: str) -> None:
    ((_, doubt),) = desk.frozen()
    assert doubt.kind == "booked_by_hand"
    desk.hub.answering.answer(number, doubt.question, answer, "Li")


@pytest.mark.parametrize("given_up", ["before", "after", "never"])
@pytest.mark.parametrize(("answer", "pieces"), [("same", 1), ("apart", 2)])
def test_a_piece_that_was_booked_by_hand_where_the_write_was_refused_is_asked_about(
    desk: Desk, given_up: str, answer: str, pieces: int
) -> None:
    payer: Any = desk.payer
    payer.refuses, payer.early = 422, False
    number = one_of_three_came(desk)
    told(desk.hub)
    ((letter,),) = rows(desk.hub, "SELECT id FROM intents WHERE state = 'dead'")
    if given_up == "before":
        desk.hub.people.give_up(letter, "Li", "booked there by hand")
    shop_shows(desk, "by hand")
    if given_up == "after":
        desk.hub.people.give_up(letter, "Li", "booked there by hand")
    told(desk.hub)
    assert payer.told_kinds == ["receive"], "nobody is told of a second piece before somebody says that it is one"
    asked_whether_the_same(desk, number, answer)
    assert (desk.doc(number).lines[0].received, desk.frozen()) == (pieces, [])
    shop_shows(desk, "by hand", "another")
    assert desk.doc(number).lines[0].received == pieces + 1
    assert len(desk.frozen()) == (answer == "apart"), "this one may be it; what was booked is not asked about again"


def nobody_knows(desk: Desk) -> tuple[int, int]:
    """The write that told the shop of one piece has no answer, and a person is asked; the return and the write."""
    payer: Any = desk.payer
    payer.lost, payer.names = True, False
    number = one_of_three_came(desk)
    told(desk.hub)
    rows(desk.hub, "UPDATE intents SET at = at - interval '90 days' RETURNING 1")  # its key is kept no more
    hurry(desk.hub)
    told(desk.hub)
    ((letter, possible),) = rows(desk.hub, "SELECT id, possible FROM intents WHERE state = 'dead'")
    assert possible
    return number, letter


@pytest.mark.parametrize(("answer", "pieces"), [("same", 1), ("apart", 2)])
def test_what_a_write_of_unknown_outcome_may_have_made_is_asked_about_when_a_person_ends_it(
    desk: Desk, answer: str, pieces: int
) -> None:
    number, letter = nobody_knows(desk)
    assert desk.doc(number).lines[0].received == 1
    desk.hub.people.give_up(letter, "Li", "it is there")
    told(desk.hub)
    asked_whether_the_same(desk, number, answer)
    assert desk.doc(number).lines[0].received == pieces


def test_what_was_counted_of_another_return_counts_when_the_two_are_one(desk: Desk) -> None:
    number, _ = nobody_knows(desk)
    shown = [{"id": "teapot", "order_line": "L2", "quantity": "1", "condition": "good"}]
    other = desk.asked("RET-2", {"L2": 1}, at="11:00", receipts=shown)
    assert [line.received for line in desk.doc(other).lines] == [1]
    desk.hub.people.link(number, other, "Li")
    assert sorted((line.sku, line.received) for line in desk.doc(number).lines) == [("MUG", 1), ("TEAPOT", 1)]
    desk.asked("RET-2", {"L2": 1}, at="11:00", receipts=shown)
    assert sorted((line.sku, line.received) for line in desk.doc(number).lines) == [("MUG", 1), ("TEAPOT", 1)]


def test_what_was_counted_counts_under_another_name_too(desk: Desk) -> None:
    payer: Any = desk.payer
    payer.early, payer.lost = False, True
    number = one_of_three_came(desk)
    shop_shows(desk, "one")
    assert desk.doc(number).lines[0].received == 2
    told(desk.hub)
    shop_shows(desk, "another name")
    assert desk.doc(number).lines[0].received == 2
    shop_shows(desk, "another name", "and one more")
    assert desk.doc(number).lines[0].received == 2, "this one may be what we wrote"


@pytest.mark.parametrize(("answer", "pieces"), [("same", 1), ("apart", 2)])
def test_goods_that_were_put_away_by_hand_are_asked_about_too(desk: Desk, answer: str, pieces: int) -> None:
    number = one_of_three_came(desk)
    desk.work()
    payer: Any = desk.payer
    payer.refuses, payer.early = 422, False
    erp_has(desk, number, dispositions=[{"id": "D", "line": "1", "quantity": 1, "disposition": "restock"}])
    told(desk.hub)
    assert ("dispose", "dead") in intents(desk.hub)
    own = {"id": "by hand", "order_line": "L1", "quantity": "1", "disposition": "restock"}
    desk.asked(lines={"L1": 3}, receipts=payer.stands["receipts"], dispositions=[own])
    asked_whether_the_same(desk, number, answer)
    assert desk.doc(number).lines[0].disposed == {"restock": pieces}


@pytest.mark.parametrize("early", [False, True])
def test_a_total_counts_our_pieces_once_and_its_own_besides(desk: Desk, early: bool) -> None:
    payer: Any = desk.payer
    desk.account("erp", "erp", orders_of="web", terms={"decides": True, "asked": [], "listens": []})
    payer.adds_up, payer.early = True, early
    number = one_of_three_came(desk)
    shop_shows(desk, "own", total=1)
    assert desk.doc(number).lines[0].received == 2, "one there, one in the ERP that the shop does not know of"
    told(desk.hub)
    shop_shows(desk, "own", total=2)
    assert desk.doc(number).lines[0].received == 2
    assert [(r.speaker.account, r.quantity) for r in desk.doc(number).receipts] == [("erp", 1), ("web", 1)]
    desk.came("erp", number, id="GR-2")
    told(desk.hub)
    work_off(desk.hub, kinds=("recompute",))
    shop_shows(desk, "own", total=3)
    assert (desk.doc(number).lines[0].received, desk.doc(number).discrepancies) == (3, ())
    assert payer.counted == ([2, 3] if early else [])
    shop_shows(desk, "own", total=1)
    assert [doubt.kind for doubt in desk.doc(number).discrepancies] == ["duplicates_differ"]


def test_a_total_that_grew_by_hand_is_asked_about_and_counts_once(desk: Desk) -> None:
    payer: Any = desk.payer
    desk.account("erp", "erp", orders_of="web", terms={"decides": True, "asked": [], "listens": []})
    payer.refuses, payer.early = 422, False
    number = one_of_three_came(desk)
    shop_shows(desk, "own", total=1)
    told(desk.hub)
    shop_shows(desk, "own", total=2)
    asked_whether_the_same(desk, number, "same")
    assert (desk.doc(number).lines[0].received, desk.frozen()) == (2, [])
