"""Five mugs are to come back; the ERP tells what came, and a shop books what it is told, or does not (all simulated)."""

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
from tests.pipeline.queries import deliver_due, hurry, rows
from tests.pipeline.scenario import Payer, Scenario

HEARS = {"asked": ["receive", "dispose"], "listens": ["received", "disposed"]}
DEAF: dict[str, Any] = {"asked": [], "listens": []}
OK = {"value": "authorized"}


class Shop(Payer):
    """Books what is missing up to the total that it is told (as one more receipt, or in its one total); or refuses."""

    refuses = 0
    total = False
    told_totals: list[int]
    has: dict[str, int]

    @route("POST", "/hub")
    def carry_out(self, call: Call) -> Any:
        said = call.json()
        kind, (one,) = said["type"], said["data"]["lines"]
        if kind not in ("receive", "dispose"):
            raise Refuse(410, {"message": f"no {kind}"})
        self.told_totals.append(int(one["totals"]["received"]) if kind == "receive" else 0)
        if self.refuses:
            raise Refuse(self.refuses, {"message": "no"})
        id = "all" if self.total else f"n{len(self.has)}"
        self.has[id] = self.has.get(id, 0) + self.told_totals[-1] - sum(self.has.values())
        return {"made": [{"kind": "receipts", "id": id, "fact": fact} for fact in one["facts"]]}


class GoodsScenario(Scenario):
    """A return of five mugs: the ERP tells what came there and is told nothing, the shop is told."""

    payer: Shop

    def begin(self) -> int:
        self.order(mugs=5)
        number = self.asked(lines={"L1": 5})
        self.stands("erp", "C-1", number)
        return number

    def stands(self, account: str, id: str, number: int, **more: Any) -> None:
        lines = [{"id": "1", "sku": "MUG", "quantity": 5}]
        self.push(account, "return.upsert", id, hub_number=f"R{number}", lines=lines, authorization=OK, **more)

    def shows(self, *, total: bool = False, **ids: int) -> None:
        """The shop shows these pieces, beside what it had."""
        self.payer.has |= ids
        one: dict[str, Any] = {"order_line": "L1", "condition": "good", "total": total}
        listed = [{**one, "id": id, "quantity": str(n)} for id, n in self.payer.has.items()]
        self.asked(lines={"L1": 5}, receipts=listed)

    def refused(self, number: int, *pieces: int) -> None:
        """The ERP receives these, and the shop does not take it."""
        self.payer.refuses = self.payer.refuses or 422
        for i, quantity in enumerate(pieces, 1):
            self.came("erp", number, id=f"GR-{i}", quantity=quantity)
            deliver_due(self.hub)

    def undecided(self, number: int) -> None:
        """The ERP receives a piece, and nobody knows whether the shop took it."""
        self.payer.refuses = 502
        self.came("erp", number)
        deliver_due(self.hub)
        rows(self.hub, "UPDATE intents SET at = at - interval '90 days' RETURNING 1")  # its key is kept no more
        hurry(self.hub)
        deliver_due(self.hub)
        assert rows(self.hub, "SELECT possible FROM intents WHERE state = 'dead'") == [(True,)]

    def answer(self, number: int, text: str = "same") -> None:
        ((_, discrepancy),) = self.frozen()
        assert discrepancy.kind == "booked_by_hand"
        self.hub.answering.answer(number, discrepancy.question, text, "Li")
        deliver_due(self.hub)

    def received(self, number: int) -> int:
        return int(self.doc(number).lines[0].received)


@pytest.fixture
def scene(database_url: str, tmp_path: Path) -> Iterator[GoodsScenario]:
    database = Database(database_url)
    with Shop(secret=SECRET) as shop:
        shop.told_totals, shop.has = [], {}
        scene = GoodsScenario(assemble_hub(Settings(data=tmp_path, database_url=database_url), database), shop)
        scene.account("web", "storefront", url=f"{shop.url}/hub", terms=HEARS)
        scene.account("erp", "erp", orders_of="web", terms={"decides": True, **DEAF})
        yield scene
    database.close()


def kit(scene: GoodsScenario) -> int:
    parts = [{"id": sku, "sku": sku, "quantity": 1} for sku in ("LID", "POT")]
    lines = [{"id": "L1", "sku": "SET", "quantity": 5, "shipped": 5, "price": "10.00", "components": parts}]
    scene.push("web", "order.upsert", "O1", number="5001", currency="EUR", total="50", lines=lines)
    number = scene.asked(lines={"L1": 5})
    own = [{"id": "1", "sku": "SET", "quantity": 5}]
    scene.push("erp", "return.upsert", "C-1", hub_number=f"R{number}", lines=own, authorization=OK)
    return number


def in_parts(scene: GoodsScenario, number: int) -> None:
    came = [{"id": sku, "sku": sku, "quantity": 1, "condition": "good"} for sku in ("LID", "POT")]
    scene.push("erp", "receipt.upsert", "GR-1", hub_number=f"R{number}", lines=came)
    deliver_due(scene.hub)
