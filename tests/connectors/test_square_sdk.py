"""Something not ours checks the sandbox, the signature and the tables: Square's Python SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import yaml
from square import Square
from square.core.api_error import ApiError
from square.types.fulfillment_state import FulfillmentState
from square.types.fulfillment_type import FulfillmentType
from square.types.inventory_state import InventoryState
from square.types.order_state import OrderState
from square.types.refund_status import RefundStatus
from square.utils.webhooks_helper import verify_signature

from connectors.kit.api import WebhookRequest
from connectors.kit.manifest import load
from connectors.kit.signing import verify
from connectors.square.sandbox import TOKEN, SquareSandbox, event
from connectors.square.sandbox_counter import LOCATIONS, MERCHANT, READ_ONLY, variation

ROOT = Path(__file__).resolve().parents[2]
TABLES = yaml.safe_load((ROOT / "mappings" / "square.yaml").read_text())["tables"]
ADDRESS = "https://hub.simulated.example/hooks/店"
KEY = "simulated-ключ"

pytestmark = pytest.mark.proves("outside", "square")


@pytest.fixture
def sandbox() -> Iterator[SquareSandbox]:
    with SquareSandbox() as running:
        yield running


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


@pytest.fixture
def square(sandbox: SquareSandbox, http: httpx.Client) -> Square:
    return Square(base_url=sandbox.url, token=TOKEN, version="2025-08-20", httpx_client=http)


def words(union: Any) -> set[str]:
    """The values of one of the SDK's open enums."""
    return set(get_args(get_args(union)[0]))


# -- the signature


def test_squares_verifier_accepts_what_we_sign_and_we_accept_what_it_accepts(sandbox: SquareSandbox) -> None:
    sandbox.webhooks.url, sandbox.secret = ADDRESS, KEY
    body = json.dumps(event("refund.updated", "R1", {"refund": {"note": "退货"}}, "2026-03-04T02:14:16Z")).encode()
    headers = dict(sandbox.sign("refund.updated", body))
    signature = headers["x-square-hmacsha256-signature"]
    theirs = {"signature_header": signature, "signature_key": KEY}
    assert verify_signature(request_body=body.decode(), notification_url=ADDRESS, **theirs)
    assert not verify_signature(request_body=body.decode(), notification_url=f"{ADDRESS}/", **theirs)
    hook = load(ROOT / "connectors" / "square" / "manifest.yaml").webhook
    assert hook is not None
    settings = {"signature_key": KEY, "notification_url": ADDRESS}
    verify(WebhookRequest("POST", "/", headers, body), hook.signature, settings)


# -- the tables


def test_every_order_state_is_in_the_tables() -> None:
    states = words(OrderState)
    assert states == set(TABLES["standing"])
    kinds = ("sale", "return", "exchange", "amount")
    assert set(TABLES["founds"]) == {f"{kind}/{state}" for kind in kinds for state in states}


def test_both_vocabularies_of_a_refund_are_complete() -> None:
    documented = {"PENDING", "COMPLETED", "REJECTED", "FAILED"}  # PaymentRefund.status has no enum
    known = {f"order/{word}" for word in words(RefundStatus)} | {f"payment/{word}" for word in documented}
    assert set(TABLES["refund"]) == known


def test_every_way_to_hand_something_over_is_known() -> None:
    kinds = words(FulfillmentType) | {"DIGITAL"}  # told, and in no published list
    parcels = {f"{kind}/{state}" for kind in kinds for state in words(FulfillmentState)}
    assert set(TABLES["replacement"]) == parcels | {f"COUNTER/{state}" for state in words(OrderState)}


def test_goods_are_moved_only_between_states_that_the_api_may_write() -> None:
    assert words(InventoryState) > READ_ONLY
    assert set(TABLES["disposition"]) | {"UNLINKED_RETURN"} <= words(InventoryState) - READ_ONLY


# -- the sandbox


def test_who_it_is(square: Square) -> None:
    assert [place.id for place in square.locations.list().locations or ()] == list(LOCATIONS)
    merchant = square.merchants.get(merchant_id="me").merchant
    assert merchant is not None
    assert merchant.id == MERCHANT
    assert "ORDERS_READ" in (square.o_auth.retrieve_token_status().scopes or [])


def test_a_return_as_the_sdk_reads_it(square: Square, sandbox: SquareSandbox) -> None:
    sale = sandbox.state.sell({"SHIRT-M": 2}, reference="#12")
    made = sandbox.state.take_back(sale["id"], {"SHIRT-M": 1}, buys={"MUG": 1})
    order = square.orders.get(order_id=made["id"]).order
    assert order is not None
    assert order.state in words(OrderState)
    (returned,) = order.returns or ()
    (line,) = returned.return_line_items or ()
    assert (returned.source_order_id, line.source_line_item_uid) == (sale["id"], sale["line_items"][0]["uid"])
    assert (line.quantity, line.total_money and line.total_money.amount) == ("1", 7900)
    assert order.net_amounts is not None
    assert order.net_amounts.total_money is not None
    assert order.net_amounts.total_money.amount == 1250 - 7900
    assert [line.name for line in order.line_items or ()] == ["Mug"]
    both = square.orders.batch_get(order_ids=[sale["id"], "UNKNOWN", made["id"]]).orders or []
    assert [o.id for o in both] == [sale["id"], made["id"]]
    payment = square.payments.get(payment_id=sale["tenders"][0]["payment_id"]).payment
    assert payment is not None
    assert payment.order_id == sale["id"]
    found = square.catalog.batch_get(object_ids=[variation("MUG")]).objects or []
    assert [item.item_variation_data.sku for item in found] == ["MUG"]  # type: ignore[union-attr]


def test_orders_are_searched_page_by_page(square: Square, sandbox: SquareSandbox) -> None:
    made = [sandbox.state.take_back(None, {"MUG": 1})["id"] for _ in range(5)]
    query: Any = {
        "filter": {"date_time_filter": {"updated_at": {"start_at": "2020-01-01T00:00:00Z"}}},
        "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
    }
    seen: list[str | None] = []
    cursor: str | None = None
    for _ in range(3):
        page = square.orders.search(location_ids=list(LOCATIONS), query=query, limit=2, cursor=cursor)
        seen += [order.id for order in page.orders or ()]
        cursor = page.cursor
    assert (seen, cursor) == (made, None)
    del query["sort"]
    with pytest.raises(ApiError, match="BAD_REQUEST"):
        square.orders.search(location_ids=list(LOCATIONS), query=query)


def test_a_refund_through_the_api_loses_its_lines(square: Square, sandbox: SquareSandbox) -> None:
    sale = sandbox.state.sell({"SHIRT-M": 1})
    asked: Any = {
        "idempotency_key": "simulated-1",
        "payment_id": sale["tenders"][0]["id"],
        "amount_money": {"amount": 1000, "currency": "USD"},
        "reason": "goodwill",
    }
    refund = square.refunds.refund_payment(**asked).refund
    assert refund is not None
    assert refund.status == "PENDING"
    again = square.refunds.refund_payment(**asked).refund
    assert again is not None
    assert again.id == refund.id, "the same key answers the same"
    with pytest.raises(ApiError, match="IDEMPOTENCY_KEY_REUSED"):
        square.refunds.refund_payment(**{**asked, "reason": "another"})
    with pytest.raises(ApiError, match="REFUND_AMOUNT_INVALID"):
        square.refunds.refund_payment(
            **{**asked, "idempotency_key": "simulated-2", "amount_money": {"amount": 7000, "currency": "USD"}}
        )
    order = square.orders.get(order_id=refund.order_id or "").order
    assert order is not None
    (line,) = (order.returns or ())[0].return_line_items or ()
    assert (line.item_type, line.source_line_item_uid) == ("CUSTOM_AMOUNT", None)
    sandbox.state.settle(refund.id)
    listed = list(square.refunds.list(updated_at_begin_time="2020-01-01T00:00:00Z", sort_field="UPDATED_AT"))
    assert [(row.id, row.status) for row in listed] == [(refund.id, "COMPLETED")]
    order = square.orders.get(order_id=refund.order_id or "").order
    assert order is not None
    assert [row.status for row in order.refunds or ()] == ["APPROVED"], "two words for one refund"


def test_stock_moves_as_the_sdk_asks_for_it(square: Square, sandbox: SquareSandbox) -> None:
    move: Any = {
        "catalog_object_id": variation("MUG"),
        "location_id": LOCATIONS[0],
        "quantity": "1",
        "from_state": "UNLINKED_RETURN",
        "to_state": "IN_STOCK",
        "occurred_at": "2026-03-04T02:14:16.421Z",
        "reference_id": "Returns Hub R1001 / 42 / U1",
    }
    changes: Any = [{"type": "ADJUSTMENT", "adjustment": move}]
    answer = square.inventory.batch_create_changes(idempotency_key="simulated-3", changes=changes)
    (made,) = answer.changes or ()
    assert made.adjustment is not None
    read = square.inventory.get_adjustment(adjustment_id=made.adjustment.id or "").adjustment
    assert read is not None
    assert (read.reference_id, read.to_state) == (move["reference_id"], "IN_STOCK")
    listed = list(square.inventory.batch_get_changes(types=["ADJUSTMENT"], states=["IN_STOCK"]))
    assert [change.adjustment and change.adjustment.id for change in listed] == [read.id]
    move["from_state"] = "RETURNED_BY_CUSTOMER"
    with pytest.raises(ApiError, match="read-only"):
        square.inventory.batch_create_changes(idempotency_key="simulated-4", changes=changes)


def test_the_counter_is_there_for_people_and_demos(sandbox: SquareSandbox, square: Square, http: httpx.Client) -> None:
    sells = http.get(f"{sandbox.url}/counter").json()
    assert sells["token"] == TOKEN
    sale = http.post(f"{sandbox.url}/counter/sales", json={"lines": {"MUG": 2}, "reference": "#12"}).json()
    back = http.post(f"{sandbox.url}/counter/returns", json={"order": sale["id"], "lines": {"MUG": 1}}).json()
    done = http.post(f"{sandbox.url}/counter/settle", json={}).json()["refunds"]
    assert [(refund["order_id"], refund["status"]) for refund in done] == [(back["id"], "COMPLETED")]
    payment = square.payments.get(payment_id=sale["tenders"][0]["id"]).payment
    assert payment is not None
    assert payment.refunded_money is not None
    assert payment.refunded_money.amount == 1250
    assert [effect["kind"] for effect in sandbox.effects] == ["sale", "return"]


def test_strangers_and_nonsense_are_refused_in_squares_words(
    sandbox: SquareSandbox, square: Square, http: httpx.Client
) -> None:
    stranger = Square(base_url=sandbox.url, token="stolen", httpx_client=http)
    with pytest.raises(ApiError) as caught:
        stranger.locations.list()
    assert caught.value.status_code == 401
    for call in (
        lambda: square.orders.get(order_id="NONE"),
        lambda: square.payments.get(payment_id="NONE"),
        lambda: square.refunds.get(refund_id="NONE"),
        lambda: square.inventory.get_adjustment(adjustment_id="NONE"),
        lambda: square.merchants.get(merchant_id="NONE"),
    ):
        with pytest.raises(ApiError, match="NOT_FOUND"):
            call()
