"""Square in a hub, with a shop that is not Square's (simulated): an online order comes back over the counter."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connectors.kit.api import WebhookRequest
from connectors.square.sandbox import TOKEN, SquareSandbox, event
from connectors.square.sandbox_counter import LOCATIONS
from hub import configuration
from hub.boot import Hub
from hub.model.schema.returns import Return
from hub.pipeline.intake.accept import accept
from hub.store import inbox
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, document, hurry, intents, written

KEY, ADDRESS = "simulated-signature-key", "http://hub.simulated.example/hooks/pos"
LINE = {"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}


class Euro(SquareSandbox):
    currency = "EUR"


class Counter:
    """Square as a hub's account `pos`: what it raises is brought to the hub by hand."""

    def __init__(self, hub: Hub, sandbox: SquareSandbox) -> None:
        self.hub = hub
        self.sandbox = sandbox
        self.shop = sandbox.state
        sandbox.secret, sandbox.webhooks.url = KEY, None

    def raised(self) -> list[WebhookRequest]:
        """The webhooks of everything that happened since."""
        events, self.shop.events = self.shop.events, []
        return [self._signed(event(*one, self.shop.now())) for one in events]

    def _signed(self, body: Any) -> WebhookRequest:
        raw = msgspec.json.encode(body)
        self.sandbox.webhooks.url = ADDRESS
        headers = dict(self.sandbox.sign("", raw))
        self.sandbox.webhooks.url = None
        return WebhookRequest("POST", "/hooks/pos", headers, raw)

    def bring(self, requests: list[WebhookRequest] | None = None) -> None:
        for request in self.raised() if requests is None else requests:
            arrivals = accept(self.hub.accounts, "pos", request)
            with self.hub.database.begin() as conn:
                inbox.accept(conn, arrivals)


@pytest.fixture
def counter(hub: Hub, connect: Callable[..., None]) -> Iterator[Counter]:
    """The account `pos` at a Square that keeps the orders of `web`, too."""
    connect("web", "fake_shop", base_url="http://127.0.0.1:9")
    with Euro() as sandbox:
        given = {"access_token": TOKEN, "signature_key": [KEY], "notification_url": ADDRESS, "orders_of": "web"}
        settings = {"connector": "square", "settings": {"base_url": sandbox.url, **given}}
        configuration.put(hub, "pos", {**settings, "terms": {"settle": 0, "money": True, "locations": [LOCATIONS[0]]}})
        yield Counter(hub, sandbox)


def only(hub: Hub) -> Return:
    (found,) = all_returns(hub)
    return document(hub, found.id)


def test_an_online_order_that_comes_back_over_the_counter_finds_its_shop(
    hub: Hub,
    connect: Callable[..., None],
    shop: Remote,
    counter: Counter,
    work: Callable[..., int],
    deliver: Callable[..., None],
) -> None:
    connect("web", "fake_shop", base_url=shop.url, terms={"holds_money": False})
    shop.do("buy", order="12", lines=[LINE])
    deliver(shop, "web")
    work()
    sale = counter.shop.sell({"SHIRT-M": 2}, reference="12")
    counter.shop.events.clear()  # the hub never hears of the sale itself
    counter.shop.take_back(sale["id"], {"SHIRT-M": 1})
    counter.bring()
    work()
    ret = only(hub)
    assert ret.origin == "counter"
    ((home, number),) = {(order.home, order.number) for order in ret.orders}
    assert (home, number) == ("web", "12")
    (line,) = ret.lines
    assert line.key == "web/12/L1"
    assert dict(line.order_lines) == {"web": "L1", "pos": sale["line_items"][0]["uid"]}
    assert (line.received, ret.axes.settlement) == (Decimal(1), "pending")
    counter.shop.settle(next(iter(counter.shop.refunds)))
    counter.bring()
    work()
    ret = only(hub)
    assert (ret.money.refunded, ret.axes.settlement) == (Decimal("79.00"), "settled")
    assert not ret.discrepancies
    assert intents(hub) == [], "nothing is paid or made twice"


def test_money_held_at_square_is_paid_back_there_and_found_again_without_its_lines(
    hub: Hub,
    connect: Callable[..., None],
    stock: Remote,
    counter: Counter,
    work: Callable[..., int],
    deliver: Callable[..., None],
) -> None:
    connect("erp", "fake_stock", base_url=stock.url, orders_of="pos", terms={"decides": True})
    sale = counter.shop.sell({"SHIRT-M": 2})
    counter.bring()
    stock.do("open", order=sale["id"], lines=[{**LINE, "quantity": 1}])
    deliver(stock, "erp")
    work()
    (created,) = stock.get("state")
    stock.do("authorize", id=created)
    stock.do("arrive", id=created, line="SHIRT-M", quantity=1, condition="good")
    stock.do("post_credit", id=created, amount="79.00")
    deliver(stock, "erp")
    work()
    ((refund_id, refund),) = counter.shop.refunds.items()
    (found,) = all_returns(hub)
    assert refund["payment_id"] == sale["tenders"][0]["id"]
    assert refund["reason"].startswith(f"Returns Hub {written(hub, 'pos', found.id)} / ")
    assert counter.shop.orders[refund["order_id"]]["returns"][0]["return_line_items"][0]["item_type"] == "CUSTOM_AMOUNT"
    counter.shop.settle(refund_id)
    counter.bring()
    work()
    hurry(hub)
    work()
    ret = only(hub)
    assert (ret.money.refunded, ret.money.due, ret.axes.settlement) == (Decimal("79.00"), Decimal(0), "settled")
    assert [effect["kind"] for effect in counter.sandbox.effects] == ["refund"]
    assert [kind for kind, _ in intents(hub) if kind == "refund"] == ["refund"]


@pytest.mark.proves("order", "square")
def test_any_order_and_number_of_the_pushes_tells_the_same_return(
    hub: Hub,
    counter: Counter,
    work: Callable[..., int],
    seed: int,
) -> None:
    chance = random.Random(seed)
    sale = counter.shop.sell({"SHIRT-M": 2})
    counter.shop.take_back(sale["id"], {"SHIRT-M": 2}, buys={"MUG": 1})
    early = counter.raised()
    refund_id = next(iter(counter.shop.refunds))
    counter.shop.settle(refund_id)
    pushes = [*early, *counter.raised(), *early]
    chance.shuffle(pushes)
    for push in pushes:
        counter.bring([push])
        if chance.random() < 0.4:
            work()
    work()
    ret = only(hub)
    assert (ret.origin, ret.axes.exchange, ret.axes.settlement) == ("counter", "delivered", "settled")
    assert ret.money.refunded == Decimal("145.50")
    assert [line.received for line in ret.lines] == [Decimal(2)]
    counter.bring(early)  # late, and long known
    work()
    assert only(hub) == ret


@pytest.mark.parametrize("lag", [False, True], ids=["as it is", "the payment lags"])
def test_a_return_heard_of_before_its_refund_is_not_paid_again(
    hub: Hub, counter: Counter, work: Callable[..., int], lag: bool
) -> None:
    sale = counter.shop.sell({"SHIRT-M": 2})
    back = counter.shop.take_back(sale["id"], {"SHIRT-M": 1})
    refunds = [push for push in counter.raised() if b'"refund"' in push.body]
    payment = counter.shop.payments[sale["tenders"][0]["id"]]
    if lag:
        known = payment.pop("refund_ids")
    counter.shop.events.append(("order.updated", back["id"], {"order_updated": {"order_id": back["id"]}}))
    counter.bring()
    work()
    ret = only(hub)
    assert (ret.money.pending, ret.money.due) == (Decimal("79.00"), Decimal(0))
    if lag:
        payment["refund_ids"] = known
    counter.bring(refunds)
    work()
    counter.shop.settle(next(iter(counter.shop.refunds)))
    counter.bring()
    work()
    ret = only(hub)
    assert (ret.money.refunded, ret.money.pending) == (Decimal("79.00"), Decimal(0))
    assert not ret.discrepancies
    assert intents(hub) == []
    assert len(counter.shop.refunds) == 1


def test_what_a_clerk_is_about_to_pay_the_hub_does_not(hub: Hub, counter: Counter, work: Callable[..., int]) -> None:
    """The order of a return may be seen complete before its refund is made."""
    sale = counter.shop.sell({"SHIRT-M": 2})
    back = counter.shop.take_back(sale["id"], {"SHIRT-M": 1})
    counter.shop.refunds.clear()
    counter.shop.payments[sale["tenders"][0]["id"]].pop("refund_ids")
    del back["refunds"]
    counter.bring([push for push in counter.raised() if b'"refund"' not in push.body])
    work()
    assert only(hub).money.agreed is None
    assert intents(hub) == []


def test_a_disposition_told_elsewhere_is_booked_into_stock_once(
    hub: Hub, counter: Counter, work: Callable[..., int]
) -> None:
    sale = counter.shop.sell({"SHIRT-M": 2})
    counter.shop.take_back(sale["id"], {"SHIRT-M": 1})
    counter.bring()
    work()
    (found,) = all_returns(hub)
    put = {"id": "D1", "sku": "SHIRT-M", "quantity": "1", "disposition": "scrap", "location": LOCATIONS[0]}
    hub.people.decide(found.id, {"dispositions": [put]}, "Ann (simulated)")
    work()
    hurry(hub)
    work()
    moves = [
        (row["from_state"], row["to_state"]) for row in counter.shop.adjustments.values() if "transaction_id" not in row
    ]
    assert moves == [("UNLINKED_RETURN", "IN_STOCK"), ("IN_STOCK", "WASTE")]
    assert intents(hub) == [("dispose", "done")]
    (disposition,) = only(hub).dispositions
    assert (disposition.disposition, disposition.quantity, set(disposition.known_to)) == (
        "scrap",
        Decimal(1),
        {"hub", "pos"},
    )
    assert dict(all_returns(hub)[0].sync)["pos"] == "in_sync"


def test_money_that_moved_elsewhere_is_written_down_and_counts_once(
    hub: Hub, counter: Counter, work: Callable[..., int]
) -> None:
    sale = counter.shop.sell({"SHIRT-M": 2})
    counter.shop.take_back(sale["id"], {"SHIRT-M": 1}, buys={"SHIRT-L": 1})
    counter.bring()
    work()
    (found,) = all_returns(hub)
    part = {"amount": "10.00", "state": "succeeded", "method": "offline"}
    hub.people.decide(found.id, {"refunds": [{"id": "F1", "currency": "EUR", "parts": [part]}]}, "Ann (simulated)")
    work()
    ((refund_id, refund),) = counter.shop.refunds.items()
    assert (refund["unlinked"], refund["destination_type"]) == (True, "EXTERNAL")
    counter.shop.settle(refund_id)
    counter.bring()
    work()
    hurry(hub)
    work()
    ret = only(hub)
    assert ret.money.refunded == Decimal("10.00")
    assert [discrepancy.kind for discrepancy in ret.discrepancies] == ["over_refunded"], "an even exchange owes nothing"
    assert [effect["kind"] for effect in counter.sandbox.effects] == ["refund"]
    assert intents(hub) == [("record_refund", "done")]


def test_a_tip_that_goes_back_is_no_shirts_money_and_leaves_all_of_the_other_shirt_to_pay(
    hub: Hub, counter: Counter, work: Callable[..., int]
) -> None:
    sale = counter.shop.sell({"SHIRT-M": 2}, tip=1000)
    counter.shop.take_back(sale["id"], {}, tip=1000, reason="Tip")
    counter.shop.take_back(sale["id"], {"SHIRT-M": 1})
    for refund_id in list(counter.shop.refunds):
        counter.shop.settle(refund_id)
    counter.bring()
    work()
    ret = only(hub)
    assert (ret.money.agreed, ret.money.refunded, ret.money.unplaced) == (79, 79, 0)
    assert (ret.money.captured, ret.money.refundable, ret.discrepancies) == (168, 79, ())
