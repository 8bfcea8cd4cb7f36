"""Our words: every value that the canonical schema can take, once."""

from __future__ import annotations

from typing import Literal

Origin = Literal["request", "counter", "blind", "undelivered"]
Goods = Literal["expected", "kept", "never_shipped", "refused", "deduction"]
STAYS = frozenset({"kept", "never_shipped", "deduction"})
"""Nothing of such a line is ever asked back."""
Resolution = Literal["refund", "exchange", "repair", "reship", "store_credit", "price_adjustment", "none"]

Authorization = Literal["none", "requested", "needs_info", "authorized", "rejected", "cancelled"]
Receipt = Literal["not_expected", "none", "partial", "full", "over"]
Acceptance = Literal["none", "pending", "accepted", "rejected"]
Settlement = Literal["none", "due", "pending", "partial", "settled", "failed"]
Exchange = Literal["none", "due", "sent", "delivered"]
Dispute = Literal["none", "open", "for_buyer", "for_merchant", "withdrawn"]
Closure = Literal["open", "closed", "expired", "voided"]

Condition = Literal["good", "damaged", "defective", "wrong_item", "used", "unknown"]
InspectionResult = Literal["accepted", "rejected", "damaged", "missing"]
Disposed = Literal[
    "restock",
    "restock_b_grade",
    "quarantine",
    "repair",
    "return_to_vendor",
    "scrap",
    "keep_by_customer",
    "donate",
    "unknown",
]
PostingState = Literal["posted", "reversed"]

Direction = Literal["forward", "return"]
Purpose = Literal["sale", "return", "replacement", "send_back"]
ShipmentState = Literal[
    "label_created",
    "accepted",
    "in_transit",
    "out_for_delivery",
    "available_for_pickup",
    "delivery_attempted",
    "exception",
    "delivered",
    "returning_to_sender",
    "returned_to_sender",
    "lost",
    "cancelled",
    "unknown",
]

Method = Literal["original", "store_credit", "cash", "gift_card", "offline"]
PaymentState = Literal["pending", "succeeded", "failed", "reversed"]
CreditState = Literal["draft", "posted", "cancelled"]
PaidFor = Literal["goods", "shipping", "duties", "tip", "adjustment", "fee"]
Unplaced = Literal["ask", "oldest"]
FeeKind = Literal["restocking", "return_shipping", "damage", "other"]

Speaker = Literal["customer", "merchant", "platform", "system", "carrier"]
Deadline = Literal["auto_approve", "auto_refund", "auto_cancel", "auto_close"]
Asked = Literal["tell", "erase", "erase_all"]
Relation = Literal["converted_to", "split_from", "merged_into", "merged_from", "caused_by"]

SystemKind = Literal["storefront", "marketplace", "pos", "carrier", "erp", "wms", "hub"]

OperationKind = Literal[
    "create_return",
    "amend",
    "authorize",
    "reject",
    "accept_goods",
    "refuse_goods",
    "cancel",
    "reopen",
    "close",
    "add_tracking",
    "receive",
    "dispose",
    "refund",
    "record_refund",
    "credit",
    "exchange",
    "note",
    "add_evidence",
]
