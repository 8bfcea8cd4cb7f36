"""A small custom shop that speaks through our own door, for tests, the demo and integrators on a train.

    SANDBOX_SECRET=whsec_… python -m connectors.generic.sandbox --port 0 --webhook http://127.0.0.1:8080/hooks/shop

The hub tells it at POST /hub and reads its records at GET /records/{stream}/{id}. Its people: POST /shop/orders
{"lines": {"MUG": 2}} to buy, POST /shop/returns {"order": ..., "lines": {"ORD-1-1": 1}, "reason": ...} to ask back.
`answers` says how it shows what it did: records (whole, in the answer), objects (their ids), or nothing. Everything in
it is simulated.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from connectors.generic.sandbox_shop import Record, Shop, now
from connectors.kit.api import WebhookRequest
from connectors.kit.errors import InvalidWebhook
from connectors.kit.sandbox import Call, Refuse, Sandbox, SandboxAnswer, route
from connectors.kit.signing import sign_standard, verify_standard

SECRET = "whsec_c2ltdWxhdGVkIHNlY3JldCBvZiBhIHNob3A="  # noqa: S105 - simulated


class GenericSandbox(Sandbox):
    """The sandbox; `state` is the shop, `answered` what it answered by the key of a message."""

    name = "generic"
    answers = "records"
    pushes = True

    def setup(self) -> None:
        self.state = Shop(self._changed)
        self.answered: dict[str, SandboxAnswer] = {}

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        """Standard Webhooks; the key is the message's own id, the same for each try."""
        return sign_standard(self.secret, msgspec.json.decode(body)["id"], body, time.time())

    def _changed(self, stream: str, record: Record) -> None:
        if self.pushes:
            topic = f"{stream}.upsert"
            self.webhook(topic, {"id": f"msg_{uuid.uuid4()}", "type": topic, "timestamp": now(), "data": record})

    # -- what the hub does

    @route("POST", "/hub")
    def carry_out(self, call: Call) -> Any:
        """Carry out one message; the same key twice gets the first answer again."""
        self._genuine(call, call.body)
        said = call.json()
        key, kind = said["id"], said["type"]
        if key != call.headers["webhook-id"]:
            raise Refuse(422, {"message": "id is not the webhook-id"})
        if kind == "ping":
            return 204, None
        if key not in self.answered:
            takes = self._takes(self.state)
            if kind not in takes:
                raise Refuse(410, {"message": f"this shop has no {kind}"})
            record, made = takes[kind](said["data"])
            self.effect(kind, id=record["id"], key=key)
            self.answered[key] = SandboxAnswer(200, msgspec.json.encode(self._shown(record, made)))
        return self.answered[key]

    @staticmethod
    def _takes(shop: Shop) -> Mapping[str, Callable[[Record], tuple[Record, list[Record]]]]:
        return {
            "create_return": shop.create_return,
            **dict.fromkeys(("authorize", "reject", "cancel", "reopen"), shop.decide),
            **dict.fromkeys(("accept_goods", "refuse_goods"), shop.judge),
            "close": shop.close,
            "add_tracking": shop.add_tracking,
            "receive": shop.receive,
            "dispose": shop.dispose,
            "refund": shop.refund,
            "record_refund": shop.record_refund,
            "note": shop.note,
        }

    def _shown(self, record: Record, made: list[Record]) -> Any:
        if self.answers == "nothing":
            return None
        shown = {"objects": {"return": record["id"]}, "made": made}
        return {**shown, "records": [{"type": "return.upsert", "data": record}]} if self.answers == "records" else shown

    @route("GET", "/records/{stream}/{id}")
    def record(self, call: Call, stream: str, id: str) -> Any:
        """What it signs is the name in the address: there is no body."""
        self._genuine(call, b"")
        if call.headers["webhook-id"] != call.path.removeprefix("/records/"):
            raise Refuse(401, {"message": "signed for another record"})
        return self.state.find(stream, id)

    def _genuine(self, call: Call, body: bytes) -> None:
        try:
            verify_standard(WebhookRequest(call.method, call.path, call.headers, body), self.secret)
        except InvalidWebhook as error:
            raise Refuse(401, {"message": str(error)}) from error

    # -- its people

    @route("POST", "/shop/orders")
    def buy(self, call: Call) -> Any:
        return self.state.buy(call.json()["lines"])

    @route("POST", "/shop/returns")
    def ask_back(self, call: Call) -> Any:
        asked = call.json()
        return self.state.ask_back(asked["order"], asked["lines"], asked.get("reason", "changed_mind"))


if __name__ == "__main__":
    GenericSandbox.main()
