"""A return between the simulated Shopify and a fake stock book, through the hub's own pipeline, hop by hop.

Each effect is counted where it happens; after all echoes came back nothing is told twice.
"""

# ruff: noqa: F811  (fixtures of the pipeline's tests are used by their names)

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.kit.api import WebhookRequest
from hub import configuration
from hub.boot import Hub
from hub.pipeline.accept import accept
from hub.store import console, inbox
from tests.connectors.shopify_side import Remote as Shop
from tests.pipeline.conftest import connect, deliver, hub, post, stock, work  # noqa: F401
from tests.pipeline.fakes.play import Remote
from tests.pipeline.look import document, founded, intents, rows


class Heard(Shop):
    """The shop, and what it has to tell, in order; nobody hears it but the test."""

    def setup(self) -> None:
        self.waiting: list[WebhookRequest] = []
        super().setup()

    def webhook(self, topic: str, body: Any) -> None:
        self.waiting.append(self.pushed(topic, body))


@pytest.fixture
def shop() -> Iterator[Heard]:
    with Heard() as running:
        yield running


@pytest.fixture
def bring(hub: Hub, shop: Heard) -> Callable[[], None]:
    """Every webhook that waits, into the hub; each of them twice, the last first."""

    def all_of_them() -> None:
        waiting, shop.waiting[:] = list(shop.waiting), []
        for request in (*reversed(waiting), *waiting):
            arrivals = accept(hub.accounts, "shop", request)
            with hub.database.begin() as conn:
                inbox.accept(conn, arrivals)

    return all_of_them


@pytest.mark.proves("echo", "shopify")
def test_a_return_travels_both_ways(
    hub: Hub,
    shop: Heard,
    stock: Remote,
    connect: Callable[..., None],
    work: Callable[..., int],
    deliver: Callable[..., None],
    bring: Callable[[], None],
) -> None:
    wanted = {"connector": "shopify", "settings": shop.settings(), "terms": {"settle": 0, "money": True}}
    configuration.put(hub, "shop", wanted)
    connect("erp", "fake_stock", base_url=stock.url, orders_of="shop", terms={"decides": True})

    shop.moved("request", shop.asked)
    shop.effects.clear()
    bring()
    work()
    (created,) = stock.get("state").values()
    assert [(line["sku"], line["quantity"]) for line in created["lines"]] == [("SHIRT-M", 2)]

    stock.do("authorize", id=created["id"])
    deliver(stock, "erp")
    work()
    assert shop.asked["status"] == "OPEN"

    stock.do("arrive", id=created["id"], line="SHIRT-M", quantity=1, condition="good")
    deliver(stock, "erp")
    work()
    bring()
    work()
    assert shop.state.records[shop.line]["processedQuantity"] == 1

    stock.do("arrive", id=created["id"], line="SHIRT-M", quantity=1, condition="good")
    stock.do("post_credit", id=created["id"], amount="40.00")
    deliver(stock, "erp")
    work()
    bring()
    deliver(stock, "erp")
    work()

    assert [effect["kind"] for effect in shop.effects] == ["approve", "process", "process", "refund"]
    assert [effect["amount"] for effect in shop.effects if "amount" in effect] == ["40.00"]
    (found,) = founded(hub)
    assert (found.status, found.doc.discrepancies) == ("completed", ())
    assert dict(found.sync) == {"shop": "in_sync", "erp": "in_sync"}
    assert {state for _, state in intents(hub)} == {"done"}
    (line,) = document(hub, found.id).lines
    assert (line.quantity, line.received) == (2, 2)
    assert found.doc.money.refunded == 40


def test_a_decline_in_shopify_is_known_though_no_webhook_told_and_no_search_finds_it(
    hub: Hub,
    shop: Heard,
    stock: Remote,
    connect: Callable[..., None],
    work: Callable[..., int],
    bring: Callable[[], None],
) -> None:
    """The sweep never finds a declined return; what the hub believes open is read again."""
    wanted = {"connector": "shopify", "settings": shop.settings(), "terms": {"settle": 0, "decides": True}}
    configuration.put(hub, "shop", wanted)
    connect("erp", "fake_stock", base_url=stock.url, orders_of="shop")
    shop.moved("request", shop.asked)
    bring()
    work()
    shop.mutate_returnDeclineRequest({"id": shop.asked["id"], "declineReason": "FINAL_SALE"})
    shop.waiting.clear()
    with hub.database.begin() as conn:
        assert hub.reconcile.sweep(conn, "shop") == 1
    work()
    (found,) = founded(hub)
    assert (found.status, found.doc.axes.authorization.account) == ("rejected", "shop")
    assert "Declined, a final sale" in [note.value.text for note in found.doc.notes]


def test_a_privacy_request_waits_for_a_person(
    hub: Hub, shop: Heard, work: Callable[..., int], bring: Callable[[], None]
) -> None:
    configuration.put(hub, "shop", {"connector": "shopify", "settings": shop.settings()})
    customer = {"id": 191167, "email": "simulated@example.com"}
    order = int(shop.order["id"].rpartition("/")[2])
    told = {"shop_id": 1, "customer": customer, "orders_to_redact": [order]}
    shop.waiting.append(shop.pushed("customers/redact", told))
    bring()
    work()
    with hub.database.begin() as conn:
        (unbound,) = console.search(conn, unbound=True).rows
    assert unbound.order_number == "#1001"
    ((fragment,),) = rows(hub, "SELECT convert_from(fragment, 'UTF8') FROM observations WHERE stream = 'privacy'")
    assert "Shopify asks to forget a customer (1 order(s), customer 191167)" in fragment
    kept = rows(hub, "SELECT count(*) FROM raw WHERE convert_from(body, 'UTF8') LIKE '%simulated@example.com%'")
    assert kept == [(0,)]
