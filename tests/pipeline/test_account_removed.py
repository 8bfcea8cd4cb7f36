"""An account that is removed leaves nothing waiting: no message, no question, no money that it held up."""

from __future__ import annotations

from typing import Any

import pytest

from hub import configuration
from hub.store import inbox, jobs, stuck
from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.look import rows, story, work_off
from tests.pipeline.money import begun

UNKNOWN = [{"amount": "10.00", "state": "half way"}]


def unread(desk: Desk, **named: Any) -> None:
    desk.push("till", "refund.upsert", "RF", currency="EUR", parts=UNKNOWN, **named)


def test_what_of_it_could_not_be_read_holds_up_no_money_any_more(desk: Desk) -> None:
    number = begun(desk)
    desk.push("till", "receipt.upsert", "T-1", hub_number=f"R{number}", lines=[])
    unread(desk, hub_number=f"R{number}")
    with desk.hub.database.begin() as conn:
        inbox.accept(
            conn, [inbox.Arrival.unreadable("till", "receipt", "T-1", "fetch", "403", read_seq=10**9, fetch=True)]
        )
        inbox.accept(conn, [inbox.Arrival.changed("till", "receipt", "T-1")])
    desk.owed(number)
    assert (desk.paid(), len(desk.frozen("unread"))) == (0, 1)
    assert [doubt.kind for doubt in desk.doc(number).discrepancies] == ["unread", "unread"]
    configuration.remove(desk.hub, "till")
    work_off(desk.hub, kinds=("recompute",))
    assert (desk.frozen(), [doubt.kind for doubt in desk.doc(number).discrepancies]) == ([], [])
    assert desk.paid() == D("10.00")
    assert "the account till was removed: what of it could not be read" in "\n".join(story(desk.hub, number))
    assert rows(desk.hub, "SELECT id FROM inbox WHERE account = 'till'") == []
    assert rows(desk.hub, "SELECT external_id FROM raw WHERE account = 'till' ORDER BY id") == [
        ("T-1",),
        ("RF",),
        ("T-1",),
    ]
    assert rows(desk.hub, "SELECT 1 FROM sync WHERE account = 'till'") == []


def test_added_again_it_begins_anew(desk: Desk) -> None:
    number = begun(desk)
    unread(desk, hub_number=f"R{number}")
    configuration.remove(desk.hub, "till")
    desk.accounts()
    unread(desk, hub_number=f"R{number}")
    assert [doubt.kind for doubt in desk.doc(number).discrepancies] == ["unread"]


def test_its_work_that_nobody_could_do_is_no_question_any_more(desk: Desk) -> None:
    begun(desk)
    with desk.hub.database.begin() as conn:
        for account in ("till", "web"):
            jobs.want(conn, "fetch", [(account, "order/O1")])
            (job,) = conn.exec_driver_sql("SELECT id FROM jobs WHERE account = %(a)s", {"a": account}).scalars()
            stuck.ask(conn, job, "fetch", account, "order/O1", "no")
    configuration.remove(desk.hub, "till")
    assert rows(desk.hub, "SELECT detail->>'account' FROM reviews WHERE state = 'open'") == [("web",)]
    assert rows(desk.hub, "SELECT account FROM jobs WHERE key = 'order/O1'") == [("web",)]


def test_it_stays_while_it_is_needed(desk: Desk) -> None:
    number = begun(desk)
    with pytest.raises(LookupError, match="no account 'nobody'"):
        configuration.remove(desk.hub, "nobody")
    with pytest.raises(ValueError, match=r"erp, till names it"):
        configuration.remove(desk.hub, "web")
    rows(
        desk.hub,
        "INSERT INTO inbox (account, stream, external_id, via, body) VALUES ('till', 'refund', 'RF', 'push', '{}')"
        " RETURNING 1",
    )
    with pytest.raises(ValueError, match="still to be read: 1"):
        configuration.remove(desk.hub, "till")
    rows(
        desk.hub,
        "INSERT INTO intents (return_id, account, kind, operation, call, state)"
        " VALUES (:r, 'till', 'receive', '{}', '{}', 'unknown') RETURNING 1",
        r=number,
    )
    with pytest.raises(ValueError, match="under way or asked about: 1"):
        configuration.remove(desk.hub, "till")
    assert set(desk.hub.accounts.all()) >= {"web", "erp", "till"}


def test_whoever_has_not_heard_of_it_yet_plans_nothing_for_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number = begun(desk)
    as_before = dict(desk.hub.accounts.all())
    configuration.remove(desk.hub, "till")
    monkeypatch.setattr(desk.hub.accounts, "all", lambda: as_before)
    desk.owed(number)
    assert sorted(rows(desk.hub, "SELECT account FROM sync")) == [("erp",), ("web",)]
