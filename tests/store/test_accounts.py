"""How accounts are: one alert when it gets worse, one when it is well again; people have the last word."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from hub.store import accounts, jobs
from hub.store.connection import Connection
from hub.store.database import Database
from tests.store.queueing import due


def put(conn: Connection, name: str = "web", **more: Any) -> None:
    given = {"connector": "medusa", "mapping": "medusa", "settings": {"base_url": "http://shop"}, "secrets": b"x"}
    accounts.put(conn, name, **{**given, "terms": {"decides": True}, **more})


def state(conn: Connection) -> str:
    row = accounts.get(conn, "web")
    assert row is not None
    return row.state


def test_an_account_is_written_and_read(conn: Connection) -> None:
    put(conn)
    put(conn, "erp", connector="tryton")
    row = accounts.get(conn, "web")
    assert row is not None
    assert (row.connector, row.settings, row.secrets, row.terms) == (
        "medusa",
        {"base_url": "http://shop"},
        b"x",
        {"decides": True},
    )
    assert [row.name for row in accounts.all_(conn)] == ["erp", "web"]
    put(conn, settings={"base_url": "http://other"})
    changed = accounts.get(conn, "web")
    assert changed is not None
    assert (changed.settings, changed.state) == ({"base_url": "http://other"}, "healthy")
    assert accounts.get(conn, "nobody") is None


def test_removing_an_account_takes_its_work_along(conn: Connection) -> None:
    put(conn)
    jobs.want(conn, "poll", [("web", "return"), ("erp", "sale")])
    assert accounts.remove(conn, "web")
    assert not accounts.remove(conn, "web")
    assert due(conn) == {"poll": 1}


def test_one_alert_down_and_one_up(conn: Connection) -> None:
    put(conn)
    paused = [accounts.failed(conn, "web", "500") for _ in range(accounts.BREAKER + 3)]
    assert paused == [False] * (accounts.BREAKER - 1) + [True] + [False] * 3
    assert state(conn) == "degraded"
    row = accounts.get(conn, "web")
    assert row is not None
    assert row.state_why == "500"
    assert row.blocked_until is not None
    assert not accounts.succeeded(conn, "web"), "a call that left before the rest began says nothing"
    conn.exec_driver_sql("UPDATE accounts SET blocked_until = clock_timestamp()")
    assert [accounts.succeeded(conn, "web") for _ in range(3)] == [True, False, False]
    row = accounts.get(conn, "web")
    assert row is not None
    assert (row.state, row.failures, row.blocked_until, row.state_why) == ("healthy", 0, None, None)
    assert row.last_success is not None


def test_failures_have_to_come_in_a_row(conn: Connection) -> None:
    put(conn)
    for _ in range(3 * accounts.BREAKER):
        assert not accounts.failed(conn, "web", "500")
        accounts.succeeded(conn, "web")
    assert state(conn) == "healthy"


def test_being_asked_to_come_back_later(conn: Connection) -> None:
    put(conn)
    assert accounts.failed(conn, "web", "429", limited=True, after=30.0)
    row = accounts.get(conn, "web")
    assert row is not None
    assert row.state == "rate_limited"
    assert row.blocked_until is not None
    assert 25 < (row.blocked_until - row.state_since).total_seconds() < 31
    assert not accounts.failed(conn, "web", "429", limited=True, after=30.0)
    assert row.failures == 0, "who asks us to wait is not broken"


def test_what_a_person_paused_nobody_else_changes(conn: Connection) -> None:
    put(conn)
    assert accounts.pause(conn, "web", "stocktaking")
    assert not accounts.pause(conn, "web", "again")
    assert not accounts.move(conn, "web", "needs_reauth", "401")
    assert not accounts.failed(conn, "web", "429", limited=True, after=5.0)
    assert not accounts.succeeded(conn, "web")
    row = accounts.get(conn, "web")
    assert row is not None
    assert (row.state, row.state_why) == ("paused", "stocktaking")
    assert accounts.resume(conn, "web")
    assert not accounts.resume(conn, "web")
    assert state(conn) == "healthy"


def test_needs_reauth_ends_with_new_secrets(conn: Connection) -> None:
    put(conn)
    assert accounts.move(conn, "web", "needs_reauth", "401")
    assert not accounts.move(conn, "web", "needs_reauth", "401")
    assert not accounts.succeeded(conn, "web")
    put(conn, settings={})
    assert state(conn) == "needs_reauth"
    put(conn, secrets=b"new")
    assert state(conn) == "healthy"


@pytest.mark.parametrize("act", [accounts.resume, lambda conn, name: accounts.pause(conn, name, "why")])
def test_an_unknown_account_is_said_to_be_unknown(conn: Connection, act: Any) -> None:
    with pytest.raises(LookupError, match="no account 'nobody'"):
        act(conn, "nobody")
    assert not accounts.failed(conn, "nobody", "500")
    assert not accounts.succeeded(conn, "nobody")


def test_of_two_new_tokens_one_wins(conn: Connection) -> None:
    put(conn)
    assert accounts.grant(conn, "web", b"one", instead_of=None)
    assert not accounts.grant(conn, "web", b"two", instead_of=None)
    assert accounts.grant(conn, "web", b"two", instead_of=b"one")
    row = accounts.get(conn, "web")
    assert row is not None
    assert row.grants == b"two"


def test_hearing_of_it(conn: Connection) -> None:
    put(conn)
    accounts.heard(conn, ["web", "nobody"])
    row = accounts.get(conn, "web")
    assert row is not None
    assert row.last_heard is not None


def test_many_workers_see_one_change(database: Database) -> None:
    with database.begin() as conn:
        put(conn)
    paused: list[bool] = []

    def fail() -> None:
        paused.append(database.run(lambda conn: accounts.failed(conn, "web", "429", limited=True, after=9.0)))

    threads = [threading.Thread(target=fail) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(paused) == [False] * 5 + [True]
