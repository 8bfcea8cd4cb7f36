"""What a call to another system may have changed is told by the session that sent, not by the error that came last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.kit.api import Connector
from connectors.kit.errors import OutcomeUnknown, RateLimited, Rejected
from connectors.kit.sandbox import Answer
from hub.boot import Hub
from hub.pipeline.remote import call
from tests.kit.server import Told


@pytest.fixture
def remote() -> Iterator[Told]:
    with Told() as running:
        yield running


def pay_and_look(connector: Connector) -> Any:
    connector.http.post("/pay")
    return connector.http.get("/paid")


def look(connector: Connector) -> Any:
    return connector.http.get("/paid")


def pay_and_stumble(connector: Connector) -> Any:
    connector.http.post("/pay")
    raise KeyError("items")


@pytest.mark.parametrize(
    ("do", "answers", "error", "changed"),
    [
        (pay_and_look, [Answer(200), Answer(429, headers={"Retry-After": "9"})], RateLimited, True),
        (pay_and_look, [Answer(429, headers={"Retry-After": "9"})], RateLimited, False),
        (look, [Answer(429, headers={"Retry-After": "9"})], RateLimited, False),
        (pay_and_look, [Answer(422)], Rejected, False),
        (pay_and_look, [Answer(500)], OutcomeUnknown, True),
        (pay_and_stumble, [Answer(200)], KeyError, True),
        (pay_and_look, [Answer(200)], None, True),
    ],
)
def test_an_outcome_says_whether_something_may_have_changed(
    hub: Hub, connect: Callable[..., None], remote: Told, do: Any, answers: list[Any], error: Any, changed: bool
) -> None:
    connect("web", "fake_shop", base_url=remote.url)
    remote.answers = answers
    outcome = call(hub.accounts.get("web"), do)
    assert type(outcome.error) is (error or type(None))
    assert outcome.changed == changed


def test_one_attempt_knows_nothing_of_the_one_before(hub: Hub, connect: Callable[..., None], remote: Told) -> None:
    connect("web", "fake_shop", base_url=remote.url)
    assert call(hub.accounts.get("web"), pay_and_look).changed
    assert not call(hub.accounts.get("web"), look).changed
