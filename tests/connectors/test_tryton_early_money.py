"""Money that a shop gave back before Tryton's complaint was opened; its records as they were once read (simulated)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.kit.api import Message
from hub import configuration
from hub.pipeline.intake.accept import arrivals
from hub.store import inbox
from hub.store.database import next_read_seq
from tests.pipeline.queries import all_returns, work_off
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario

RECORDED = Path(__file__).parent / "tryton"
SHIRTS = {"id": "L1", "sku": "SHIRT-M", "quantity": 2, "shipped": 2, "price": "79.00"}
MUG = {"id": "L2", "sku": "MUG-BLUE", "quantity": 1, "shipped": 1, "price": "14.50"}


def recorded(name: str) -> dict[str, Any]:
    record: dict[str, Any] = msgspec.json.decode((RECORDED / f"{name}.json").read_bytes())["record"]
    return record


def booked(scenario: Scenario, name: str, **more: Any) -> None:
    """One of its records, with what is different here."""
    said = msgspec.json.decode((RECORDED / f"{name}.json").read_bytes())
    record = {**said["record"], **more}
    message = Message(said["stream"], record["id"], msgspec.json.encode(record), record["modified_at"])
    with scenario.hub.database.begin() as conn:
        (drawn,) = next_read_seq(conn)
        inbox.accept(conn, arrivals(scenario.hub.accounts.get("erp"), [message], "fetch", drawn))
    work_off(scenario.hub, kinds=("process",))


@pytest.fixture
def shop(scenario: Scenario) -> Scenario:
    """Order 12, two shirts and a mug, sold in the shop and entered in Tryton, which decides."""
    scenario.accounts()
    settings = {"base_url": "http://127.0.0.1:9", "database": "d", "key": "simulated", "orders_of": "web"}
    terms = {"settle": 0, "decides": True, "listens": []}
    configuration.put(scenario.hub, "erp", {"connector": "tryton", "settings": settings, "terms": terms})
    paid = [{"id": "PAY", "captured": "172.50"}]
    scenario.push("web", "order.upsert", "O1", number="12", currency="EUR", lines=[SHIRTS, MUG], payments=paid)
    booked(scenario, "sale_shipped")
    return scenario


def back(scenario: Scenario, amount: str, **more: Any) -> None:
    """The clerk of the shop gives money back."""
    parts = [{"amount": amount, "state": "succeeded", "payment": "PAY"}]
    said = {"order": {"id": "O1", "number": "12"}, "currency": "EUR", "at": "2026-11-23T10:00:00Z", "parts": parts}
    scenario.push("web", "refund.upsert", "RF-1", **said, **more)


def through(scenario: Scenario, state: str = "posted") -> int:
    """A complaint about both shirts, approved, its goods received, its credit note posted; its number here."""
    booked(scenario, "complaint_authorized", hub_number=None)
    booked(scenario, "return_sale_of_complaint")
    (line,) = recorded("shipment_good")["receipts"]
    booked(scenario, "shipment_good", receipts=[{**line, "quantity": 2}])
    booked(scenario, "credit_note_posted", amount="158.00", state=state)
    (one,) = all_returns(scenario.hub)
    return int(one.id)


CASES: dict[str, tuple[dict[str, Any] | None, str, str]] = {
    "nothing": (None, "158.00", ""),
    "one shirt's worth, for nothing in particular": ({"amount": "79.00"}, "0", "unallocated_refund"),
    "one of the shirts, all of which come back": ({"amount": "79.00", "lines": ("L1", 1)}, "79.00", ""),
    "both shirts": ({"amount": "158.00", "lines": ("L1", 2)}, "0", ""),
    "the mug": ({"amount": "14.50", "lines": ("L2", 1)}, "158.00", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_what_went_back_before_the_complaint_counts(shop: Scenario, name: str) -> None:
    refund, paid, asks = CASES[name]
    if refund:
        line, pieces = refund.get("lines", (None, 0))
        parts = [{"order_line": line, "quantity": pieces, "amount": refund["amount"]}] if line else []
        back(shop, refund["amount"], allocations=parts)
    number = through(shop)
    assert shop.paid() == D(paid)
    assert [asked.kind for _, asked in shop.frozen()] == ([asks] if asks else [])
    money = shop.doc(number).money
    assert money.agreed == 158
    assert bool(money.due) == bool(asks)


def test_a_voucher_on_the_sale_is_no_goods_and_the_shop_hears_of_the_shirts_alone(shop: Scenario) -> None:
    """A complaint about the whole sale names the voucher's line, too."""
    (shirts,) = recorded("complaint_authorized")["lines"]
    voucher = {
        **shirts,
        "id": "1-99",
        "order_line": "99",
        "sku": None,
        "name": "Voucher",
        "quantity": 1,
        "amount": "-5.00",
    }
    sold = recorded("sale_shipped")["lines"]
    entered = {"id": "99", "name": "Voucher", "price": "-5.00", "quantity": 1, "shipped": 0, "sku": None}
    booked(shop, "sale_shipped", lines=[*sold, entered])
    booked(shop, "complaint_authorized", hub_number=None, lines=[shirts, voucher])
    (one,) = all_returns(shop.hub)
    assert {line.name: line.goods for line in shop.doc(one.id).lines} == {
        "Linen shirt M": "expected",
        "Voucher": "deduction",
    }
    shop.work()
    (made,) = shop.payer.created
    assert ([line["sku"] for line in made], shop.frozen()) == (["SHIRT-M"], [])


def test_a_credit_note_that_was_paid_in_tryton_is_asked_about_before_the_shop_pays_it_again(shop: Scenario) -> None:
    number = through(shop, state="paid")
    assert shop.paid() == 0
    ((_, asked),) = shop.frozen("credit_paid")
    shop.hub.answering.answer(number, asked.question, "elsewhere", "Li")
    assert (shop.paid(), shop.doc(number).money.due, shop.doc(number).axes.settlement) == (0, 0, "settled")


def test_a_credit_note_that_is_balanced_after_the_shop_paid_asks_nobody(shop: Scenario) -> None:
    number = through(shop)
    assert shop.paid() == D("158.00")
    booked(shop, "credit_note_posted", amount="158.00", state="paid", modified_at="2026-11-25T01:59:19Z")
    assert (shop.frozen(), shop.doc(number).money.refunded) == ([], 158)


def test_a_credit_note_that_a_clerk_made_without_a_complaint_is_no_returns_and_no_money(shop: Scenario) -> None:
    booked(shop, "credit_note_posted", id="9", return_sales=[], complaints=[])
    number = through(shop)
    assert shop.paid() == D("158.00")
    assert (shop.doc(number).money.credited, shop.frozen()) == (158, [])
