"""A message that was not understood and is older than what was understood since needs nobody (all data simulated)."""

from __future__ import annotations

from typing import Any

from hub.store import console
from tests.pipeline.desk import Desk
from tests.pipeline.desk import desk as desk


def say(desk: Desk, version: int, **more: Any) -> None:
    lines = [{"id": "L1", "sku": "MUG", "quantity": 1, "shipped": 1, "price": "10.00"}]
    desk.push("shop", "order.upsert", "O1", **{"version": version, "number": "#1", "lines": lines, **more})


def waiting(desk: Desk) -> list[str | None]:
    """Versions of what is not understood."""
    with desk.hub.database.begin() as conn:
        return sorted(row.version for row in console.invalid(conn).rows)


def test_what_was_not_understood_goes_when_a_newer_version_is_understood(desk: Desk) -> None:
    desk.account("shop", "storefront", terms={"listens": []})
    say(desk, 1, currency="no such money")
    say(desk, 3, currency="no such money")
    assert len(waiting(desk)) == 2
    say(desk, 2, currency="EUR")
    (left,) = waiting(desk)
    assert left is not None
    assert left.endswith("3"), "it is newer than what was understood: somebody has to look"
    say(desk, 4, currency="EUR")
    assert waiting(desk) == []
