"""What has no effect over there asks a person, once, and the question goes when the plan does without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.kit.api import Changed, Operation, Reply
from hub.actions.people import NotNow
from hub.boot import Hub
from hub.model.plan import progress
from tests.pipeline.fakes.connector import Shop
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, rows, story

Work = Callable[..., int]
Deliver = Callable[..., None]


@pytest.fixture
def parked(
    hub: Hub, begun: tuple[str, str], stock: Remote, work: Work, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> int:
    """A shop that says yes to every receipt and books none; told three times, with no waits in between."""

    def ignore(self: Shop, operation: Operation) -> Reply:
        return Reply(objects={}, read_back=(Changed("return", operation.objects["return"]),))

    monkeypatch.setattr(Shop, "do_receive", ignore)
    monkeypatch.setattr(progress, "WAITS", (0.0, 0.0, 0.0))
    stock.do("authorize", id=begun[1])
    stock.do("arrive", id=begun[1], line="SHIRT-M", quantity=1, condition="good")
    deliver(stock, "erp")
    work()
    (one,) = all_returns(hub)
    assert one.sync["web"] == "blocked"
    return int(one.id)


def questions(hub: Hub) -> list[tuple[str, str, list[int], str]]:
    return [tuple(r) for r in rows(hub, "SELECT kind, state, returns, detail->>'account' FROM reviews ORDER BY id")]  # type: ignore[misc]


def test_a_parked_operation_asks_a_person_once(hub: Hub, parked: int, work: Work) -> None:
    assert questions(hub) == [("no_effect", "open", [parked], "web")]
    hub.reconcile.recompute([parked])
    work()
    assert questions(hub) == [("no_effect", "open", [parked], "web")]
    assert sum("has no effect there" in line for line in story(hub, parked)) == 1, "parked anew, and told once"


def test_the_question_goes_when_the_plan_does_without_it(
    hub: Hub, parked: int, connect: Callable[..., None], shop: Remote
) -> None:
    """Somebody decides that the shop need not hear of receipts."""
    connect("web", "fake_shop", base_url=shop.url, terms={"listens": ["money_due"]})
    hub.reconcile.recompute([parked])
    assert [state for _, state, _, _ in questions(hub)] == ["settled"]


def test_another_operation_is_another_question(
    hub: Hub, parked: int, stock: Remote, begun: tuple[str, str], work: Work, deliver: Deliver
) -> None:
    stock.do("arrive", id=begun[1], line="SHIRT-M", quantity=1, condition="good")
    deliver(stock, "erp")
    work()
    assert [state for _, state, _, _ in questions(hub)] == ["settled", "open"], "received = 2 instead of received = 1"


def test_a_person_has_it_told_again_and_is_asked_again(hub: Hub, parked: int, work: Work) -> None:
    hub.dead_letters.retry(parked, "web", "Li")
    assert [state for _, state, _, _ in questions(hub)] == ["settled"]
    work()
    assert [state for _, state, _, _ in questions(hub)] == ["open"]


def test_a_question_about_another_account_stays(hub: Hub, parked: int) -> None:
    hub.dead_letters.retry(parked, "erp", "Li")
    assert [state for _, state, _, _ in questions(hub)] == ["open"]


def test_a_person_says_that_it_is_dealt_with(
    hub: Hub, parked: int, stock: Remote, work: Work, deliver: Deliver
) -> None:
    ((question,),) = rows(hub, "SELECT id FROM reviews")
    hub.dead_letters.dealt(question, "Li", "booked by hand")
    assert [state for _, state, _, _ in questions(hub)] == ["done"]
    assert "Li: receive is dealt with: booked by hand" in story(hub, parked)
    before = story(hub, parked)
    hub.reconcile.recompute([parked])
    work()
    assert [one.sync["web"] for one in all_returns(hub)] == ["in_sync"], "it needs nobody"
    assert story(hub, parked) == before
    with pytest.raises(NotNow):
        hub.dead_letters.dealt(question, "Li", "once more")


def test_what_is_parked_stays_parked_while_nobody_answers(hub: Hub, parked: int, work: Work) -> None:
    """A day later it would have been forgotten: not while a person is asked."""
    rows(hub, "UPDATE sync SET guard = replace(guard::text, '20', '19')::jsonb RETURNING 1")
    tries = sum("told web: receive" in line for line in story(hub, parked))
    hub.reconcile.recompute([parked])
    work()
    assert sum("told web: receive" in line for line in story(hub, parked)) == tries == 3
    hub.dead_letters.again(rows(hub, "SELECT id FROM reviews")[0][0], "Li")
    work()
    assert sum("told web: receive" in line for line in story(hub, parked)) == 6, "a person asked for it"
