"""A parcel on its way back, followed by a carrier aggregator (EasyPost's sandbox); the shop is a fake one (simulated)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from connectors.easypost.sandbox import PRODUCTION_KEY, EasyPostSandbox
from connectors.kit import registry
from connectors.kit.api import WebhookRequest
from hub import configuration
from hub.boot import Hub
from hub.pipeline.intake.accept import accept
from hub.store import console, inbox, reviews
from tests.pipeline.queries import all_returns, document, hurry, intents, story

SECRET = "simulated sécret"
NUMBER = "1ZSIMULATED0000001"


class Parcels(EasyPostSandbox):
    """The sandbox, whose webhooks the test brings to the hub itself."""

    def setup(self) -> None:
        super().setup()
        self.bodies: list[bytes] = []

    def webhook(self, topic: str, body: Any) -> None:
        self.bodies.append(msgspec.json.encode(body))

    def scan(self, status: str, detail: str | None = None) -> None:
        """The carrier scans the only parcel there is."""
        (tracker,) = self.state.trackers.values()
        self.state.scan(tracker, status, detail)


@pytest.fixture
def parcels(hub: Hub, connect: Callable[..., None]) -> Iterator[Parcels]:
    """EasyPost's sandbox, and the account `parcels` for it; the orders are those of `web`."""
    connect("web", "fake_shop", base_url="http://127.0.0.1:9")
    with Parcels(secret=SECRET) as remote:
        settings = {"base_url": remote.base_url, "api_key": PRODUCTION_KEY, "webhook_secret": SECRET}
        wanted = {"connector": "easypost", "settings": {**settings, "orders_of": "web"}}
        configuration.put(hub, "parcels", wanted)
        yield remote
    registry.close()


@pytest.fixture
def bring(hub: Hub, parcels: Parcels, work: Callable[..., int]) -> Callable[[], None]:
    """bring(): what EasyPost has to tell reaches the hub, which then works until nothing is due."""

    def deliver() -> None:
        while parcels.bodies:
            body = parcels.bodies.pop(0)
            request = WebhookRequest("POST", "/hooks/parcels", dict(parcels.sign("", body)), body)
            arrivals = accept(hub.accounts, "parcels", request)
            with hub.database.begin() as conn:
                inbox.accept(conn, arrivals)
        work()

    return deliver


def asked(version: int, number: str | None = NUMBER, carrier: str = "UPS") -> dict[str, Any]:
    """What the shop tells of a return, with or without the number under which the customer sent it."""
    shipments = [{"id": "S1", "carrier": carrier, "number": number}] if number else []
    lines = [{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}]
    return {"id": "ret1", "version": version, "order": "12", "lines": lines, "shipments": shipments}


@pytest.mark.proves("echo", "easypost")
def test_a_parcel_is_followed_to_the_door_and_is_no_receipt(
    hub: Hub,
    parcels: Parcels,
    post: Callable[[str, Any], list[bool]],
    work: Callable[..., int],
    bring: Callable[[], None],
) -> None:
    post("web", asked(1, number=None))
    work()
    assert parcels.effects == []
    post("web", asked(2))
    work()
    assert [(e["kind"], e["tracking_code"], e["carrier"]) for e in parcels.effects] == [("track", NUMBER, "UPS")]
    bring()
    for status in ("in_transit", "delivered"):
        parcels.scan(status)
        bring()
    (found,) = all_returns(hub)
    axes = found.doc.axes
    assert (axes.transit, axes.receipt, found.status) == ("delivered", "none", "arrived")
    (shipment,) = found.doc.shipments
    assert (shipment.speaker.account, shipment.known_to) == ("parcels", ("parcels", "web"))
    assert found.doc.lines[0].received == 0
    assert found.sync["parcels"] == "in_sync"
    assert intents(hub) == [("add_tracking", "done")]
    assert [effect["kind"] for effect in parcels.effects] == ["track"]
    assert document(hub, found.id).discrepancies == ()


@pytest.mark.proves("order", "easypost")
def test_a_push_that_overtakes_the_lost_answer_is_the_same_parcel(
    hub: Hub,
    parcels: Parcels,
    post: Callable[[str, Any], list[bool]],
    work: Callable[..., int],
    bring: Callable[[], None],
) -> None:
    parcels.fault("answer_after", method="POST", path="/v2/trackers", status=502)
    post("web", asked(1))
    work()
    assert intents(hub) == [("add_tracking", "unknown")]
    parcels.scan("delivered")
    bring()
    (found,) = all_returns(hub)
    assert found.doc.axes.transit == "unknown"  # a number alone identifies a parcel, never a return
    hurry(hub)
    work()
    (found,) = all_returns(hub)
    assert (found.doc.axes.transit, found.status, found.sync["parcels"]) == ("delivered", "arrived", "in_sync")
    assert [shipment.known_to for shipment in found.doc.shipments] == [("parcels", "web")]
    assert intents(hub) == [("add_tracking", "done")]
    assert [effect["kind"] for effect in parcels.effects] == ["track"]


def test_a_label_known_before_the_shop_tells_its_number_joins_the_return(
    hub: Hub,
    parcels: Parcels,
    post: Callable[[str, Any], list[bool]],
    bring: Callable[[], None],
) -> None:
    label = parcels.state.label({"is_return": True}, "production")
    parcels.state.buy(label, label["rates"][0]["id"], "production")
    parcels.scan("in_transit")
    bring()
    assert all_returns(hub) == []
    post("web", asked(1, label["tracking_code"], "USPS"))
    bring()
    (found,) = all_returns(hub)
    assert found.doc.objects["parcels"] == {"shipment": label["id"]}
    assert (found.doc.axes.transit, found.sync["parcels"]) == ("in_transit", "in_sync")
    assert [effect["kind"] for effect in parcels.effects] == []
    assert any("held under it" in line for line in story(hub, found.id))


def test_a_forward_parcel_that_turns_back_founds_a_return_of_its_order(
    hub: Hub,
    parcels: Parcels,
    post: Callable[[str, Any], list[bool]],
    bring: Callable[[], None],
) -> None:
    label = parcels.state.label({"reference": "12"}, "production")
    parcels.state.buy(label, label["rates"][0]["id"], "production")
    parcels.scan("in_transit")
    bring()
    assert all_returns(hub) == []
    parcels.scan("return_to_sender", "refused")
    bring()
    (found,) = all_returns(hub)
    assert (found.doc.origin, found.doc.kind, found.status) == ("undelivered", "undelivered", "coming_back")
    assert (found.doc.axes.receipt, found.doc.lines) == ("none", ())


def test_a_scan_alone_founds_nothing_and_is_shown_as_unbound(
    hub: Hub, parcels: Parcels, bring: Callable[[], None]
) -> None:
    parcels.state.track(NUMBER, "UPS", "production")
    parcels.scan("delivered")
    bring()
    assert all_returns(hub) == []
    with hub.database.begin() as conn:
        (held,) = console.search(conn, unbound=True).rows
    assert held.doc.objects["parcels"]


def test_of_two_carrier_accounts_each_is_asked_to_follow_its_own(
    hub: Hub,
    connect: Callable[..., None],
    parcels: Parcels,
    post: Callable[[str, Any], list[bool]],
    bring: Callable[[], None],
) -> None:
    with Parcels(secret=SECRET) as other:
        for name, remote, followed in (("parcels", parcels, ["ups"]), ("post", other, ["Evri", "DHL"])):
            settings = {"base_url": remote.base_url, "api_key": PRODUCTION_KEY, "webhook_secret": SECRET}
            wanted = {"connector": "easypost", "settings": settings, "terms": {"carriers": followed}}
            configuration.put(hub, name, wanted)
        post("web", asked(1, "1Z1", "UPS"))
        bring()
        (found,) = all_returns(hub)
        assert set(found.sync) == {"parcels", "web"}  # the other has nothing to hear, and is not shown
        post("web", {**asked(2, "1Z1", "UPS"), "shipments": [
            {"id": "S1", "carrier": "UPS", "number": "1Z1"}, {"id": "S2", "carrier": " evri ", "number": "H1"},
        ]})  # fmt: skip
        bring()
        (found,) = all_returns(hub)
        assert {name: found.sync[name] for name in ("parcels", "post")} == {"parcels": "in_sync", "post": "in_sync"}
        watched = [[effect["tracking_code"] for effect in remote.effects] for remote in (parcels, other)]
    assert watched == [["1Z1"], ["H1"]]


def test_a_parcel_that_comes_back_undelivered_and_a_request_for_its_goods_are_asked_about(
    hub: Hub,
    connect: Callable[..., None],
    parcels: Parcels,
    post: Callable[[str, Any], list[bool]],
    work: Callable[..., int],
    bring: Callable[[], None],
) -> None:
    connect("web", "fake_shop", base_url="http://127.0.0.1:9", terms={"asked": []})
    post("web", {"stream": "order", "id": "12", "lines": [{"id": "L1", "sku": "SHIRT-M", "quantity": 2}], "version": 1})
    post("web", asked(2, number=None))
    work()
    there = {"street1": "1 Simulated Street", "city": "HOUSTON", "state": "TX", "zip": "77001", "country": "US"}
    wanted = {"is_return": False, "reference": "#12", "to_address": there, "from_address": there}
    label = parcels.state.label({**wanted, "parcel": {"weight": 10.0}}, "production")
    parcels.state.buy(label, label["rates"][0]["id"], "production")
    for status, detail in (("in_transit", None), ("return_to_sender", None)):
        parcels.scan(status, detail)
    bring()
    one, two = (found.id for found in all_returns(hub))
    kinds = [[discrepancy.kind for discrepancy in document(hub, return_id).discrepancies] for return_id in (one, two)]
    assert kinds == [["two_candidates"], ["two_candidates"]]
    with hub.database.begin() as conn:
        (question,) = reviews.open_reviews(conn)
    assert set(question["returns"]) == {one, two}
    hub.people.apart(question["id"], "ann")
    work()
    assert [document(hub, return_id).discrepancies for return_id in (one, two)] == [(), ()]
