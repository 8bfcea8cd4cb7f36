"""The invented Loopline: returns with receipts, a token-paged list, idempotency keys, signed webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.kit.sandbox import Call, Refuse, Sandbox, route
from connectors.kit.signing import sign_hmac


class Loopline(Sandbox):
    name = "loopline"

    def setup(self) -> None:
        self.state: dict[str, Any] = {
            "returns": {f"r{n:02}": self.record(n) for n in range(1, 46)},
            "receipts": [],
        }

    @staticmethod
    def record(n: int) -> dict[str, Any]:
        items = [{"id": "l1", "sku": "SKU-1", "quantity": 2, "reason": "SIZE"}]
        return {
            "id": f"r{n:02}",
            "rma": f"RMA-{n}",
            "state": "open",
            "updated_at": f"2026-03-01T10:00:{n:02}Z",
            "amount": 10.10,
            "items": items,
        }

    def allow(self, call: Call) -> None:
        if call.headers.get("x-api-key") != "simulated-key":
            raise Refuse(401, {"message": "unknown key"})

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        signature = sign_hmac(self.secret, body, encoding="base64").decode()
        return {"X-Loopline-Signature": signature, "X-Loopline-Topic": topic, "X-Loopline-Delivery": "d1"}

    @route("GET", "/shop")
    def shop(self, call: Call) -> Any:
        return {"name": "Loopline"}

    @route("GET", "/returns")
    def list_returns(self, call: Call) -> Any:
        since, limit, at = call.query.get("updated_since", ""), int(call.query["limit"]), int(call.query.get("page", 0))
        found = [record for record in self.state["returns"].values() if record["updated_at"] >= since]
        after = str(at + limit) if at + limit < len(found) else None
        return {"data": found[at : at + limit], "paging": {"next": after}}

    @route("GET", "/returns/{id}")
    def one(self, call: Call, id: str) -> Any:
        if id not in self.state["returns"]:
            raise Refuse(404, {"message": "no such return"})
        return {"data": self.state["returns"][id]}

    @route("GET", "/returns/{id}/receipts")
    def receipts(self, call: Call, id: str) -> Any:
        return {"data": [receipt for receipt in self.state["receipts"] if receipt["return_id"] == id]}

    @route("POST", "/returns/{id}/receipts")
    def receive(self, call: Call, id: str) -> Any:
        key = call.headers["idempotency-key"]
        done = next((receipt for receipt in self.state["receipts"] if receipt["key"] == key), None)
        if done is None:
            done = {"id": f"rc{len(self.state['receipts']) + 1}", "return_id": id, "key": key, "lines": call.json()}
            self.state["receipts"].append(done)
            self.state["returns"][id]["updated_at"] = "2026-03-01T10:59:00Z"
            self.effect("receive", return_id=id, key=key)
            self.webhook("return.updated", {"data": self.state["returns"][id]})
        return 201, {"data": done}


if __name__ == "__main__":
    Loopline.main()
