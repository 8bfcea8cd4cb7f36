"""What a write had begun in another system is taken back when a person ends the write, and holds up nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.kit.api import Operation, Reply
from connectors.kit.errors import OutcomeUnknown, Rejected, RetryLater, Unsupported
from hub.boot import Hub
from hub.pipeline.deliver import abandon
from hub.store import read_backs
from scheduler import timetable
from tests.pipeline.fakes.connector import Stock
from tests.pipeline.queries import all_returns, deliver_due, rows, story


@pytest.fixture
def ended(hub: Hub, asked: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, list[Operation]]]:
    """ended(*answers): a create_return that had begun is ended by a person; the return, and the calls made to take it
    back, which are answered so."""

    def end(*answers: Reply | Exception | None) -> tuple[int, list[Operation]]:
        def begins(self: Stock, operation: Operation) -> Reply:
            return Reply(finished=False, progress={"draft": "D1"})

        calls: list[Operation] = []

        def answered(self: Stock, operation: Operation) -> Reply | None:
            calls.append(operation)
            answer = answers[min(len(calls), len(answers)) - 1]
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(Stock, "do_create_return", begins)
        monkeypatch.setattr(Stock, "abandon", answered)
        for _ in range(10):
            rows(hub, "UPDATE jobs SET due = clock_timestamp() WHERE due < '9000-01-01' RETURNING 1")
            deliver_due(hub)
        ((letter, return_id),) = rows(hub, "SELECT id, return_id FROM intents WHERE state = 'dead'")
        hub.dead_letters.give_up(letter, "Li", "not wanted any more")
        deliver_due(hub)
        return return_id, calls

    return end


def later(hub: Hub) -> None:
    """The wait is over, of an account that fails, too, and the timetable looks what is overdue."""
    rows(hub, "UPDATE accounts SET blocked_until = NULL RETURNING 1")
    rows(hub, "UPDATE intents SET deadline = clock_timestamp() - interval '1 second' RETURNING 1")
    hub.database.run(timetable.overdue)
    rows(hub, "UPDATE jobs SET due = clock_timestamp() WHERE wanted > done RETURNING 1")
    deliver_due(hub)


def test_it_is_taken_back_once_and_the_story_says_what(
    hub: Hub, ended: Callable[..., tuple[int, list[Operation]]]
) -> None:
    number, calls = ended(Reply(detail="dropped its draft D1"))
    assert [(call.kind, call.progress) for call in calls] == [("create_return", {"draft": "D1"})]
    assert story(hub, number)[-1] == "erp: what create_return had begun there is taken back (dropped its draft D1)"
    later(hub)
    assert len(calls) == 1
    assert all_returns(hub)[0].sync["erp"] != "pending"


@pytest.mark.parametrize("answer", [None, Unsupported("writes leave nothing open in this system")])
def test_where_nothing_stands_nothing_is_said(
    hub: Hub, ended: Callable[..., tuple[int, list[Operation]]], answer: Exception | None
) -> None:
    number, calls = ended(answer)
    later(hub)
    assert len(calls) == 1
    assert "not wanted any more" in story(hub, number)[-1]


def test_a_call_that_fails_is_made_again_later(hub: Hub, ended: Callable[..., tuple[int, list[Operation]]]) -> None:
    _, calls = ended(RetryLater("away"), OutcomeUnknown("no answer"), None)
    deliver_due(hub)
    hub.database.run(timetable.overdue)
    deliver_due(hub)
    assert len(calls) == 1, "not before its time"
    for made in (2, 3, 3):
        later(hub)
        assert len(calls) == made


@pytest.mark.parametrize("refused", [True, False])
def test_what_cannot_be_taken_back_is_said_and_ends(
    hub: Hub, ended: Callable[..., tuple[int, list[Operation]]], refused: bool
) -> None:
    number, calls = ended(Rejected("it is posted") if refused else RetryLater("it is away"))
    for _ in range(abandon.LAST):
        later(hub)
    assert len(calls) == (1 if refused else abandon.LAST)
    assert "could not be taken back and may still be open; drop it there: it is" in story(hub, number)[-1]
    with hub.database.begin() as conn:
        assert read_backs.overdue(conn) == []


def test_meanwhile_its_return_is_told_on(hub: Hub, ended: Callable[..., tuple[int, list[Operation]]]) -> None:
    number, calls = ended(RetryLater("away"))
    assert len(calls) == 1
    assert rows(hub, "SELECT state FROM sync WHERE account = 'erp' AND return_id = :r", r=number) != [("pending",)]
    assert rows(hub, "SELECT 1 FROM sync WHERE account = 'erp' AND wanted > done") == []
