"""One return between two fake systems (simulated), hop by hop; shown by what stands in the remote afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.kit.api import WebhookRequest
from hub.boot import Hub
from hub.pipeline.accept import accept
from hub.store import console, inbox
from tests.pipeline.fakes.connector import signature


class Remote:
    """A fake remote in its own process; `do` plays its people, `told` takes what it has to tell."""

    def __init__(self, kind: str, **options: Any) -> None:
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.pipeline.fakes.remote", "--kind", kind, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def do(self, what: str, **words: Any) -> Any:
        request = urllib.request.Request(f"{self.url}/__{what}", json.dumps(words).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def get(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/__{what}", timeout=10) as answer:
            return json.load(answer)

    def stop(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()
        self.process.wait(10)


@pytest.fixture
def shop() -> Iterator[Remote]:
    remote = Remote("shop")
    yield remote
    remote.stop()


@pytest.fixture
def stock() -> Iterator[Remote]:
    remote = Remote("stock")
    yield remote
    remote.stop()


@pytest.fixture
def both(hub: Hub, connect: Callable[..., None], shop: Remote, stock: Remote) -> None:
    connect("web", "fake_shop", base_url=shop.url)
    connect("erp", "fake_stock", base_url=stock.url, orders_of="web", terms={"decides": True})


@pytest.fixture
def deliver(hub: Hub) -> Callable[[Remote, str], None]:
    """Bring what a remote has to tell to the hub, as its webhooks would."""

    def bring(remote: Remote, account: str) -> None:
        for record in remote.do("told"):
            body = json.dumps(record).encode()
            headers = {"X-Signature": signature("s3cret", body)}
            arrivals = accept(hub.accounts, account, WebhookRequest("POST", "/", headers, body))
            with hub.database.begin() as conn:
                inbox.accept(conn, arrivals)

    return bring


def only_return(hub: Hub) -> Any:
    with hub.database.begin() as conn:
        (found,) = console.search(conn).rows
    return found


def test_a_return_travels_both_ways(
    hub: Hub, both: None, shop: Remote, stock: Remote, work: Callable[..., int], deliver: Callable[..., None]
) -> None:
    shop.do("buy", order="12", lines=[{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}])
    asked = shop.do("request", order="12", lines=[{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}])
    deliver(shop, "web")
    work()
    (created,) = stock.get("state").values()
    assert created["reference"] == f"R{only_return(hub).id}"
    assert created["lines"][0]["quantity"] == 2

    stock.do("authorize", id=created["id"])
    stock.do("arrive", id=created["id"], line="SHIRT-M", quantity=1, condition="good")
    deliver(stock, "erp")
    work()
    assert [r["quantity"] for r in shop.get("state")[asked["id"]]["receipts"]] == [1]

    stock.do("arrive", id=created["id"], line="SHIRT-M", quantity=1, condition="damaged")
    deliver(stock, "erp")
    work()
    assert [r["condition"] for r in shop.get("state")[asked["id"]]["receipts"]] == ["good", "damaged"]

    stock.do("post_credit", id=created["id"], amount="158.00")
    deliver(stock, "erp")
    work()
    assert [r["amount"] for r in shop.get("state")[asked["id"]]["refunds"]] == ["158.00"]

    for remote, account in ((shop, "web"), (stock, "erp")):
        deliver(remote, account)
    assert work() > 0
    found = only_return(hub)
    assert (found.status, found.doc.discrepancies) == ("completed", ())
    assert dict(found.sync) == {"web": "in_sync", "erp": "in_sync"}
    assert [effect["what"] for effect in shop.get("effects")] == ["receive", "receive", "refund"]
    assert [effect["what"] for effect in stock.get("effects")] == ["create"]
