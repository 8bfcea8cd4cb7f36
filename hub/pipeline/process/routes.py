"""Who hears of a return: its own systems, those that sold its orders, and those that want to hear of every return.

A carrier hears of one as soon as a parcel that comes back has a number, and is of those it follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.accounts import Account
from hub.model.schema.returns import Return

HEARS_ALL = frozenset({"erp", "wms"})
"""Kinds that keep the books of every shop; the others hear only returns of orders they know."""


def routed(ret: Return, accounts: Mapping[str, Account]) -> Iterable[Account]:
    """The accounts that get a sync row for this return."""
    known = {name for order in ret.orders for name in order.ids} | set(ret.objects)
    homes = {order.home for order in ret.orders}
    parcels = [p.value.carrier for p in ret.shipments if p.value.direction == "return" and p.value.number]
    for account in accounts.values():
        if account.party.kind == "hub":
            continue
        shops, kind = account.routes, account.party.kind
        concerned = kind in HEARS_ALL or kind == "carrier" and any(map(account.terms.follows, parcels))
        if account.name in known or concerned and (not shops or homes & shops):
            yield account


def job_key(ret: Return, return_id: int, account: Account) -> str:
    """The outbound job: writes that would step on each other over there share one."""
    match account.serialise_by:
        case "account":
            return "account"
        case "order":
            ids = sorted(order.ids[account.name] for order in ret.orders if account.name in order.ids)
            return f"order/{ids[0]}" if ids else f"return/{return_id}"
        case _:
            return f"return/{return_id}"
