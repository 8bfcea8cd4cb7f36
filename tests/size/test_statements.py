"""With tens of thousands of returns no statement reads more than its own rows: none is listed here, all are caught."""

from __future__ import annotations

from itertools import count

import pytest

from benchmarks import grown, templates
from benchmarks.templates import Site
from hub.store import claims, inbox, jobs, replanning
from hub.store.connection import Connection
from hub.store.tables import metadata
from scheduler.timetable import timetable
from tests.plans import BOUND, judged

NUMBERS = count(920_000_001)


def test_every_table_that_grows_is_larger_than_what_may_be_read(large: Site) -> None:
    with large.hub.database.begin() as conn:
        sizes = {
            name: conn.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in set(metadata.tables)
        }
    assert {name: size for name, size in sizes.items() if size <= BOUND and name not in grown.FEW} == {}


@pytest.mark.parametrize("said", [said for said, _ in templates.SHARES], ids=lambda said: said.__name__)
def test_taking_in_processing_and_delivering(large: Site, said) -> None:
    with judged() as found:
        templates.one(large, said, next(NUMBERS))
    assert found == []


def test_whatever_the_clock_does(large: Site) -> None:
    for task in timetable(large.hub)():
        with judged() as found, large.hub.database.begin() as conn:
            task.work(conn)
        assert found == [], task.name


@pytest.mark.parametrize("begin", [0, grown.BEGIN + 16_000])
def test_an_account_is_planned_again_a_slice_at_a_time(large: Site, begin: int) -> None:
    def once(conn: Connection) -> None:
        jobs.want(conn, "recompute", [("erp", f"after/R{begin}")])
        (job,) = claims.claim(conn, ["recompute"], "w", 1)
        replanning.go_on(conn, job)
        assert conn.due >= {"deliver", "recompute"}
        raise TakenBackError

    with judged() as found, pytest.raises(TakenBackError):
        large.hub.database.run(once)
    assert found == []


class TakenBackError(Exception):
    """So that the store is as it was."""


def test_whether_to_poll_is_asked_of_what_waits_alone(large: Site) -> None:
    with judged() as found, large.hub.database.begin() as conn:
        inbox.backlog(conn, BOUND)
    assert found == []
