"""A system's push that overtakes its answer to our write shows our own goods, not others: they came once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.generic.sandbox import SECRET
from connectors.kit.sandbox import Call, Refuse, route
from hub.boot import assemble_hub
from hub.settings import Settings
from hub.store.database import Database
from tests.pipeline.desk import Desk, Payer
from tests.pipeline.look import intents, told, work_off


class Hasty(Payer):
    """It shows what it was told before it answers, and may answer that it took nothing of it."""

    desk: Desk
    refuses = 0
    """The status of its answer, where it takes nothing."""
    others = False
    """It shows a piece that we know nothing of, too."""
    names = True
    """Its answer says which of its facts it made."""
    told_kinds: list[str]

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
        self.desk.asked(lines={"L1": 2}, **{**self.stands, made: [shown, *more]})
        if not self.refuses:
            self.stands |= {made: [shown, *more]}
        if self.refuses:
            raise Refuse(self.refuses, {"message": "no"})
        facts = [fact for one in data["lines"] for fact in one.get("facts", ())] or data.get("facts", [])
        return {"made": [{"kind": made, "id": "own", "fact": fact} for fact in facts] if self.names else []}

    stands: dict[str, Any]


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    database = Database(database_url)
    with Hasty(secret=SECRET) as shop:
        shop.told_kinds, shop.stands = [], {}
        desk = shop.desk = Desk(assemble_hub(Settings(data=tmp_path, database_url=database_url), database), shop)
        listens = {"asked": ["receive", "dispose"], "listens": ["received", "disposed"]}
        desk.account("web", "storefront", url=f"{shop.url}/hub", terms=listens)
        desk.account("erp", "erp", orders_of="web", terms={"decides": True, **listens}, url=f"{shop.url}/hub")
        yield desk
    database.close()


def one_of_two_came(desk: Desk) -> int:
    """Two mugs are to come back, the ERP has received one; the return's number."""
    desk.order()
    number = desk.asked(lines={"L1": 2})
    desk.push("erp", "return.upsert", "C-1", hub_number=f"R{number}", lines=[{"id": "1", "sku": "MUG", "quantity": 2}],
              authorization={"value": "authorized"})  # fmt: skip
    desk.came("erp", number)
    return number


def test_one_piece_that_the_erp_received_is_one_although_the_shop_shows_it_before_it_answers(desk: Desk) -> None:
    number = one_of_two_came(desk)
    desk.work()
    (line,) = desk.doc(number).lines
    assert (line.received, desk.doc(number).axes.receipt) == (1, "partial")
    assert desk.payer.told_kinds == ["receive"], "the ERP was told of no second piece"  # type: ignore[attr-defined]
    assert desk.frozen() == []


@pytest.mark.parametrize(("status", "state"), [(422, "dead"), (409, "held"), (429, "held")])
def test_what_it_shows_counts_as_its_own_once_it_said_that_it_took_nothing(desk: Desk, status: int, state: str) -> None:
    desk.payer.refuses = status  # type: ignore[attr-defined]
    number = one_of_two_came(desk)
    told(desk.hub)
    assert ("receive", state) in intents(desk.hub)
    assert desk.doc(number).lines[0].received == 1
    work_off(desk.hub, kinds=("weigh",))
    (line,) = desk.doc(number).lines
    assert line.received == 2, "somebody else received it there"


def test_what_somebody_else_received_there_meanwhile_counts_when_the_write_is_answered(desk: Desk) -> None:
    desk.payer.others = True  # type: ignore[attr-defined]
    number = one_of_two_came(desk)
    told(desk.hub)
    work_off(desk.hub, kinds=("weigh",))
    assert desk.doc(number).lines[0].received == 2, "one of ours, and another one"
