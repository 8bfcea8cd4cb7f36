"""A message that was not understood and is older than what was understood since needs nobody (all data simulated)."""

from __future__ import annotations

from typing import Any

from hub.store import console
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario


def say(scenario: Scenario, version: int, **more: Any) -> None:
    lines = [{"id": "L1", "sku": "MUG", "quantity": 1, "shipped": 1, "price": "10.00"}]
    scenario.push("shop", "order.upsert", "O1", **{"version": version, "number": "#1", "lines": lines, **more})


def waiting(scenario: Scenario) -> list[str | None]:
    """Versions of what is not understood."""
    with scenario.hub.database.begin() as conn:
        return sorted(row.version for row in console.invalid(conn).rows)


def test_what_was_not_understood_goes_when_a_newer_version_is_understood(scenario: Scenario) -> None:
    scenario.account("shop", "storefront", terms={"listens": []})
    say(scenario, 1, currency="no such money")
    say(scenario, 3, currency="no such money")
    assert len(waiting(scenario)) == 2
    say(scenario, 2, currency="EUR")
    (left,) = waiting(scenario)
    assert left is not None
    assert left.endswith("3"), "it is newer than what was understood: somebody has to look"
    say(scenario, 4, currency="EUR")
    assert waiting(scenario) == []
