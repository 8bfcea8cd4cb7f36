"""A number is no proof by itself: what the record says beside it decides, else a person (simulated)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from hub.model.identity.candidates import Candidate
from hub.model.identity.provisional import decide
from tests.pipeline.queries import all_returns
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario


def live(scenario: Scenario) -> list[int]:
    return [found.id for found in all_returns(scenario.hub) if not found.merged_into]


def asked(scenario: Scenario) -> tuple[int, int]:
    """A return of a mug of order 5001, and one of order 5002."""
    one = scenario.asked()
    line = {"id": "RET-2-1", "order_line": "L1", "quantity": 1}
    scenario.push("web", "return.upsert", "RET-2", number="RET-2", order={"id": "O2", "number": "5002"}, lines=[line])
    return one, max(live(scenario))


def mug(scenario: Scenario, sku: str = "MUG", **more: Any) -> None:
    """The till takes one back."""
    line = {"id": "1", "sku": sku, "quantity": 1, "condition": "good"}
    scenario.push("till", "return.upsert", "T-1", origin="counter", lines=[line], receipts=[line], **more)


@pytest.fixture
def two_orders(scenario: Scenario) -> Scenario:
    scenario.accounts(settle=0)
    scenario.order()
    scenario.order(id="O2", number="5002")
    return scenario


def test_the_order_decides_between_it_and_a_typed_number(two_orders: Scenario) -> None:
    scenario = two_orders
    one, two = asked(scenario)
    mug(scenario, order={"number": "5002"}, rma="RET-1")
    assert live(scenario) == [one, two]
    assert (scenario.doc(one).axes.receipt, scenario.doc(two).axes.receipt) == ("none", "full")
    assert [order.number for order in scenario.doc(one).orders] == ["5001"]


def test_a_typed_number_against_the_order_is_asked_and_never_counts_by_itself(two_orders: Scenario) -> None:
    scenario = two_orders
    one = scenario.asked()
    mug(scenario, order={"number": "5002"}, rma="RET-1")
    scenario.owed(one)
    assert scenario.paid() == 0
    assert len(live(scenario)) == 2
    assert {number for number, _ in scenario.frozen("two_candidates")} == set(live(scenario))
    assert [order.number for order in scenario.doc(one).orders] == ["5001"]


def test_a_typed_number_with_its_order_or_none_joins_as_before(two_orders: Scenario) -> None:
    scenario = two_orders
    one, two = asked(scenario)
    mug(scenario, rma=" ret-1")
    assert (scenario.doc(one).axes.receipt, scenario.doc(two).axes.receipt) == ("full", "none")
    mug(scenario, rma=" ret-1", order={"number": "5001"})
    assert (scenario.doc(one).axes.receipt, scenario.doc(two).axes.receipt) == ("full", "none")
    mug(scenario, rma="ret-1", order={"number": "5002"})
    assert scenario.doc(one).axes.receipt == "none", "it says its order only now"


def test_other_goods_under_a_typed_number_are_asked(two_orders: Scenario) -> None:
    scenario = two_orders
    one = scenario.asked()
    mug(scenario, "PLATE", rma="ret-1 ")
    assert len(live(scenario)) == 2
    assert {number for number, _ in scenario.frozen("two_candidates")} == set(live(scenario))
    assert [line.sku for line in scenario.doc(one).lines] == ["MUG"]
    mug(scenario, "plate", rma="ret-1", order={"number": "5001"})
    assert live(scenario) == [one], "the order that both name decides"


def parcel(carrier: str | None, state: str) -> dict[str, Any]:
    fields = {"direction": "return", "purpose": "return", "number": "100001", "state": state}
    return fields | ({"carrier": carrier} if carrier else {})


@pytest.mark.parametrize(
    ("first", "event", "transit"),
    [
        ("UPS", "d h l", ("label_created", "delivered")),
        ("DHL", "DHL", ("delivered", "delivered")),
        (None, "DHL", ("delivered", "delivered")),
        ("UPS", None, ("delivered", "delivered")),
        ("UPS", "DHL_PAKET", ("delivered", "delivered")),
    ],
)
def test_a_parcel_of_another_carrier_only_has_the_same_number(
    scenario: Scenario, first: str | None, event: str | None, transit: tuple[str, str]
) -> None:
    """The event is of the second return, whose parcel is DHL's. Carriers have several names: only the same one decides."""
    scenario.accounts()
    scenario.account("post", "carrier", orders_of="web", terms={})
    scenario.order()
    label = {"id": "s", "at": "2026-03-01T11:00:00Z"}
    one = scenario.asked(shipments=[label | parcel(first, "label_created")])
    two = scenario.asked("RET-2", shipments=[label | parcel("DHL", "label_created")])
    scenario.push("post", "shipment.upsert", "P", hub_number=f"R{two}", **parcel(event, "delivered"))
    assert (scenario.doc(one).axes.transit, scenario.doc(two).axes.transit) == transit


WEB = Candidate(id=1, names=frozenset({("web", "ret-1")}), orders=frozenset({1}), accounts=frozenset({"web"}))
TYPED = Candidate(
    id=3, typed_references=frozenset({("web", "ret-1")}), orders=frozenset({2}), accounts=frozenset({"erp"})
)


def test_what_stands_between_two_orders_joins_neither() -> None:
    between = Candidate(
        id=2, names=frozenset({("till", "t-1")}), typed_references=TYPED.typed_references, accounts=frozenset({"till"})
    )
    other = replace(TYPED, typed_references=frozenset({("till", "t-1")}))
    assert [binding.ids for binding in decide([WEB, between]).bindings] == [(1, 2)]
    decision = decide([WEB, between, other])
    assert decision.bindings == ()
    assert [(asked.seeks, asked.candidates) for asked in decision.questions] == [(2, (1, 3))]


def test_of_two_returns_with_the_number_the_one_of_its_order_is_meant() -> None:
    same = replace(WEB, id=2, orders=frozenset({2}))
    assert decide([WEB, same, TYPED]) == ((((2, 3), "number"),), ())


def test_what_a_customer_typed_into_the_same_shop_holds_up_nobody_elses_return() -> None:
    assert decide([WEB, replace(TYPED, accounts=WEB.accounts)]) == ((), ())
    assert [asked.candidates for asked in decide([WEB, TYPED]).questions] == [(1,)]
    assert decide([WEB, TYPED], [frozenset({1, 3})]) == ((), ()), "a person said so"


def test_goods_that_another_counter_adds_to_a_return_are_seen(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    lines = [{"id": "1", "sku": "MUG", "quantity": 1}, {"id": "2", "sku": "TEAPOT", "quantity": 1}]
    said = {"origin": "counter", "order": {"number": "5001"}, "hub_number": f"R{number}"}
    scenario.push("till", "return.upsert", "T-1", lines=lines, **said)
    (seen,) = [discrepancy for discrepancy in scenario.doc(number).discrepancies if discrepancy.kind == "unasked"]
    assert seen.text.startswith("till has TEAPOT × 1 on the return, for which web did not ask.")
    scenario.push("erp", "return.upsert", "C-1", hub_number=f"R{number}", lines=lines)
    assert not scenario.doc(number).discrepancies, "whoever decides has it, too"
