"""What plan promises whatever stands where: it comes to rest, says nothing twice, and never pays too much."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.model.language.words import OperationKind
from hub.model.merge.money.refunds import total
from hub.model.plan import progress
from hub.model.plan.planner import state
from hub.model.schema.operation import Outstanding
from tests.model.records import terms
from tests.model.simulated import Simulation, simulations
from tests.model.targets import FLAWS, Flaw, Remotes

CAN = frozenset(get_args(OperationKind)) - {
    "accept_goods",
    "refuse_goods",
    "close",
    "add_tracking",
    "note",
    "record_refund",
}
TERMS = [
    terms("web", "storefront", can=CAN, money=True, sells=True, silent=frozenset({"closure", "acceptance"})),
    terms("erp", "erp", can=CAN, silent=frozenset({"closure", "acceptance"})),
    terms("wms", "wms", can=CAN, silent=frozenset({"closure", "acceptance"})),
    terms("till", "pos", can=CAN, money=True),
]
ENOUGH = 60
"""Writes after which a simulated return would have to be at rest: some lines, four systems, a handful of facts each."""


def tell_everybody(remotes: Remotes) -> None:
    """Tell one thing after the other until nobody has to be told anything."""
    for _ in range(ENOUGH):
        planned = next((ops for name in remotes.terms if (ops := remotes.plan(name)[0])), ())
        if not planned:
            return
        remotes.perform(planned[0])
    said = Counter(f"{w.account} {w.fingerprint}" for w in remotes.writes)
    raise AssertionError(f"no rest after {ENOUGH} writes: {said.most_common(4)}")


@settings(max_examples=50)
@given(simulations())
def test_when_what_was_said_is_observed_nothing_is_left_to_say(world: Simulation) -> None:
    remotes = Remotes(world, TERMS)
    tell_everybody(remotes)
    said = Counter((w.account, w.fingerprint) for w in remotes.writes)
    assert set(said.values()) <= {1}, "nothing is said twice to a system that does what it is told"


@given(simulations(), st.sampled_from(["open", "sent", "unknown"]))
def test_what_is_on_its_way_is_not_planned_again(world: Simulation, how: str) -> None:
    remotes = Remotes(world, TERMS)
    for account in remotes.terms:
        for operation in remotes.plan(account)[0]:
            sent = (Outstanding(operation=operation, state=how),)
            again = remotes.plan(account, sent)[0]
            assert operation.fingerprint not in {o.fingerprint for o in again}
            if operation.kind == "refund":
                for other in remotes.terms:
                    assert "refund" not in {o.kind for o in remotes.plan(other, sent)[0]}


@given(simulations())
def test_what_was_refused_is_not_planned_again_and_shows(world: Simulation) -> None:
    remotes = Remotes(world, TERMS)
    for account in remotes.terms:
        for operation in remotes.plan(account)[0]:
            dead = (Outstanding(operation=operation, state="dead"),)
            again, undeliverable = remotes.plan(account, dead)
            assert operation.fingerprint not in {o.fingerprint for o in again}
            assert operation.kind in {r.operation for r in undeliverable}


@settings(max_examples=50)
@given(simulations(), st.sampled_from(FLAWS))
def test_a_system_that_does_not_do_as_told_gets_finitely_many_writes(world: Simulation, flaw: Flaw) -> None:
    remotes = Remotes(world, TERMS, flaw)
    history: dict[str, dict[str, Any]] = {name: {} for name in remotes.terms}
    now = datetime(2026, 11, 1, tzinfo=UTC)
    for _ in range(4 * ENOUGH):
        wait: float | None = None
        for name in remotes.terms:
            planned = remotes.plan(name)[0]
            if not planned:
                continue
            verdict = progress.check(history[name], planned[0], now)
            if verdict.park:
                continue
            wait = verdict.wait if wait is None else min(wait, verdict.wait)
            if not verdict.wait:
                remotes.perform(planned[0])
                history[name] = progress.performed(history[name], planned[0], now)
        if wait is None:
            break
        now += timedelta(seconds=wait)
    else:
        raise AssertionError("it went on for ever")
    said = Counter((w.account, w.fingerprint) for w in remotes.writes)
    assert max(said.values(), default=0) <= len(progress.WAITS)
    assert all(count == 1 for (_, text), count in said.items() if text.startswith("refund|"))


def gone_back(remotes: Remotes, currency: str = "EUR") -> Decimal:
    return sum(
        (
            total(refund, "succeeded", "pending")
            for record in remotes.records.values()
            for refund in record.fragment.refunds or ()
            if refund.currency == currency
        ),
        Decimal(0),
    )


@settings(max_examples=50)
@given(simulations())
def test_no_sequence_pays_more_than_was_captured(world: Simulation) -> None:
    remotes = Remotes(world, TERMS)
    captured = Decimal(120)
    linked = remotes.merged.money
    before = gone_back(remotes)
    tell_everybody(remotes)
    paid = [w.amount or Decimal(0) for w in remotes.writes if w.kind == "refund"]
    assert gone_back(remotes) == before + sum(paid)
    if paid:
        # What duplicates told twice is one payment; the hub adds only what was still owed and could still be paid.
        assert sum(paid) <= linked.captured - linked.refunded - linked.pending if linked.captured else False
        assert sum(paid) <= captured
    money = remotes.merged.money
    assert money.refunded + money.pending <= max(captured, linked.refunded + linked.pending)


@given(simulations())
def test_undeliverable_is_never_shown_as_in_sync(world: Simulation) -> None:
    remotes = Remotes(world, TERMS)
    for account in remotes.terms:
        operations, undeliverable = remotes.plan(account)
        shown = state(operations, undeliverable, ())
        assert (shown == "in_sync") == (not operations and not undeliverable)
        for operation in operations:
            assert state((), (), (Outstanding(operation=operation, state="sent"),)) == "awaiting"
            assert state((), (), (Outstanding(operation=operation, state="dead"),)) == "blocked"
