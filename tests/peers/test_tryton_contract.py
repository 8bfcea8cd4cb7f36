"""The Tryton connector keeps the contract of all connectors: against a real Tryton, with faults told to a proxy."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.api import Operation, OperationLine
from connectors.kit.errors import Rejected
from connectors.kit.sandbox import Call
from connectors.tryton.streams import PAGE
from hub.demo.tryton_people import Goods, People, Sold
from hub.demo.tryton_server import Running
from tests.connectors.contract import ConnectorContract
from tests.connectors.proxy import Proxy
from tests.connectors.through_hub import HubContract
from tests.peers.tryton_fixture import people, running

__all__ = ["people", "running"]
pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(600)]

QUESTIONS = ("/get_preferences", "/get_access")
NUMBERS = itertools.count(5001)


class InFront(Proxy):
    """Two methods of Tryton's are called by POST and only read."""

    def is_write(self, call: Call) -> bool:
        return super().is_write(call) and not call.path.endswith(QUESTIONS)


@pytest.fixture(scope="module")
def sold(people: People) -> Sold:
    """The order that all returns here are of."""
    return people.sell("WEB-5000", [Goods("SHIRT-M", Decimal(900), Decimal("79.00"))])


@pytest.fixture(scope="module")
def complaints(people: People, sold: Sold) -> set[str]:
    """More complaints than fit on one page."""
    return {str(people.complain(sold, {"SHIRT-M": Decimal(1)})) for _ in range(PAGE + 3)}


class TestTryton(ConnectorContract, HubContract):
    system = "tryton"
    business_errors = ((400, {"status": 400, "message": "Not while it is draft.", "description": ""}, Rejected),)

    @pytest.fixture(autouse=True)
    def _stage(self, running: Running, sold: Sold, complaints: set[str]) -> None:
        self.running, self.sold, self.complaints = running, sold, complaints
        self.number = next(NUMBERS)

    @pytest.fixture
    def remote(self, running: Running) -> Iterator[Any]:
        with InFront(running.url) as proxy:
            yield proxy

    def settings(self, remote: Any) -> dict[str, Any]:
        return {**self.running.settings, "base_url": remote.url, "orders_of": "web"}

    def known(self, remote: Any) -> tuple[str, str]:
        return "complaint", min(self.complaints, key=int)

    def many(self, remote: Any) -> tuple[str, set[str]]:
        return "complaint", self.complaints

    def operation(self, remote: Any) -> Operation:
        line = OperationLine(Decimal(1), order_line=str(self.sold.lines["SHIRT-M"]), sku="SHIRT-M")
        reference = f"R{self.number}-abcdef"
        return Operation("create_return", str(self.number), reference, order_number="WEB-5000", lines=(line,))

    def news(self, remote: Any) -> dict[str, Any]:
        return {"authorization": {"value": "authorized"}}

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "standing": "escalated"}
