"""DESIGN 2.4, step by step: a return begins in the shop, the ERP approves, receives and credits, the shop pays."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hub.model.schema.observation import DuplicateFacts, FactId, Party
from hub.model.schema.operation import Outstanding
from tests.model.records import D, World, at, inputs, terms

WEB_CAN = {"create_return", "receive", "refund", "cancel", "exchange"}
ERP_CAN = {"create_return", "authorize", "reject", "cancel", "receive", "credit", "exchange", "note"}
LINE = "web/order_12/ordli_A"


@pytest.fixture
def world() -> World:
    web = Party(name="web", kind="storefront", holds_money=True)
    erp = Party(name="erp", kind="erp", decides=True, orders_of="web")
    world = World(
        inputs(web, erp, number="R1001"),
        terms(
            "web",
            "storefront",
            can=WEB_CAN,
            sells=True,
            money=True,
            silent=frozenset({"authorization", "closure", "acceptance"}),
        ),
        terms("erp", "erp", can=ERP_CAN, silent=frozenset({"closure"})),
    )
    world.hears(
        "web", "order", "order_12",
        keys=[{"type": "order_number", "value": "12"}],
        order={
            "number": "12", "currency": "EUR",
            "lines": [{"id": "ordli_A", "quantity": 2, "sku": "SHOE-42", "price": "79.00"}],
        },
    )  # fmt: skip
    world.hears(
        "web", "payment", "pay_1",
        orders=[{"type": "order", "value": "order_12"}],
        order={"payments": [{"id": "pay_1", "captured": "189.05", "currency": "EUR", "refunded": 0}]},
        refunds=[],
    )  # fmt: skip
    world.hears(
        "erp", "sale", "4",
        keys=[{"issuer": "web", "type": "order_number", "value": "12"}],
        order={"number": "12", "lines": [{"id": "11", "quantity": 2, "sku": "SHOE-42"}]},
    )  # fmt: skip
    the_return(world)
    return world


def the_return(world: World, **more: object) -> None:
    world.hears(
        "web", "return", "return_01M8",
        origin="request", number="1", currency="EUR", requested_at=at(9),
        orders=[{"type": "order", "value": "order_12"}],
        lines=[{"line": "ritem_1", "order_line": "ordli_A", "quantity": 2,
                "reason": {"code": "size_too_small", "raw": "too_small"}}],
        **more,
    )  # fmt: skip


def complaint(world: World, authorization: str, **more: object) -> None:
    world.hears(
        "erp", "complaint", "7",
        origin="request", number="7", requested_at=at(9, 5),
        keys=[{"issuer": "hub", "type": "return", "value": "R1001"}],
        orders=[{"type": "sale", "value": "4"}],
        lines=[{"line": "1", "order_line": "11", "quantity": 2}],
        authorization={"value": authorization, "by": "clerk" if authorization == "authorized" else None},
        **more,
    )  # fmt: skip


def shipment(world: World, number: str, condition: str) -> None:
    world.hears(
        "erp", "return_shipment", number,
        keys=[{"type": "complaint", "value": "7"}],
        receipts=[{"id": "1", "order_line": "11", "quantity": 1, "condition": condition, "location": "STO"}],
    )  # fmt: skip


def test_a_request_founds_the_return_and_the_erp_is_asked_to_create_it(world: World) -> None:
    merged = world.merged
    assert (merged.origin, merged.status) == ("request", "requested")
    assert merged.axes.authorization.value == "requested"
    assert merged.axes.receipt == "none"
    assert merged.orders[0].ids == {"erp": "4", "web": "order_12"}
    assert merged.lines[0].key == LINE
    assert merged.lines[0].order_lines == {"erp": "11", "web": "ordli_A"}
    assert world.plan("web") == ((), ())

    (create,), undeliverable = world.plan("erp")
    assert undeliverable == ()
    assert create.kind == "create_return"
    assert (create.order_number, create.objects) == ("12", {"sale": "4"})
    assert (create.lines[0].order_line, create.lines[0].quantity, create.lines[0].words["reason"]) == (
        "11",
        2,
        "size_too_small",
    )


def test_what_is_on_its_way_is_not_said_again_and_read_back_it_is_in_sync(world: World) -> None:
    create = world.plan("erp")[0][0]
    world.outstanding = [Outstanding(operation=create, state="sent")]
    assert world.plan("erp") == ((), ())
    world.outstanding = []
    complaint(world, "requested")
    assert world.plan("erp") == ((), ())
    assert world.merged.origin_account == "web"


def test_the_erp_decides_and_is_taken_through_until_goods_can_be_received(world: World) -> None:
    complaint(world, "authorized", ready=False)
    merged = world.merged
    assert (merged.axes.authorization.value, merged.axes.authorization.account, merged.axes.authorization.by) == (
        "authorized",
        "erp",
        "clerk",
    )
    assert world.plan("web") == ((), ())
    assert world.asks("erp") == ["authorize"]
    complaint(world, "authorized", ready=True)
    assert world.plan("erp") == ((), ())


def test_pieces_in_two_rounds_then_the_credit_then_the_money(world: World) -> None:
    complaint(world, "authorized", ready=True)
    shipment(world, "9", "good")
    assert world.merged.axes.receipt == "partial"
    assert world.plan("erp") == ((), ())
    (receive,), _ = world.plan("web")
    first = "erp/return_shipment/9/receipts/1"
    assert receive.lines[0].order_line == "ordli_A"
    assert receive.lines[0].totals == {"received": 1, "damaged": 0}
    assert receive.facts == receive.lines[0].facts == (first,)
    assert receive.objects == {"order": "order_12", "return": "return_01M8"}

    the_return(world, receipts=[{"id": "act_5", "order_line": "ordli_A", "quantity": 1, "condition": "good"}])
    assert world.discrepancies() == [], (
        "two pieces are expected and two are told of: until they are known to be one, they add up"
    )
    world.links(
        DuplicateFacts(frozenset({FactId.parse(first), FactId("web", "return", "return_01M8", "receipts", "act_5")}))
    )
    assert world.merged.lines[0].received == 1
    assert (world.plan("web"), world.plan("erp")) == (((), ()), ((), ()))

    shipment(world, "10", "damaged")
    (receive,), _ = world.plan("web")
    assert receive.lines[0].totals == {"received": 2, "damaged": 1}
    assert receive.facts == ("erp/return_shipment/10/receipts/1",)
    the_return(
        world,
        receipts=[
            {"id": "act_5", "order_line": "ordli_A", "quantity": 1, "condition": "good"},
            {"id": "act_6", "order_line": "ordli_A", "quantity": 1, "condition": "damaged"},
        ],
    )
    world.links(
        DuplicateFacts(
            frozenset({FactId.parse(receive.facts[0]), FactId("web", "return", "return_01M8", "receipts", "act_6")})
        )
    )
    assert world.merged.lines[0].by_condition == {"good": 1, "damaged": 1}
    assert (world.plan("web"), world.plan("erp")) == (((), ()), ((), ()))

    world.hears(
        "erp", "credit_note", "3",
        keys=[{"type": "complaint", "value": "7"}],
        credits=[{"id": "3", "state": "posted", "amount": "158.00", "currency": "EUR", "number": "CN3"}],
    )  # fmt: skip
    assert world.merged.money.due == D("158.00")
    assert world.merged.axes.settlement == "due"
    assert world.plan("erp") == ((), ())
    (refund,), _ = world.plan("web")
    assert (refund.kind, refund.amount, refund.currency, refund.payment, refund.moves_money) == (
        "refund",
        D("158.00"),
        "EUR",
        "pay_1",
        True,
    )
    assert refund.facts == ("erp/credit_note/3/credits/3",)

    world.outstanding = [Outstanding(operation=refund, state="unknown")]
    assert world.plan("web") == ((), ())
    world.outstanding = []
    world.hears(
        "web", "payment", "pay_1",
        orders=[{"type": "order", "value": "order_12"}],
        order={"payments": [{"id": "pay_1", "captured": "189.05", "currency": "EUR", "refunded": "158.00"}]},
        refunds=[{"id": "ref_1", "currency": "EUR", "at": at(12),
                  "parts": [{"amount": "158.00", "state": "succeeded", "payment": "pay_1"}]}],
    )  # fmt: skip
    world.links(
        DuplicateFacts(
            frozenset({FactId.parse(refund.facts[0]), FactId("web", "payment", "pay_1", "refunds", "ref_1")})
        )
    )
    merged = world.merged
    assert (merged.status, merged.axes.settlement, merged.money.due) == ("completed", "settled", 0)
    assert (world.plan("web"), world.plan("erp")) == (((), ()), ((), ()))
    assert merged.discrepancies == ()


def test_money_that_is_off_is_undeliverable_and_never_in_sync(world: World) -> None:
    complaint(world, "authorized", ready=True)
    world.hears(
        "erp", "credit_note", "3",
        keys=[{"type": "complaint", "value": "7"}],
        credits=[{"id": "3", "state": "posted", "amount": "158.00", "currency": "EUR"}],
    )  # fmt: skip
    world.terms["web"] = replace(world.terms["web"], money=False)
    operations, undeliverable = world.plan("web")
    assert operations == ()
    assert "Money is off" in undeliverable[0].why
