"""The connectors of the fake systems: signed webhooks with whole records, and a few writes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import msgspec

from connectors.kit.api import Changed, Connector, Health, Made, Message, Operation, Reply, WebhookRequest
from connectors.kit.errors import InvalidWebhook
from connectors.kit.signing import verify_standard


def signature(secret: str, body: bytes) -> str:
    """What `X-Signature` has to say."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _message(record: dict[str, Any], body: bytes) -> Message:
    return Message(record.get("stream", "return"), record["id"], body, version=f"{record['version']:09d}")


class Fake(Connector):
    """What both can do."""

    def check(self) -> Health:
        self.http.get("/__state")
        return Health(ok=True)

    def accept(self, request: WebhookRequest) -> Sequence[Message]:
        """Signed in one of two ways; only the second (Standard Webhooks) says when."""
        if request.header("webhook-id"):
            verify_standard(request, self.account.settings["secret"])
            return self._unpacked(request.body)
        given = request.header("X-Signature") or ""
        if not hmac.compare_digest(given, signature(self.account.settings["secret"], request.body)):
            raise InvalidWebhook("the signature does not fit the body")
        return self._unpacked(request.body)

    def _unpacked(self, body: bytes) -> Sequence[Message]:
        return [_message(msgspec.json.decode(body), body)]

    def fetch(self, stream: str, external_id: str) -> Message:
        record = self.http.get(f"/{stream}s/{external_id}").json()
        return _message(record, msgspec.json.encode(record))

    def _answer(self, record: dict[str, Any], kind: str = "", facts: Sequence[str] = ()) -> Reply:
        made: list[Made] = []
        for one in record.get(kind, ()) if kind else ():
            named = one.get("for") or facts
            made += [Made(kind, one["id"], fact) for fact in named if fact in facts]
        return Reply(objects={"return": record["id"]}, made=tuple(made), read_back=(Changed("return", record["id"]),))


class Shop(Fake):
    """Receives and refunds what it is told."""

    def do_receive(self, operation: Operation) -> Reply:
        totals = []
        for line in operation.lines:
            damaged = line.totals.get("damaged", 0)
            for condition, count in (("good", line.totals["received"] - damaged), ("damaged", damaged)):
                wanted = {"line": line.order_line, "quantity": int(count), "condition": condition}
                totals.append({**wanted, "for": list(line.facts)})
        path = f"/returns/{operation.objects['return']}"
        self.http.post(f"{path}/receive", json={"totals": totals})
        record = self.http.get(path).json()
        return self._answer(record, "receipts", [fact for line in operation.lines for fact in line.facts])

    def do_refund(self, operation: Operation) -> Reply:
        path = f"/returns/{operation.objects['return']}"
        self.http.post(f"{path}/refund", json={"key": operation.id, "amount": str(operation.amount)})
        return self._refunded(self.http.get(path).json(), operation)

    def find(self, operation: Operation) -> Reply | None:
        path = f"/returns/{operation.objects['return']}"
        if operation.kind == "refund":
            found = any(refund["key"] == operation.id for refund in self.http.get(f"{path}/refunds").json())
            return self._refunded(self.http.get(path).json(), operation) if found else None
        record = self.http.get(path).json()
        shown = {fact for receipt in record["receipts"] for fact in receipt["for"]}
        wanted = {fact for line in operation.lines for fact in line.facts}
        return self._answer(record, "receipts", sorted(wanted)) if wanted <= shown else None

    def _refunded(self, record: dict[str, Any], operation: Operation) -> Reply:
        mine = [refund for refund in record["refunds"] if refund["key"] == operation.id]
        made = tuple(Made("refunds", refund["id"], fact) for refund in mine for fact in operation.facts)
        return Reply(objects={"return": record["id"]}, made=made, read_back=(Changed("return", record["id"]),))


class Bazaar(Shop):
    """A shop that remembers no keys; the refund's key stands beside it like a note, to be looked for."""

    def do_refund(self, operation: Operation) -> Reply:
        return self.find(operation) or super().do_refund(operation)


class Stock(Fake):
    """Creates a return when told; its people do the rest."""

    def do_create_return(self, operation: Operation) -> Reply:
        found = self.find(operation)
        if found is not None:
            return found
        lines = [
            {"id": line.sku, "sku": line.sku, "quantity": int(line.quantity), "price": "0"} for line in operation.lines
        ]
        body = {"reference": operation.reference, "order": operation.order_number, "lines": lines}
        made = self.http.post("/returns", json=body).json()
        return self._answer(self.http.get(f"/returns/{made['id']}").json())

    def find(self, operation: Operation) -> Reply | None:
        found = self.http.get(f"/returns/by-reference/{operation.reference}").json()
        return self._answer(found[0]) if found else None

    def abandon(self, operation: Operation) -> Reply | None:
        """Drafts are not simulated: tests say what comes of it."""
        return None


class Till(Connector):
    """Takes a note; there is nothing behind it, its tests post its records."""

    accept = Fake.accept
    _unpacked = Fake._unpacked

    def check(self) -> Health:
        return Health(ok=True)

    def do_note(self, operation: Operation) -> Reply:
        return Reply(objects={"return": operation.objects["return"]}, detail=operation.payload["text"])
