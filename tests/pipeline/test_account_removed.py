"""An account that is removed leaves nothing waiting: no message, no question, no money that it held up."""

from __future__ import annotations

from typing import Any

import pytest

from hub import configuration
from hub.store import inbox, jobs, stuck
from hub.store.arrival import Arrival
from tests.pipeline.queries import rows, story, work_off
from tests.pipeline.refund_records import begun
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario

UNKNOWN = [{"amount": "10.00", "state": "half way"}]


def unread(scenario: Scenario, **named: Any) -> None:
    scenario.push("till", "refund.upsert", "RF", currency="EUR", parts=UNKNOWN, **named)


def test_what_of_it_could_not_be_read_holds_up_no_money_any_more(scenario: Scenario) -> None:
    number = begun(scenario)
    scenario.push("till", "receipt.upsert", "T-1", hub_number=f"R{number}", lines=[])
    unread(scenario, hub_number=f"R{number}")
    with scenario.hub.database.begin() as conn:
        inbox.accept(conn, [Arrival.unreadable("till", "receipt", "T-1", "fetch", "403", read_seq=10**9, fetch=True)])
        inbox.accept(conn, [Arrival.changed("till", "receipt", "T-1")])
    scenario.owed(number)
    assert (scenario.paid(), len(scenario.frozen("unread"))) == (0, 1)
    assert [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies] == ["unread", "unread"]
    configuration.remove(scenario.hub, "till")
    work_off(scenario.hub, kinds=("recompute",))
    assert (scenario.frozen(), [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies]) == ([], [])
    assert scenario.paid() == D("10.00")
    assert "the account till was removed: what of it could not be read" in "\n".join(story(scenario.hub, number))
    assert rows(scenario.hub, "SELECT id FROM inbox WHERE account = 'till'") == []
    assert rows(scenario.hub, "SELECT external_id FROM raw WHERE account = 'till' ORDER BY id") == [
        ("T-1",),
        ("RF",),
        ("T-1",),
    ]
    assert rows(scenario.hub, "SELECT 1 FROM sync WHERE account = 'till'") == []


def test_added_again_it_begins_anew(scenario: Scenario) -> None:
    number = begun(scenario)
    unread(scenario, hub_number=f"R{number}")
    configuration.remove(scenario.hub, "till")
    scenario.accounts()
    unread(scenario, hub_number=f"R{number}")
    assert [discrepancy.kind for discrepancy in scenario.doc(number).discrepancies] == ["unread"]


def test_its_work_that_nobody_could_do_is_no_question_any_more(scenario: Scenario) -> None:
    begun(scenario)
    with scenario.hub.database.begin() as conn:
        for account in ("till", "web"):
            jobs.want(conn, "fetch", [(account, "order/O1")])
            (job,) = conn.exec_driver_sql("SELECT id FROM jobs WHERE account = %(a)s", {"a": account}).scalars()
            stuck.ask(conn, job, "fetch", account, "order/O1", "no")
    configuration.remove(scenario.hub, "till")
    assert rows(scenario.hub, "SELECT detail->>'account' FROM reviews WHERE state = 'open'") == [("web",)]
    assert rows(scenario.hub, "SELECT account FROM jobs WHERE key = 'order/O1'") == [("web",)]


def test_it_stays_while_it_is_needed(scenario: Scenario) -> None:
    number = begun(scenario)
    with pytest.raises(LookupError, match="no account 'nobody'"):
        configuration.remove(scenario.hub, "nobody")
    with pytest.raises(ValueError, match=r"erp, till names it"):
        configuration.remove(scenario.hub, "web")
    rows(
        scenario.hub,
        "INSERT INTO inbox (account, stream, external_id, via, body) VALUES ('till', 'refund', 'RF', 'push', '{}')"
        " RETURNING 1",
    )
    with pytest.raises(ValueError, match="still to be read: 1"):
        configuration.remove(scenario.hub, "till")
    rows(
        scenario.hub,
        "INSERT INTO intents (return_id, account, kind, operation, call, state)"
        " VALUES (:r, 'till', 'receive', '{}', '{}', 'unknown') RETURNING 1",
        r=number,
    )
    with pytest.raises(ValueError, match="under way or asked about: 1"):
        configuration.remove(scenario.hub, "till")
    assert set(scenario.hub.accounts.all()) >= {"web", "erp", "till"}


def test_whoever_has_not_heard_of_it_yet_plans_nothing_for_it(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = begun(scenario)
    as_before = dict(scenario.hub.accounts.all())
    configuration.remove(scenario.hub, "till")
    monkeypatch.setattr(scenario.hub.accounts, "all", lambda: as_before)
    scenario.owed(number)
    assert sorted(rows(scenario.hub, "SELECT account FROM sync")) == [("erp",), ("web",)]
