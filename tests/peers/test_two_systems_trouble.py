"""When a system is away for a while, or the hub dies in the middle of a write: nothing is lost, nothing happens twice.

Every write the hub makes is listed, literally (case.py spells out the runs).
"""

from __future__ import annotations

import pytest

from hub.store import console as pages
from tests.peers.two_systems import Between

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(900)]

AGAIN = 240.0
"""Seconds until it is tried again: waits grow (2, 10, 60, 300 s)."""


def refused(between: Between, account: str, what: str) -> bool:
    """Whether a call of this kind failed for now, as the log of conversations says."""
    with between.hub.database.begin() as conn:
        calls = pages.calls(conn, account, "RetryLater").rows
    return any(call.what.startswith(what) for call in calls)


def test_the_storefront_is_down_for_a_while_and_hears_everything_afterwards(between: Between) -> None:
    case = between.requested({"SHIRT-M": 2})
    case.approve()
    case.settled()
    other = between.sold({"SCARF": 1})
    with between.web.away():
        case.arrive({"SHIRT-M": 1})
        second = other.ask_back({"SCARF": 1})  # its webhook comes; the record cannot be fetched
        case.wait("the receipt", lambda: case.merged.axes.receipt == "partial", polls=("erp",))
        case.wait("the shop to be tried", lambda: refused(between, "web", "receive"), polls=("erp",))
        case.wait(
            "the webhook to be followed", lambda: refused(between, "web", f"fetch return {second}"), polls=("erp",)
        )
        assert case.sync()["web"] == "pending"
        assert case.shop_received() == []
        assert case.writes("web") == []
    case.received_in_shop(seconds=AGAIN)
    other.arrived_in_erp(seconds=AGAIN)
    merged, its = case.settled(), other.settled()

    assert case.shop_received() == [("RECEIVE_RETURN_ITEM", 1)]
    assert case.erp_stock() == [("SHIRT-M", 1, "STO")]
    assert (merged.axes.authorization.value, merged.axes.receipt) == ("authorized", "partial")
    assert (its.status, its.objects["web"]["return"]) == ("requested", second)
    case.tells("told erp: authorize", "receipt partial", "told web: receive")
    assert case.operations() == ["erp create_return", "erp authorize", "web receive"]
    assert other.operations() == ["erp create_return"]
    assert case.writes("web") == case.received(placed=True)
    assert case.writes("erp") == case.entered() + case.brought_through() + other.entered()


def test_the_erp_is_down_for_a_while_and_hears_everything_afterwards(between: Between) -> None:
    case = between.sold({"SHIRT-L": 1})
    with between.erp.away():
        case.ask_back({"SHIRT-L": 1})
        case.wait("the hub to know", lambda: case.id, polls=("web",))
        case.wait("Tryton to be tried", lambda: refused(between, "erp", f"create_return R{case.id}"), polls=("web",))
        assert case.sync() == {"web": "in_sync", "erp": "pending"}
        assert case.complaints() == []
    complaint = case.arrived_in_erp(seconds=AGAIN)
    case.wait("the hub to have heard the answer", lambda: case.sync()["erp"] == "in_sync")
    with between.erp.away():
        between.people.rpc.press("sale.complaint", complaint, "approve")  # nobody can tell the hub
    case.wait("the approval to come through", lambda: case.merged.ready, seconds=AGAIN)
    case.return_sale = sale = between.people.return_sale(complaint)
    merged = case.settled()

    assert case.complaints() == [complaint]
    assert case.complaint_state() == "done"
    assert between.people.rpc.read("sale.sale", sale, "state")["state"] == "processing"
    assert case.shop_return() == "requested"
    assert (merged.status, merged.axes.authorization.account) == ("authorized", "erp")
    case.tells(f"new return R{case.id}", "told erp: create_return", "authorization authorized (by erp)")
    assert case.operations() == ["erp create_return", "erp authorize"]
    assert case.writes("web") == []
    assert case.writes("erp") == case.entered() + case.brought_through()


@pytest.mark.parametrize("reached", [False, True], ids=["its request was lost", "its request was done all the same"])
def test_the_hub_is_killed_between_two_steps_of_a_receipt(between: Between, reached: bool) -> None:
    case = between.requested({"SHIRT-M": 2})
    case.approve()
    case.settled()
    with between.other_process() as worker, between.web.holding("POST", rf"/{case.in_web}/receive-items$") as held:
        case.arrive({"SHIRT-M": 1})
        case.wait("the third step of the receipt", held.arrived.is_set)
        worker.kill()
        worker.wait(20)
        assert case.shop_received() == []
        before = between.web.count()
        held.release(forward=reached)
        case.wait("the request to come to its end", lambda: between.web.count() > before, polls=())
    case.received_in_shop(seconds=AGAIN)
    merged = case.settled()

    assert case.shop_received() == [("RECEIVE_RETURN_ITEM", 1)]
    assert case.erp_stock() == [("SHIRT-M", 1, "STO")]
    assert (merged.axes.receipt, [r.quantity for r in merged.receipts]) == ("partial", [1])
    assert {duplicate.account for duplicate in merged.receipts[0].duplicates} == {"web", "erp"}
    assert merged.discrepancies == ()
    case.tells("receipt partial", "told web: receive")
    assert case.operations() == ["erp create_return", "erp authorize", "web receive"]
    assert case.writes("web") == case.received(placed=True)
    assert case.writes("erp") == case.entered() + case.brought_through()
