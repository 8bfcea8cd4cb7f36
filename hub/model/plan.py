"""What one account still has to be told (Process Manager): the next legal steps, and what it cannot be told and why.

Level-triggered: the plan compares the return with what the account itself says; nothing is remembered but the writes
that are on their way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.model import tell_goods, tell_money, tell_state
from hub.model.desk import Desk
from hub.model.operation import Operation, Outstanding, Residue, Terms
from hub.model.returns import Return
from hub.model.rules import DEFAULTS

__all__ = ["DEFAULTS", "plan", "state"]

STEPS: Sequence[Callable[[Desk], bool]] = (
    tell_state.founded,
    tell_state.decided,
    tell_state.amended,
    tell_goods.tracked,
    tell_goods.received,
    tell_goods.judged,
    tell_goods.disposed,
    tell_goods.replaced,
    tell_money.credited,
    tell_money.recorded,
    tell_money.paid,
    tell_state.numbered,
    tell_state.noted,
    tell_state.closed,
)
"""In the order in which they become legal; a step that answers False ends the plan: what follows has to wait for it."""

FOLLOWS: Sequence[Callable[[Desk], bool]] = (tell_goods.replaced, tell_money.credited, tell_money.paid)
"""For an account that alone has told all there is: it knows the facts, and may still be asked for what follows."""


def plan(
    ret: Return, view: Return, terms: Terms, outstanding: Sequence[Outstanding]
) -> tuple[tuple[Operation, ...], tuple[Residue, ...]]:
    """The operations and the residue for one account. `outstanding`: the return's writes, of all accounts.

    `view`: the return as this account tells it; the very same object as `ret` where nobody else has spoken.
    """
    if ret.origin is None or not _concerns(ret, terms):
        return (), ()
    desk = Desk(ret, view, terms, outstanding)
    for step in FOLLOWS if view is ret else STEPS:
        if not step(desk):
            break
    return tuple(desk.operations), tuple(desk.residue)


def _concerns(ret: Return, terms: Terms) -> bool:
    """A shop hears only of orders that it sold, and of returns that it told of itself."""
    return not terms.sells or terms.account in ret.objects or any(order.home == terms.account for order in ret.orders)


def state(operations: Sequence[Operation], residue: Sequence[Residue], outstanding: Sequence[Outstanding]) -> str:
    """The word for a sync row: in_sync only when all three are empty; pending | awaiting | blocked."""
    if operations:
        return "pending"
    if any(o.state in ("open", "sent", "unknown") for o in outstanding):
        return "awaiting"
    return "blocked" if residue or any(o.state != "given_up" for o in outstanding) else "in_sync"
