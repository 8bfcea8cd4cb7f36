"""Versions compare as what they are, not as texts; and an earlier one is written as they write theirs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.versions import Kind
from mappings.engine.times import instant

NUMBER, TIME, TEXT = Kind(["number"]), Kind(["time"]), Kind(["text"])
BERLIN = Kind(["time"], ZoneInfo("Europe/Berlin"))


@given(st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30))
def test_numbers_compare_as_numbers(one: int, other: int) -> None:
    assert NUMBER.before(str(one), str(other)) == (one < other)
    assert NUMBER.normal(f"{abs(one):040d}") == str(abs(one))


@given(
    st.datetimes(timezones=st.timezones(no_cache=False)),
    st.datetimes(timezones=st.timezones(no_cache=False)),
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)
def test_times_compare_whatever_their_offset_and_fraction(one, other, spec) -> None:  # type: ignore[no-untyped-def]
    a, b = one.isoformat(timespec=spec), other.isoformat(timespec="microseconds")
    if TIME.read(a) is None or TIME.read(b) is None:
        return  # offsets at the ends of the calendar
    assert TIME.before(a, b) == (TIME.moment(a) < TIME.moment(b))  # type: ignore[operator]
    normal = TIME.normal(a)
    assert normal is not None
    assert TIME.normal(normal) == normal
    assert TIME.moment(normal) == TIME.moment(a)


@pytest.mark.parametrize(
    ("kind", "older", "newer"),
    [
        (NUMBER, "9", "10"),
        (NUMBER, "9.5", "10.25"),
        (TIME, "2026-03-01T09:00:00+02:00", "2026-03-01T08:00:00Z"),
        (TIME, "2026-03-01T09:00:00Z", "2026-03-01T09:00:00.5Z"),
        (TIME, "2026-03-01 09:00:00", "2026-03-01T09:00:00.000001Z"),
        (TIME, "1767225600", "1767225600001"),
        (TIME, "Sun, 01 Mar 2026 09:00:00 GMT", "2026-03-01T09:00:01Z"),
        (TEXT, "a", "b"),
        (Kind(), "999", "1000"),
        (Kind(["number", "time"]), "000000000000000009", "10"),
    ],
)
def test_the_newer_one_is_known(kind: Kind, older: str, newer: str) -> None:
    assert kind.before(older, newer)
    assert not kind.before(newer, older)
    assert not kind.before(newer, newer)


@pytest.mark.parametrize(
    "said",
    [
        *("2026-03-01 09:00:01 UTC", "2026-03-01 09:00:01 GMT", "2026-03-01 09:00:01 Z", "2026-03-01T09:00:01UTC"),
        *("2026-03-01T09:00:01z", "20260301T090001Z", "2026-03-01 10:00:01 +01:00", "Sun, 01 Mar 2026 09:00:01 GMT"),
    ],
)
def test_a_time_is_the_same_in_a_record_and_as_a_version_and_is_asked_back_as_it_is_written(said: str) -> None:
    at = datetime(2026, 3, 1, 9, 0, 1, tzinfo=UTC)
    assert (BERLIN.moment(said), instant(said, "Europe/Berlin")) == (at, at)
    assert BERLIN.back(said, 1.0) == said.replace("00:01", "00:00").replace("0001Z", "0000Z")


@pytest.mark.parametrize(
    ("kind", "said"),
    [(NUMBER, "ten"), (NUMBER, "1e99999999"), (NUMBER, "9" * 100), (TIME, "soon"), (TIME, "2026-13-01"), (TIME, "1" * 30),
     (TIME, "0001-01-01T00:00:00+09:00"), (NUMBER, ""), (NUMBER, None), (TEXT, "")],
)  # fmt: skip
def test_what_is_none_orders_nothing(kind: Kind, said: str | None) -> None:
    assert kind.read(said) is None
    assert kind.normal(said) is None
    assert not kind.before(said, "1")
    assert not kind.before("1", said)


def test_a_number_and_a_time_are_not_compared() -> None:
    either = Kind(["number", "time"])
    assert not either.before("7", "2026-03-01T09:00:00Z")
    assert not either.before("2026-03-01T09:00:00Z", "7")


def test_a_time_without_offset_is_of_the_zone_and_one_shown_twice_orders_nothing() -> None:
    assert BERLIN.before("2026-07-01T12:00:00", "2026-07-01T10:30:00Z")
    assert BERLIN.normal("2026-10-25T02:30:00") is None
    assert BERLIN.normal("2026-10-25T03:30:00") == "2026-10-25T02:30:00.000000+00:00"
    assert BERLIN.normal("2026-10-25T02:30:00+01:00") == "2026-10-25T01:30:00.000000+00:00"
    assert BERLIN.back("2026-10-25T02:50:00") == "2026-10-25T01:50:00", "what the second 02:10 changed is asked for"


@pytest.mark.parametrize(
    ("cursor", "earlier"),
    [
        ("2026-01-01T00:00:00Z", "2025-12-31T23:59:30Z"),
        ("2026-01-01T00:00:00.500Z", "2025-12-31T23:59:30.500Z"),
        ("2026-01-01T00:00:00.500001Z", "2025-12-31T23:59:30.500001Z"),
        ("2026-01-01 08:00:00", "2026-01-01 07:59:30"),
        ("2026-01-01T08:00:00+08:00", "2026-01-01T07:59:30+08:00"),
        ("20260101T000000Z", "20251231T235930Z"),
        ("20260101T000000.25-0330", "20251231T235930.25-0330"),
        ("2026-01-01 00:00:00 +0000", "2025-12-31 23:59:30 +0000"),
        ("2026-01-01T00:00:00+00:00", "2025-12-31T23:59:30+00:00"),
        ("2026-01-01T00:00:00,5", "2025-12-31T23:59:30,5"),
        ("2026-01-01T00:00:00.500001999Z", "2025-12-31T23:59:30.500001000Z"),
        ("2026-01-01T00:00Z", "2025-12-31T23:59Z"),
        ("2026-01-01", "2025-12-31"),
        ("Thu, 01 Jan 2026 00:00:00 GMT", "Wed, 31 Dec 2025 23:59:30 GMT"),
        ("Thu, 01 Jan 2026 00:00:00 +0000", "Wed, 31 Dec 2025 23:59:30 +0000"),
        ("Thu, 01 Jan 2026 00:00:00 -0500", "Wed, 31 Dec 2025 23:59:30 -0500"),
        ("1 Jan 2026 00:00:00 EST", "31 Dec 2025 23:59:30 EST"),
        ("Thursday, 01-Jan-26 00:00:00 GMT", "Wed, 31 Dec 2025 23:59:30 +0000"),
        ("1767225600", "1767225570"),
        ("1767225600000", "1767225570000"),
        ("opaque", "opaque"),
        ("2026", "2026"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
    ],
)
def test_an_overlap_is_taken_off_in_their_own_writing(cursor: str, earlier: str) -> None:
    assert Kind().back(cursor, 30) == earlier


@given(
    st.datetimes(),
    st.sampled_from(["%Y%m%dT%H%M%S%z", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S.%fZ", "%a, %d %b %Y %H:%M:%S GMT"]),
    st.integers(0, 10**6),
)
def test_whatever_their_writing_it_is_so_much_earlier(at: datetime, writing: str, seconds: int) -> None:
    at = at.replace(tzinfo=UTC)
    if at.year > 1001:  # a shorter year is written shorter by strftime
        assert TIME.back(at.strftime(writing), seconds) == (at - timedelta(seconds=seconds)).strftime(writing)


@pytest.mark.parametrize(
    ("kind", "said", "before"),
    [
        (TIME, "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z"),
        (TIME, "2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00.499Z"),
        (TIME, "1767225600000", "1767225599000"),
        (TIME, "20260101T000000Z", "20251231T235959Z"),
        (TIME, "Thu, 01 Jan 2026 00:00:00 GMT", "Wed, 31 Dec 2025 23:59:59 GMT"),
        (NUMBER, "10", "9"),
        (TEXT, "b", "b"),
    ],
)
def test_the_version_just_before(kind: Kind, said: str, before: str) -> None:
    assert kind.tick(said) == before
