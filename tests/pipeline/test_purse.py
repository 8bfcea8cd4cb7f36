"""A write's calls are paid for before its first one: what has begun is not stopped half-way by our own budget."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.kit import registry
from connectors.kit.api import Operation, Reply
from connectors.kit.attempt import Attempt
from connectors.kit.manifest_parts import Budget
from hub.boot import Hub
from hub.pipeline.deliver import budget
from hub.pipeline.deliver.budget import FIRST, Purses
from hub.store import budgets
from tests.pipeline.fakes.connector import Stock
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import deliver_due, hurry, rows
from tests.statements import statements

RETURNS = 16
BURST = 12
RATE = 1 / 3600
"""Tokens a second: what comes in while the test runs is nothing, it moves time itself."""
CALLS = 5
"""Requests that one create makes here: two looks, the write, and two at what came of it."""


@pytest.fixture
def tight(hub: Hub, monkeypatch: pytest.MonkeyPatch, both: None) -> Counter[str]:
    """The stock book has a budget that many writes at once use up; what its connector did, counted."""
    known = registry.load("fake_stock")
    budgets = {"default": Budget(rate=RATE, burst=BURST)}
    monkeypatch.setitem(
        registry._known, "fake_stock", replace(known, manifest=replace(known.manifest, budgets=budgets))
    )
    real, done = Stock.do_create_return, Counter[str]()

    def create(self: Any, operation: Operation) -> Reply:
        done["attempts"] += 1
        for _ in range(CALLS - 4):
            self.http.get("/returns/by-reference/none")
        reply = real(self, operation)
        self.http.get("/returns/by-reference/none")
        done["finished"] += 1
        return reply

    monkeypatch.setattr(Stock, "do_create_return", create)
    hub.accounts.forget()
    return done


def ask(shop: Remote, deliver: Callable[..., None]) -> None:
    for number in range(RETURNS):
        lines = [{"id": f"L{number}", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}]
        shop.do("buy", order=str(number), lines=lines)
        shop.do("request", order=str(number), lines=lines)
    deliver(shop, "web")


def some_come_in(hub: Hub, tokens: float) -> None:
    """Time passes, as far as the budget is concerned, and whatever waits looks again."""
    rows(hub, f"UPDATE budgets SET refilled_at = refilled_at - interval '{tokens / RATE} seconds' RETURNING 1")
    hurry(hub)


def test_many_writes_of_several_calls_are_made_once_each(
    hub: Hub, tight: Counter[str], shop: Remote, stock: Remote, deliver: Callable[..., None], work: Callable[..., int]
) -> None:
    ask(shop, deliver)
    work(("process",))
    rounds = 0
    while tight["finished"] < RETURNS and rounds < 100:
        deliver_due(hub)
        some_come_in(hub, 3.0)
        rounds += 1
    states = Counter(state for (state,) in rows(hub, "SELECT state FROM intents"))
    assert tight["finished"] == len(stock.get("effects")) == RETURNS
    assert tight["attempts"] == RETURNS, "an attempt was stopped half-way, and began anew"
    assert states == {"sent": RETURNS}, "intents were opened for nothing"
    assert rounds * 3 + BURST < (RETURNS + 2) * CALLS, "more was paid than was used"


def test_who_waits_for_the_budget_says_so_and_asks_nobody(
    hub: Hub, tight: Counter[str], shop: Remote, deliver: Callable[..., None], work: Callable[..., int]
) -> None:
    ask(shop, deliver)
    work(("process",))
    deliver_due(hub)
    waiting = rows(hub, "SELECT why FROM sync WHERE account = 'erp' AND state = 'pending'")
    assert 0 < len(waiting) < RETURNS
    assert {why for (why,) in waiting} == {
        "erp is called no faster than its budget allows; it is told when its turn comes"
    }
    assert rows(hub, "SELECT count(*) FROM attempts WHERE outcome <> 'ok'") == [(0,)]


class Book:
    """An account's budget as the purses see it; time is moved by hand."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.purses, self.account = hub, Purses(), hub.accounts.get("erp")

    def open(self, number: int = 1) -> Attempt | float:
        return self.hub.database.run(lambda conn: self.purses.open(conn, self.account, "receive", number))

    def close(self, attempt: Attempt, requests: int) -> None:
        for _ in range(requests):
            attempt.pays("default")
        self.hub.database.run(lambda conn: self.purses.close(conn, [(self.account, "receive", attempt)]))

    def notified(self) -> int:
        """As many reads as the budget gives."""
        taken = 0
        while not self.hub.database.run(lambda conn: budgets.take(conn, "erp", "default", 1, RATE, BURST, "live")):
            taken += 1
        return taken

    @property
    def tokens(self) -> float:
        ((found,),) = rows(self.hub, "SELECT tokens FROM budgets WHERE account = 'erp'")
        return float(found)


def test_what_an_operation_needs_is_learned_and_what_it_did_not_need_comes_back(hub: Hub, tight: Any) -> None:
    book = Book(hub)
    first = book.open()
    assert isinstance(first, Attempt)
    assert first.paid == FIRST
    book.close(first, 2)
    assert book.tokens == pytest.approx(BURST - 2, abs=0.1)
    some_come_in(hub, BURST)
    second = book.open()
    assert isinstance(second, Attempt)
    assert second.paid == 2
    book.close(second, 7)
    third = book.open()
    assert isinstance(third, Attempt)
    assert third.paid == 7


def test_all_steps_of_an_operation_are_paid_at_once() -> None:
    step = Attempt(5)
    assert [step.pays("default") for _ in range(2)] == [True, True]
    following = step.next_step()
    assert [following.pays("default") for _ in range(4)] == [True, True, True, False]
    assert following.requests == 6
    assert not following.pays("lists"), "another budget is another purse"


def test_a_flood_of_hints_does_not_keep_a_write_waiting_for_ever(hub: Hub, tight: Any) -> None:
    book = Book(hub)
    book.notified()
    waited = 0
    while not isinstance(book.open(), Attempt):
        waited += 1
        assert waited < 3
        some_come_in(hub, 1.0 if waited else 0.0)


def test_writes_that_wait_come_one_after_the_other(hub: Hub, tight: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "LONGEST", 10 / RATE * BURST)
    book = Book(hub)
    book.notified()
    waits = [wait for number in range(4) if isinstance(wait := book.open(number), float)]
    apart = [later - sooner for sooner, later in itertools.pairwise(waits)]
    assert apart == pytest.approx([FIRST / RATE] * 3, rel=0.01)
    monkeypatch.setattr(budget, "LONGEST", 30.0)
    assert 15 <= book.open(9) <= 30, "who would wait for long looks again: the others may have gone"


def test_the_debt_of_one_operation_is_all_that_is_drawn_in_advance(hub: Hub, tight: Any) -> None:
    book = Book(hub)
    drawn = 0
    for number in range(50):
        attempt = book.open(number)
        drawn += attempt.paid if isinstance(attempt, Attempt) else 0
    assert BURST <= drawn <= BURST + FIRST
    assert book.notified() == 0


def test_many_are_paid_for_at_once_or_as_many_as_the_budget_has(hub: Hub, tight: Any) -> None:
    book = Book(hub)

    def open_all(*numbers: int) -> list[Attempt | float]:
        wanted = [(book.account, "receive", number) for number in numbers]
        return hub.database.run(lambda conn: book.purses.open_all(conn, wanted))

    with statements() as asked:
        paid = open_all(1, 2)
    assert [attempt.paid for attempt in paid if isinstance(attempt, Attempt)] == [FIRST, FIRST]
    assert len(asked) <= 4, "both at once: the budget begins, and is asked"
    assert book.tokens == pytest.approx(BURST - 2 * FIRST, abs=0.1)
    for attempt in paid:
        assert isinstance(attempt, Attempt)
        book.close(attempt, 1)
    some_come_in(hub, BURST)
    rows(hub, "UPDATE budgets SET tokens = 4.5, refilled_at = clock_timestamp() RETURNING 1")
    one, *others = open_all(3, 4, 5, 6, 7, 8)
    assert isinstance(one, Attempt), "there was enough for the first"
    assert all(isinstance(wait, float) and wait > 0 for wait in others[-2:]), "and not for all of them"
    assert book.tokens > -BURST
