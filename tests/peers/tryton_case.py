"""One return of a real Tryton, and the connector that carries it, as the tests against Tryton alone play it.

People in Tryton are played over JSON-RPC with a password (`People`), the connector speaks REST with its key, so neither
can cover up a mistake of the other. All data are simulated.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit import registry
from connectors.kit.api import Connector, Login, Operation, OperationLine, Reply
from hub.demo.tryton_people import Goods, People, Sold
from hub.demo.tryton_server import Running

NUMBERS = itertools.count(1001)
ORDER = "WEB-1000"


@pytest.fixture(scope="module")
def sold(people: People) -> Sold:
    """The order that all returns here are of, unless a test needs one of its own."""
    shirts = Goods("SHIRT-M", Decimal(500), Decimal("79.00"))
    return people.sell(ORDER, [shirts, Goods("MUG-BLUE", Decimal(300), Decimal("14.50"))])


class Case:
    """One return, and the connector that carries it."""

    def __init__(self, running: Running, people: People, sold: Sold) -> None:
        self.people, self.sold, self.order = people, sold, ORDER
        self.reference = f"R{next(NUMBERS)}-abcdef"
        self.wire: list[dict[str, Any]] = []
        self.settings = {**running.settings, "orders_of": "web"}
        self.connector = connect(self.settings, self.wire)
        self.intents = itertools.count(1)

    def line(self, sku: str, quantity: int, **more: Any) -> OperationLine:
        return OperationLine(Decimal(quantity), order_line=str(self.sold.lines[sku]), sku=sku, **more)

    def operation(self, kind: str, *lines: OperationLine, **more: Any) -> Operation:
        more.setdefault("order_number", self.order)
        return Operation(kind, str(next(self.intents)), self.reference, lines=lines, **more)

    def do(self, kind: str, *lines: OperationLine, **more: Any) -> Reply:
        return self.carry_out(self.operation(kind, *lines, **more))

    def carry_out(self, operation: Operation) -> Reply:
        """Call until it is finished, as the pipeline does; each call makes at most one write."""
        for _ in range(12):
            before = len(self.writes())
            reply = self.connector.perform(operation)
            assert len(self.writes()) - before <= 1
            if reply.finished:
                return reply
            operation = dataclasses.replace(operation, progress={**operation.progress, **reply.progress})
        raise AssertionError("an operation that never ends")

    def writes(self) -> list[str]:
        """What was written, in order: method and path below `model/`, questions (which only read) left out."""
        sent = [f"{e['request']['method']} {e['request']['url'].partition('/model/')[2]}" for e in self.wire]
        return [text.partition("?")[0] for text in sent if not text.startswith("GET")]

    def record(self, stream: str, external_id: str) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.connector.fetch(stream, external_id).body)
        return record

    def requested(self, *lines: OperationLine) -> str:
        reply = self.do("create_return", *(lines or (self.line("SHIRT-M", 2),)))
        return reply.objects["complaint"]

    def authorized(self, *lines: OperationLine) -> tuple[str, str]:
        complaint = self.requested(*lines)
        reply = self.do("authorize")
        return complaint, reply.objects["return_sale"]

    def receipts(self) -> list[dict[str, Any]]:
        """Every receipt of this return, as the shipments' records tell it."""
        sale = self.people.return_sale(self.people.complaint_of(self.reference))
        shipments = self.people.rpc.read("sale.sale", sale, "shipment_returns")["shipment_returns"]
        found = [receipt for i in shipments for receipt in self.record("shipment", str(i))["receipts"]]
        return sorted(found, key=lambda receipt: int(receipt["id"]))

    def state(self, model: str, record: str | int, *fields: str) -> Any:
        values = self.people.rpc.read(model, int(record), *(fields or ("state",)))
        return values["state"] if not fields else values


def connect(settings: dict[str, Any], wire: list[dict[str, Any]]) -> Connector:
    return registry.load("tryton").connect(Login("erp", settings), wire=wire)


@pytest.fixture
def case(running: Running, people: People, sold: Sold) -> Iterator[Case]:
    yield Case(running, people, sold)
    registry.close()


def receipts_of(receipts: list[dict[str, Any]]) -> list[tuple[str, Any, str, str]]:
    return [(r["sku"], r["quantity"], r["condition"], r["disposition"]) for r in receipts]
