"""Parcels and returns are many to many: what a carrier tells of a parcel is told of every return with goods in it (simulated)."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec
import pytest

from connectors.generic.sandbox import SECRET
from connectors.kit.api import WebhookRequest
from connectors.kit.signing import sign_standard
from hub import configuration
from hub.boot import Hub
from hub.pipeline.intake.accept import accept
from hub.store import inbox
from tests.pipeline.queries import all_returns, document, rows

Tell = Callable[[str, str, dict[str, Any]], None]
X = "1Z 999 AA1"


@pytest.fixture
def tell(hub: Hub, work: Callable[..., int]) -> Tell:
    """tell("shop", "return", record): a signed push through our own door, and what comes of it."""
    for name, kind in (("shop", "storefront"), ("carrier", "carrier")):
        settings = {"kind": kind, "webhook_secret": SECRET, **({"orders_of": "shop"} if name != "shop" else {})}
        configuration.put(
            hub, name, {"connector": "generic", "settings": settings, "terms": {"settle": 0, "asked": []}}
        )
    numbers = count(1)

    def push(account: str, stream: str, record: dict[str, Any]) -> None:
        body = msgspec.json.encode({"type": f"{stream}.upsert", "data": record})
        headers = sign_standard(SECRET, f"m{next(numbers)}", body, time.time())
        arrivals = accept(
            hub.accounts, account, WebhookRequest("POST", "/", {"Content-Type": "application/json", **headers}, body)
        )
        with hub.database.begin() as conn:
            inbox.accept(conn, arrivals)
        work(("process", "recompute"))

    return push


def asked(name: str, *parcels: str, version: int = 1) -> dict[str, Any]:
    named = [
        {"id": f"{name}-{n}", "direction": "return", "purpose": "return", "state": "label_created", "number": number}
        for n, number in enumerate(parcels)
    ]
    line = {"id": f"{name}-1", "order_line": f"L{name}", "sku": f"SKU-{name}", "quantity": 1}
    return {
        "id": name,
        "version": version,
        "number": name,
        "currency": "EUR",
        "order": {"id": f"O{name}", "number": f"#{name}"},
        "authorization": {"value": "authorized"},
        "lines": [line],
        "shipments": named,
    }


def scanned(hub_number: str, state: str, version: int = 1, number: str = "1z999aa1") -> dict[str, Any]:
    return {
        "id": "T1",
        "version": version,
        "hub_number": hub_number,
        "direction": "return",
        "purpose": "return",
        "state": state,
        "carrier": "UPS",
        "number": number,
    }


def transit(hub: Hub) -> dict[str, str]:
    return {document(hub, one.id).numbers["shop"]: document(hub, one.id).axes.transit for one in all_returns(hub)}


def number(hub: Hub, name: str) -> str:
    ((found,),) = rows(hub, "SELECT return_id FROM observations WHERE account = 'shop' AND external_id = :n", n=name)
    return f"R{found}"


def test_one_parcel_with_the_goods_of_two_returns_arrives_for_both(hub: Hub, tell: Tell) -> None:
    tell("shop", "return", asked("a", X))
    tell("shop", "return", asked("b", X))
    tell("carrier", "shipment", scanned(number(hub, "a"), "delivered"))
    assert transit(hub) == {"a": "delivered", "b": "delivered"}
    assert len(all_returns(hub)) == 2
    tell("shop", "return", asked("c", X))
    assert transit(hub)["c"] == "delivered", "of one that is told later, too"


def test_a_carrier_that_knows_no_more_takes_it_back_from_none(hub: Hub, tell: Tell) -> None:
    tell("shop", "return", asked("a", X))
    tell("shop", "return", asked("b", X))
    tell("carrier", "shipment", scanned(number(hub, "a"), "delivered"))
    tell("carrier", "shipment", scanned(number(hub, "a"), "unknown", version=2))
    assert transit(hub) == {"a": "delivered", "b": "delivered"}


def test_a_return_in_two_parcels_has_come_as_far_as_the_slower_one(hub: Hub, tell: Tell) -> None:
    tell("shop", "return", asked("a", X, "1Z777"))
    tell("carrier", "shipment", scanned(number(hub, "a"), "delivered"))
    assert transit(hub) == {"a": "label_created"}
    assert len(document(hub, all_returns(hub)[0].id).shipments) == 2


def test_a_parcel_that_turns_out_to_be_another_is_nobody_elses_any_more(hub: Hub, tell: Tell) -> None:
    tell("shop", "return", asked("a", X))
    tell("shop", "return", asked("b", X))
    tell("carrier", "shipment", scanned(number(hub, "a"), "delivered"))
    tell("shop", "return", asked("b", "1Z777", version=2))
    assert transit(hub) == {"a": "delivered", "b": "label_created"}
