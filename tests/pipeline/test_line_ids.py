"""Lines whose ids are unique within their return only: what most scripts and sheets write (all data simulated)."""

from __future__ import annotations

from decimal import Decimal

from tests.pipeline.desk import Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.look import all_returns

GOODS = ("MUG", "PLATE")


def sold(desk: Desk) -> None:
    """A mug and a plate; a depot that numbers the lines of each return from 1 and knows articles only."""
    desk.account("shop", "storefront", terms={"listens": []})
    desk.account("depot", "wms", orders_of="shop", url=f"{desk.payer.url}/hub", terms={})
    lines = [{"id": f"L-{sku}", "sku": sku, "quantity": 1, "shipped": 1, "price": "10.00"} for sku in GOODS]
    desk.push("shop", "order.upsert", "O1", number="#1", currency="EUR", lines=lines)


def asked(desk: Desk, name: str, *skus: str) -> int:
    lines = [{"id": f"{name}-{sku}", "order_line": f"L-{sku}", "sku": sku, "quantity": 1} for sku in skus]
    said = {"authorization": {"value": "authorized"}, "order": {"id": "O1", "number": "#1"}, "lines": lines}
    desk.push("shop", "return.upsert", name, currency="EUR", **said)
    desk.work()
    return max(found.id for found in all_returns(desk.hub))


def came(desk: Desk, number: int, name: str) -> None:
    """The depot tells of its line 1, by its id only."""
    receipt = {"id": f"GR-{name}", "line": "1", "quantity": 1, "condition": "good"}
    desk.push("depot", "return.upsert", f"D-{name}", hub_number=f"R{number}", receipts=[receipt])


def received(desk: Desk, number: int) -> dict[str | None, Decimal | None]:
    return {line.sku: line.received for line in desk.doc(number).lines}


def test_line_ids_of_one_return_say_nothing_of_another_return(desk: Desk) -> None:
    sold(desk)
    for name, sku in zip("AB", GOODS, strict=True):
        number = asked(desk, name, sku)
        assert [line["id"] for line in desk.payer.created[-1]] == ["1"]
        came(desk, number, name)
        assert received(desk, number) == {sku: 1}
    assert desk.frozen() == []


def test_line_ids_of_one_record_say_nothing_of_another_record(desk: Desk) -> None:
    sold(desk)
    number = asked(desk, "A", *GOODS)
    for sku in GOODS:  # the depot splits what comes in two parcels
        lines = [{"id": "1", "sku": sku, "quantity": 1}]
        receipts = [{"id": f"GR-{sku}", "line": "1", "quantity": 1, "condition": "good"}]
        desk.push("depot", "return.upsert", f"P-{sku}", hub_number=f"R{number}", lines=lines, receipts=receipts)
    assert received(desk, number) == {"MUG": 1, "PLATE": 1}
    assert {asked.kind for _, asked in desk.frozen()} == {"doubled"}, "whether the records are one return is asked"
