"""Money that went back before anybody asked for a return counts, by every door that holds money (all simulated).

What a return is owed is not paid beside it: only what can still be meant is paid, or a person is asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from connectors.kit import registry
from connectors.kit.sandbox import Sandbox
from connectors.medusa import sandbox_returns
from connectors.medusa.sandbox import SECRET_KEY, MedusaSandbox
from connectors.medusa.sandbox_shop import LOCATION
from connectors.square.sandbox import TOKEN, SquareSandbox
from hub import configuration
from hub.store import jobs
from tests.pipeline.queries import all_returns
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario


class Door(Sandbox):
    """A shop where two shirts are sold, and where its clerk gives money back by hand."""

    system: ClassVar[str]
    price: ClassVar[Decimal]
    """Of one shirt."""
    number: str
    """The order's."""

    def account(self) -> Mapping[str, Any]:
        """Its settings."""
        raise NotImplementedError

    def sell(self) -> str:
        """The order's number."""
        raise NotImplementedError

    def give_back(self, pieces: int) -> None:
        """The price of so many shirts, for nothing in particular."""
        raise NotImplementedError

    def records(self) -> list[tuple[str, str]]:
        """What there is to read of the order: (stream, id)."""
        raise NotImplementedError

    def paid(self) -> Decimal:
        """What went back in all."""
        raise NotImplementedError


class Square(Door, SquareSandbox):
    system, currency, price = "square", "EUR", Decimal("79.00")

    def account(self) -> Mapping[str, Any]:
        return {"base_url": self.url, "access_token": TOKEN}

    def sell(self) -> str:
        self.sale = self.state.sell({"SHIRT-M": 2})
        return str(self.sale["id"])

    def give_back(self, pieces: int) -> None:
        amount = self.state.money(int(self.price * 100) * pieces)
        made = self.state.refund({"amount_money": amount, "payment_id": self.sale["tenders"][0]["id"]})
        self.state.settle(made["id"])

    def records(self) -> list[tuple[str, str]]:
        return [("order", order) for order in self.state.orders] + [("refund", made) for made in self.state.refunds]

    def paid(self) -> Decimal:
        return sum((Decimal(made["amount_money"]["amount"]) for made in self.state.refunds.values()), Decimal(0)) / 100


class Medusa(Door, MedusaSandbox):
    system, price = "medusa", Decimal("47.60")

    def account(self) -> Mapping[str, Any]:
        return {"base_url": self.url, "secret_key": SECRET_KEY, "location": LOCATION}

    def sell(self) -> str:
        self.order = self.state.place({"SHIRT-M": 2})
        (self.payment,) = self._payments(self.order)
        return f"#{self.order['display_id']}"

    def give_back(self, pieces: int) -> None:
        sandbox_returns.refund(self.state, self.payment["id"], {"amount": self.price * pieces})

    def records(self) -> list[tuple[str, str]]:
        return [("order", self.order["id"]), ("payment", self.payment["id"])]

    def paid(self) -> Decimal:
        return sum((Decimal(made["amount"]) for made in self.payment["refunds"]), Decimal(0))


@pytest.fixture(params=[Square, Medusa], ids=lambda door: door.system)
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    with request.param() as running:
        yield running
    registry.close()


def begin(scenario: Scenario, door: Door, back: int) -> None:
    """Two shirts were sold, and the price of `back` of them given back, before anybody asked for a return."""
    wanted = {"connector": door.system, "settings": door.account(), "terms": {"settle": 0, "money": True}}
    configuration.put(scenario.hub, "shop", wanted)
    scenario.account("erp", "erp", orders_of="shop", terms={"decides": True})
    door.number = door.sell()
    if back:
        door.give_back(back)
    read(scenario, door)


def read(scenario: Scenario, door: Door) -> None:
    with scenario.hub.database.begin() as conn:
        jobs.want(conn, "fetch", [("shop", jobs.object_key(*name)) for name in door.records()])
    scenario.work()


def comes_back(scenario: Scenario, door: Door, pieces: int) -> int:
    """A return of so many is asked for at the ERP, approved, received and credited; its number here."""
    order = {"number": door.number}
    line = {"id": "1", "sku": "SHIRT-M", "quantity": pieces}
    decided = {"origin": "request", "authorization": {"value": "authorized"}, "requested_at": "2099-01-01T10:00:00Z"}
    scenario.push("erp", "return.upsert", "C1", order=order, lines=[line], currency="EUR", **decided)
    one = all_returns(scenario.hub)[0]
    scenario.work()
    scenario.came("erp", one.id, sku="SHIRT-M", quantity=pieces)
    scenario.owed(one.id, str(door.price * pieces))
    read(scenario, door)
    return int(one.id)


def test_nothing_went_back_before(scenario: Scenario, door: Door) -> None:
    begin(scenario, door, 0)
    number = comes_back(scenario, door, 2)
    assert (door.paid(), scenario.doc(number).money.due, scenario.frozen()) == (2 * door.price, 0, [])


def test_one_of_two_is_asked_about_with_both_sums(scenario: Scenario, door: Door) -> None:
    begin(scenario, door, 1)
    number = comes_back(scenario, door, 2)
    assert door.paid() == door.price, "only what the clerk gave"
    ((_, asked),) = scenario.frozen()
    assert asked.kind == "unallocated_refund"
    assert f"{door.price} EUR is still to be paid" in asked.text
    assert f"{2 * door.price} EUR" in asked.text
    scenario.hub.answering.answer(number, asked.question, f"of:R{number}", "Li")
    read(scenario, door)
    until = time.monotonic() + 10
    while door.paid() < 2 * door.price and time.monotonic() < until:  # the account's budget may be used up
        time.sleep(0.2)
        scenario.work()
    assert (door.paid(), scenario.doc(number).money.due, scenario.frozen()) == (2 * door.price, 0, [])


def test_all_of_it_is_not_paid_again(scenario: Scenario, door: Door) -> None:
    begin(scenario, door, 2)
    number = comes_back(scenario, door, 2)
    assert door.paid() == 2 * door.price
    assert [asked.kind for _, asked in scenario.frozen()] == ["unallocated_refund"]
    assert scenario.doc(number).money.due == 2 * door.price, "what is owed is never cut down"


@pytest.mark.parametrize("back", [1, 2])
def test_shirts_that_were_paid_at_the_counter_and_asked_back_at_the_erp_are_not_paid_there_again(
    scenario: Scenario, back: int
) -> None:
    """Square's own return names its pieces; the ERP has both shirts come back, and credits both."""
    with Square() as door:
        begin(scenario, door, 0)
        door.state.take_back(door.number, {"SHIRT-M": back})
        door.state.settle(next(iter(door.state.refunds)))
        read(scenario, door)
        comes_back(scenario, door, 2)
        assert door.paid() == back * door.price
        assert scenario.frozen("possible_duplicates")
