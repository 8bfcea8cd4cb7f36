"""Records every topic and state of the simulated Shopify: python -m tests.connectors.shopify_record

Nobody has published a whole return as our documents read it, so all of these are simulated: the shapes are the published
schema's (2026-07), the steps those that were recorded of a real shop, the people and numbers invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from connectors.kit.api import Message, WebhookRequest
from connectors.shopify import sandbox_reasons, topics
from connectors.shopify.admin import DOCUMENTS
from connectors.shopify.reading import complete, encode, message
from connectors.shopify.sandbox_graphql import Ref, Shape, read
from connectors.shopify.sandbox_shop import LOCATION, Record, money
from mappings.engine import read_json
from tests.connectors.shopify_side import Remote

FOLDER = Path(__file__).parent / "shopify"
SOURCE = "simulated: this project's sandbox, in the shape of the published schema of 2026-07"
AT = datetime(2026, 7, 20, 12, 0, tzinfo=UTC)
Scene = Callable[[Remote], Record]


def requested(shop: Remote) -> Record:
    shop.state.records[shop.line]["customerNote"] = "Too tight at the shoulders"
    return shop.asked


def opened(shop: Remote) -> Record:
    return shop.approve()


def declined(shop: Remote) -> Record:
    fields = {"id": shop.asked["id"], "declineReason": "RETURN_PERIOD_ENDED", "declineNote": "Bought in January"}
    return shop.mutate_returnDeclineRequest(fields)["return"]


def cancelled(shop: Remote) -> Record:
    shop.approve()
    return shop.mutate_returnCancel(shop.asked["id"])["return"]


def closed(shop: Remote) -> Record:
    received(shop)
    return shop.mutate_returnClose(shop.asked["id"])["return"]


def closed_with_nothing_left(shop: Remote) -> Record:
    shop.approve()
    return shop.mutate_removeFromReturn(shop.asked["id"], [{"returnLineItemId": shop.line, "quantity": 2}])["return"]


def received(shop: Remote, pieces: int = 2) -> Record:
    shop.approve()
    lines = [{"id": shop.line, "quantity": pieces}]
    return shop.mutate_returnProcess({"returnId": shop.asked["id"], "returnLineItems": lines})["return"]


def received_in_part(shop: Remote) -> Record:
    return received(shop, 1)


def disposed(shop: Remote) -> Record:
    """One back on the shelf, one that was not in the parcel; nothing counted as processed."""
    shop.approve()
    line = shop.state.all(shop.state.all(shop.asked["reverseFulfillmentOrders"])[0]["lineItems"])[0]["id"]
    for word, place in (("RESTOCKED", LOCATION), ("MISSING", None)):
        fields = {"reverseFulfillmentOrderLineItemId": line, "quantity": 1, "dispositionType": word}
        shop.mutate_reverseFulfillmentOrderDispose([{**fields, **({"locationId": place} if place else {})}])
    return shop.asked


def disposed_otherwise(shop: Remote) -> Record:
    received(shop)
    line = shop.state.all(shop.state.all(shop.asked["reverseFulfillmentOrders"])[0]["lineItems"])[0]["id"]
    for word in ("PROCESSING_REQUIRED", "NOT_RESTOCKED"):
        fields = {"reverseFulfillmentOrderLineItemId": line, "quantity": 1, "dispositionType": word}
        shop.mutate_reverseFulfillmentOrderDispose([fields])
    return shop.asked


def parcel(shop: Remote) -> Record:
    shop.approve()
    order = shop.asked["reverseFulfillmentOrders"][0].id
    number = {"number": "SIM123456789", "url": "https://carrier.example/SIM123456789"}
    shop.mutate_reverseDeliveryCreateWithShipping(order, [], number, notifyCustomer=False)
    made = shop.mutate_reverseDeliveryCreateWithShipping(order, [], None, notifyCustomer=False)["reverseDelivery"]
    made["deliverable"]["label"] = {
        "__typename": "ReverseDeliveryLabelV2",
        "publicFileUrl": "https://labels.example/1.pdf",
        "createdAt": shop.state.now(),
    }
    return shop.asked


def exchange(shop: Remote, sent: bool = False) -> Record:
    shop.approve()
    variant = next(v["id"] for v in shop.state.of("ProductVariant") if v["sku"] == "SHIRT-L")
    line = shop.state.line_of(variant, 2)
    shop.state.records[line.id]["unfulfilledQuantity"] = 0 if sent else 2
    wanted = shop.state.add(
        "ExchangeLineItem", quantity=2, processedQuantity=2 if sent else 0, variantId=variant, lineItems=[line]
    )
    shop.asked["exchangeLineItems"].append(Ref(wanted["id"]))
    return shop.asked


def exchange_sent(shop: Remote) -> Record:
    return exchange(shop, sent=True)


def fees(shop: Remote) -> Record:
    """The two fees a shop may keep; "7.50" was sent, and "7.5" comes back."""
    fee = {"__typename": "RestockingFee", "id": "gid://shopify/RestockingFee/1", "percentage": 10.0}
    shop.state.records[shop.line]["restockingFee"] = {**fee, "amountSet": money("4.00")}
    shipping = {
        "__typename": "ReturnShippingFee",
        "id": "gid://shopify/ReturnShippingFee/2",
        "amountSet": money("7.50"),
    }
    shop.asked["returnShippingFees"].append(shipping)
    return shop.approve()


def unverified(shop: Remote) -> Record:
    """A line that belongs to no line of the order: brought to a counter without a receipt."""
    line = shop.state.add(
        "UnverifiedReturnLineItem",
        quantity=1,
        processedQuantity=1,
        unprocessedQuantity=0,
        refundedQuantity=0,
        customerNote=None,
        returnReason="UNKNOWN",
        returnReasonNote="",
        returnReasonDefinition=sandbox_reasons.LIBRARY[0],
        unitPrice=money("9.90")["shopMoney"],
    )
    shop.approve()
    shop.asked["returnLineItems"].append(Ref(line["id"]))
    return shop.asked


def reasons(shop: Remote) -> Record:
    """A reason of the library with a word of ours, one without, and a line that names none."""
    order = shop.state.place({"SHIRT-M": 1, "SCARF": 1, "MUG": 1})
    parts = [part["id"] for part, _ in shop.state.open_pieces(order)]
    lines = [{"fulfillmentLineItemId": part, "quantity": 1, "returnReason": "OTHER"} for part in parts]
    record = shop.state.request(order, lines)
    for line, handle in zip(shop.state.all(record["returnLineItems"]), ("arrived-late", "absorbency", ""), strict=True):
        line["returnReasonDefinition"] = next(iter(sandbox_reasons.listed([handle])), None)
    return record


def ours(shop: Remote) -> Record:
    """Made by the hub: its number stands in the note."""
    shop.state.records[shop.line]["returnReasonNote"] = "Returns Hub R1001 / 7; too small"
    return shop.approve()


def order(shop: Remote) -> Record:
    return shop.order


def order_not_sent(shop: Remote) -> Record:
    return shop.state.place({"MUG": 2}, send=False)


def order_with_tax(shop: Remote) -> Record:
    """Prices without tax, and a line of which neither tax nor discount divides by its pieces."""
    shop.order["taxesIncluded"] = False
    line = shop.state.all(shop.order["lineItems"])[0]
    line["taxLines"] = [
        {"__typename": "TaxLine", "priceSet": money("9.50")},
        {"__typename": "TaxLine", "priceSet": money("1.00")},
    ]
    line["discountAllocations"] = [{"__typename": "DiscountAllocation", "allocatedAmountSet": money("7.99")}]
    line["discountedUnitPriceAfterAllDiscountsSet"] = money("17.34")
    return shop.order


def refunded(shop: Remote, status: str = "SUCCESS", gateway: str = "bogus", *, listed: bool = True) -> Record:
    """Money back with the return, by line, with shipping."""
    shop.approve()
    parent = shop.state.records[shop.payment]
    moved = shop.state.transaction(shop.order, "REFUND", Decimal("44.90"), parent, status)
    moved["gateway"] = gateway
    line = {
        "__typename": "RefundLineItem",
        "quantity": 2,
        "lineItem": Ref(shop.order_line),
        "subtotalSet": money("40.00"),
        "totalTaxSet": money("6.39"),
    }
    shipping = {"__typename": "RefundShippingLine", "subtotalAmountSet": money("4.90"), "taxAmountSet": money("0.78")}
    made = shop.state.add(
        "Refund",
        createdAt=shop.state.now(),
        note="Too small",
        totalRefundedSet=money("44.90"),
        duties=[],
        refundLineItems=[line],
        refundShippingLines=[shipping],
        orderAdjustments=[],
        transactions=[Ref(moved["id"])] if listed else [],
        **{"return": Ref(shop.asked["id"])},
    )
    shop.order["refunds"].append(Ref(made["id"]))
    return shop.order


def refunded_by_the_hub(shop: Remote) -> Record:
    paid = {"amount": "12.34", "gateway": "bogus", "kind": "REFUND", "parentId": shop.payment}
    fields = {"orderId": shop.order["id"], "note": "Returns Hub R1001 / 9", "transactions": [paid]}
    shop.mutate_refundCreate(fields, {"idempotent": {"key": "simulated"}}, "2026-07")
    return shop.order


def tipped(shop: Remote) -> Record:
    """An order with a tip, of which nothing went back."""
    return shop.state.place({"SHIRT-M": 1}, tip="3.00")


def tip_and_duties_refunded(shop: Remote) -> Record:
    """The tip and the duties went back, and no goods."""
    order = tipped(shop)
    sale, (_, tip) = shop.state.all(order["transactions"])[0], order["lineItems"]
    moved = shop.state.transaction(order, "REFUND", Decimal("10.20"), sale)
    line = {
        "__typename": "RefundLineItem",
        "quantity": 1,
        "lineItem": tip,
        "subtotalSet": money("3.00"),
        "totalTaxSet": money("0"),
    }
    made = shop.state.add(
        "Refund",
        createdAt=shop.state.now(),
        note="",
        totalRefundedSet=money("10.20"),
        duties=[{"__typename": "RefundDuty", "amountSet": money("7.20")}],
        refundLineItems=[line],
        refundShippingLines=[],
        orderAdjustments=[],
        transactions=[Ref(moved["id"])],
        **{"return": None},
    )
    order["refunds"].append(Ref(made["id"]))
    return order


def restocked_only(shop: Remote) -> Record:
    """A refund that moves no money: nothing is said of it."""
    refunded(shop, listed=False)
    shop.state.all(shop.order["refunds"])[0]["totalRefundedSet"] = money("0.00")
    return shop.order


SCENES: dict[str, Scene] = {
    "return_requested": requested,
    "return_open": opened,
    "return_declined": declined,
    "return_cancelled": cancelled,
    "return_closed": closed,
    "return_closed_with_nothing_left": closed_with_nothing_left,
    "return_received": received,
    "return_received_in_part": received_in_part,
    "return_disposed": disposed,
    "return_disposed_otherwise": disposed_otherwise,
    "return_parcel": parcel,
    "return_exchange_due": exchange,
    "return_exchange_sent": exchange_sent,
    "return_fees": fees,
    "return_unverified_line": unverified,
    "return_reasons_of_the_library": reasons,
    "return_made_by_the_hub": ours,
    "order_sent": order,
    "order_not_sent": order_not_sent,
    "order_tax_on_top": order_with_tax,
    "order_refunded_with_its_return": refunded,
    "order_refund_pending": lambda shop: refunded(shop, "PENDING"),
    "order_refund_failed": lambda shop: refunded(shop, "FAILURE"),
    "order_refund_before_its_transactions": lambda shop: refunded(shop, listed=False),
    "order_refund_as_store_credit": lambda shop: refunded(shop, gateway="shopify_store_credit"),
    "order_refunded_by_the_hub": refunded_by_the_hub,
    "order_tipped": tipped,
    "order_tip_and_duties_refunded": tip_and_duties_refunded,
    "order_restocked_only": restocked_only,
}

ASKED: dict[str, tuple[str, Record]] = {
    "privacy_data_request": (
        "customers/data_request",
        {
            "shop_id": 1,
            "shop_domain": "127.0.0.1",
            "orders_requested": [1000007, 1000020],
            "customer": {"id": 191167, "email": "simulated@example.com", "phone": "555-0100"},
            "data_request": {"id": 9999},
        },
    ),
    "privacy_customer_redact": (
        "customers/redact",
        {
            "shop_id": 1,
            "shop_domain": "127.0.0.1",
            "customer": {"email": "simulated@example.com"},
            "orders_to_redact": [1000007],
        },
    ),
    "privacy_shop_redact": ("shop/redact", {"shop_id": 1, "shop_domain": "127.0.0.1"}),
}


def message_of(shop: Remote, record: Record) -> Message:
    """The record as our document reads it, whole."""
    request = read(DOCUMENTS["Records"].text, {"ids": [record["id"]]})
    (asked,) = request.parts
    return message(complete(shop, Shape(request, shop.state.records.__getitem__, shop._search).of(record, asked)))  # type: ignore[arg-type]


def recordings() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, scene in SCENES.items():
        shop = Remote()  # never started: only its records are looked at
        found = message_of(shop, scene(shop))
        shop.stop()
        yield name, {"source": SOURCE, "stream": found.stream, "account": "shop", "record": read_json(found.body)}
    for name, (topic, body) in ASKED.items():
        request = WebhookRequest("POST", "/hooks/shop", {topics.DELIVERY: "sim-1"}, b"", received_at=AT)
        found = topics.privacy(topic, body, request)
        yield name, {"source": SOURCE, "stream": found.stream, "account": "shop", "record": read_json(found.body)}


if __name__ == "__main__":
    for name, content in recordings():
        (FOLDER / f"{name}.json").write_bytes(msgspec.json.format(encode(content)) + b"\n")
