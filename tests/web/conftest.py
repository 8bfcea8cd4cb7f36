"""The console over a database of simulated returns; what boot would inject is written down in lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.test import Client

from connectors.kit.errors import InvalidWebhook
from hub.actions.people import NotNow
from hub.actions.registry import ACTIONS
from hub.store.database import Database
from hub.store.tables import metadata
from hub.web import Services, create_app
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
def database(empty_database_url: str) -> Iterator[Database]:
    opened = Database(empty_database_url)
    with opened.begin() as conn:
        metadata.create_all(conn.sql)
        fill(conn)
    yield opened
    opened.close()


def make_site(database: Any, actions: Iterable[str] = ACTIONS, **options: Any) -> Site:
    site = Site(client=None)  # type: ignore[arg-type]

    def accept(account: str, request: Any) -> list[str]:
        site.requests.append(request)
        if account != "web":
            raise KeyError(account)
        if request.header("X-Signature") != "good":
            raise InvalidWebhook("the signature does not fit the body")
        if not request.body.startswith(b"{"):
            raise ValueError("not JSON: unexpected character at byte 0")
        return [request.body.decode()]

    class Writer:
        patience = 10.0

        def put(self, arrivals: list[str]) -> None:
            if site.fails:
                raise site.fails.pop()
            site.put.extend(arrivals)

        def offer(self, arrivals: list[str], told: Any) -> Any:
            self.put(arrivals)
            told()
            return self

        def result(self, seconds: float) -> None:
            """It is durable already."""

        def close(self) -> None:
            pass

    def perform(name: str, data: Mapping[str, Any]) -> str | None:
        action = ACTIONS[name]
        arguments = tuple(action.read(data).values())
        if arguments[0] == 404:
            raise LookupError("there is nothing under number 404; it may be done already")
        if arguments[0] == 409:
            raise NotNow("not_waiting", id=409)
        site.done.append((name, arguments))
        return "R1009" if "{}" in action.done[1] else None

    injected = {
        "database": database,
        "accept": accept,
        "writer": Writer(),
        "refusals": (NotNow, ValueError, LookupError),
        "actions": frozenset(actions),
        "perform": perform,
        **options,
    }
    site.perform = perform
    site.client = Client(create_app(Services(**injected)))
    return site


@pytest.fixture
def site(database: Database) -> Site:
    return make_site(database)
