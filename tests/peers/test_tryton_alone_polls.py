"""The Tryton connector alone against a real Tryton: what polls and fetches bring of what people do there."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.errors import Rejected
from hub.demo.tryton_seed import HUB_USER
from tests.peers.tryton_case import Case, case, sold
from tests.peers.tryton_fixture import people, running

__all__ = ["case", "people", "running", "sold"]
pytestmark = [pytest.mark.proves("outside", "tryton"), pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(600)]


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
