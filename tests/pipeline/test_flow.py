"""One return between two fake systems (simulated), hop by hop; shown by what stands in the remote afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.boot import Hub
from hub.store import console
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import written


def only_return(hub: Hub) -> Any:
    with hub.database.begin() as conn:
        (found,) = console.search(conn).rows
    return found


def test_a_return_travels_both_ways(
    hub: Hub, both: None, shop: Remote, stock: Remote, work: Callable[..., int], deliver: Callable[..., None]
) -> None:
    shop.do("buy", order="12", lines=[{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}])
    asked = shop.do("request", order="12", lines=[{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}])
    deliver(shop, "web")
    work()
    (created,) = stock.get("state").values()
    assert created["reference"] == written(hub, "erp", only_return(hub).id)
    assert created["lines"][0]["quantity"] == 2

    stock.do("authorize", id=created["id"])
    stock.do("arrive", id=created["id"], line="SHIRT-M", quantity=1, condition="good")
    deliver(stock, "erp")
    work()
    assert [r["quantity"] for r in shop.get("state")[asked["id"]]["receipts"]] == [1]

    stock.do("arrive", id=created["id"], line="SHIRT-M", quantity=1, condition="damaged")
    deliver(stock, "erp")
    work()
    assert [r["condition"] for r in shop.get("state")[asked["id"]]["receipts"]] == ["good", "damaged"]

    stock.do("post_credit", id=created["id"], amount="158.00")
    deliver(stock, "erp")
    work()
    assert [r["amount"] for r in shop.get("state")[asked["id"]]["refunds"]] == ["158.00"]

    for remote, account in ((shop, "web"), (stock, "erp")):
        deliver(remote, account)
    assert work() > 0
    found = only_return(hub)
    assert (found.status, found.doc.discrepancies) == ("completed", ())
    assert dict(found.sync) == {"web": "in_sync", "erp": "in_sync"}
    assert [effect["what"] for effect in shop.get("effects")] == ["receive", "receive", "refund"]
    assert [effect["what"] for effect in stock.get("effects")] == ["create"]
