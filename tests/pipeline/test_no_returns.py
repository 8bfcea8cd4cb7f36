"""A shop that knows no returns and can give money back (simulated): where its account's money is on it is asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.sandbox import Call, Sandbox, route
from hub import configuration
from hub.store import jobs
from tests.pipeline.fakes import systems
from tests.pipeline.queries import all_returns, intents
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario


class Stall(Sandbox):
    """Its order says how much went back on its payment, and no more."""

    name = "stall"

    def setup(self) -> None:
        line = {"id": "L1", "sku": "MUG", "quantity": 2, "price": "10.00"}
        payment = {"id": "PAY", "captured": "20.00", "refunded": "0"}
        self.order: dict[str, Any] = {"id": "5001", "version": 1, "lines": [line], "payments": [payment]}
        self.keys: set[str] = set()

    @route("GET", "/orders/5001")
    def one(self, call: Call) -> Any:
        return self.order

    @route("POST", "/payments/PAY/refunds")
    def refund(self, call: Call) -> Any:
        if call.headers["idempotency-key"] not in self.keys:
            self.keys.add(call.headers["idempotency-key"])
            self.back(call.json()["amount"])
        return {}

    def back(self, amount: Any) -> None:
        (payment,) = self.order["payments"]
        payment["refunded"] = str(Decimal(payment["refunded"]) + Decimal(str(amount)))
        self.order["version"] += 1


@pytest.fixture
def stall() -> Iterator[Stall]:
    with Stall() as running:
        yield running


def read(scenario: Scenario) -> None:
    with scenario.hub.database.begin() as conn:
        jobs.want(conn, "fetch", [("stall", jobs.object_key("order", "5001"))])
    scenario.work()


def comes_back(scenario: Scenario, stall: Stall, **terms: Any) -> int:
    """The ERP takes one mug back and posts its credit note."""
    systems.register()
    wanted = {"connector": "fake_stall", "settings": {"base_url": stall.url}, "terms": {"settle": 0, **terms}}
    configuration.put(scenario.hub, "stall", wanted)
    scenario.account("erp", "erp", orders_of="stall", terms={"decides": True})
    read(scenario)
    said = {"origin": "request", "authorization": {"value": "authorized"}, "requested_at": "2026-03-01T10:00:00Z"}
    line = {"id": "1", "sku": "MUG", "quantity": 1}
    scenario.push("erp", "return.upsert", "C1", order={"number": "5001"}, lines=[line], currency="EUR", **said)
    (one,) = all_returns(scenario.hub)
    scenario.came("erp", one.id)
    scenario.owed(one.id)
    scenario.work()
    return int(one.id)


def test_money_on_is_all_it_takes(scenario: Scenario, stall: Stall) -> None:
    number = comes_back(scenario, stall, money=True)
    read(scenario)
    money = scenario.doc(number).money
    assert stall.order["payments"][0]["refunded"] == "10.00"
    assert (money.refunded, money.due, money.unplaced, scenario.frozen()) == (10, 0, 0, [])
    assert intents(scenario.hub) == [("refund", "done")]
    assert all_returns(scenario.hub)[0].sync == {"stall": "in_sync", "erp": "in_sync"}, "no return there is no blockade"


def test_money_off_says_that_it_is_off_and_pays_nothing(scenario: Scenario, stall: Stall) -> None:
    number = comes_back(scenario, stall)
    assert (stall.order["payments"][0]["refunded"], scenario.doc(number).money.due) == ("0", 10)
    assert [rest.said.code for rest in scenario.untold(number, "stall")] == ["money_off"]


def test_a_total_that_moved_before_the_return_was_founded_is_asked_about(scenario: Scenario, stall: Stall) -> None:
    """No refund is told of, only what went back on the payment; who answers decides whether 10.00 is left to pay."""
    stall.back("10.00")
    number = comes_back(scenario, stall, money=True)
    assert (stall.keys, scenario.doc(number).money.unplaced) == (set(), 10)
    ((_, asked),) = scenario.frozen()
    assert (asked.kind, "10.00 EUR" in asked.text) == ("unallocated_refund", True)
    scenario.hub.answering.answer(number, asked.question, "goodwill", "Li")
    scenario.work()
    assert (stall.order["payments"][0]["refunded"], len(stall.keys)) == ("20.00", 1)
