"""A body as JSON: exact, or refused with its place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mappings.engine import InvalidJson, Mapping, read_json


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        (b'{"a": 9007199254740993}', {"a": 9007199254740993}),
        (b'{"a": 0.1, "b": 19.90, "c": 1e2}', {"a": Decimal("0.1"), "b": Decimal("19.90"), "c": Decimal("1e2")}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\u0000 \\\\ud800"', "\\u0000 \\ud800"),
        ('{"größe": "尺码"}'.encode(), {"größe": "尺码"}),
    ],
)
def test_it_is_kept_exactly(body: bytes, value: Any) -> None:
    got = read_json(body)
    assert got == value
    assert str(got) == str(value)


@pytest.mark.parametrize(
    ("body", "reason", "place"),
    [
        (b"", "is no JSON", ""),
        (b'{"a": 1', "is no JSON", ""),
        (b'{"a": 1}x', "trailing", "byte 9"),
        (b"{'a': 1}", "is no JSON", "byte 1"),
        (b'{"a": NaN}', "NaN is no number", "byte 6"),
        (b'{"a": [1, -Infinity]}', "-Infinity is no number", "byte 10"),
        (b'{"a": {"b": 1e400}}', "impossible size: 1e400", "byte 12"),
        (b'{"a": 1.0e-400}', "impossible size", "byte 6"),
        (b'{"a": 1e99999999999999999999}', "impossible size", "byte 6"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "impossible size", "byte 6"),
        (b'{"a": 0.' + b"1" * 5_000 + b"}", "impossible size", "byte 6"),
        (b'{"a": [{"b": "x\\u0000"}]}', "NUL", "$.a[0].b"),
        (b'{"a\\u0000": 1}', "NUL", "$.'a\\x00'"),
        (b'{"a": "x\x00"}', "is no JSON", "byte 8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8", "byte 7"),
        (b'{"a": "\\ud800"}', "lone surrogate", "byte 7"),
        (b'{"a": "\\udc00x"}', "lone surrogate", "byte 7"),
        (b'{"a": "\\ud800\\u0041"}', "lone surrogate", "byte 7"),
        (b'{"a": "\xff"}', "not UTF-8", "byte 7"),
        ('{"a": "größe"}'.encode("latin-1"), "not UTF-8", "byte 9"),
        ('{"a": "尺码"}'.encode("gbk"), "not UTF-8", "byte 7"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16", "byte 0"),
        ('{"a": 1}'.encode("utf-16-le"), "UTF-16", "byte 0"),
        ('{"a": 1}'.encode("utf-8-sig"), "byte order mark", "byte 0"),
        (b"[" * 100_000, "nested too deeply", ""),
        (b'{"a":' * 100_000, "nested too deeply", ""),
    ],
)
def test_it_is_refused_with_its_place(body: bytes, reason: str, place: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        read_json(body)
    assert reason in caught.value.reason
    assert caught.value.place == place


def test_numbers_survive_from_body_to_fragment() -> None:
    mapping = Mapping.load("system: x\ninbound:\n  s: {id: text(id), amount: money(amount), many: decimal(many)}\n")
    record = read_json(b'{"id": 90071992547409931234, "amount": 59.70, "many": "12345678901234.123456789012"}')
    assert mapping.read("s", record) == {
        "id": "90071992547409931234",
        "amount": Decimal("59.70"),
        "many": Decimal("12345678901234.123456789012"),
    }
