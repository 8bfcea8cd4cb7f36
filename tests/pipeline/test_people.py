"""What people decide: link, split, undo, say, resend, give up; and that nothing moves while a write is open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from connectors.kit.api import Operation, Reply
from connectors.kit.errors import Rejected
from hub import schema
from hub.actions.people import NotNow
from hub.boot import Hub
from hub.store import intents as intent_store
from hub.store import returns
from hub.store.intents import Opening
from tests.pipeline.fakes.connector import Stock
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, document, intents, rows, story, written

LINES = [{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}]


@pytest.fixture
def two(
    begun: tuple[str, str], hub: Hub, stock: Remote, deliver: Callable[..., None], work: Callable[..., int]
) -> tuple[int, int]:
    """The stock book began a second return of the same order, under no number of ours: two returns, as far as we know."""
    record = stock.get("state")[begun[1]]
    stock.do("open", order=record["order"], lines=[{"id": "SHIRT-M", "sku": "SHIRT-M", "quantity": 1, "price": "0"}])
    deliver(stock, "erp")
    work()
    one, other = all_returns(hub)
    return one.id, other.id


def open_write(hub: Hub, return_id: int, account: str = "erp") -> int:
    """A write whose request may be under way at this moment."""
    with hub.database.begin() as conn:
        (made,) = intent_store.begin(conn, [Opening(return_id, account, "create_return", 1, {}, {})], 60.0)
        return made


def last_link(hub: Hub) -> int:
    ((line,),) = rows(hub, "SELECT max(id) FROM journal WHERE stage = 'link'")
    return int(line)


def test_link_and_undo(hub: Hub, two: tuple[int, int]) -> None:
    one, other = two
    before = {number: set(document(hub, number).objects["erp"].values()) for number in two}
    assert hub.people.link(other, one, "Li") == one
    assert [found.id for found in all_returns(hub) if not found.merged_into] == [one]
    assert rows(hub, "SELECT merged_into FROM returns WHERE id = :r", r=other) == [(one,)]
    assert rows(hub, "SELECT DISTINCT return_id FROM observations WHERE return_id IS NOT NULL") == [(one,)]
    assert f"Li: R{other} is the same return as R{one}" in story(hub, one)
    assert document(hub, one).discrepancies  # two objects in one system
    assert document(hub, one).relations == (("merged_from", f"R{other}"),)
    assert document(hub, other).relations == (("merged_into", f"R{one}"),)

    assert hub.people.undo(last_link(hub), "Li") == other
    assert {number: set(document(hub, number).objects["erp"].values()) for number in two} == before
    assert not document(hub, one).discrepancies
    assert document(hub, one).relations == document(hub, other).relations == ()
    with pytest.raises(NotNow, match="does not belong to"):
        hub.people.undo(last_link(hub), "Li")


def test_what_comes_later_stays_where_a_person_put_it(
    hub: Hub, two: tuple[int, int], stock: Remote, deliver: Callable[..., None], work: Callable[..., int]
) -> None:
    one, other = two
    hub.people.link(one, other, "Li")
    hub.people.undo(last_link(hub), "Li")
    for record in stock.get("state").values():
        stock.do("note", id=record["id"], text="news")
    deliver(stock, "erp")
    work()
    known = rows(hub, "SELECT return_id, count(*) FROM observations WHERE account = 'erp' GROUP BY 1 ORDER BY 1")
    assert known == [(one, 1), (other, 1)]


def test_split(
    hub: Hub, begun: tuple[str, str], stock: Remote, deliver: Callable[..., None], work: Callable[..., int]
) -> None:
    """The record bears our number, and a person says that it is another return all the same: the word of the person wins."""
    (one,) = all_returns(hub)
    new = hub.people.split(one.id, [("erp", "return", begun[1])], "Li")
    assert document(hub, new).objects == {"erp": {"return": begun[1]}}
    assert "erp" not in document(hub, one.id).objects
    assert document(hub, new).relations == (("split_from", f"R{one.id}"),)
    assert f"Li: erp return {begun[1]} belong to R{new}, not to R{one.id}" in story(hub, new)
    stock.do("note", id=begun[1], text="it still says R1 here")
    deliver(stock, "erp")
    work(("process",))
    assert rows(hub, "SELECT return_id FROM observations WHERE external_id = :e", e=begun[1]) == [(new,)]


@pytest.mark.parametrize("act", ["link", "undo", "split"])
def test_nothing_moves_while_a_write_is_open(act: str, hub: Hub, two: tuple[int, int], begun: tuple[str, str]) -> None:
    one, other = two
    if act == "undo":
        hub.people.link(one, other, "Li")
    do: dict[str, Callable[[], Any]] = {
        "link": lambda: hub.people.link(one, other, "Li"),
        "undo": lambda: hub.people.undo(last_link(hub), "Li"),
        "split": lambda: hub.people.split(one, [("erp", "return", begun[1])], "Li"),
    }
    intent = open_write(hub, one)
    with pytest.raises(NotNow, match="under way"):
        do[act]()
    with hub.database.begin() as conn:
        intent_store.move(conn, intent, "dropped")
    assert do[act]() in two or act == "split"


def test_a_write_begins_while_a_link_waits_for_the_return(hub: Hub, two: tuple[int, int]) -> None:
    """Whoever asks first and locks then would link under an open create: the write begins in between."""
    one, other = two
    raised: list[Exception] = []

    def link() -> None:
        try:
            hub.people.link(one, other, "Li")
        except NotNow as problem:
            raised.append(problem)

    linking = threading.Thread(target=link)
    with hub.database.begin() as conn:
        returns.lock(conn, [other])
        linking.start()
        waits_for_a_lock(hub)
        intent_store.begin(conn, [Opening(other, "erp", "create_return", 1, {}, {})], 60.0)
    linking.join(10)
    assert len(raised) == 1
    assert rows(hub, "SELECT merged_into FROM returns WHERE id = :r", r=other) == [(None,)]


def waits_for_a_lock(hub: Hub) -> None:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    until = time.monotonic() + 10
    while rows(hub, asked) == [(0,)]:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_say(hub: Hub, begun: tuple[str, str], work: Callable[..., int]) -> None:
    """A person's decision counts like a system's, and is told to those who can hear it."""
    (one,) = all_returns(hub)
    with pytest.raises(schema.Invalid):
        hub.people.decide(one.id, {"authorization": {"valve": "cancelled"}}, "Li")
    hub.people.decide(one.id, {"authorization": {"value": "cancelled", "by": "Li"}}, "Li")
    said = document(hub, one.id).axes.authorization
    assert (said.value, said.account, said.by) == ("cancelled", "hub", "Li")
    work()
    # Neither fake system can hear of it, and nobody pretends that they did.
    assert set(all_returns(hub)[0].sync.values()) == {"blocked"}
    assert any(line.startswith("hub Li: ") for line in story(hub, one.id))


@pytest.fixture
def refused(
    both: None, hub: Hub, shop: Remote, deliver: Callable[..., None], work: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[int, list[str]]:  # fmt: skip
    """A return that the stock book refused to create; and why it refuses, to be emptied."""
    reasons = ["no such sale"]
    create = Stock.do_create_return

    def no(self: Stock, operation: Operation) -> Reply:
        if reasons:
            raise Rejected(reasons[0])
        return create(self, operation)

    monkeypatch.setattr(Stock, "do_create_return", no)
    shop.do("buy", order="12", lines=LINES)
    shop.do("request", order="12", lines=LINES)
    deliver(shop, "web")
    work()
    (one,) = all_returns(hub)
    assert one.sync["erp"] == "blocked"
    assert intents(hub) == [("create_return", "dead")]
    words = "SELECT why, said FROM sync WHERE account = 'erp'"
    assert rows(hub, words) == [("no such sale", None)], "their own words stay theirs"
    return one.id, reasons


def test_retry(hub: Hub, refused: tuple[int, list[str]], stock: Remote, work: Callable[..., int]) -> None:
    one, reasons = refused
    work()
    assert intents(hub) == [("create_return", "dead")]  # nobody repeats it unasked
    reasons.clear()
    hub.dead_letters.retry(one, "erp", "Li")
    work()
    assert [record["reference"] for record in stock.get("state").values()] == [written(hub, "erp", one)]
    assert intents(hub) == [("create_return", "dropped"), ("create_return", "done")]
    assert all_returns(hub)[0].sync["erp"] == "in_sync"
    with pytest.raises(NotNow, match="nothing to do with"):
        hub.dead_letters.retry(one, "pos", "Li")


def test_give_up(hub: Hub, refused: tuple[int, list[str]], stock: Remote, work: Callable[..., int]) -> None:
    one, reasons = refused
    ((intent,),) = rows(hub, "SELECT id FROM intents")
    hub.dead_letters.give_up(intent, "Li", "booked by hand")
    reasons.clear()
    work()
    assert intents(hub) == [("create_return", "given_up")]
    assert stock.get("state") == {}
    assert "Li: create_return is dealt with: booked by hand" in story(hub, one)
    with pytest.raises(NotNow, match="not waiting for a person"):
        hub.dead_letters.give_up(intent, "Li", "once more")
