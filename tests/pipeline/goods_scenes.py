"""How the questions about goods come about, which question_scenes.py lists (simulated)."""

from __future__ import annotations

from tests.pipeline.desk import Desk


def received_by_two(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    desk.came("till", number, "T-1")
    desk.owed(number)


def booked_by_hand(desk: Desk) -> None:
    """The till could not be told of a mug that the ERP received, and shows one of its own since."""
    desk.accounts()
    hears = {"asked": ["receive"], "listens": ["received"]}
    desk.account("till", "pos", orders_of="web", url=f"{desk.payer.url}/hub", terms=hears)
    desk.order()
    number = desk.asked(lines={"L1": 2})
    lines, agreed = [{"id": "1", "sku": "MUG", "quantity": 2}], {"value": "authorized"}
    desk.push("till", "return.upsert", "T-1", hub_number=f"R{number}", lines=lines, authorization=agreed)
    desk.came("erp", number)
    desk.work()
    desk.came("till", number, "T-2")
    desk.owed(number)


def a_total_that_grew(desk: Desk) -> None:
    """The till shows one total: it was told of the ERP's mug, and then shows two."""
    desk.payer.books = True
    desk.accounts()
    hears = {"asked": ["receive"], "listens": ["received"]}
    desk.account("till", "pos", orders_of="web", url=f"{desk.payer.url}/hub", terms=hears)
    desk.order(mugs=2)
    number = desk.asked(lines={"L1": 2})
    lines, agreed = [{"id": "1", "sku": "MUG", "quantity": 2}], {"value": "authorized"}
    for shown in (0, 1, 2):
        total = [{"id": "n0", "line": "1", "quantity": shown, "total": True, "condition": "good"}]
        said = {"hub_number": f"R{number}", "lines": lines, "receipts": total}
        desk.push("till", "return.upsert", "T-1", **said, authorization=agreed)
        if not shown:
            desk.came("erp", number)
            desk.work()
    desk.owed(number)
