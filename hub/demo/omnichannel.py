"""One order comes back through every channel: a piece over the counter, two by parcel, all of it one return."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal

from hub.demo.channels import Channels, Order, price
from hub.demo.stage import Stage
from hub.demo.tale import Say, Tale

AT_THE_COUNTER, BY_UPS, BY_SF = "SHIRT-M", "MUG", "SCARF"
ALL: Mapping[str, int] = {AT_THE_COUNTER: 1, BY_UPS: 1, BY_SF: 1}


class Omnichannel(Tale):
    """Bought online, brought back at the counter and by two carriers, booked in the ERP, paid once for each piece."""

    order: Order

    def __init__(self, scene: Stage[Channels], dice: random.Random | None = None) -> None:
        super().__init__(scene.hub)
        self.world = scene.cast
        self.dice = dice or random.Random(7)  # noqa: S311
        self.sale = 0

    def whole(self, say: Say) -> str:
        """From the order to the last refund. Raises StoryBroke."""
        asked = self._asked_back(say)
        self._approved(say)
        self._over_the_counter(say)
        self._by_parcel(say, asked)
        self._booked_and_paid(say)
        return self.number

    def _asked_back(self, say: Say) -> str:
        self.order = self.world.buy(ALL)
        say(f"a customer buys {', '.join(ALL)} online, order {self.order.number}; the till and Tryton know the order")
        asked = self.world.ask_back(self.order, ALL)
        found = lambda: self.founded("web", self.order.number, self.order.id)  # noqa: E731
        self.return_id = self.wait("the hub to hear of the return", found)
        say(f"{self.number}: on the shop's page the customer asks to return all of it ({asked})")
        return asked

    def _approved(self, say: Say) -> None:
        complaint = self.wait("a complaint in Tryton", lambda: self.merged.objects.get("erp", {}).get("complaint"))
        self.world.erp.rpc.press("sale.complaint", complaint, "approve")
        say(f"{self.number}: a clerk approves in Tryton (complaint {complaint})")
        self.wait("the hub to bring the approval to the shop and to a shipment", lambda: self.merged.ready)
        self.sale = self.world.erp.return_sale(complaint)
        self.wait("the shop to have approved", lambda: self.world.shop.effects("approve"))

    def _over_the_counter(self, say: Say) -> None:
        back = self.world.hand_over(self.order, {AT_THE_COUNTER: 1})
        say(f"{self.number}: the {AT_THE_COUNTER} is brought to the counter, {price(AT_THE_COUNTER)} paid in cash")
        self.wait(
            "the counter's return to be this one", lambda: self.merged.objects.get("pos", {}).get("order") == back
        )
        self.wait("the shop and Tryton to know of the piece", lambda: self._received_in_tryton() == {AT_THE_COUNTER})

    def _by_parcel(self, say: Say, asked: str) -> None:
        ups, sf = (f"{start}{self.dice.randrange(10**9):09}" for start in ("1ZSIM", "SFSIM"))
        self.world.send(asked, ups, "UPS")
        self.world.send(asked, sf, "SF Express")
        self.wait(
            "both carriers to be asked", lambda: {("parcels", ups), ("express", sf)} <= set(self.world.followed())
        )
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
        self.wait("the shop to have paid what is left", lambda: self._paid("web") == price(BY_UPS) + price(BY_SF))
        say(f"{self.number}: the hub has had the shop pay back {self._paid('web')}; the counter's cash counts, too")
        self.wait("nothing to be under way", lambda: not {"pending", "awaiting"} & set(self.sync.values()))

    def _received_in_tryton(self) -> set[str]:
        """Asked there: what was put away of this return."""
        rpc = self.world.erp.rpc
        found = set()
        for shipment in rpc.read("sale.sale", self.sale, "shipment_returns")["shipment_returns"]:
            if rpc.read("stock.shipment.out.return", shipment, "state")["state"] != "done":
                continue
            for move in rpc.read("stock.shipment.out.return", shipment, "incoming_moves")["incoming_moves"]:
                moved = rpc.read("stock.move", move, "product.code", "quantity")
                if moved["quantity"]:
                    found.add(moved["product."]["code"])
        return found

    def _paid(self, account: str) -> Decimal:
        """Asked there: what this system has paid back."""
        return sum((amount for who, amount in self.world.money_back() if who == account), Decimal(0))

    def epilogue(self) -> str:
        """What the systems answer when they are asked."""
        paid = "; ".join(f"{who} has paid back {amount}" for who, amount in self.world.money_back())
        return f"{paid}. Tryton has put away {', '.join(sorted(self._received_in_tryton()))}."
