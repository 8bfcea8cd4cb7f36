"""What a call to another system may have changed is told by the session that sent, not by the error that came last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.kit.api import Connector
from connectors.kit.errors import NotYet, OutcomeUnknown, RateLimited, Rejected, RetryLater, Unauthorized
from connectors.kit.sandbox import SandboxAnswer
from hub import checkup
from hub.boot import Hub
from hub.pipeline.remote import call, postpone
from hub.store import accounts, claims, jobs
from hub.store.database import Connection
from tests.kit.server import Scripted
from tests.pipeline.fakes.connector import Shop
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import rows


@pytest.fixture
def remote() -> Iterator[Scripted]:
    with Scripted() as running:
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
        (pay_and_look, [SandboxAnswer(200), SandboxAnswer(429, headers={"Retry-After": "9"})], RateLimited, True),
        (pay_and_look, [SandboxAnswer(429, headers={"Retry-After": "9"})], RateLimited, False),
        (look, [SandboxAnswer(429, headers={"Retry-After": "9"})], RateLimited, False),
        (pay_and_look, [SandboxAnswer(422)], Rejected, False),
        (pay_and_look, [SandboxAnswer(500)], OutcomeUnknown, True),
        (pay_and_stumble, [SandboxAnswer(200)], KeyError, True),
        (pay_and_look, [SandboxAnswer(200)], None, True),
    ],
)
def test_an_outcome_says_whether_something_may_have_changed(
    hub: Hub, connect: Callable[..., None], remote: Scripted, do: Any, answers: list[Any], error: Any, changed: bool
) -> None:
    connect("web", "fake_shop", base_url=remote.url)
    remote.answers = answers
    outcome = call(hub.accounts.get("web"), do)
    assert type(outcome.error) is (error or type(None))
    assert outcome.changed == changed


def test_one_attempt_knows_nothing_of_the_one_before(hub: Hub, connect: Callable[..., None], remote: Scripted) -> None:
    connect("web", "fake_shop", base_url=remote.url)
    assert call(hub.accounts.get("web"), pay_and_look).changed
    assert not call(hub.accounts.get("web"), look).changed


class Away(RetryLater):
    """A page of a proxy that says when to come back."""


@pytest.mark.parametrize(
    ("problem", "least", "most"),
    [
        (RetryLater("connection refused"), 1, 300),
        (Away("maintenance", after=86_400.0), 299, 300),
        (KeyError("items"), 1, 300),
        (Rejected("no"), 1, 300),
        (RateLimited("enough for today", after=7_200.0), 7_190, 7_200),
        (NotYet("the lease is young", after=900.0), 890, 900),
        (Unauthorized("401"), 59, 60),
    ],
)
@pytest.mark.parametrize("failures", [0, 3, 50])
def test_a_read_backs_off_to_five_minutes_at_most(
    hub: Hub, both: None, problem: Exception, least: float, most: float, failures: int
) -> None:
    hub.database.run(lambda conn: jobs.want(conn, "poll", [("web", "return")]))
    rows(hub, f"UPDATE jobs SET attempts = {failures} RETURNING 1")
    (job,) = hub.database.run(lambda conn: claims.claim(conn, ["poll"], "t", 5))
    hub.database.run(lambda conn: postpone(conn, job, problem))
    ((seconds,),) = rows(hub, "SELECT extract(epoch FROM due - clock_timestamp()) FROM jobs")
    assert least <= seconds <= most


def test_a_system_that_was_away_for_hours_is_read_as_soon_as_it_tells_of_something(
    hub: Hub, both: None, shop: Remote, deliver: Callable[..., None], monkeypatch: pytest.MonkeyPatch, work: Any
) -> None:
    tries: list[str] = []

    def poll(self: Any, stream: str, cursor: str | None) -> Any:
        tries.append(stream)
        raise RetryLater("connection refused")

    monkeypatch.setattr(Shop, "poll", poll)
    hub.database.run(lambda conn: jobs.want(conn, "poll", [("web", "return")]))
    for _ in range(9):
        rows(hub, "UPDATE jobs SET due = clock_timestamp() RETURNING 1")
        rows(hub, "UPDATE accounts SET blocked_until = NULL RETURNING 1")
        hub.poll(hub.database.run(lambda conn: claims.claim(conn, ["poll"], "t", 5)))
    assert rows(hub, "SELECT state FROM accounts WHERE name = 'web'") == [("degraded",)]
    tries.clear()
    shop.do("buy", order="12", lines=[])
    deliver(shop, "web")
    work()
    assert tries == ["return"]


def test_a_check_that_is_answered_has_everything_done_now(hub: Hub, both: None) -> None:
    def away(conn: Connection) -> None:
        for _ in range(accounts.BREAKER):
            accounts.failed(conn, "web", "no answer")
        jobs.want(conn, "poll", [("web", "return")])
        assert not claims.claim(conn, ["poll"], "t", 1), "it rests"

    hub.database.run(away)
    assert rows(hub, "SELECT count(*) FROM jobs WHERE due > clock_timestamp()") == [(1,)]
    assert checkup.check(hub, "web").ok
    assert rows(hub, "SELECT state FROM accounts WHERE name = 'web'") == [("healthy",)]
    assert rows(hub, "SELECT count(*) FROM jobs WHERE due > clock_timestamp()") == [(0,)]


def test_a_check_that_nobody_answers_ends_no_rest(hub: Hub, connect: Callable[..., None]) -> None:
    connect("web", "fake_shop", base_url="http://127.0.0.1:9")
    for _ in range(accounts.BREAKER):
        hub.database.run(lambda conn: accounts.failed(conn, "web", "no answer"))
    assert not checkup.check(hub, "web").ok
    assert rows(hub, "SELECT state, blocked_until IS NULL FROM accounts") == [("degraded", False)]
