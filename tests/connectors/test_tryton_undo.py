"""What is taken back in Tryton: the steps before one that is refused, and a refusal of the hub's own.

The books are those of the recorded tapes, kept as tables that a write changes, so that each step reads what stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.answers import Response
from connectors.kit.api import Operation, OperationLine, Reply
from connectors.kit.attempt import Attempt
from connectors.kit.clock import Clock
from connectors.kit.errors import Rejected, RetryLater
from tests.connectors import tryton_replay

SALE, SHIPMENT = "sale.sale", "stock.shipment.out.return"
STATES = {
    "draft": "draft",
    "wait": "waiting",
    "reject": "rejected",
    "cancel": "cancelled",
    "quote": "quotation",
    "confirm": "confirmed",
    "receive": "received",
    "do": "done",
}
ONE = Decimal(1)


class Books:
    """Stands where the kit's Http stands. `refuses` are (model, button) that Tryton does not let happen, `away` those
    at which it is not there."""

    def __init__(self, *refuses: tuple[str, str], away: tuple[str, str] | None = None) -> None:
        self.refuses, self.away = refuses, away
        self.attempt, self.clock = Attempt(), Clock()
        self.wrote: list[tuple[str, int, Any]] = []
        self.tables: dict[str, dict[int, dict[str, Any]]] = {}
        for exchange in tryton_replay.load("receive_damaged_1")["exchanges"][:6]:  # what was read before the write
            if exchange["method"] == "GET":
                table = self.tables.setdefault(exchange["path"].rpartition("/")[2], {})
                for row in exchange["answer"]["body"]:
                    table.setdefault(row["id"], {}).update(deepcopy(row))
        party = {"currency": 1, "invoice_address": 3, "shipment_address": 3, "warehouse": 5, "payment_term": None}
        self.sold = self.tables[SALE][1]
        self.sold.update(party=2, invoice_method="fulfillment", shipment_method="order", **party)
        self.sold["currency"] = self.tables[SALE][2]["currency"]
        unit = self.sold["lines"][0]["unit"]
        self.tables["product.product"] = {
            5: {"id": 5, "code": "SHIRT-L", "sale_uom": 1, "template": {"id": 2, "sale_uom": unit}, "name": "Shirt L"}
        }

    def request(self, method: str, path: str, *, params: Any, json: Any, **more: Any) -> Response:
        model, *rest = path.removeprefix("tryton/rest/model/").split("/")
        if method == "GET":
            domain = tryton_replay.asked(method, path, params, None)["query"].get("d", [])
            return self._answer([row for row in self.tables.get(model, {}).values() if _fits(row, domain)])
        if not rest:
            return self._answer(self._create(model, json))
        record, button = int(rest[0]), rest[1] if len(rest) > 1 else ""
        self.attempt.leaves()
        if (model, button) in self.refuses:
            self.attempt.undone()
            raise Rejected(f"Tryton refused {button}")
        if (model, button) == self.away:
            self.attempt.undone()
            raise RetryLater(f"nobody there for {button}")
        self.wrote.append((model, record, button or json))
        row = self.tables[model][record]
        if button:
            row["state"] = STATES[button]
            for move in row.get("moves", ()):
                move["state"] = STATES[button]
        for field, value in (json or {}).items():
            if not field.endswith("moves"):
                row[field] = value
                continue
            for _, ids, change in value:
                for move in row["moves"]:
                    if move["id"] in ids:
                        move.update(change)
        return self._answer({"id": record})

    def _create(self, model: str, values: Mapping[str, Any]) -> dict[str, Any]:
        self.wrote.append((model, 9, "create"))
        line = self.sold["lines"][0]
        made = {"id": 9, "number": None, "state": "draft", "shipment_returns": [], "invoices": [], **values}
        made["lines"] = [
            {**line, "id": 30 + n, "moves": [], "quantity": new["quantity"]}
            for n, new in enumerate(values["lines"][0][1])
        ]
        for name in ("last_modified_at", "create_date", "sale_date", "currency", "party"):
            made[name] = self.tables[SALE][2][name]
        self.tables[model][9] = made
        return {"id": 9}

    def _answer(self, body: Any) -> Response:
        return Response(200, {}, json.dumps(body).encode(), "GET", "/", True, "Tryton")


def _fits(row: Mapping[str, Any], domain: list[Any]) -> bool:
    tests = {"=": lambda one, other: one == other, "in": lambda one, other: one in other}
    return all(tests[how](row.get(field), value) for field, how, value in domain if field in row)


def perform(books: Books, operation: Operation) -> Reply:
    """As the hub does: step by step, with what the steps before brought."""
    progress: dict[str, Any] = {}
    for _ in range(8):
        books.attempt = Attempt()
        reply = tryton_replay.connector(books).perform(replace(operation, progress=dict(progress)))
        if reply.finished:
            return reply
        progress.update(reply.progress)
    raise AssertionError(f"it never ends: {books.wrote}")


RECEIVE = Operation(
    "receive", "42", "R1001", order_number="12",
    lines=(OperationLine(ONE, order_line="1", sku="SHIRT-M", totals={"received": Decimal(2)}, facts=("RC2",)),),
)  # fmt: skip
"""One piece came before, one comes now."""
EXCHANGE = Operation(
    "exchange", "43", "R1001", order_number="12",
    lines=(OperationLine(ONE, order_line="1", sku="SHIRT-M", words={"wanted_sku": "SHIRT-L"}),),
)  # fmt: skip


def expects(books: Books, count: float) -> dict[str, Any]:
    """The open shipment, of which so many pieces are expected."""
    shipment = books.tables[SHIPMENT][2]
    (move,) = shipment["moves"]
    move["quantity"] = count
    return shipment


def refused(by: str, decided_by: str) -> dict[str, Any]:
    """A complaint that waits, after the hub has told it of a refusal by this word, and wants it back."""
    books = Books()
    complaint = books.tables["sale.complaint"][1]
    complaint.update(state="waiting", actions=[])
    books.tables[SALE].pop(2)
    said = Operation("reject", "44", "R1001", order_number="12", payload={"by": by, "decided_by": decided_by})
    perform(books, said)
    before = complaint["state"]
    perform(books, Operation("reopen", "45", "R1001", order_number="12"))
    return {before: complaint["state"]}


def test_what_the_hub_refuses_by_itself_can_be_opened_again() -> None:
    """Nothing was left to come back; then a person allows it."""
    assert refused("rule", "hub") == {"cancelled": "waiting"}


@pytest.mark.parametrize(("by", "decided_by"), [("Li", "hub"), ("rule", "web"), ("Ada", "web")])
def test_what_a_person_refuses_is_rejected_for_good(by: str, decided_by: str) -> None:
    with pytest.raises(Rejected, match="is rejected: there is no way to waiting"):
        refused(by, decided_by)


def test_moves_that_were_lowered_are_raised_again_where_the_receipt_is_refused() -> None:
    books = Books((SHIPMENT, "receive"))
    shipment = expects(books, 3.0)
    before = deepcopy(books.tables)
    with pytest.raises(Rejected, match="refused receive"):
        perform(books, RECEIVE)
    assert shipment["moves"][0]["quantity"] == 3.0
    assert shipment["reference"] is None
    assert books.tables == before, "it stands there as if nobody had been there"
    assert [change for _, _, change in books.wrote] == [
        {"reference": "R1001/42", "incoming_moves": [["write", [13], {"quantity": 1.0}]]},
        {"reference": None, "incoming_moves": [["write", [13], {"quantity": 3.0}]]},
    ]
    assert not books.attempt.changed, "so the refusal is known to have left nothing"


def test_what_was_received_is_not_taken_back_when_putting_away_is_refused() -> None:
    books = Books((SHIPMENT, "do"))
    shipment = expects(books, 1.0)
    with pytest.raises(Rejected, match="refused do"):
        perform(books, RECEIVE)
    assert (shipment["state"], shipment["reference"]) == ("received", "R1001/42")
    assert [change for _, _, change in books.wrote] == [{"reference": "R1001/42"}, "receive"]


@pytest.mark.parametrize("button", ["quote", "confirm"])
def test_the_sale_of_an_exchange_is_cancelled_where_it_cannot_be_confirmed(button: str) -> None:
    books = Books((SALE, button))
    with pytest.raises(Rejected, match=f"refused {button}"):
        perform(books, EXCHANGE)
    assert books.tables[SALE][9]["state"] == "cancelled"
    assert books.wrote[-1] == (SALE, 9, "cancel")
    assert not books.attempt.changed


def test_an_undo_that_fails_says_so_instead_of_the_refusal() -> None:
    """Then the operation goes on, finds its sale, is refused again, and takes it back then."""
    books = Books((SALE, "quote"), away=(SALE, "cancel"))
    with pytest.raises(RetryLater, match="nobody there for cancel"):
        perform(books, EXCHANGE)
    assert books.tables[SALE][9]["state"] == "draft"
    books.away = None
    progress = {"replacement": "9", "begun": json.dumps([[SALE, 9, "cancel"]])}
    with pytest.raises(Rejected, match="refused quote"):
        tryton_replay.connector(books).perform(replace(EXCHANGE, progress=progress))
    assert books.tables[SALE][9]["state"] == "cancelled"
