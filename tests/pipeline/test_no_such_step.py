"""A system that has no such step is no trouble: it cannot be told, and that is said once, without an alarm."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.sandbox import Call, Refuse
from hub.store import console, health
from tests.pipeline.desk import Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.look import story


def depot(desk: Desk, monkeypatch: pytest.MonkeyPatch, status: int, pieces: int = 1) -> tuple[int, list[str]]:
    """A depot that answers `receive` with this status; the return whose goods came elsewhere, and what it was asked."""
    asked: list[str] = []
    told = type(desk.payer).told

    def answers(payer: Any, call: Call) -> Any:
        asked.append(call.json()["type"])
        if asked[-1] == "receive":
            raise Refuse(status, {"message": "not with us"})
        return told(payer, call)

    monkeypatch.setattr(desk.payer, "told", answers.__get__(desk.payer))
    desk.accounts()
    terms = {"asked": ["create_return", "receive"], "listens": ["opened", "received"]}
    desk.account("depot", "erp", orders_of="web", url=f"{desk.payer.url}/hub", silent=["authorization"], terms=terms)
    desk.order()
    number = desk.asked(lines={"L1": pieces})
    desk.work()
    desk.came("till", number)
    desk.work()
    return number, asked


def row(desk: Desk, number: int) -> str:
    with desk.hub.database.begin() as conn:
        (state,) = (row.shown for row in console.telling(conn, number) if row.account == "depot")
    return str(state)


def unwell(desk: Desk) -> tuple[Any, ...]:
    with desk.hub.database.begin() as conn:
        return health.worried(conn, datetime.now(UTC), {})["depot"]


def letters(desk: Desk) -> int:
    with desk.hub.database.begin() as conn:
        return health.overview(conn).dead


@pytest.mark.parametrize("status", [410, 501])
def test_a_step_that_they_do_not_have_cannot_be_told_and_is_no_trouble(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    number, asked = depot(desk, monkeypatch, status)
    (rest,) = desk.untold(number, "depot")
    assert (rest.operation, rest.said.code) == ("receive", "no_way")
    assert letters(desk) == 0
    assert unwell(desk) == ()
    assert any("no step to" in line and "not with us" in line for line in story(desk.hub, number))
    desk.work()
    desk.hub.reconcile.recompute([number])
    desk.work()
    assert asked.count("receive") == 1

    desk.hub.answering.answer(number, rest.question, "by_hand", "Li")
    desk.work()
    assert desk.untold(number, "depot") == []
    assert row(desk, number) == "in_sync"
    assert asked.count("receive") == 1


def test_told_again_it_is_asked_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have the step since: whoever knows says so."""
    number, asked = depot(desk, monkeypatch, 410)
    desk.hub.people.retry(number, "depot", "Li")
    desk.work()
    assert asked.count("receive") == 2
    assert [rest.said.code for rest in desk.untold(number, "depot")] == ["no_way"]
