"""Parcels: one by its number however that is written; `unknown` is silence; a number that is used again is another parcel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.merge.goods.parcels import REUSE
from hub.model.merge.merger import merge, merge_fragments
from hub.model.schema.observation import MergeInputs, Observation, Party
from hub.model.schema.returns import Return
from tests.model.records import said

ASKED = datetime(2026, 3, 1, 10, tzinfo=UTC)
PARTIES = {"web": Party(name="web", kind="storefront"), "carrier": Party(name="carrier", kind="carrier")}
STATES = ("label_created", "in_transit", "delivered", "unknown")


def parcel(
    number: str = "1Z999", state: str = "label_created", at: datetime | None = None, id: str = "s1"
) -> dict[str, Any]:
    return {
        "id": id,
        "direction": "return",
        "purpose": "return",
        "state": state,
        "number": number,
        "carrier": "UPS",
        "at": at,
    }


def shop(*parcels: dict[str, Any]) -> Observation:
    lines = [{"line": "1", "sku": "MUG", "quantity": 1}]
    return said("web", "return", "w1", origin="request", requested_at=ASKED, lines=lines, shipments=list(parcels))


def tracked(*parcels: dict[str, Any], read_seq: int = 2) -> Observation:
    keys = [{"issuer": "web", "type": "return", "value": "w1"}]
    return said("carrier", "tracker", "t1", read_seq, keys=keys, shipments=list(parcels))


def together(*seen: Observation) -> Return:
    return merge(seen, MergeInputs(parties=PARTIES))


@pytest.mark.parametrize("written", ["1z999", " 1Z-9 99", "\uff11\uff3a\uff19\uff19\uff19", "1Z 999"])
def test_one_parcel_however_its_number_is_written_and_shown_as_it_was(written: str) -> None:
    ret = together(shop(parcel(written)), tracked(parcel("1Z999", "delivered", id="t1")))
    assert [one.value.number for one in ret.shipments] == ["1Z999"]
    assert ret.axes.transit == "delivered"
    alone = together(shop(parcel(written)))
    assert [one.value.number for one in alone.shipments] == [written]


@pytest.mark.parametrize("days", [1, REUSE.days - 1, REUSE.days + 1, 3000])
def test_an_event_from_before_the_number_was_this_parcels_is_another_parcel(days: int) -> None:
    old = ASKED - timedelta(days=days)
    ret = together(shop(parcel(at=ASKED)), tracked(parcel("1Z999", "delivered", old, id="t1")))
    earlier = days > REUSE.days
    assert ret.axes.transit == ("label_created" if earlier else "delivered")
    assert [discrepancy.kind for discrepancy in ret.discrepancies] == (["earlier_parcel"] if earlier else [])


def test_a_carrier_that_knows_no_more_takes_nothing_back_from_the_shop() -> None:
    ret = together(shop(parcel("1Z999", "delivered", ASKED)), tracked(parcel("1Z999", "unknown", id="t1")))
    assert ret.axes.transit == "delivered"


@given(st.lists(st.sampled_from(STATES), min_size=2, max_size=4))
def test_unknown_is_silence_whatever_the_order_of_arrival(states: list[str]) -> None:
    readings = [
        tracked(parcel("1Z999", state, ASKED + timedelta(hours=n), id="t1"), read_seq=n)
        for n, state in enumerate(states, 1)
    ]
    last = next((state for state in reversed(states) if state != "unknown"), "unknown")
    seen = set()
    for way in permutations(readings):
        known: Observation | None = None
        for reading in way:
            known = merge_fragments(known, reading) or known
        assert known is not None
        (left,) = known.fragment.shipments or ()
        seen.add((left.state, left.at if left.state != "unknown" else None))
    assert len(seen) == 1
    assert seen.pop()[0] == last


def test_a_label_that_is_another_parcels_now_remembers_nothing() -> None:
    first, second = (
        tracked(parcel("1Z999", "delivered", id="t1")),
        tracked(parcel("1Z888", "unknown", id="t1"), read_seq=3),
    )
    known = merge_fragments(first, second)
    assert known is not None
    assert [one.state for one in known.fragment.shipments or ()] == ["unknown"]
