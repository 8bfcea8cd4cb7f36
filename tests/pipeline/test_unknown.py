"""Writes without an answer: looked for twice, repeated only with the same key, and money never on a guess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.kit.api import Operation, Reply
from connectors.kit.errors import OutcomeUnknown, RateLimited, RetryLater
from hub.boot import Hub
from hub.pipeline.deliver import deliver
from hub.pipeline.deliver.deliver import Deliver
from hub.pipeline.deliver.next_step import Step
from hub.pipeline.process.load import with_retry
from hub.pipeline.remote import Outcome
from hub.store import accounts, claims, inbox
from hub.store.jobs import Job
from tests.pipeline.fakes.connector import Shop, Stock
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.payments import paid
from tests.pipeline.queries import all_returns, deliver_due, hurry, intents, rows, story


def deaf(monkeypatch: pytest.MonkeyPatch, of: type, name: str, *, does: bool, times: int = 1) -> list[str]:
    """The first calls of this operation get no answer, whether it was done (`does`) or not; the keys of all calls."""
    carry_out = getattr(of, name)
    keys: list[str] = []

    def silent(self: Any, operation: Operation) -> Reply:
        keys.append(operation.id)
        if len(keys) > times:
            return carry_out(self, operation)  # type: ignore[no-any-return]
        if does:
            carry_out(self, operation)
        raise OutcomeUnknown("no answer within the deadline")

    monkeypatch.setattr(of, name, silent)
    return keys


def test_a_create_is_found(
    hub: Hub, asked: None, stock: Remote, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = deaf(monkeypatch, Stock, "do_create_return", does=True)
    deliver_due(hub)
    assert intents(hub) == [("create_return", "unknown")]
    assert all_returns(hub)[0].sync["erp"] == "awaiting"
    deliver_due(hub)
    assert intents(hub) == [("create_return", "unknown")]  # it is too early to look
    hurry(hub)
    work()
    assert intents(hub) == [("create_return", "done")]
    assert len(keys) == len(stock.get("effects")) == 1
    assert all_returns(hub)[0].sync["erp"] == "in_sync"


def test_a_create_is_looked_for_twice_and_then_repeated_with_the_same_key(
    hub: Hub, asked: None, stock: Remote, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = deaf(monkeypatch, Stock, "do_create_return", does=False)
    deliver_due(hub)
    for looks in (0, 1):
        assert rows(hub, "SELECT state, looks FROM intents") == [("unknown", looks)]
        assert len(keys) == 1
        hurry(hub)
        deliver_due(hub)
    assert len(keys) == 2
    assert keys[0] == keys[1]
    work()
    assert intents(hub) == [("create_return", "done")]
    assert len(stock.get("effects")) == 1


def resume(hub: Hub) -> None:
    hub.database.run(lambda conn: accounts.resume(conn, "erp"))


def test_a_repetition_that_did_nothing_is_looked_for_once_they_are_well(
    hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits the longer, the more often it failed; a person who says that they are back does not wait."""
    carry_out = Stock.do_create_return
    errors: list[Exception] = [OutcomeUnknown("no answer"), RetryLater("busy")]

    def broken(self: Any, operation: Operation) -> Reply:
        if errors:
            raise errors.pop(0)
        return carry_out(self, operation)

    monkeypatch.setattr(Stock, "do_create_return", broken)
    for _ in range(4):  # a call, two looks, a repetition: and it waits
        deliver_due(hub)
        if errors:
            hurry(hub)
    assert errors == []
    assert rows(hub, "SELECT state, looks FROM intents") == [("unknown", 0)]
    resume(hub)
    deliver_due(hub)
    assert rows(hub, "SELECT state, looks FROM intents") == [("unknown", 1)], "it was looked for"


def test_an_effect_that_may_be_on_its_way_keeps_its_time(
    hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = deaf(monkeypatch, Stock, "do_create_return", does=False)
    deliver_due(hub)
    resume(hub)
    deliver_due(hub)
    assert rows(hub, "SELECT state, looks, deadline > clock_timestamp() FROM intents") == [("unknown", 0, True)]
    assert len(keys) == 1


def test_each_repetition_is_looked_for_twice_again(hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = deaf(monkeypatch, Stock, "do_create_return", does=False, times=2)
    for calls in (1, 1, 2, 2, 3):
        deliver_due(hub)
        assert len(keys) == calls
        hurry(hub)
    assert len(set(keys)) == 1


@pytest.mark.parametrize("news", [False, True], ids=["quiet", "news meanwhile"])
def test_news_does_not_hasten_the_second_look(
    news: bool, hub: Hub, asked: None, shop: Remote, deliver: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash the write may still be under way over there: a new message must not make us look, and repeat, early."""
    keys = deaf(monkeypatch, Stock, "do_create_return", does=False)
    died(hub, monkeypatch)
    hurry(hub)
    deliver_due(hub)
    assert rows(hub, "SELECT state, looks FROM intents") == [("unknown", 1)]
    if news:
        shop.do("arrive", id="shop-1", line="L1", quantity=1, condition="good")
        deliver(shop, "web")
        hub.database.run(inbox.dispatch)
        hub.process(hub.database.run(lambda conn: claims.claim(conn, ["process"], "test", 50)))
    deliver_due(hub)
    assert rows(hub, "SELECT state, looks FROM intents") == [("unknown", 1)]
    assert keys == []
    assert rows(hub, "SELECT state FROM sync WHERE account = 'erp'") == [("awaiting",)]


def died(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker commits an intent and dies before, in or after its call: nobody knows."""

    class Died(BaseException):
        """Not an Exception: nothing catches it, as nothing catches SIGKILL."""

    def die(*_: Any) -> None:
        raise Died

    hub.database.run(inbox.dispatch)
    taken = hub.database.run(lambda conn: claims.claim(conn, ["deliver"], "dead", 50, 0.0))
    with monkeypatch.context() as patched:
        patched.setattr("hub.pipeline.deliver.deliver.call", die)
        with pytest.raises(Died):
            Deliver(hub.database, hub.accounts, lease=0.0)(taken)
    assert rows(hub, "SELECT state FROM intents") == [("open",)]


def test_a_worker_that_died_in_the_middle(
    hub: Hub, asked: None, stock: Remote, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    died(hub, monkeypatch)
    for _ in range(3):
        hurry(hub)
        work()
    assert intents(hub) == [("create_return", "done")]
    assert len(stock.get("effects")) == 1


def test_news_while_a_write_is_open_does_not_bury_it(
    hub: Hub, asked: None, shop: Remote, stock: Remote, deliver: Callable[..., None], work: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A message that comes while the write is open leaves nothing to plan; its outcome is looked for all the same."""
    died(hub, monkeypatch)
    shop.do("note", id="shop-1", text="hello?")
    deliver(shop, "web")
    work(("process",))
    for _ in range(3):
        hurry(hub)
        work()
    assert intents(hub) == [("create_return", "done")]


def test_a_worker_that_lost_its_lease_sends_nothing_and_changes_nothing(
    hub: Hub, asked: None, stock: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stopped between its commit and its request; when it goes on, its time is over and another has the job."""
    slow = Deliver(hub.database, hub.accounts, lease=0.2)
    taken: list[Job] = hub.database.run(lambda conn: claims.claim(conn, ["deliver"], "slow", 50, 0.2))

    def stopped(database: Any, work: Any) -> Any:
        steps = with_retry(database, work)
        if any(isinstance(step, Step) and not step.looking for step in steps):
            rows(hub, "SELECT pg_sleep(0.5)")
            assert hub.database.run(lambda conn: claims.claim(conn, ["deliver"], "other", 50))
        return steps

    monkeypatch.setattr(deliver, "with_retry", stopped)
    slow(taken)
    assert stock.get("effects") == []
    assert intents(hub) == [("create_return", "open")]
    assert rows(hub, "SELECT worker FROM jobs WHERE kind = 'deliver'") == [("other",)]


@pytest.fixture
def without_key(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop's manifest promises no idempotency key for refunds."""
    web = hub.accounts.get("web")
    keyless = replace(web.spec("refund"), key_retention=0.0)
    monkeypatch.setitem(web.entry.manifest.operations, "refund", keyless)


def test_money_without_a_key_is_a_question_for_a_person(
    hub: Hub, due: None, without_key: None, shop: Remote, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = deaf(monkeypatch, Shop, "do_refund", does=False)
    for _ in range(5):
        deliver_due(hub)
        hurry(hub)
    work()
    assert len(keys) == 1
    assert paid(shop) == []
    assert ("refund", "dead") in intents(hub)
    ((kind, text),) = rows(hub, "SELECT kind, text FROM reviews WHERE state = 'open'")
    assert kind == "unknown_outcome"
    assert "money is never sent twice on a guess" in text
    (one,) = all_returns(hub)
    assert one.sync["web"] == "blocked"
    # The journal leaves our words as they are in the schema; the rest is the same sentence everywhere.
    assert any("money is never sent twice on a guess" in line for line in story(hub, one.id))
    ((said,),) = rows(hub, "SELECT said FROM reviews WHERE state = 'open'")
    assert (said["code"], said["values"]["why"]) == ("unknown_outcome", {"code": "looked_twice"})
    assert rows(hub, "SELECT said, why FROM sync WHERE account = 'web'") == [(said, text)]
    assert rows(hub, "SELECT said, error FROM intents WHERE state = 'dead'") == [(said, text)]
    assert [said] in [line for (line,) in rows(hub, "SELECT said FROM journal ORDER BY id")]


def test_money_with_the_vendors_key_is_sent_again_with_it(
    hub: Hub, due: None, shop: Remote, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = deaf(monkeypatch, Shop, "do_refund", does=False)
    for _ in range(3):
        deliver_due(hub)
        hurry(hub)
    work()
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert paid(shop) == ["158.00"]


def test_a_key_that_the_vendor_has_forgotten_protects_no_more(
    hub: Hub, due: None, shop: Remote, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = deaf(monkeypatch, Shop, "do_refund", does=False)
    deliver_due(hub)
    rows(hub, "UPDATE intents SET at = at - interval '25 hours' RETURNING 1")
    for _ in range(3):
        hurry(hub)
        deliver_due(hub)
    assert len(keys) == 1
    assert ("refund", "dead") in intents(hub)


def test_money_that_went_through_is_found_and_not_sent_again(
    hub: Hub, due: None, without_key: None, shop: Remote, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = deaf(monkeypatch, Shop, "do_refund", does=True)
    for _ in range(3):
        deliver_due(hub)
        hurry(hub)
    work()
    assert len(keys) == 1
    assert paid(shop) == ["158.00"]
    assert all_returns(hub)[0].status == "completed"


def test_an_error_after_a_change_has_left_is_no_refusal(hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change was answered; what failed is the read after it. Whatever that error says, it is not of the change."""

    def after_a_change(*_: Any) -> Outcome[Reply | None]:
        return Outcome(error=RateLimited("slow down", after=0.1), changed=True)

    monkeypatch.setattr(deliver, "call", after_a_change)
    deliver_due(hub)
    assert intents(hub) == [("create_return", "unknown")]
