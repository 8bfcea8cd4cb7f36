"""Every connector's polls, while what they list moves: after this poll or the next all that changed was read.

The lists are those of the sandboxes, cut into short pages; between two answers something changes, comes or goes.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from connectors.kit import registry
from connectors.kit.api import Account, Message
from connectors.kit.errors import RetryLater
from connectors.kit.sandbox import Answer, Call
from connectors.square.sandbox import TOKEN
from tests.connectors import shopify_side, square_case, test_medusa

SEED = int(os.environ.get("HUB_SEED") or random.randrange(10**9))
SIZE = 3


def later(record: dict[str, Any], field: str) -> None:
    """It changed just now; twice within one millisecond are two moments."""
    at = max(datetime.now(UTC), datetime.fromisoformat(record[field]) + timedelta(milliseconds=1))
    record[field] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(records: Iterable[dict[str, Any]], field: str) -> None:
    """They changed a while ago, one a minute."""
    for number, record in enumerate(records):
        at = datetime.now(UTC) - timedelta(hours=5) + timedelta(minutes=number)
        record[field] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def some(chance: random.Random, records: Iterable[dict[str, Any]], field: str) -> dict[str, Any]:
    """One of them, most often the one that changed longest ago: it stands on a page that was read already."""
    listed = sorted(records, key=lambda record: str(record[field]))
    return listed[0] if chance.random() < 0.7 else chance.choice(listed)


class Moves:
    """Mixed into a sandbox: pages are short, and `move` happens after each page of a list."""

    chance: random.Random | None = None

    def answer(self, call: Call) -> Answer:
        if (call.method, call.path) in self.short():  # type: ignore[attr-defined]
            call = self.cut(call)  # type: ignore[attr-defined]
            answer: Answer = super().answer(call)  # type: ignore[misc]
            if self.chance is not None:
                for _ in range(self.chance.randrange(3)):
                    self.move(self.chance)  # type: ignore[attr-defined]
            return answer
        found: Answer = super().answer(call)  # type: ignore[misc]
        return found


class MovingShopify(Moves, shopify_side.Remote):
    def setup(self) -> None:
        super().setup()
        for _ in range(10):
            self.state.place({"MUG": 1})

    def short(self) -> Any:
        return {("POST", f"/admin/api/{version}/graphql.json") for version in ("2026-07",)}

    def cut(self, call: Call) -> Call:
        body = call.json()
        query = body["query"].replace("orders(first: 50", f"orders(first: {SIZE}")
        return Call(
            call.method, call.path, call.query_string, call.headers, msgspec.json.encode({**body, "query": query})
        )

    def move(self, chance: random.Random) -> None:
        orders = self.state.of("Order")
        if chance.random() < 0.2:
            self.state.place({"MUG": 1})
        else:
            some(chance, orders, "updatedAt")["updatedAt"] = self.state.now()

    def now(self) -> dict[str, str]:
        return {order["id"]: order["updatedAt"] for order in self.state.of("Order")}


class MovingSquare(Moves, square_case.Remote):
    def setup(self) -> None:
        super().setup()
        for _ in range(7):
            sale = self.state.sell({"SHIRT-M": 1})
            self.state.take_back(sale["id"], {"SHIRT-M": 1})
        age(self.state.orders.values(), "updated_at")

    def short(self) -> Any:
        return {("POST", "/v2/orders/search")}

    def cut(self, call: Call) -> Call:
        body = msgspec.json.encode({**call.json(), "limit": SIZE})
        return Call(call.method, call.path, call.query_string, call.headers, body)

    def move(self, chance: random.Random) -> None:
        later(some(chance, self.state.orders.values(), "updated_at"), "updated_at")

    def now(self) -> dict[str, str]:
        return {key: order["updated_at"] for key, order in self.state.orders.items() if order.get("returns")}


class MovingMedusa(Moves, test_medusa.Remote):
    def setup(self) -> None:
        super().setup()
        for _ in range(9):
            self.state.place({"SHIRT-M": 1})
        age(self.state.orders.values(), "updated_at")
        for order in self.state.orders.values():  # a payment that changes brings its order, too
            age([payment for some in order["payment_collections"] for payment in some["payments"]], "updated_at")

    def short(self) -> Any:
        return {("GET", "/admin/orders"), ("GET", "/admin/payments")}

    def cut(self, call: Call) -> Call:
        return call

    def move(self, chance: random.Random) -> None:
        later(some(chance, self.state.orders.values(), "updated_at"), "updated_at")

    def now(self) -> dict[str, str]:
        return {key: order["updated_at"] for key, order in self.state.orders.items()}


SETTINGS: dict[str, tuple[Any, Callable[[Any], dict[str, Any]], str]] = {
    "shopify": (MovingShopify, lambda remote: remote.settings(), "updatedAt"),
    "square": (MovingSquare, lambda remote: {"base_url": remote.url, "access_token": TOKEN}, "updated_at"),
    "medusa": (MovingMedusa, lambda remote: test_medusa.TestMedusa().settings(remote), "updated_at"),
}


def read(connector: Any, cursor: str | None, field: str, known: dict[str, str], most: int | None = None) -> str | None:
    """One poll, broken off after `most` pages; the cursor after it."""
    try:
        for number, page in enumerate(connector.poll("order", cursor)):
            for message in page.messages:
                assert isinstance(message, Message), message
                record = msgspec.json.decode(message.body)
                if message.stream == "order":
                    known[message.external_id] = record[field]
            cursor = page.cursor
            if most is not None and number + 1 >= most:
                return cursor
    except RetryLater:
        pass
    return cursor


@contextmanager
def connected(system: str, remote: Any, settings: dict[str, Any]) -> Iterator[Any]:
    """A connector that asks for nothing of the past again: an overlap would hide what a poll loses."""
    entry = registry.load(system)
    streams = {name: replace(stream, overlap=0.0) for name, stream in entry.manifest.streams.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry.connector, "manifest", replace(entry.manifest, streams=streams))
        yield entry.connect(Account(f"{system}-moves", settings))
    registry.close()


@pytest.mark.parametrize("run", range(4))
@pytest.mark.parametrize("system", SETTINGS)
def test_whatever_moves_is_read_by_this_poll_or_the_next(
    system: str, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    print(f"seed: {SEED} (HUB_SEED={SEED} repeats this run)")
    chance = random.Random(f"{SEED} {system} {run}")
    make, settings, field = SETTINGS[system]
    monkeypatch.setattr("connectors.medusa.admin.LIMIT", SIZE)
    with make() as remote, connected(system, remote, settings(remote)) as connector:
        cursor: str | None = None
        known: dict[str, str] = {}
        for _ in range(2):
            remote.chance = chance
            cursor = read(connector, cursor, field, known, chance.choice([None, 1, 2]))
            remote.chance = None
            cursor = read(connector, cursor, field, known)
            assert {key: at for key, at in remote.now().items() if known.get(key) != at} == {}


@pytest.mark.parametrize("system", SETTINGS)
def test_an_order_from_the_future_moves_no_cursor(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, settings, field = SETTINGS[system]
    monkeypatch.setattr("connectors.medusa.admin.LIMIT", SIZE)
    with make() as remote, connected(system, remote, settings(remote)) as connector:
        records = remote.state.of("Order") if system == "shopify" else list(remote.state.orders.values())
        records[1][field] = "2099-01-01T00:00:00Z" if system == "shopify" else "2099-01-01T00:00:00.000Z"
        known: dict[str, str] = {}
        cursor = read(connector, None, field, known)
        assert "2099" not in (cursor or "")
        remote.chance = random.Random(SEED)
        for _ in range(5):
            remote.move(remote.chance)
        remote.chance = None
        read(connector, cursor, field, known)
        assert {key: at for key, at in remote.now().items() if known.get(key) != at} == {}
