"""Places in a record: what stands there is read and masked, and the rest keeps its shape."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.places import masked, steps, values

RECORD: dict[str, Any] = {
    "id": "7",
    "customer": {"name": "Ada", "phones": ["1", 2, None], "vip": True},
    "lines": [{"id": "a", "note": "blue"}, {"id": "b", "note": ""}, {"id": "c"}],
    "orders": ["#1", "#2"],
}


def test_what_stands_at_a_place_is_read_with_all_below_it() -> None:
    assert list(values(RECORD, ["customer", "lines[].note", "orders[]", "nothing", "id.deeper"])) == [
        *("Ada", "1", "2"),
        "blue",
        *("#1", "#2"),
    ]


def test_it_is_masked_and_the_rest_stays() -> None:
    before = repr(RECORD)
    hidden = masked(RECORD, ["customer", "lines[].note", "lines.note", "nothing[].at", "id.deeper"])
    assert hidden == {
        "id": "7",
        "customer": {"name": "***", "phones": ["***", "***", None], "vip": True},
        "lines": [{"id": "a", "note": "***"}, {"id": "b", "note": ""}, {"id": "c"}],
        "orders": ["#1", "#2"],
    }
    assert repr(RECORD) == before, "the record itself is left alone"
    assert list(values(hidden, ["customer", "lines[].note"])) == []
    assert masked(hidden, ["customer"]) == hidden


@pytest.mark.parametrize("place", ["", "a..b", "a[0]", "a[*].b", "a || b", "a[?b]", "length(a)", "a[].b[][]"])
def test_what_is_more_than_names_and_lists_is_no_place(place: str) -> None:
    with pytest.raises(ValueError, match="more than names and lists"):
        steps(place)
