"""Outbound jobs of one moment are planned and written down in one transaction; what must not be is done by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from hub.boot import Hub
from hub.model.identity.marks import marked
from hub.pipeline.deliver import next_step, together
from hub.pipeline.deliver.next_step import ALONE, Step
from hub.pipeline.deliver.outcomes import Ended
from hub.pipeline.remote import call
from hub.store import claims
from hub.store.jobs import Job
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, rows
from tests.scheduler.steps import until
from tests.statements import statements

Work = Callable[..., int]
Deliver = Callable[..., None]


class Undone(Exception):
    """What was only tried."""


def ask(shop: Remote, deliver: Deliver, *orders: str) -> None:
    for number in orders:
        lines = [{"id": f"L{number}", "sku": "SHIRT-M", "quantity": 1, "price": "79.00"}]
        shop.do("buy", order=number, lines=lines)
        shop.do("request", order=number, lines=lines)
    deliver(shop, "web")


def due(hub: Hub, work: Work) -> list[Job]:
    work(("process", "recompute"))
    return hub.database.run(lambda conn: claims.claim(conn, ["deliver"], "test", 50))


def first(hub: Hub, claimed: Sequence[Job]) -> Sequence[next_step.Next]:
    return hub.database.run(lambda conn: hub.deliver.next_step.first(conn, claimed))


def made(step: next_step.Next) -> Step:
    assert isinstance(step, Step)
    return step


def ended(job: Job, step: Step) -> Ended:
    return Ended(
        job, step, call(step.account, lambda connector: connector.perform(step.call), None, "write", step.attempt)
    )


def test_many_cost_hardly_more_questions_than_one(
    hub: Hub, both: None, shop: Remote, stock: Remote, deliver: Deliver, work: Work
) -> None:
    counts = []
    for orders in (["1"], ["2", "3", "4", "5", "6", "7", "8"]):
        ask(shop, deliver, *orders)
        claimed = due(hub, work)
        assert len(claimed) == len(orders)
        hub.accounts.all()  # they are read anew every few seconds
        with statements() as planning:
            steps = [made(step) for step in first(hub, claimed)]
        came = [ended(job, step) for job, step in zip(claimed, steps, strict=True)]
        hub.accounts.all()
        with statements() as writing:
            assert hub.database.run(lambda conn, came=came: hub.deliver.outcomes.after(conn, came)) == [None] * len(
                came
            )
        counts.append((len(planning), len(writing)))
    (one, noted), (many, all_noted) = counts
    assert many <= one + 6, "the budget is asked for each of them"
    assert all_noted <= noted + 1
    work()
    assert len(stock.get("effects")) == 8
    assert rows(hub, "SELECT count(*), count(DISTINCT id) FROM intents WHERE state = 'done'") == [(8, 8)]
    assert rows(hub, "SELECT state, count(*) FROM sync WHERE account = 'erp' GROUP BY state") == [("in_sync", 8)]


def test_one_that_somebody_holds_delays_no_other(
    hub: Hub, both: None, shop: Remote, stock: Remote, deliver: Deliver, work: Work
) -> None:
    ask(shop, deliver, "1", "2")
    claimed = due(hub, work)
    held = all_returns(hub)[0].id
    with hub.database.begin() as other:
        other.exec_driver_sql("SELECT 1 FROM returns WHERE id = %(i)s FOR UPDATE", {"i": held})
        steps = dict(zip((job.key for job in claimed), first(hub, claimed), strict=True))
    assert sorted(isinstance(step, Step) for step in steps.values()) == [False, True]
    assert steps.pop(next(key for key, step in steps.items() if step is ALONE)) is ALONE
    (waits,) = [job for job in claimed if job.key not in steps]
    hub.deliver([waits])
    assert [effect["reference"] for effect in stock.get("effects")] == [
        marked(f"R{held}", hub.accounts.get("erp").checks(f"R{held}"))
    ]


def test_two_systems_of_one_return_are_planned_one_after_the_other(
    hub: Hub, both: None, connect: Callable[..., None], shop: Remote, deliver: Deliver, work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What is begun at one of them may matter at the other, so the second sees it."""
    connect("wms", "fake_stock", base_url="http://127.0.0.1:9", orders_of="web")
    ask(shop, deliver, "1")
    claimed = due(hub, work)
    assert {job.account for job in claimed} == {"erp", "wms"}
    known, plan_for = [], next_step.plan_for

    def seen(conn: Any, situation: Any, account: Any) -> Any:
        known.append([intent.account for intent in situation.intents])
        return plan_for(conn, situation, account)

    monkeypatch.setattr(next_step, "plan_for", seen)
    steps = [made(step) for step in first(hub, claimed)]
    assert known == [[], [steps[0].account.name]]


def test_money_is_planned_and_written_down_by_itself(
    hub: Hub, begun: tuple[str, str], shop: Remote, stock: Remote, deliver: Deliver, work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Whoever pays holds a lock of the account, and whoever is paid frees others' jobs: both alone in a transaction."""
    _, created = begun
    stock.do("authorize", id=created)
    stock.do("arrive", id=created, line="SHIRT-M", quantity=2, condition="good")
    stock.do("post_credit", id=created, amount="158.00")
    for remote, name in ((stock, "erp"), (shop, "web")):
        deliver(remote, name)
    groups: list[int] = []
    after = hub.deliver.outcomes.after

    def counted(conn: Any, ended: Sequence[Ended]) -> Any:
        groups.append(len(ended) if any(one.step.call.kind == "refund" for one in ended) else 0)
        return after(conn, ended)

    monkeypatch.setattr(hub.deliver.outcomes, "after", counted)
    found: list[next_step.Next] = []
    for _ in range(9):
        claimed = due(hub, work)
        with suppress(Undone), hub.database.begin() as conn:
            found += hub.deliver.next_step.first(conn, claimed)
            raise Undone
        hub.deliver(claimed)
        deliver(shop, "web")
    assert ALONE in found
    assert [effect["amount"] for effect in shop.get("effects") if effect["what"] == "refund"] == ["158.00"]
    assert [number for number in groups if number] == [1]


def test_an_outcome_of_a_return_that_is_held_delays_no_other(
    hub: Hub, both: None, shop: Remote, stock: Remote, deliver: Deliver, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of messages, or a process that stands still, holds one of them: the others are written down."""
    ask(shop, deliver, "1", "2", "3")
    claimed = due(hub, work)
    steps = [made(step) for step in first(hub, claimed)]
    came = [ended(job, step) for job, step in zip(claimed, steps, strict=True)]
    go_on = hub.deliver._go_on["erp"]
    monkeypatch.setattr(together, "GATHER", 60.0)
    go_on._last = len(came)
    sent = "SELECT count(*) FROM intents WHERE state = 'sent'"
    with ThreadPoolExecutor(len(came)) as pool, hub.database.begin() as other:
        other.exec_driver_sql("UPDATE sync SET at = at WHERE return_id = %(i)s", {"i": steps[0].row.return_id})
        asked = [pool.submit(go_on, one) for one in came]
        until(lambda: other.exec_driver_sql(sent).scalar_one() == 2)
        until(lambda: [one.done() for one in asked].count(True) == 2)
    assert rows(hub, sent) == [(3,)]


def test_a_transaction_holds_what_belongs_to_one_account_only(
    hub: Hub, both: None, connect: Callable[..., None], shop: Remote, deliver: Deliver, work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Two processes that hold the budget of one and wait for the other's would stop until the database ends one."""
    connect("wms", "fake_stock", base_url="http://127.0.0.1:9", orders_of="web")
    ask(shop, deliver, "1", "2")
    claimed = due(hub, work)
    groups: list[list[str]] = []
    plan = hub.deliver.next_step.first

    def counted(conn: Any, mine: Sequence[Job], **more: Any) -> Any:
        groups.append(sorted(job.account for job in mine))
        return plan(conn, mine, **more)

    monkeypatch.setattr(hub.deliver.next_step, "first", counted)
    monkeypatch.setattr(together, "GATHER", 60.0)
    for name in ("erp", "wms"):
        hub.deliver._begin[name] = together.Together(hub.deliver._run(counted), 32)
        hub.deliver._begin[name]._last = 2
    with ThreadPoolExecutor(len(claimed)) as pool:
        list(pool.map(hub.deliver._deliver, claimed))
    assert sorted(groups)[0] == ["erp", "erp"]
    assert ["wms", "wms"] in groups
    assert all(len(set(group)) == 1 for group in groups)


def test_what_a_person_gave_up_is_not_begun_again(
    hub: Hub, both: None, shop: Remote, deliver: Deliver, work: Work
) -> None:
    """A job gives its turn to others when what was begun is about to be taken back."""
    ask(shop, deliver, "1")
    claimed = due(hub, work)
    first(hub, claimed)
    rows(hub, "UPDATE intents SET state = 'given_up', progress = '{\"draft\": \"D1\"}', deadline = NULL RETURNING 1")
    step = made(first(hub, claimed)[0])
    assert step.does == "abandon"
    hub.database.run(lambda conn: hub.deliver.outcomes.unsent(conn, claimed[0], step))
    assert rows(hub, "SELECT state, attempts FROM intents") == [("given_up", 1)]
