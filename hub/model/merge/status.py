"""The one word that people read, derived from the axes by a table: the first rule that fits, speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from hub.model.schema.returns import Axes, ReturnLine


class StatusRule(NamedTuple):
    """A status and when it fits."""

    status: str
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


RULES: Sequence[StatusRule] = (
    StatusRule("voided", _closure("voided")),
    StatusRule("disputed", lambda a, k, o: a.dispute.value == "open"),
    StatusRule("refund_failed", _settlement("failed")),
    StatusRule("cancelled", _authorization("cancelled")),
    StatusRule("expired", _closure("expired")),
    StatusRule("rejected", lambda a, k, o: a.authorization.value == "rejected" and a.settlement in ("none", "due")),
    StatusRule("goods_refused", lambda a, k, o: a.acceptance.value == "rejected" and a.settlement != "settled"),
    StatusRule("refunding", _settlement("pending")),
    StatusRule("needs_info", _authorization("needs_info")),
    StatusRule("partially_received", lambda a, k, o: a.receipt == "partial"),
    StatusRule("partially_refunded", _settlement("partial")),
    StatusRule("refund_due", _settlement("due")),
    StatusRule("replacement_due", lambda a, k, o: a.exchange == "due" and a.receipt in _DONE),
    StatusRule("credit_open", lambda a, k, o: _through(a), drafted=True),
    StatusRule("completed", lambda a, k, o: _through(a)),
    StatusRule("closed", _closure("closed")),
    StatusRule("refunded", _settlement("settled")),
    StatusRule("received", _receipt(*_BACK)),
    StatusRule("lost", lambda a, k, o: a.transit == "lost"),
    StatusRule("in_transit", lambda a, k, o: a.transit in _MOVING),
    StatusRule("arrived", lambda a, k, o: a.transit == "delivered"),
    StatusRule("replacement_sent", _exchange("sent", "delivered")),
    StatusRule("authorized", _authorization("authorized")),
    StatusRule("requested", _authorization("requested")),
    StatusRule("coming_back", lambda a, k, o: o == "undelivered"),
    StatusRule("draft", lambda a, k, o: True),
)


def status_of(axes: Axes, kind: str, origin: str | None, *, drafted: bool = False) -> str:
    """The status word of these axes. `drafted`: a credit note of the return is not posted yet."""
    for rule in RULES:
        if (drafted or not rule.drafted) and rule.fits(axes, kind, origin):
            return rule.status
    raise AssertionError("the last rule fits everything")


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
