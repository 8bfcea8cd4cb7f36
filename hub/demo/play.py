"""A shop and an ERP: one customer's return, from the order to the money."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.demo.shop import Shop
from hub.demo.stage import Stage
from hub.demo.tale import Say, Tale
from hub.demo.tryton_people import Goods, People

SKUS = ("SHIRT-M", "SHIRT-L", "SCARF")
REASONS = ("too_small", "damaged", "not_as_described")


@dataclass(frozen=True)
class Pair:
    """The shop, and the people at the ERP."""

    shop: Shop
    erp: People


@contextmanager
def pair(url: str, erp: People, books: Mapping[str, Any]) -> Iterator[tuple[Pair, dict[str, Any]]]:
    """The cast of this scene: a sandbox of Medusa beside the ERP."""
    with Shop(f"{url}/hooks/web") as shop:
        web = {"connector": "medusa", "settings": shop.settings, "terms": {"money": True, "settle": 0, "poll": 2}}
        terms = {"decides": True, "settle": 0, "poll": 1}
        ledger = {"connector": "tryton", "settings": {**books, "orders_of": "web"}, "terms": terms}
        yield Pair(shop, erp), {"accounts": {"web": web, "erp": ledger}}


class Play(Tale):
    """One return, played by its people. Without `dice` it is always the same."""

    def __init__(self, scene: Stage[Pair], dice: random.Random | None = None) -> None:
        super().__init__(scene.hub)
        self.shop, self.erp = scene.cast.shop, scene.cast.erp
        self.dice = dice or random.Random(7)  # noqa: S311
        self.order: dict[str, Any] = {}
        self.sale = 0
        self.worth = Decimal(0)

    def run(self, say: Say) -> str:
        """Order, request, complaint, approval, two arrivals (one damaged), credit, refund. Raises StoryBroke."""
        self._buy(say)
        self._ask_back(say)
        complaint = self.wait("a complaint in Tryton", lambda: self.merged.objects.get("erp", {}).get("complaint"))
        say(f"{self.number}: the hub has entered complaint {complaint} in Tryton")
        self.wait("the complaint to wait for a decision", lambda: self.erp.can_decide(complaint))
        self.erp.rpc.press("sale.complaint", complaint, "approve")
        say(f"{self.number}: a clerk approves in Tryton")
        self.wait("the hub to bring the approval through to a shipment", lambda: self.merged.ready)
        self.sale = self.erp.return_sale(complaint)
        self.erp.arrive(self.sale, {self.sku: 1})
        say(f"{self.number}: one piece arrives, good")
        self.wait("the shop to know of the first piece", lambda: self._arrived(1))
        self.erp.arrive(self.sale, {}, {self.sku: 1})
        say(f"{self.number}: the second piece arrives, damaged")
        self.wait("the shop to know of the damaged piece", lambda: self._arrived(2))
        self.erp.post_invoices(self.sale)
        say(f"{self.number}: the accountant posts the credit note")
        self.wait("the refund in the shop", self._settled)
        say(f"{self.number}: the hub has refunded the customer in the shop")
        self.wait("everybody to be in sync", lambda: set(self.sync.values()) == {"in_sync"})
        return self.number

    def _buy(self, say: Say) -> None:
        self.sku = self.dice.choice(SKUS)
        self.order = self.shop.place({self.sku: 2})
        price = Decimal(str(self.order["items"][0]["unit_price"]))
        self.worth = 2 * price
        number = f"#{self.order['display_id']}"
        self.erp.sell(number, [Goods(self.sku, Decimal(2), price)])
        say(f"a customer buys 2 x {self.sku}, order {number}; Tryton ships it")

    def _ask_back(self, say: Say) -> None:
        line = self.order["items"][0]["id"]
        self.shop.ask_back(self.order["id"], {line: 2}, self.dice.choice(REASONS))
        number, order = f"#{self.order['display_id']}", self.order["id"]
        self.return_id = self.wait("the hub to hear of the return", lambda: self.opened("web", number, order))
        say(f"{self.number}: the customer asks to return both")

    def _arrived(self, pieces: int) -> bool:
        """Whether the shop itself says so, asked there."""
        item = self.shop.order(self.order["id"])["items"][0]["detail"]
        arrived = Decimal(str(item["return_received_quantity"])) + Decimal(str(item["return_dismissed_quantity"]))
        return arrived >= pieces

    def _settled(self) -> bool:
        merged = self.merged
        return merged.money.credited == self.worth and merged.axes.settlement == "settled"

    def epilogue(self) -> str:
        """What the systems answer when they are asked."""
        order = self.shop.order(self.order["id"])
        sale = self.erp.rpc.read("sale.sale", self.sale, "number", "state", "shipment_state", "invoice_state")
        return (
            f"The shop says {order['summary']['refunded_total']} of order #{order['display_id']} is refunded; Tryton"
            f" says return sale {sale['number']} is {sale['state']}, invoice {sale['invoice_state']}."
        )
