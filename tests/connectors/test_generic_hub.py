"""A hub between two systems that only our own door knows: a custom shop that sells, and a warehouse that receives."""

# ruff: noqa: F401, F811 - fixtures of another folder
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.generic.sandbox import SECRET, GenericSandbox
from hub import configuration
from hub.boot import Hub
from hub.pipeline.intake.accept import accept
from hub.store import inbox
from tests.connectors.test_generic_sandbox import push
from tests.pipeline.conftest import hub, work
from tests.pipeline.queries import all_returns, document, hurry, intents, rows

READS = {"read_url": "/records"}


@pytest.fixture
def shop() -> Iterator[GenericSandbox]:
    with GenericSandbox(secret=SECRET) as running:
        yield running


@pytest.fixture
def connect(hub: Hub, shop: GenericSandbox) -> Callable[..., None]:
    """connect(read_url="/records"): the account `shop`, a storefront, and `depot`, a warehouse that only pushes."""

    def make(**more: str) -> None:
        given = {"url": "/hub", **more}
        urls = {name: f"{shop.url}{value}" if value.startswith("/") else value for name, value in given.items()}
        terms = {"money": True, "settle": 0}
        account = {"kind": "storefront", "webhook_secret": SECRET, **urls}
        configuration.put(hub, "shop", {"connector": "generic", "settings": account, "terms": terms})
        account = {"kind": "wms", "webhook_secret": SECRET, "signed_with": "standard", "orders_of": "shop"}
        listens: dict[str, Any] = {"listens": []}
        configuration.put(hub, "depot", {"connector": "generic", "settings": account, "terms": listens})

    return make


@pytest.fixture
def bring(hub: Hub) -> Callable[..., list[bool]]:
    """bring("shop", "return", record): its push is taken; for each message whether it is new."""

    def put(account: str, stream: str, record: dict[str, Any], key: str = "") -> list[bool]:
        name = key or f"msg-{stream}-{record['id']}-{record['version']}"
        arrivals = accept(hub.accounts, account, push(f"{stream}.upsert", record, name))
        with hub.database.begin() as conn:
            return inbox.accept(conn, arrivals)

    return put


@pytest.fixture
def asked(shop: GenericSandbox, bring: Callable[..., Any], work: Callable[..., int]) -> Callable[..., Any]:
    """asked(): a customer bought two mugs and asks to return both; the shop's record."""

    def play() -> dict[str, Any]:
        order = shop.state.buy({"MUG": 2})
        record = shop.state.ask_back(order["id"], {order["lines"][0]["id"]: 2}, "defective")
        bring("shop", "order", order)
        bring("shop", "return", record)
        work()
        return record

    return play


def goods(number: str, **more: Any) -> dict[str, Any]:
    line = {"id": "1", "sku": "MUG", "quantity": 2, "condition": "good", **more}
    return {"id": "GR-1", "version": 1, "hub_number": number, "lines": [line]}


def authorized(shop: GenericSandbox, bring: Callable[..., Any], record: dict[str, Any]) -> None:
    shop.state.decide({"return": record["id"], "authorization": "authorized"})
    bring("shop", "return", record)


@pytest.mark.proves("echo", "generic")
@pytest.mark.parametrize("answers", ["records", "objects", "nothing"])
@pytest.mark.parametrize("read", [{}, READS], ids=["not read", "read"])
def test_goods_that_arrive_at_the_depot_are_told_to_the_shop_once(
    read: dict[str, str], answers: str, hub: Hub, shop: GenericSandbox, connect: Any, asked: Any, bring: Any, work: Any
) -> None:  # fmt: skip
    """The ways in which the shop can show what it did; without any, its own push is waited for."""
    connect(**read)
    shop.answers, shop.state.ours = answers, answers == "nothing"
    record = asked()
    authorized(shop, bring, record)
    (one,) = all_returns(hub)
    bring("depot", "receipt", goods(f"R{one.id}"))
    work()
    assert [effect["kind"] for effect in shop.effects] == ["receive"]
    assert len(record["receipts"]) == 1
    seen = bool(read) or answers == "records"
    assert intents(hub) == [("receive", "done" if seen else "sent")]
    assert all_returns(hub)[0].sync["shop"] == ("in_sync" if seen else "awaiting")
    if not seen:
        hurry(hub)
        work()
        assert [effect["kind"] for effect in shop.effects] == ["receive"], "it was told twice while it was silent"
        bring("shop", "return", record)
        work()
        assert intents(hub) == [("receive", "done")]
        assert all_returns(hub)[0].sync["shop"] == "in_sync"
    (line,) = document(hub, one.id).lines
    assert line.received == 2


def test_who_names_no_twin_and_gives_ids_of_its_own_seems_to_tell_of_another_event(
    hub: Hub,
    shop: GenericSandbox,
    connect: Any,
    asked: Any,
    bring: Any,
    work: Any,
) -> None:
    """Not a wish, but what README.md warns of: the hub says so, and tells nobody more of it."""
    connect(**READS)
    shop.answers = "nothing"
    record = asked()
    authorized(shop, bring, record)
    (one,) = all_returns(hub)
    bring("depot", "receipt", goods(f"R{one.id}"))
    work()
    assert document(hub, one.id).lines[0].received == 4
    assert all_returns(hub)[0].sync["shop"] == "blocked"
    assert [effect["kind"] for effect in shop.effects] == ["receive"]


def test_a_key_names_one_message(hub: Hub, shop: GenericSandbox, connect: Any, bring: Any, work: Any) -> None:
    connect()
    order = shop.state.buy({"MUG": 2})
    record = shop.state.ask_back(order["id"], {order["lines"][0]["id"]: 2}, "defective")
    assert bring("shop", "return", record, "key-1") == [True]
    assert bring("shop", "return", record, "key-1") == [False]
    assert bring("shop", "return", {**record, "status": "changed", "version": 99}, "key-1") == [False]
    assert bring("shop", "return", record, "key-2") == [True]
    work()
    assert len(all_returns(hub)) == 1


def test_an_older_version_that_comes_late_changes_nothing(
    hub: Hub,
    shop: GenericSandbox,
    connect: Any,
    bring: Any,
    work: Any,
) -> None:
    connect()
    for version, word in ((10, "authorized"), (9, "requested"), (11, None)):
        statement = {"authorization": {"value": word}} if word else {}
        line = {"id": "1", "sku": "MUG", "quantity": 1}
        bring("shop", "return", {"id": "RET-1", "version": version, "lines": [line], **statement})
        work()
        (one,) = all_returns(hub)
        assert document(hub, one.id).axes.authorization.value == "authorized"


def test_a_refund_is_paid_once_by_the_shop_that_holds_the_money(
    hub: Hub,
    shop: GenericSandbox,
    connect: Any,
    asked: Any,
    bring: Any,
    work: Any,
) -> None:
    connect()
    record = asked()
    authorized(shop, bring, record)
    (one,) = all_returns(hub)
    bring("depot", "receipt", goods(f"R{one.id}"))
    work()
    bring("depot", "credit", {"id": "CN-1", "version": 1, "hub_number": f"R{one.id}", "state": "posted",
                              "amount": "25.00", "currency": "EUR"})  # fmt: skip
    shop.fault("answer_after", method="POST", status=500)  # the payment is done, the answer is lost
    work()
    assert intents(hub)[-1] == ("refund", "unknown")
    hurry(hub)
    work()
    assert [effect["kind"] for effect in shop.effects] == ["receive", "refund"]
    assert shop.state.orders[record["order"]["id"]]["payments"][0]["refunded"] == "25.00"
    merged = document(hub, one.id)
    assert (merged.money.refunded, merged.axes.settlement) == (25, "settled")
    assert all_returns(hub)[0].sync["shop"] == "in_sync"


def test_a_return_is_created_in_a_warehouse_that_is_told(
    hub: Hub,
    shop: GenericSandbox,
    connect: Any,
    bring: Any,
    work: Any,
) -> None:
    """The sandbox as the other side: a warehouse that knows the order and is told of the return."""
    connect()
    account = {"kind": "storefront", "webhook_secret": SECRET}
    configuration.put(hub, "web", {"connector": "generic", "settings": account, "terms": {"listens": []}})
    account = {"kind": "wms", "webhook_secret": SECRET, "url": f"{shop.url}/hub", "orders_of": "web"}
    configuration.put(hub, "store", {"connector": "generic", "settings": account, "terms": {"settle": 0}})
    number = shop.state.buy({"MUG": 2})["number"]
    line = {"id": "1", "sku": "MUG", "quantity": 2, "reason": "defective"}
    record = {"id": "A", "version": 1, "order": {"id": "1", "number": number}, "lines": [line]}
    bring("web", "return", {**record, "authorization": {"value": "requested"}})
    work()
    (made,) = shop.state.returns.values()
    (one,) = all_returns(hub)
    assert (made["hub_number"], made["lines"][0]["reason"]) == (f"R{one.id}", "defective")
    assert document(hub, one.id).objects["store"] == {"return": made["id"]}
    assert one.sync["store"] == "in_sync"
    bring("web", "return", {**record, "version": 2, "authorization": {"value": "authorized"}})
    work()
    assert made["status"] == "authorized"
    assert [effect["kind"] for effect in shop.effects] == ["create_return", "authorize"]
    assert all_returns(hub)[0].sync["store"] == "in_sync"


def test_a_shop_where_nobody_approves_is_told_of_goods_all_the_same(
    hub: Hub, shop: GenericSandbox, connect: Any, asked: Any, bring: Any, work: Any
) -> None:
    """Silent on authorization: it is not asked to authorize before it may receive."""
    connect(silent="authorization")
    asked()
    (one,) = all_returns(hub)
    bring("depot", "receipt", goods(f"R{one.id}"))
    work()
    assert [effect["kind"] for effect in shop.effects] == ["receive"]
    assert all_returns(hub)[0].sync["shop"] == "in_sync"


def test_what_the_shop_has_not_is_asked_once_and_shown(
    hub: Hub, shop: GenericSandbox, connect: Any, bring: Any, work: Any
) -> None:
    """It wants another size for what comes back, and answers 410 when it is asked to send one."""
    connect()
    order = shop.state.buy({"MUG": 2})
    record = shop.state.ask_back(order["id"], {order["lines"][0]["id"]: 2}, "defective")
    record["lines"][0] |= {"resolution": "exchange", "wanted_sku": "TEAPOT"}
    authorized(shop, bring, record)
    for _ in range(2):
        work()
        hurry(hub)
    assert intents(hub) == [("exchange", "no_way")]
    assert all_returns(hub)[0].sync["shop"] == "blocked"
    assert [call["status"] for call in shop.calls] == [410]
    assert shop.effects == []


def test_who_only_pushes_is_never_called(hub: Hub, shop: GenericSandbox, connect: Any, bring: Any, work: Any) -> None:
    connect(url="")
    account = hub.accounts.get("depot")
    assert (account.terms.can, account.entry.capabilities.fetches) == (frozenset(), ())
    line = {"id": "1", "sku": "MUG", "quantity": 1}
    bring("depot", "return", {"id": "D-1", "version": 1, "origin": "blind", "lines": [line]})
    work()
    assert all_returns(hub)[0].sync["depot"] == "in_sync"
    assert intents(hub) == []


def test_a_version_from_the_future_freezes_nothing(
    hub: Hub, connect: Callable[..., None], bring: Callable[..., Any], work: Callable[..., int]
) -> None:
    """A till with a wrong clock says 2099, and is set right: what it says then counts."""
    connect()
    record = {
        "id": "RET-9",
        "currency": "EUR",
        "order": {"number": "#9"},
        "origin": "request",
        "requested_at": "2026-03-01T10:00:00Z",
    }

    def say(at: datetime, status: str) -> str:
        news = {**record, "updated_at": at.isoformat(), "authorization": {"value": status}}
        with hub.database.begin() as conn:
            inbox.accept(conn, accept(hub.accounts, "depot", push("return.upsert", news, f"msg-{at.isoformat()}")))
        work(("process",))
        assert rows(hub, "SELECT error FROM inbox") == []
        ((fragment,),) = rows(
            hub, "SELECT convert_from(fragment, 'UTF8')::json->'authorization'->>'value' FROM observations"
        )
        return str(fragment)

    now = datetime.now(UTC)
    assert say(now - timedelta(hours=2), "requested") == "requested"
    assert say(now + timedelta(days=9_999), "authorized") == "authorized"
    assert say(now - timedelta(hours=1), "requested") == "authorized", "it is older than that word came"
    assert say(now + timedelta(days=9_998), "requested") == "authorized", "of two from one wrong clock the later counts"
    assert say(datetime.now(UTC) + timedelta(seconds=1), "rejected") == "rejected"
