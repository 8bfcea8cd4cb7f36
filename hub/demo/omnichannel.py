"""One order comes back through every channel: a piece over the counter, two by parcel, all of it one return."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal

from hub.demo.channels import Channels, Order, price
from hub.demo.stage import Stage
from hub.demo.tale import Say, Tale
from hub.demo.tryton_people import RETURN

AT_THE_COUNTER, BY_UPS, BY_SF = "SHIRT-M", "MUG", "SCARF"
ALL: Mapping[str, int] = {AT_THE_COUNTER: 1, BY_UPS: 1, BY_SF: 1}


class Journey(Tale):
    """An order and its return, as its people act on it and as each system tells of it when it is asked."""

    order: Order
    asked = ""
    """The return's name in the shop."""
    complaint = 0
    sale = 0
    """The return sale in Tryton."""

    def __init__(self, scene: Stage[Channels], dice: random.Random | None = None) -> None:
        super().__init__(scene.hub)
        self.world = scene.cast
        self.dice = dice or random.Random(7)  # noqa: S311

    def bought(self, lines: Mapping[str, int]) -> None:
        """Online; the till and Tryton know the order."""
        self.order = self.world.buy(lines)

    def known(self) -> None:
        """Wait for the hub to hear of the return."""
        order = self.order
        self.return_id = self.wait("the hub to hear of the return", lambda: self.opened("web", order.number, order.id))

    def asked_back(self, lines: Mapping[str, int]) -> None:
        """On the shop's page, and the hub has heard of it."""
        self.asked = self.world.ask_back(self.order, lines)
        self.known()

    def approved(self) -> None:
        """By a clerk in Tryton, once the hub has entered the complaint there; both systems can go on."""
        found = self.wait("a complaint in Tryton", lambda: self.merged.objects.get("erp", {}).get("complaint"))
        self.complaint = int(found)
        self.wait("the complaint to wait for a decision", lambda: self.world.erp.can_decide(self.complaint))
        self.world.erp.rpc.press("sale.complaint", self.complaint, "approve")
        self.wait("the hub to bring the approval through to a shipment", lambda: self.merged.ready)
        self.sale = self.world.erp.return_sale(self.complaint)
        self.wait("the shop to have approved", lambda: self.world.shop_returns(self.order)[self.asked] == "OPEN")

    def sent(self, carrier: str, start: str) -> str:
        """By parcel; its number, which the carrier's aggregator was asked to follow."""
        number = f"{start}{self.dice.randrange(10**9):09}"
        self.world.send(self.asked, number, carrier)
        self.wait("the parcel to be followed", lambda: number in [code for _, code in self.world.followed()])
        return number

    def quiet(self) -> None:
        """Wait until nothing is under way."""
        self.wait("nothing to be under way", lambda: not {"pending", "awaiting"} & set(self.sync.values()))

    # -- what the systems say

    def put_away(self) -> dict[str, int]:
        """In Tryton: the pieces of this return that were received and put away, by SKU."""
        rpc, found = self.world.erp.rpc, dict[str, int]()
        for shipment in rpc.read("sale.sale", self.sale, "shipment_returns")["shipment_returns"] if self.sale else ():
            if rpc.read(RETURN, shipment, "state")["state"] == "done":
                for move in rpc.read(RETURN, shipment, "incoming_moves")["incoming_moves"]:
                    moved = rpc.read("stock.move", move, "product.code", "quantity")
                    sku = moved["product."]["code"]
                    found[sku] = found.get(sku, 0) + int(moved["quantity"])
        return {sku: count for sku, count in found.items() if count}

    def paid(self, account: str) -> Decimal:
        """What this system has paid back of the order."""
        return sum((amount for who, amount in self.world.money_back(self.order) if who == account), Decimal(0))


class Omnichannel(Journey):
    """Bought online, brought back at the counter and by two carriers, booked in the ERP, paid once for each piece."""

    def run(self, say: Say) -> str:
        """From the order to the last refund. Raises StoryBroke."""
        self.bought(ALL)
        say(f"a customer buys {', '.join(ALL)} online, order {self.order.number}; the till and Tryton know the order")
        self.asked_back(ALL)
        say(f"{self.number}: on the shop's page the customer asks to return all of it ({self.asked})")
        self.approved()
        say(f"{self.number}: a clerk approves in Tryton (complaint {self.complaint}); the hub has told the shop")
        self._over_the_counter(say)
        self._by_parcel(say)
        self._booked_and_paid(say)
        return self.number

    def _over_the_counter(self, say: Say) -> None:
        back = self.world.hand_over(self.order, {AT_THE_COUNTER: 1})
        say(f"{self.number}: the {AT_THE_COUNTER} is brought to the counter, {price(AT_THE_COUNTER)} paid in cash")
        self.wait(
            "the counter's return to be this one", lambda: self.merged.objects.get("pos", {}).get("order") == back
        )
        self.wait("Tryton to know of the piece", lambda: self.put_away() == {AT_THE_COUNTER: 1})
        self.wait("Tryton to have credited it", lambda: self.merged.money.credited == price(AT_THE_COUNTER))

    def _by_parcel(self, say: Say) -> None:
        ups, sf = self.sent("UPS", "1ZSIM"), self.sent("SF Express", "SFSIM")
        say(f"{self.number}: the {BY_UPS} is sent with UPS ({ups}), the {BY_SF} with 顺丰 ({sf}); both are followed")
        self.world.scan(ups, "in_transit")
        self.world.scan_sf(sf, "1", "顺丰速运 已收取快件")
        self.world.scan(ups, "delivered")
        self.world.scan_sf(sf, "3", "已签收")
        self.wait("both parcels to be at the warehouse's door", lambda: self.merged.axes.transit == "delivered")
        say(f"{self.number}: both parcels are delivered; nobody has looked into them yet")

    def _booked_and_paid(self, say: Say) -> None:
        self.world.erp.arrive(self.sale, {BY_UPS: 1, BY_SF: 1})
        say(f"{self.number}: the warehouse has received and put away both pieces")
        self.wait("everything to be back", lambda: self.merged.axes.receipt == "full")
        self.world.erp.post_invoices(self.sale)
        say(f"{self.number}: the accountant posts the credit note")
        self.wait("the shop to have paid what is left", lambda: self.paid("web") == price(BY_UPS) + price(BY_SF))
        say(f"{self.number}: the hub has had the shop pay back {self.paid('web'):.2f}; the counter's cash counts, too")
        self.quiet()

    def epilogue(self) -> str:
        """What the systems answer when they are asked."""
        paid = ", ".join(f"{who} has paid back {amount:.2f}" for who, amount in self.world.money_back(self.order))
        booked = ", ".join(f"{count} {sku}" for sku, count in sorted(self.put_away().items()))
        return f"Asked: {paid}; Tryton has put away {booked}."
