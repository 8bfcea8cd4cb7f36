"""The console over a database of simulated returns; what it has the application do is written down in lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.test import Client

from connectors.kit.errors import InvalidWebhook
from connectors.kit.manifest import WebhookAnswer
from hub.actions.people import NotNow
from hub.actions.registry import ACTIONS
from hub.model.concerns import Expected
from hub.settings import Settings
from hub.store.database import Database
from hub.web import create_app
from tests.web.build import fill


@dataclass
class Site:
    """The whole callable with a client, and what reached the rest of the hub."""

    client: Client
    put: list[Any] = field(default_factory=list)
    done: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    """Raised by the writer, one per call."""
    perform: Any = None
    """What its pages call when a person does something."""

    def get(self, path: str, lang: str = "en", status: int = 200) -> str:
        response = self.client.get(path, headers={"Accept-Language": lang})
        assert response.status_code == status, response.text
        return response.text


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    with opened.begin() as conn:
        fill(conn)
    yield opened
    opened.close()


class FakeHub:
    """What the web uses of the application; one account, `web`. `options` take the place of what is here."""

    def __init__(self, site: Site, database: Any, settings: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self.site = site
        self.database = database
        self.settings = Settings(**settings)
        self.answer: WebhookAnswer | None = None
        self.accounts = self.install = self.writer = self
        self.patience = 10.0
        vars(self).update(options)

    # -- the accounts

    def watch(self) -> Mapping[str, str]:
        return {"web": "healthy"}

    def get(self, account: str) -> Any:
        webhook = SimpleNamespace(answer=self.answer)
        return SimpleNamespace(entry=SimpleNamespace(name="generic", manifest=SimpleNamespace(webhook=webhook)))

    def expected(self) -> Mapping[str, Expected]:
        return {}

    def offered(self) -> frozenset[str]:
        return frozenset()

    # -- webhooks

    def accept(self, account: str, request: Any) -> list[str]:
        self.site.requests.append(request)
        if request.header("X-Signature") != "good":
            raise InvalidWebhook("the signature does not fit the body")
        if not request.body.startswith(b"{"):
            raise ValueError("not JSON: unexpected character at byte 0")
        return [request.body.decode()]

    def put(self, arrivals: list[str]) -> None:
        if self.site.fails:
            raise self.site.fails.pop()
        self.site.put.extend(arrivals)

    def offer(self, arrivals: list[str], stored: Any) -> Any:
        self.put(arrivals)
        stored()
        return self

    def result(self, seconds: float) -> None:
        """It is durable already."""

    def close(self) -> None:
        """Nothing is queued."""

    # -- what people do

    def perform(self, name: str, data: Mapping[str, Any], who: str = "") -> str | None:
        action = ACTIONS[name]
        arguments = tuple(action.read(data).values())
        if arguments[0] == 404:
            raise LookupError("there is nothing under number 404; it may be done already")
        if arguments[0] == 409:
            raise NotNow("not_waiting", id=409)
        self.site.done.append((name, arguments))
        return "R1009" if "{}" in action.done[1] else None


def make_site(database: Any, *, settings: Mapping[str, Any] = {}, **options: Any) -> Site:
    site = Site(client=None)  # type: ignore[arg-type]
    hub = FakeHub(site, database, settings, options)
    site.perform = hub.perform
    site.client = Client(create_app(hub))  # type: ignore[arg-type]
    return site


@pytest.fixture
def site(database: Database) -> Site:
    return make_site(database)
