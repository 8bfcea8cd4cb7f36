"""A system that has no such step is no trouble: it cannot be told, and that is said once, without an alarm."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.sandbox import Call, Refuse
from hub.store import console, health
from tests.pipeline.queries import story
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario


def depot(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, status: int, pieces: int = 1) -> tuple[int, list[str]]:
    """A depot that answers `receive` with this status; the return whose goods came elsewhere, and what it was asked."""
    asked: list[str] = []
    carry_out = type(scenario.payer).carry_out

    def answers(payer: Any, call: Call) -> Any:
        asked.append(call.json()["type"])
        if asked[-1] == "receive":
            raise Refuse(status, {"message": "not with us"})
        return carry_out(payer, call)

    monkeypatch.setattr(scenario.payer, "carry_out", answers.__get__(scenario.payer))
    scenario.accounts()
    terms = {"asked": ["create_return", "receive"], "listens": ["opened", "received"]}
    scenario.account(
        "depot", "erp", orders_of="web", url=f"{scenario.payer.url}/hub", silent=["authorization"], terms=terms
    )
    scenario.order()
    number = scenario.asked(lines={"L1": pieces})
    scenario.work()
    scenario.came("till", number)
    scenario.work()
    return number, asked


def row(scenario: Scenario, number: int) -> str:
    with scenario.hub.database.begin() as conn:
        (state,) = (row.shown for row in console.telling(conn, number) if row.account == "depot")
    return str(state)


def unwell(scenario: Scenario) -> tuple[Any, ...]:
    with scenario.hub.database.begin() as conn:
        return health.worried(conn, datetime.now(UTC), {})["depot"]


def letters(scenario: Scenario) -> int:
    with scenario.hub.database.begin() as conn:
        return health.overview(conn).dead


@pytest.mark.parametrize("status", [410, 501])
def test_a_step_that_they_do_not_have_cannot_be_told_and_is_no_trouble(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    number, asked = depot(scenario, monkeypatch, status)
    (rest,) = scenario.untold(number, "depot")
    assert (rest.operation, rest.said.code) == ("receive", "no_way")
    assert letters(scenario) == 0
    assert unwell(scenario) == ()
    assert any("no step to" in line and "not with us" in line for line in story(scenario.hub, number))
    scenario.work()
    scenario.hub.reconcile.recompute([number])
    scenario.work()
    assert asked.count("receive") == 1

    scenario.hub.answering.answer(number, rest.question, "by_hand", "Li")
    scenario.work()
    assert scenario.untold(number, "depot") == []
    assert row(scenario, number) == "in_sync"
    assert asked.count("receive") == 1


def test_told_again_it_is_asked_again(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have the step since: whoever knows says so."""
    number, asked = depot(scenario, monkeypatch, 410)
    scenario.hub.dead_letters.retry(number, "depot", "Li")
    scenario.work()
    assert asked.count("receive") == 2
    assert [rest.said.code for rest in scenario.untold(number, "depot")] == ["no_way"]
