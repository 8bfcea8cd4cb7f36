"""Delivery by example: one key, a last call, terms of this moment, dead letters that heal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.kit.api import Operation, Reply
from connectors.kit.errors import Conflict, OutcomeUnknown, RateLimited, Rejected, RetryLater, Unauthorized, Unsupported
from hub.boot import Hub
from hub.model.plan import delivery
from hub.pipeline.deliver import deliver
from hub.store import accounts
from tests.pipeline.fakes.connector import Shop, Stock
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.payments import paid, questions, row, web
from tests.pipeline.queries import deliver_due, hurry, rows, work_off

Work = Callable[..., int]
Deliver = Callable[..., None]


# -- one key


@pytest.mark.parametrize(
    "later",
    [
        RateLimited("slow down", after=0.1),
        RetryLater("away"),
        Unauthorized("who?"),
        Conflict("changed"),
        Rejected("no"),
    ],
)
def test_what_may_have_been_paid_is_never_called_under_another_key(
    later: Exception, hub: Hub, due: None, shop: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call pays and gets no answer; the second, with the same key, is turned away: that says nothing of the first."""
    carry_out, keys = Shop.do_refund, []

    def refund(self: Any, operation: Operation) -> Reply:
        keys.append(operation.id)
        if len(keys) == 2:
            raise later
        reply = carry_out(self, operation)
        if len(keys) == 1:
            raise OutcomeUnknown("no answer")
        return reply

    def blind(self: Any, operation: Operation) -> None:
        raise Unsupported("no way to look")

    monkeypatch.setattr(Shop, "do_refund", refund)
    monkeypatch.setattr(Shop, "find", blind)
    for _ in range(10):
        deliver_due(hub)
        hurry(hub)
        hub.database.run(lambda conn: accounts.resume(conn, "web"))
    assert len(set(keys)) == 1
    assert paid(shop) == ["158.00"]
    assert isinstance(later, Rejected) == bool(questions(hub)) or isinstance(later, Conflict)


def test_a_keyless_create_that_is_never_found_is_made_three_times_and_then_asked_about(
    hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = []

    def silent(self: Any, operation: Operation) -> Reply:
        keys.append(operation.id)
        raise OutcomeUnknown("no answer")

    monkeypatch.setattr(Stock, "do_create_return", silent)
    for _ in range(40):
        deliver_due(hub)
        hurry(hub)
    assert len(keys) == 3
    assert len(set(keys)) == 1
    ((kind, text),) = questions(hub)
    assert kind == "unknown_outcome"
    assert "never found" in text


@pytest.mark.parametrize(
    "answer", [{"not": "a reply"}, None, Reply(progress={"draft": object()})], ids=lambda a: type(a).__name__
)
def test_an_answer_that_is_none_is_a_bug_and_ends_in_a_question(
    answer: Any, hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = []

    def create(self: Any, operation: Operation) -> Any:
        keys.append(operation.id)
        return answer

    monkeypatch.setattr(Stock, "do_create_return", create)
    monkeypatch.setattr(Stock, "find", lambda self, operation: answer)
    for _ in range(20):
        deliver_due(hub)
        hurry(hub)
    assert len(set(keys)) == 1
    assert len(keys) <= 3
    assert len(questions(hub)) == 1


def test_what_never_left_is_not_left_behind(hub: Hub, asked: None, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_out, calls = Stock.do_create_return, []

    def busy(self: Any, operation: Operation) -> Reply:
        calls.append(operation.id)
        if len(calls) < 6:
            raise RateLimited("slow down", after=0.1)
        return carry_out(self, operation)

    monkeypatch.setattr(Stock, "do_create_return", busy)
    for _ in range(6):
        deliver_due(hub)
        hurry(hub)
        hub.database.run(lambda conn: accounts.resume(conn, "erp"))
    work()
    assert len(set(calls)) == 1, "nothing had changed, so it went out under the key it had"
    assert rows(hub, "SELECT state FROM intents") == [("done",)]


def test_a_write_of_very_many_steps_is_no_crash_when_others_have_their_turn(
    hub: Hub, due: tuple[str, str], shop: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next step was prepared and not made: nobody has to look whether it was."""
    carry_out, looks, steps = Shop.do_refund, [], []

    def refund(self: Any, operation: Operation) -> Reply:
        steps.append(operation.id)
        if len(steps) < 5:
            return Reply(finished=False, progress={"step": len(steps)})
        return carry_out(self, operation)

    monkeypatch.setattr(deliver, "STEPS", 2)
    monkeypatch.setattr(Shop, "do_refund", refund)
    monkeypatch.setattr(Shop, "find", lambda self, operation: looks.append(operation))
    deliver_due(hub)
    assert (len(steps), len(set(steps)), looks) == (5, 1, [])
    assert paid(shop) == ["158.00"]


def test_steps_without_end_end(hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []

    def create(self: Any, operation: Operation) -> Reply:
        steps.append(operation.id)
        return Reply(finished=False, progress={"step": len(steps)})

    monkeypatch.setattr(Stock, "do_create_return", create)
    for _ in range(5):
        deliver_due(hub)
        hurry(hub)
    assert len(steps) == delivery.LAST_STEP
    assert "more steps" in questions(hub)[0][1]


# -- terms of this moment


def test_money_switched_off_between_two_steps_stops_the_payment(
    hub: Hub, due: None, shop: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []

    def refund(self: Any, operation: Operation) -> Reply:
        steps.append(dict(operation.progress))
        if len(steps) == 1:
            web(hub, shop, money=False)
            return Reply(finished=False, progress={"prepared": True})
        return carry_out(self, operation)

    carry_out = Shop.do_refund
    monkeypatch.setattr(Shop, "do_refund", refund)
    deliver_due(hub)
    assert steps == [{}]
    state, why = row(hub, "web")
    assert state == "blocked"
    assert why is not None
    assert "Money is off" in why
    web(hub, shop, money=True)
    work_off(hub, ("recompute",))
    deliver_due(hub)
    assert steps == [{}, {"prepared": True}], "it goes on where it stopped, without anybody having to ask"
    assert paid(shop) == ["158.00"]


def test_another_process_switches_money_off(hub: Hub, due: None, shop: Remote) -> None:
    """What this process has read of the account is young, and wrong."""
    hub.accounts.age = 3600.0
    assert hub.accounts.get("web").terms.money
    rows(hub, "UPDATE accounts SET terms = jsonb_set(terms, '{money}', 'false') WHERE name = 'web' RETURNING 1")
    deliver_due(hub)
    assert paid(shop) == []


def test_a_pause_is_heard_between_two_steps(
    hub: Hub, due: None, shop: Remote, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []

    def refund(self: Any, operation: Operation) -> Reply:
        steps.append(operation.id)
        if len(steps) == 1:
            hub.database.run(lambda conn: accounts.pause(conn, "web", "a person stopped it"))
            return Reply(finished=False, progress={"prepared": True})
        return carry_out(self, operation)

    carry_out = Shop.do_refund
    monkeypatch.setattr(Shop, "do_refund", refund)
    deliver_due(hub)
    assert len(steps) == 1
    hub.database.run(lambda conn: accounts.resume(conn, "web"))
    work()
    assert (len(steps), len(set(steps)), paid(shop)) == (2, 1, ["158.00"])


# -- dead letters


def test_a_refusal_heals_when_the_operation_comes_out_differently(
    hub: Hub, asked: None, shop: Remote, stock: Remote, deliver: Deliver, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stock book refuses what it does not know; the customer then says what is meant."""
    carry_out, seen = Stock.do_create_return, []

    def refuse(self: Any, operation: Operation) -> Reply:
        seen.append([line.quantity for line in operation.lines])
        if len(seen) == 1:
            raise Rejected("no such line yet")
        return carry_out(self, operation)

    monkeypatch.setattr(Stock, "do_create_return", refuse)
    work()
    assert row(hub, "erp")[0] == "blocked"
    hub.reconcile.recompute([1001])
    work()
    assert len(seen) == 1, "the same is not said again"
    shop.do("note", id=next(iter(shop.get("state"))), text="hello?")
    deliver(shop, "web")
    work()
    assert len(seen) == 1
    shop.do("ask_for", id=next(iter(shop.get("state"))), quantity=1)
    deliver(shop, "web")
    work()
    assert len(seen) == 2
    assert row(hub, "erp") == ("in_sync", None)
    assert rows(hub, "SELECT count(*) FROM intents WHERE state = 'dead'") == [(0,)]


def test_a_refusal_that_is_always_the_same_is_made_finitely_often(
    hub: Hub, asked: None, shop: Remote, deliver: Deliver, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def refuse(self: Any, operation: Operation) -> Reply:
        calls.append(operation.id)
        raise Rejected("no")

    monkeypatch.setattr(Stock, "do_create_return", refuse)
    for n in range(12):
        rows(
            hub,
            "UPDATE intents SET operation = jsonb_set(operation, '{order_number}', to_jsonb(:n ::text)) RETURNING 1",
            n=str(n),
        )
        hub.reconcile.recompute([1001])
        work()
    assert len(calls) == 5


@pytest.mark.parametrize("steps", [0, 1], ids=["at its first call", "between two steps"])
def test_a_system_that_was_away_too_long_is_told_when_a_person_says_that_it_is_back(
    steps: int, hub: Hub, asked: None, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of writes may have come to their end meanwhile: nobody has to answer for each."""
    carry_out, calls = Stock.do_create_return, []

    def away(self: Any, operation: Operation) -> Reply:
        calls.append(operation.id)
        if len(calls) <= steps:
            return Reply(finished=False, progress={"draft": "d1"})
        raise RetryLater("we are being repaired")

    monkeypatch.setattr(Stock, "do_create_return", away)
    for _ in range(20):
        deliver_due(hub)
        hurry(hub)
        rows(hub, "UPDATE accounts SET state = 'healthy', failures = 0, blocked_until = NULL RETURNING 1")
    assert len(calls) == steps + delivery.LAST_WAIT
    assert len(questions(hub)) == 1
    monkeypatch.setattr(Stock, "do_create_return", carry_out)
    hub.database.run(lambda conn: accounts.resume(conn, "erp"))
    work()
    assert questions(hub) == []
    assert row(hub, "erp") == ("in_sync", None)
