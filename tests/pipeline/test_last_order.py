"""What a record said first decides nothing: a till's record that names another order now stands as if it never had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connectors.generic.sandbox import SECRET
from hub.boot import assemble_hub
from hub.settings import Settings
from hub.store.database import Database
from tests.pipeline.queries import all_returns, rows
from tests.pipeline.scenario import Payer, Scenario
from tests.pipeline.scenario import scenario as scenario


@pytest.fixture
def fresh(more_databases: Callable[[], str], tmp_path: Path) -> Iterator[Callable[[], Scenario]]:
    """Another hub that has heard of nothing."""
    with ExitStack() as stack:

        def make() -> Scenario:
            database = Database(more_databases())
            stack.callback(database.close)
            payer = stack.enter_context(Payer(secret=SECRET))
            data = tmp_path / "fresh"
            data.mkdir()
            return Scenario(assemble_hub(Settings(data=data, database_url=database.url), database), payer)

        yield make


def begun(scenario: Scenario, settle: float = 0) -> None:
    """A customer with two sales, and a return of each."""
    scenario.accounts(settle=settle)
    scenario.order()
    scenario.order(id="O2", number="5002")
    scenario.asked()
    scenario.push("web", "return.upsert", "RET-2", number="RET-2", order={"id": "O2", "number": "5002"},
              lines=[{"id": "RET-2-1", "order_line": "L1", "quantity": 1}])  # fmt: skip


def till(scenario: Scenario, order: str | None, **more: Any) -> None:
    line = {"id": "1", "sku": "MUG", "quantity": 1, "condition": "good"}
    named = {} if order is None else {"order": {"number": order}}
    scenario.push("till", "return.upsert", "T-1", origin="counter", lines=[line], receipts=[line], **named, **more)


def end(scenario: Scenario) -> dict[str, Any]:
    """Which records are one return, and what is said of each; without our numbers, which count what ever was."""
    of: dict[int, set[str]] = {}
    for account, name, return_id in rows(
        scenario.hub, "SELECT account, external_id, return_id FROM observations WHERE return_id IS NOT NULL"
    ):
        of.setdefault(return_id, set()).add(f"{account} {name}")
    live = [found.id for found in all_returns(scenario.hub) if not found.merged_into]
    return {
        ", ".join(sorted(of[number])): (
            scenario.doc(number).axes.receipt,
            sorted(order.number or "" for order in scenario.doc(number).orders),
            sorted(line.key for line in scenario.doc(number).lines),
            sorted(discrepancy.kind for discrepancy in scenario.doc(number).discrepancies),
        )
        for number in live
        if number in of
    }


WORDS: list[tuple[str | None, ...]] = [
    ("5001", "5002"),
    ("5002", "5001"),
    (None, "5002"),
    ("5001", "5002", "5001"),
    ("5009", "5002"),
    ("5001", "5009"),
]


@pytest.mark.parametrize("words", WORDS, ids=str)
@pytest.mark.parametrize("settle", [0, 3600])
def test_the_end_is_what_the_last_word_alone_would_make(
    scenario: Scenario, fresh: Callable[[], Scenario], words: tuple[str | None, ...], settle: float
) -> None:
    begun(scenario, settle)
    for order in words:
        till(scenario, order)
    other = fresh()
    begun(other, settle)
    till(other, words[-1])
    assert end(scenario) == end(other)


def test_a_return_leaves_the_order_that_none_of_its_records_names_any_more(scenario: Scenario) -> None:
    """Nor does it take a piece of it from another return, or see its money."""
    begun(scenario)
    (one, two) = sorted(found.id for found in all_returns(scenario.hub))
    line = {"id": "1", "order_line": "L1", "quantity": 1}
    for order in ("O1", "O2"):
        scenario.push(
            "web", "return.upsert", "RET-3", number="RET-3", order={"id": order}, lines=[{**line, "quantity": 2}]
        )
    third = max(found.id for found in all_returns(scenario.hub))
    assert [order.ids["web"] for order in scenario.doc(third).orders] == ["O2"]
    assert scenario.doc(one).discrepancies == ()
    scenario.push("till", "return.upsert", "T-9", hub_number=f"R{third}", order={"number": "5001"})
    assert sorted(order.ids["web"] for order in scenario.doc(third).orders) == ["O1", "O2"]
    scenario.push("till", "return.upsert", "T-9", hub_number=f"R{third}", order={"number": "5002"})
    assert [order.ids["web"] for order in scenario.doc(third).orders] == ["O2"]
    assert two in {found.id for found in all_returns(scenario.hub)}
