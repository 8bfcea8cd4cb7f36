"""Which fact leads to which operation, by kind of system: defaults that an account may override."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.model.language import words

_CHANNEL: Mapping[str, str] = {
    "opened": "create_return",
    "amended": "amend",
    "authorized": "authorize",
    "rejected": "reject",
    "cancelled": "cancel",
    "reopened": "reopen",
    "tracking": "add_tracking",
    "received": "receive",
    "accepted": "accept_goods",
    "refused": "refuse_goods",
    "disposed": "dispose",
    "money_due": "refund",
    "refunded": "record_refund",
    "replacement": "exchange",
    "replacement_sent": "add_tracking",
    "closed": "close",
    "number": "note",
}
_BOOKS: Mapping[str, str] = {
    "opened": "create_return",
    "amended": "amend",
    "authorized": "authorize",
    "rejected": "reject",
    "cancelled": "cancel",
    "reopened": "reopen",
    "tracking": "note",
    "received": "receive",
    "accepted": "accept_goods",
    "refused": "refuse_goods",
    "disposed": "dispose",
    "replacement": "exchange",
    "closed": "close",
    "number": "note",
}

OPERATIONS: Mapping[words.SystemKind, Mapping[str, str]] = {
    "storefront": _CHANNEL,
    "marketplace": _CHANNEL,
    "pos": {"disposed": "dispose", "money_due": "refund", "refunded": "record_refund", "number": "note"},
    "carrier": {"tracking": "add_tracking"},
    "erp": {**_BOOKS, "money_due": "credit", "refunded": "credit"},
    "wms": _BOOKS,
    "hub": {},
}
"""Per kind of system: fact -> the operation that tells it (DESIGN 2.3)."""

FACTS: Mapping[str, tuple[str, str]] = {
    "opened": ("退货已建立", "A return was opened"),
    "amended": ("申请内容有变", "The claim was changed"),
    "authorized": ("已同意退货", "Authorized"),
    "rejected": ("已拒绝退货", "Rejected"),
    "cancelled": ("已取消", "Cancelled"),
    "reopened": ("重新打开", "Open again"),
    "tracking": ("退货运单", "Return parcel's number known"),
    "received": ("已收货", "Goods received"),
    "accepted": ("验收通过", "Goods accepted"),
    "refused": ("验收拒绝", "Goods refused"),
    "disposed": ("货物去向", "Goods put somewhere"),
    "money_due": ("应退款", "Money is due"),
    "refunded": ("已在别处退款", "Refunded elsewhere"),
    "replacement": ("应换货", "A replacement is due"),
    "replacement_sent": ("换货运单", "The replacement's parcel"),
    "closed": ("已关闭", "Closed"),
    "number": ("退货编号", "The number it has here"),
    "note": ("备注", "A note"),
}


class Defaults(NamedTuple):
    asked: frozenset[str]
    listens: frozenset[str]


DEFAULTS: Mapping[words.SystemKind, Defaults] = {
    kind: Defaults(asked=frozenset(steps.values()), listens=frozenset(steps)) for kind, steps in OPERATIONS.items()
}
"""What an account of this kind may be asked for and which facts it hears, unless its settings say otherwise."""

ENTITIES = frozenset({"refund", "record_refund", "credit", "dispose", "note", "add_tracking", "add_evidence"})
"""Operations that tell single facts: never coalesced, one each."""

MOVES_MONEY: Mapping[str, str] = {"refund": "yes"}
"""What a manifest need not say."""
