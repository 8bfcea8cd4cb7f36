"""What was refused because its order was not there yet is asked again when that order comes (simulated)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.generic.sandbox import SECRET, GenericSandbox
from connectors.kit.sandbox import Call, Refuse, route
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario


class Books(GenericSandbox):
    """An ERP that takes a case only for an order that somebody has entered."""

    def setup(self) -> None:
        super().setup()
        self.entered = False
        self.asked: list[dict[str, Any]] = []

    @route("POST", "/hub")
    def carry_out(self, call: Call) -> Any:
        data = call.json()["data"]
        self.asked.append(data)
        if not self.entered:
            raise Refuse(422, {"message": "there is no sale of that number"})
        lines = [{"id": str(i), "sku": line["sku"], "quantity": 1} for i, line in enumerate(data["lines"])]
        case = {"id": "C1", "version": 10**6, "hub_number": data["hub_number"], "order": data["order"], "lines": lines}
        return {"objects": {"return": "C1"}, "records": [{"type": "return.upsert", "data": case}]}


@pytest.fixture
def books() -> Iterator[Books]:
    with Books(secret=SECRET) as running:
        yield running


def test_a_sale_entered_later_wakes_the_return_that_waited_for_it(scenario: Scenario, books: Books) -> None:
    scenario.accounts()
    scenario.account("erp", "erp", orders_of="web", url=f"{books.url}/hub", terms={"decides": True})
    scenario.order()
    number = scenario.asked()
    scenario.work()
    assert len(books.asked) == 1
    scenario.work()
    assert len(books.asked) == 1, "nothing has changed, so it is not asked again"

    books.entered = True
    lines = [{"id": "S1-1", "sku": "MUG", "quantity": 2, "shipped": 2}]
    scenario.push("erp", "order.upsert", "S1", number="5001", currency="EUR", lines=lines)
    scenario.work()
    assert [line.get("order_line") for line in books.asked[-1]["lines"]] == ["S1-1"]
    assert scenario.doc(number).objects["erp"] == {"return": "C1"}
    assert scenario.untold(number, "erp") == []
