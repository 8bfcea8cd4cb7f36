"""Who decides, and who says it first: cancelled in Medusa, rejected in Tryton, begun in Tryton, told twice.

Every write the hub makes is listed, literally (case.py spells out the runs): there is no echo, and nothing happens twice.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.store import jobs, raw
from tests.peers.case import Case
from tests.peers.two_systems import Between, gross

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(900)]


def refuse(between: Between, complaint: int) -> None:
    """A clerk says no; a complaint that was approved already is opened again first."""
    rpc = between.people.rpc
    if rpc.read("sale.complaint", complaint, "state")["state"] == "done":
        rpc.press("sale.complaint", complaint, "draft")
        rpc.insist("sale.complaint", complaint, "wait")
    rpc.press("sale.complaint", complaint, "reject")


def parcel(case: Case) -> str:
    """Medusa's parcel for a customer's request: it goes before the return."""
    asked = case.between.shop.admin("GET", f"/admin/returns/{case.in_web}", fields="id,*fulfillments")
    return str(asked["return"]["fulfillments"][0]["id"])


def test_a_return_cancelled_in_medusa_sends_no_event_and_is_found_by_the_sweep(between: Between) -> None:
    case = between.requested({"SCARF": 1})
    case.settled()
    heard = between.site.heard
    between.shop.cancel_return(case.in_web)
    between.sweep()  # what the timetable does every few minutes; no poll is open here
    case.wait("Tryton to know", lambda: case.complaint_state() == "cancelled", polls=(), there=True)
    assert between.site.heard == heard, "Medusa told of the cancellation after all"
    merged = case.settled()

    assert case.shop_return() == "canceled"
    assert case.complaint_state() == "cancelled"
    assert (merged.status, merged.axes.authorization.value) == ("cancelled", "cancelled")
    case.tells(f"new return R{case.id}", "told erp: create_return", "authorization cancelled (by web)")
    assert case.operations() == ["erp create_return", "erp cancel"]
    assert case.writes("erp") == [*case.entered(), f"POST sale.complaint/{case.complaint}/cancel"]
    assert case.writes("web") == []


def test_a_complaint_rejected_in_tryton_before_a_receipt_cancels_the_return_in_medusa(between: Between) -> None:
    case = between.sold({"SHIRT-M": 1})
    returned = case.ask_back({"SHIRT-M": 1})
    box = parcel(case)
    complaint = case.arrived_in_erp()
    refuse(between, complaint)
    case.wait("Medusa to know", lambda: case.shop_return() == "canceled", there=True)
    merged = case.settled()

    assert case.shop_return() == "canceled"
    assert case.shop_received() == []
    assert case.complaint_state() == "rejected"
    assert (merged.status, merged.axes.authorization.value) == ("rejected", "rejected")
    assert merged.axes.authorization.account == "erp"
    case.tells("authorization requested (by web)", "authorization rejected (by erp)", "told web: cancel")
    assert case.operations() == ["erp create_return", "web cancel"]
    assert case.writes("erp") == case.entered()
    assert case.writes("web") == [f"POST fulfillments/{box}/cancel", f"POST returns/{returned}/cancel"]


def test_a_complaint_rejected_in_tryton_after_a_receipt_stays_received_in_medusa_and_is_shown(
    between: Between,
) -> None:
    case = between.requested({"SHIRT-M": 2})
    case.approve()
    case.arrive({"SHIRT-M": 1})
    case.received_in_shop()
    case.settled()
    refuse(between, case.complaint)
    case.wait("the hub to hear of it", lambda: case.merged.axes.authorization.value == "rejected")
    merged = case.settled({"web": "blocked", "erp": "in_sync"})

    assert case.complaint_state() == "rejected"
    assert case.erp_stock() == [("SHIRT-M", 1, "STO")]
    assert case.shop_received() == [("RECEIVE_RETURN_ITEM", 1)]
    assert case.shop_return() == "partially_received"
    assert case.shop_refunds() == []
    assert (merged.axes.authorization.value, merged.axes.authorization.account) == ("rejected", "erp")
    assert [r.quantity for r in merged.receipts] == [1]
    assert merged.money.due == 0
    assert case.undeliverable("web") == ["web has received goods already, so it cannot be rejected there."]
    case.tells("told web: receive", "authorization rejected (by erp)")
    assert case.operations() == ["erp create_return", "erp authorize", "web receive"]
    assert case.writes("erp") == case.entered() + case.brought_through()
    assert case.writes("web") == case.received(placed=True)


def test_a_return_begun_in_tryton_for_a_medusa_order_is_made_received_and_refunded_there(between: Between) -> None:
    case = between.sold({"SHIRT-L": 2})
    case.complaint = between.people.complain(case.sold, {"SHIRT-L": Decimal(1)})
    found = case.wait("a return in Medusa", case.shop_returns, there=True)
    case.in_web = returned = found[0]["id"]
    case.return_sale = between.people.approve(case.complaint)
    case.arrive({"SHIRT-L": 1})
    case.received_in_shop()
    case.credited_and_refunded()
    merged = case.settled()

    ((status, mark),) = [(r["status"], r["metadata"]["hub_return"]) for r in case.shop_returns()]
    assert (status, mark.partition("-")[0]) == ("received", f"R{case.id}")
    assert case.shop_received() == [("RECEIVE_RETURN_ITEM", 1)]
    assert case.shop_refunds() == [gross("SHIRT-L")]
    assert case.complaint_state() == "done"
    assert case.erp_stock() == [("SHIRT-L", 1, "STO")]
    assert (merged.origin_account, merged.status, merged.axes.receipt) == ("erp", "completed", "full")
    assert merged.objects["erp"]["complaint"] == str(case.complaint)
    assert merged.objects["web"]["return"] == returned
    assert merged.discrepancies == ()
    case.tells(f"erp complaint {case.complaint}: new return R{case.id}", "receipt full", "status completed")
    assert case.operations() == ["web create_return", "web receive", "web refund"]
    assert case.writes("erp") == []
    assert case.writes("web") == [
        "POST returns",
        f"POST returns/{returned}/request-items",
        f"POST returns/{returned}/request",
        *case.received(),
        *case.refunded(),
    ]


def test_webhook_and_poll_report_the_same_request_and_it_is_one_return(between: Between) -> None:
    case = between.sold({"SCARF": 2})
    heard = between.site.heard
    returned = case.ask_back({"SCARF": 1}, "damaged")
    between.poll("web")

    def ways() -> set[str]:
        with between.hub.database.begin() as conn:
            return {row.via for row in raw.of_object(conn, "web", "return", returned)}

    complaint = case.arrived_in_erp()
    case.wait("both ways to have brought it", lambda: ways() == {"fetch", "poll"})
    with between.hub.database.begin() as conn:
        jobs.want(conn, "fetch", [("web", jobs.object_key("return", returned))] * 3)
    merged = case.settled()

    assert between.site.heard > heard
    assert [r["id"] for r in case.shop_returns()] == [returned]
    assert between.people.rpc.search("sale.complaint", [["origin", "=", f"sale.sale,{case.sold.sale}"]]) == [complaint]
    assert (merged.status, [line.quantity for line in merged.lines]) == ("requested", [1])
    assert merged.objects["web"]["return"] == returned
    assert [text for text in case.story() if "new return" in text] == case.story()[:1]
    assert case.operations() == ["erp create_return"]
    assert case.writes("erp") == case.entered()
    assert case.writes("web") == []
