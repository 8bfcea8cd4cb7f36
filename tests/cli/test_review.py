"""hub review again and done: the two answers to a write whose outcome nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.kit.api import Operation, Reply
from connectors.kit.errors import OutcomeUnknown
from hub.actions.people import NotNow
from hub.boot import Hub
from hub.model.language.sentences import sentence
from hub.store import reviews
from tests.cli.console_input import Run
from tests.pipeline.fakes.connector import Shop
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.payments import paid
from tests.pipeline.queries import all_returns, deliver_due, hurry, intents, rows, story

Work = Callable[..., int]


@pytest.fixture
def shop() -> Iterator[Remote]:
    """A shop in its own process, with good manners; not the one that people connect here."""
    remote = Remote("shop")
    yield remote
    remote.stop()


class Silence:
    """The shop's refunds, of which those get no answer that begin while `deaf`; with the keys of all."""

    def __init__(self) -> None:
        self.deaf = True
        self.does = False
        self.keys: list[str] = []


@pytest.fixture
def silence(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Silence:
    """Of a shop that promises no idempotency key, so that the hub asks instead of repeating."""
    kept, carry_out = Silence(), Shop.do_refund

    def refund(self: Shop, operation: Operation) -> Reply:
        kept.keys.append(operation.id)
        if not kept.deaf:
            return carry_out(self, operation)
        if kept.does:
            carry_out(self, operation)
        raise OutcomeUnknown("no answer within the deadline")

    monkeypatch.setattr(Shop, "do_refund", refund)
    web = hub.accounts.get("web")
    monkeypatch.setitem(web.entry.manifest.operations, "refund", replace(web.spec("refund"), key_retention=0.0))
    return kept


@pytest.fixture
def asked(hub: Hub, due: tuple[str, str], silence: Silence, run: Run) -> str:
    """The question about a refund of 158.00 that got no answer and was looked for twice; its number."""
    return ask(hub, silence, run)


def ask(hub: Hub, silence: Silence, run: Run) -> str:
    silence.deaf = True
    for _ in range(5):
        deliver_due(hub)
        hurry(hub)
    silence.deaf = False
    (row,) = json.loads(run("review", "list", "--json").stdout)
    assert row["kind"] == "unknown_outcome"
    return str(row["id"])


def refunds(hub: Hub) -> list[str]:
    return [state for kind, state in intents(hub) if kind == "refund"]


def test_again_sends_it_once_more_under_its_key(
    hub: Hub, asked: str, silence: Silence, shop: Remote, run: Run, work: Work
) -> None:
    assert refunds(hub) == ["dead"]
    said = run("review", "again", asked)
    assert (said.exit_code, said.output) == (0, "it is tried again\n")
    assert refunds(hub) == ["held"]
    assert rows(hub, "SELECT state FROM reviews") == [("settled",)]
    (one,) = all_returns(hub)
    assert any(line.endswith(": tell web again") for line in story(hub, one.id)), story(hub, one.id)
    work()
    assert paid(shop) == ["158.00"]
    assert refunds(hub) == ["done"]
    assert len(silence.keys) == 2
    assert len(set(silence.keys)) == 1
    assert all_returns(hub)[0].sync["web"] == "in_sync"


def test_done_is_noted_with_its_reason_and_nothing_is_sent(
    hub: Hub, asked: str, silence: Silence, shop: Remote, run: Run, work: Work
) -> None:
    said = run("review", "done", asked, "--note", "paid in cash")
    assert (said.exit_code, said.output) == (0, "noted; it is not told again\n")
    assert rows(hub, "SELECT state, error FROM intents WHERE kind = 'refund'") == [("given_up", "paid in cash")]
    assert rows(hub, "SELECT state FROM reviews") == [("settled",)]
    (one,) = all_returns(hub)
    assert any(line.endswith(": refund is dealt with: paid in cash") for line in story(hub, one.id))
    hub.reconcile.recompute([one.id])
    work()
    assert (paid(shop), len(silence.keys)) == ([], 1)
    assert run("review", "list").output == "Nothing waits for a decision.\n"


@pytest.mark.parametrize("first", ["again", "done"])
@pytest.mark.parametrize("second", ["again", "done"])
def test_who_answers_second_hears_so_and_changes_nothing(
    hub: Hub,
    asked: str,
    shop: Remote,
    run: Run,
    work: Work,
    first: str,
    second: str,
) -> None:
    assert run("review", first, asked).exit_code == 0
    before = rows(hub, "SELECT id, state, possible, error FROM intents ORDER BY id")
    said = run("review", second, asked)
    assert said.exit_code == 1
    assert f"there is no question {asked} that this answers: somebody may have answered it" in said.output
    assert rows(hub, "SELECT id, state, possible, error FROM intents ORDER BY id") == before
    work()
    assert paid(shop) == (["158.00"] if first == "again" else [])


def test_an_answer_that_was_overtaken_between_reading_and_writing(
    hub: Hub, asked: str, shop: Remote, work: Work
) -> None:
    """Two people read the same open question; the second act meets the first one's answer."""
    ((intent,),) = rows(hub, "SELECT id FROM intents WHERE kind = 'refund'")
    hub.dead_letters.give_up(intent, "Li", "paid in cash")
    for act in (hub.dead_letters.resend, lambda number, by: hub.dead_letters.give_up(number, by, "")):
        with pytest.raises(NotNow, match=f"operation {intent} is not waiting for a person: somebody may have"):
            act(intent, "Wang")
    (one,) = all_returns(hub)
    hub.dead_letters.retry(one.id, "web", "Wang")
    work()
    assert paid(shop) == [], "what somebody dealt with stays so, also where the row is told again"


def test_an_answer_is_about_its_own_write(
    hub: Hub, asked: str, due: tuple[str, str], silence: Silence, shop: Remote, stock: Remote, run: Run, work: Work,
    deliver: Callable[..., None],
) -> None:  # fmt: skip
    """The first credit was paid in cash. That the second one was not done says nothing of the first."""
    run("review", "done", asked, "--note", "paid in cash")
    stock.do("post_credit", id=due[1], amount="20.00")
    deliver(stock, "erp")
    work(("process",))
    second = ask(hub, silence, run)
    assert second != asked
    assert run("review", "again", second).exit_code == 0
    work()
    assert paid(shop) == ["20.00"]
    assert refunds(hub) == ["given_up", "done"]


@pytest.mark.parametrize("command", ["again", "done"])
def test_a_number_that_names_no_such_question(hub: Hub, run: Run, command: str) -> None:
    """Of nothing, and of a question that is about something else: a privacy request has an account, too."""
    with hub.database.begin() as conn:
        told_ = sentence("privacy", account="web", asks="tell", customer="c1", orders="", due="2026-08-19")
        detail: dict[str, Any] = {"account": "web", "asks": "tell", "customer": "c1", "orders": [], "due": "2026-08-19"}
        reviews.ask(conn, "privacy", [], told_, "privacy:1", detail)
    ((other,),) = rows(hub, "SELECT id FROM reviews")
    for number in (str(other), "424242"):
        said = run("review", command, number)
        assert said.exit_code == 1
        assert isinstance(said.exception, SystemExit)
        assert f"there is no question {number} that this answers" in said.output
    assert rows(hub, "SELECT state FROM reviews") == [("open",)]
