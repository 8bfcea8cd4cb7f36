"""Tryton's values, references and refusals, and what they mean to us."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.answers import Response
from connectors.kit.errors import ConnectorError, OutcomeUnknown, Rejected, Unauthorized
from connectors.tryton import wire
from connectors.tryton.client import refusal


def test_values_of_the_wire_and_back() -> None:
    at = {"year": 2026, "month": 11, "day": 24, "hour": 1, "minute": 2, "second": 3, "microsecond": 45}
    fields = {
        "__name__": "sale.sale",
        "id": 1,
        "amount": {"__class__": "Decimal", "decimal": "-79.00"},
        "at": {"__class__": "datetime", **at},
        "day": {"__class__": "date", "year": 2026, "month": 1, "day": 2},
        "lines": [{"__name__": "sale.line", "id": 2}],
    }
    plain = wire.plain(fields)
    assert plain == {
        "id": 1,
        "amount": "-79.00",
        "at": "2026-11-24T01:02:03.000045Z",
        "day": "2026-01-02",
        "lines": [{"id": 2}],
    }
    assert wire.moment(plain["at"]) == {"__class__": "datetime", **at}


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [(2.0, 0, "2"), (0.1 + 0.2, 3, "0.3"), (100.0, 0, "100"), (None, 0, "0"), (Decimal("1.250"), 3, "1.25")],
)
def test_quantities_lose_nothing_but_noise(number: Any, digits: int, text: str) -> None:
    assert str(wire.pieces(number, digits)) == text


def test_references_name_a_model() -> None:
    assert wire.target("sale.sale,6", "sale.sale") == 6
    assert wire.target("sale.sale,6", "sale.line") is None
    assert wire.target(None, "sale.sale") is None
    assert wire.target("sale.sale,", "sale.sale") is None


def answer(status: int, body: bytes = b"", *, read: bool = True) -> Response:
    return Response(status, {}, body, "GET" if read else "POST", "http://tryton.test/x", read, "Tryton")


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer(401, b"<html>"), Unauthorized),
        (answer(400, b'{"status": 400, "message": "Not allowed.", "description": ""}'), Rejected),
        (answer(403), Rejected),
        (answer(404), Rejected),
        (answer(500, read=False), OutcomeUnknown),
        (answer(500), None),
        (answer(429), None),
        (answer(200, b"[]"), None),
    ],
)
def test_refusals_by_what_happens_next(response: Response, error: type[ConnectorError] | None) -> None:
    found = refusal(response)
    assert type(found) is error if error else found is None


def test_trytons_own_sentence_reaches_the_reader() -> None:
    refused = refusal(answer(400, b'{"status": 400, "message": "The complaint is similar.", "description": ""}'))
    assert "The complaint is similar." in str(refused)
