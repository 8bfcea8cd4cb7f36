"""Refunds that the merchant makes in Shopify's admin, of these lines or of others, with a return or without (simulated)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.api import WebhookRequest
from connectors.shopify import money as shopify
from connectors.shopify.sandbox_graphql import Ref
from connectors.shopify.sandbox_shop import money
from hub import configuration
from hub.pipeline.intake.accept import accept
from hub.store import inbox
from tests.connectors.shopify_side import Remote
from tests.pipeline.queries import all_returns
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario


class Shop(Remote):
    def setup(self) -> None:
        self.waiting: list[WebhookRequest] = []
        super().setup()

    def webhook(self, topic: str, body: Any) -> None:
        self.waiting.append(self.pushed(topic, body))

    @property
    def scarf(self) -> str:
        return str(self.order["lineItems"][1].id)

    def paid(self) -> list[str]:
        return [effect["amount"] for effect in self.effects if effect["kind"] == "refund"]

    def refund(
        self,
        amount: str,
        lines: Sequence[tuple[str, int, str]] = (),
        shipping: str = "",
        own: bool = False,
        duties: str = "",
    ) -> None:
        """As the admin's page makes it: lines with their pieces, shipping, duties, and with its return where it has one."""
        sale = self.state.records[self.order["transactions"][0].id]
        moved = self.state.transaction(self.order, "REFUND", Decimal(amount), sale)
        none = money("0")
        made = self.state.add(
            "Refund",
            createdAt=self.state.now(),
            note="",
            totalRefundedSet=money(amount),
            duties=[{"__typename": "RefundDuty", "amountSet": money(of)} for of in filter(None, [duties])],
            refundLineItems=[
                {"__typename": "RefundLineItem", "quantity": n, "lineItem": Ref(line), "subtotalSet": money(of),
                 "totalTaxSet": none}
                for line, n, of in lines
            ],
            refundShippingLines=[
                {"__typename": "RefundShippingLine", "subtotalAmountSet": money(of), "taxAmountSet": none}
                for of in filter(None, [shipping])
            ],
            orderAdjustments=[],
            transactions=[Ref(moved["id"])],
            **{"return": Ref(self.asked["id"]) if own else None},
        )  # fmt: skip
        self.order["refunds"].append(Ref(made["id"]))
        self.order["updatedAt"] = self.state.now()
        self.notify("refunds/create", made, order_id=int(self.order["id"].rpartition("/")[2]))


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as running:
        yield running


def begin(scenario: Scenario, shop: Shop) -> int:
    """Two shirts are to come back."""
    wanted = {"connector": "shopify", "settings": shop.settings(), "terms": {"settle": 0, "money": True}}
    configuration.put(scenario.hub, "shop", wanted)
    scenario.account("erp", "erp", orders_of="shop", terms={"decides": True})
    shop.moved("request", shop.asked)
    return bring(scenario, shop)


def bring(scenario: Scenario, shop: Shop) -> int:
    waiting, shop.waiting[:] = list(shop.waiting), []
    with scenario.hub.database.begin() as conn:
        for request in waiting:
            inbox.accept(conn, accept(scenario.hub.accounts, "shop", request))
    scenario.work()
    (one,) = all_returns(scenario.hub)
    return int(one.id)


def through(scenario: Scenario, shop: Shop, number: int, amount: str = "40.00") -> None:
    """The ERP approves, receives both shirts and posts its credit note."""
    decided = {"hub_number": f"R{number}", "origin": "request", "authorization": {"value": "authorized"}}
    scenario.push("erp", "return.upsert", "C1", **decided)
    scenario.work()
    bring(scenario, shop)
    scenario.came("erp", number, sku="SHIRT-M", quantity=2)
    scenario.owed(number, amount)
    scenario.work()
    bring(scenario, shop)


CASES: dict[str, tuple[dict[str, Any], list[str], bool]] = {
    "the scarf": ({"amount": "12.50", "lines": "scarf", "of": 1}, ["40.00"], False),
    "shipping": ({"amount": "4.90", "shipping": "4.90"}, ["40.00"], False),
    "duties": ({"amount": "7.20", "duties": "7.20"}, ["40.00"], False),
    "one of the shirts": ({"amount": "20.00", "lines": "shirt", "of": 1}, ["20.00"], False),
    "both shirts": ({"amount": "40.00", "lines": "shirt", "of": 2}, [], False),
    "both shirts and shipping": ({"amount": "44.90", "lines": "shirt", "of": 2, "shipping": "4.90"}, [], False),
    "an amount for nothing": ({"amount": "5.00"}, [], True),
}


@pytest.mark.parametrize("name", CASES)
def test_a_refund_settles_what_it_names(scenario: Scenario, shop: Shop, name: str) -> None:
    refund, paid, asks = CASES[name]
    number = begin(scenario, shop)
    line = {"scarf": shop.scarf, "shirt": shop.order_line}.get(refund.get("lines", ""))
    goods = Decimal(refund["amount"]) - Decimal(refund.get("shipping", 0)) - Decimal(refund.get("duties", 0))
    lines = [(line, refund["of"], str(goods))] if line else []
    shop.refund(refund["amount"], lines, refund.get("shipping", ""), duties=refund.get("duties", ""))
    bring(scenario, shop)
    through(scenario, shop, number)
    assert shop.paid() == paid
    assert [discrepancy.kind for _, discrepancy in scenario.frozen()] == (["unallocated_refund"] if asks else [])
    if not asks:
        assert (scenario.doc(number).money.due, scenario.doc(number).axes.settlement) == (0, "settled")


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_shirts_refunded_in_the_morning_and_returned_in_the_afternoon_are_not_paid_twice(
    scenario: Scenario, shop: Shop, pieces: int
) -> None:
    """Three were bought; where less than the return's two were refunded, a person says whether it was for these."""
    shop.asked["createdAt"] = "2026-07-20T18:00:00Z"
    shop.refund(f"{20 * pieces}.00", [(shop.order_line, pieces, f"{20 * pieces}.00")])
    shop.waiting.clear()
    number = begin(scenario, shop)
    through(scenario, shop, number)
    assert shop.paid() == []
    assert bool(scenario.frozen("unallocated_refund")) == (pieces == 1)
    assert (scenario.doc(number).money.due == 0) == (pieces > 1)


def test_change_handed_back_and_a_void_were_never_captured() -> None:
    def moved(id: str, kind: str, amount: str, parent: str | None = None, gateway: str = "cash") -> dict[str, Any]:
        bag = {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}
        return {"id": id, "kind": kind, "status": "SUCCESS", "gateway": gateway, "amountSet": bag,
                "parentTransaction": {"id": parent} if parent else None}  # fmt: skip

    order = {
        "transactions": [
            moved("1", "SALE", "50.00"),
            moved("2", "CHANGE", "12.50", "1"),
            moved("3", "AUTHORIZATION", "30.00", gateway="card"),
            moved("4", "CAPTURE", "20.00", "3", "card"),
            moved("5", "SALE", "9.00", gateway="card"),
            moved("6", "VOID", "9.00", "5", "card"),
            moved("7", "REFUND", "5.00", "1"),
        ]
    }
    captured = [(payment["id"], payment["captured"], payment["refunded"]) for payment in shopify.payments(order)]
    assert captured == [("1", Decimal("37.50"), 5), ("4", 20, 0), ("5", 0, 0)]
    order["transactions"][1]["parentTransaction"] = None
    assert shopify.payments(order)[0]["captured"] == Decimal("37.50"), "out of the till, whoever names it"


def test_tips_are_taken_off_what_was_captured_but_for_what_went_back_of_them() -> None:
    def bag(amount: str) -> dict[str, Any]:
        return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}

    def sale(id: str, amount: str) -> dict[str, Any]:
        return {"id": id, "kind": "SALE", "status": "SUCCESS", "gateway": "card", "amountSet": bag(amount)}

    line = {"id": "L1", "sku": None, "variant": None, "requiresShipping": False, "quantity": 1}
    tip = {**line, "originalTotalSet": bag("12.0"), "discountAllocations": []}
    order = {
        "taxesIncluded": True,
        "transactions": [sale("1", "50.00"), sale("2", "10.00")],
        "totalTipReceivedSet": bag("12.0"),
        "lineItems": {"nodes": [tip]},
        "refunds": [],
    }

    def captured() -> list[Decimal]:
        return [payment["captured"] for payment in shopify.payments(order)]

    assert captured() == [48, 0], "no payment falls below zero"
    back = {"quantity": 1, "lineItem": {"id": "L1"}, "subtotalSet": bag("7.0"), "totalTaxSet": bag("0.0")}
    for status, left in (("FAILURE", [48, 0]), ("SUCCESS", [50, 5])):
        order["refunds"] = [{"refundLineItems": {"nodes": [back]}, "transactions": {"nodes": [{"status": status}]}}]
        assert captured() == left
    order["lineItems"] = {"nodes": [{**tip, "sku": "GIFT-WRAP"}]}
    assert (shopify.tip(order), captured()) == (None, [48, 0])


@pytest.mark.parametrize(
    ("included", "parts"),
    [
        (True, {"goods": "16.81", "tax": "3.97", "shipping": "4.12"}),
        (False, {"goods": "20.00", "tax": "3.97", "shipping": "4.90"}),
    ],
)
def test_a_refunds_subtotals_are_prices_like_the_orders_so_tax_that_is_in_them_is_not_added(
    included: bool, parts: dict[str, str]
) -> None:
    def bag(amount: str) -> dict[str, Any]:
        return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}

    line = {"quantity": 1, "lineItem": {"id": "L1"}, "subtotalSet": bag("20.0"), "totalTaxSet": bag("3.19")}
    shipping = {"subtotalAmountSet": bag("4.9"), "taxAmountSet": bag("0.78")}
    record = {
        "totalRefundedSet": bag("24.9" if included else "28.87"),
        "return": None,
        "refundLineItems": {"nodes": [line]},
        "refundShippingLines": {"nodes": [shipping]},
        "orderAdjustments": {"nodes": []},
        "transactions": {"nodes": []},
    }
    made = shopify.refund(record, None, included)
    assert {name: made[name] for name in parts} == {name: Decimal(amount) for name, amount in parts.items()}
    assert [(part["kind"], part["amount"]) for part in made["allocations"]] == [
        ("goods", Decimal("20.0" if included else "23.19")),
        ("shipping", Decimal("4.9" if included else "5.68")),
    ], "and nothing is left over, or taken from the goods"
