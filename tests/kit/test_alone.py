"""What a batch cannot give is asked for in parts, down to the one; what is everybody's is raised."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.alone import concerns_one, each, piecewise
from connectors.kit.answers import decode
from connectors.kit.api import Unreadable
from connectors.kit.errors import NotFound, OverBudget, RateLimited, Rejected, RetryLater, Unauthorized

ALONE = (
    Rejected("no"),
    NotFound("none"),
    Unauthorized("not this one", code="403"),
    KeyError("lines"),
    RetryLater("500"),
)
EVERYBODYS = (Unauthorized("who?", code="401"), RateLimited("slow"), OverBudget("ours"))


def reader(bad: dict[int, Exception], asked: list[int]):  # type: ignore[no-untyped-def]
    def read(keys: Sequence[int]) -> list[str]:
        asked.append(len(keys))
        for key in keys:
            if key in bad:
                raise bad[key]
        return [str(key) for key in keys]

    return read


@given(st.integers(1, 40), st.data())
def test_each_bad_one_stands_alone_and_all_others_are_read(count: int, data: st.DataObject) -> None:
    keys = list(range(count))
    bad = data.draw(st.dictionaries(st.sampled_from(keys), st.sampled_from(ALONE), max_size=max(count - 1, 0)))
    asked: list[int] = []
    probes = keys if count <= 3 else (0, count // 2, count - 1)
    if len(bad) == count or all(isinstance(bad.get(key), RetryLater) for key in probes):
        return  # nothing can be read, or three that were tried cannot: then the system is taken as away
    found = piecewise(reader(bad, asked), keys, lambda key, problem: f"{key}: {problem!r}")
    assert sorted(found) == sorted([str(k) for k in keys if k not in bad] + [f"{k}: {bad[k]!r}" for k in bad])


@pytest.mark.parametrize("problem", EVERYBODYS, ids=lambda problem: type(problem).__name__)
def test_what_is_everybodys_is_raised_at_once(problem: Exception) -> None:
    asked: list[int] = []
    with pytest.raises(type(problem)):
        piecewise(reader({5: problem}, asked), range(9), lambda key, why: "bad")
    assert len(asked) == 1


def test_a_system_that_is_away_is_not_asked_for_every_record() -> None:
    asked: list[int] = []
    with pytest.raises(RetryLater):
        piecewise(reader(dict.fromkeys(range(40), RetryLater("away")), asked), range(40), lambda key, why: "bad")
    assert len(asked) == 4


def test_where_nothing_may_be_read_the_right_is_lacking() -> None:
    denied = Unauthorized("no right", code="403")
    with pytest.raises(Unauthorized):
        piecewise(reader(dict.fromkeys(range(4), denied), []), range(4), lambda key, why: "bad")
    assert piecewise(reader({0: denied}, []), [0], lambda key, why: "bad") == ["bad"]


def test_a_record_of_another_shape_is_named_as_far_as_it_names_itself() -> None:
    rows = [{"id": "1", "n": 2}, {"id": "2"}, None, {"n": 3}, {"id": {"x": 1}}]
    found = list(each("return", rows, lambda row: row["n"] * 1))
    assert [one if isinstance(one, int) else one.external_id for one in found] == [2, "2", "", 3, ""]
    (_, lacking, *_) = found
    assert isinstance(lacking, Unreadable)
    assert "another shape" in lacking.error
    with pytest.raises(RetryLater):
        list(each("return", rows, lambda row: (_ for _ in ()).throw(RetryLater("away"))))


def test_a_refusal_of_one_record_is_no_question_of_credentials() -> None:
    assert concerns_one(Unauthorized("forbidden", code="403"))
    assert not concerns_one(Unauthorized("who?", code="401"))
    assert not concerns_one(Unauthorized("who?"))
    assert not concerns_one(RetryLater("away"))


def test_a_value_that_json_cannot_hold_stops_its_record_alone() -> None:
    rows = decode(b'[{"id": "1", "n": 2}, {"id": "2", "n": "mug \\ud83d"}]')
    good, bad = each("return", rows, lambda row: msgspec.json.encode(row))
    assert good == b'{"id":"1","n":2}'
    assert bad == Unreadable(
        "return", "2", r"JSON cannot hold a value in it: 'mug \\ud83d'", b'{"id":"2","n":"mug \\\\ud83d"}'
    )
