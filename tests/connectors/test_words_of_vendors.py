"""Words and gaps of the vendors' published types, each read as what it says. All records here are simulated."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from square.types.fulfillment_state import FulfillmentState
from square.types.fulfillment_type import FulfillmentType

from connectors.easypost import records
from connectors.shopify import reading as shopify_reading
from connectors.square import records as square_records
from hub import schema
from mappings.engine import Mapping
from tests.connectors.test_recordings import MAPPINGS
from tests.connectors.test_square_sdk import words

FULFILLMENTS = {"SUCCESS": 2, "PENDING": 0, "OPEN": 0, "CANCELLED": 0, "ERROR": 0, "FAILURE": 0}
"""Shopify's FulfillmentStatus: how many of two pieces have left."""


@pytest.mark.parametrize(("status", "sent"), FULFILLMENTS.items())
def test_shopify_counts_as_sent_what_has_left(status: str, sent: int) -> None:
    part = {"lineItem": {"id": "L1"}, "quantity": 2}
    money = {"shopMoney": {"amount": "20.0", "currencyCode": "EUR"}}
    line = {
        "id": "L1", "sku": "MUG", "quantity": 2, "taxLines": [], "originalTotalSet": money, "discountAllocations": [],
        "discountedUnitPriceAfterAllDiscountsSet": money,
    }  # fmt: skip
    order = {
        "id": "O1", "taxesIncluded": True, "lineItems": {"nodes": [line]}, "refunds": [], "transactions": [],
        "currencyCode": "EUR", "fulfillments": [{"status": status, "fulfillmentLineItems": {"nodes": [part]}}],
    }  # fmt: skip
    (item,) = shopify_reading.join_order(order)["lineItems"]["nodes"]
    assert item["joined"]["shipped"] == sent


def easypost(stream: str, record: dict[str, Any]) -> Any:
    mapping = Mapping.load(MAPPINGS / "easypost.yaml")
    trimmed = {"tracker": records.tracker, "shipment": records.shipment}[stream](record)
    return schema.fragment(
        mapping.read(stream, trimmed, {"standalone": "return", "orders_of": "shop"}, account="parcels")
    )


TRACKER = {
    "id": "trk_1", "object": "Tracker", "tracking_code": "EZ1", "carrier": "USPS", "shipment_id": None, "is_return": False,
    "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-02T10:00:00Z",
    "tracking_details": [{"status": "return_to_sender", "datetime": "2026-03-01T12:00:00Z"}],
}  # fmt: skip


@pytest.mark.parametrize(
    "status", ["in_transit", "out_for_delivery", "available_for_pickup", "return_to_sender", "failure"]
)
@pytest.mark.parametrize(("detail", "state"), [("lost", "lost"), ("damaged", "exception")])
def test_easypost_loses_and_damages_parcels_that_turned_back_too(status: str, detail: str, state: str) -> None:
    fragment = easypost("tracker", {**TRACKER, "status": status, "status_detail": detail})
    assert fragment.shipments[0].state == state
    label = {
        "id": "shp_1",
        "reference": "#12",
        "is_return": False,
        "refund_status": None,
        "tracker": TRACKER | {"status": status, "status_detail": detail},
    }
    assert easypost("shipment", label).shipments[0].state == state


@pytest.mark.parametrize("gap", [{"is_return": None}, {}])
def test_an_easypost_label_that_does_not_say_it_comes_back_goes_out(gap: dict[str, Any]) -> None:
    tracker = {**TRACKER, "status": "in_transit", "status_detail": "in_transit", "tracking_details": []}
    (parcel,) = easypost(
        "shipment", {"id": "shp_1", "reference": "#12", "refund_status": None, "tracker": tracker, **gap}
    ).shipments
    assert parcel.direction == "forward"


def amount(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "USD"}


ORDER: dict[str, Any] = {
    "id": "O2", "location_id": "L", "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-01T10:00:00Z",
    "line_items": [{"uid": "new", "name": "Mug", "quantity": "1", "total_money": amount(1000)}],
    "returns": [{"source_order_id": None, "return_line_items": [
        {"name": "Shirt", "quantity": "1", "total_money": amount(1000)}, {"name": "Hat", "quantity": "1", "total_money": amount(500)},
    ]}],
    "net_amounts": {"total_money": amount(-500)}, "return_amounts": {"total_money": amount(1500)}, "total_money": amount(1000),
}  # fmt: skip


def square(order: dict[str, Any]) -> Any:
    message = square_records.order_message(order, {}, {}, (), None, None)
    mapping = Mapping.load(MAPPINGS / "square.yaml")
    return schema.fragment(
        mapping.read("order", msgspec.json.decode(message.body), {"orders_of": None}, account="till")
    )


def test_a_square_order_without_a_state_is_open_and_lines_without_a_uid_are_told_apart() -> None:
    fragment = square(copy.deepcopy(ORDER))
    assert fragment.authorization.value == "requested"
    assert len({line.line for line in fragment.lines}) == 2
    assert fragment.receipts in ((), None) or not fragment.receipts
    taken = square({**copy.deepcopy(ORDER), "state": "COMPLETED"})
    assert {receipt.line for receipt in taken.receipts} == {line.line for line in taken.lines}


@pytest.mark.parametrize("kind", sorted(words(FulfillmentType) | {"DIGITAL"}))
@pytest.mark.parametrize("state", [*sorted(words(FulfillmentState)), None])
def test_every_square_fulfillment_of_an_exchange_is_read(kind: str, state: str | None) -> None:
    parcel = {"uid": "F", "type": kind, **({"state": state} if state else {})}
    (replacement,) = square({**copy.deepcopy(ORDER), "state": "OPEN", "fulfillments": [parcel]}).replacements
    gone = {"SHIPMENT": "sent"}.get(kind, "delivered")
    assert replacement.state == {"COMPLETED": gone, "CANCELED": "none", "FAILED": "none"}.get(state or "", "due")
