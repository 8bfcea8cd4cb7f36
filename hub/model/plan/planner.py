"""What one account still has to be told (Process Manager): the next legal steps, and what it cannot be told and why.

Level-triggered: the plan compares the return with what the account itself says; nothing is remembered but the writes
that are on their way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from hub.model.language.sentences import sentence
from hub.model.plan import tell_goods, tell_money, tell_receipts, tell_state
from hub.model.plan.context import PlanContext
from hub.model.plan.rules import DEFAULTS, OPERATIONS
from hub.model.schema.operation import Outstanding, PlannedOperation, Terms, Undeliverable
from hub.model.schema.returns import Return

__all__ = ["DEFAULTS", "needs_somebody", "plan", "state", "unheard"]

STEPS: Sequence[Callable[[PlanContext], bool]] = (
    tell_state.opened,
    tell_state.decided,
    tell_state.amended,
    tell_goods.tracked,
    tell_receipts.received,
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

FOLLOWS: Sequence[Callable[[PlanContext], bool]] = (tell_goods.replaced, tell_money.credited, tell_money.paid)
"""For an account that alone has told all there is: it knows the facts, and may still be asked for what follows."""


def plan(
    ret: Return, view: Return, terms: Terms, outstanding: Sequence[Outstanding]
) -> tuple[tuple[PlannedOperation, ...], tuple[Undeliverable, ...]]:
    """The operations and the undeliverable for one account. `outstanding`: the return's writes, of all accounts.

    `view`: the return as this account tells it; the very same object as `ret` where nobody else has spoken.
    """
    if ret.origin is None or not _concerns(ret, terms):
        return (), ()
    ctx = PlanContext(ret, view, terms, outstanding)
    for step in FOLLOWS if view is ret else STEPS:
        if not step(ctx):
            break
    return tuple(ctx.operations), tuple(ctx.undeliverable)


def _concerns(ret: Return, terms: Terms) -> bool:
    """A shop hears only of orders that it sold, and of returns that it told of itself."""
    return not terms.sells or terms.account in ret.objects or any(order.home == terms.account for order in ret.orders)


QUIET = frozenset({"record_refund", "note", "add_tracking", "add_evidence", "dispose", "close"})
"""Operations that tell what is done already: where a system has no way to hear it, nobody has to do anything."""
AT_REST = frozenset({"completed", "closed"})
"""Nothing is left to do. Not cancelled or rejected: a shop that cannot hear of that would go on."""


def needs_somebody(rest: Undeliverable, ret: Return) -> bool:
    """Whether a person has to do what this account cannot be told; else it is shown, and no alarm."""
    if rest.said.code == "not_listening":
        return False
    return rest.said.code not in ("no_way", "not_asked") or not (rest.operation in QUIET or ret.status in AT_REST)


def unheard(
    ret: Return,
    view: Return,
    terms: Terms,
    outstanding: Sequence[Outstanding],
    planned: Sequence[PlannedOperation],
    cannot: Sequence[Undeliverable],
) -> tuple[Undeliverable, ...]:
    """What is kept from this account because it does not listen, though a system of its kind would: what `plan` would
    come to otherwise, less what it did come to (`told`, `cannot`)."""
    if not terms.deaf:
        return ()
    operations, undeliverable = plan(ret, view, replace(terms, listens=terms.listens | terms.deaf), outstanding)
    kept = {one.kind for one in operations} | {rest.operation for rest in undeliverable}
    kept -= {one.kind for one in planned} | {rest.operation for rest in cannot}
    found: dict[str, Undeliverable] = {}
    for fact, kind in OPERATIONS[terms.kind].items():
        if kind in kept and fact in terms.deaf:
            said = sentence("not_listening", account=terms.account)
            found.setdefault(kind, Undeliverable(fact=fact, said=said, operation=kind))
    return tuple(found.values())


OVER = frozenset({"given_up", "no_way"})
"""States of writes that want nothing of anybody; what cannot be told is undeliverable besides."""


def state(
    operations: Sequence[PlannedOperation], undeliverable: Sequence[Undeliverable], outstanding: Sequence[Outstanding]
) -> str:
    """The word for a sync row: in_sync only when all three are empty; pending | awaiting | blocked."""
    if operations:
        return "pending"
    if any(o.state in ("open", "sent", "unknown") for o in outstanding):
        return "awaiting"
    return "blocked" if undeliverable or any(o.state not in OVER for o in outstanding) else "in_sync"
