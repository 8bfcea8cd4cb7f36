"""Every connector's polls, while what they list moves: after this poll or the next all that changed was read.

The lists are those of the sandboxes, cut into short pages; between two answers something changes, comes or goes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest

from connectors.easypost.sandbox import PRODUCTION_KEY, EasyPostSandbox
from connectors.kit import registry
from connectors.kit.api import Login, Message
from connectors.kit.errors import NotFound, RetryLater
from connectors.kit.sandbox import Call, SandboxAnswer
from connectors.square.sandbox import TOKEN
from tests.connectors import shopify_side, square_case, test_medusa

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
    polls = tells = "order"
    """The stream that is polled, and the one whose records are looked at."""
    field = "updated_at"
    """Where these say when they last changed."""
    silent: Mapping[tuple[str, str], Any] = {}
    """Lists by date that would bring the same records a second way, and what they answer instead."""

    def answer(self, call: Call) -> SandboxAnswer:
        if (call.method, call.path) in self.silent and call.query.get("order") == self.field:
            return SandboxAnswer(200, self.silent[call.method, call.path])
        if (call.method, call.path) in self.short():  # type: ignore[attr-defined]
            call = self.cut(call)  # type: ignore[attr-defined]
            answer: SandboxAnswer = super().answer(call)  # type: ignore[misc]
            if self.chance is not None:
                for _ in range(self.chance.randrange(3)):
                    self.move(self.chance)  # type: ignore[attr-defined]
            return answer
        found: SandboxAnswer = super().answer(call)  # type: ignore[misc]
        return found

    def cut(self, call: Call) -> Call:
        """The same question about a short page, where a constant of the connector does not make it short."""
        return call

    def records(self) -> list[dict[str, Any]]:
        """All that the list holds."""
        raise NotImplementedError

    def now(self) -> dict[str, str]:
        """When each of them last changed."""
        return {record["id"]: record[self.field] for record in self.records()}

    def move(self, chance: random.Random) -> None:
        """One of them changes."""
        later(some(chance, self.records(), self.field), self.field)


class MovingShopify(Moves, shopify_side.Remote):
    field = "updatedAt"

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

    def records(self) -> list[dict[str, Any]]:
        return list(self.state.of("Order"))

    def move(self, chance: random.Random) -> None:
        if chance.random() < 0.2:
            self.state.place({"MUG": 1})
        else:
            some(chance, self.records(), "updatedAt")["updatedAt"] = self.state.now()


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

    def records(self) -> list[dict[str, Any]]:
        return list(self.state.orders.values())

    def now(self) -> dict[str, str]:
        return {order["id"]: order["updated_at"] for order in self.records() if order.get("returns")}


class MovingMedusa(Moves, test_medusa.Remote):
    """Its list of orders; payments that change bring their order, too, so they keep still."""

    silent: Mapping[tuple[str, str], Any] = {("GET", "/admin/payments"): {"payments": [], "count": 0}}

    def setup(self) -> None:
        super().setup()
        for _ in range(9):
            self.state.place({"SHIRT-M": 1})
        age(self.records(), self.field)

    def short(self) -> Any:
        return {("GET", "/admin/orders")}

    def records(self) -> list[dict[str, Any]]:
        return list(self.state.orders.values())


class MovingPayments(MovingMedusa):
    """Its list of payments, behind a list of orders that keep still."""

    tells = "payment"
    silent: Mapping[tuple[str, str], Any] = {("GET", "/admin/orders"): {"orders": [], "count": 0}}

    def short(self) -> Any:
        return {("GET", "/admin/payments")}

    def records(self) -> list[dict[str, Any]]:
        collections = (one for order in self.state.orders.values() for one in order["payment_collections"])
        return [payment for one in collections for payment in one["payments"]]


class MovingEasyPost(Moves, EasyPostSandbox):
    """Its list of trackers, newest first; half of the parcels are at their end, where only a change is news."""

    polls = tells = "tracker"

    def setup(self) -> None:
        super().setup()
        self.made = 0
        for _ in range(10):
            self.make()
        age(self.records(), "created_at")
        age(self.records(), self.field)

    def make(self) -> None:
        self.made += 1
        tracker, _ = self.state.track(f"1ZSIMULATED{self.made}", "UPS", "production")
        if self.made % 2:
            self.state.scan(tracker, "delivered")

    def short(self) -> Any:
        return {("GET", "/v2/trackers")}

    def records(self) -> list[dict[str, Any]]:
        return list(self.state.trackers.values())

    def move(self, chance: random.Random) -> None:
        what = chance.random()
        if what < 0.2:
            self.make()
        elif what < 0.3:
            del self.state.trackers[chance.choice(self.records())["id"]]
        else:
            later(chance.choice(self.records()), self.field)


SETTINGS: dict[str, tuple[str, Any, Callable[[Any], dict[str, Any]]]] = {
    "shopify": ("shopify", MovingShopify, lambda remote: remote.settings()),
    "square": ("square", MovingSquare, lambda remote: {"base_url": remote.url, "access_token": TOKEN}),
    "medusa": ("medusa", MovingMedusa, lambda remote: test_medusa.TestMedusa().settings(remote)),
    "medusa's payments": ("medusa", MovingPayments, lambda remote: test_medusa.TestMedusa().settings(remote)),
    "easypost": (
        "easypost",
        MovingEasyPost,
        lambda remote: {"base_url": remote.base_url, "api_key": PRODUCTION_KEY, "webhook_secret": "s"},
    ),
}


def read(
    connector: Any, cursor: str | None, remote: Moves, known: dict[str, str], most: int | None = None
) -> str | None:
    """One poll, broken off after `most` pages; the cursor after it."""
    try:
        for number, page in enumerate(connector.poll(remote.polls, cursor)):
            for message in page.messages:
                assert isinstance(message, Message), message
                record = msgspec.json.decode(message.body)
                if message.stream == remote.tells:
                    known[message.external_id] = record[remote.field]
            cursor = page.cursor
            if most is not None and number + 1 >= most:
                return cursor
    except (RetryLater, NotFound):  # NotFound: the record that a page begins after is gone; the hub asks again
        pass
    return cursor


def missed(remote: Moves, known: Mapping[str, str]) -> dict[str, str]:
    """What changed and was not read."""
    return {key: at for key, at in remote.now().items() if known.get(key) != at}


@contextmanager
def connected(what: str) -> Iterator[tuple[Any, Any]]:
    """(sandbox, connector) with short pages, that asks for nothing of the past again: an overlap would hide a loss."""
    system, make, settings = SETTINGS[what]
    entry = registry.load(system)
    streams = {name: replace(stream, overlap=0.0) for name, stream in entry.manifest.streams.items()}
    with make() as remote, pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.medusa.admin.LIMIT", SIZE)
        patch.setattr("connectors.easypost.connector.PAGE", SIZE)
        patch.setattr(entry.connector, "manifest", replace(entry.manifest, streams=streams))
        yield remote, entry.connect(Login(f"{system}-moves", settings(remote)))
    registry.close()


@pytest.mark.parametrize("run", range(4))
@pytest.mark.parametrize("what", SETTINGS)
def test_whatever_moves_is_read_by_this_poll_or_the_next(what: str, run: int, seed: int) -> None:
    chance = random.Random(f"{seed} {what} {run}")
    with connected(what) as (remote, connector):
        cursor: str | None = None
        known: dict[str, str] = {}
        for _ in range(2):
            remote.chance = chance
            cursor = read(connector, cursor, remote, known, chance.choice([None, 1, 2]))
            remote.chance = None
            cursor = read(connector, cursor, remote, known)  # the rest of a reading that was broken off
            cursor = read(connector, cursor, remote, known)
            assert missed(remote, known) == {}


@pytest.mark.parametrize("what", SETTINGS)
def test_a_record_from_the_future_moves_no_cursor(what: str, seed: int) -> None:
    with connected(what) as (remote, connector):
        remote.records()[1][remote.field] = "2099-01-01T00:00:00Z" if what == "shopify" else "2099-01-01T00:00:00.000Z"
        known: dict[str, str] = {}
        cursor = read(connector, None, remote, known)
        assert "2099" not in (cursor or "")
        remote.chance = random.Random(seed)
        for _ in range(5):
            remote.move(remote.chance)
        remote.chance = None
        read(connector, cursor, remote, known)
        assert missed(remote, known) == {}


def test_a_sweep_is_as_old_as_the_list_that_a_cache_kept() -> None:
    with connected("easypost") as (remote, connector):
        fresh = remote.answer

        def kept(call: Call) -> SandboxAnswer:
            at = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
            return replace(fresh(call), headers={"Date": at, "Age": "3600"})

        remote.answer = kept
        cursor = read(connector, None, remote, {})
        done = datetime.fromisoformat(msgspec.json.decode(cursor or "")["done"])
        assert timedelta(minutes=59) < datetime.now(UTC) - done < timedelta(minutes=61)
