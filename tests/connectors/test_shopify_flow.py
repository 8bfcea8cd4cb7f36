"""A return between the simulated Shopify and a fake stock book, through the hub's own pipeline, hop by hop.

Each effect is counted where it happens; after all echoes came back nothing is told twice.
"""

# ruff: noqa: F811  (fixtures of the pipeline's tests are used by their names)

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.kit.api import WebhookRequest
from hub import configuration
from hub.actions.people import NotNow
from hub.boot import Hub
from hub.pipeline.intake.accept import accept
from hub.store import inbox, reviews
from tests.connectors.shopify_side import Remote as Shop
from tests.dump import dump
from tests.pipeline.conftest import connect, deliver, hub, post, stock, work  # noqa: F401
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, document, intents, rows


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
    (found,) = all_returns(hub)
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
    (found,) = all_returns(hub)
    assert (found.status, found.doc.axes.authorization.account) == ("rejected", "shop")
    assert "Declined, a final sale" in [note.value.text for note in found.doc.notes]


NOTE = "Jo says: too tight at the shoulders (simulated)"
CUSTOMER = {"id": 191167, "email": "simulated@example.com", "phone": "555-0100"}


@pytest.fixture
def asked(hub: Hub, shop: Heard, work: Callable[..., int], bring: Callable[[], None]) -> Callable[..., dict[str, Any]]:
    """asked("customers/redact"): a return with a customer's words is known, then Shopify asks; the open question."""

    def play(topic: str, **more: Any) -> dict[str, Any]:
        configuration.put(hub, "shop", {"connector": "shopify", "settings": shop.settings()})
        shop.state.records[shop.line]["customerNote"] = NOTE
        shop.moved("request", shop.asked)
        bring()
        work()
        assert NOTE in dump(hub.database)
        shop.waiting.append(shop.pushed(topic, {"shop_id": 1, "shop_domain": "127.0.0.1", **more}))
        bring()
        work()
        with hub.database.begin() as conn:
            (question,) = reviews.open_reviews(conn)
        assert question["kind"] == "privacy"
        return question

    return play


def number(shop: Heard) -> int:
    return int(shop.order["id"].rpartition("/")[2])


def state(hub: Hub) -> list[tuple[Any, ...]]:
    return rows(hub, "SELECT state FROM reviews")


def test_shopify_asks_to_forget_a_customer_and_a_person_does_it(
    hub: Hub, shop: Heard, work: Callable[..., int], bring: Callable[[], None], asked: Callable[..., dict[str, Any]]
) -> None:
    question = asked("customers/redact", customer=CUSTOMER, orders_to_redact=[number(shop)])
    assert question["detail"]["orders"] == [shop.order["id"]]
    due = datetime.fromisoformat(question["detail"]["due"]) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < due <= timedelta(days=30)
    assert "To be done by" in question["text"]
    assert "simulated@example.com" not in dump(hub.database)
    assert NOTE in dump(hub.database), "nobody has done it yet"
    (before,) = all_returns(hub)
    assert hub.privacy.carry_out(question["id"], "tester") == 3
    assert state(hub) == [("erased",)]
    text = dump(hub.database)
    assert (NOTE in text, "191167" in text) == (False, False)
    shop.moved("approve", shop.asked)
    shop.state.records[shop.asked["id"]]["status"] = "OPEN"
    bring()
    work()
    (after,) = all_returns(hub)
    assert after.doc.axes.authorization.value == "authorized", "it was read again"
    assert [line.quantity for line in after.doc.lines] == [line.quantity for line in before.doc.lines]
    assert NOTE not in dump(hub.database)
    with pytest.raises(NotNow):
        hub.privacy.carry_out(question["id"], "tester")


def test_shopify_asks_what_is_kept_and_nothing_is_erased(hub: Hub, shop: Heard, asked: Any) -> None:
    more = {"data_request": {"id": 9999}, "orders_requested": [number(shop)]}
    question = asked("customers/data_request", customer=CUSTOMER, **more)
    found = hub.privacy.find(f"shop:{question['detail']['orders'][0]}")
    assert {one.stream for one in found} == {"order", "return", "privacy"}
    assert hub.privacy.carry_out(question["id"], "tester") == 0
    assert state(hub) == [("answered",)]
    assert NOTE in dump(hub.database)


def test_shopify_asks_to_forget_the_shop(hub: Hub, shop: Heard, asked: Any) -> None:
    question = asked("shop/redact")
    assert hub.privacy.carry_out(question["id"], "tester") == 3
    assert NOTE not in dump(hub.database)
    assert state(hub) == [("erased",)]
    assert len(all_returns(hub)) == 1
