"""A system's own decision that we carry through there stays its word; a decision that we brought it is no word of its."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.sandbox import Call
from tests.pipeline.queries import all_returns, rows
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario

ORDER = {"number": "5001"}
LINES = [{"id": "1", "sku": "MUG", "quantity": 1}]


def case(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, value: str) -> int:
    """The books have the case, say this of it, and cannot take goods yet; they do what we ask. Its number."""

    def does(payer: Any, call: Call) -> Any:
        said = call.json()
        answer = {"id": "C1", "version": 10**6, "hub_number": said["data"]["hub_number"], "order": ORDER, "ready": True}
        answer |= {"lines": LINES, "authorization": {"value": "authorized"}}
        return {"records": [{"type": "return.upsert", "data": answer}]}

    monkeypatch.setattr(scenario.payer, "carry_out", does.__get__(scenario.payer))
    scenario.account("erp", "erp", url=f"{scenario.payer.url}/hub", terms={"decides": True, "asked": ["authorize"]})
    said = {"origin": "request", "requested_at": "2026-03-01T10:00:00Z", "currency": "EUR", "ready": False}
    scenario.push("erp", "return.upsert", "C1", order=ORDER, lines=LINES, authorization={"value": value}, **said)
    return all_returns(scenario.hub)[0].id


def asked(scenario: Scenario) -> list[str]:
    scenario.work()
    return [kind for (kind,) in rows(scenario.hub, "SELECT kind FROM intents ORDER BY id")]


def test_what_they_decided_themselves_stays_their_word(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    number = case(scenario, monkeypatch, "authorized")
    assert asked(scenario) == ["authorize"]
    decided = scenario.doc(number).axes.authorization
    assert (decided.value, decided.account, decided.ours) == ("authorized", "erp", False)


def test_what_we_brought_them_is_no_word_of_theirs(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    number = case(scenario, monkeypatch, "requested")
    for hour, value in (("11", "authorized"), ("12", "requested")):
        said = {"value": value, "round": 1, "by": "Li", "at": f"2026-03-01T{hour}:00:00+00:00"}
        scenario.hub.people.decide(number, {"authorization": said}, "Li")
        assert asked(scenario) == ["authorize"]
        assert scenario.doc(number).axes.authorization.value == value
