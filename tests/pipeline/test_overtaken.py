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
from tests.pipeline.queries import deliver_due, hurry, intents, rows, work_off
from tests.pipeline.scenario import Payer, Scenario


class Hasty(Payer):
    """It shows what it was told before it answers, and may answer that it took nothing of it."""

    scenario: Scenario
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
    def carry_out(self, call: Call) -> Any:
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
            number = self.scenario.asked(lines={"L1": 3}, **{**self.stands, made: [shown, *more]})
            self.counted.append(self.scenario.doc(number).lines[0].received)
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
def scenario(database_url: str, tmp_path: Path) -> Iterator[Scenario]:
    database = Database(database_url)
    with Hasty(secret=SECRET) as shop:
        shop.told_kinds, shop.counted, shop.stands = [], [], {}
        scenario = shop.scenario = Scenario(
            assemble_hub(Settings(data=tmp_path, database_url=database_url), database), shop
        )
        listens = {"asked": ["receive", "dispose"], "listens": ["received", "disposed"]}
        scenario.account("web", "storefront", url=f"{shop.url}/hub", terms=listens)
        scenario.account("erp", "erp", orders_of="web", terms={"decides": True, **listens}, url=f"{shop.url}/hub")
        yield scenario
    database.close()


def one_of_three_came(scenario: Scenario) -> int:
    """Three mugs are to come back, the ERP has received one; the return's number."""
    scenario.order(mugs=3)
    number = scenario.asked(lines={"L1": 3})
    erp_has(scenario, number)
    scenario.came("erp", number)
    return number


def erp_has(scenario: Scenario, number: int, **more: Any) -> None:
    lines, agreed = [{"id": "1", "sku": "MUG", "quantity": 3}], {"value": "authorized"}
    scenario.push("erp", "return.upsert", "C-1", hub_number=f"R{number}", lines=lines, authorization=agreed, **more)


def test_one_piece_that_the_erp_received_is_one_although_the_shop_shows_it_before_it_answers(
    scenario: Scenario,
) -> None:
    number = one_of_three_came(scenario)
    scenario.work()
    (line,) = scenario.doc(number).lines
    assert (line.received, scenario.doc(number).axes.receipt) == (1, "partial")
    assert scenario.payer.told_kinds == ["receive"], "the ERP was told of no second piece"  # type: ignore[attr-defined]
    assert scenario.frozen() == []


@pytest.mark.parametrize(("status", "state"), [(422, "dead"), (409, "held"), (429, "held")])
def test_what_it_shows_counts_as_its_own_once_it_said_that_it_took_nothing(
    scenario: Scenario, status: int, state: str
) -> None:
    scenario.payer.refuses = status  # type: ignore[attr-defined]
    number = one_of_three_came(scenario)
    deliver_due(scenario.hub)
    assert ("receive", state) in intents(scenario.hub)
    assert scenario.doc(number).lines[0].received == 1
    work_off(scenario.hub, kinds=("recompute",))
    (line,) = scenario.doc(number).lines
    assert line.received == 2, "somebody else received it there"


def test_what_somebody_else_received_there_meanwhile_counts_when_the_write_is_answered(scenario: Scenario) -> None:
    scenario.payer.others = True  # type: ignore[attr-defined]
    number = one_of_three_came(scenario)
    deliver_due(scenario.hub)
    work_off(scenario.hub, kinds=("recompute",))
    assert scenario.doc(number).lines[0].received == 2, "one of ours, and another one"


def shop_shows(scenario: Scenario, *ids: str, total: int | None = None) -> None:
    """The shop shows these pieces that somebody received there, or how many there are in all."""
    shown: list[dict[str, Any]] = [{"id": id, "order_line": "L1", "quantity": "1", "condition": "good"} for id in ids]
    if total is not None:
        shown = [{**one, "quantity": str(total), "total": True} for one in shown]
    scenario.asked(lines={"L1": 3}, receipts=shown)


def asked_whether_the_same(scenario: Scenario, number: int, answer: str) -> None:
    ((_, discrepancy),) = scenario.frozen()
    assert discrepancy.kind == "booked_by_hand"
    scenario.hub.answering.answer(number, discrepancy.question, answer, "Li")


@pytest.mark.parametrize("given_up", ["before", "after", "never"])
@pytest.mark.parametrize(("answer", "pieces"), [("same", 1), ("apart", 2)])
def test_a_piece_that_was_booked_by_hand_where_the_write_was_refused_is_asked_about(
    scenario: Scenario, given_up: str, answer: str, pieces: int
) -> None:
    payer: Any = scenario.payer
    payer.refuses, payer.early = 422, False
    number = one_of_three_came(scenario)
    deliver_due(scenario.hub)
    ((letter,),) = rows(scenario.hub, "SELECT id FROM intents WHERE state = 'dead'")
    if given_up == "before":
        scenario.hub.dead_letters.give_up(letter, "Li", "booked there by hand")
    shop_shows(scenario, "by hand")
    if given_up == "after":
        scenario.hub.dead_letters.give_up(letter, "Li", "booked there by hand")
    deliver_due(scenario.hub)
    assert payer.told_kinds == ["receive"], "nobody is told of a second piece before somebody says that it is one"
    asked_whether_the_same(scenario, number, answer)
    assert (scenario.doc(number).lines[0].received, scenario.frozen()) == (pieces, [])
    shop_shows(scenario, "by hand", "another")
    assert scenario.doc(number).lines[0].received == pieces + 1
    assert len(scenario.frozen()) == (answer == "apart"), "this one may be it; what was booked is not asked about again"


def nobody_knows(scenario: Scenario) -> tuple[int, int]:
    """The write that told the shop of one piece has no answer, and a person is asked; the return and the write."""
    payer: Any = scenario.payer
    payer.lost, payer.names = True, False
    number = one_of_three_came(scenario)
    deliver_due(scenario.hub)
    rows(scenario.hub, "UPDATE intents SET at = at - interval '90 days' RETURNING 1")  # its key is kept no more
    hurry(scenario.hub)
    deliver_due(scenario.hub)
    ((letter, possible),) = rows(scenario.hub, "SELECT id, possible FROM intents WHERE state = 'dead'")
    assert possible
    return number, letter


@pytest.mark.parametrize(("answer", "pieces"), [("same", 1), ("apart", 2)])
def test_what_a_write_of_unknown_outcome_may_have_made_is_asked_about_when_a_person_ends_it(
    scenario: Scenario, answer: str, pieces: int
) -> None:
    number, letter = nobody_knows(scenario)
    assert scenario.doc(number).lines[0].received == 1
    scenario.hub.dead_letters.give_up(letter, "Li", "it is there")
    deliver_due(scenario.hub)
    asked_whether_the_same(scenario, number, answer)
    assert scenario.doc(number).lines[0].received == pieces


def test_what_was_counted_of_another_return_counts_when_the_two_are_one(scenario: Scenario) -> None:
    number, _ = nobody_knows(scenario)
    shown = [{"id": "teapot", "order_line": "L2", "quantity": "1", "condition": "good"}]
    other = scenario.asked("RET-2", {"L2": 1}, at="11:00", receipts=shown)
    assert [line.received for line in scenario.doc(other).lines] == [1]
    scenario.hub.people.link(number, other, "Li")
    assert sorted((line.sku, line.received) for line in scenario.doc(number).lines) == [("MUG", 1), ("TEAPOT", 1)]
    scenario.asked("RET-2", {"L2": 1}, at="11:00", receipts=shown)
    assert sorted((line.sku, line.received) for line in scenario.doc(number).lines) == [("MUG", 1), ("TEAPOT", 1)]


def test_what_was_counted_counts_under_another_name_too(scenario: Scenario) -> None:
    payer: Any = scenario.payer
    payer.early, payer.lost = False, True
    number = one_of_three_came(scenario)
    shop_shows(scenario, "one")
    assert scenario.doc(number).lines[0].received == 2
    deliver_due(scenario.hub)
    shop_shows(scenario, "another name")
    assert scenario.doc(number).lines[0].received == 2
    shop_shows(scenario, "another name", "and one more")
    assert scenario.doc(number).lines[0].received == 2, "this one may be what we wrote"


@pytest.mark.parametrize(("answer", "pieces"), [("same", 1), ("apart", 2)])
def test_goods_that_were_put_away_by_hand_are_asked_about_too(scenario: Scenario, answer: str, pieces: int) -> None:
    number = one_of_three_came(scenario)
    scenario.work()
    payer: Any = scenario.payer
    payer.refuses, payer.early = 422, False
    erp_has(scenario, number, dispositions=[{"id": "D", "line": "1", "quantity": 1, "disposition": "restock"}])
    deliver_due(scenario.hub)
    assert ("dispose", "dead") in intents(scenario.hub)
    own = {"id": "by hand", "order_line": "L1", "quantity": "1", "disposition": "restock"}
    scenario.asked(lines={"L1": 3}, receipts=payer.stands["receipts"], dispositions=[own])
    asked_whether_the_same(scenario, number, answer)
    assert scenario.doc(number).lines[0].disposed == {"restock": pieces}


@pytest.mark.parametrize("early", [False, True])
def test_a_total_counts_our_pieces_once_and_its_own_besides(scenario: Scenario, early: bool) -> None:
    payer: Any = scenario.payer
    scenario.account("erp", "erp", orders_of="web", terms={"decides": True, "asked": [], "listens": []})
    payer.adds_up, payer.early = True, early
    number = one_of_three_came(scenario)
    shop_shows(scenario, "own", total=1)
    assert scenario.doc(number).lines[0].received == 2, "one there, one in the ERP that the shop does not know of"
    deliver_due(scenario.hub)
    shop_shows(scenario, "own", total=2)
    assert scenario.doc(number).lines[0].received == 2
    assert [(r.speaker.account, r.quantity) for r in scenario.doc(number).receipts] == [("erp", 1), ("web", 1)]
    scenario.came("erp", number, id="GR-2")
    deliver_due(scenario.hub)
    work_off(scenario.hub, kinds=("recompute",))
    shop_shows(scenario, "own", total=3)
    assert (scenario.doc(number).lines[0].received, scenario.doc(number).discrepancies) == (3, ())
    assert payer.counted == ([2, 3] if early else [])
    shop_shows(scenario, "own", total=1)
    assert [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies] == ["duplicates_differ"]


def test_a_total_that_grew_by_hand_is_asked_about_and_counts_once(scenario: Scenario) -> None:
    payer: Any = scenario.payer
    scenario.account("erp", "erp", orders_of="web", terms={"decides": True, "asked": [], "listens": []})
    payer.refuses, payer.early = 422, False
    number = one_of_three_came(scenario)
    shop_shows(scenario, "own", total=1)
    deliver_due(scenario.hub)
    shop_shows(scenario, "own", total=2)
    asked_whether_the_same(scenario, number, "same")
    assert (scenario.doc(number).lines[0].received, scenario.frozen()) == (2, [])
