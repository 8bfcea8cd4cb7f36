"""Leases and tokens: who lost one changes nothing, and a lane that may have killed its worker comes alone."""

from __future__ import annotations

import time

from hub.store import lanes, queue
from hub.store.database import Database
from tests.store.queueing import SHORT, claim, finish, lose, one, stored, want


def test_two_workers_never_hold_one_lane(database: Database) -> None:
    want(database, *(f"r{n}" for n in range(40)))
    with database.begin() as first, database.begin() as second:
        mine = lanes.claim(first, ["read"], "one", 25)
        theirs = lanes.claim(second, ["read"], "two", 25)
    assert len(mine) == 25
    assert len(theirs) == 15
    assert not {lane.id for lane in mine} & {lane.id for lane in theirs}


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


def test_renew_holds_it_longer(database: Database) -> None:
    want(database, "r1")
    lane = one(database, lease=SHORT)
    assert database.run(lambda conn: lanes.renew(conn, [lane], 60.0)) == {lane.id}
    time.sleep(2 * SHORT)
    assert claim(database) == []


def test_lanes_are_never_parked_for_deaths_of_others(database: Database) -> None:
    """Whoever is claimed alone, time and again, and dies, is the killer: the innocent one beside it has no crash."""
    want(database, "killer", "neighbour", kind="tell")
    lose(database, "killer", "neighbour")
    for _ in range(lanes.CRASHES):
        assert database.run(lambda conn: lanes.suspected(conn, "tell"))
        assert database.run(lambda conn: lanes.claim(conn, ["tell"], "busy", 1, suspects="leave")) == []
        (lane,) = database.run(lambda conn: lanes.claim(conn, ["tell"], "w", 1))
        assert lane.key == "killer"
        lose(database, "killer")
    (lane,) = database.run(lambda conn: lanes.claim(conn, ["tell"], "w", 1))
    assert (lane.key, lane.crashes) == ("neighbour", 0)
    assert {row["key"]: row["crashes"] for row in stored(database)} == {"killer": lanes.CRASHES, "neighbour": 0}


def test_a_death_in_company_counts_for_nobody(database: Database) -> None:
    lose(database, "suspect", kind="tell")
    for _ in range(lanes.CRASHES + 1):
        (lane,) = database.run(lambda conn: lanes.claim(conn, ["tell"], "w", 1, suspects="beside"))
        assert (lane.solo, lane.crashes) == (False, 0)
        lose(database, "suspect")
    (lane,) = database.run(lambda conn: lanes.claim(conn, ["tell"], "w", 1))
    database.run(lambda conn: lanes.accompanied(conn, lane))
    lose(database, "suspect")
    (lane,) = database.run(lambda conn: lanes.claim(conn, ["tell"], "w", 1))
    assert (lane.solo, lane.crashes) == (True, 0), "still a suspect, and none of the deaths was its own"
