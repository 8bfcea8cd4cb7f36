"""A system that was away: whatever shows that it is back has what waits there done now, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.store import accounts, claims, intents, jobs, returns
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.intents import Opening
from tests.statements import statements

KINDS = ("fetch", "poll", "deliver")


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.begin() as conn:
        for name in ("web", "erp"):
            accounts.put(conn, name, connector="x", mapping="x", settings={}, secrets=None, terms={})
        yield conn


def waiting(conn: Connection, seconds: float = 3600.0) -> None:
    """Three jobs of each kind at both accounts, waiting."""
    for name in ("web", "erp"):
        for kind in KINDS:
            jobs.want(conn, kind, [(name, f"{kind}/{n}") for n in range(3)])
    for job in [job for kind in KINDS for job in claims.claim(conn, [kind], "t", 50)]:
        jobs.reschedule(conn, job, seconds, "no answer")


def due(conn: Connection, account: str) -> dict[str, int]:
    found = conn.exec_driver_sql(
        "SELECT kind, count(*) FROM jobs WHERE account = %(a)s AND due <= clock_timestamp() GROUP BY kind",
        {"a": account},
    )
    return {row[0]: row[1] for row in found}


def away(conn: Connection, times: int = accounts.BREAKER) -> None:
    for _ in range(times):
        accounts.failed(conn, "web", "no answer")


def rest_ends(conn: Connection) -> None:
    conn.exec_driver_sql("UPDATE accounts SET blocked_until = clock_timestamp() WHERE blocked_until IS NOT NULL")


def test_a_success_after_an_absence_has_all_done_now_there_and_nowhere_else(conn: Connection) -> None:
    waiting(conn)
    away(conn)
    rest_ends(conn)
    assert accounts.succeeded(conn, "web")
    assert due(conn, "web") == dict.fromkeys(KINDS, 3)
    assert due(conn, "erp") == {}


def test_one_record_that_fails_among_successes_is_not_tried_all_the_time(conn: Connection) -> None:
    waiting(conn)
    for _ in range(20):
        away(conn, accounts.BREAKER - 1)
        accounts.succeeded(conn, "web")
    assert due(conn, "web") == {}


def test_the_end_of_a_limit_brings_no_rush(conn: Connection) -> None:
    waiting(conn)
    accounts.failed(conn, "web", "429", limited=True, after=30.0)
    rest_ends(conn)
    assert accounts.succeeded(conn, "web")
    assert due(conn, "web") == {}


def test_a_check_ends_our_own_rest_but_not_theirs(conn: Connection) -> None:
    waiting(conn)
    away(conn)
    assert accounts.answered(conn, "web")
    assert due(conn, "web") == dict.fromkeys(KINDS, 3)
    accounts.failed(conn, "web", "429", limited=True, after=30.0)
    assert not accounts.answered(conn, "web")
    row = accounts.get(conn, "web")
    assert row is not None
    assert row.state == "rate_limited"


def test_a_webhook_has_one_read_of_each_kind_tried_and_the_answer_decides(conn: Connection) -> None:
    waiting(conn)
    away(conn)
    accounts.heard(conn, ["web"])
    assert due(conn, "web") == {"fetch": 1, "poll": 1}
    assert claims.claim(conn, ["poll"], "t", 1), "the rest is over"
    for _ in range(10):  # noted once per second: a queue of webhooks is no storm of reads
        accounts.heard(conn, ["web"])
    assert due(conn, "web") == {"fetch": 1, "poll": 1}
    assert accounts.succeeded(conn, "web")
    assert due(conn, "web") == dict.fromkeys(KINDS, 3)


def test_a_person_who_paused_it_is_not_overruled(conn: Connection) -> None:
    waiting(conn)
    accounts.pause(conn, "web", "stocktaking")
    accounts.heard(conn, ["web"])
    accounts.answered(conn, "web")
    assert due(conn, "web") == {}


def test_a_page_that_says_tomorrow_is_asked_again_within_minutes(conn: Connection) -> None:
    for _ in range(accounts.BREAKER):
        accounts.failed(conn, "web", "503", after=86_400.0)
    row = accounts.get(conn, "web")
    assert row is not None
    assert row.blocked_until is not None
    assert (row.blocked_until - row.state_since).total_seconds() <= accounts.BREAKS[-1] + 1


def test_a_success_of_a_system_that_is_well_costs_one_statement(conn: Connection) -> None:
    waiting(conn)
    accounts.succeeded(conn, "web")
    with statements() as sent:
        for _ in range(5):
            accounts.succeeded(conn, "web")
    assert len(sent) == 5
    assert due(conn, "web") == {}


@pytest.mark.parametrize(
    ("state", "possible", "misses", "due_now"),
    [
        ("waiting", False, 0, True),
        ("waiting", True, 0, False),
        ("unknown", True, 0, False),
        ("unknown", True, 2, True),
        ("open", True, 0, False),
    ],
)
def test_writes_that_did_nothing_and_looks_that_failed_are_tried_now(
    conn: Connection, state: str, possible: bool, misses: int, due_now: bool
) -> None:
    (return_id,) = returns.numbers(conn, 1)
    returns.begin(conn, [return_id])
    (made,) = intents.begin(conn, [Opening(return_id, "web", "receive", 1, {}, {})], 3600.0)
    conn.exec_driver_sql(
        "UPDATE intents SET state = %(s)s, possible = %(p)s, misses = %(m)s", {"s": state, "p": possible, "m": misses}
    )
    accounts.resume(conn, "web")
    intent = intents.get(conn, made)
    assert intent is not None
    assert (intent.waits == 0.0) == due_now
