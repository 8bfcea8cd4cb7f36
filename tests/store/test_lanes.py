"""Lanes: wanted and done, leases and tokens, waits, and accounts that stand still."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from hub.store import accounts, lanes, queue
from hub.store.database import Database, now
from hub.store.horizon import BEGIN, Horizon
from hub.store.lanes import Lane

SHORT = 0.05
"""Seconds of a lease that is to run out."""


def account(conn: Connection, name: str = "web") -> None:
    accounts.put(conn, name, connector="medusa", mapping="medusa", settings={}, secrets=None, terms={})


def claim(database: Database, kind: str = "read", limit: int = 10, lease: float = 60.0) -> list[Lane]:
    return database.run(lambda conn: lanes.claim(conn, [kind], "w", limit, lease))


def one(database: Database, kind: str = "read", lease: float = 60.0) -> Lane:
    (lane,) = claim(database, kind, 10, lease)
    return lane


def stored(database: Database, lane: Lane | None = None) -> list[dict[str, object]]:
    with database.begin() as conn:
        found = conn.exec_driver_sql("SELECT *, due > clock_timestamp() AS waits FROM lanes ORDER BY id")
        return [dict(row._mapping) for row in found if lane is None or row.id == lane.id]


def want(database: Database, *keys: str, kind: str = "read", after: float = 0.0) -> None:
    database.run(lambda conn: lanes.want(conn, kind, [("web", key) for key in keys], after=after))


def finish(database: Database, *claimed: Lane) -> None:
    def work(conn: Connection) -> None:
        held = lanes.fence(conn, claimed)
        lanes.finish(conn, [(lane, lane.wanted) for lane in claimed if lane.id in held])

    database.run(work)


def test_three_hints_are_one_lane_wanted_three_times(database: Database) -> None:
    for _ in range(3):
        want(database, "return/r1")
    lane = one(database)
    assert (lane.key, lane.wanted, lane.done, lane.token) == ("return/r1", 3, 0, 1)
    finish(database, lane)
    assert stored(database) == []


def test_what_is_wanted_while_we_work_is_done_once_more(database: Database) -> None:
    want(database, "return/r1")
    lane = one(database)
    want(database, "return/r1")
    want(database, "return/r1")
    assert claim(database) == []
    finish(database, lane)
    again = one(database)
    assert (again.id, again.wanted, again.done) == (lane.id, 3, 1)
    assert again.token > lane.token
    finish(database, again)
    assert stored(database) == []


def test_a_lane_wanted_while_it_is_being_finished_is_not_lost(database: Database) -> None:
    """`want` waits for the transaction that deletes the lane, and then makes it anew."""
    want(database, "return/r1")
    lane = one(database)
    asked = threading.Thread(target=want, args=(database, "return/r1"))
    with database.begin() as conn:
        assert lanes.fence(conn, [lane]) == {lane.id}
        asked.start()
        wait_for_lock(database)
        lanes.finish(conn, [(lane, lane.wanted)])
    asked.join()
    assert one(database).id != lane.id


def wait_for_lock(database: Database) -> None:
    while True:
        with database.begin() as conn:
            if conn.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one():
                return
        time.sleep(0.005)


def test_lanes_come_in_the_order_of_their_due_time(database: Database) -> None:
    want(database, "b")
    want(database, "a")
    want(database, "c", after=60.0)
    assert [lane.key for lane in claim(database, limit=1)] == ["b"]
    assert [lane.key for lane in claim(database)] == ["a"]
    assert claim(database) == []


def test_sooner_wins(database: Database) -> None:
    want(database, "r1", after=60.0)
    assert claim(database) == []
    want(database, "r1")
    want(database, "r1", after=60.0)
    assert one(database).wanted == 3


def test_two_workers_never_hold_one_lane(database: Database) -> None:
    want(database, *(f"r{n}" for n in range(40)))
    with database.begin() as first, database.begin() as second:
        mine = lanes.claim(first, ["read"], "one", 25)
        theirs = lanes.claim(second, ["read"], "two", 25)
    assert len(mine) == 25
    assert len(theirs) == 15
    assert not {lane.id for lane in mine} & {lane.id for lane in theirs}


def test_the_first_kind_with_work_is_claimed(database: Database) -> None:
    want(database, "s", kind="poll")
    want(database, "o", kind="fetch")
    assert one(database, "fetch").kind == "fetch"
    found = database.run(lambda conn: lanes.claim(conn, ["fetch", "poll"], "w", 5))
    assert [lane.kind for lane in found] == ["poll"]


def test_a_lost_lease_changes_nothing(database: Database) -> None:
    want(database, "r1")
    late = one(database, lease=SHORT)
    time.sleep(2 * SHORT)
    new = one(database)
    with database.begin() as conn:
        assert lanes.fence(conn, [late]) == set()
        lanes.finish(conn, [(late, late.wanted)])
        lanes.later(conn, late, 60.0, "too late")
        lanes.park(conn, late, "too late")
        assert lanes.renew(conn, [late], 60.0) == set()
        assert lanes.fence(conn, [new]) == {new.id}
    (row,) = stored(database)
    assert (row["token"], row["attempts"], row["why"], row["waits"]) == (new.token, 0, None, False)
    finish(database, new)
    assert stored(database) == []


def test_lanes_of_a_lost_worker_come_alone(database: Database) -> None:
    want(database, "a", "b", "c")
    assert len(claim(database, lease=SHORT)) == 3
    time.sleep(2 * SHORT)
    want(database, "d")
    first = one(database)
    assert first.solo
    assert first.crashes == 0, "it was lost together with others: nobody knows which of them it was"
    assert [(lane.key, lane.solo) for lane in claim(database)] == [("b", True)]
    assert [(lane.key, lane.solo) for lane in claim(database)] == [("c", True)]
    assert [(lane.key, lane.solo) for lane in claim(database)] == [("d", False)]


def test_a_batch_leaves_those_that_come_alone(database: Database) -> None:
    want(database, "b", after=0.2)
    want(database, "c")
    claim(database, lease=SHORT)
    time.sleep(0.25)
    want(database, "d")
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE lanes SET due = now() - interval '1 minute' WHERE key = 'b'")
    assert [lane.key for lane in claim(database)] == ["b", "d"]
    assert [lane.key for lane in claim(database)] == ["c"]


def test_only_deaths_alone_park_a_lane(database: Database) -> None:
    want(database, "killer", "other")
    claim(database, lease=SHORT)
    for crashes in range(lanes.CRASHES):
        time.sleep(2 * SHORT)
        lane = one(database, lease=SHORT)
        assert (lane.key, lane.solo, lane.crashes) == ("killer", True, crashes)
    time.sleep(2 * SHORT)
    assert one(database).key == "other"
    parked = database.run(lambda conn: queue.waiting(conn, "read", parked=True))
    assert [(row["key"], row["crashes"]) for row in parked] == [("killer", lanes.CRASHES)]
    assert "workers died" in str(parked[0]["why"])


def test_a_clean_failure_is_no_crash(database: Database) -> None:
    want(database, "r1")
    one(database, lease=SHORT)
    time.sleep(2 * SHORT)
    lane = one(database, lease=SHORT)
    time.sleep(2 * SHORT)
    lane = one(database)
    assert lane.crashes == 1
    database.run(lambda conn: lanes.later(conn, lane, 0.0, "their server said 500"))
    lane = one(database)
    assert (lane.solo, lane.crashes, lane.attempts) == (False, 0, 1)


def test_later_is_a_later_due(database: Database) -> None:
    want(database, "r1")
    lane = one(database)
    database.run(lambda conn: lanes.later(conn, lane, 30.0, "Retry-After", attempt=False))
    (row,) = stored(database)
    assert (row["attempts"], row["why"], row["waits"], row["lease_until"]) == (0, "Retry-After", True, None)


def test_hints_do_not_cut_a_back_off_short(database: Database) -> None:
    want(database, "r1")
    lane = one(database)
    database.run(lambda conn: lanes.later(conn, lane, 30.0, "500"))
    want(database, "r1")
    (row,) = stored(database)
    assert (row["wanted"], row["waits"]) == (2, True)
    assert database.run(lambda conn: lanes.hurry(conn, "web", ["read"])) == 1
    assert one(database).attempts == 0


def test_a_parked_lane_counts_and_waits_for_a_person(database: Database) -> None:
    want(database, "r1")
    lane = one(database)
    database.run(lambda conn: lanes.park(conn, lane, "look at it"))
    want(database, "r1")
    assert claim(database) == []
    assert database.run(lambda conn: lanes.hurry(conn, "web", ["read"])) == 0
    (row,) = database.run(lambda conn: queue.waiting(conn, "read", parked=True))
    assert (row["wanted"], row["due"], row["why"]) == (2, lanes.PARKED, "look at it")
    assert database.run(lambda conn: lanes.hurry(conn, "web", ["read"], ["r1"])) == 1
    assert one(database).wanted == 2


def test_renew_holds_it_longer(database: Database) -> None:
    want(database, "r1")
    lane = one(database, lease=SHORT)
    assert database.run(lambda conn: lanes.renew(conn, [lane], 60.0)) == {lane.id}
    time.sleep(2 * SHORT)
    assert claim(database) == []


def test_claiming_touches_no_index(database: Database) -> None:
    """A claim is a HOT update: the index of what is due does not grow with every lease."""
    want(database, *(f"r{n}" for n in range(20)))
    claim(database, limit=20)
    with database.begin() as conn:
        conn.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    with database.begin() as conn:
        updates, hot = conn.exec_driver_sql(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'lanes'"
        ).one()
    assert updates == hot == 20


@pytest.mark.parametrize("stop", ["paused", "needs_reauth", "rate_limited"])
def test_lanes_of_an_account_that_stands_still_wait(database: Database, stop: str) -> None:
    with database.begin() as conn:
        account(conn)
        account(conn, "erp")
        accounts.move(conn, "web", stop, "for a reason", blocked=None if stop != "rate_limited" else 60.0)
        lanes.want(conn, "fetch", [("web", f"return/{n}") for n in range(25)])
        lanes.want(conn, "fetch", [("erp", "sale/1")])
        lanes.want(conn, "read", [("web", "return/1")])
    assert [lane.account for lane in claim(database, "fetch", 10)] == ["erp"]
    assert len(claim(database, "read")) == 1, "what was said already is read"
    assert all(row["waits"] for row in stored(database) if row["account"] == "web" and row["kind"] == "fetch")
    with database.begin() as conn:
        accounts.resume(conn, "web")
    assert len(claim(database, "fetch", 100)) == 25


def test_a_resume_is_not_passed_by_a_claim_that_postpones(database: Database) -> None:
    """The claim that found the account paused waits for the resume under way, and then leaves its lanes due."""
    with database.begin() as conn:
        account(conn)
        accounts.pause(conn, "web", "maintenance")
        lanes.want(conn, "fetch", [("web", "return/1")])
    found: list[Lane] = []
    claimer = threading.Thread(target=lambda: found.extend(claim(database, "fetch")))
    with database.begin() as conn:
        accounts.resume(conn, "web")
        claimer.start()
        wait_for_lock(database)
    claimer.join()
    assert [lane.key for lane in found or claim(database, "fetch")] == ["return/1"]


def test_counts_and_age_of_what_is_due(database: Database) -> None:
    want(database, "a", "b")
    want(database, "c", after=60.0)
    want(database, "s", kind="poll")
    one(database, "poll")
    with database.begin() as conn:
        assert queue.due_counts(conn) == {"read": 2}
        assert queue.oldest_due(conn)["read"] > 0


def test_waits_grow_and_end() -> None:
    waits = [lanes.wait(n) for n in range(len(lanes.WAITS))]
    assert all(w is not None for w in waits)
    assert waits == sorted(waits, key=lambda w: w or 0)
    assert lanes.wait(len(lanes.WAITS)) is None


def test_keys_of_objects() -> None:
    assert lanes.split_key(lanes.object_key("return", "a/b")) == ("return", "a/b")


def settle(database: Database, horizon: Horizon, kind: str = "read") -> None:
    for _ in range(3):
        database.run(lambda conn: horizon.advance(conn, kind))


def test_the_horizon_moves_up_to_the_first_lane(database: Database) -> None:
    horizon = Horizon()
    assert horizon.floor("read") == BEGIN
    want(database, "a")
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE lanes SET due = due - interval '1 hour'")
        first = now(conn)
    settle(database, horizon)
    due, lane = horizon.floor("read")
    assert first - timedelta(hours=2) < due < first - timedelta(minutes=59)
    (found,) = database.run(lambda conn: lanes.claim(conn, ["read"], "w", 5, horizon=horizon))
    assert found.id == lane
    finish(database, found)
    settle(database, horizon)
    assert first - timedelta(minutes=1) < horizon.floor("read")[0] < first


def test_the_horizon_waits_for_transactions_under_way(database: Database) -> None:
    """By construction: a lane older than everything is written before we look, and committed after."""
    horizon = Horizon()
    with database.begin() as writer:
        lanes.want(writer, "read", [("web", "slow")])
        writer.exec_driver_sql("UPDATE lanes SET due = due - interval '1 hour'")
        settle(database, horizon)
        assert horizon.floor("read") == BEGIN
    (found,) = database.run(lambda conn: lanes.claim(conn, ["read"], "w", 5, horizon=horizon))
    assert found.key == "slow"


def test_a_horizon_never_hides_a_lost_lease(database: Database) -> None:
    horizon = Horizon()
    want(database, "a", "b")
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE lanes SET due = due - interval '1 hour'")
    database.run(lambda conn: lanes.claim(conn, ["read"], "dead", 5, SHORT, horizon=horizon))
    settle(database, horizon)
    time.sleep(2 * SHORT)
    settle(database, horizon)
    found = database.run(lambda conn: lanes.claim(conn, ["read"], "w", 5, horizon=horizon))
    assert [lane.key for lane in found] == ["a"]
