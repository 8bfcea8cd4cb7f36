"""One return through every kind of system: a shop, a counter, two carriers' aggregators (sandboxes) and a real Tryton.

The hub is `hub serve` as a process of its own; people and parcels act in their own systems, and nobody tells the hub.
Every test ends with the systems asked, never with our tables alone.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import pytest

from hub.demo.channels import Channels, channels, price
from hub.demo.omnichannel import ALL, Journey, Omnichannel
from hub.demo.stage import Stage, stage
from hub.demo.tryton_server import Tryton, TrytonFailed
from hub.postgres import Server
from hub.settings import Settings
from hub.store import console as pages
from tests.databases import CHECKOUT

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def scene(
    postgres: Server,
    new_database: Callable[[str | None], str],
    tmp_path_factory: pytest.TempPathFactory,
    peer_unavailable: Callable[[str], NoReturn],
) -> Iterator[Stage[Channels]]:
    """Everything started once; each test has an order of its own."""
    tryton = Tryton(CHECKOUT / ".peers" / "tryton", name=f"channels-{os.getpid()}", progress=print)
    data = Path(tmp_path_factory.mktemp("hub"))
    settings = Settings(data=data, database_url=postgres.url(new_database(None)), listen="127.0.0.1:0")
    try:
        with stage(settings, print, channels, tryton) as running:
            yield running
    except (TrytonFailed, OSError) as problem:
        peer_unavailable(str(problem))
    finally:
        shutil.rmtree(tryton.data, ignore_errors=True)


@pytest.fixture
def journey(scene: Stage[Channels]) -> Iterator[Journey]:
    """A fresh order's; what is known of its returns is printed at the end, for a test that fails."""
    made = Journey(scene)
    yield made
    for row in returns_of(made):
        made.return_id = row.id
        print(
            f"R{row.id} is {row.doc.status}, {made.sync}, {row.doc.objects}",
            *row.doc.discrepancies,
            made.story(),
            sep="\n",
        )


def returns_of(journey: Journey) -> list[pages.Row]:
    """Every return of this order that somebody opened."""
    with journey.hub.database.begin() as conn:
        rows = pages.search(conn, journey.order.number).rows
    return [row for row in rows if any(o.ids.get("web") == journey.order.id for o in row.doc.orders)]


def complaints(journey: Journey) -> dict[int, str]:
    """The state of every complaint in Tryton about this order, by id."""
    rpc = journey.world.erp.rpc
    found = rpc.search("sale.complaint", [["origin.id", "=", journey.order.sold.sale, "sale.sale"]])
    return {number: rpc.read("sale.complaint", number, "state")["state"] for number in found}


def notes(journey: Journey, complaint: int) -> list[str]:
    """What stands in the notes of a complaint in Tryton."""
    rpc = journey.world.erp.rpc
    found = rpc.search("ir.note", [["resource", "=", f"sale.complaint,{complaint}"]])
    return [rpc.read("ir.note", note, "message")["message"] for note in found]


def processed(journey: Journey) -> list[int]:
    """Per line of the order's return: the pieces that the shop has taken as received."""
    (record,) = journey.world.shop_order(journey.order)["returns"]["nodes"]
    return [line["processedQuantity"] for line in record["returnLineItems"]["nodes"]]


def discrepancies(journey: Journey) -> list[str]:
    return [discrepancy.kind for discrepancy in journey.merged.discrepancies]


def test_bought_online_it_comes_back_over_the_counter_and_by_two_carriers(scene: Stage[Channels]) -> None:
    tale = Omnichannel(scene)
    tale.run(print)
    merged = tale.merged
    assert [row.id for row in returns_of(tale)] == [tale.return_id]
    # The systems, asked.
    assert tale.world.money_back(tale.order) == [("web", Decimal("22.4")), ("pos", Decimal(20))], "each piece paid once"
    assert tale.put_away() == ALL
    assert complaints(tale) == {tale.complaint: "done"}
    assert tale.world.shop_returns(tale.order) == {tale.asked: "OPEN"}
    assert processed(tale) == [1, 1, 1]
    followed = [account for account, _ in tale.world.followed()]
    assert sorted(followed) == ["express", "parcels"], "each parcel by its own carrier's aggregator, once"
    # What the hub makes of it.
    assert (merged.status, merged.axes.settlement, merged.axes.transit) == ("completed", "settled", "delivered")
    assert merged.money.credited == merged.money.refunded == sum(map(price, ALL))
    assert merged.discrepancies == ()
    tale.wait(
        "all but the shop to be told all",
        lambda: {a for a, shown in tale.sync.items() if shown != "in_sync"} == {"web"},
    )
    # The story: where each piece is, who decided, who paid.
    story = tale.story()
    for step in (
        "authorization authorized (by erp)",
        "receipt 1 x SHIRT-M unknown at LSIMSHENZHEN1 (pos)",
        "refund 20.00 EUR succeeded (pos)",
        "receipt 1 x MUG good at STO (erp)",
        "receipt 1 x SCARF good at STO (erp)",
        "refund 22.40 EUR succeeded (web)",
    ):
        assert step in story, story


def test_two_channels_that_ask_for_the_same_piece_at_once_are_one_return(journey: Journey) -> None:
    """A customer on the shop's page, and a clerk whom the customer has called meanwhile.

    Nobody can look and write at once in a system of others: where the hub entered its complaint a moment before it
    could read the clerk's, the clerk's is the later one. It is cancelled, which can be taken back, and a person is asked.
    """
    journey.bought({"SHIRT-M": 1})
    people, made = journey.world.erp, list[int]()
    calls = threading.Thread(target=lambda: made.append(people.complain(journey.order.sold, {"SHIRT-M": Decimal(1)})))
    calls.start()
    journey.asked = journey.world.ask_back(journey.order, {"SHIRT-M": 1})
    calls.join()
    journey.known()
    asked_once(journey, *made)


def test_a_clerk_who_enters_what_the_hub_has_just_entered_is_told_so(journey: Journey) -> None:
    journey.bought({"SHIRT-M": 1})
    journey.asked_back({"SHIRT-M": 1})
    journey.wait("a complaint in Tryton", lambda: complaints(journey))
    later = journey.world.erp.complain(journey.order.sold, {"SHIRT-M": Decimal(1)})
    asked_once(journey, later)
    assert complaints(journey)[later] == "cancelled"


def asked_once(journey: Journey, complaint: int) -> None:
    """The clerk's complaint is the shop's return, or was cancelled with a question; the piece is asked for once."""

    def bound() -> bool:
        known = journey.merged.objects.get("erp", {}).get("complaint") == str(complaint)
        return known and len(returns_of(journey)) == 1 and any(journey.number in n for n in notes(journey, complaint))

    def refused() -> bool:
        return len(returns_of(journey)) == 2 and complaints(journey).get(complaint) == "cancelled"

    journey.wait("both to be one, or the later one to be refused", lambda: bound() or refused())
    journey.quiet()
    states = complaints(journey)
    assert sorted(states.values()) == (["waiting"] if bound() else ["cancelled", "waiting"]), states
    assert journey.world.shop_returns(journey.order) == {journey.asked: "REQUESTED"}
    assert [line.quantity for line in journey.merged.lines] == [1]
    assert (journey.merged.status, discrepancies(journey)) == ("requested", [])
    if refused():
        (journey.return_id,) = (row.id for row in returns_of(journey) if row.id != journey.return_id)
        journey.quiet()
        assert (journey.merged.status, discrepancies(journey)) == ("rejected", ["over_return"])
        assert {choice.word for choice in journey.merged.discrepancies[0].choices} == {"allow", "refuse"}
        assert "told erp: reject" in journey.story()


def test_who_asks_for_more_than_is_open_goes_short_and_is_refused(journey: Journey) -> None:
    """The shop's return has both pieces; a clerk enters one more by hand, for a customer who called."""
    journey.bought({"SHIRT-M": 2})
    journey.asked_back({"SHIRT-M": 2})
    first = journey.wait("a complaint in Tryton", lambda: journey.merged.objects.get("erp", {}).get("complaint"))
    journey.quiet()
    second = journey.world.erp.complain(journey.order.sold, {"SHIRT-M": Decimal(1)})
    journey.wait("the second to be refused there", lambda: complaints(journey).get(second) == "cancelled")
    journey.wait("two returns", lambda: len(returns_of(journey)) == 2)
    journey.quiet()
    assert discrepancies(journey) == []
    (loser,) = (row.id for row in returns_of(journey) if row.id != journey.return_id)
    journey.return_id = loser
    journey.quiet()
    assert complaints(journey) == {int(first): "waiting", second: "cancelled"}
    assert journey.world.shop_returns(journey.order) == {journey.asked: "REQUESTED"}, "the shop was told of no other"
    assert (journey.merged.status, discrepancies(journey)) == ("rejected", ["over_return"])
    assert "authorization rejected (by hub)" in journey.story()
    assert "told erp: reject" in journey.story()


def test_a_lost_parcel_is_a_persons_business_and_pays_nothing(journey: Journey) -> None:
    journey.bought({"MUG": 1})
    journey.asked_back({"MUG": 1})
    journey.approved()
    number = journey.sent("UPS", "1ZLOST")
    journey.world.scan(number, "in_transit")
    journey.world.scan(number, "failure", "lost")
    journey.wait("the hub to know that it is lost", lambda: journey.merged.axes.transit == "lost")
    journey.quiet()
    (discrepancy,) = journey.merged.discrepancies
    assert (discrepancy.kind, discrepancy.accounts, journey.merged.status) == ("parcel_lost", ("parcels",), "lost")
    assert discrepancy.text == (
        f"parcels says that parcel {number} is lost; not here yet: MUG. Claim it from the carrier, and decide about the"
        " customer's money: nothing is paid by itself."
    )
    assert f"discrepancy parcel_lost: {discrepancy.text}" in journey.story()
    assert journey.world.money_back(journey.order) == []
    assert journey.put_away() == {}
    assert any(number in note for note in notes(journey, journey.complaint)), "Tryton knows which parcel to ask for"
    journey.world.erp.arrive(journey.sale, {"MUG": 1})
    journey.wait("the find to settle it", lambda: discrepancies(journey) == [])


def test_a_refund_that_fails_at_the_holder_of_the_money_happened_nowhere(journey: Journey) -> None:
    journey.bought({"MUG": 1})
    journey.asked_back({"MUG": 1})
    journey.approved()
    journey.world.erp.arrive(journey.sale, {"MUG": 1})
    journey.wait("the piece to be here", lambda: journey.merged.axes.receipt == "full")
    refusal = {
        "data": {"refundCreate": {"refund": None, "userErrors": [{"field": None, "message": "The card is closed"}]}}
    }
    journey.world.shop.fault("answer", method="MUTATION", path=".*[?]Refund", status=200, body=refusal, times=1000)
    try:
        journey.world.erp.post_invoices(journey.sale)
        journey.wait("the shop to have refused", lambda: "web refused refund" in journey.story())
        journey.quiet()
        merged = journey.merged
        assert "The card is closed" in journey.story()
        assert (merged.axes.settlement, merged.money.due, merged.money.refunded) == ("due", price("MUG"), 0)
        assert journey.sync["web"] == "blocked"
        assert journey.world.money_back(journey.order) == []
        assert journey.world.shop_order(journey.order)["refunds"] == []
        assert "refund 9.90" not in journey.story(), "neither the hub nor the till says that it was paid"
    finally:
        journey.world.shop.behave()
    with journey.hub.database.begin() as conn:
        (row,) = (row for row in pages.telling(conn, journey.return_id or 0) if row.account == "web")
    journey.hub.dead_letters.retry(row.return_id, "web", "ops (simulated)")
    journey.wait("the shop to have paid once", lambda: journey.paid("web") == price("MUG"))
    journey.wait("the hub to know", lambda: journey.merged.axes.settlement == "settled")


def test_an_erp_that_counts_fewer_pieces_than_the_shop_is_asked_about_and_overwrites_nothing(
    journey: Journey,
) -> None:
    journey.bought({"MUG": 2})
    journey.asked_back({"MUG": 2})
    journey.approved()
    journey.world.erp.arrive(journey.sale, {"MUG": 1})
    journey.wait("the shop to have been told of one", lambda: processed(journey) == [1])
    journey.world.shop_counts(journey.order, journey.asked)  # a clerk there is sure that two came
    journey.wait("the hub to see two counts", lambda: discrepancies(journey))
    journey.world.erp.post_invoices(journey.sale)
    journey.wait("the counted piece to be paid", lambda: journey.paid("web") == price("MUG"))
    journey.quiet()
    (discrepancy,) = journey.merged.discrepancies
    assert (discrepancy.kind, set(discrepancy.accounts), discrepancy.freezes) == ("total_grew", {"erp", "web"}, False)
    assert discrepancy.text.startswith("web shows 2 pieces in all, 1 more than erp told and it had of its own.")
    assert [choice.text for choice in discrepancy.choices] == ["own", "same"], "the shop's clerk knows"
    assert journey.merged.lines[0].received == 1, "the warehouse's word counts"
    assert journey.put_away() == {"MUG": 1}, "and is not overwritten"
    assert processed(journey) == [2], "nor is the shop's"
    assert journey.world.money_back(journey.order) == [("web", price("MUG"))]
