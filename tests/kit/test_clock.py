"""What time it is over there, told by answers of which a cache kept some (simulated)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connectors.kit.clock import FINE, Clock

HOUR = 3600


def date(ago: float = 0) -> str:
    return format_datetime(datetime.now(UTC) - timedelta(seconds=ago), usegmt=True)


def late(clock: Clock) -> float:
    """Seconds from what it says the time is until now."""
    return (datetime.now(UTC) - clock.at(time.monotonic())).total_seconds()


def test_an_answer_from_a_cache_was_told_at_its_date_and_its_age() -> None:
    clock = Clock()
    clock.heard(date(ago=HOUR), f"{HOUR}")
    assert clock.behind() == 0
    assert late(clock) <= FINE
    assert HOUR <= (datetime.now(UTC) - clock.answered_at()).total_seconds() <= HOUR + FINE, (
        "what it says is as old as that"
    )


def test_what_is_behind_beside_its_age_is_behind() -> None:
    clock = Clock()
    clock.heard(date(ago=2 * HOUR), f"{HOUR}")
    assert clock.behind() == pytest.approx(HOUR, abs=FINE)


@pytest.mark.parametrize("age", ["99999999999", "3600"])
def test_an_age_makes_nobodys_clock_run_ahead_of_ours(age: str) -> None:
    clock = Clock()
    clock.heard(date(), age)
    assert late(clock) >= -0.1


@pytest.mark.parametrize("age", ["", "-3600", "one hour", "1e9", "3600, 3600"])
def test_an_age_that_is_none_changes_nothing(age: str) -> None:
    clock = Clock()
    clock.heard(date(ago=HOUR), age)
    assert clock.behind() == pytest.approx(HOUR, abs=FINE)


@pytest.mark.parametrize("kept", ["first", "last"])
def test_of_the_answers_of_one_reading_the_one_that_knows_the_later_time_is_right(kept: str) -> None:
    clock = Clock()
    clock.begin()
    for ago in (HOUR, 0) if kept == "first" else (0, HOUR):
        clock.heard(date(ago))
    assert clock.behind() == 0
    assert late(clock) <= FINE


def test_a_clock_that_was_set_back_is_known_by_the_next_reading() -> None:
    clock = Clock()
    for ago in (0, HOUR):
        clock.begin()
        clock.heard(date(ago))
    assert clock.behind() == pytest.approx(HOUR, abs=FINE)
