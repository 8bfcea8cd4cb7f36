"""A return's parcel through a whole hub: the shop names its number, Kuaidi100 (sandbox) watches it and pushes over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from connectors.kit import registry
from connectors.kuaidi100 import connector as subject
from connectors.kuaidi100.sandbox import CUSTOMER, KEY, Kuaidi100Sandbox
from hub import configuration
from hub.boot import Hub
from hub.web import create_app
from tests.connectors.kuaidi100_remote import SECRET
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, document, hurry, intents

LINES = [{"id": "L1", "sku": "SHIRT-M", "quantity": 1, "price": "79.00"}]
NUMBER = "SF1234567890123"


@pytest.fixture
def carrier() -> Iterator[Kuaidi100Sandbox]:
    with Kuaidi100Sandbox() as running:
        yield running


@pytest.fixture
def wired(
    hub: Hub,
    connect: Callable[..., None],
    shop: Remote,
    carrier: Kuaidi100Sandbox,
) -> Iterator[None]:
    """The accounts `web`, a shop that tells of parcels, and `carrier`; the hub's web listens."""
    server = make_server("127.0.0.1", 0, create_app(hub), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    connect("web", "fake_shop", base_url=shop.url)
    settings = {"base_url": carrier.url, "customer": CUSTOMER, "key": KEY, "push_secret": SECRET, "phone": "0000"}
    address = f"http://127.0.0.1:{server.server_port}/hooks/carrier"
    configuration.put(hub, "carrier", {"connector": "kuaidi100", "settings": {**settings, "callback_url": address}})
    yield
    server.shutdown()
    thread.join()
    hub.writer.close()
    registry.close()


@pytest.fixture
def subscribed(
    wired: None,
    shop: Remote,
    post: Callable[..., Any],
    work: Callable[..., int],
    carrier: Kuaidi100Sandbox,
) -> None:
    """One return whose parcel's number the shop knows; the carrier has collected it."""
    carrier.scan("shunfeng", NUMBER, "103", "已揽收", "2026-03-01 09:12:00")
    shop.do("buy", order="12", lines=LINES)
    record = shop.do("request", order="12", lines=LINES)
    parcel = {"id": "p1", "carrier": "SF Express", "number": NUMBER}
    post("web", {**record, "version": record["version"] + 1, "shipments": [parcel]})
    work()


def delivered(carrier: Kuaidi100Sandbox, count: int) -> list[int]:
    """The answers to this many pushes."""
    until = time.monotonic() + 20
    while len(carrier.webhooks.sent) < count and time.monotonic() < until:
        time.sleep(0.01)
    return [sent["status"] for sent in carrier.webhooks.sent]


def parcel_of(hub: Hub) -> Any:
    (found,) = all_returns(hub)
    ret = document(hub, found.id)
    (parcel,) = ret.shipments
    assert parcel.value.number == NUMBER
    return ret, parcel


@pytest.mark.proves("echo", "kuaidi100")
@pytest.mark.usefixtures("subscribed")
def test_the_shop_names_the_number_and_the_carrier_tells_the_rest(
    hub: Hub,
    work: Callable[..., int],
    carrier: Kuaidi100Sandbox,
) -> None:
    assert [effect["nu"] for effect in carrier.effects] == [NUMBER]
    assert intents(hub) == [("add_tracking", "done")]
    ret, parcel = parcel_of(hub)
    assert (parcel.value.state, parcel.speaker.account, ret.axes.transit) == ("accepted", "carrier", "accepted")
    assert set(parcel.known_to) == {"carrier", "web"}
    for day, (state, transit) in enumerate(
        [("1002", "in_transit"), ("14", "exception"), ("6", "returning_to_sender"), ("4", "returned_to_sender")], 2
    ):
        carrier.scan("shunfeng", NUMBER, state, "…", f"2026-03-0{day} 11:30:00")
        assert delivered(carrier, day) == [200] * day, "the answer is theirs, so nothing is pushed twice"
        work()
        ret, parcel = parcel_of(hub)
        assert (parcel.value.state, ret.axes.transit) == (transit, transit)
    assert parcel.value.at.isoformat() == "2026-03-05T03:30:00+00:00"
    assert [effect["nu"] for effect in carrier.effects] == [NUMBER], "one parcel, one subscription"


@pytest.mark.proves("order", "kuaidi100")
@pytest.mark.usefixtures("subscribed")
def test_pushes_lost_doubled_and_swapped(
    hub: Hub,
    work: Callable[..., int],
    carrier: Kuaidi100Sandbox,
) -> None:
    carrier.fault("webhook_drop")
    carrier.scan("shunfeng", NUMBER, "1002", "…", "2026-03-02 11:30:00")
    carrier.fault("webhook_reorder")
    carrier.scan("shunfeng", NUMBER, "5", "…", "2026-03-03 11:30:00")
    carrier.fault("webhook_duplicate")
    carrier.scan("shunfeng", NUMBER, "301", "…", "2026-03-03 15:30:00")
    assert delivered(carrier, 4) == [200] * 4
    work()
    assert parcel_of(hub)[1].value.state == "delivered"


@pytest.mark.usefixtures("subscribed")
def test_a_subscription_that_ended_is_renewed_and_the_gap_filled(
    hub: Hub,
    work: Callable[..., int],
    carrier: Kuaidi100Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert delivered(carrier, 1) == [200]
    carrier.end("shunfeng", NUMBER, "60天无变化")
    assert delivered(carrier, 2) == [200, 200]
    work()
    assert "60天无变化" in parcel_of(hub)[0].notes[0].value.text
    carrier.scan("shunfeng", NUMBER, "1002", "…", "2026-05-02 11:30:00")
    delivered(carrier, 3)
    work()
    assert len(carrier.effects) == 1, "half an hour has not passed"
    monkeypatch.setattr(subject, "PAUSE", 0)
    hurry(hub)
    work()
    assert [effect["times"] for effect in carrier.effects] == [1, 2]
    ret, parcel = parcel_of(hub)
    assert (parcel.value.state, ret.notes) == ("in_transit", ())
