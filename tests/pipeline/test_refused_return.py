"""A shop that refuses to hold a return is asked for the money all the same: only the return cannot stand there."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.sandbox import Call, Refuse
from tests.pipeline.queries import all_returns, rows
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario


@pytest.mark.parametrize("status", [410, 422])
def test_the_money_is_paid_once_whatever_was_refused(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    carry_out = type(scenario.payer).carry_out

    def refuses(payer: Any, call: Call) -> Any:
        if call.json()["type"] == "create_return":
            raise Refuse(status, {"message": "this order is not returned with us"})
        return carry_out(payer, call)

    monkeypatch.setattr(scenario.payer, "carry_out", refuses.__get__(scenario.payer))
    scenario.accounts()
    scenario.order()
    line = {"id": "1", "sku": "MUG", "quantity": 1}
    said = {"origin": "request", "authorization": {"value": "authorized"}, "requested_at": "2026-03-01T10:00:00Z"}
    scenario.push("erp", "return.upsert", "C1", order={"number": "5001"}, lines=[line], currency="EUR", **said)
    (one,) = all_returns(scenario.hub)
    scenario.work()
    assert [kind for (kind,) in rows(scenario.hub, "SELECT kind FROM intents")] == ["create_return"]
    scenario.came("erp", one.id)
    scenario.owed(one.id)
    assert scenario.paid() == D("10.00")
    assert scenario.paid() == D("10.00")
    assert scenario.doc(one.id).money.due == 0
    ended = dict(rows(scenario.hub, "SELECT kind, state FROM intents WHERE state <> 'dropped'"))
    assert ended == {"refund": "done", "create_return": "dead" if status == 422 else "no_way"}, (
        "a refusal is still told"
    )
