"""The small parts of a manifest-only connector: cursors, versions, templates."""

from __future__ import annotations

import pytest

from connectors.kit.declarative import back, later, quoted
from connectors.kit.templates import fill, path


@pytest.mark.parametrize(
    ("cursor", "earlier"),
    [
        (None, None),
        ("2026-01-01T00:00:00Z", "2025-12-31T23:59:30Z"),
        ("2026-01-01T00:00:00.500Z", "2025-12-31T23:59:30.500Z"),
        ("2026-01-01 08:00:00", "2026-01-01 07:59:30"),
        ("2026-01-01T08:00:00+08:00", "2026-01-01T07:59:30+08:00"),
        ("1767225600", "1767225570"),
        ("1767225600000", "1767225570000"),
        ("opaque", "opaque"),
        ("2026", "2026"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
    ],
)
def test_overlap_is_taken_off_a_cursor_in_its_own_writing(cursor: str | None, earlier: str | None) -> None:
    assert back(cursor, 30) == earlier


def test_the_latest_of_versions() -> None:
    assert later(["9", "10", ""]) == "10"
    assert later(["2026-01-01T08:00:00+08:00", "2026-01-01T01:00:00Z"]) == "2026-01-01T01:00:00Z"
    assert later(["a", "b", "10"]) == "b"
    assert later(["", ""]) == ""


def test_a_value_cannot_end_the_quotes_it_stands_in() -> None:
    assert quoted("[?n=='$id']", {"id": "a'b\\"}) == "[?n=='a\\'b\\\\']"


def test_templates() -> None:
    words = {"n": 5, "key": "k", "none": None, "list": ["a"]}
    assert fill({"a": "$n", "b": ["x $key"], "c": "$list", "d": "x $none", "e": 3}, words) == {
        "a": 5, "b": ["x k"], "c": ["a"], "d": None, "e": 3,
    }  # fmt: skip
    assert path("/a/{key}/b", {"key": "x/../y"}) == "/a/x%2F..%2Fy/b"
