"""Ten quick changes of one return are one call to each listener, which says the last state; two where a call is under way."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connectors.generic.sandbox import SECRET, GenericSandbox
from connectors.kit.api import WebhookRequest
from connectors.kit.sandbox import Call, route
from connectors.kit.signing import sign_standard
from hub import configuration
from hub.boot import Hub
from hub.pipeline.intake.accept import accept
from hub.store import inbox

PIECES = 10


class Listener(GenericSandbox):
    """Counts what the hub tells it itself; `meanwhile` happens over here while its first call is under way."""

    pushes = False
    meanwhile: Callable[[], None] | None = None

    @route("POST", "/hub")
    def carry_out(self, call: Call) -> Any:
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        return super().carry_out(call)

    @property
    def heard(self) -> int:
        return sum(call["path"] == "/hub" for call in self.calls)

    @property
    def received(self) -> Decimal:
        (record,) = self.state.returns.values()
        return sum((Decimal(receipt["quantity"]) for receipt in record["receipts"]), Decimal(0))


@pytest.fixture
def listeners() -> Iterator[tuple[Listener, Listener]]:
    """The shop that sold, and the books."""
    with ExitStack() as running:
        yield (
            running.enter_context(Listener(secret=SECRET)),
            running.enter_context(Listener(secret=SECRET)),
        )


@pytest.fixture
def bring(hub: Hub, work: Callable[..., int]) -> Callable[..., None]:
    """bring("shop", "return", record): its push is taken and understood; nobody is told yet."""

    def put(account: str, stream: str, record: dict[str, Any]) -> None:
        name = f"msg-{stream}-{record['id']}-{record['version']}"
        body = msgspec.json.encode({"id": name, "type": f"{stream}.upsert", "data": record})
        request = WebhookRequest("POST", "/", sign_standard(SECRET, name, body, time.time()), body)
        with hub.database.begin() as conn:
            assert all(inbox.accept(conn, accept(hub.accounts, account, request)))
        work(("process",))

    return put


@pytest.fixture
def change(
    hub: Hub, listeners: tuple[Listener, Listener], bring: Callable[..., None], work: Callable[..., int]
) -> Callable[[int], None]:
    """change(3): three pieces have arrived by now at the depot. The return stands authorized with both listeners."""
    shop, books = listeners
    secret = {"webhook_secret": SECRET}
    heard = {"listens": ["opened", "authorized", "received"], "settle": 0}
    for name, kind, settings in (
        ("shop", "storefront", {"url": f"{shop.url}/hub"}),
        ("books", "erp", {"url": f"{books.url}/hub", "orders_of": "shop"}),
        ("depot", "wms", {"orders_of": "shop"}),
    ):
        terms = {"listens": []} if name == "depot" else heard
        wanted = {"connector": "generic", "settings": {"kind": kind, **secret, **settings}, "terms": terms}
        configuration.put(hub, name, wanted)
    order = shop.state.buy({"MUG": PIECES})
    books.state.orders[order["id"]] = copied = copy.deepcopy(order)
    asked = shop.state.ask_back(order["id"], {order["lines"][0]["id"]: PIECES}, "defective")
    bring("shop", "order", order)
    bring("books", "order", copied)
    shop.state.decide({"return": asked["id"], "authorization": "authorized"})
    bring("shop", "return", asked)
    work()
    (row,) = hub.database.run(lambda conn: conn.exec_driver_sql("SELECT id FROM returns WHERE opened").all())

    def arrived(pieces: int) -> None:
        line = {"id": "1", "sku": "MUG", "quantity": pieces, "condition": "good"}
        bring("depot", "receipt", {"id": "GR-1", "version": pieces, "hub_number": f"R{row[0]}", "lines": [line]})

    return arrived


def test_ten_quick_changes_are_one_call_to_each_listener(
    listeners: tuple[Listener, Listener], change: Callable[[int], None], work: Callable[..., int]
) -> None:
    before = [listener.heard for listener in listeners]
    for pieces in range(1, PIECES + 1):
        change(pieces)
    assert [listener.heard for listener in listeners] == before, "somebody was told too early for this test"
    work()
    assert [listener.heard - already for listener, already in zip(listeners, before, strict=True)] == [1, 1]
    assert [listener.received for listener in listeners] == [PIECES, PIECES]


@pytest.mark.parametrize("busy", [0, 1], ids=["shop", "books"])
def test_what_changes_while_a_call_is_under_way_is_said_with_one_more(
    busy: int, listeners: tuple[Listener, Listener], change: Callable[[int], None], work: Callable[..., int]
) -> None:
    before = [listener.heard for listener in listeners]

    def meanwhile() -> None:
        for pieces in range(2, PIECES + 1):
            change(pieces)

    listeners[busy].meanwhile = meanwhile
    change(1)
    work()
    calls = [listener.heard - already for listener, already in zip(listeners, before, strict=True)]
    assert listeners[busy].meanwhile is None, "nothing came while it was told"
    assert calls[busy] == 2
    assert calls[1 - busy] in (1, 2), "told before or after the other one"
    assert [listener.received for listener in listeners] == [PIECES, PIECES]
