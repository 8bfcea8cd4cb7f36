"""Two channels and one piece: bound without proof, told to nobody until it counts, parted exactly (simulated)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from random import Random
from typing import Any

import pytest

from connectors.kit.api import Operation, Reply
from hub.boot import Hub
from tests.pipeline.channels import (
    complaint,
    counter,
    kinds,
    last_link,
    order,
    partition,
    plan_of,
    questions,
    request,
    time_passes,
    whose,
)
from tests.pipeline.fakes.connector import Till
from tests.pipeline.queries import all_returns, document, rows, story

Post = Callable[[str, Any], list[bool]]
Work = Callable[..., int]
SILENT: dict[str, Any] = {"asked": []}


def test_a_counter_return_of_an_open_request_joins_it_and_nothing_rests_on_it_yet(hub: Hub, two_channels: int) -> None:
    ret = document(hub, two_channels)
    assert set(ret.objects) == {"web", "till"}
    (bound,) = ret.provisional
    assert (bound.objects, bound.why, bound.waits) == ((("till", "return", "t1"),), "line", True)
    assert kinds(hub, two_channels) == ["provisional"]
    planned, why = plan_of(hub, two_channels, "erp")
    assert planned == []
    assert "without proof" in why[0]
    assert plan_of(hub, two_channels, "till")[0] == [], "its number is not told before it counts"
    assert questions(hub) == []


def test_what_is_judged_before_it_matures_is_judged_once_more_when_it_does(
    hub: Hub, two_channels: int, work: Work
) -> None:
    """Another link of the same return had a sooner time, or a write under way had it looked at again soon."""
    due = "SELECT round(extract(epoch FROM due - clock_timestamp()) / 60) FROM jobs WHERE kind = 'recompute'"
    assert rows(hub, due) == [(1,)]
    rows(hub, "UPDATE jobs SET due = clock_timestamp() WHERE kind = 'recompute' RETURNING 1")
    work(("recompute",))
    assert kinds(hub, two_channels) == ["provisional"]
    assert rows(hub, due) == [(1,)]


def test_after_its_settle_time_it_counts_and_the_till_hears_the_number(
    hub: Hub, two_channels: int, work: Work, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []

    def note(self: Till, operation: Operation) -> Reply:
        notes.append(operation.payload["text"])
        return Reply(objects={"return": operation.objects["return"]})

    monkeypatch.setattr(Till, "do_note", note)
    time_passes(hub)
    work(("recompute",))
    assert kinds(hub, two_channels) == []
    assert plan_of(hub, two_channels, "erp")[0] == ["create_return"]
    assert plan_of(hub, two_channels, "till")[0] == ["note"]
    rows(hub, "UPDATE accounts SET state = 'paused' WHERE name <> 'till' RETURNING 1")
    work(("deliver",))
    assert notes == [f"R{two_channels}"]
    post("till", counter("t1", version=2, notes=[{"id": "n1", "text": f"R{two_channels}"}]))
    work(("process",))
    assert plan_of(hub, two_channels, "till")[0] == []


def test_a_second_candidate_undoes_it_and_a_person_is_asked(
    hub: Hub, two_channels: int, post: Post, work: Work
) -> None:
    post("web", request("w2"))
    work(("process",))
    assert partition(hub, "w1", "w2", "t1") == {frozenset({"w1"}), frozenset({"w2"}), frozenset({"t1"})}
    of = whose(hub)
    assert questions(hub) == [("open", [of["t1"], of["w1"], of["w2"]])]
    for name in of.values():
        assert "two_candidates" in kinds(hub, name)
        assert document(hub, name).axes.authorization.value != "rejected", "nobody is refused while it is open"
        assert plan_of(hub, name, "erp")[0] == []


def test_a_person_links(hub: Hub, two_channels: int, post: Post, work: Work) -> None:
    post("web", request("w2"))
    work(("process",))
    of = whose(hub)
    hub.people.link(of["w2"], of["t1"], "Li")
    assert partition(hub, "w1", "w2", "t1") == {frozenset({"w1"}), frozenset({"w2", "t1"})}
    assert [state for state, _ in questions(hub)] == ["settled"]
    assert kinds(hub, of["w1"]) == []
    post("till", counter("t1", version=2))
    work(("process",))
    assert partition(hub, "w1", "w2", "t1") == {frozenset({"w1"}), frozenset({"w2", "t1"})}, "it stays where it was put"


def test_a_person_says_that_it_is_none_of_them(hub: Hub, two_channels: int, post: Post, work: Work) -> None:
    post("web", request("w2", quantity=2))
    work(("process",))
    ((question,),) = rows(hub, "SELECT id FROM reviews")
    hub.people.apart(question, "Li")
    assert len(partition(hub, "w1", "w2", "t1")) == 3
    assert [state for state, _ in questions(hub)] == ["apart"]
    post("till", counter("t1", version=2))
    work(("process",))
    assert len(partition(hub, "w1", "w2", "t1")) == 3
    assert [state for state, _ in questions(hub)] == ["apart"]


def test_what_is_recomputed_is_judged_again(hub: Hub, two_channels: int) -> None:
    hub.people.undo(last_link(hub), "Li")
    assert partition(hub, "w1", "t1") == {frozenset({"w1"}), frozenset({"t1"})}
    with hub.database.begin() as conn:
        conn.exec_driver_sql("DELETE FROM blocked_links")  # as if nobody had parted them
    hub.reconcile.recompute([whose(hub)["t1"]])
    assert partition(hub, "w1", "t1") == {frozenset({"w1", "t1"})}


def test_a_candidate_that_is_called_off_answers_the_question(
    hub: Hub, two_channels: int, post: Post, work: Work
) -> None:
    post("web", request("w2"))
    work(("process",))
    hub.people.decide(whose(hub)["w2"], {"authorization": {"value": "cancelled", "by": "Li"}}, "Li")
    assert partition(hub, "w1", "w2", "t1") == {frozenset({"w1", "t1"}), frozenset({"w2"})}
    assert [state for state, _ in questions(hub)] == ["settled"]


def test_a_strong_key_that_says_otherwise_wins(hub: Hub, two_channels: int, post: Post, work: Work) -> None:
    post("web", order("13"))
    post("web", request("w9", "13"))
    work(("process",))
    post("till", counter("t1", version=2, web_return="w9"))
    work(("process",))
    assert partition(hub, "w1", "w9", "t1") == {frozenset({"w1"}), frozenset({"w9", "t1"})}
    assert document(hub, two_channels).provisional == ()
    assert [order.number for order in document(hub, two_channels).orders] == ["12"]


def test_a_strong_key_that_says_the_same_confirms_it(hub: Hub, two_channels: int, post: Post, work: Work) -> None:
    post("till", counter("t1", version=2, web_return="w1"))
    work(("process",))
    ret = document(hub, two_channels)
    assert (set(ret.objects), ret.provisional, ret.discrepancies) == ({"web", "till"}, (), ())
    assert plan_of(hub, two_channels, "erp")[0] == ["create_return"]


def test_a_person_confirms_it(hub: Hub, two_channels: int, post: Post, work: Work) -> None:
    hub.people.confirm(two_channels, "Li")
    assert kinds(hub, two_channels) == []
    assert plan_of(hub, two_channels, "erp")[0] == ["create_return"]
    post("web", request("w2"))
    work(("process",))
    assert partition(hub, "w1", "w2", "t1") == {frozenset({"w1", "t1"}), frozenset({"w2"})}


def test_what_arrives_at_the_counter_first_waits_for_its_request(
    channels: Callable[..., None], hub: Hub, post: Post, work: Work
) -> None:
    channels()
    post("web", order())
    post("till", counter("t1", origin="blind"))
    work(("process",))
    (blind,) = all_returns(hub)
    post("web", request("w1"))
    work(("process",))
    (one,) = all_returns(hub)
    assert one.id == blind.id
    assert set(one.doc.objects) == {"web", "till"}
    assert one.doc.axes.receipt == "full"


@pytest.mark.parametrize("first", ["web", "erp"])
def test_a_number_that_a_clerk_typed(
    first: str, channels: Callable[..., None], hub: Hub, post: Post, work: Work
) -> None:
    """No order stands in the clerk's record; the number is the shop's own."""
    channels()
    post("web", order())
    arrivals = {"web": request("w1"), "erp": complaint("c1", rma=" W1 ")}
    for account in sorted(arrivals, reverse=first == "web"):
        post(account, arrivals[account])
        work(("process",))
    (one,) = all_returns(hub)
    assert set(one.doc.objects) == {"web", "erp"}
    assert [bound.why for bound in one.doc.provisional] == ["number"]


def test_parting_moves_back_exactly_what_came(channels: Callable[..., None], hub: Hub, post: Post, work: Work) -> None:
    channels()
    post("web", order())
    post("till", counter("t1"))
    work(("process",))
    (till,) = all_returns(hub)
    before = everything(hub, till.id)
    post("web", order("13"))
    post("web", request("w1"))
    work(("process",))
    assert whose(hub)["t1"] == whose(hub)["w1"]
    hub.people.undo(last_link(hub), "Li")
    of = whose(hub)
    assert of["t1"] != of["w1"]
    moved = max(of["t1"], of["w1"])
    assert rows(hub, "SELECT count(*) FROM keys WHERE return_id = :r", r=moved) == [(2,)]
    assert everything(hub, of["t1"]) == before
    post("till", counter("t1", version=2))
    work(("process",))
    assert of == whose(hub), "a person parted them: they are not bound again"


def everything(hub: Hub, return_id: int) -> list[Any]:
    asked = {
        "keys": "SELECT issuer, type, value FROM keys WHERE return_id = :r ORDER BY 1, 2, 3",
        "observations": "SELECT account, stream, external_id FROM observations WHERE return_id = :r ORDER BY 1, 2, 3",
        "orders": "SELECT order_id FROM return_orders WHERE return_id = :r",
        "raw": "SELECT external_id, count(*) FROM raw WHERE return_id = :r GROUP BY 1",
        "facts": "SELECT id FROM facts WHERE return_id = :r ORDER BY 1",
    }
    return [(what, rows(hub, statement, r=return_id)) for what, statement in asked.items()]


def test_the_return_that_goes_short_is_refused_whoever_comes_first(
    channels: Callable[..., None], hub: Hub, post: Post, work: Work
) -> None:
    """One piece was sold. It came over the counter twice as much as was asked for: that is no open piece of the request."""
    channels(settle=0)
    post("web", order(quantity=2))
    post("web", request("w1"))
    work(("process",))
    (asked,) = all_returns(hub)
    assert asked.status == "requested"
    post("till", counter("t1", quantity=2))
    work(("process",))
    loser = document(hub, asked.id)
    assert (loser.axes.authorization.value, loser.axes.authorization.account) == ("rejected", "hub")
    assert kinds(hub, asked.id) == ["over_return"]
    assert plan_of(hub, asked.id, "erp")[0] == [], "what is refused is not created anywhere"


RECORDS: dict[str, tuple[tuple[str, Any], ...]] = {
    "one": (("web", request), ("till", counter)),
    "ambiguous": (("web", request), ("web", request), ("till", counter)),
    "all three": (("web", request), ("till", counter), ("erp", complaint)),
    "a strong key among them": (
        ("web", request),
        ("web", request),
        ("till", lambda i, n: counter(i, n, web_return=f"{n}-1")),
    ),
    "a number among them": (("web", request), ("web", request), ("erp", lambda i, n: complaint(i, n, rma=f"{n}-2"))),
    "a number without its order": (
        ("web", request),
        ("till", counter),
        ("erp", lambda i, n: complaint(i, rma=f"{n}-1")),
    ),
    "blind": (("till", lambda i, n: counter(i, n, origin="blind")), ("web", request)),
    "more than is open": (("web", request), ("till", lambda i, n: counter(i, n, quantity=2)), ("web", request)),
}


@pytest.mark.parametrize("case", RECORDS)
def test_the_order_of_arrival_does_not_matter(
    case: str, channels: Callable[..., None], hub: Hub, post: Post, work: Work, seed: int
) -> None:
    channels(settle=0, **SILENT)
    found = set()
    told_ = [("web", order)] + list(RECORDS[case])
    orders = list(permutations(range(len(told_))))
    for n, sequence in enumerate(Random(seed).sample(orders, min(8, len(orders)))):
        number = f"{500 + n}"
        for i in sequence:
            account, make = told_[i]
            post(account, make(number) if i == 0 else make(f"{number}-{i}", number))
            if Random(seed + n).random() < 0.8:
                work(("process",))
        work(("process", "recompute"))
        ids = [f"{number}-{i}" for i in range(1, len(told_))]
        found.add(frozenset(frozenset(i.partition("-")[2] for i in group) for group in partition(hub, *ids)))
    assert len(found) == 1, found


def test_returns_that_begin_in_one_batch_are_judged_too(
    channels: Callable[..., None], hub: Hub, post: Post, work: Work
) -> None:
    channels(settle=0, **SILENT)
    post("web", order())
    post("web", request("w1"))
    post("till", counter("t1"))
    work(("process",))
    assert partition(hub, "w1", "t1") == {frozenset({"w1", "t1"})}
    assert rows(hub, "SELECT count(*), count(merged_into), count(bindings) FROM returns") == [(2, 1, 1)]


def test_the_story_says_what_was_bound_and_why(hub: Hub, two_channels: int, post: Post, work: Work) -> None:
    assert any("is taken for" in line and "no proof" in line for line in story(hub, two_channels))
    post("web", request("w2"))
    work(("process",))
    assert any("that does not hold" in line for line in story(hub, two_channels))
