"""One return between a real Medusa and a real Tryton: goods come back, in one or two rounds or for other goods.

Every write the hub makes is listed, literally (case.py spells out the runs): there is no echo, and nothing happens twice.
"""

from __future__ import annotations

import pytest

from tests.peers.two_systems import Between, gross

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(900)]


def test_one_good_and_one_damaged_piece_are_received_credited_and_refunded(between: Between) -> None:
    case = between.requested({"SHIRT-M": 2}, "too_small")
    case.approve()
    case.arrive({"SHIRT-M": 1}, {"SHIRT-M": 1})
    case.received_in_shop(actions=2)
    case.credited_and_refunded()
    merged = case.settled()

    # The shop and Tryton, asked.
    assert sorted(case.shop_received()) == [("RECEIVE_DAMAGED_RETURN_ITEM", 1), ("RECEIVE_RETURN_ITEM", 1)]
    assert case.shop_return() == "received"
    assert case.shop_refunds() == [gross("SHIRT-M", 2)]
    assert case.complaint_state() == "done"
    assert sorted(case.erp_stock()) == [("SHIRT-M", 1, "DAM"), ("SHIRT-M", 1, "STO")]
    # The canonical return.
    assert (merged.status, merged.axes.receipt, merged.axes.settlement) == ("completed", "full", "settled")
    assert merged.money.credited == merged.money.refunded == gross("SHIRT-M", 2)
    assert merged.money.due == 0
    assert sum(r.quantity or 0 for r in merged.receipts) == 2
    assert sorted(r.condition for r in merged.receipts) == ["damaged", "good"]
    assert merged.discrepancies == ()
    # The story, and what the hub wrote.
    case.tells(
        f"web return {case.in_web}: new return R{case.id}; status requested",
        "authorization authorized (by erp)",
        "receipt full; receipt 1 x SHIRT-M good at STO (erp); receipt 1 x SHIRT-M damaged at DAM (erp)",
        "settlement due",
        "status completed; settlement settled",
    )
    assert case.operations() == ["erp create_return", "erp authorize", "web receive", "web refund"]
    assert case.writes("erp") == case.entered() + case.brought_through()
    steps = ("receive-items", "dismiss-items")
    assert case.writes("web") == case.received(placed=True, items=steps) + case.refunded()


def test_a_partial_receipt_in_two_rounds_is_two_receipts_and_two_equal_refunds(between: Between) -> None:
    case = between.sold({"SHIRT-L": 2, "SCARF": 1})
    case.ask_back({"SHIRT-L": 2}, "not_as_described")
    case.arrived_in_erp()
    case.approve()

    case.arrive({"SHIRT-L": 1})
    case.received_in_shop()
    assert case.wait("a partial receipt", lambda: case.merged.axes.receipt == "partial")
    case.credited_and_refunded()
    assert case.shop_refunds() == [gross("SHIRT-L")]
    case.arrive({"SHIRT-L": 1})
    case.received_in_shop(actions=2)
    case.credited_and_refunded(refunds=2)
    merged = case.settled()

    assert case.shop_received() == [("RECEIVE_RETURN_ITEM", 1)] * 2
    assert case.shop_refunds() == [gross("SHIRT-L")] * 2
    assert case.erp_stock() == [("SHIRT-L", 1, "STO")] * 2
    assert case.complaint_state() == "done"
    assert (merged.status, merged.axes.receipt, merged.axes.settlement) == ("completed", "full", "settled")
    assert [r.quantity for r in merged.receipts] == [1, 1]
    assert (merged.money.refunded, merged.money.due) == (gross("SHIRT-L", 2), 0)
    case.tells("receipt partial; receipt 1 x ", "settlement due", "receipt full; receipt 1 x ", "status completed")
    wanted = ["erp create_return", "erp authorize", "web receive", "web refund", "web receive", "web refund"]
    assert case.operations() == wanted
    assert case.writes("erp") == case.entered() + case.brought_through()
    first, second = case.received(placed=True), case.received()
    assert case.writes("web") == first + case.refunded() + second + case.refunded()


def test_an_exchange_sends_the_wanted_article_and_no_money(between: Between) -> None:
    case = between.sold({"SHIRT-M": 1})
    exchange = between.shop.exchange(case.order["id"], case.order["items"]["SHIRT-M"], "SHIRT-L")
    case.in_web = exchange["return_id"]
    case.arrived_in_erp()
    sale = case.approve()
    replacement = case.wait("the sale of what is sent instead", case.replacement, there=True)
    case.arrive({"SHIRT-M": 1})
    case.received_in_shop()
    between.people.ship(replacement)
    between.people.post_invoices(sale)
    between.people.post_invoices(replacement)
    case.wait("the hub to know that it was sent", lambda: case.merged.axes.exchange in ("sent", "delivered"))
    merged = case.settled()

    assert case.shop_received() == [("RECEIVE_RETURN_ITEM", 1)]
    assert case.shop_refunds() == []
    assert case.erp_stock() == [("SHIRT-M", 1, "STO")]
    assert case.sold_lines(replacement) == [("SHIRT-L", 1)]
    assert (merged.kind, merged.axes.receipt, merged.axes.exchange) == ("exchange", "full", "sent")
    assert {(r.value.sku, r.quantity) for r in merged.replacements} == {("SHIRT-L", 1)}
    assert merged.money.due == 0
    case.tells(f"new return R{case.id}", "authorized", "receipt full", "exchange sent")
    assert case.operations() == ["erp create_return", "erp authorize", "erp exchange", "web receive"]
    assert case.writes("erp") == [
        *case.entered(),
        *case.brought_through(),
        "POST sale.sale",
        f"POST sale.sale/{replacement}/quote",
        f"POST sale.sale/{replacement}/confirm",
    ]
    assert case.writes("web") == case.received()
