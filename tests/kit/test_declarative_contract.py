"""A connector made of a manifest alone keeps the contract of all connectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.api import Operation, WebhookRequest
from connectors.kit.errors import Conflict, Rejected, RetryLater
from tests.connectors.contract import ConnectorContract
from tests.kit.loopline.sandbox import Loopline


@pytest.mark.usefixtures("entry_points")
class TestLoopline(ConnectorContract):
    system = "loopline"
    business_errors = (
        (200, {"ok": False, "code": "GONE", "text": "was closed"}, Rejected),
        (500, {"ok": False, "code": "STALE", "text": "changed meanwhile"}, Conflict),
        (200, {"ok": False, "code": "BUSY", "text": "later"}, RetryLater),
    )

    @pytest.fixture
    def remote(self) -> Iterator[Loopline]:
        with Loopline() as sandbox:
            yield sandbox

    def settings(self, remote: Any) -> dict[str, Any]:
        secrets = ["simulated-old-secret", "simulated-secret"]
        return {"base_url": remote.url, "api_key": "simulated-key", "webhook_secret": secrets}

    def known(self, remote: Any) -> tuple[str, str]:
        return "return", "r07"

    def many(self, remote: Any) -> tuple[str, set[str]]:
        return "return", set(remote.state["returns"])

    def operation(self, remote: Any) -> Operation:
        return Operation(
            kind="receive", id="41", reference="R1001", objects={"return": "r07"}, payload={"l1": {"received": 1}}
        )

    def webhook(self, remote: Any) -> WebhookRequest:
        return self.event(remote, "return.updated")

    def event(self, remote: Any, topic: str) -> WebhookRequest:
        body = b'{"data": {"id": "r07", "updated_at": "2026-03-01T10:00:07Z"}}'
        return WebhookRequest("POST", "/hooks/here", remote.sign(topic, body), body)

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "items": [{**record["items"][0], "reason": "MOON"}]}
