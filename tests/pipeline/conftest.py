"""A hub on a fresh database whose jobs are worked off by hand, so that a test decides what happens when."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.api import WebhookRequest
from hub import configuration
from hub.boot import Hub, assemble_hub
from hub.pipeline.intake.accept import accept
from hub.settings import Settings
from hub.store import inbox
from hub.store.database import Database
from tests.pipeline.channels import counter, order, request
from tests.pipeline.fakes import systems
from tests.pipeline.fakes.connector import signature
from tests.pipeline.fakes.processes import SECRET, Remote
from tests.pipeline.queries import all_returns, work_off


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    """Everything wired; no threads, no clock."""
    systems.register()
    database = Database(database_url)
    yield assemble_hub(Settings(data=tmp_path, database_url=database_url), database)
    database.close()


@pytest.fixture
def connect(hub: Hub) -> Callable[..., None]:
    """connect("web", "fake_shop", base_url=..., terms={...}): an account without a settle time, money on."""

    def make(name: str, connector: str, *, terms: dict[str, Any] | None = None, **settings: Any) -> None:
        wanted = {
            "connector": connector,
            "settings": {"secret": SECRET, **settings},
            "terms": {"settle": 0, "money": True, **(terms or {})},
        }
        configuration.put(hub, name, wanted)

    return make


@pytest.fixture
def work(hub: Hub) -> Callable[..., int]:
    """work(): dispatch and work off every due job until nothing is due; how many jobs there were."""

    return partial(work_off, hub)


@pytest.fixture
def shop() -> Iterator[Remote]:
    """A shop in its own process, with good manners."""
    remote = Remote("shop")
    yield remote
    remote.stop()


@pytest.fixture
def stock() -> Iterator[Remote]:
    """A stock book in its own process, with good manners."""
    remote = Remote("stock")
    yield remote
    remote.stop()


@pytest.fixture
def both(connect: Callable[..., None], shop: Remote, stock: Remote) -> None:
    """The accounts `web` (shop) and `erp` (stock, which decides)."""
    connect("web", "fake_shop", base_url=shop.url)
    connect("erp", "fake_stock", base_url=stock.url, orders_of="web", terms={"decides": True})


@pytest.fixture
def post(hub: Hub) -> Callable[[str, Any], list[bool]]:
    """post("web", record): its signed webhook is accepted; for each message whether it is new."""

    def send(account: str, record: Any) -> list[bool]:
        body = json.dumps(record).encode()
        headers = {"X-Signature": signature(SECRET, body)}
        arrivals = accept(hub.accounts, account, WebhookRequest("POST", "/", headers, body))
        with hub.database.begin() as conn:
            return inbox.accept(conn, arrivals)

    return send


@pytest.fixture
def deliver(post: Callable[[str, Any], list[bool]]) -> Callable[[Remote, str], None]:
    """deliver(shop, "web"): bring what a remote has to tell to the hub, as its webhooks would."""

    def bring(remote: Remote, account: str) -> None:
        for record in remote.do("outgoing"):
            post(account, record)

    return bring


@pytest.fixture
def begun(
    both: None, shop: Remote, stock: Remote, work: Callable[..., int], deliver: Callable[..., None]
) -> tuple[str, str]:
    """One return of two pieces that stands in both systems, requested; its ids there."""
    lines = [{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}]
    shop.do("buy", order="12", lines=lines)
    asked = shop.do("request", order="12", lines=lines)
    deliver(shop, "web")
    work()
    deliver(stock, "erp")
    work()
    (created,) = stock.get("state")
    return asked["id"], created


@pytest.fixture
def channels(connect: Callable[..., None]) -> Callable[..., None]:
    """channels(settle=60): a shop, its ERP and a till, none of which can be reached."""

    def make(settle: float = 60.0, **terms: Any) -> None:
        for name, of in (("web", "fake_shop"), ("erp", "fake_stock"), ("till", "fake_till")):
            more = {} if name == "web" else {"orders_of": "web"}
            configured = {"settle": settle, **terms}
            connect(name, of, base_url="http://127.0.0.1:9", terms=configured, **more)

    return make


@pytest.fixture
def two_channels(
    channels: Callable[..., None], hub: Hub, post: Callable[[str, Any], list[bool]], work: Callable[..., int]
) -> int:
    """The customer asked at the shop and brought it to the till: one return, bound without proof."""
    channels()
    post("web", order())
    post("web", request("w1"))
    work(("process",))
    post("till", counter("t1"))
    work(("process",))
    (one,) = all_returns(hub)
    return int(one.id)


@pytest.fixture
def asked(both: None, shop: Remote, deliver: Callable[..., None], work: Callable[..., int]) -> None:
    """A return that the stock book has to be told of."""
    lines = [{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}]
    shop.do("buy", order="12", lines=lines)
    shop.do("request", order="12", lines=lines)
    deliver(shop, "web")
    work(("process",))


@pytest.fixture
def due(
    hub: Hub, begun: tuple[str, str], stock: Remote, deliver: Callable[..., None], work: Callable[..., int]
) -> tuple[str, str]:
    """Goods are back, the credit note is posted: the shop has to pay 158.00."""
    stock.do("authorize", id=begun[1])
    stock.do("arrive", id=begun[1], line="SHIRT-M", quantity=2, condition="good")
    deliver(stock, "erp")
    work()
    stock.do("post_credit", id=begun[1], amount="158.00")
    deliver(stock, "erp")
    work(("process",))
    return begun
