"""Payments at sandboxes that pay whatever they are asked: what keeps the money is the connector, not the other side.

Each attempt at one refund meets something bad, before or after the money has moved; it is asked for with its id until it
is answered. The session has to know whether something may have moved; the sandbox's own log says whether it has.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit import registry
from connectors.kit.api import Login, Operation
from connectors.kit.errors import ConnectorError
from tests.connectors import square_case, test_generic_sandbox, test_medusa, test_shopify, test_shopify_sandbox
from tests.connectors.adapter import Adapter

ROUNDS = 12
BAD: tuple[dict[str, Any], ...] = (
    {"kind": "answer", "status": 429, "headers": {"Retry-After": "9"}},
    {"kind": "answer", "status": 401},
    {"kind": "answer", "status": 409},
    {"kind": "answer", "status": 503},
    {"kind": "answer", "status": 500},
    {"kind": "drop"},
    {"kind": "answer_after", "status": 500},
    {"kind": "answer_after", "status": 503},
    {"kind": "answer_after", "status": 408},
    {"kind": "drop_after"},
)
READS_SUFFER = (429, 503, 401, 500)


def of_shopify(remote: Any) -> Operation:
    return test_shopify.refunding(remote, amount="50.00")


def of_medusa(remote: Any) -> Operation:
    payment = remote.order["payment_collections"][0]["payments"][0]
    captured = sum((capture["amount"] for capture in payment["captures"]), Decimal(0))
    objects = {"payment": payment["id"]}
    return Operation(kind="refund", id="9", reference="R1001", objects=objects, amount=captured, currency="EUR")


def of_square(remote: Any) -> Operation:
    return square_case.refund_of(remote, "10.00")


def of_generic(remote: Any) -> Operation:
    payment = remote.order["payments"][0]
    said = {"payment": payment["id"], "amount": payment["captured"], "currency": "EUR"}
    return test_generic_sandbox.operation(remote, "refund", **said)


SYSTEMS: dict[str, tuple[type[Adapter], Callable[[], Any], Callable[[Any], Operation]]] = {
    "shopify": (test_shopify_sandbox.TestShopify, test_shopify.Remote, of_shopify),
    "medusa": (test_medusa.TestMedusa, test_medusa.Remote, of_medusa),
    "square": (square_case.Square, square_case.Remote, of_square),
    "generic": (test_generic_sandbox.TestGeneric, test_generic_sandbox.Remote, of_generic),
}


@pytest.fixture(params=SYSTEMS)
def case(request: pytest.FixtureRequest) -> Iterator[tuple[Adapter, Any, Operation]]:
    """A connector's own tests, its sandbox robbed of its cap, and a refund of all that was paid."""
    adapter, make, of = SYSTEMS[request.param]
    with make() as remote:
        remote.state.capped = False
        yield adapter(), remote, of(remote)
    registry.close()


def paid(remote: Any) -> int:
    return sum(effect["kind"] == "refund" for effect in remote.effects)


def connect(adapter: Adapter, remote: Any) -> Any:
    """A connector for one attempt."""
    return registry.load(adapter.system).connect(Login("here", adapter.settings(remote)))


def test_who_asks_twice_under_two_keys_is_paid_twice(case: tuple[Adapter, Any, Operation]) -> None:
    """Nothing but our own care keeps the money in these sandboxes."""
    adapter, remote, refund = case
    connect(adapter, remote).perform(refund)
    connect(adapter, remote).perform(replace(refund, id="4711"))
    assert paid(remote) == 2


def test_one_refund_is_paid_once_whatever_its_attempts_meet(case: tuple[Adapter, Any, Operation], seed: int) -> None:
    adapter, remote, refund = case
    dice = random.Random(seed)
    for number in range(ROUNDS):
        operation, before, answered = replace(refund, id=str(100 + number)), paid(remote), False
        for attempt in range(1, 30):
            moved = paid(remote)
            trouble(remote, adapter, dice)
            connector = connect(adapter, remote)
            try:
                connector.perform(replace(operation, attempt=attempt))
                answered = True
            except ConnectorError:
                assert connector.http.attempt.changed or paid(remote) == moved, "it was paid, and we say it did nothing"
            remote.faults.clear()
            if answered:
                break
        assert answered
        assert paid(remote) == before + 1


def trouble(remote: Any, adapter: Adapter, dice: random.Random) -> None:
    """What the next attempt meets: something at the write, at the read after it, or nothing."""
    reads = {"kind": "answer", **adapter.reads, "status": dice.choice(READS_SUFFER), "times": 9}
    match dice.randrange(3):
        case 0:
            remote.fault(**{**adapter.writes, **dice.choice(BAD)})
        case 1:
            remote.fault("pass", **adapter.writes, then=reads)
