"""The Tryton connector alone against a real Tryton: cases opened, decided and ended, told by what Tryton says then."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.kit.api import OperationLine
from connectors.kit.errors import Rejected, Unauthorized
from hub.demo.tryton_people import Goods
from tests.peers.tryton_case import Case, case, connect, sold
from tests.peers.tryton_fixture import people, running

__all__ = ["case", "people", "running", "sold"]
pytestmark = [pytest.mark.proves("outside", "tryton"), pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(600)]


def test_check_finds_nothing_to_complain_about(case: Case) -> None:
    health = case.connector.check()
    assert health.problems == ()
    assert health.ok
    assert health.facts["version"].startswith("8.2.")


def test_check_names_what_is_missing(case: Case) -> None:
    wrong = connect({**case.settings, "locations": {"NOWHERE": {"condition": "good"}}}, [])
    assert any("NOWHERE" in problem for problem in wrong.check().problems)
    hidden = connect({**case.settings, "company": 99}, []).check()
    assert not hidden.ok
    assert "company 99" in hidden.problems[0]


def test_a_key_that_is_not_accepted(case: Case) -> None:
    with pytest.raises(Unauthorized, match="application key"):
        connect({**case.settings, "key": "no such key"}, []).check()


def test_create_return_is_a_waiting_complaint_once(case: Case) -> None:
    operation = case.operation("create_return", case.line("SHIRT-M", 2), payload={"description": "size_too_small"})
    first = case.carry_out(operation)
    assert case.writes() == ["POST sale.complaint", f"POST sale.complaint/{first.objects['complaint']}/wait"]
    again = case.carry_out(operation)
    assert again.objects == first.objects
    assert len(case.writes()) == 2
    assert case.state("sale.complaint", first.objects["complaint"]) == "waiting"
    assert case.people.can_decide(first.objects["complaint"])
    record = case.record("complaint", first.objects["complaint"])
    assert record["hub_number"] == case.reference
    assert record["sale"]["reference"] == case.order
    assert [(line["order_line"], line["quantity"]) for line in record["lines"]] == [
        (str(case.sold.lines["SHIRT-M"]), 2)
    ]


def test_a_create_cut_off_after_its_first_write_finds_its_draft(case: Case) -> None:
    operation = case.operation("create_return", case.line("SHIRT-M", 1))
    assert not case.connector.perform(operation).finished  # its progress is lost with the process
    found = case.connector.find(operation)
    assert found is not None
    assert not found.finished
    draft = case.people.rpc.first("sale.complaint", [["reference", "like", f"{case.reference}%"]])
    assert not case.people.can_decide(draft), "the demo's clerk waits"
    reply = case.carry_out(operation)
    assert case.writes() == ["POST sale.complaint", f"POST sale.complaint/{reply.objects['complaint']}/wait"]


def test_a_create_that_never_arrived_is_not_found(case: Case) -> None:
    assert case.connector.find(case.operation("create_return", case.line("SHIRT-M", 1))) is None


def test_no_sale_of_this_order(case: Case) -> None:
    with pytest.raises(Rejected, match="no confirmed sale with the reference WEB-0"):
        case.do("create_return", case.line("SHIRT-M", 1), order_number="WEB-0")
    assert case.writes() == []


def test_two_sales_of_one_order(case: Case) -> None:
    for _ in range(2):
        case.people.sell("WEB-2", [Goods("SHIRT-M", Decimal(1), Decimal("79.00"))], ship=False)
    with pytest.raises(Rejected, match="2 sales in Tryton carry the reference"):
        case.do("create_return", case.line("SHIRT-M", 1), order_number="WEB-2")


def test_a_line_the_sale_does_not_have(case: Case) -> None:
    with pytest.raises(Rejected, match="has no such line: SKU SHOE-42"):
        case.do("create_return", OperationLine(Decimal(1), sku="SHOE-42"))


def test_authorize_goes_on_to_an_open_shipment(case: Case) -> None:
    complaint = case.requested()
    before = case.record("complaint", complaint)
    reply = case.do("authorize")
    sale = reply.objects["return_sale"]
    assert case.writes()[2:] == [
        f"POST sale.complaint/{complaint}/approve",
        f"POST sale.sale/{sale}/quote",
        f"POST sale.sale/{sale}/confirm",
    ]
    after = case.record("complaint", complaint)
    assert (before["standing"], before["ready"]) == ("waiting", False)
    assert (after["standing"], after["ready"]) == ("done", True)
    assert case.people.open_shipment(int(sale)) > 0
    case.do("authorize")
    assert len(case.writes()) == 5


def test_a_complaint_approved_by_a_clerk_is_not_ready_until_its_sale_is_confirmed(case: Case) -> None:
    complaint = case.requested()
    case.people.rpc.press("sale.complaint", int(complaint), "approve")
    record = case.record("complaint", complaint)
    assert (record["standing"], record["ready"]) == ("done", False)
    case.do("authorize")
    assert case.record("complaint", complaint)["ready"] is True


def test_amend_before_approval_and_not_after(case: Case) -> None:
    complaint = case.requested()
    totals = {"quantity": Decimal(3), "cancelled": Decimal(0)}
    case.do("amend", case.line("SHIRT-M", 3, totals=totals), case.line("MUG-BLUE", 1))
    assert {line["sku"]: line["quantity"] for line in case.record("complaint", complaint)["lines"]} == {
        "SHIRT-M": 3,
        "MUG-BLUE": 1,
    }
    assert case.state("sale.complaint", complaint) == "waiting"
    case.do("authorize")
    with pytest.raises(Rejected, match="cannot change any more"):
        case.do("amend", case.line("SHIRT-M", 1))


def test_an_amend_that_is_refused_in_the_middle_leaves_the_complaint_waiting(case: Case) -> None:
    """Half a shirt: Tryton says so only when it is written, after the complaint went back to draft for it."""
    complaint = case.requested()
    half = {"quantity": Decimal("1.5"), "cancelled": Decimal(0)}
    with pytest.raises(Rejected):
        case.do("amend", case.line("SHIRT-M", 2, totals=half))
    assert case.writes()[-3:] == [
        f"POST sale.complaint/{complaint}/draft",
        f"PUT sale.complaint/{complaint}",
        f"POST sale.complaint/{complaint}/wait",
    ]
    assert case.state("sale.complaint", complaint) == "waiting"


def test_reject_while_waiting(case: Case) -> None:
    complaint = case.requested()
    case.do("reject")
    assert case.state("sale.complaint", complaint) == "rejected"
    assert case.writes()[2:] == [f"POST sale.complaint/{complaint}/reject"]
    case.do("reject")
    assert len(case.writes()) == 3
    with pytest.raises(Rejected, match="there is no way"):
        case.do("authorize")


def test_reject_after_approval_calls_the_shipment_off_first(case: Case) -> None:
    complaint, sale = case.authorized()
    case.do("reject")
    assert case.state("sale.complaint", complaint) == "rejected"
    (shipment,) = case.state("sale.sale", sale, "shipment_returns")["shipment_returns"]
    assert case.state("stock.shipment.out.return", shipment) == "cancelled"
    assert case.record("complaint", complaint)["standing"] == "rejected"


def test_cancel_and_reopen(case: Case) -> None:
    complaint = case.requested()
    case.do("cancel")
    assert case.state("sale.complaint", complaint) == "cancelled"
    case.do("cancel")
    case.do("reopen")
    assert case.state("sale.complaint", complaint) == "waiting"
    assert case.do("reopen").finished


def test_a_cancelled_return_sale_calls_the_case_off(case: Case) -> None:
    complaint = case.requested()
    case.people.rpc.press("sale.complaint", int(complaint), "approve")
    case.people.rpc.press("sale.sale", case.people.return_sale(int(complaint)), "cancel")
    assert case.record("complaint", complaint)["standing"] == "called_off"


def test_two_equal_notes_are_two_and_one_told_twice_is_one(case: Case) -> None:
    complaint = case.requested()
    first = case.operation("note", payload={"text": "Parcel 1Z999 is on its way", "facts": ["S1"]})
    assert [made.fact for made in case.carry_out(first).made] == ["S1"]
    case.carry_out(first)
    case.do("note", payload={"text": "Parcel 1Z999 is on its way"})
    texts = [note["text"] for note in case.record("complaint", complaint)["notes"]]
    assert len(texts) == 2
    assert all("Parcel 1Z999" in text for text in texts)
