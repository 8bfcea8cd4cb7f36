"""Cursors, journal, attempts, ticks, budgets, and texts that PostgreSQL refuses."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from hub.store import attempts, budgets, cursors, documents, inbox, journal, ticks
from hub.store.arrival import Arrival
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.journal import JournalEntry


def test_a_cursor_moves_with_its_page_or_not_at_all(database: Database) -> None:
    message = Arrival.of(account="erp", stream="sale", external_id="1", via="poll", body=b"{}", read_seq=1)

    def page(conn: Connection, cursor: str, works: bool = True) -> None:
        inbox.accept(conn, [message])
        cursors.page(conn, "erp", "sale", cursor)
        if not works:
            raise RuntimeError("simulated: the worker stops before the commit")

    database.run(lambda conn: page(conn, "10"))
    with pytest.raises(RuntimeError):
        database.run(lambda conn: page(conn, "20", works=False))
    with database.begin() as conn:
        assert cursors.get(conn, "erp", "sale") == "10"
        assert cursors.get(conn, "erp", "other") is None
        assert inbox.backlog(conn, 10) == 1
        cursors.page(conn, "erp", "sale", None)
        assert cursors.get(conn, "erp", "sale") is None


def test_the_journal_tells_a_story_in_order(conn: Connection) -> None:
    lines = [JournalEntry(1001, "web", "merge", f"line {n}\0", {"n": n, "bad": "\ud800"}) for n in range(5)]
    journal.write(conn, [*lines[:3], JournalEntry(1002, None, "merge", "another", None), *lines[3:]])
    journal.write(conn, [])
    story = journal.story(conn, 1001)
    assert [line.text for line in story] == [f"line {n}\ufffd" for n in range(5)]
    assert story[2].detail == {"n": 2, "bad": "\ufffd"}
    assert journal.get(conn, story[0].id) == story[0]
    assert journal.get(conn, 999_999) is None


def test_attempts_keep_their_wire(conn: Connection) -> None:
    wire = [{"method": "POST", "url": "http://shop/returns", "body": "\0"}]
    refused = attempts.New("web", "receive R1001", "RetryLater", error="500 \0", wire=wire, return_id=1001)
    number, _ = attempts.write(conn, [refused, attempts.New("web", "poll return", "ok", took_ms=12)])
    (found,) = attempts.of_return(conn, 1001)
    assert (found.id, found.outcome, found.error) == (number, "RetryLater", "500 \ufffd")
    assert found.wire == [{**wire[0], "body": "\ufffd"}]


def test_a_tick_happens_once(conn: Connection) -> None:
    assert ticks.once(conn, "poll web/return", 7)
    assert not ticks.once(conn, "poll web/return", 7)
    assert ticks.many(conn, [("poll web/return", 7), ("poll web/return", 8), ("tidy", 7)]) == {
        ("poll web/return", 8),
        ("tidy", 7),
    }
    assert ticks.many(conn, []) == set()


def test_of_two_processes_one_has_the_tick(database: Database) -> None:
    """The second waits for the first; where that one fails, the tick is its own."""
    ours: dict[str, bool] = {}

    def second() -> None:
        ours["second"] = database.run(lambda conn: ticks.once(conn, "tidy", 1))

    thread = threading.Thread(target=second)

    def first(conn: Connection) -> None:
        ours["first"] = ticks.once(conn, "tidy", 1)
        thread.start()
        raise RuntimeError("simulated: the work of the tick fails")

    with pytest.raises(RuntimeError):
        database.run(first)
    thread.join()
    assert ours == {"first": True, "second": True}
    assert not database.run(lambda conn: ticks.once(conn, "tidy", 1))


DAY = 86400.0
RATE = 10.0 / DAY
"""Ten tokens a day, and a burst of as many: what comes in while a test runs fills nothing. Tests move time themselves."""


def take(conn: Connection, n: float = 1, **more: object) -> float:
    return budgets.take(conn, "web", "admin", n, rate=RATE, burst=10.0, **more)  # type: ignore[arg-type]


def pass_time(conn: Connection, interval: str) -> None:
    conn.exec_driver_sql("UPDATE budgets SET refilled_at = refilled_at - %(i)s::interval", {"i": interval})


def test_a_budget_runs_out_and_fills_up(conn: Connection) -> None:
    assert [take(conn) for _ in range(10)] == [0.0] * 10
    wait = take(conn)
    assert 0 < wait <= DAY / 10, "the time that one token takes to come in"
    pass_time(conn, "12 hours")
    assert take(conn, 5) == 0.0
    assert take(conn, 5) > 0
    pass_time(conn, "30 days")
    assert take(conn, 10) == 0.0, "never more than the burst"
    assert take(conn, 1) > 0


def test_hints_go_before_writes_and_they_before_polls_and_backfills(conn: Connection) -> None:
    taken = {
        priority: sum(take(conn, priority=priority) == 0.0 for _ in range(10))
        for priority in ("backfill", "poll", "write", "live")
    }
    assert taken == {"backfill": 5, "poll": 2, "write": 2, "live": 1}


def test_the_smallest_burst_is_everybodys(conn: Connection) -> None:
    for priority in ("backfill", "poll", "write", "live"):
        assert budgets.take(conn, "web", priority, 1, rate=1.0, burst=1.0, priority=priority) == 0.0  # type: ignore[arg-type]


def test_what_never_fits_is_said(conn: Connection) -> None:
    with pytest.raises(ValueError, match="raise the burst"):
        take(conn, 11, priority="backfill")


def test_with_the_least_there_the_rest_is_drawn_in_advance(conn: Connection) -> None:
    assert take(conn, 8) == 0.0
    assert take(conn, 5, least=3.0) > 0
    assert take(conn, 5, least=2.0) == 0.0
    assert take(conn, 1) == pytest.approx(4 * DAY / 10, rel=0.01), "three are owed, and one is wanted"
    budgets.give_back(conn, "web", "admin", 4, 10.0)
    assert take(conn, 1) == 0.0


def test_what_has_begun_is_not_stopped(conn: Connection) -> None:
    assert take(conn, 10) == 0.0
    assert take(conn, 1, must=True) == 0.0
    budgets.block(conn, "web", "admin", 30 * DAY)
    assert take(conn, 1, must=True) == 0.0
    assert 29 * DAY < take(conn, 1) <= 30 * DAY, "and they still want to be left alone"


def test_what_is_given_back_never_fills_more_than_the_burst(conn: Connection) -> None:
    assert take(conn, 1) == 0.0
    budgets.give_back(conn, "web", "admin", 50, 10.0)
    assert take(conn, 10) == 0.0
    assert take(conn, 1) > 0


def test_a_bucket_they_closed_stays_closed(conn: Connection) -> None:
    budgets.block(conn, "web", "admin", 30 * DAY)
    assert 29 * DAY < take(conn) <= 30 * DAY
    budgets.block(conn, "web", "admin", 5 * DAY)
    assert 29 * DAY < take(conn) <= 30 * DAY
    conn.exec_driver_sql("UPDATE budgets SET blocked_until = clock_timestamp()")
    pass_time(conn, "1 day")
    assert take(conn) == 0.0
    assert budgets.take(conn, "web", "other", 1, 1.0, 1.0) == 0.0


def test_workers_share_a_budget(database: Database) -> None:
    waits: list[float] = []

    def work() -> None:
        for _ in range(5):
            waits.append(database.run(lambda conn: budgets.take(conn, "web", "admin", 1, rate=0.001, burst=12)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(wait == 0.0 for wait in waits) == 12
    assert len(waits) == 20


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a": ["x\0", {"b\ud800": "\\u0000"}]}, {"a": ["x\ufffd", {"b\ufffd": "\\u0000"}]}),
        ({"中文": "\U0001f600", "n": Decimal("1.10")}, {"中文": "\U0001f600", "n": "1.10"}),
        (["plain"], ["plain"]),
    ],
)
def test_documents_are_what_jsonb_takes(conn: Connection, value: object, stored: object) -> None:
    kept = conn.exec_driver_sql("SELECT %(d)s::jsonb", {"d": documents.text(value)}).scalar_one()
    assert kept == stored
