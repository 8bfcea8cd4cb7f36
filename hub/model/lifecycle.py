"""The one word that people read, derived from the axes by a table: the first rule that fits, speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hub.model.labels import LABELS, Label

if TYPE_CHECKING:  # the return's own sentences name statuses
    from hub.model.returns import Axes, ReturnLine

__all__ = ["LABELS", "OWNERS", "RULES", "STATUSES", "kind_of", "label", "status_of"]


class Rule(NamedTuple):
    """A status and when it fits."""

    status: str
    zh: str
    en: str
    fits: Callable[[Axes, str, str | None], bool]
    drafted: bool = False
    """It fits only while a credit note is not posted yet."""


def _authorization(*values: str) -> Callable[[Axes, str, str | None], bool]:
    return lambda axes, kind, origin: axes.authorization.value in values


def _closure(value: str) -> Callable[[Axes, str, str | None], bool]:
    return lambda axes, kind, origin: axes.closure.value == value


def _settlement(*values: str) -> Callable[[Axes, str, str | None], bool]:
    return lambda axes, kind, origin: axes.settlement in values


def _exchange(*values: str) -> Callable[[Axes, str, str | None], bool]:
    return lambda axes, kind, origin: axes.exchange in values


def _receipt(*values: str) -> Callable[[Axes, str, str | None], bool]:
    return lambda axes, kind, origin: axes.receipt in values


_BACK = ("full", "over")
_DONE = ("full", "over", "not_expected")
_MOVING = (
    "accepted", "in_transit", "out_for_delivery", "available_for_pickup", "delivery_attempted", "exception",
)  # fmt: skip


def _through(axes: Axes) -> bool:
    return axes.receipt in _DONE and (axes.settlement == "settled" or axes.exchange in ("sent", "delivered"))


RULES: Sequence[Rule] = (
    Rule("voided", "已作废", "Voided", _closure("voided")),
    Rule("disputed", "平台介入中", "In dispute", lambda a, k, o: a.dispute.value == "open"),
    Rule("refund_failed", "退款失败", "Refund failed", _settlement("failed")),
    Rule("cancelled", "已取消", "Cancelled", _authorization("cancelled")),
    Rule("expired", "已过期", "Expired", _closure("expired")),
    Rule(
        "rejected",
        "已拒绝",
        "Rejected",
        lambda a, k, o: a.authorization.value == "rejected" and a.settlement in ("none", "due"),
    ),
    Rule(
        "goods_refused",
        "验货拒收",
        "Goods refused",
        lambda a, k, o: a.acceptance.value == "rejected" and a.settlement != "settled",
    ),
    Rule("refunding", "退款中", "Refunding", _settlement("pending")),
    Rule("needs_info", "待补充", "More information needed", _authorization("needs_info")),
    Rule(
        "partially_received",
        "部分收货",
        "Partly received",
        lambda a, k, o: a.receipt == "partial",
    ),
    Rule("partially_refunded", "部分退款", "Partly refunded", _settlement("partial")),
    Rule("refund_due", "待退款", "Refund due", _settlement("due")),
    Rule("replacement_due", "待换货", "Replacement due", lambda a, k, o: a.exchange == "due" and a.receipt in _DONE),
    Rule("credit_open", "贷项凭证待过账", "Credit note to be posted", lambda a, k, o: _through(a), drafted=True),
    Rule("completed", "已完成", "Completed", lambda a, k, o: _through(a)),
    Rule("closed", "已关闭", "Closed", _closure("closed")),
    Rule("refunded", "已退款", "Refunded", _settlement("settled")),
    Rule("received", "已收货", "Received", _receipt(*_BACK)),
    Rule("lost", "退货丢件", "Lost on its way back", lambda a, k, o: a.transit == "lost"),
    Rule("in_transit", "退回途中", "On its way back", lambda a, k, o: a.transit in _MOVING),
    Rule("arrived", "已到达待收货", "Arrived, not received yet", lambda a, k, o: a.transit == "delivered"),
    Rule("replacement_sent", "换货已发出", "Replacement sent", _exchange("sent", "delivered")),
    Rule("authorized", "待寄回", "Authorized, awaiting goods", _authorization("authorized")),
    Rule("requested", "待审核", "Requested", _authorization("requested")),
    Rule("coming_back", "拒收退回中", "Coming back undelivered", lambda a, k, o: o == "undelivered"),
    Rule("draft", "草稿", "Draft", lambda a, k, o: True),
)

STATUSES: Mapping[str, Label] = {rule.status: (rule.zh, rule.en) for rule in RULES}

# Who speaks on each axis, the highest first; `axes.py` and `ranks.py` carry it out.
OWNERS: Mapping[str, Sequence[str]] = {
    "authorization": ("ruling", "hub", "decides", "others where nobody decides"),
    "transit": ("carrier",),
    "receipt": ("wms", "erp", "pos"),
    "acceptance": ("ruling", "hub", "decides", "others where nobody decides"),
    "settlement": ("holder of the money",),
    "exchange": ("the one who ships",),
    "dispute": ("marketplace", "storefront"),
    "closure": ("ruling", "founder", "hub"),
}


def status_of(axes: Axes, kind: str, origin: str | None, *, drafted: bool = False) -> str:
    """The status word of these axes. `drafted`: a credit note of the return is not posted yet."""
    for rule in RULES:
        if (drafted or not rule.drafted) and rule.fits(axes, kind, origin):
            return rule.status
    raise AssertionError("the last rule fits everything")


def label(status: str, language: str = "zh") -> str:
    """The status as people read it."""
    zh, en = STATUSES[status]
    return zh if language.startswith("zh") else en


_BY_RESOLUTION: Mapping[str, str] = {
    "exchange": "exchange",
    "repair": "repair",
    "reship": "reship",
    "price_adjustment": "price_adjustment",
}


def kind_of(origin: str | None, lines: Sequence[ReturnLine]) -> str:
    """What sort of return it is, derived from its lines."""
    if origin == "undelivered":
        return "undelivered"
    kinds = set()
    for line in lines:
        if line.unexpected or line.goods == "deduction":
            continue
        special = _BY_RESOLUTION.get(line.resolution)
        if special is None:
            special = {"kept": "refund_only", "never_shipped": "pre_ship_cancel"}.get(line.goods, "return_refund")
        kinds.add(special)
    if len(kinds) > 1:
        return "mixed"
    return kinds.pop() if kinds else "return_refund"
