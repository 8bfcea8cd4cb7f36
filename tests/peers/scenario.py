"""Random days of a shop and its back office: what customers and clerks do in a real Medusa and a real Tryton.

A scenario is drawn from one seed. Its people act in the servers themselves, never through the hub; what a server does
not allow at that moment is noted and passed over. All of it is simulated.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hub.demo.tryton_people import RETURN, Goods, Sold
from hub.demo.tryton_rpc import TrytonRefused
from tests.peers.medusa.client import ShopSaidNo
from tests.peers.medusa.seed import PRICES
from tests.peers.two_systems import Between, gross

SETTLED, SOON, LONGEST = 75.0, 330.0, 1200.0
"""Seconds that the hub gets after the last act until nothing is left to do. Where work is due within the second number
of seconds it is not stuck but slow, or waits for its next try on a busy machine: then it gets the third."""
REFUSALS = (TrytonRefused, ShopSaidNo, LookupError, ValueError)


class Scenario:
    """One order and what happens to it. `log`: every act, in order, with what the server said to it."""

    def __init__(self, between: Between, seed: int) -> None:
        self.between, self.dice, self.seed = between, random.Random(seed), seed
        self.shop, self.rpc = between.shop, between.people.rpc
        self.log: list[str] = []
        self.order: dict[str, Any] = {}
        self.bought: dict[str, int] = {}
        self.sold: Sold | None = None

    def play(self) -> None:
        """Buy, then 3 to 8 acts with a pause or none between them, then the end of the day."""
        skus = self.dice.sample(sorted(PRICES), self.dice.randint(1, min(4, len(PRICES))))
        self.bought = {sku: self.dice.randint(1, 3) for sku in skus}
        coupon = self.shop.coupon(Decimal(self.dice.randint(1, 999)) / 100) if self.dice.random() < 0.2 else ""
        self.order = self.shop.place_order(self.bought, coupon=coupon)
        self.log.append(f"order {self.order['number']} {self.bought} {coupon}")
        if self.dice.random() < 0.85:
            self._enter()
        self._do(self.dice.choice((self._ask_in_shop, self._ask_in_shop, self._ask_in_erp, self._exchange)))
        acts, weights = zip(*self._weighted(), strict=True)
        away: Any = None
        for _ in range(self.dice.randint(3, 8)):
            if away is None and self.dice.random() < 0.1:
                away = self.dice.choice(("web", "erp"))
                self.log.append(f"{away} is away")
                getattr(self.between, away).down()
            if self.dice.random() < 0.6:
                self.pause(8)
            for act in self.dice.choices(acts, weights, k=4):  # what cannot be done now is passed over
                if self._do(act):
                    break
            if away is not None and self.dice.random() < 0.5:
                getattr(self.between, away).up()
                self.log.append(f"{away} is back")
                away = None
        if away is not None:
            getattr(self.between, away).up()
        if self.sold is None:
            self._do(self._enter)
        self.pause(12)
        self._do(self._evening)
        self._settle()

    def _weighted(self) -> list[tuple[Callable[[], str], int]]:
        return [
            (self._decide, 6),
            (self._arrive, 6),
            (self._post, 5),
            (self._receive_in_shop, 2),
            (self._ask_in_shop, 2),
            (self._ask_in_erp, 2),
            (self._keep_and_credit, 1),
            (self._refund_by_hand, 2),
            (self._cancel_in_shop, 1),
            (self._cancel_in_erp, 1),
            (self._reopen, 2),
            (self._edit, 1),
            (self._exchange, 1),
        ]

    def _do(self, act: Callable[[], str]) -> bool:
        """Whether the server took it."""
        name = act.__name__.strip("_")
        try:
            self.log.append(f"{name}: {act()}")
        except REFUSALS as no:
            self.log.append(f"{name}: no ({str(no)[:160]})")
            return False
        return True

    # -- what people do in the shop

    def _part(self, of: dict[str, int]) -> dict[str, int]:
        chosen = self.dice.sample(sorted(of), self.dice.randint(1, len(of)))
        return {sku: self.dice.randint(1, of[sku]) for sku in chosen}

    def _ask_in_shop(self) -> str:
        part = self._part(self.bought)
        items = {self.order["items"][sku]: n for sku, n in part.items()}
        reason = self.dice.choice(("too_small", "damaged", "not_as_described"))
        return f"{part} {reason} {self.shop.request_return(self.order['id'], items, reason)}"

    def returns_there(self) -> list[dict[str, Any]]:
        """The shop's returns of this order, drafts included."""
        asked = {"order_id": self.order["id"], "fields": "id,status,metadata,refund_amount,exchange_id,*items"}
        found: list[dict[str, Any]] = self.shop.admin("GET", "/admin/returns", **asked)["returns"]
        return found

    def _one_return(self) -> dict[str, Any]:
        open_ = [r for r in self.returns_there() if r["status"] in ("requested", "partially_received")]
        if not open_:
            raise LookupError("no open return in the shop")
        return self.dice.choice(sorted(open_, key=lambda r: str(r["id"])))

    def _receive_in_shop(self) -> str:
        record = self._one_return()
        sku_of = {id: sku for sku, id in self.order["items"].items()}
        items = {i["item_id"]: i["quantity"] - i["received_quantity"] for i in record["items"]}
        rest = {item: int(n) for item, n in items.items() if n > 0}
        if not rest:
            raise LookupError("everything has come")
        some = self._part(rest)
        self.shop.receive(record["id"], some)
        return f"{record['id']} { {sku_of.get(item, item): n for item, n in some.items()} }"

    def _cancel_in_shop(self) -> str:
        record = self._one_return()
        self.shop.cancel_return(record["id"])
        return str(record["id"])

    def _refund_by_hand(self) -> str:
        amount = gross(self.dice.choice(sorted(self.bought)))
        amount = self.dice.choice((amount, amount, (amount / 2).quantize(Decimal("0.01"))))
        self.shop.refund(self.order["payment"], float(amount), "sorry")
        return f"{amount}"

    def _exchange(self) -> str:
        given, wanted = self.dice.choice(sorted(self.bought)), self.dice.choice(sorted(PRICES))
        try:
            made = self.shop.exchange(self.order["id"], self.order["items"][given], wanted)
        except ShopSaidNo:
            self._drop_draft()
            raise
        return f"{given} for {wanted}: {made['id']}"

    def _drop_draft(self) -> None:
        """The clerk throws away what could not be confirmed."""
        for change in self.shop.admin("GET", f"/admin/orders/{self.order['id']}/changes")["order_changes"]:
            if (
                change["status"] in ("pending", "requested")
                and change.get("exchange_id")
                and not change["internal_note"]
            ):
                self.shop.admin("DELETE", f"/admin/exchanges/{change['exchange_id']}/request")

    # -- what people do in the ERP

    def _enter(self) -> str:
        """The web order is entered, shipped and invoiced."""
        if self.sold is not None:
            raise LookupError("it is entered already")
        goods = [Goods(sku, Decimal(n), gross(sku)) for sku, n in self.bought.items()]
        self.sold = self.between.people.sell(self.order["number"], goods)
        return f"sale {self.sold.number}"

    def _there(self) -> Sold:
        if self.sold is None:
            raise LookupError("the sale is not entered yet")
        return self.sold

    def complaints(self) -> list[dict[str, Any]]:
        """Every complaint about this sale or its invoice."""
        if self.sold is None:
            return []
        about = [f"sale.sale,{self.sold.sale}", f"account.invoice,{self.sold.invoice}"]
        found = self.rpc.search("sale.complaint", [["origin", "in", about]])
        fields = ("id", "state", "reference", "origin", "actions")
        return [self.rpc.read("sale.complaint", id, *fields) for id in sorted(found)]

    def return_sales(self) -> list[int]:
        """The sales that came of the complaints."""
        origins = [f"sale.complaint,{c['id']}" for c in self.complaints()]
        return sorted(self.rpc.search("sale.sale", [["origin", "in", origins]])) if origins else []

    def _complaint(self, *states: str) -> dict[str, Any]:
        fit = [c for c in self.complaints() if c["state"] in states]
        if not fit:
            raise LookupError(f"no complaint is {' or '.join(states)}")
        return self.dice.choice(fit)

    def _ask_in_erp(self) -> str:
        part = self._part(self.bought)
        return f"{part} {self.between.people.complain(self._there(), {sku: Decimal(n) for sku, n in part.items()})}"

    def _keep_and_credit(self) -> str:
        sold = self._there()
        invoices = self.rpc.search("sale.complaint", [["origin", "=", f"account.invoice,{sold.invoice}"]])
        if invoices:
            raise LookupError("the invoice is credited already")
        complaint = self.between.people.complain_about_invoice(sold)
        self.rpc.press("sale.complaint", complaint, "approve")
        return f"{complaint} about the whole invoice, approved"

    def _decide(self) -> str:
        complaint = self._complaint("waiting")
        button = self.dice.choice(("approve", "approve", "approve", "reject"))
        self.rpc.press("sale.complaint", complaint["id"], button)
        return f"{button} {complaint['id']}"

    def _cancel_in_erp(self) -> str:
        complaint = self._complaint("waiting", "draft")
        self.rpc.press("sale.complaint", complaint["id"], "cancel")
        return str(complaint["id"])

    def _reopen(self) -> str:
        complaint = self._complaint("cancelled", "rejected")
        self.rpc.press("sale.complaint", complaint["id"], "draft")
        self.rpc.insist("sale.complaint", complaint["id"], "wait")
        return str(complaint["id"])

    def _edit(self) -> str:
        """The clerk corrects a quantity before anybody decides."""
        complaint = self._complaint("waiting")
        self.rpc.press("sale.complaint", complaint["id"], "draft")
        try:
            for action in complaint["actions"]:
                lines = self.rpc.read("sale.complaint.action", action, "sale_lines")["sale_lines"]
                for line in lines[:1]:
                    count = self.dice.randint(1, 3)
                    self.rpc.write("sale.complaint.action-sale.line", line, quantity=float(count))
                    return f"{complaint['id']}: {count} of its first line"
            raise LookupError("it names no line")
        finally:
            self.rpc.insist("sale.complaint", complaint["id"], "wait")

    def _arrive(self) -> str:
        """The warehouse takes in what one return sale waits for, or a part of it."""
        open_ = []
        for sale in self.return_sales():
            shipments = self.rpc.read("sale.sale", sale, "shipment_returns")["shipment_returns"]
            open_ += [(sale, s) for s in self.rpc.search(RETURN, [["id", "in", shipments], ["state", "=", "draft"]])]
        if not open_:
            raise LookupError("nothing is expected")
        sale, shipment = self.dice.choice(open_)
        moves = self.rpc.read(RETURN, shipment, "incoming_moves")["incoming_moves"]
        said = [self.rpc.read("stock.move", move, "product.code", "quantity") for move in moves]
        waiting: dict[str, int] = {}
        for move in said:
            code = move["product."]["code"]
            waiting[code] = waiting.get(code, 0) + int(move["quantity"])
        good = self._part(waiting) if self.dice.random() < 0.5 else waiting
        broken = {}
        if self.dice.random() < 0.3:
            sku = self.dice.choice(sorted(good))
            broken = {sku: 1}
            good = {s: n - (s == sku) for s, n in good.items() if n - (s == sku) > 0}
        self.between.people.arrive(sale, good, broken)
        return f"sale {sale}: {good} good, {broken} damaged"

    def _post(self) -> str:
        """The accountant posts what credit notes there are."""
        done = [i for sale in self.return_sales() for i in self.between.people.post_invoices(sale)]
        if self.sold is not None:
            wanted = [["state", "in", ["draft", "validated"]], ["type", "=", "out"]]
            origins = [c["id"] for c in self.complaints() if c["origin"].startswith("account.invoice")]
            for complaint in origins:
                for action in self.rpc.read("sale.complaint", complaint, "actions")["actions"]:
                    result = self.rpc.read("sale.complaint.action", action, "result")["result"] or ""
                    if result.startswith("account.invoice"):
                        about = [["id", "=", int(result.split(",")[1])], *wanted]
                        for invoice in self.rpc.search("account.invoice", about):
                            self.rpc.press("account.invoice", invoice, "post")
                            done.append(invoice)
        if not done:
            raise LookupError("there is no draft")
        return f"{done}"

    def _evening(self) -> str:
        """At the end of the day everything that came is credited."""
        return self._post()

    # -- time

    def pause(self, seconds: float) -> None:
        """Until the hub has nothing to do, at most so long; both systems are polled meanwhile."""
        self.between.poll("web", "erp")
        until = time.monotonic() + seconds
        time.sleep(0.5)
        while time.monotonic() < until and not self.between.idle():
            time.sleep(0.2)

    def _settle(self) -> None:
        """The clock's polls and sweeps, until two rounds in a row bring no write and leave nothing to do."""
        begun, quiet = time.monotonic(), 0
        while quiet < 2 and time.monotonic() < begun + (SETTLED if self.between.idle(SOON) else LONGEST):
            before = self.between.web.count(), self.between.erp.count()
            writes = len(self.between.web.writes(before[0])), len(self.between.erp.writes(before[1]))
            self.between.sweep()
            self.pause(20)
            now = len(self.between.web.writes(before[0])), len(self.between.erp.writes(before[1]))
            quiet = quiet + 1 if now == writes and self.between.idle() else 0
