"""People of two real systems who change their minds, come late, keep the goods, or pay with a coupon.

The servers are asked what became of it; how often the hub wrote is counted.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.demo.tryton_people import Goods
from tests.peers.case import Case
from tests.peers.two_systems import Between, gross

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(900)]

AGAIN = 240.0


def alive(case: Case) -> list[str]:
    return [record["id"] for record in case.shop_returns() if record["status"] != "canceled"]


def test_a_clerk_cancels_and_reopens_and_the_hub_does_not_take_its_own_cancel_for_the_shops_word(
    between: Between,
) -> None:
    case = between.requested({"SHIRT-M": 1})
    case.settled()
    rpc = between.people.rpc
    rpc.press("sale.complaint", case.complaint, "cancel")
    case.wait("Medusa to know", lambda: case.shop_return() == "canceled", there=True)
    case.settled()
    rpc.press("sale.complaint", case.complaint, "draft")
    rpc.insist("sale.complaint", case.complaint, "wait")
    case.wait("another return in the shop", lambda: len(alive(case)) == 1, there=True)
    merged = case.settled()
    assert case.complaint_state() == "waiting", "it was not cancelled again"
    assert merged.axes.authorization.value == "requested"
    assert merged.discrepancies == ()
    (case.in_web,) = alive(case)

    case.approve()
    case.arrive({"SHIRT-M": 1})
    case.received_in_shop()
    case.credited_and_refunded()
    merged = case.settled()
    assert (merged.status, case.shop_refunds()) == ("completed", [gross("SHIRT-M")])
    assert case.operations() == [
        "erp create_return", "web cancel", "web create_return", "erp authorize", "web receive", "web refund",
    ]  # fmt: skip


def test_a_sale_entered_later_wakes_what_waited_for_it(between: Between) -> None:
    order = between.shop.place_order({"SHIRT-L": 1})
    asked = between.shop.request_return(order["id"], {order["items"]["SHIRT-L"]: 1})
    between.wait("the hub to know", lambda: _known(between, order))
    between.wait("Tryton to say that there is no sale", lambda: _refused(between, order))
    sold = between.people.sell(order["number"], [Goods("SHIRT-L", Decimal(1), gross("SHIRT-L"))])
    case = Case(between, order, sold)
    case.in_web = asked
    case.arrived_in_erp(("erp",), seconds=AGAIN)
    merged = case.settled()
    assert (merged.status, len(case.complaints())) == ("requested", 1)


def _known(between: Between, order: dict[str, object]) -> bool:
    with between.hub.database.begin() as conn:
        rows = conn.exec_driver_sql(
            "SELECT count(*) FROM returns WHERE search LIKE %(n)s", {"n": f"%{order['number']}%"}
        )
        return bool(rows.scalar_one())


def _refused(between: Between, order: dict[str, object]) -> bool:
    with between.hub.database.begin() as conn:
        found = conn.exec_driver_sql(
            "SELECT count(*) FROM attempts WHERE account = 'erp' AND what LIKE 'create_return%%' AND outcome <> 'ok'"
            " AND error LIKE %(n)s", {"n": f"%{order['number']},%"},
        )  # fmt: skip
        return bool(found.scalar_one())


def test_goods_that_stay_are_not_asked_back_and_their_money_goes_back(between: Between) -> None:
    case = between.sold({"SCARF": 2})
    complaint = between.people.complain_about_invoice(case.sold)
    case.wait("the hub to know", lambda: case.id)
    between.people.rpc.press("sale.complaint", complaint, "approve")
    case.wait("the draft of the credit note", lambda: case.merged.credits)
    rpc = between.people.rpc
    (action,) = rpc.read("sale.complaint", complaint, "actions")["actions"]
    credit = rpc.read("sale.complaint.action", action, "result")["result"]
    rpc.press("account.invoice", int(credit.split(",")[1]), "post")
    case.wait("the refund in the shop", case.shop_refunds, there=True)
    merged = case.settled()
    assert case.shop_refunds() == [gross("SCARF", 2)]
    assert case.shop_returns() == [], "nothing comes back, so there is no return in the shop"
    assert (merged.kind, merged.axes.receipt, merged.status) == ("refund_only", "not_expected", "completed")
    assert case.operations() == ["web refund"]
    # Their own return of the same goods is not in the way of anything.
    assert between.shop.request_return(case.order["id"], {case.order["items"]["SCARF"]: 1})


def test_an_order_with_a_coupon_of_a_fixed_amount_is_paid_back_like_any_other(between: Between) -> None:
    """Medusa spreads it over the lines and taxes with 14 decimals; amounts that only inform hold up nothing."""
    code = between.shop.coupon(Decimal("7.77"))
    order = between.shop.place_order({"SHIRT-M": 2, "SCARF": 1}, coupon=code)
    total = Decimal(str(between.shop.order(order["id"], "total")["total"]))
    goods = [Goods("SHIRT-M", Decimal(2), gross("SHIRT-M")), Goods("SCARF", Decimal(1), gross("SCARF"))]
    case = Case(between, order, between.people.sell(order["number"], goods))
    assert total < gross("SHIRT-M", 2) + gross("SCARF") + 6
    case.ask_back({"SHIRT-M": 2})
    case.arrived_in_erp()
    case.approve()
    for round_ in (1, 2):
        case.arrive({"SHIRT-M": 1})
        case.received_in_shop(actions=round_)
        case.credited_and_refunded(refunds=round_)
    merged = case.settled()
    assert case.shop_refunds() == [gross("SHIRT-M")] * 2
    assert (merged.status, merged.money.due) == ("completed", 0)
    with between.hub.database.begin() as conn:
        unread = conn.exec_driver_sql("SELECT account, stream, error FROM inbox WHERE error IS NOT NULL").all()
    assert unread == [], "every record could be read"
