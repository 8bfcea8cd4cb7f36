"""What Tryton answered, kept in order and played back: a connector gets the same answers if it asks the same questions.

A tape is JSON: what the connector was asked to do, every exchange, and what came of it. `tryton_record.py` makes them
from a real server; all data in them are simulated, and the key is never part of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from connectors.kit.answers import Response, meaning
from connectors.kit.api import Login, Operation, OperationLine, Reply
from connectors.kit.clock import Clock
from connectors.tryton.connector import Tryton

TAPES = Path(__file__).parent / "tryton" / "wire"
SETTINGS = {
    "base_url": "http://tryton.test",
    "database": "tryton",
    "key": "simulated-key",
    "company": 1,
    "orders_of": "web",
    "locations": {
        "STO": {"condition": "good", "disposition": "restock"},
        "DAM": {"condition": "damaged", "disposition": "scrap"},
        "QUA": {"condition": "unknown", "disposition": "quarantine"},
    },
}
PACKED = ("d", "o")
"""Parameters that REST wants as JSON in base64; a tape holds them readable."""

Exchange = dict[str, Any]


def asked(method: str, path: str, params: list[tuple[str, str]], body: Any) -> Exchange:
    """A request as a tape holds it."""
    query = {name: json.loads(base64.urlsafe_b64decode(value)) for name, value in params if name in PACKED}
    query |= {name: value for name, value in params if name not in (*PACKED, "f")}
    fields = [value for name, value in params if name == "f"]
    request: Exchange = {"method": method, "path": path, "query": query, "fields": fields}
    return request if body is None else {**request, "body": json.loads(json.dumps(body, default=float))}


class Tape:
    """Stands where the kit's Http stands, and answers from a tape; another question than the recorded one fails."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self.left = list(exchanges)
        self.clock = Clock()

    def request(
        self, method: str, path: str, *, params: Any, json: Any, headers: Mapping[str, str], read: bool, classify: Any
    ) -> Response:
        question = asked(method, path, params, json)
        assert self.left, f"the tape has ended, asked is {question}"
        exchange = self.left.pop(0)
        answer = exchange["answer"]
        assert question == {name: value for name, value in exchange.items() if name != "answer"}
        response = play(answer, method, path, read)
        error = classify(response) or (None if response.status < 300 else meaning(response))
        if error:
            raise error
        return response


def play(answer: Mapping[str, Any], method: str, path: str, read: bool) -> Response:
    body = answer["body"]
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Response(answer["status"], answer.get("headers", {}), raw, method, path, read, "Tryton")


def connector(http: Any, **settings: Any) -> Tryton:
    return Tryton(Login("erp", {**SETTINGS, **settings}), http)


def do(tryton: Tryton, call: Mapping[str, Any]) -> Any:
    """Carry out what a tape was recorded for; the result as plain JSON."""
    match call:
        case {"poll": stream, "cursor": cursor}:
            pages = tryton.poll(stream, cursor)
            return [{"messages": [plain(m) for m in page.messages], "cursor": page.cursor} for page in pages]
        case {"fetch": stream, "id": external_id}:
            return plain(tryton.fetch(stream, external_id))
        case {"perform": fields}:
            return reply(tryton.perform(operation(fields)))
        case {"check": True}:
            health = tryton.check()
            return {"ok": health.ok, "problems": list(health.problems)}
    raise AssertionError(f"a tape for nothing: {call}")


def plain(message: Any) -> dict[str, Any]:
    return {
        "stream": message.stream,
        "id": message.external_id,
        "version": message.version,
        "deleted": message.deleted,
        "record": json.loads(message.body),
    }


def reply(answer: Reply) -> dict[str, Any]:
    assert not answer.messages, "Tryton's answers carry no records"
    kept = {name: value for name, value in msgspec.to_builtins(answer).items() if name != "messages"}
    return json.loads(json.dumps(kept))


def operation(fields: Mapping[str, Any]) -> Operation:
    """An operation from a tape: quantities are text there."""
    lines = [
        OperationLine(
            Decimal(line["quantity"]),
            order_line=line.get("order_line"),
            sku=line.get("sku"),
            totals={word: Decimal(total) for word, total in line.get("totals", {}).items()},
            facts=tuple(line.get("facts", ())),
            words=line.get("words", {}),
        )
        for line in fields.get("lines", ())
    ]
    more = {
        name: fields[name] for name in ("order_number", "objects", "payload", "progress", "currency") if name in fields
    }
    amount = Decimal(fields["amount"]) if "amount" in fields else None
    return Operation(fields["kind"], fields["id"], fields["reference"], lines=tuple(lines), amount=amount, **more)


def load(name: str) -> dict[str, Any]:
    tape: dict[str, Any] = json.loads((TAPES / f"{name}.json").read_text("utf-8"))
    return tape


def names() -> list[str]:
    return sorted(file.stem for file in TAPES.glob("*.json"))
