"""Webhooks into the inbox: the connector that checks them is kept, and never longer than what it was made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.kit.api import WebhookRequest
from connectors.kit.errors import InvalidWebhook
from connectors.kit.registry import Entry
from hub.boot import Hub
from hub.pipeline.accept import accept
from tests.pipeline.fakes.connector import signature
from tests.pipeline.fakes.play import SECRET

NOWHERE = "http://127.0.0.1:9"
BODY = json.dumps({"id": "r1", "version": 1}).encode()


@pytest.fixture
def signed(hub: Hub, connect: Callable[..., None]) -> Callable[[str], int]:
    """signed(secret): how many messages a webhook with this signature brings to the account `web`."""
    hub.accounts.age = 1000  # only what these tests do makes the accounts be read again
    connect("web", "fake_shop", base_url=NOWHERE)

    def send(secret: str) -> int:
        request = WebhookRequest("POST", "/hooks/web", {"X-Signature": signature(secret, BODY)}, BODY)
        return len(accept(hub.accounts, "web", request))

    return send


def test_a_connector_serves_until_the_accounts_are_read_again(
    hub: Hub, signed: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    connect = Entry.connect

    def counted(self: Entry, account: Any, **options: Any) -> Any:
        made.append(account.name)
        return connect(self, account, **options)

    monkeypatch.setattr(Entry, "connect", counted)
    assert [signed(SECRET) for _ in range(3)] == [1, 1, 1]
    assert made == ["web"]
    hub.accounts.forget()
    assert signed(SECRET) == 1
    assert made == ["web", "web"]


def test_a_changed_secret_is_the_only_good_one(connect: Callable[..., None], signed: Callable[[str], int]) -> None:
    assert signed(SECRET) == 1
    connect("web", "fake_shop", base_url=NOWHERE, secret="another, simulated")
    with pytest.raises(InvalidWebhook):
        signed(SECRET)
    assert signed("another, simulated") == 1
