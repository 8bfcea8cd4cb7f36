"""What was left to say at an account is planned again in slices, whatever happens between two of them."""

from __future__ import annotations

import pytest

from hub.store import accounts, claims, jobs, replanning
from hub.store.connection import Connection
from hub.store.database import Database
from tests.store.test_accounts import put
from tests.store.test_races import refused_by_a_lock

KIND = "recompute"
ROWS = 3
MANY = 10
"""Rows of `web` that are not in sync, some told of everything they could be; as many are in sync."""


@pytest.fixture(autouse=True)
def left_to_say(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replanning, "ROWS", ROWS)
    with database.begin() as conn:
        put(conn)
        put(conn, "erp")
        conn.exec_driver_sql(
            "INSERT INTO sync (return_id, account, job, state, wanted, done, undeliverable)"
            " SELECT 1000 + n, account, 'return:R' || (1000 + n),"
            " CASE WHEN n <= %(m)s THEN (ARRAY['blocked', 'in_sync', 'untold', 'awaiting', 'pending'])[1 + n %% 5]"
            " ELSE 'in_sync' END, 1, 1, CASE WHEN n <= %(m)s THEN '[{}]' ELSE '[]' END::jsonb"
            " FROM generate_series(1, 2 * %(m)s) AS n, unnest(ARRAY['web', 'erp']) AS account",
            {"m": MANY},
        )


def ask(database: Database) -> None:
    database.run(lambda conn: replanning.ask(conn, "web"))


def claim(conn: Connection) -> list[jobs.Job]:
    return claims.claim(conn, [KIND], "w", 1)


def slice_(conn: Connection, claimed: list[jobs.Job]) -> None:
    if jobs.fence(conn, claimed):
        replanning.go_on(conn, claimed[0])


def step(database: Database) -> bool:
    """One job; False: there is none that is due."""
    claimed = database.run(claim)
    if claimed:
        database.run(lambda conn: slice_(conn, claimed))
    return bool(claimed)


def raised(database: Database, by: int = 1) -> list[int]:
    """Rows of which this was wanted so many times or more, since they were written; in their order."""
    with database.begin() as conn:
        found = conn.exec_driver_sql(
            "SELECT return_id - 1000 FROM sync WHERE account = 'web' AND wanted > %(b)s ORDER BY return_id", {"b": by}
        )
        return list(found.scalars())


def told(database: Database) -> list[str]:
    """Keys of outbound jobs."""
    with database.begin() as conn:
        found = conn.exec_driver_sql("SELECT key FROM jobs WHERE kind = 'deliver' ORDER BY length(key), key")
        return list(found.scalars())


def all_(database: Database) -> None:
    while step(database):
        pass


def test_some_rows_at_a_time_those_alone_that_were_left_something_to_say(database: Database) -> None:
    ask(database)
    assert raised(database) == []
    seen = []
    while step(database):
        seen.append(len(raised(database)))
    assert seen == [3, 6, 9, 10]
    assert raised(database) == list(range(1, MANY + 1))
    assert told(database) == [f"return:R{1000 + n}" for n in range(1, MANY + 1)]
    with database.begin() as conn:
        untouched = conn.exec_driver_sql("SELECT count(*) FROM sync WHERE account = 'erp' AND wanted > 1").scalar_one()
        assert untouched == 0


def test_an_account_that_was_told_of_everything_needs_nothing(database: Database) -> None:
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE sync SET state = 'in_sync', undeliverable = '[]'")
    ask(database)
    assert not step(database)


def test_whoever_asks_waits_for_nobody(database: Database) -> None:
    with database.begin() as other:
        other.exec_driver_sql("SELECT FROM sync FOR UPDATE")
        assert not refused_by_a_lock(database, lambda conn: replanning.ask(conn, "web"))
        assert not refused_by_a_lock(database, lambda conn: accounts.resume(conn, "web"))


def test_a_slice_that_fails_is_done_again_and_one_that_died_too(database: Database) -> None:
    ask(database)
    assert step(database)
    claimed = database.run(claim)

    def fail(conn: Connection) -> None:
        slice_(conn, claimed)
        raise RuntimeError("simulated: the process dies in the middle")

    with pytest.raises(RuntimeError):
        database.run(fail)
    assert raised(database) == [1, 2, 3]
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE jobs SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL")
    all_(database)
    assert raised(database) == list(range(1, MANY + 1))
    assert raised(database, by=2) == []


def test_what_is_changed_meanwhile_begins_anew(database: Database) -> None:
    ask(database)
    for _ in range(2):
        assert step(database)
    ask(database)
    all_(database)
    assert raised(database, by=2) == list(range(1, 7)), "what came behind was planned once, after both changes"
    assert raised(database) == list(range(1, MANY + 1))


@pytest.mark.parametrize("steps", [0, 1])
def test_also_while_a_slice_is_under_way(database: Database, steps: int) -> None:
    ask(database)
    for _ in range(steps):
        assert step(database)
    claimed = database.run(claim)
    ask(database)
    database.run(lambda conn: slice_(conn, claimed))
    assert raised(database) == [1, 2, 3]
    all_(database)
    assert raised(database) == list(range(1, MANY + 1))
    assert set(raised(database, by=2)) >= {1, 2, 3}


def test_an_account_that_is_removed_leaves_nothing_to_do(database: Database) -> None:
    ask(database)
    assert step(database)
    claimed = database.run(claim)
    with database.begin() as conn:
        accounts.remove(conn, "web")
    database.run(lambda conn: slice_(conn, claimed))
    with database.begin() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one() == 0


def test_one_that_is_removed_during_a_slice_neither(database: Database) -> None:
    ask(database)
    claimed = database.run(claim)
    with database.begin() as conn:
        slice_(conn, claimed)
        assert refused_by_a_lock(database, lambda other: accounts.remove(other, "web"))
    with database.begin() as conn:
        accounts.remove(conn, "web")
        jobs.want(conn, KIND, [("web", "after/R1003")])  # as if a slice had committed behind it
    all_(database)
    with database.begin() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one() == 0


def test_while_it_stands_still_it_waits_and_who_resumes_it_begins_anew(database: Database) -> None:
    ask(database)
    assert step(database)
    with database.begin() as conn:
        accounts.pause(conn, "web", "stocktaking")
    all_(database)
    assert raised(database) == [1, 2, 3]
    with database.begin() as conn:
        accounts.resume(conn, "web")
    all_(database)
    assert raised(database, by=2) == [1, 2, 3]
    assert raised(database) == list(range(1, MANY + 1))


def test_a_rest_is_waited_for(database: Database) -> None:
    ask(database)
    with database.begin() as conn:
        accounts.failed(conn, "web", "429", limited=True, after=3600.0)
    assert step(database)
    assert not step(database)
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE accounts SET blocked_until = NULL")
        conn.exec_driver_sql("UPDATE jobs SET due = clock_timestamp()")
    all_(database)
    assert raised(database) == list(range(1, MANY + 1))


def test_so_many_are_due_at_once_that_news_does_not_wait_behind_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replanning, "AHEAD", 4)
    ask(database)
    all_(database)
    assert len(raised(database)) == 6
    with database.begin() as conn:
        conn.exec_driver_sql("DELETE FROM jobs WHERE kind = 'deliver'")
        conn.exec_driver_sql("UPDATE jobs SET due = clock_timestamp()")
    all_(database)
    assert raised(database) == list(range(1, MANY + 1))
