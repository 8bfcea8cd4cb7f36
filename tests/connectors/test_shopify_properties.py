"""Sequences that nobody has recorded, simulated: whatever people do in the shop, and however its webhooks come.

The pushes are change notifications, so their order and number must not matter; what is read says the same as the shop; an old push that
comes late brings back no state that was left.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kit import registry
from connectors.kit.api import Changed, WebhookRequest
from connectors.shopify.connector import Shopify
from connectors.shopify.sandbox_shop import Record
from connectors.shopify.sandbox_writes import Refusal
from hub import schema
from hub.model.schema.fragment import Fragment
from mappings.engine import Mapping, read_json
from tests.connectors.shopify_side import Remote, connect

DICTIONARY = Mapping.load(registry.load("shopify").mapping)
STEPS = ("approve", "decline", "cancel", "close", "reopen", "remove", "process", "restock", "miss", "track", "refund")
ENDS = {"DECLINED": "rejected", "CANCELED": "cancelled"}


class Pushing(Remote):
    """Keeps its webhooks for whoever brings them."""

    def setup(self) -> None:
        self.waiting: list[WebhookRequest] = []
        super().setup()

    def webhook(self, topic: str, body: Any) -> None:
        self.waiting.append(self.pushed(topic, body))


@pytest.fixture(scope="module")
def shop() -> Iterator[Pushing]:
    with Pushing() as running:
        running.maximum = running.available = 1e9
        yield running
    registry.close()


@pytest.fixture(scope="module")
def shopify(shop: Pushing) -> Shopify:
    return connect(shop)


def take(shop: Pushing, order: Record, record: Record, step: str, pieces: int) -> None:
    """One step of people in the shop; what the shop refuses has not happened."""
    name, lines = record["id"], shop.state.all(record["returnLineItems"])
    reverse = shop.state.all(record["reverseFulfillmentOrders"])
    put = {"RESTOCKED": "restock", "MISSING": "miss"}
    doing: dict[str, Callable[[], Any]] = {
        "approve": lambda: shop.mutate_returnApproveRequest({"id": name}),
        "decline": lambda: shop.mutate_returnDeclineRequest({"id": name, "declineReason": "OTHER"}),
        "cancel": lambda: shop.mutate_returnCancel(name),
        "close": lambda: shop.mutate_returnClose(name),
        "reopen": lambda: shop.mutate_returnReopen(name),
        "remove": lambda: shop.mutate_removeFromReturn(
            name, [{"returnLineItemId": line["id"], "quantity": pieces} for line in lines[:1]]
        ),
        "process": lambda: shop.mutate_returnProcess(
            {"returnId": name, "returnLineItems": [{"id": line["id"], "quantity": pieces} for line in lines[:1]]}
        ),
        "track": lambda: shop.mutate_reverseDeliveryCreateWithShipping(
            reverse[0]["id"], [], {"number": f"SIM{pieces}"}
        ),
        "refund": lambda: shop.mutate_refundCreate(
            {
                "orderId": order["id"],
                "transactions": [{"amount": f"{pieces}.50", "parentId": order["transactions"][0].id}],
            },
            {"idempotent": {"key": f"simulated-{len(shop.state.keys)}"}},
            "2026-07",
        ),
    }
    for word, called in put.items():
        doing[called] = lambda word=word: shop.mutate_reverseFulfillmentOrderDispose(
            [
                {"reverseFulfillmentOrderLineItemId": line.id, "quantity": pieces, "dispositionType": word}
                for line in reverse[0]["lineItems"][:1]
            ]
        )
    try:
        doing[step]()
    except (Refusal, IndexError):
        return


def fragment(shop: Pushing, message: Any) -> Fragment:
    fields = DICTIONARY.read(message.stream, read_json(message.body), shop.settings(), account="here")
    return schema.fragment(fields)


@pytest.mark.proves("order", "shopify")
@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 3)), max_size=12), st.randoms(use_true_random=False))
def test_order_and_number_of_pushes_do_not_matter(
    shop: Pushing, shopify: Shopify, steps: list[tuple[str, int]], order_of: random.Random
) -> None:
    order = shop.state.place({"SHIRT-M": 4})
    record = shop.ask_for(order, 3)
    shop.waiting.clear()
    for step, pieces in steps:
        take(shop, order, record, step, pieces)
    pushed = [request for request in shop.waiting for _ in range(order_of.randint(1, 2))]
    order_of.shuffle(pushed)

    seen: dict[tuple[str, str], bytes] = {}
    for request in pushed:
        for changed in shopify.accept(request):
            assert isinstance(changed, Changed)
            message = shopify.fetch(changed.stream, changed.external_id)
            before = seen.setdefault((message.stream, message.external_id), message.body)
            assert before == message.body, "two reads of one state differ: it would be news each time"
    for (stream, external_id), body in seen.items():
        assert shopify.fetch(stream, external_id).body == body
    if any(effect.get("id") == record["id"] for effect in shop.effects):
        assert ("return", record["id"]) in seen, "a step was made, and no push led to the return"


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 3)), max_size=12))
def test_what_is_read_is_what_the_shop_says(shop: Pushing, shopify: Shopify, steps: list[tuple[str, int]]) -> None:
    order = shop.state.place({"SHIRT-M": 4})
    record = shop.ask_for(order, 3)
    left: set[str] = set()
    for step, pieces in steps:
        left.add(record["status"])
        take(shop, order, record, step, pieces)
        said = fragment(shop, shopify.fetch("return", record["id"]))
        assert said.authorization.value == ENDS.get(record["status"], said.authorization.value)
        if left & set(ENDS):
            assert said.authorization.value in ENDS.values(), "an end was left"
        asked = sum((line.quantity for line in said.lines), Decimal(0))
        received = sum((receipt.quantity for receipt in said.receipts), Decimal(0))
        missing = sum((finding.quantity for finding in said.inspections), Decimal(0))
        assert received + missing <= max(asked, missing)
        assert (
            received >= sum(line["processedQuantity"] for line in shop.state.all(record["returnLineItems"])) - missing
        )
    money = fragment(shop, shopify.fetch("order", order["id"]))
    (payment,) = money.order.payments
    back = sum((part.amount for refund in money.refunds for part in refund.parts), Decimal(0))
    assert back == payment.refunded <= payment.captured
