"""What a customer paid for one piece, tax included and after discounts.

Medusa tells only totals of what is still kept (`total`, `refundable_total_per_unit` fall to 0 with the last piece that
is asked back), so the piece's price is worked out as Medusa does: @medusajs/utils, totals/line-item and adjustment.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any

PLACES = Decimal("0.000001")


def raw(record: Mapping[str, Any], name: str) -> Any:
    """An amount as the exact text Medusa keeps, else the number it shows."""
    exact = record.get(f"raw_{name}") or {}
    return exact.get("value", record.get(name))


def number(record: Mapping[str, Any], name: str) -> Decimal:
    """A quantity or amount, exactly; nothing is 0."""
    return Decimal(str(raw(record, name) or 0))


def piece(item: Mapping[str, Any]) -> str | None:
    """The price of one piece of an order item as text; None where the item says too little."""
    quantity = number(item.get("detail") or item, "quantity")
    if not quantity or raw(item, "unit_price") is None:
        return None
    with localcontext(prec=40):
        taxed = 1 + sum((number(tax, "rate") for tax in item.get("tax_lines") or ()), Decimal(0)) / 100
        net = number(item, "unit_price") / (taxed if item.get("is_tax_inclusive") else 1)
        for discount in item.get("adjustments") or ():
            net -= number(discount, "amount") / (taxed if discount.get("is_tax_inclusive") else 1) / quantity
        price = (net * taxed).quantize(PLACES)
    return format(price.normalize(), "f")
