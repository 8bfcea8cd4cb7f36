"""How the questions about goods come about, which question_scenes.py lists (simulated)."""

from __future__ import annotations

from tests.pipeline.scenario import Scenario


def received_by_two(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.came("till", number, "T-1")
    scenario.owed(number)


def booked_by_hand(scenario: Scenario) -> None:
    """The till could not be told of a mug that the ERP received, and shows one of its own since."""
    scenario.accounts()
    hears = {"asked": ["receive"], "listens": ["received"]}
    scenario.account("till", "pos", orders_of="web", url=f"{scenario.payer.url}/hub", terms=hears)
    scenario.order()
    number = scenario.asked(lines={"L1": 2})
    lines, agreed = [{"id": "1", "sku": "MUG", "quantity": 2}], {"value": "authorized"}
    scenario.push("till", "return.upsert", "T-1", hub_number=f"R{number}", lines=lines, authorization=agreed)
    scenario.came("erp", number)
    scenario.work()
    scenario.came("till", number, "T-2")
    scenario.owed(number)


def a_total_that_grew(scenario: Scenario) -> None:
    """The till shows one total: it was told of the ERP's mug, and then shows two."""
    scenario.payer.books = True
    scenario.accounts()
    hears = {"asked": ["receive"], "listens": ["received"]}
    scenario.account("till", "pos", orders_of="web", url=f"{scenario.payer.url}/hub", terms=hears)
    scenario.order(mugs=2)
    number = scenario.asked(lines={"L1": 2})
    lines, agreed = [{"id": "1", "sku": "MUG", "quantity": 2}], {"value": "authorized"}
    for shown in (0, 1, 2):
        total = [{"id": "n0", "line": "1", "quantity": shown, "total": True, "condition": "good"}]
        said = {"hub_number": f"R{number}", "lines": lines, "receipts": total}
        scenario.push("till", "return.upsert", "T-1", **said, authorization=agreed)
        if not shown:
            scenario.came("erp", number)
            scenario.work()
    scenario.owed(number)
