"""Our number in other systems: what the hub wrote there binds, what somebody typed joins nothing (simulated shop and ERP)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.kit.api import WebhookRequest
from hub import configuration
from hub.boot import Hub
from hub.pipeline.intake.accept import accept
from hub.store import inbox
from tests.connectors.shopify_side import Remote
from tests.pipeline.channels import complaint, order, questions, request, whose
from tests.pipeline.queries import all_returns, document, rows, written

Post = Callable[[str, Any], list[bool]]
Work = Callable[..., int]


@pytest.fixture
def opened(channels: Callable[..., None], hub: Hub, post: Post, work: Work) -> int:
    """A return that the customer asked for at the shop."""
    channels(settle=0)
    post("web", order())
    post("web", request("w1"))
    work(("process", "recompute"))
    (one,) = all_returns(hub)
    return int(one.id)


def test_a_number_with_its_check_binds(hub: Hub, opened: int, post: Post, work: Work) -> None:
    post("erp", complaint("c1", reference=written(hub, "erp", opened)))
    work(("process", "recompute"))
    assert whose(hub) == {"w1": opened, "c1": opened}
    assert document(hub, opened).provisional == ()


@pytest.mark.parametrize("spoil", ["another account's", "another number's", "a guess"])
def test_a_number_with_a_wrong_check_is_nobodys(hub: Hub, opened: int, post: Post, work: Work, spoil: str) -> None:
    reference = {
        "another account's": written(hub, "till", opened),
        "another number's": f"R{opened}-{written(hub, 'erp', opened + 1).partition('-')[2]}",
        "a guess": f"R{opened}-aaaaaa",
    }[spoil]
    post("erp", complaint("c1", reference=reference))
    work(("process", "recompute"))
    assert whose(hub)["c1"] != opened


def test_a_number_of_ours_that_a_clerk_types_is_a_hint_and_an_orders_number_is_not_a_returns(
    hub: Hub, opened: int, post: Post, work: Work
) -> None:
    post("erp", complaint("c1", f"R{opened}"))  # an order that happens to be called as our return is
    post("web", {**order("o9"), "number": f"R{opened}"})
    work(("process", "recompute"))
    assert whose(hub)["c1"] != opened
    assert questions(hub) == []


class Shop(Remote):
    """Shopify's sandbox; its webhooks are kept until they are brought to the hub."""

    def setup(self) -> None:
        self.waiting: list[WebhookRequest] = []
        super().setup()

    def webhook(self, topic: str, body: dict[str, Any]) -> None:
        self.waiting.append(self.pushed(topic, body))

    def bring(self, hub: Hub) -> None:
        arrivals = [arrival for hook in self.waiting for arrival in accept(hub.accounts, "shop", hook)]
        self.waiting.clear()
        with hub.database.begin() as conn:
            inbox.accept(conn, arrivals)

    def asked_for(self, note: str) -> None:
        """Another customer asks for two mugs back and writes a note."""
        other = self.state.place({"MUG": 2})
        self.notify("orders/create", other)
        part = self.state.open_pieces(other)[0][0]["id"]
        item = {"fulfillmentLineItemId": part, "quantity": 2, "returnReason": "UNWANTED", "customerNote": note}
        self.moved("request", self.state.request(other, [item]))


@pytest.mark.parametrize("check", ["", "-aaaaaa"])
def test_what_a_customer_writes_joins_nothing(hub: Hub, work: Work, check: str) -> None:
    with Shop() as shop:
        configuration.put(hub, "shop", {"connector": "shopify", "settings": shop.settings(), "terms": {"settle": 0}})
        shop.moved("request", shop.asked)
        shop.bring(hub)
        work()
        (victim,) = all_returns(hub)
        shop.asked_for(f"Returns Hub R{victim.id}{check} / 1")
        shop.bring(hub)
        work()
        assert len(all_returns(hub)) == 2
        assert rows(hub, "SELECT 1 FROM reviews") == []
        assert [line.sku for line in document(hub, victim.id).lines] == ["SHIRT-M"]
