"""The Tryton connector alone against a real Tryton: goods, money and replacements, told by what Tryton says then."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from connectors.kit.errors import Rejected
from tests.peers.tryton_case import Case, case, connect, receipts_of, sold
from tests.peers.tryton_fixture import people, running

__all__ = ["case", "people", "running", "sold"]
pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(600)]


def test_partial_receipts_in_two_rounds_one_piece_damaged(case: Case) -> None:
    _, sale = case.authorized()
    first = case.do("receive", case.line("SHIRT-M", 1, totals={"received": Decimal(1)}, facts=("RC1",)))
    assert receipts_of(case.receipts()) == [("SHIRT-M", 1, "good", "restock")]
    assert [made.fact for made in first.made] == ["RC1"]
    totals = {"received": Decimal(2), "damaged": Decimal(1)}
    second = case.do("receive", case.line("SHIRT-M", 2, totals=totals, facts=("RC2",)))
    receipts = case.receipts()
    assert receipts_of(receipts) == [("SHIRT-M", 1, "good", "restock"), ("SHIRT-M", 1, "damaged", "scrap")]
    assert [(made.kind, made.id, made.fact) for made in (*first.made, *second.made)] == [
        ("receipts", receipts[0]["id"], "RC1"),
        ("receipts", receipts[1]["id"], "RC2"),
    ]
    assert {r["order_line"] for r in receipts} == {str(case.sold.lines["SHIRT-M"])}
    shipments = case.state("sale.sale", sale, "shipment_returns", "shipment_state")
    assert shipments["shipment_state"] == "sent"
    assert [case.state("stock.shipment.out.return", s) for s in sorted(shipments["shipment_returns"])] == ["done"] * 2


def test_one_receipt_of_good_and_damaged_pieces_is_split_where_it_is_put_away(case: Case) -> None:
    case.authorized(case.line("SHIRT-M", 3), case.line("MUG-BLUE", 2))
    case.do(
        "receive",
        case.line("SHIRT-M", 3, totals={"received": Decimal(3), "damaged": Decimal(1)}),
        case.line("MUG-BLUE", 2, totals={"received": Decimal(1), "damaged": Decimal(0)}),
    )
    assert sorted(receipts_of(case.receipts())) == [
        ("MUG-BLUE", 1, "good", "restock"),
        ("SHIRT-M", 1, "damaged", "scrap"),
        ("SHIRT-M", 2, "good", "restock"),
    ]


def test_the_same_receipt_told_twice_is_one(case: Case) -> None:
    case.authorized()
    operation = case.operation("receive", case.line("SHIRT-M", 1, totals={"received": Decimal(1)}, facts=("RC1",)))
    first = case.carry_out(operation)
    writes = case.writes()
    assert case.carry_out(operation).made == first.made
    assert case.writes() == writes
    assert receipts_of(case.receipts()) == [("SHIRT-M", 1, "good", "restock")]


def test_a_receive_cut_off_anywhere_ends_as_one_receipt(case: Case) -> None:
    case.authorized()
    totals = {"received": Decimal(1), "damaged": Decimal(1)}
    operation = case.operation("receive", case.line("SHIRT-M", 1, totals=totals, facts=("RC1",)))
    for _ in range(8):  # after each single write the process dies, and with it the progress
        reply = case.connector.perform(operation)
        if reply.finished:
            break
    assert reply.finished
    assert [made.fact for made in reply.made] == ["RC1"]
    assert receipts_of(case.receipts()) == [("SHIRT-M", 1, "damaged", "scrap")]


def test_more_than_agreed_cannot_be_received(case: Case) -> None:
    case.authorized()
    case.do("receive", case.line("SHIRT-M", 2, totals={"received": Decimal(2)}))
    with pytest.raises(Rejected, match="no open return shipment"):
        case.do("receive", case.line("SHIRT-M", 3, totals={"received": Decimal(3)}))


def test_what_a_clerk_receives_is_told_when_it_is_put_away(case: Case) -> None:
    _, sale = case.authorized()
    shipment = case.people.open_shipment(int(sale))
    case.people.rpc.press("stock.shipment.out.return", shipment, "receive")
    assert case.receipts() == []
    at_once = connect({**case.settings, "receipt_at": "received"}, []).fetch("shipment", str(shipment))
    assert [r["disposition"] for r in json.loads(at_once.body)["receipts"]] == [None]
    case.people.put_away(shipment, {"SHIRT-M": 1})
    assert receipts_of(case.receipts()) == [("SHIRT-M", 1, "good", "restock"), ("SHIRT-M", 1, "damaged", "scrap")]


def test_a_condition_without_a_location_is_refused(case: Case) -> None:
    case.settings = {**case.settings, "locations": {"STO": {"condition": "good", "disposition": "restock"}}}
    case.connector = connect(case.settings, case.wire)
    case.authorized()
    with pytest.raises(Rejected, match="names no location for condition 'damaged'"):
        case.do("receive", case.line("SHIRT-M", 1, totals={"received": Decimal(1), "damaged": Decimal(1)}))


def test_dispose_moves_what_waits_and_agrees_with_what_lies(case: Case) -> None:
    case.authorized()
    case.do("receive", case.line("SHIRT-M", 2, totals={"received": Decimal(2), "damaged": Decimal(1)}))
    scrapped = case.do("dispose", case.line("SHIRT-M", 1, totals={"scrap": Decimal(1)}, facts=("D1",)))
    assert scrapped.finished
    with pytest.raises(Rejected, match="put away elsewhere"):
        case.do("dispose", case.line("SHIRT-M", 2, totals={"scrap": Decimal(2)}))


def test_credit_posts_the_credit_note_once(case: Case) -> None:
    case.authorized()
    with pytest.raises(Rejected, match="no credit note"):
        case.do("credit", amount=Decimal("158.00"), currency="EUR")
    case.do("receive", case.line("SHIRT-M", 2, totals={"received": Decimal(2)}))
    with pytest.raises(Rejected, match="an accountant has to change it"):
        case.do("credit", amount=Decimal("150.00"), currency="EUR")
    operation = case.operation("credit", amount=Decimal("158.00"), currency="EUR", payload={"facts": ["F1"]})
    reply = case.carry_out(operation)
    writes = case.writes()
    assert case.carry_out(operation).made == reply.made
    assert case.writes() == writes
    (made,) = reply.made
    assert (made.kind, made.fact) == ("credits", "F1")
    note = case.record("credit_note", made.id)
    assert (note["state"], note["amount"], note["currency"]) == ("posted", "158.00", "EUR")
    assert note["sales"][0]["reference"] == case.order

    # Money that went back beyond what is posted: there is no draft, so nothing was posted, and it says so.
    more = {"facts": ["F2"], "credited": "158.00"}
    with pytest.raises(Rejected, match="beyond the 1 that are posted"):
        case.do("credit", amount=Decimal("20.00"), currency="EUR", payload=more)
    assert case.writes() == writes


def test_after_a_receipt_it_cannot_be_rejected(case: Case) -> None:
    case.authorized()
    case.do("receive", case.line("SHIRT-M", 1, totals={"received": Decimal(1)}))
    with pytest.raises(Rejected, match="have already arrived"):
        case.do("reject")


def test_cancel_after_a_part_arrived_calls_off_the_rest(case: Case) -> None:
    complaint, sale = case.authorized()
    case.do("receive", case.line("SHIRT-M", 1, totals={"received": Decimal(1)}))
    case.do("cancel")
    assert case.state("sale.complaint", complaint) == "done"
    shipments = sorted(case.state("sale.sale", sale, "shipment_returns")["shipment_returns"])
    assert [case.state("stock.shipment.out.return", s) for s in shipments] == ["done", "cancelled"]
    assert receipts_of(case.receipts()) == [("SHIRT-M", 1, "good", "restock")]


def test_exchange_sends_another_size_from_the_same_complaint(case: Case) -> None:
    complaint, sale = case.authorized()
    operation = case.operation(
        "exchange", case.line("SHIRT-M", 2, words={"wanted_sku": "SHIRT-L"}), payload={"facts": ["E1"]}
    )
    reply = case.carry_out(operation)
    assert case.carry_out(operation).made == reply.made
    (made,) = reply.made
    sales = [
        changed.external_id
        for changed in reply.read_back
        if changed.stream == "return_sale" and changed.external_id != sale
    ]
    record = case.record("return_sale", sales[0])
    assert record["complaint"] == complaint
    (sent,) = record["replacements"]
    assert Decimal(sent.pop("amount")) == Decimal("158.00")
    assert sent == {"id": made.id, "sku": "SHIRT-L", "quantity": 2, "state": "due"}
    assert record["lines"] == []
    case.people.ship(int(sales[0]))
    assert case.record("return_sale", sales[0])["replacements"][0]["state"] == "sent"
