"""EasyPost's parcels in simulated sequences: nobody has recorded a whole way back, so every order of things is tried."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.easypost import records
from connectors.easypost.connector import EasyPost
from connectors.easypost.sandbox import PRODUCTION_KEY, EasyPostSandbox
from connectors.kit import registry
from connectors.kit.api import Changed, Login, WebhookRequest
from hub import schema
from hub.model.language import words
from hub.model.merge.merger import merge_fragments
from hub.model.schema.fragment import Fragment, Shipment
from hub.model.schema.observation import Observation
from mappings.engine import Mapping, UnknownWord, read_json

DICTIONARY = Mapping.load(Path(__file__).resolve().parents[2] / "mappings" / "easypost.yaml")
SETTINGS = {"standalone": "return", "orders_of": "web", "days": 90}
STATUSES = (
    *("unknown", "pre_transit", "in_transit", "out_for_delivery", "delivered", "available_for_pickup"),
    *("return_to_sender", "failure", "cancelled", "error"),
)
DETAILS = (
    *("address_correction", "arrived_at_destination", "arrived_at_facility", "arrived_at_pickup_location"),
    *("awaiting_information", "cancelled", "damaged", "delayed", "delivery_exception", "departed_facility"),
    *("departed_origin_facility", "expired", "failure", "held", "in_transit", "label_created", "lost", "missorted"),
    *("out_for_delivery", "received_at_destination_facility", "received_at_origin_facility", "refused", "return"),
    *("status_update", "transferred_to_destination_carrier", "transit_exception", "unknown", "weather_delay"),
)
"""EasyPost's published words, all of them."""
NOT_DELIVERED = {
    "lost": "lost",
    "return": "returned_to_sender",
    **dict.fromkeys(("delivery_exception", "failure", "refused"), "exception"),
}
"""What is said beside `delivered` and contradicts it."""
TERMINAL = {"delivered", "returned_to_sender", "lost", "cancelled"}
SECRET = "simulated"
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)

scans = st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from(DETAILS)), min_size=1, max_size=6)


def tracker(history: list[tuple[str, str]], zones: list[int] | None = None) -> dict[str, Any]:
    """A tracker with these scans, an hour apart; `zones`: the offset in which each is written, in hours."""
    offsets = zones or [0] * len(history)
    details = [
        {
            "status": status,
            "status_detail": detail,
            "datetime": (BEGIN + timedelta(hours=n)).astimezone(timezone(timedelta(hours=offset))).isoformat(),
        }
        for n, ((status, detail), offset) in enumerate(zip(history, offsets, strict=True))
    ]
    status, detail = history[-1]
    fields = {"id": "trk_1", "tracking_code": "1Z", "carrier": "UPS", "status": status, "status_detail": detail}
    return {**fields, "shipment_id": None, "updated_at": "2026-03-09T17:00:00Z", "tracking_details": details}


def fragment(stream: str, body: bytes) -> Fragment:
    return msgspec.convert(DICTIONARY.read(stream, read_json(body), SETTINGS, account="parcels"), Fragment)


def parcels(record: dict[str, Any]) -> tuple[Shipment, ...]:
    found = schema.fragment(DICTIONARY.read("tracker", records.tracker(record), SETTINGS, account="parcels"))
    assert found.shipments
    return found.shipments


def state(record: dict[str, Any]) -> str:
    return parcels(record)[0].state


# -- words


def test_every_published_word_has_one_of_our_states() -> None:
    found = {state(tracker([event])) for event in itertools.product(STATUSES, DETAILS)}
    assert found == set(get_args(words.ShipmentState))


def test_a_parcel_ends_only_where_they_say_so() -> None:
    ends = {(s, d) for s, d in itertools.product(STATUSES, DETAILS) if state(tracker([(s, d)])) in TERMINAL}
    said = {(s, d) for s, d in itertools.product(("delivered", "cancelled"), DETAILS)}
    said -= {("delivered", d) for d, found in NOT_DELIVERED.items() if found == "exception"}
    said |= {(s, "lost") for s in STATUSES} | {("return_to_sender", "arrived_at_destination")}
    assert ends == said


@pytest.mark.parametrize("word", ["on_the_moon", "", "Delivered"])
def test_a_status_nobody_published_stops_the_message_and_a_detail_is_left_to_people(word: str) -> None:
    with pytest.raises(UnknownWord):
        state(tracker([(word, "unknown")]))
    for status in STATUSES:
        (known,) = parcels(tracker([(status, "unknown")]))
        (read,) = parcels(tracker([(status, word)]))
        assert (read.state, read.reason, read.raw) == (known.state, known.reason, f"{status}/{word}")


@pytest.mark.parametrize(("detail", "found"), NOT_DELIVERED.items())
def test_a_detail_that_says_it_did_not_arrive_is_not_delivered_silently(detail: str, found: str) -> None:
    shown = parcels(tracker([("in_transit", "in_transit"), ("delivered", detail)]))
    assert [(parcel.state, parcel.raw) for parcel in shown] == [(found, f"delivered/{detail}")]


@pytest.mark.parametrize("word", ["submitted", "refunded", "rejected", "not_applicable", "on_the_moon", None])
def test_a_refund_of_postage_nobody_published_costs_no_state(word: str | None) -> None:
    label = {"id": "shp_1", "is_return": True, "refund_status": word, "tracker": tracker([("in_transit", "held")])}
    fields = DICTIONARY.read("shipment", records.shipment(label), SETTINGS, account="parcels")
    (parcel,) = schema.fragment(fields).shipments or ()
    assert parcel.state == "exception"


# -- histories


@given(history=scans, data=st.data())
def test_the_zone_in_which_a_scan_is_written_changes_nothing(
    history: list[tuple[str, str]], data: st.DataObject
) -> None:
    zones = data.draw(st.lists(st.integers(-11, 14), min_size=len(history), max_size=len(history)))
    plain, local = (records.tracker(tracker(history, which)) for which in (None, zones))
    read = [DICTIONARY.read("tracker", record, SETTINGS, account="parcels") for record in (plain, local)]
    assert schema.fragment(read[0]) == schema.fragment(read[1])


@given(history=scans)
def test_what_once_turned_back_is_never_delivered_to_its_addressee(history: list[tuple[str, str]]) -> None:
    turned = any(status == "return_to_sender" for status, _ in history)
    found = state(tracker(history))
    if turned:
        assert found not in ("delivered", "in_transit", "accepted", "out_for_delivery", "available_for_pickup")
    status, detail = history[-1]
    if status == "delivered" and detail != "lost":
        assert found == ("returned_to_sender" if turned else NOT_DELIVERED.get(detail, "delivered"))


@given(history=scans, is_return=st.booleans(), reference=st.sampled_from([None, "#12", "R1001"]))
def test_only_a_forward_label_with_an_order_that_turned_back_founds(
    history: list[tuple[str, str]], is_return: bool, reference: str | None
) -> None:
    label = {"id": "shp_1", "is_return": is_return, "reference": reference, "tracker": tracker(history)}
    read = DICTIONARY.read("shipment", records.shipment(label), SETTINGS, account="parcels")
    turned = any(status == "return_to_sender" for status, _ in history)
    assert (read.get("origin") == "undelivered") == bool(not is_return and reference and turned)
    assert "receipts" not in read
    found = schema.fragment(read)
    assert [part.direction for part in found.shipments or ()] == ["return" if is_return else "forward"]


# -- pushes


@pytest.fixture(scope="module")
def remote() -> Iterator[EasyPostSandbox]:
    with EasyPostSandbox(secret=SECRET) as running:
        yield running
    registry.close()


@pytest.mark.proves("order", "easypost")
@settings(max_examples=40)
@given(history=scans, labelled=st.booleans(), data=st.data())
def test_pushes_in_any_order_and_number_end_in_the_truth(
    remote: EasyPostSandbox, history: list[tuple[str, str]], labelled: bool, data: st.DataObject
) -> None:
    """Late, doubled and swapped: between the scans some pushes arrive, the rest after all of them.

    A parcel that its carrier does not know any more is where it was when we read it last.
    """
    login = {"base_url": remote.base_url, "api_key": PRODUCTION_KEY, "webhook_secret": SECRET}
    connector = registry.load("easypost").connect(Login("parcels", login))
    assert isinstance(connector, EasyPost)
    pushes: list[bytes] = []
    remote.webhook = lambda topic, body: pushes.append(msgspec.json.encode(body))  # type: ignore[method-assign]
    parcel = followed(remote, labelled)
    known: Observation | None = None
    where: Shipment | None = None
    read_seqs = itertools.count(1)

    def arrive(body: bytes) -> None:
        nonlocal known, where
        request = WebhookRequest("POST", "/", dict(remote.sign("", body)), body)
        for changed in connector.accept(request):
            assert isinstance(changed, Changed)
            message = connector.fetch(changed.stream, changed.external_id)
            read = fragment(message.stream, message.body)
            assert read.shipments
            assert read.shipments[0].state == state(parcel), "an old push showed an old state"
            lost = where is not None and where.state != "unknown" and read.shipments[0].state == "unknown"
            where = where if lost else read.shipments[0]
            named = {"account": "parcels", "stream": message.stream, "external_id": message.external_id}
            new = Observation(**named, fragment=read, read_seq=next(read_seqs), version=message.version)
            known = merge_fragments(known, new) or known

    for status, detail in history:
        remote.state.scan(parcel, status, detail)
        for _ in range(data.draw(st.integers(0, 2))):
            arrive(data.draw(st.sampled_from(pushes)))
    for body in data.draw(st.permutations(pushes)):
        arrive(body)
    assert known is not None
    assert where is not None
    truth = fragment(known.stream, connector.fetch(known.stream, known.external_id).body)
    (last,) = truth.shipments or ()
    last = replace(last, state=where.state, at=where.at, reason=where.reason)
    assert replace(known.fragment, since={}) == replace(truth, shipments=(last,))


def followed(remote: EasyPostSandbox, labelled: bool) -> Any:
    """A new parcel of the sandbox."""
    if not labelled:
        return remote.state.track(f"1Z{uuid.uuid4().hex}", "UPS", "production")[0]
    label = remote.state.label({"is_return": True, "reference": "R1001"}, "production")
    remote.state.buy(label, label["rates"][0]["id"], "production")
    return next(row for row in remote.state.trackers.values() if row["shipment_id"] == label["id"])
