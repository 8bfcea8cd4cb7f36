"""Money of an order: what a piece cost, what was captured and went back. Decimals of the shop's own currency."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from connectors.kit.marks import Mark
from connectors.kit.money import share
from connectors.shopify.admin import Record, nodes

CAPTURED = frozenset(("SALE", "CAPTURE"))
OVER = frozenset(("FAILURE", "ERROR"))
"""Transactions that came to nothing."""


def amount(bag: Record | None) -> Decimal:
    """A MoneyBag in the shop's currency. Shopify drops trailing zeros: 7.50 comes as "7.5"."""
    return Decimal(bag["shopMoney"]["amount"]) if bag else Decimal(0)


def total(bags: Iterable[Record | None]) -> Decimal:
    return sum(map(amount, bags), Decimal(0))


def piece(sold: Record, taxes_included: bool) -> Decimal:
    """What one piece of an order line cost, tax included, as its currency counts: approximate, Shopify says, where it
    was discounted. What the line cost is `worth`."""
    price, count = sold["discountedUnitPriceAfterAllDiscountsSet"], sold["quantity"]
    if taxes_included or not count:
        return amount(price)
    whole = amount(price) * count + total(line["priceSet"] for line in sold["taxLines"])
    return share(whole, 1, count, price["shopMoney"]["currencyCode"])


def paid(sold: Record) -> Decimal:
    """What an order line cost after every discount, exactly: Shopify calls discounted unit prices approximate."""
    return amount(sold["originalTotalSet"]) - total(part["allocatedAmountSet"] for part in sold["discountAllocations"])


def worth(sold: Record, taxes_included: bool, pieces: int, after: int = 0) -> Decimal:
    """What the customer paid for these pieces of an order line, those `after` so many others, tax included: together
    exactly what the line cost."""
    on_top = Decimal(0) if taxes_included else total(line["priceSet"] for line in sold["taxLines"])
    currency = sold["originalTotalSet"]["shopMoney"]["currencyCode"]
    return share(paid(sold) + on_top, pieces, sold["quantity"], currency, after=after)


def tip(order: Record) -> str | None:
    """The order's line that is its tip: no article, nothing to send, at the price of all tips."""
    tips = amount(order.get("totalTipReceivedSet"))
    found = [
        line["id"]
        for line in (nodes(order, "lineItems") if tips else ())
        if not line["variant"] and not line["sku"] and not line.get("requiresShipping", True)
        if paid(line) == tips
    ]
    return str(found[0]) if len(found) == 1 else None


def payments(order: Record) -> list[dict[str, Any]]:
    """Captured payments: what of each was kept for goods and the like, and what went back on it and is not on its way
    any more. Which payment a tip came with nobody says: it is taken off the last ones, but for what went back of it."""
    done = [transaction for transaction in order["transactions"] if transaction["status"] == "SUCCESS"]
    captured = [transaction for transaction in done if transaction["kind"] in CAPTURED]
    refunded = {transaction["id"]: Decimal(0) for transaction in captured}
    given = dict(refunded)
    for transaction in done:
        kind, parent = transaction["kind"], (transaction.get("parentTransaction") or {}).get("id")
        if kind == "CHANGE" and parent not in given:  # handed out of the till, over whichever note came in
            parent = next((t["id"] for t in captured if method(t) == "cash"), parent)
        if kind == "REFUND" and parent in refunded:
            refunded[parent] += amount(transaction["amountSet"])
        elif kind in ("CHANGE", "VOID") and parent in given:
            given[parent] += abs(amount(transaction["amountSet"]))
    kept = [max(amount(transaction["amountSet"]) - given[transaction["id"]], Decimal(0)) for transaction in captured]
    tips = max(amount(order.get("totalTipReceivedSet")) - _tips_back(order), Decimal(0))
    for at in reversed(range(len(kept))):
        taken = min(tips, kept[at])
        kept[at], tips = kept[at] - taken, tips - taken
    return [
        {
            "id": transaction["id"],
            "captured": left,
            "refunded": refunded[transaction["id"]],
            "method": method(transaction),
        }
        for transaction, left in zip(captured, kept, strict=True)
    ]


def _tips_back(order: Record) -> Decimal:
    """What of the tips went back."""
    line = tip(order)
    done = [
        refund
        for refund in (order["refunds"] if line else ())
        if any(moved["status"] == "SUCCESS" for moved in nodes(refund, "transactions"))
    ]
    back = (part for refund in done for part in nodes(refund, "refundLineItems") if part["lineItem"]["id"] == line)
    return sum((_goods(part, order["taxesIncluded"]) for part in back), Decimal(0))


def _gross(subtotal: Record, tax: Record, taxes_included: bool) -> Decimal:
    """What a refund paid, tax included. Its subtotal is a price as the order's are: where these include taxes
    (`taxesIncluded`), so does it."""
    return amount(subtotal) + (Decimal(0) if taxes_included else amount(tax))


def _goods(line: Record, taxes_included: bool) -> Decimal:
    return _gross(line["subtotalSet"], line["totalTaxSet"], taxes_included)


def _shipping(line: Record, taxes_included: bool) -> Decimal:
    return _gross(line["subtotalAmountSet"], line["taxAmountSet"], taxes_included)


def method(transaction: Record) -> str:
    """The gateway; `manual` for all that Shopify only writes down (cash on delivery, bank deposit, ...)."""
    return "manual" if transaction.get("manualPaymentGateway") else str(transaction.get("gateway") or "")


def refund(record: Record, tip_line: str | None, taxes_included: bool) -> dict[str, Any]:
    """The parts of a refund, its breakdown, and for which return and lines it is. `tip_line`: the order's tip.

    Its transactions may come after it; until then the whole is on its way. One that moves no money has no parts.
    """
    whole = amount(record["totalRefundedSet"])
    moved = [t for t in nodes(record, "transactions") if t["kind"] == "REFUND"]
    parts = [
        {
            "amount": amount(t["amountSet"]),
            "state": t["status"],
            "payment": (t.get("parentTransaction") or {}).get("id"),
            "method": method(t),
        }
        for t in moved
    ]
    if not moved and whole:
        parts = [{"amount": whole, "state": "PENDING", "payment": None, "method": ""}]
    lines = [line for line in nodes(record, "refundLineItems") if line["lineItem"]["id"] != tip_line]
    shipping, adjusted = nodes(record, "refundShippingLines"), nodes(record, "orderAdjustments")
    taxes = total(line["totalTaxSet"] for line in lines), total(line["taxAmountSet"] for line in shipping)
    mark = Mark.read(record.get("note"))
    return {
        "parts": parts,
        "goods": sum((_goods(line, taxes_included) for line in lines), Decimal(0)) - taxes[0],
        "tax": sum(taxes, Decimal(0)),
        "shipping": sum((_shipping(line, taxes_included) for line in shipping), Decimal(0)) - taxes[1],
        "duties": _duties(record),
        "adjustment": total(line["amountSet"] for line in adjusted) + total(line["taxAmountSet"] for line in adjusted),
        "allocations": allocations(record, whole, tip_line, taxes_included),
        "reference": mark.reference if mark else None,
    }


def _duties(record: Record) -> Decimal:
    return total(duty["amountSet"] for duty in record.get("duties") or ())


def allocations(record: Record, whole: Decimal, tip_line: str | None, taxes_included: bool) -> list[dict[str, Any]]:
    """What it is for: lines with their pieces, a tip, shipping, duties, and what was paid beyond them (goodwill); of a
    return, where it names one. Of a refund that names nothing, nothing is said."""
    return_id = (record.get("return") or {}).get("id")
    lines, shipping = nodes(record, "refundLineItems"), nodes(record, "refundShippingLines")
    parts = [
        {
            "kind": "goods",
            "return_id": return_id,
            "order_line": line["lineItem"]["id"],
            "quantity": line["quantity"],
            "amount": _goods(line, taxes_included),
        }
        for line in lines
        if line["lineItem"]["id"] != tip_line
    ]
    tips = [line for line in lines if line["lineItem"]["id"] == tip_line]
    parts += [{"kind": "tip", "amount": _goods(line, taxes_included)} for line in tips]
    parts += [
        {"kind": "shipping", "return_id": return_id, "amount": _shipping(line, taxes_included)} for line in shipping
    ]
    parts.append({"kind": "duties", "return_id": return_id, "amount": _duties(record)})
    parts = [part for part in parts if part["amount"] > 0]
    rest = whole - sum((part["amount"] for part in parts), Decimal(0))
    if rest > 0 and (parts or return_id):
        parts.append({"kind": "adjustment" if parts else "goods", "return_id": return_id, "amount": rest})
    return parts
