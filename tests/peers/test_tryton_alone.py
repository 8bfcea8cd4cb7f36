"""The Tryton connector alone against a real Tryton: every write, told by what Tryton itself says afterwards.

People in Tryton are played over JSON-RPC with a password (`People`), the connector speaks REST with its key, so neither
can cover up a mistake of the other. All data are simulated.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit import registry
from connectors.kit.api import Account, Connector, Operation, OperationLine, Reply
from connectors.kit.errors import Rejected, Unauthorized
from hub.demo.tryton_people import Goods, People, Sold
from hub.demo.tryton_seed import HUB_USER
from hub.demo.tryton_server import Running
from tests.peers.tryton_fixture import people, running

__all__ = ["people", "running"]
pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(600)]

NUMBERS = itertools.count(1001)
ORDER = "WEB-1000"


@pytest.fixture(scope="module")
def sold(people: People) -> Sold:
    """The order that all returns here are of, unless a test needs one of its own."""
    shirts = Goods("SHIRT-M", Decimal(500), Decimal("79.00"))
    return people.sell(ORDER, [shirts, Goods("MUG-BLUE", Decimal(300), Decimal("14.50"))])


class Case:
    """One return, and the connector that carries it."""

    def __init__(self, running: Running, people: People, sold: Sold) -> None:
        self.people, self.sold, self.order = people, sold, ORDER
        self.reference = f"R{next(NUMBERS)}"
        self.wire: list[dict[str, Any]] = []
        self.settings = {**running.settings, "orders_of": "web"}
        self.connector = connect(self.settings, self.wire)
        self.intents = itertools.count(1)

    def line(self, sku: str, quantity: int, **more: Any) -> OperationLine:
        return OperationLine(Decimal(quantity), order_line=str(self.sold.lines[sku]), sku=sku, **more)

    def operation(self, kind: str, *lines: OperationLine, **more: Any) -> Operation:
        more.setdefault("order_number", self.order)
        return Operation(kind, str(next(self.intents)), self.reference, lines=lines, **more)

    def do(self, kind: str, *lines: OperationLine, **more: Any) -> Reply:
        return self.carry_out(self.operation(kind, *lines, **more))

    def carry_out(self, operation: Operation) -> Reply:
        """Call until it is finished, as the pipeline does; each call makes at most one write."""
        for _ in range(12):
            before = len(self.writes())
            reply = self.connector.perform(operation)
            assert len(self.writes()) - before <= 1
            if reply.finished:
                return reply
            operation = dataclasses.replace(operation, progress={**operation.progress, **reply.progress})
        raise AssertionError("an operation that never ends")

    def writes(self) -> list[str]:
        """What was written, in order: method and path below `model/`, questions (which only read) left out."""
        sent = [f"{e['request']['method']} {e['request']['url'].partition('/model/')[2]}" for e in self.wire]
        return [text.partition("?")[0] for text in sent if not text.startswith("GET")]

    def record(self, stream: str, external_id: str) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.connector.fetch(stream, external_id).body)
        return record

    def requested(self, *lines: OperationLine) -> str:
        reply = self.do("create_return", *(lines or (self.line("SHIRT-M", 2),)))
        return reply.objects["complaint"]

    def authorized(self, *lines: OperationLine) -> tuple[str, str]:
        complaint = self.requested(*lines)
        reply = self.do("authorize")
        return complaint, reply.objects["return_sale"]

    def receipts(self) -> list[dict[str, Any]]:
        """Every receipt of this return, as the shipments' records tell it."""
        sale = self.people.return_sale(self.people.complaint_of(self.reference))
        shipments = self.people.rpc.read("sale.sale", sale, "shipment_returns")["shipment_returns"]
        found = [receipt for i in shipments for receipt in self.record("shipment", str(i))["receipts"]]
        return sorted(found, key=lambda receipt: int(receipt["id"]))

    def state(self, model: str, record: str | int, *fields: str) -> Any:
        values = self.people.rpc.read(model, int(record), *(fields or ("state",)))
        return values["state"] if not fields else values


def connect(settings: dict[str, Any], wire: list[dict[str, Any]]) -> Connector:
    return registry.load("tryton").connect(Account("erp", settings), wire=wire)


@pytest.fixture
def case(running: Running, people: People, sold: Sold) -> Iterator[Case]:
    yield Case(running, people, sold)
    registry.close()


def told(receipts: list[dict[str, Any]]) -> list[tuple[str, Any, str, str]]:
    return [(r["sku"], r["quantity"], r["condition"], r["disposition"]) for r in receipts]


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


def test_partial_receipts_in_two_rounds_one_piece_damaged(case: Case) -> None:
    _, sale = case.authorized()
    first = case.do("receive", case.line("SHIRT-M", 1, totals={"received": Decimal(1)}, facts=("RC1",)))
    assert told(case.receipts()) == [("SHIRT-M", 1, "good", "restock")]
    assert [made.fact for made in first.made] == ["RC1"]
    totals = {"received": Decimal(2), "damaged": Decimal(1)}
    second = case.do("receive", case.line("SHIRT-M", 2, totals=totals, facts=("RC2",)))
    receipts = case.receipts()
    assert told(receipts) == [("SHIRT-M", 1, "good", "restock"), ("SHIRT-M", 1, "damaged", "scrap")]
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
    assert sorted(told(case.receipts())) == [
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
    assert told(case.receipts()) == [("SHIRT-M", 1, "good", "restock")]


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
    assert told(case.receipts()) == [("SHIRT-M", 1, "damaged", "scrap")]


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
    assert told(case.receipts()) == [("SHIRT-M", 1, "good", "restock"), ("SHIRT-M", 1, "damaged", "scrap")]


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


def test_after_a_receipt_it_cannot_be_rejected(case: Case) -> None:
    case.authorized()
    case.do("receive", case.line("SHIRT-M", 1, totals={"received": Decimal(1)}))
    with pytest.raises(Rejected, match="have already arrived"):
        case.do("reject")


def test_cancel_and_reopen(case: Case) -> None:
    complaint = case.requested()
    case.do("cancel")
    assert case.state("sale.complaint", complaint) == "cancelled"
    case.do("cancel")
    case.do("reopen")
    assert case.state("sale.complaint", complaint) == "waiting"
    assert case.do("reopen").finished


def test_cancel_after_a_part_arrived_calls_off_the_rest(case: Case) -> None:
    complaint, sale = case.authorized()
    case.do("receive", case.line("SHIRT-M", 1, totals={"received": Decimal(1)}))
    case.do("cancel")
    assert case.state("sale.complaint", complaint) == "done"
    shipments = sorted(case.state("sale.sale", sale, "shipment_returns")["shipment_returns"])
    assert [case.state("stock.shipment.out.return", s) for s in shipments] == ["done", "cancelled"]
    assert told(case.receipts()) == [("SHIRT-M", 1, "good", "restock")]


def test_a_cancelled_return_sale_calls_the_case_off(case: Case) -> None:
    complaint = case.requested()
    case.people.rpc.press("sale.complaint", int(complaint), "approve")
    case.people.rpc.press("sale.sale", case.people.return_sale(int(complaint)), "cancel")
    assert case.record("complaint", complaint)["standing"] == "called_off"


def test_exchange_sends_another_size_from_the_same_complaint(case: Case) -> None:
    complaint, sale = case.authorized()
    operation = case.operation(
        "exchange", case.line("SHIRT-M", 2, words={"wanted_sku": "SHIRT-L"}), payload={"facts": ["E1"]}
    )
    reply = case.carry_out(operation)
    assert case.carry_out(operation).made == reply.made
    (made,) = reply.made
    sales = [hint.external_id for hint in reply.read_back if hint.stream == "return_sale" and hint.external_id != sale]
    record = case.record("return_sale", sales[0])
    assert record["complaint"] == complaint
    assert record["replacements"] == [{"id": made.id, "sku": "SHIRT-L", "quantity": 2, "state": "due"}]
    assert record["lines"] == []
    case.people.ship(int(sales[0]))
    assert case.record("return_sale", sales[0])["replacements"][0]["state"] == "sent"


def test_two_equal_notes_are_two_and_one_told_twice_is_one(case: Case) -> None:
    complaint = case.requested()
    first = case.operation("note", payload={"text": "Parcel 1Z999 is on its way", "facts": ["S1"]})
    assert [made.fact for made in case.carry_out(first).made] == ["S1"]
    case.carry_out(first)
    case.do("note", payload={"text": "Parcel 1Z999 is on its way"})
    texts = [note["text"] for note in case.record("complaint", complaint)["notes"]]
    assert len(texts) == 2
    assert all("Parcel 1Z999" in text for text in texts)


def test_a_return_begun_in_tryton_is_found_by_polling(case: Case) -> None:
    cursors = {stream: last_cursor(case, stream) for stream in ("complaint", "return_sale", "shipment", "sale")}
    complaint = case.people.complain(case.sold, {"SHIRT-M": Decimal(2)})
    sale = case.people.approve(complaint)
    shipment = case.people.arrive(sale, {"SHIRT-M": 2})
    (note,) = case.people.post_invoices(sale)
    found = {stream: polled(case, stream, cursor) for stream, cursor in cursors.items()}
    assert found["complaint"][str(complaint)]["standing"] == "done"
    assert found["return_sale"][str(sale)]["complaint"] == str(complaint)
    assert found["shipment"][str(shipment)]["state"] == "done"
    assert [line["shipped"] for line in found["sale"][str(case.sold.sale)]["lines"]] == [500, 300]
    assert polled(case, "credit_note", None)[str(note)]["state"] == "posted"


def test_a_change_of_a_move_alone_brings_its_shipment_again(case: Case) -> None:
    _, sale = case.authorized()
    shipment = case.people.open_shipment(int(sale))
    cursor = last_cursor(case, "shipment")
    (move,) = case.people.rpc.read("stock.shipment.out.return", shipment, "moves")["moves"]
    case.people.rpc.write("stock.move", move, quantity=1.0)
    record = polled(case, "shipment", cursor)[str(shipment)]
    assert record["expected"] == [{"sku": "SHIRT-M", "quantity": 1}]


def test_a_deleted_draft_is_told_as_deleted(case: Case) -> None:
    complaint = case.people.complain(case.sold, {"SHIRT-M": Decimal(1)})
    case.people.rpc.press("sale.complaint", complaint, "draft")
    case.people.rpc.call("model.sale.complaint.delete", [complaint])
    assert case.connector.fetch("complaint", str(complaint)).deleted


def test_nothing_is_taken_as_deleted_while_the_company_is_hidden(case: Case) -> None:
    complaint, rpc = case.requested(), case.people.rpc
    user, company = rpc.first("res.user", [["login", "=", HUB_USER]]), case.settings["company"]
    rpc.write("res.user", user, companies=[["remove", [company]]], company=None)
    try:
        with pytest.raises(Rejected, match="nothing is taken as deleted"):
            case.connector.fetch("complaint", complaint)
    finally:
        rpc.write("res.user", user, companies=[["add", [company]]], company=company)
    assert not case.connector.fetch("complaint", complaint).deleted


def last_cursor(case: Case, stream: str) -> str:
    cursor = ""
    for page in case.connector.poll(stream, None):
        cursor = page.cursor
    return cursor


def polled(case: Case, stream: str, cursor: str | None) -> dict[str, dict[str, Any]]:
    """The newest telling of each record that a poll from this cursor brings."""
    pages = case.connector.poll(stream, cursor or None)
    return {message.external_id: json.loads(message.body) for page in pages for message in page.messages}
