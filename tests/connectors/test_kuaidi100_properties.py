"""Histories that nobody has recorded (simulated): however their pushes arrive, the hub ends up knowing the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.api import Message
from connectors.kuaidi100.connector import _form
from connectors.kuaidi100.parcel import Lease, Parcel, callback, named
from connectors.kuaidi100.reading import ENDS, message, record, version
from hub import schema
from hub.model.merge.fragments import merge_fragments
from hub.model.schema.observation import Observation
from mappings.engine import Mapping, read_json
from tests.connectors.test_recordings import MAPPINGS

PARCEL = Parcel("return", "shunfeng", "SF0000000000001")
DICTIONARY = Mapping.load(MAPPINGS / "kuaidi100.yaml")
STATES = ("103", "0", "1002", "5", "501", "203", "14", "6", "4", "3", "301", "401")

events = st.tuples(st.integers(0, 40), st.sampled_from(STATES), st.sampled_from(("到达", "离开", "派件", "完")))
histories = st.lists(events, min_size=1, max_size=8, unique=True).map(sorted)


def push_of(history: list[tuple[int, str, str]], status: str = "polling") -> dict[str, Any]:
    """A push with this history, newest first, as they say it."""
    data = [
        {"ftime": f"2026-03-{1 + hour // 24:02} {hour % 24:02}:00:00", "context": context, "statusCode": state}
        for hour, state, context in reversed(history)
    ]
    return {"status": status, "lastResult": {"state": history[-1][1] if history else "0", "data": data}}


def pushed(history: list[tuple[int, str, str]]) -> Message:
    return message(record(PARCEL, push_of(history)))


def observed(arriving: list[Message], before: Observation | None = None, via: str = "push") -> Observation | None:
    """What the hub holds after these, in this order: a push with a lower version is dropped, everything else united."""
    for read_seq, one in enumerate(arriving, 1 if before is None else before.read_seq + 1):
        assert one.version is not None
        if via == "push" and before is not None and before.version is not None and one.version < before.version:
            continue
        fragment = schema.fragment(DICTIONARY.read(one.stream, read_json(one.body), {}, account="carrier"))
        new = Observation(
            account="carrier", stream=one.stream, external_id=one.external_id, fragment=fragment, read_seq=read_seq,
            version=one.version, mapping="m", gone=False,
        )  # fmt: skip
        before = merge_fragments(before, new) or before
    return before


def parcels(observation: Observation | None) -> Any:
    assert observation is not None
    return observation.fragment.shipments


@pytest.mark.proves("order", "kuaidi100")
@given(histories, st.randoms(use_true_random=False), st.data())
def test_any_order_and_any_doubles_of_the_pushes_end_the_same(history: Any, random: Any, data: Any) -> None:
    pushes = [pushed(history[: n + 1]) for n in range(len(history))]
    doubled = pushes + data.draw(st.lists(st.sampled_from(pushes), max_size=5))
    random.shuffle(doubled)
    found = observed(doubled)
    assert parcels(found) == parcels(observed([pushes[-1]]))
    assert found is not None
    assert found.version == pushes[-1].version


@given(histories, st.integers(0, 7))
def test_what_is_over_is_not_left_by_a_late_old_push(history: Any, late: int) -> None:
    over = [*history, (41, "301", "本人签收")]
    found = observed([pushed(over), pushed(over[: 1 + late % len(history)])])
    assert parcels(found)[0].state == "delivered"


@given(histories)
def test_a_query_that_finds_nothing_takes_nothing_back(history: Any) -> None:
    known = observed([pushed(history)])
    after = observed([message(record(PARCEL, {}))], known, via="fetch")
    assert [(one.id, one.state) for one in parcels(after)] == [(one.id, one.state) for one in parcels(known)]


@given(histories, st.randoms(use_true_random=False))
def test_a_version_knows_no_order_of_the_events_and_no_doubles(history: Any, random: Any) -> None:
    push = push_of(history)
    data = push["lastResult"]["data"]
    mixed = [*data, *data[:3]]
    random.shuffle(mixed)
    other = record(PARCEL, {**push, "lastResult": {**push["lastResult"], "data": mixed}})
    assert version(other) == version(record(PARCEL, push))
    assert len(other["lastResult"]["data"]) == len(data)


@given(histories, events)
def test_a_history_that_grew_is_newer(history: Any, more: Any) -> None:
    """Also by an event that was entered later and happened earlier."""
    if more in history:
        return
    grown = {**push_of(sorted([*history, more]))}
    assert version(record(PARCEL, grown)) > version(record(PARCEL, push_of(history)))


@given(histories, events)
def test_an_event_from_the_future_that_is_corrected_freezes_nothing(history: Any, more: Any) -> None:
    """A courier's clock says 2099; the next push says the same event with the right time, and one more."""
    wrong = push_of(history)
    wrong["lastResult"]["data"].insert(0, {"ftime": "2099-01-01 10:00:00", "context": "派件", "statusCode": "5"})
    later = [(hour + 100, state, context) for hour, state, context in {more, (1, "5", "派件")}]
    assert version(record(PARCEL, push_of([*history, *sorted(later)]))) > version(record(PARCEL, wrong))


@given(st.sampled_from(STATES))
def test_an_empty_history_says_no_state_whatever_its_head_says(state: str) -> None:
    empty = record(PARCEL, {"status": "abort", "lastResult": {"state": state, "data": []}})
    assert [one.state for one in parcels(observed([message(empty)]))] == ["label_created"]


names = st.builds(
    Parcel,
    st.sampled_from(("return", "forward")),
    st.from_regex(r"[a-z0-9_]{2,40}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9-]{6,32}", fullmatch=True),
)


@given(names, st.integers(0, 10**12 - 1), st.integers(0, 999))
def test_names_come_back_as_they_went(parcel: Parcel, ended: int, round: int) -> None:
    lease = Lease(parcel, ended, round)
    assert (Parcel.read(parcel.id), Lease.read(lease.id)) == (parcel, lease)
    address = callback("https://hub.example/hooks/carrier", parcel, round)
    query = dict(part.split("=") for part in address.partition("?")[2].replace("%3A", ":").split("&"))
    assert named(query) == (parcel, round)
    assert Parcel.read(replace(parcel, number=f"{parcel.number}:").id) is None


@given(st.binary(max_size=200))
def test_a_forms_field_is_decoded_to_the_bytes_that_were_sent(sent: bytes) -> None:
    assert _form(urlencode({"sign": "X", "param": sent}).encode()) == {b"sign": b"X", b"param": sent}
    assert _form(b"param=" + quote(sent, safe="=/;:").encode()) == {b"param": sent}


def test_the_states_that_end_a_journey_are_those_our_words_call_final() -> None:
    final = {"delivered", "returned_to_sender", "cancelled"}
    for state in STATES:
        (shipment, _) = parcels(observed([pushed([(1, state, "完")])]))
        assert (state in ENDS) == (shipment.state in final)
