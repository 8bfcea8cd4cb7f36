"""Writes that have to wait: what it says of the account, of the row, and that nothing is forgotten meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.kit.api import Operation, Reply
from connectors.kit.errors import NotYet, OutcomeUnknown, OverBudget, RetryLater
from hub.boot import Hub
from hub.store import accounts
from hub.store.accounts import BREAKER
from tests.pipeline.fakes.connector import Stock
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, deliver_due, hurry, intents, rows, story


@pytest.mark.parametrize("wait", [NotYet("the queue works on it", after=30.0), OverBudget("used up", after=30.0)])
def test_waiting_for_one_record_says_nothing_of_the_account_and_the_row_says_why(
    hub: Hub, asked: None, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch, wait: RetryLater
) -> None:
    tries: list[str] = []

    def not_yet(self: Any, operation: Operation) -> Reply:
        tries.append(operation.id)
        raise wait

    monkeypatch.setattr(Stock, "do_create_return", not_yet)
    for _ in range(2 * BREAKER):
        deliver_due(hub)
        hurry(hub)
    assert len(tries) > BREAKER
    assert rows(hub, "SELECT state, failures, blocked_until FROM accounts WHERE name = 'erp'") == [("healthy", 0, None)]
    (row,) = rows(hub, "SELECT state, why, planned->0->>'kind' FROM sync WHERE account = 'erp'")
    assert row == ("pending", str(wait), "create_return")
    monkeypatch.undo()
    hurry(hub)
    work()
    assert all_returns(hub)[0].sync["erp"] == "in_sync"


def test_what_did_nothing_is_tried_at_once_when_a_person_resumes(
    hub: Hub, asked: None, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody had it open; whoever says that all is well there does not wait for the next try."""
    carry_out = Stock.do_create_return

    def busy(self: Any, operation: Operation) -> Reply:
        monkeypatch.setattr(Stock, "do_create_return", carry_out)
        raise NotYet("a person has it open", after=300.0)

    monkeypatch.setattr(Stock, "do_create_return", busy)
    deliver_due(hub)
    deliver_due(hub)
    assert intents(hub) == [("create_return", "held")]
    hub.database.run(lambda conn: accounts.resume(conn, "erp"))
    work()
    assert intents(hub) == [("create_return", "done")]


def test_a_system_that_fails_again_and_again_gets_a_rest(
    hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: Any, operation: Operation) -> Reply:
        raise RetryLater("no answer")

    monkeypatch.setattr(Stock, "do_create_return", away)
    for _ in range(BREAKER):
        deliver_due(hub)
        hurry(hub)
    assert rows(hub, "SELECT state, state_why FROM accounts WHERE name = 'erp'") == [("degraded", "no answer")]


def test_news_that_came_while_a_write_was_under_way_does_not_count_it_as_said(
    hub: Hub,
    asked: None,
    shop: Remote,
    deliver: Callable[..., None],
    work: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the write is open, planning finds nothing more to say; when it has to wait, it is still to be said."""
    carry_out = Stock.do_create_return

    def busy(self: Any, operation: Operation) -> Reply:
        monkeypatch.setattr(Stock, "do_create_return", carry_out)
        shop.do("note", id=next(iter(shop.get("state"))), text="it is in the post")
        deliver(shop, "web")
        work(("process",))
        raise NotYet("a person has it open", after=30.0)

    monkeypatch.setattr(Stock, "do_create_return", busy)
    deliver_due(hub)
    assert rows(hub, "SELECT state, wanted > done FROM sync WHERE account = 'erp'") == [("pending", True)]
    hurry(hub)
    work()
    assert all_returns(hub)[0].sync["erp"] == "in_sync"


def test_a_write_of_several_calls_that_has_to_wait_says_that_part_of_it_is_done(
    hub: Hub, asked: None, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out = Stock.do_create_return

    def first(self: Any, operation: Operation) -> Reply:
        monkeypatch.setattr(Stock, "do_create_return", then)
        return Reply(finished=False)

    def then(self: Any, operation: Operation) -> Reply:
        raise NotYet("the queue works on it", after=30.0)

    monkeypatch.setattr(Stock, "do_create_return", first)
    deliver_due(hub)
    assert "told erp: create_return, in part; what is left of it follows" in story(hub, all_returns(hub)[0].id)
    monkeypatch.setattr(Stock, "do_create_return", carry_out)
    hurry(hub)
    work()
    assert all_returns(hub)[0].sync["erp"] == "in_sync"


def test_a_write_that_was_never_answered_and_has_to_wait_is_not_said_to_be_done_in_part(
    hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was looked for twice, not found, repeated with its key: the second attempt of one call, not its second step."""
    answers = iter((OutcomeUnknown("no answer"), NotYet("the queue works on it", after=30.0)))

    def silent(self: Any, operation: Operation) -> Reply:
        raise next(answers)

    monkeypatch.setattr(Stock, "do_create_return", silent)
    deliver_due(hub)
    for _ in range(2):
        hurry(hub)
        deliver_due(hub)
    assert next(answers, None) is None, "it was repeated"
    assert rows(hub, "SELECT state, attempts, possible FROM intents") == [("unknown", 2, True)], "it keeps its key"
    assert not [line for line in story(hub, all_returns(hub)[0].id) if "in part" in line]
