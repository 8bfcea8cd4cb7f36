"""The database away in the middle of a read: nothing is sent, and no record is taken for one that cannot be read."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import psycopg.errors
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from connectors.kit import alone, oauth, registry
from connectors.kit.attempt import Attempt
from connectors.kit.errors import HubFailed, OverBudget
from connectors.kit.oauth import Grant
from hub.boot import Hub, _budget
from hub.grants import StoredGrants
from hub.pipeline.remote import Outcome
from hub.pipeline.writes.outcome_words import outcome_word


class Away:
    """A database that takes nobody in at the moment."""

    def __init__(self, trouble: psycopg.Error) -> None:
        self.trouble = trouble

    def begin(self) -> Any:
        raise OperationalError("BEGIN", {}, self.trouble)


TROUBLE = {
    psycopg.errors.TooManyConnections: "away",
    psycopg.errors.DeadlockDetected: "busy",
    psycopg.errors.LockNotAvailable: "busy",
    psycopg.errors.QueryCanceled: "busy",
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_no_record_is_unreadable_because_of_it(trouble: type[psycopg.Error]) -> None:
    entry = registry.load("medusa")
    take = _budget(Away(trouble()), "web", entry, "live", Attempt())  # type: ignore[arg-type]
    with pytest.raises(OverBudget, match=f"the hub's own database is {TROUBLE[trouble]}") as met:
        list(alone.each("order", [{"id": "1"}], lambda record: take(next(iter(entry.manifest.budgets)))))
    assert met.value.after == 1.0


@pytest.mark.parametrize("ask", [StoredGrants.read, lambda grants: grants.swap(None, Grant("a"))], ids=["read", "swap"])
def test_nor_where_its_grant_cannot_be_read_or_changed(ask: Callable[[StoredGrants], Any]) -> None:
    grants = StoredGrants(Away(psycopg.errors.AdminShutdown()), None, "web")  # type: ignore[arg-type]
    with pytest.raises(OverBudget, match="the hub's own database is away"):
        list(alone.each("order", [{"id": "1"}], lambda record: ask(grants)))


def test_nor_where_all_connections_are_in_use() -> None:
    entry = registry.load("medusa")
    database = SimpleNamespace(begin=lambda: (_ for _ in ()).throw(NoConnection("QueuePool limit reached")))
    take = _budget(database, "web", entry, "live", Attempt())  # type: ignore[arg-type]
    with pytest.raises(OverBudget, match="the hub's own database is busy"):
        list(alone.each("order", [{"id": "1"}], lambda record: take(next(iter(entry.manifest.budgets)))))


def test_a_fault_of_ours_is_no_record_s(caplog: pytest.LogCaptureFixture) -> None:
    """Neither are parts of a batch asked for because of it; the log has where it happened."""
    entry = registry.load("medusa")
    take = _budget(Away(psycopg.errors.UndefinedTable("no table")), "web", entry, "live", Attempt())  # type: ignore[arg-type]
    bucket = next(iter(entry.manifest.budgets))
    with pytest.raises(HubFailed, match="OperationalError: no table"):
        list(alone.each("order", [{"id": "1"}], lambda record: take(bucket)))
    asked: list[int] = []

    def read(keys: Sequence[int]) -> list[float]:
        asked.append(len(keys))
        return [take(bucket)]

    with pytest.raises(HubFailed):
        alone.piecewise(read, [1, 2, 3], lambda key, why: 0.0)
    assert asked == [3]
    assert "web could not be called" in caplog.text
    assert caplog.records[0].exc_info


def test_a_write_that_it_stops_is_made_later() -> None:
    failed: Outcome[Any] = Outcome(error=HubFailed("its key file is another one"))
    assert [outcome_word(failed, looking=looking) for looking in (False, True)] == ["later", "later"]
    assert outcome_word(Outcome(error=failed.error, changed=True), looking=False) == "unknown"


def test_a_token_that_rotated_meanwhile_is_stored_once_it_is_back(
    hub: Hub, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went away between the claim and the answer with the new token."""
    monkeypatch.setattr(oauth, "AGAIN", 0.05)
    connect("web", "fake_shop", base_url="http://127.0.0.1:9")
    grants = StoredGrants(hub.database, hub.vault, "web")
    assert grants.swap(None, Grant("a0", "r0"))
    sent: list[str] = []

    def rotates(path: str, *, data: dict[str, Any], **more: Any) -> Any:
        sent.append(data["refresh_token"])
        monkeypatch.setattr(hub.database, "begin", Away(psycopg.errors.AdminShutdown()).begin)
        return SimpleNamespace(json=lambda: {"access_token": "a1", "refresh_token": "r1", "expires_in": 3600})

    http: Any = SimpleNamespace(name="Login", post=rotates)
    auth = oauth.OAuth(http, "ci", "cs", grants=grants, refreshing=True)
    begin = hub.database.begin
    assert [auth.headers() for _ in range(2)] == [{"Authorization": "Bearer a1"}] * 2
    monkeypatch.setattr(hub.database, "begin", begin)
    until = time.monotonic() + 10
    while (kept := grants.read()) and kept.refresh_token != "r1" and time.monotonic() < until:
        time.sleep(0.02)
    assert kept is not None
    assert (kept.access_token, kept.refresh_token, sent) == ("a1", "r1", ["r0"])
