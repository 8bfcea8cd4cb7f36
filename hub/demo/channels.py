"""One merchant, every kind of system: an online shop, a counter, two carriers' aggregators (sandboxes), a real ERP.

The people and parcels of that world do what they do in theirs; nobody tells the hub. All of it is simulated.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.easypost.sandbox import PRODUCTION_KEY
from connectors.kuaidi100.sandbox import CUSTOMER, KEY
from connectors.shopify.sandbox_oauth import TOKEN as SHOP_TOKEN
from connectors.shopify.sandbox_shop import CURRENCY, GOODS, LOCATION
from connectors.square.sandbox import TOKEN as TILL_TOKEN
from hub.demo.sandboxes import Sandbox
from hub.demo.tryton_people import Goods, People, Sold

GRAPHQL = "/admin/api/2026-07/graphql.json"
ORDER = """query Asked($id: ID!) { order(id: $id) {
  returns(first: 50) { nodes { id name status returnLineItems(first: 50) {
    nodes { id processedQuantity unprocessedQuantity }
  } } }
  refunds { totalRefundedSet { shopMoney { amount } } }
} }"""
PROCESS = "mutation Clerk($input: ReturnProcessInput!) { returnProcess(input: $input) { userErrors { message } } }"
SF = "shunfeng"
SETTLE = 4
"""Seconds for which two channels may ask for the same piece before anybody hears of it; a minute where nobody waits."""
PHONE = "0000"
"""The end of the warehouse's phone number: 顺丰 shows nothing without it."""


def price(sku: str) -> Decimal:
    """What a customer pays for one piece, tax included."""
    return Decimal(GOODS[sku][1])


@dataclass(frozen=True)
class Order:
    """What somebody bought: its number in the shop, its ids in the shop and at the till, and the sale in the ERP."""

    number: str
    id: str
    kept: str
    sold: Sold


@dataclass(frozen=True)
class Channels:
    """Everything that runs, and what people do there."""

    shop: Sandbox
    till: Sandbox
    parcels: Sandbox
    express: Sandbox
    erp: People

    # -- the customer

    def buy(self, lines: Mapping[str, int]) -> Order:
        """An online order, paid and shipped; the till keeps it, too, and the ERP has sold it."""
        made = self.shop.post("/shop/orders", {"lines": lines})
        sale = {"lines": lines, "reference": made["name"], "paid": "EXTERNAL"}
        kept = self.till.post("/counter/sales", sale)
        goods = [Goods(sku, Decimal(pieces), price(sku)) for sku, pieces in lines.items()]
        return Order(made["name"], made["id"], kept["id"], self.erp.sell(made["name"], goods))

    def ask_back(self, order: Order, lines: Mapping[str, int], reason: str = "SIZE_TOO_SMALL") -> str:
        """On the shop's page; the return's name there."""
        asked = {"order": order.number, "lines": lines, "reason": reason}
        return str(self.shop.post("/shop/returns", asked)["name"])

    def send(self, asked: str, number: str, carrier: str) -> None:
        """The customer typed in under which number goods are on their way."""
        self.shop.post("/shop/parcels", {"return": asked, "number": number, "carrier": carrier})

    def hand_over(self, order: Order, lines: Mapping[str, int]) -> str:
        """At the counter, against the online order's number, paid out of the drawer. The return's id there."""
        back = self.till.post("/counter/returns", {"order": order.kept, "lines": lines, "cash": True})
        self.till.post("/counter/settle", {})
        return str(back["id"])

    # -- the carriers

    def scan(self, number: str, status: str, detail: str | None = None) -> None:
        """A carrier that EasyPost follows has seen the parcel."""
        self.parcels.post("/carrier/scan", {"tracking_code": number, "status": status, "status_detail": detail})

    def scan_sf(self, number: str, state: str, context: str) -> None:
        """顺丰 has seen the parcel; `state` is Kuaidi100's word."""
        at = datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")
        scan = {"com": SF, "nu": number, "state": state, "context": context, "time": at, "phone": PHONE}
        self.express.post("/sandbox/scan", scan)

    # -- what the systems say when they are asked

    def shop_order(self, order: Order) -> dict[str, Any]:
        """The order as the shop keeps it: returns with their state and processed pieces, and all refunds."""
        found: dict[str, Any] = self._admin(ORDER, id=order.id)["order"]
        return found

    def _admin(self, query: str, **variables: Any) -> Any:
        asked = {"query": query, "variables": variables}
        return self.shop.post(GRAPHQL, asked, {"X-Shopify-Access-Token": SHOP_TOKEN})["data"]

    def shop_counts(self, order: Order, name: str) -> None:
        """A clerk in the shop's admin takes everything of a return as received."""
        (record,) = (r for r in self.shop_order(order)["returns"]["nodes"] if r["name"] == name)
        lines = record["returnLineItems"]["nodes"]
        all_ = [{"id": line["id"], "quantity": line["unprocessedQuantity"]} for line in lines]
        self._admin(PROCESS, input={"returnId": record["id"], "returnLineItems": all_})

    def shop_returns(self, order: Order) -> dict[str, str]:
        """The state of each return of the order in the shop, by its name."""
        return {record["name"]: record["status"] for record in self.shop_order(order)["returns"]["nodes"]}

    def money_back(self, order: Order) -> list[tuple[str, Decimal]]:
        """Every refund of an order, by whom. What the till only wrote down, somebody else has paid."""
        refunds = self.shop_order(order)["refunds"]
        shop = [("web", Decimal(refund["totalRefundedSet"]["shopMoney"]["amount"])) for refund in refunds]
        token = {"Authorization": f"Bearer {TILL_TOKEN}"}
        listed = self.till.get("/v2/refunds", token)["refunds"]
        of = {refund["id"]: self.till.get(f"/v2/orders/{refund['order_id']}", token)["order"] for refund in listed}
        till = [
            ("pos", Decimal(refund["amount_money"]["amount"]) / 100)
            for refund in listed
            if refund["status"] == "COMPLETED" and refund["destination_type"] != "EXTERNAL"
            if order.kept in [back.get("source_order_id") for back in of[refund["id"]]["returns"]]
        ]
        return [(who, amount) for who, amount in shop + till if amount]

    def followed(self) -> list[tuple[str, str]]:
        """Which numbers each carriers' aggregator was asked to follow."""
        asked = [("parcels", effect["tracking_code"]) for effect in self.parcels.effects("track")]
        return asked + [("express", effect["nu"]) for effect in self.express.effects("subscribe")]


@contextmanager
def channels(url: str, erp: People, books: Mapping[str, Any]) -> Iterator[tuple[Channels, dict[str, Any]]]:
    """The cast of this scene: a sandbox of each beside the ERP; their webhooks go to the hub at `url`."""
    with ExitStack() as stack:
        secret = secrets.token_urlsafe(24)
        shop, till, parcels, express = (
            stack.enter_context(Sandbox(system, f"{url}/hooks/{account}" if account else "", secret))
            for system, account in (("shopify", "web"), ("square", "pos"), ("easypost", "parcels"), ("kuaidi100", ""))
        )
        till.post("/counter", {"currency": CURRENCY, "goods": {sku: int(price(sku) * 100) for sku in GOODS}})
        made = Channels(shop, till, parcels, express, erp)
        yield made, {"accounts": _accounts(made, url, secret, books)}


def _accounts(made: Channels, url: str, secret: str, books: Mapping[str, Any]) -> dict[str, Any]:
    shop = {"base_url": made.shop.url, "access_token": SHOP_TOKEN, "webhook_secret": secret, "location": LOCATION}
    till = {
        **{"base_url": made.till.url, "access_token": TILL_TOKEN, "signature_key": secret, "orders_of": "web"},
        "notification_url": f"{url}/hooks/pos",
    }
    parcels = {"base_url": f"{made.parcels.url}/v2", "api_key": PRODUCTION_KEY, "webhook_secret": secret}
    express = {
        **{"base_url": made.express.url, "customer": CUSTOMER, "key": KEY, "push_secret": secret, "phone": PHONE},
        "callback_url": f"{url}/hooks/express",
    }
    return {
        "web": _account("shopify", shop, money=True, poll=2),
        "pos": _account("square", till, poll=1),
        "parcels": _account("easypost", parcels, carriers=["UPS", "DHL"]),
        "express": _account("kuaidi100", express, carriers=["SF", "顺丰"]),
        "erp": _account("tryton", {**books, "orders_of": "web"}, decides=True, poll=1),
    }


def _account(connector: str, settings: Mapping[str, Any], **terms: Any) -> dict[str, Any]:
    return {"connector": connector, "settings": dict(settings), "terms": {"settle": SETTLE, **terms}}
