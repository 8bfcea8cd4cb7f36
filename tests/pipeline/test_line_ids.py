"""Lines whose ids are unique within their return only: what most scripts and sheets write (all data simulated)."""

from __future__ import annotations

from decimal import Decimal

from tests.pipeline.queries import all_returns
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario

GOODS = ("MUG", "PLATE")


def sold(scenario: Scenario) -> None:
    """A mug and a plate; a depot that numbers the lines of each return from 1 and knows articles only."""
    scenario.account("shop", "storefront", terms={"listens": []})
    scenario.account("depot", "wms", orders_of="shop", url=f"{scenario.payer.url}/hub", terms={})
    lines = [{"id": f"L-{sku}", "sku": sku, "quantity": 1, "shipped": 1, "price": "10.00"} for sku in GOODS]
    scenario.push("shop", "order.upsert", "O1", number="#1", currency="EUR", lines=lines)


def asked(scenario: Scenario, name: str, *skus: str) -> int:
    lines = [{"id": f"{name}-{sku}", "order_line": f"L-{sku}", "sku": sku, "quantity": 1} for sku in skus]
    said = {"authorization": {"value": "authorized"}, "order": {"id": "O1", "number": "#1"}, "lines": lines}
    scenario.push("shop", "return.upsert", name, currency="EUR", **said)
    scenario.work()
    return max(found.id for found in all_returns(scenario.hub))


def came(scenario: Scenario, number: int, name: str) -> None:
    """The depot tells of its line 1, by its id only."""
    receipt = {"id": f"GR-{name}", "line": "1", "quantity": 1, "condition": "good"}
    scenario.push("depot", "return.upsert", f"D-{name}", hub_number=f"R{number}", receipts=[receipt])


def received(scenario: Scenario, number: int) -> dict[str | None, Decimal | None]:
    return {line.sku: line.received for line in scenario.doc(number).lines}


def test_line_ids_of_one_return_say_nothing_of_another_return(scenario: Scenario) -> None:
    sold(scenario)
    for name, sku in zip("AB", GOODS, strict=True):
        number = asked(scenario, name, sku)
        assert [line["id"] for line in scenario.payer.created[-1]] == ["1"]
        came(scenario, number, name)
        assert received(scenario, number) == {sku: 1}
    assert scenario.frozen() == []


def test_line_ids_of_one_record_say_nothing_of_another_record(scenario: Scenario) -> None:
    sold(scenario)
    number = asked(scenario, "A", *GOODS)
    for sku in GOODS:  # the depot splits what comes in two parcels
        lines = [{"id": "1", "sku": sku, "quantity": 1}]
        receipts = [{"id": f"GR-{sku}", "line": "1", "quantity": 1, "condition": "good"}]
        scenario.push("depot", "return.upsert", f"P-{sku}", hub_number=f"R{number}", lines=lines, receipts=receipts)
    assert received(scenario, number) == {"MUG": 1, "PLATE": 1}
    assert {asked.kind for _, asked in scenario.frozen()} == {"doubled"}, "whether the records are one return is asked"
