"""How fast an account is called is its operator's to say, where that is not what its system's manifest says."""

from __future__ import annotations

from typing import Any

import pytest

from hub.checkup import check
from tests.pipeline.queries import rows, work_off
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario

MANY = 30
"""More than the generic door's manifest allows at once."""


@pytest.mark.parametrize(
    ("terms", "all_told", "said"),
    [
        ({}, None, "10 calls a second, 30 at once, as its manifest says"),
        ({"budget": {"rate": "30000/m", "burst": 500}}, True, "500 calls a second, 500 at once, as its terms say"),
        ({"budget": {"rate": 0.5, "burst": 2}}, False, "0.5 calls a second, 2 at once, as its terms say"),
    ],
)
def test_terms_say_how_fast(scenario: Scenario, terms: dict[str, Any], all_told: bool | None, said: str) -> None:
    scenario.account("web", "storefront", url=f"{scenario.payer.url}/hub", terms={"asked": ["create_return"], **terms})
    scenario.account("erp", "erp", orders_of="web", terms={"decides": True})
    for n in range(MANY):
        scenario.order(id=f"O{n}", number=f"{n}")
        lines = [{"id": "1", "sku": "MUG", "quantity": 1}]
        asked = {"origin": "request", "order": {"number": f"{n}"}, "lines": lines, "currency": "EUR"}
        scenario.push("erp", "return.upsert", f"C{n}", **asked, authorization={"value": "authorized"})
    rows(scenario.hub, "UPDATE budgets SET refilled_at = clock_timestamp() RETURNING 1")
    work_off(scenario.hub, kinds=("deliver",))
    assert all_told in (None, len(scenario.payer.created) == MANY)
    assert check(scenario.hub, "web").facts["budget default"] == said
