"""The small parts of a manifest-only connector: expressions and templates."""

from __future__ import annotations

from connectors.kit.expressions import search_with
from connectors.kit.templates import fill, path


def test_a_value_cannot_end_the_quotes_it_stands_in() -> None:
    def found(value: str) -> list[str]:
        hits = search_with("[?n=='$id'].n", {"id": value}, [{"n": "a"}, {"n": "a'b"}])
        return list(hits)

    assert found("a'b") == ["a'b"]
    assert [found(spiteful) for spiteful in ("x' || 'a'=='a", "a'b\\", "x\\' || 'a'=='a", "\\")] == [[]] * 4


def test_templates() -> None:
    words = {"n": 5, "key": "k", "none": None, "list": ["a"]}
    assert fill({"a": "$n", "b": ["x $key"], "c": "$list", "d": "x $none", "e": 3}, words) == {
        "a": 5, "b": ["x k"], "c": ["a"], "d": None, "e": 3,
    }  # fmt: skip
    assert path("/a/{key}/b", {"key": "x/../y"}) == "/a/x%2F..%2Fy/b"
