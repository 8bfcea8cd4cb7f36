"""The one word that people read, derived from the axes by a table: the first rule that fits, speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from hub.model.schema.returns import Axes, ReturnLine


class Rule(NamedTuple):
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


RULES: Sequence[Rule] = (
    Rule("voided", _closure("voided")),
    Rule("disputed", lambda a, k, o: a.dispute.value == "open"),
    Rule("refund_failed", _settlement("failed")),
    Rule("cancelled", _authorization("cancelled")),
    Rule("expired", _closure("expired")),
    Rule("rejected", lambda a, k, o: a.authorization.value == "rejected" and a.settlement in ("none", "due")),
    Rule("goods_refused", lambda a, k, o: a.acceptance.value == "rejected" and a.settlement != "settled"),
    Rule("refunding", _settlement("pending")),
    Rule("needs_info", _authorization("needs_info")),
    Rule("partially_received", lambda a, k, o: a.receipt == "partial"),
    Rule("partially_refunded", _settlement("partial")),
    Rule("refund_due", _settlement("due")),
    Rule("replacement_due", lambda a, k, o: a.exchange == "due" and a.receipt in _DONE),
    Rule("credit_open", lambda a, k, o: _through(a), drafted=True),
    Rule("completed", lambda a, k, o: _through(a)),
    Rule("closed", _closure("closed")),
    Rule("refunded", _settlement("settled")),
    Rule("received", _receipt(*_BACK)),
    Rule("lost", lambda a, k, o: a.transit == "lost"),
    Rule("in_transit", lambda a, k, o: a.transit in _MOVING),
    Rule("arrived", lambda a, k, o: a.transit == "delivered"),
    Rule("replacement_sent", _exchange("sent", "delivered")),
    Rule("authorized", _authorization("authorized")),
    Rule("requested", _authorization("requested")),
    Rule("coming_back", lambda a, k, o: o == "undelivered"),
    Rule("draft", lambda a, k, o: True),
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
