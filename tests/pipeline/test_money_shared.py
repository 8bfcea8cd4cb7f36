"""Two returns of one order and its money: what is in flight is counted once, by whoever comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.api import Operation, Reply
from connectors.kit.errors import OutcomeUnknown, Rejected
from hub.boot import Hub
from hub.pipeline.deliver import next_step
from hub.pipeline.deliver.next_step import Step
from hub.pipeline.deliver.outcomes import Ended
from hub.pipeline.remote import Outcome
from hub.store import claims, inbox
from scheduler import timetable
from tests.pipeline.fakes.connector import Shop
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, deliver_due, hurry, rows

Work = Callable[..., int]
Deliver = Callable[..., None]


@pytest.fixture
def two_due(hub: Hub, both: None, shop: Remote, stock: Remote, deliver: Deliver, work: Work) -> list[int]:
    """An order of 50.00, of which each of two returns is owed 30.00: the last 20.00 are wanted by both."""
    shop.do("buy", order="12", lines=[{"id": "L1", "sku": "SHIRT-M", "quantity": 5, "price": "10.00"}])
    line = {"id": "L1", "sku": "SHIRT-M", "quantity": 1, "price": "50.00"}
    for _ in range(2):
        shop.do("request", order="12", lines=[line])
        deliver(shop, "web")
        work()
        deliver(stock, "erp")
        work()
    for created in list(stock.get("state")):
        stock.do("authorize", id=created)
        stock.do("arrive", id=created, line="SHIRT-M", quantity=1, condition="good")
        deliver(stock, "erp")
        work()
        deliver(shop, "web")
        work()
    for created in list(stock.get("state")):
        stock.do("post_credit", id=created, amount="30.00")
    deliver(stock, "erp")
    work(("process",))
    return [row.id for row in all_returns(hub)]


def paid(shop: Remote) -> list[str]:
    return sorted(effect["amount"] for effect in shop.get("effects") if effect["what"] == "refund")


def undeliverable(hub: Hub) -> list[list[str]]:
    found = rows(hub, "SELECT undeliverable FROM sync WHERE account = 'web' ORDER BY return_id")
    return [[entry["said"]["code"] for entry in undeliverable] for (undeliverable,) in found]


def test_two_threads_do_not_both_pay_the_last_of_an_order(
    hub: Hub, two_due: list[int], shop: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have planned, and neither has committed, when the other one plans."""
    hub.database.run(inbox.dispatch)
    claimed = hub.database.run(lambda conn: claims.claim(conn, ["deliver"], "test", 50))
    assert len(claimed) == 2
    meet, planned = threading.Barrier(2, timeout=2.0), next_step.plan_for

    def together(*arguments: Any) -> Any:
        found = planned(*arguments)
        with suppress(threading.BrokenBarrierError):  # the other one may wait for our transaction
            meet.wait()
        return found

    monkeypatch.setattr(next_step, "plan_for", together)
    threads = [threading.Thread(target=hub.deliver, args=([job],)) for job in claimed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paid(shop) == ["30.00"]
    assert sorted(undeliverable(hub)) == [[], ["money_in_flight"]], "the other one says why it waits"


def test_who_waited_is_paid_what_is_left_when_the_other_has_landed(
    hub: Hub, two_due: list[int], shop: Remote, work: Work, deliver: Deliver
) -> None:
    deliver_due(hub)
    assert paid(shop) == ["30.00"]
    work()
    deliver(shop, "web")
    work()
    assert paid(shop) == ["20.00", "30.00"]
    assert sum(map(Decimal, paid(shop))) == 50


def test_who_waited_is_paid_whole_when_the_other_was_refused(
    hub: Hub, two_due: list[int], shop: Remote, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out, keys = Shop.do_refund, []

    def refuse_first(self: Any, operation: Operation) -> Reply:
        keys.append((operation.reference, str(operation.amount)))
        if operation.reference == keys[0][0]:
            raise Rejected("not this one")
        return carry_out(self, operation)

    monkeypatch.setattr(Shop, "do_refund", refuse_first)
    work()
    assert paid(shop) == ["30.00"]
    (one, _), (other, _), _ = keys
    assert keys == [(one, "30.00"), (other, "30.00"), (one, "20.00")], (
        "what is left is another operation, asked for once"
    )


def test_money_that_lands_while_another_is_planned_is_waited_for_a_minute_only(
    hub: Hub, two_due: list[int], shop: Remote, work: Work
) -> None:
    """By construction: the other one sees it in flight, it is refused, then the other one notes that it waits."""
    hub.database.run(inbox.dispatch)
    one, other = hub.database.run(lambda conn: claims.claim(conn, ["deliver"], "test", 50))
    (step,) = hub.database.run(lambda conn: hub.deliver.next_step.first(conn, [one], alone=True))
    assert isinstance(step, Step)
    refused = Ended(one, step, Outcome(error=Rejected("not this one")))
    with hub.database.begin() as conn:
        assert hub.deliver.next_step.first(conn, [other]) == [None]
        hub.database.run(lambda conn: hub.deliver.outcomes.after(conn, [refused]))
    work()
    assert paid(shop) == []
    hub.database.run(timetable.overdue)
    work()
    assert paid(shop) == ["20.00", "30.00"], "and what is left of the order to the one that was refused 30.00"
    hub.database.run(timetable.overdue)
    assert rows(hub, "SELECT count(*) FROM jobs WHERE kind = 'deliver'") == [(0,)]


def test_money_that_may_have_left_is_waited_for_until_a_person_says(
    hub: Hub, two_due: list[int], shop: Remote, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out, keys = Shop.do_refund, []

    def silent(self: Any, operation: Operation) -> Reply:
        keys.append(operation.id)
        if operation.id == keys[0]:
            raise OutcomeUnknown("no answer")
        return carry_out(self, operation)

    monkeypatch.setattr(Shop, "do_refund", silent)
    for _ in range(14):
        deliver_due(hub)
        hurry(hub)
    assert paid(shop) == []
    assert len(set(keys)) == 1
    assert ["money_in_flight"] in undeliverable(hub)
    ((intent,),) = rows(hub, "SELECT id FROM intents WHERE state = 'dead'")
    hub.dead_letters.give_up(intent, "Li", "it did not happen, and is not wanted")
    work()
    assert paid(shop) == ["30.00"]
