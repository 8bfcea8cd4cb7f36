"""Dovecote, the shop of "A connector in fifteen minutes": ordinary, and nowhere but here (simulated)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from connectors.kit.sandbox import Call, Refuse, Sandbox, route
from connectors.kit.signing import sign_hmac


class Dovecote(Sandbox):
    """Returns in pages, each with the time of its last change; one write sets a status."""

    name = "dovecote"

    def setup(self) -> None:
        self.state = {n: asked(n) for n in range(1, 61)}
        self.changes = count(1)

    def allow(self, call: Call) -> None:
        if call.headers.get("x-api-key") != "simulated-key":
            raise Refuse(401, {"error": "unknown key"})

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return {"X-Dovecote-Signature": f"sha256={sign_hmac(self.secret, body).decode()}"}

    @route("GET", "/api/me")
    def me(self, call: Call) -> Any:
        return {"shop": "Dovecote"}

    @route("GET", "/api/returns")
    def pages(self, call: Call) -> Any:
        size, page = min(50, int(call.query.get("per_page", 20))), int(call.query.get("page", 1))
        changed = sorted(self.state.values(), key=lambda one: one["changed_at"])
        found = [one for one in changed if one["changed_at"] >= call.query.get("changed_since", "")]
        return {"returns": found[(page - 1) * size : page * size], "page": page, "total": len(found)}

    @route("GET", "/api/returns/{number}")
    def one(self, call: Call, number: str) -> Any:
        return self._known(number)

    @route("PUT", "/api/returns/{number}/status")
    def status(self, call: Call, number: str) -> Any:
        record = self._known(number)
        self.effect("status", number=number, content=call.json())
        self.change(record, status=call.json()["status"])
        return record

    def change(self, record: dict[str, Any], **more: Any) -> None:
        """Something about a return is different now, and whoever listens hears of it."""
        record |= {**more, "changed_at": f"2026-03-04T10:00:{next(self.changes):02}Z"}
        self.webhook("return.changed", {"type": "return.changed", "data": record})

    def _known(self, number: str) -> dict[str, Any]:
        if not number.isdigit() or int(number) not in self.state:
            raise Refuse(404, {"error": f"no return {number}"})
        record: dict[str, Any] = self.state[int(number)]
        return record


def asked(number: int) -> dict[str, Any]:
    at = f"2026-03-01T09:{number - 1:02}:00Z"
    item = {"id": 1, "article": "MUG-BLUE", "pieces": 2, "cents": 2500, "why": "broken"}
    return {
        "id": number, "rma": f"D-{number}", "order": str(1000 + number), "status": "asked", "currency": "EUR",
        "asked_at": at, "changed_at": at, "items": [item],
    }  # fmt: skip
