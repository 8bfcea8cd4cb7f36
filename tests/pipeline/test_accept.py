"""Webhooks into the inbox: the connector that checks them is kept, and never longer than what it was made of."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.api import WebhookRequest
from connectors.kit.errors import InvalidWebhook
from connectors.kit.registry import Entry
from hub import configuration
from hub.accounts import Accounts
from hub.boot import Hub, assemble_hub
from hub.pipeline.intake.accept import accept
from hub.settings import Settings
from hub.store import inbox
from hub.store.database import Database
from tests.pipeline.fakes.connector import signature
from tests.pipeline.fakes.processes import SECRET
from tests.pipeline.queries import rows

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


def test_an_account_that_another_process_has_just_added_is_known_to_whoever_reads_its_messages(
    hub: Hub, connect: Callable[..., None], work: Callable[..., int], tmp_path: Path
) -> None:
    connect("erp", "fake_stock", base_url=NOWHERE, orders_of="erp")
    hub.accounts.age = 1000
    assert set(hub.accounts.all()) == {"erp"}
    beside = Database(hub.settings.database_url)
    other = assemble_hub(Settings(data=tmp_path, database_url=hub.settings.database_url), beside)
    account = {"connector": "fake_shop", "settings": {"secret": SECRET, "base_url": NOWHERE}}
    configuration.put(other, "web", account)
    record = json.dumps({"id": "r1", "version": 1, "order": "o1", "number": "1", "lines": []}).encode()
    request = WebhookRequest("POST", "/hooks/web", {"X-Signature": signature(SECRET, record)}, record)
    with other.database.begin() as conn:
        inbox.accept(conn, accept(other.accounts, "web", request))
    beside.close()
    work(("process",))
    said = [error for (error,) in rows(hub, "SELECT error::text FROM inbox WHERE error IS NOT NULL")]
    assert not any("no account" in error for error in said)


def test_who_needs_this_moment_waits_for_a_reading_that_is_under_way() -> None:
    """`all` has the last known ones meanwhile; what is about to be paid must not go by those."""
    begun, go_on, versions = threading.Event(), threading.Event(), iter(["old", "new", "newest"])

    def read() -> Any:
        version = next(versions)
        if version == "new":
            begun.set()
            go_on.wait(10)
        return {"web": version}

    accounts = Accounts(read, age=0.0)
    assert accounts.all() == {"web": "old"}
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(accounts.all)
        assert begun.wait(10)
        assert accounts.all() == {"web": "old"}
        second = pool.submit(accounts.now)
        go_on.set()
        assert (first.result(10), second.result(10)) == ({"web": "new"}, {"web": "newest"})
