"""Provisional bindings among batches and writes that run at the same time, and what they cost (simulated)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from hub.boot import Hub
from hub.pipeline.process import provisional
from hub.store import claims, inbox, intents, jobs
from hub.store.intents import Opening
from tests.pipeline.channels import counter, order, partition, questions, request
from tests.pipeline.queries import rows
from tests.statements import statements

Post = Callable[[str, Any], list[bool]]
Work = Callable[..., int]
SILENT: dict[str, Any] = {"asked": []}
TRACKING = {"kind": "add_tracking", "account": "web"}


def asked(do: Callable[[], Any]) -> list[str]:
    with statements() as seen:
        do()
    return seen


def test_where_nothing_is_near_it_costs_one_statement_however_many_records(
    channels: Callable[..., None], hub: Hub, post: Post, work: Work
) -> None:
    channels(**SILENT)
    counted = []
    for start, count in ((0, 2), (100, 30)):
        for n in range(start, start + count):
            post("web", order(str(n)))
            post("web", request(f"w{n}", str(n)))
        hub.database.run(inbox.dispatch)
        taken = hub.database.run(lambda conn: claims.claim(conn, ["process"], "test", 200))
        assert len(taken) == 2 * count
        seen = asked(lambda: hub.process(taken))  # noqa: B023 - called at once
        counted.append(len(seen))
        assert sum("JOIN typed_references" in statement for statement in seen) == 1
        assert sum("blocked_links" in statement for statement in seen) == 1, "nothing was judged"
    assert counted[0] == counted[1]


def test_of_two_batches_at_once_the_second_sees_what_the_first_brought(
    channels: Callable[..., None], hub: Hub, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They name the order by different names, so only the order itself can keep them apart."""
    channels(**SILENT)
    post("web", order())
    hub.database.run(inbox.dispatch)
    hub.process(claimed(hub))
    post("web", request("w1"))
    hub.database.run(inbox.dispatch)
    slow = claimed(hub)
    post("till", counter("t1"))
    hub.database.run(inbox.dispatch)
    fast = claimed(hub)
    reached, go_on = threading.Event(), threading.Event()
    weighing = provisional.weigh

    def weigh(*words: Any) -> Any:
        found = weighing(*words)
        if threading.current_thread().name == "slow":
            reached.set()
            assert go_on.wait(10)
        return found

    monkeypatch.setattr(provisional, "weigh", weigh)
    first = threading.Thread(target=hub.process, args=(slow,), name="slow")
    second = threading.Thread(target=hub.process, args=(fast,), name="fast")
    first.start()
    assert reached.wait(10)
    second.start()
    second.join(0.5)
    assert second.is_alive(), "it waits for the order"
    go_on.set()
    first.join(10)
    second.join(10)
    assert partition(hub, "w1", "t1") == {frozenset({"w1", "t1"})}


def claimed(hub: Hub) -> list[jobs.Job]:
    return hub.database.run(lambda conn: claims.claim(conn, ["process"], "test", 50))


def test_nothing_moves_while_a_write_is_under_way(hub: Hub, two_channels: int, post: Post, work: Work) -> None:
    with hub.database.begin() as conn:
        (intent,) = intents.begin(conn, [Opening(two_channels, "web", "add_tracking", 1, TRACKING, {})], 60.0)
    post("web", request("w2"))
    work(("process",))
    assert partition(hub, "w1", "t1") == {frozenset({"w1", "t1"})}
    with hub.database.begin() as conn:
        intents.move(conn, intent, "dropped")
    rows(hub, "UPDATE jobs SET due = clock_timestamp() WHERE kind = 'recompute' RETURNING 1")
    work(("recompute",))
    assert len(partition(hub, "w1", "w2", "t1")) == 3


def test_what_was_acted_upon_is_parted_by_a_person_only(hub: Hub, two_channels: int, post: Post, work: Work) -> None:
    with hub.database.begin() as conn:
        (intent,) = intents.begin(conn, [Opening(two_channels, "web", "add_tracking", 1, TRACKING, {})], 60.0)
        intents.move(conn, intent, "done")
    post("web", request("w2"))
    work(("process",))
    assert partition(hub, "w1", "w2", "t1") == {frozenset({"w1", "t1"}), frozenset({"w2"})}
    assert [state for state, _ in questions(hub)] == ["open"], "but it is asked"
