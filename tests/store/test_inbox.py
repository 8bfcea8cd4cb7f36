"""Messages on their way: taken once, given a job, understood or invalid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.store import arrival, claims, inbox, invalid, jobs, raw
from hub.store.arrival import Arrival
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.inbox import Dispatched
from hub.store.jobs import Job

BODY = b'{"id": "r1", "note": "\xe4\xb8\xad\xe6\x96\x87"}'


def push(external_id: str = "r1", body: bytes = BODY, **more: Any) -> Arrival:
    return Arrival.of(account="web", stream="return", external_id=external_id, via="push", body=body, **more)


def changed(external_id: str = "r1") -> Arrival:
    return Arrival.changed("web", "return", external_id)


def accept(database: Database, *arrivals: Arrival) -> list[bool]:
    return database.run(lambda conn: inbox.accept(conn, arrivals))


def refused(conn: Connection, row: inbox.InboxRow, error: dict[str, Any]) -> None:
    """This message is not understood."""
    name = (row.account, row.stream, row.external_id)
    invalid.keep(conn, {row.id: invalid.RefusedMessage(name, [error], [name])})


def dispatch(database: Database, limit: int = 500) -> Dispatched:
    return database.run(lambda conn: inbox.dispatch(conn, limit))


def claim(database: Database, kind: str = "process") -> list[Job]:
    return database.run(lambda conn: claims.claim(conn, [kind], "w", 500))


def waiting(database: Database, claimed: list[Job]) -> dict[str, list[inbox.InboxRow]]:
    with database.begin() as conn:
        found = inbox.rows(conn, claimed)
    return {job.key: found.get(job.id, []) for job in claimed}


def understand(database: Database) -> int:
    """What a pipeline does with everything that waits."""
    count = 0
    for job in claim(database):

        def work(conn: Connection, job: Job = job) -> int:
            jobs.fence(conn, [job])
            rows = inbox.rows(conn, [job]).get(job.id, [])
            inbox.consumed(conn, rows)
            jobs.finish(conn, [(job, job.wanted)])
            return len(rows)

        count += database.run(work)
    return count


def states(database: Database) -> list[str]:
    with database.begin() as conn:
        return list(conn.exec_driver_sql("SELECT state FROM inbox ORDER BY id").scalars())


def test_a_message_gets_a_job_and_is_archived_under_its_number(database: Database) -> None:
    assert accept(database, push("r1", version="7"), push("r2")) == [True, True]
    assert dispatch(database) == Dispatched(2, 0, 0)
    assert dispatch(database) == Dispatched(0, 0, 0)
    claimed = claim(database)
    rows = waiting(database, claimed)
    (first,) = rows["return/r1"]
    assert (first.body, first.version, first.via, first.deleted, first.read_seq) == (BODY, "7", "push", False, None)
    with database.begin() as conn:
        everything = [row for mine in rows.values() for row in mine]
        numbers = inbox.consumed(conn, [everything[0]._replace(read_seq=41), everything[1]], {first.id: 1001})
        assert numbers == sorted(row.id for row in everything)
        (kept,) = raw.find(conn, 1001)
        assert (kept.id, kept.body, kept.read_seq, kept.at) == (first.id, BODY, 41, first.at)
        (other,) = raw.of_object(conn, "web", "return", "r2")
        assert other.return_id is None
    assert states(database) == []


def test_rows_of_one_object_come_in_order_and_only_to_their_job(database: Database) -> None:
    accept(database, push("r1", b"1"), push("r2", b"2"), push("r1", b"3"))
    dispatch(database)
    accept(database, push("r1", b"4"))  # new, it has no job yet
    rows = waiting(database, claim(database))
    assert [row.body for row in rows["return/r1"]] == [b"1", b"3"]
    assert [row.body for row in rows["return/r2"]] == [b"2"]


def test_an_external_id_with_a_slash(database: Database) -> None:
    accept(database, push("a/b"))
    dispatch(database)
    assert [row.external_id for row in waiting(database, claim(database))["return/a/b"]] == ["a/b"]


def test_hints_are_never_duplicates(database: Database) -> None:
    assert accept(database, changed(), changed()) == [True, True]
    assert dispatch(database) == Dispatched(0, 2, 0)
    (job,) = claim(database, "fetch")
    assert accept(database, changed()) == [True]
    dispatch(database)
    with database.begin() as conn:
        jobs.finish(conn, [(job, job.wanted)])
    (again,) = claim(database, "fetch")
    assert (again.done, again.wanted) == (1, 2)
    assert states(database) == []


def test_a_delivery_comes_once(database: Database) -> None:
    assert accept(database, push(delivery_id="d1"), push(delivery_id="d1"), push(delivery_id="d2")) == [
        True,
        False,
        True,
    ]
    assert accept(database, push(delivery_id="d1")) == [False]
    dispatch(database)
    assert understand(database) == 2
    assert accept(database, push(delivery_id="d1")) == [False], "known after it was understood, too"
    assert dispatch(database).total == 0


def test_deliveries_of_two_accounts_are_two(database: Database) -> None:
    other = push(delivery_id="d1")._replace(account="erp")
    assert accept(database, push(delivery_id="d1"), other) == [True, True]


def test_content_with_a_version_that_moves_comes_once(database: Database) -> None:
    assert accept(database, push(version="1", moves=True)) == [True]
    dispatch(database)
    understand(database)
    assert accept(
        database,
        push(version="1", moves=True),
        push(version="2", moves=True),
        push(version="1", body=b"{}", moves=True),
        push(version="1", moves=True, deleted=True),
    ) == [False, True, True, True]


def test_approved_draft_approved_arrives_three_times(database: Database) -> None:
    """Without a version that moves, the same content may be news: history never suppresses."""
    for body in (b"approved", b"draft", b"approved"):
        assert accept(database, push(body=body, version="1")) == [True]
        dispatch(database)
        assert understand(database) == 1


@pytest.mark.parametrize("via", ["poll", "fetch"])
def test_what_was_read_is_never_a_duplicate(database: Database, via: str) -> None:
    read = Arrival.of(
        account="web", stream="return", external_id="r1", via=via, body=BODY, version="1", delivery_id="d", moves=True
    )
    assert read.dedupe is None
    assert accept(database, read, read) == [True, True]


def test_an_invalid_message_waits_and_is_replayed(database: Database) -> None:
    accept(database, push())
    dispatch(database)
    (job,) = claim(database)
    with database.begin() as conn:
        (row,) = inbox.rows(conn, [job])[job.id]
        refused(conn, row, {"field": "status", "why": "unknown word \0 'weird' \ud800"})
        jobs.finish(conn, [(job, job.wanted)])
    assert states(database) == ["invalid"]
    assert claim(database) == []
    with database.begin() as conn:
        (error,) = conn.exec_driver_sql("SELECT error FROM inbox").scalars()
        assert error == [{"field": "status", "why": "unknown word \ufffd 'weird' \ufffd"}]
        assert invalid.replay(conn, [row.id]) == 1
        assert invalid.replay(conn, [row.id]) == 0
    assert understand(database) == 1


def test_a_duplicate_of_an_invalid_message_reopens_it(database: Database) -> None:
    accept(database, push(delivery_id="d1"), push("r2", delivery_id="d2"))
    dispatch(database)
    claimed = claim(database)
    with database.begin() as conn:
        for job in claimed:
            (row,) = inbox.rows(conn, [job])[job.id]
            refused(conn, row, {"why": "no such word"})
        jobs.finish(conn, [(job, job.wanted) for job in claimed])
    assert accept(database, push(delivery_id="d1")) == [False]
    assert dispatch(database) == Dispatched(0, 0, 1)
    assert states(database) == ["waiting", "invalid"]
    assert understand(database) == 1


def test_a_duplicate_of_a_waiting_message_is_nothing(database: Database) -> None:
    accept(database, push(delivery_id="d1"))
    dispatch(database)
    assert accept(database, push(delivery_id="d1")) == [False]
    assert dispatch(database).total == 0
    assert understand(database) == 1


def test_dispatchers_share_the_work(database: Database) -> None:
    accept(database, *(push(f"r{n}") for n in range(30)))
    with database.begin() as one, database.begin() as two:
        assert inbox.dispatch(one, 20).read == 20
        assert inbox.dispatch(two, 20).read == 10
    assert len(claim(database)) == 30


def test_the_backlog_is_counted_up_to_the_mark(database: Database) -> None:
    accept(database, *(push(f"r{n}") for n in range(5)))
    with database.begin() as conn:
        assert inbox.backlog(conn, 100) == 5
        assert inbox.backlog(conn, 3) == 3


@pytest.mark.parametrize("bad", ["", "a\0b", "a\ud800", "x" * (arrival.LONGEST + 1)])
def test_an_id_that_is_none_is_refused_before_it_is_stored(bad: str) -> None:
    with pytest.raises(ValueError, match="external_id"):
        push(bad)
    with pytest.raises(ValueError, match="external_id"):
        changed(bad)


def test_a_body_may_be_any_bytes(database: Database) -> None:
    bodies = [b"", b"\x00\xff\xfe", b'"\\u0000"', b"{" * 100_000]
    accept(database, *(push(f"r{n}", body) for n, body in enumerate(bodies)))
    dispatch(database)
    rows = waiting(database, claim(database))
    assert [rows[f"return/r{n}"][0].body for n in range(len(bodies))] == bodies


def test_digests_tell_where_parts_end() -> None:
    assert arrival.digest("a", "bc") != arrival.digest("ab", "c")
    assert arrival.digest("a", b"b") == arrival.digest("a", "b")


def test_accepting_nothing_is_nothing(conn: Connection) -> None:
    assert inbox.accept(conn, []) == []
    assert inbox.consumed(conn, []) == []
    assert inbox.rows(conn, []) == {}


def test_a_message_older_than_every_partition_is_archived(database: Database) -> None:
    """It may have been invalid for months; its month's partition is made when it is needed."""
    accept(database, push())
    dispatch(database)
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE inbox SET at = at - interval '400 days'")
    assert understand(database) == 1
    with database.begin() as conn:
        (row,) = raw.of_object(conn, "web", "return", "r1")
        assert row.body == BODY
        (partition,) = conn.exec_driver_sql("SELECT tableoid::regclass::text FROM raw").scalars()
        assert partition == f"raw_{row.at:%Y_%m}"


def test_partitions_are_ahead_and_old_ones_go(database: Database) -> None:
    def names(conn: Connection) -> set[str]:
        return set(
            conn.exec_driver_sql(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'raw'::regclass"
            ).scalars()
        )

    with database.begin() as conn:
        (this_month,) = conn.exec_driver_sql("SELECT date_trunc('month', now())").scalars()
        raw.ahead(conn)
        raw.shrink_before(conn, this_month)  # the database may have been made before the month turned
        made = names(conn)
        assert len(made) == raw.AHEAD + 1
        raw.ahead(conn)
        assert names(conn) == made
        raw.ready(conn, [this_month - timedelta(days=200)])
        dropped = raw.shrink_before(conn, this_month)
        assert dropped == [f"raw_{this_month - timedelta(days=200):%Y_%m}"]
        assert names(conn) == made


def test_a_partition_that_is_made_stops_nobody(database: Database) -> None:
    with database.begin() as maker:
        raw.ready(maker, [maker.exec_driver_sql("SELECT now() - interval '300 days'").scalar_one()])
        accept(database, push())
        dispatch(database)
        assert understand(database) == 1
