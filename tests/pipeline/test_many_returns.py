"""One order with many returns (simulated): what is stored is what everything together says, and costs what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from hub.boot import Hub
from hub.model.merge import merger
from hub.pipeline.process.load import load_for_update
from hub.store import claims, inbox, returns
from tests.pipeline.channels import counter, order, request
from tests.pipeline.queries import rows
from tests.statements import statements

Post = Callable[[str, Any], list[bool]]
Work = Callable[..., int]


def ids(hub: Hub) -> list[int]:
    return [
        row[0] for row in rows(hub, "SELECT id FROM returns WHERE merged_into IS NULL AND doc IS NOT NULL ORDER BY id")
    ]


def check(hub: Hub, said: object) -> None:
    """Every return is stored as merging all its records afresh makes it."""
    with hub.database.begin() as conn:
        for situation in load_for_update(conn, ids(hub), hub.accounts.all()):
            assert situation.row.doc is not None
            assert returns.decode(situation.row.doc) == situation.merged, (situation.id, said)


class Cost:
    def __init__(self) -> None:
        self.merges = 0
        self.asked: list[str] = []

    @property
    def statements(self) -> int:
        return len(self.asked)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cost]:
    """How often returns are merged, and how often the database is asked."""
    cost, aggregates = Cost(), merger._aggregates

    def merged(case: Any) -> Any:
        cost.merges += 1
        return aggregates(case)

    monkeypatch.setattr(merger, "_aggregates", merged)
    with statements() as cost.asked:
        yield cost
    monkeypatch.setattr(merger, "_aggregates", aggregates)


def understand(hub: Hub) -> None:
    hub.database.run(inbox.dispatch)
    hub.process(hub.database.run(lambda conn: claims.claim(conn, ["process"], "t", 500, 600)))


def test_what_is_stored_is_what_all_records_say(
    hub: Hub, channels: Callable[..., None], post: Post, work: Work, seed: int
) -> None:
    channels(settle=0)
    chance = Random(seed)
    post("web", {**order(quantity=chance.randint(2, 6))})
    wanted: dict[str, dict[str, Any]] = {}
    for version in range(2, 30):
        name = f"w{chance.randrange(5)}"
        match chance.randrange(6):
            case 0 | 1:
                wanted[name] = {**wanted.get(name, {}), **request(name, quantity=chance.randint(1, 3))}
            case 2 if name in wanted:
                wanted[name]["receipts"] = [{"id": f"{name}-r", "line": "L1", "quantity": 1, "condition": "good"}]
            case 3 if name in wanted:
                wanted[name]["refunds"] = [{"id": f"{name}-f", "amount": str(chance.randint(1, 79))}]
            case 4:
                post("web", {**order(quantity=chance.randint(1, 6)), "version": version})
                name = ""
            case _:
                post("till", counter(f"t{chance.randrange(3)}", quantity=chance.randint(1, 2), version=version))
                name = ""
        if name in wanted:
            post("web", {**wanted[name], "version": version})
        work(("process", "recompute"))
        check(hub, (seed, version))


@pytest.fixture
def crowd(hub: Hub, channels: Callable[..., None], post: Post, work: Work) -> Callable[[int], None]:
    """crowd(40): so many returns of one order of many pieces."""

    def make(count: int) -> None:
        channels(settle=0)
        post("web", order(quantity=1000))
        for number in range(count):
            post("web", request(f"w{number}", version=number + 2))
        work(("process", "recompute"))

    return make


CHANGES: dict[str, dict[str, Any]] = {
    "nothing others see": {"comment": "hello"},
    "a quantity": {"lines": [{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}]},
    "a receipt": {"receipts": [{"id": "r", "line": "L1", "quantity": 1, "condition": "good"}]},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_one_return_merges_that_one(
    hub: Hub, crowd: Callable[[int], None], post: Post, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    crowd(40)
    post("web", {**request("w0"), "version": 999, **CHANGES[what]})
    with counted(monkeypatch) as cost:
        understand(hub)
    assert cost.merges <= 5
    assert cost.statements < 80
    check(hub, what)


def test_a_change_of_the_order_merges_each_of_its_returns_and_asks_the_database_no_more_often(
    hub: Hub, crowd: Callable[[int], None], post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(40)
    post("web", {**order(quantity=900), "version": 999})
    with counted(monkeypatch) as cost:
        understand(hub)
    assert 40 <= cost.merges <= 3 * 40
    assert cost.statements < 80
    check(hub, "order")
