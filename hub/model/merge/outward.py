"""What others see of a record, or of a return: where that stays as it was, nothing beside it is looked at again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import UNSET

from hub.model.identity.names import speaks_of_order
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import Observation
from hub.model.schema.returns import Return

_AS_A_WHOLE = ("keys", "weak", "orders", "origin", "number", "requested_at", "refunds", "refunds_once",
             "replacements", "answers")  # fmt: skip


def face(observation: Observation) -> tuple[Any, ...]:
    """What the other returns of its orders, and weak bindings, go by in this record. No reasons, texts, notes."""
    fragment = observation.fragment
    if speaks_of_order(fragment) and fragment.order:
        return (observation.gone, fragment.keys, fragment.orders, fragment.order.number, fragment.order.lines)
    decided = tuple(_value(getattr(fragment, axis)) for axis in ("authorization", "closure"))
    whole = tuple(getattr(fragment, name) for name in _AS_A_WHOLE)
    return (observation.gone, *decided, *whole, *_goods(fragment))


def _goods(fragment: Fragment) -> Iterable[Any]:
    for line in fragment.lines or ():
        yield (line.order, line.order_line, line.line, line.sku, line.gtin, line.quantity, line.cancelled,
               line.unexpected, line.goods)  # fmt: skip
    for receipt in fragment.receipts or ():
        yield (receipt.id, receipt.order, receipt.order_line, receipt.line, receipt.sku, receipt.quantity)
    for parcel in fragment.shipments or () if fragment.origin == "undelivered" else ():
        yield (parcel.id, parcel.lines)


def _value(said: Any) -> Any:
    return said if said is UNSET or said is None else said.value


def outward(ret: Return | None) -> tuple[Any, ...]:
    """What a merged return is to the others of its orders, beside the pieces it asks for: its money, what it sends."""
    if ret is None:
        return ()
    money = ret.money
    due = (money.agreed, money.credited, money.refunded, money.pending, money.due)
    return tuple(word for word in (ret.refunds, ret.credits, ret.replacements, due) if word)


def short(ret: Return | None) -> Mapping[str, Decimal]:
    """By line: what this return was left of what it asks for, where that is less."""
    discrepancies = ret.discrepancies if ret is not None else ()
    return {d.line: Decimal(d.values[1]) for d in discrepancies if d.kind == "over_return" and d.line is not None}
