"""Delivery by example: what is awaited, and a person's answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.kit.api import Message, Operation, Reply
from connectors.kit.errors import Conflict, OutcomeUnknown
from hub.boot import Hub
from hub.model.plan import delivery
from hub.store import accounts, jobs
from hub.store.retention import Purge
from scheduler import timetable
from tests.pipeline.fakes.connector import Fake, Shop, Stock
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.payments import paid, questions, row
from tests.pipeline.queries import all_returns, deliver_due, document, hurry, rows, story

Work = Callable[..., int]
Deliver = Callable[..., None]


# -- what is awaited


def test_a_row_says_what_it_waits_for(hub: Hub, asked: None) -> None:
    deliver_due(hub)
    state, why = row(hub, "erp")
    assert (state, why) == ("awaiting", "it was answered as done; waits for its record return stock-1 to be read back")


def test_a_read_back_that_never_comes_is_asked_for_again_and_then_a_person(hub: Hub, asked: None) -> None:
    deliver_due(hub)
    for _ in range(2):
        assert questions(hub) == []
        rows(hub, "UPDATE intents SET deadline = clock_timestamp() - interval '1 second' RETURNING 1")
        hub.database.run(timetable.overdue)
        deliver_due(hub)
    ((_, text),) = questions(hub)
    assert "never read back" in text
    assert row(hub, "erp")[0] == "blocked"
    hub.database.run(timetable.overdue)
    deliver_due(hub)
    assert len(questions(hub)) == 1


def test_where_only_they_tell_they_have_a_day(hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their record cannot be fetched; it comes with a push, or not at all."""

    def create(self: Any, operation: Operation) -> Reply:
        return Reply(objects={"pallet": "p1"})

    monkeypatch.setattr(Stock, "do_create_return", create)
    deliver_due(hub)
    ((left,),) = rows(hub, "SELECT extract(epoch FROM deadline - clock_timestamp()) FROM intents")
    assert delivery.READ_BACK < left <= delivery.PUSHED_BACK
    for _ in range(2):
        rows(hub, "UPDATE intents SET deadline = clock_timestamp() - interval '1 second' RETURNING 1")
        hub.database.run(timetable.overdue)
        deliver_due(hub)
    assert len(questions(hub)) == 1


def test_a_read_back_that_comes_too_late_answers_the_question(hub: Hub, asked: None, work: Work) -> None:
    test_a_read_back_that_never_comes_is_asked_for_again_and_then_a_person(hub, None)
    hurry(hub)
    work()
    assert questions(hub) == []
    assert row(hub, "erp") == ("in_sync", None)


def test_a_record_that_cannot_be_understood_does_not_hold_up_money_in_silence(
    hub: Hub, due: tuple[str, str], shop: Remote, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = Fake.fetch

    def garbled(self: Any, stream: str, external_id: str) -> Message:
        return Message(stream, external_id, b'{"lines": 7}', version="999999999")

    monkeypatch.setattr(Fake, "fetch", garbled)
    work()
    assert paid(shop) == ["158.00"]
    ((_, text),) = questions(hub)
    assert "cannot be understood" in text
    assert row(hub, "web") == ("blocked", text)
    monkeypatch.setattr(Fake, "fetch", fetch)
    with hub.database.begin() as conn:
        jobs.want(conn, "fetch", [("web", f"return/{due[0]}")])
    work()
    assert questions(hub) == []
    assert all_returns(hub)[0].status == "completed"
    assert paid(shop) == ["158.00"]


def test_money_that_their_records_do_not_show_is_read_once_more_and_asked_about(
    hub: Hub, due: tuple[str, str], shop: Remote, deliver: Deliver, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is answered as done and was not; then somebody pays a part by hand: nothing is paid on top by itself."""

    def pretend(self: Any, operation: Operation) -> Reply:
        return self._refunded(self.http.get(f"/returns/{operation.objects['return']}").json(), operation)

    carry_out = Shop.do_refund
    monkeypatch.setattr(Shop, "do_refund", pretend)
    for _ in range(4):
        work()
        hurry(hub)
    ((_, text),) = questions(hub)
    assert "do not show it" in text
    monkeypatch.setattr(Shop, "do_refund", carry_out)
    rows(hub, "UPDATE intents SET at = at - interval '30 days' RETURNING 1")
    shop.do("refund", id=due[0], key="by hand", amount="58.00")
    deliver(shop, "web")
    work()
    assert paid(shop) == ["58.00"]
    hub.dead_letters.retry(1001, "web", "Li")
    work()
    assert paid(shop) == ["58.00", "100.00"], "a person said that it was not done"


# -- a person's answers


@pytest.fixture
def unknown(hub: Hub, due: tuple[str, str], shop: Remote, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A payment of unknown outcome has come to its end; the keys of all calls."""
    carry_out, keys = Shop.do_refund, []

    def silent(self: Any, operation: Operation) -> Reply:
        keys.append(operation.id)
        if len(keys) > 5:
            return carry_out(self, operation)
        raise OutcomeUnknown("no answer")

    monkeypatch.setattr(Shop, "do_refund", silent)
    for _ in range(20):
        deliver_due(hub)
        hurry(hub)
        hub.database.run(lambda conn: accounts.resume(conn, "web"))
    assert len(keys) == 5
    assert len(questions(hub)) == 1
    return keys


def test_send_again_keeps_the_key(hub: Hub, unknown: list[str], shop: Remote, work: Work) -> None:
    hub.dead_letters.retry(1001, "web", "Li")
    work()
    assert len(unknown) == 6
    assert len(set(unknown)) == 1
    assert paid(shop) == ["158.00"]
    assert questions(hub) == []
    assert all_returns(hub)[0].status == "completed"


def test_seen_after_all_is_the_answer(
    hub: Hub, unknown: list[str], shop: Remote, deliver: Deliver, work: Work, due: tuple[str, str]
) -> None:
    shop.do("refund", id=due[0], key=unknown[0], amount="158.00")
    deliver(shop, "web")
    work()
    assert questions(hub) == []
    assert paid(shop) == ["158.00"]
    assert all_returns(hub)[0].status == "completed"


def test_it_was_done_ends_it_without_a_trace_of_alarm(hub: Hub, unknown: list[str], shop: Remote, work: Work) -> None:
    hub.dead_letters.give_up(int(unknown[0]), "Li", "I paid it at the counter")
    work()
    assert len(unknown) == 5
    assert questions(hub) == []
    assert row(hub, "web")[0] == "in_sync"
    assert document(hub, 1001).money.due == 158, "no record shows it"


def test_what_was_paid_by_hand_is_not_paid_with_the_next_credit(
    hub: Hub, unknown: list[str], shop: Remote, stock: Remote, deliver: Deliver, work: Work, due: tuple[str, str]
) -> None:
    hub.dead_letters.give_up(int(unknown[0]), "Li", "I paid 158.00 at the counter")
    shop.do("capture", order="12", amount="168.00")
    deliver(shop, "web")
    stock.do("post_credit", id=due[1], amount="10.00")
    deliver(stock, "erp")
    work()
    assert paid(shop) == ["10.00"]


def test_what_is_over_is_forgotten_in_time(hub: Hub, asked: None, work: Work) -> None:
    work()
    purge = Purge(hub.settings)
    rows(hub, "UPDATE intents SET changed_at = changed_at - interval '731 days' RETURNING 1")
    assert hub.database.run(purge)["intents"] == 0, "something may still happen"
    rows(hub, "UPDATE returns SET is_open = false RETURNING 1")
    assert hub.database.run(purge)["intents"] == 1
    assert rows(hub, "SELECT count(*) FROM intents") == [(0,)]


def test_a_write_that_always_conflicts_is_told_once(hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(self: Any, operation: Operation) -> Reply:
        raise Conflict("changed since you read it")

    monkeypatch.setattr(Stock, "do_create_return", changed)
    before = len(story(hub, 1001))
    for _ in range(20):
        deliver_due(hub)
        hurry(hub)
    assert len(story(hub, 1001)) == before + 1
