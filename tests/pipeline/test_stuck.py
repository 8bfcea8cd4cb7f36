"""What the hub itself cannot do is a question after its last try, and ends when it goes through."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.test import Client

from hub.actions.people import NotNow
from hub.boot import Hub
from hub.cli import main
from hub.pipeline.deliver import next_step
from hub.pipeline.process import load
from hub.store import claims, inbox, jobs
from hub.web import create_app
from scheduler.work import Work, terms
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, rows
from tests.pipeline.test_large import Push, push

__all__ = ["push"]


class Hands:
    """A worker of the real engine, whose waits are over at once."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.hands = Work(hub.database, hub.handlers, "test", terms(hub.leases))

    def work(self, *kinds: str) -> int:
        """Do all that is due, and what waits as if its time had passed; how often a job was taken."""
        taken = 0
        for _ in range(60):
            self.hub.database.run(inbox.dispatch)
            rows(self.hub, "UPDATE jobs SET due = clock_timestamp() WHERE due < '9000-01-01' RETURNING 1")
            looks = (self.hands.look(kind, "alone", 200).claim.jobs for kind in kinds)
            found = next(filter(None, looks), [])
            if not found:
                return taken
            taken += len(found)
            self.hands.run(found[0].kind, found)
        raise AssertionError("it is tried for ever")


@pytest.fixture
def hands(hub: Hub) -> Hands:
    return Hands(hub)


class Bug:
    """A fault in planning what the stock book is told."""

    def __init__(self) -> None:
        self.there, self.met = True, 0


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> Bug:
    found, plan_for = Bug(), next_step.plan_for

    def broken(conn: Any, situation: Any, account: Any) -> Any:
        if found.there and account.name == "erp":
            found.met += 1
            raise KeyError("simulated: a bug of ours")
        return plan_for(conn, situation, account)

    monkeypatch.setattr(next_step, "plan_for", broken)
    return found


def questions(hub: Hub) -> list[tuple[str, list[int], str]]:
    found = rows(hub, "SELECT state, returns, text FROM reviews WHERE kind = 'stuck' ORDER BY id")
    return [(row[0], row[1], row[2]) for row in found]


def test_a_fault_of_ours_is_a_question_after_the_last_try(hub: Hub, asked: None, hands: Hands, bug: Bug) -> None:
    hands.work("deliver")
    assert bug.met == len(jobs.WAITS) + 1
    (one,) = all_returns(hub)
    ((state, about, text),) = questions(hub)
    assert (state, about) == ("open", [one.id])
    assert text.startswith("Telling ")
    assert "of erp fails in the hub itself: 9 attempts failed, the last: KeyError: 'simulated: a bug of ours'." in text
    page = Client(create_app(hub)).get(f"/returns/R{one.id}", headers={"Accept-Language": "en"}).text
    assert "The hub cannot do it" in page, "the return says so"


def test_a_person_has_it_tried_and_it_asks_again_at_once_until_it_goes_through(
    hub: Hub, asked: None, hands: Hands, bug: Bug, stock: Remote
) -> None:
    hands.work("deliver")
    ((number,),) = rows(hub, "SELECT id FROM reviews")
    hub.dead_letters.again(number, "Li")
    assert [state for state, _, _ in questions(hub)] == ["settled"]
    assert hands.work("deliver") == 1
    assert [state for state, _, _ in questions(hub)] == ["open"]
    bug.there = False
    hub.dead_letters.again(number, "Li")
    hands.work("deliver", "fetch", "process")
    assert [state for state, _, _ in questions(hub)] == ["settled"]
    assert len(stock.get("effects")) == 1
    with pytest.raises(NotNow, match="no question"):
        hub.dead_letters.again(number, "Li")


def test_something_new_has_it_tried_once_and_what_goes_through_ends_the_question(
    hub: Hub, asked: None, hands: Hands, bug: Bug, shop: Remote, stock: Remote, deliver: Callable[..., None]
) -> None:
    hands.work("deliver")
    before = bug.met
    shop.do("note", id="shop-1", text="hello?")
    deliver(shop, "web")
    hands.work("process", "deliver")
    assert bug.met == before + 1
    assert [state for state, _, _ in questions(hub)] == ["open"]
    bug.there = False
    shop.do("note", id="shop-1", text="anybody?")
    deliver(shop, "web")
    hands.work("process", "deliver", "fetch")
    assert [state for state, _, _ in questions(hub)] == ["settled"]
    assert len(stock.get("effects")) >= 1


def test_whatever_killed_its_workers_is_a_question_too(hub: Hub, asked: None, hands: Hands) -> None:
    rows(hub, f"UPDATE jobs SET crashes = {jobs.CRASHES} WHERE kind = 'deliver' RETURNING 1")
    hub.database.run(lambda conn: claims.claim(conn, ["deliver"], "test", 1))
    ((state, _, text),) = questions(hub)
    assert state == "open"
    assert "3 workers died while they had only this in hand" in text
    hub.database.run(
        lambda conn: jobs.want(conn, "deliver", rows(hub, "SELECT account, key FROM jobs WHERE kind = 'deliver'"))
    )  # type: ignore[arg-type]
    assert hands.work("deliver") == 0, "news does not have it kill once more"
    hub.dead_letters.again(rows(hub, "SELECT id FROM reviews")[0][0], "Li")
    assert hands.work("deliver") > 0
    assert [state for state, _, _ in questions(hub)] == ["settled"]


def test_the_command_line_and_the_page_have_it_tried_again(
    hub: Hub, asked: None, hands: Hands, bug: Bug, database_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.work("deliver")
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    (row,) = json.loads(CliRunner().invoke(main, ["review", "list", "--json"]).stdout)
    assert row["kind"] == "stuck"
    said = CliRunner().invoke(main, ["review", "done", str(row["id"])])
    assert (said.exit_code, "no question" in said.output) == (1, True), "nobody can do it by hand"
    assert CliRunner().invoke(main, ["review", "again", str(row["id"])]).output == "it is tried again\n"
    assert hands.work("deliver") == 1
    hub.perform("again", {"id": row["id"]}, "Li")
    assert hands.work("deliver") == 1


def test_a_return_that_has_grown_too_large_is_parked_at_once_and_tried_when_its_records_change(
    hub: Hub, hands: Hands, push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    push("r1", 60)
    hands.work("process")
    (one,) = all_returns(hub)
    monkeypatch.setattr(load, "MOST", 50)
    push("r1", 61, state="more", version=2)
    assert hands.work("process") == 1, "it is not tried for a day"
    ((state, about, text),) = questions(hub)
    assert (state, about) == ("open", [one.id])
    assert f"the records of R{one.id} have 6" in text
    push("r1", 59, state="still", version=3)
    assert hands.work("process") == 1
    assert [state for state, _, _ in questions(hub)] == ["open"]
    push("r1", 20, version=4)
    hands.work("process")
    assert [state for state, _, _ in questions(hub)] == ["settled"]
    (one,) = all_returns(hub)
    assert len(one.doc.lines) == 20


def test_what_was_too_much_beside_another_record_is_tried_when_that_one_changes(
    hub: Hub, hands: Hands, both: None, shop: Remote, stock: Remote, deliver: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The stock book's record waits, since the shop's is so large; then the shop's shrinks."""
    lines = [{"id": f"L{n}", "sku": f"S{n}", "quantity": 1, "price": "1.00"} for n in range(6)]
    shop.do("buy", order="12", lines=lines)
    asked = shop.do("request", order="12", lines=lines)
    deliver(shop, "web")
    hands.work("process", "deliver")
    monkeypatch.setattr(load, "MOST", 10)
    deliver(stock, "erp")
    hands.work("process", "fetch")
    assert [state for state, _, _ in questions(hub)] == ["open"]
    monkeypatch.setattr(load, "MOST", 100_000)
    shop.do("note", id=asked["id"], text="hello?")
    deliver(shop, "web")
    hands.work("process")
    assert [state for state, _, _ in questions(hub)] == ["settled"]
    assert rows(hub, "SELECT key FROM jobs WHERE kind = 'process'") == []
