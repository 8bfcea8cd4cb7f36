"""The sandbox's shop: what it sells, who bought, and its records as Shopify keeps them. All of it is simulated.

It copies what was recorded of the real one: a return's steps move no date of its order; approving makes the reverse
fulfillment order; a processed return stays open; taking off the last piece closes it; "7.50" comes back as "7.5".
"""

from __future__ import annotations

import itertools
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.shopify import sandbox_reasons
from connectors.shopify.sandbox_graphql import Ref

Record = dict[str, Any]

CURRENCY = "EUR"
LOCATION = "gid://shopify/Location/7001"
GOODS = {
    "SHIRT-M": ("Shirt / M", "20.00"),
    "SHIRT-L": ("Shirt / L", "20.00"),
    "SCARF": ("Scarf", "12.50"),
    "MUG": ("Mug", "9.90"),
}
"""SKU -> what people call it, and its price, tax included."""
BEGINS = datetime(2026, 7, 20, 6, 0, tzinfo=UTC)
"""When nobody says otherwise."""
OPEN_STATUS = ("REQUESTED", "OPEN")


def money(amount: Decimal | str, currency: str = CURRENCY) -> Record:
    """A MoneyBag as Shopify writes it: trailing zeros are gone, one decimal stays."""
    whole = Decimal(amount).normalize()
    shown = f"{whole:f}" if whole != whole.to_integral() else f"{whole:.1f}"
    side = {"__typename": "MoneyV2", "amount": shown, "currencyCode": currency}
    return {"__typename": "MoneyBag", "shopMoney": side, "presentmentMoney": side}


def amount(bag: Record) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"])


EMPTY: dict[str, Record] = {
    "Order": {"totalTipReceivedSet": money("0")},
    "LineItem": {"requiresShipping": True},
    "Refund": {"duties": [], "refundLineItems": [], "refundShippingLines": [], "orderAdjustments": []},
}
"""What a record has of which nobody said anything."""


class Shop:
    """All records by id. Deep copies of it are its past."""

    capped = True
    """Whether no more goes back than was paid; a test of who protects whom turns it off."""

    def __init__(self, clock: datetime = BEGINS) -> None:
        self.records: dict[str, Record] = {}
        self.keys: dict[str, tuple[str, str]] = {}
        """Idempotency keys: what was asked with each, and the refund that was made."""
        self._numbers = itertools.count(1_000_001)
        self._named = itertools.count(1001)
        self.clock = clock
        for sku, (name, _) in GOODS.items():
            self.add("ProductVariant", sku=sku, title=name, barcode=None)

    def now(self) -> str:
        """Shopify's time, to the second; every look is a second later, so that orders have an order."""
        self.clock += timedelta(seconds=1)
        return self.clock.strftime("%Y-%m-%dT%H:%M:%SZ")

    def add(self, kind: str, /, **fields: Any) -> Record:
        name = f"gid://shopify/{kind}/{next(self._numbers)}"
        self.records[name] = {"__typename": kind, "id": name, **deepcopy(EMPTY.get(kind, {})), **fields}
        return self.records[name]

    def of(self, kind: str) -> list[Record]:
        return [record for record in self.records.values() if record["__typename"] == kind]

    def get(self, name: str, *kinds: str) -> Record | None:
        """A record of one of these kinds, of any if none is named."""
        record = self.records.get(name)
        return record if record is not None and (not kinds or record["__typename"] in kinds) else None

    def all(self, refs: list[Any]) -> list[Record]:
        return [self.records[ref.id] for ref in refs]

    # -- people

    def place(
        self, lines: dict[str, int], *, send: bool = True, currency: str = CURRENCY, tip: str | None = None
    ) -> Record:
        """Somebody buys, pays (and leaves a tip), and is sent everything."""
        at = self.now()
        sold = [self._line(sku, quantity, sent=send) for sku, quantity in lines.items()]
        total = sum((amount(line["originalTotalSet"]) for line in sold), Decimal(tip or 0))
        extra = [self._sold(None, "Tip", tip, 1, sent=True)] if tip else []
        order = self.add(
            "Order",
            name=f"#{next(self._named)}",
            createdAt=at,
            updatedAt=at,
            cancelledAt=None,
            currencyCode=CURRENCY,
            presentmentCurrencyCode=currency,
            taxesIncluded=True,
            sourceName="web",
            returnStatus="NO_RETURN",
            totalPriceSet=money(total),
            totalTipReceivedSet=money(tip or "0"),
            lineItems=[Ref(line["id"]) for line in (*sold, *extra)],
            fulfillments=[],
            transactions=[],
            refunds=[],
            returns=[],
        )
        self.transaction(order, "SALE", total, parent=None)
        if send:
            parts = [
                self.add("FulfillmentLineItem", quantity=line["quantity"], lineItem=Ref(line["id"])) for line in sold
            ]
            sent = self.add("Fulfillment", status="SUCCESS", fulfillmentLineItems=[Ref(part["id"]) for part in parts])
            order["fulfillments"].append(Ref(sent["id"]))
        return order

    def _line(self, sku: str, quantity: int, *, sent: bool) -> Record:
        name, price = GOODS[sku]
        return self._sold(sku, name, price, quantity, sent=sent)

    def _sold(self, sku: str | None, name: str, price: str, quantity: int, *, sent: bool) -> Record:
        return self.add(
            "LineItem",
            sku=sku,
            name=name,
            title=name,
            quantity=quantity,
            requiresShipping=sku is not None,
            unfulfilledQuantity=0 if sent else quantity,
            discountedUnitPriceAfterAllDiscountsSet=money(price),
            originalTotalSet=money(Decimal(price) * quantity),
            discountAllocations=[],
            taxLines=[],
            variant={"__typename": "ProductVariant", "barcode": None} if sku else None,
        )

    def line_of(self, variant: str, quantity: int) -> Ref:
        """A line for what is sent instead; it is sent once the return is processed."""
        return Ref(self._line(self.records[variant]["sku"], quantity, sent=False)["id"])

    def transaction(
        self, order: Record, kind: str, total: Decimal, parent: Record | None, status: str = "SUCCESS"
    ) -> Record:
        made = self.add(
            "OrderTransaction",
            kind=kind,
            status=status,
            gateway="bogus",
            manualPaymentGateway=False,
            processedAt=self.now(),
            amountSet=money(total),
            parentTransaction=Ref(parent["id"]) if parent else None,
        )
        order["transactions"].append(Ref(made["id"]))
        return made

    # -- returns

    def open_pieces(self, order: Record) -> list[tuple[Record, int]]:
        """What was sent and no return that stands has asked back: (fulfillment line, pieces)."""
        asked: dict[str, int] = {}
        for record in self.all(order["returns"]):
            if record["status"] not in ("DECLINED", "CANCELED"):
                for line in self.all(record["returnLineItems"]):
                    asked[line["fulfillmentLineItem"].id] = (
                        asked.get(line["fulfillmentLineItem"].id, 0) + line["quantity"]
                    )
        sent = [part for f in self.all(order["fulfillments"]) for part in self.all(f["fulfillmentLineItems"])]
        return [(part, part["quantity"] - asked.get(part["id"], 0)) for part in sent]

    def request(self, order: Record, lines: list[Record], *, status: str = "REQUESTED") -> Record:
        """A return with these lines: {"fulfillmentLineItemId", "quantity", "returnReasonDefinitionId" (or the older
        "returnReason"), notes}."""
        kept = [
            self.add(
                "ReturnLineItem",
                quantity=line["quantity"],
                processedQuantity=0,
                unprocessedQuantity=line["quantity"],
                refundedQuantity=0,
                refundableQuantity=line["quantity"],
                customerNote=line.get("customerNote"),
                returnReason=sandbox_reasons.reason_of(line)[1] or "OTHER",
                returnReasonNote=line.get("returnReasonNote") or "",
                returnReasonDefinition=sandbox_reasons.reason_of(line)[0],
                restockingFee=None,
                fulfillmentLineItem=Ref(line["fulfillmentLineItemId"]),
            )
            for line in lines
        ]
        record = self.add(
            "Return",
            name=f"{order['name']}-R{len(order['returns']) + 1}",
            status=status,
            createdAt=self.now(),
            closedAt=None,
            requestApprovedAt=None,
            totalQuantity=sum(line["quantity"] for line in kept),
            decline=None,
            order=Ref(order["id"]),
            returnLineItems=[Ref(line["id"]) for line in kept],
            exchangeLineItems=[],
            returnShippingFees=[],
            reverseFulfillmentOrders=[],
            refunds=[],
        )
        order["returns"].append(Ref(record["id"]))
        if status == "OPEN":
            self.expect(record)
        return record

    def expect(self, record: Record) -> None:
        """What an open return has and a requested one has not: the order to take the goods in."""
        lines = [
            self.add(
                "ReverseFulfillmentOrderLineItem",
                totalQuantity=line["quantity"],
                fulfillmentLineItem=line["fulfillmentLineItem"],
                dispositions=[],
            )
            for line in self.all(record["returnLineItems"])
        ]
        made = self.add(
            "ReverseFulfillmentOrder",
            status="OPEN",
            order=record["order"],
            lineItems=[Ref(line["id"]) for line in lines],
            reverseDeliveries=[],
        )
        record["reverseFulfillmentOrders"].append(Ref(made["id"]))

    def return_status(self, order: Record) -> str:
        """As recorded: any requested, else any open, else any closed, else none."""
        found = {record["status"] for record in self.all(order["returns"])}
        for status, word in (("REQUESTED", "RETURN_REQUESTED"), ("OPEN", "IN_PROGRESS"), ("CLOSED", "RETURNED")):
            if status in found:
                return word
        return "NO_RETURN"
