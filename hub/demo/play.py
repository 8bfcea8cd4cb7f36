"""One customer's return, from the order to the money: what people do, and what the hub has to do in between."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hub.demo.stage import Stage
from hub.demo.tryton_people import Goods
from hub.model.returns import Return
from hub.store import console as pages

PATIENCE = 90.0
"""Seconds one hop may take before the story is broken."""
SKUS = ("SHIRT-M", "SHIRT-L", "SCARF")
REASONS = ("too_small", "damaged", "not_as_described")


class StoryBroke(Exception):
    """A hop that did not happen; the text says which, and what was seen last."""


class Play:
    """One return, played by its people. Without `dice` it is always the same."""

    def __init__(self, scene: Stage, dice: random.Random | None = None) -> None:
        self.scene = scene
        self.dice = dice or random.Random(7)  # noqa: S311
        self.return_id: int | None = None
        self.order: dict[str, Any] = {}
        self.sale = 0
        self.worth = Decimal(0)

    @property
    def number(self) -> str:
        return f"R{self.return_id}" if self.return_id else ""

    def whole(self, say: Callable[[str], None]) -> str:
        """Order, request, complaint, approval, two arrivals (one damaged), credit, refund. Raises StoryBroke."""
        self._buy(say)
        self._ask_back(say)
        complaint = self._wait("a complaint in Tryton", self._complaint)
        say(f"{self.number}: the hub has entered complaint {complaint} in Tryton")
        self.scene.erp.rpc.press("sale.complaint", complaint, "approve")
        say(f"{self.number}: a clerk approves in Tryton")
        self._wait("the hub to bring the approval through to a shipment", lambda: self._merged_is("ready"))
        self.sale = self.scene.erp.return_sale(complaint)
        self.scene.erp.arrive(self.sale, {self.sku: 1})
        say(f"{self.number}: one piece arrives, good")
        self._wait("the shop to know of the first piece", lambda: self._told("received", 1))
        self.scene.erp.arrive(self.sale, {}, {self.sku: 1})
        say(f"{self.number}: the second piece arrives, damaged")
        self._wait("the shop to know of the damaged piece", lambda: self._told("received", 2))
        self.scene.erp.post_invoices(self.sale)
        say(f"{self.number}: the accountant posts the credit note")
        self._wait("the refund in the shop", self._settled)
        say(f"{self.number}: the hub has refunded the customer in the shop")
        self._wait("everybody to be in sync", self._in_sync)
        return self.number

    def _buy(self, say: Callable[[str], None]) -> None:
        self.sku = self.dice.choice(SKUS)
        self.order = self.scene.shop.place({self.sku: 2})
        price = Decimal(str(self.order["items"][0]["unit_price"]))
        self.worth = 2 * price
        number = f"#{self.order['display_id']}"
        self.scene.erp.sell(number, [Goods(self.sku, Decimal(2), price)])
        say(f"a customer buys 2 x {self.sku}, order {number}; Tryton ships it")

    def _ask_back(self, say: Callable[[str], None]) -> None:
        line = self.order["items"][0]["id"]
        self.scene.shop.ask_back(self.order["id"], {line: 2}, self.dice.choice(REASONS))
        self.return_id = self._wait("the hub to hear of the return", self._founded)
        say(f"{self.number}: the customer asks to return both")

    def _wait(self, what: str, ready: Callable[[], Any]) -> Any:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if found := ready():
                return found
            time.sleep(0.2)
        raise StoryBroke(f"waited {PATIENCE:.0f} seconds for {what}; {self._state()}")

    def _founded(self) -> int | None:
        with self.scene.hub.database.begin() as conn:
            for found in pages.search(conn, f"#{self.order['display_id']}").rows:
                if any(order.ids.get("web") == self.order["id"] for order in found.doc.orders):
                    return int(found.id)
        return None

    def _merged(self) -> Return:
        with self.scene.hub.database.begin() as conn:
            return pages.find(conn, [self.return_id or 0])[self.return_id or 0].doc

    def _complaint(self) -> str | None:
        return self._merged().objects.get("erp", {}).get("complaint")

    def _merged_is(self, field: str) -> bool:
        return getattr(self._merged(), field) is True

    def _told(self, word: str, quantity: int) -> bool:
        """Whether the shop itself says so, asked there."""
        item = self.scene.shop.order(self.order["id"])["items"][0]["detail"]
        arrived = Decimal(str(item["return_received_quantity"])) + Decimal(str(item["return_dismissed_quantity"]))
        return arrived >= quantity

    def _settled(self) -> bool:
        merged = self._merged()
        return merged.money.credited == self.worth and merged.axes.settlement == "settled"

    def _in_sync(self) -> bool:
        with self.scene.hub.database.begin() as conn:
            return all(row.shown == "in_sync" for row in pages.telling(conn, self.return_id or 0))

    def story(self) -> str:
        """The hub's own journal of this return."""
        with self.scene.hub.database.begin() as conn:
            lines = pages.story(conn, self.return_id or 0)
        return "\n".join(f"  {line.at:%H:%M:%S}  {line.text}" for line in lines)

    def _state(self) -> str:
        if self.return_id is None:
            return "the hub knows nothing of it"
        merged = self._merged()
        doubts = "; ".join(f"{d.kind}: {d.text}" for d in merged.discrepancies)
        return f"{self.number} is {merged.status}" + (f" ({doubts})" if doubts else "")

    def shop_says(self) -> str:
        """What the shop answers when asked."""
        order = self.scene.shop.order(self.order["id"])
        return f"{order['summary']['refunded_total']} of order #{order['display_id']} is refunded"

    def erp_says(self) -> str:
        """What Tryton answers when asked."""
        sale = self.scene.erp.rpc.read("sale.sale", self.sale, "number", "state", "shipment_state", "invoice_state")
        return f"return sale {sale['number']} is {sale['state']}, invoice {sale['invoice_state']}"
