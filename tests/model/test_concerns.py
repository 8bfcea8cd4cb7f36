"""What is not well with an account: silence as its manifest means it, refusals, what never worked; and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.concerns import STARVED, Expected, Facts, RefusedWebhooks, concerns
from hub.model.language.sentences import say

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
WEEK = 7 * 86400.0
POLLED = Expected(max_silence=900.0, polls=True, calls=True)
PUSHED = Expected(max_silence=WEEK)


def facts(**more: Any) -> Facts:
    known = {"name": "shop", "state": "healthy", "now": NOW, "created_at": NOW - 90 * DAY, "last_success": NOW - MINUTE}
    return Facts(**{**known, "last_heard": NOW - MINUTE, **more})


def codes(known: Facts, expected: Expected) -> list[str]:
    found = concerns(known, expected)
    for one in found:
        for language in ("zh", "en"):
            assert "{" not in say(one, language)
            assert "?" not in say(one, language)
            assert "shop" in say(one, language)
    return [one.code for one in found]


SILENCE: dict[str, tuple[dict[str, Any], Expected, list[str]]] = {
    "all is well": ({}, POLLED, []),
    "pushed, a quiet week": ({"last_heard": NOW - 6 * DAY}, PUSHED, []),
    "pushed, heard a month ago": ({"last_heard": NOW - 30 * DAY}, PUSHED, ["silent_pushed"]),
    "pushed, heard a month ago, though our own calls work": (
        {"last_heard": NOW - 30 * DAY, "last_success": NOW},
        Expected(max_silence=WEEK, calls=True),
        ["silent_pushed"],
    ),
    "pushed, never heard, new": ({"last_heard": None, "last_success": None, "created_at": NOW - DAY}, PUSHED, []),
    "pushed, never heard, old": ({"last_heard": None, "last_success": None}, PUSHED, ["silent_pushed"]),
    "polled, a quiet Sunday: it answers that nothing is new": ({"last_heard": NOW - 2 * DAY}, POLLED, []),
    "polled, no answer for an hour": (
        {"last_heard": NOW - 2 * DAY, "last_success": NOW - 60 * MINUTE},
        POLLED,
        ["silent_polled"],
    ),
    "polled, no answer, but its webhooks come": ({"last_success": NOW - 60 * MINUTE}, POLLED, []),
    "polled, never answered": ({"last_heard": None, "last_success": None}, POLLED, ["never_worked"]),
    "made a minute ago": ({"last_heard": None, "last_success": None, "created_at": NOW - MINUTE}, POLLED, []),
    "a person paused it": ({"state": "paused", "last_heard": NOW - 30 * DAY, "failing": 9}, PUSHED, []),
    "it wants new credentials: that is said already": (
        {"state": "needs_reauth", "last_success": NOW - DAY, "last_heard": None},
        POLLED,
        [],
    ),
    "no such limit": ({"last_heard": NOW - 300 * DAY}, Expected(), []),
    "its clock is ahead": ({"last_heard": NOW + DAY}, PUSHED, []),
}


@pytest.mark.parametrize("case", SILENCE)
def test_silence(case: str) -> None:
    known, expected, wanted = SILENCE[case]
    assert codes(facts(**known), expected) == wanted


def refused(
    count: int, first: timedelta, last: timedelta, status: int = 401, in_row: int | None = None
) -> RefusedWebhooks:
    return RefusedWebhooks(
        status=status,
        count=count,
        in_row=count if in_row is None else in_row,
        why="the signature does not fit",
        first_at=NOW - first,
        last_at=NOW - last,
    )


def test_refused_webhooks_are_told_with_the_last_reason_and_the_count() -> None:
    known = facts(refused=[refused(40, 5 * MINUTE, MINUTE), refused(2, 4 * MINUTE, 3 * MINUTE, 413)])
    (concern,) = concerns(known, PUSHED)
    assert concern.code == "webhooks_refused"
    assert say(concern) == (
        "Webhooks of shop that were refused in the last 5 minutes: 42, and none was taken meanwhile; the last with 401:"
        " the signature does not fit"
    )


def test_among_taken_ones_they_may_be_a_strangers_and_old_ones_are_history() -> None:
    known = facts(refused=[refused(40, 5 * MINUTE, MINUTE, in_row=2)], accepted_at=NOW - 2 * MINUTE)
    assert codes(known, PUSHED) == ["webhooks_some_refused"]
    known = facts(refused=[refused(40, 5 * MINUTE, MINUTE)], accepted_at=NOW - 6 * MINUTE)
    assert codes(known, PUSHED) == ["webhooks_refused"]
    one = facts(refused=[refused(1, 5 * MINUTE, 5 * MINUTE, 400)], accepted_at=NOW - 9 * MINUTE)
    assert codes(one, PUSHED) == ["webhooks_some_refused"], "one message that is not well formed is no outage"
    assert codes(facts(refused=[refused(40, 3 * DAY, 2 * DAY)]), PUSHED) == []


def test_who_was_told_to_come_again_and_came_is_no_stranger() -> None:
    """The hub's database was away for a minute."""
    away = refused(1294, 5 * MINUTE, 4 * MINUTE, 503)
    assert codes(facts(refused=[away]), PUSHED) == ["webhooks_refused"], "so far nobody came"
    assert codes(facts(refused=[refused(1, MINUTE, MINUTE, 503)]), PUSHED) == ["webhooks_some_refused"]
    came = facts(refused=[refused(1294, 5 * MINUTE, 4 * MINUTE, 503, in_row=0)], accepted_at=NOW - 3 * MINUTE)
    assert codes(came, PUSHED) == []


def test_refused_since_one_was_taken_are_told_whatever_was_refused_before() -> None:
    """A secret that was changed an hour ago, and a stranger this morning."""
    known = facts(refused=[refused(11, 8 * 60 * MINUTE, MINUTE, in_row=10)], accepted_at=NOW - 60 * MINUTE)
    (concern,) = concerns(known, PUSHED)
    assert concern.code == "webhooks_refused"
    assert "refused in the last 60 minutes: 10, and none was taken meanwhile" in say(concern)


def test_what_anybody_may_have_sent_speaks_against_no_account_that_was_ever_heard() -> None:
    strange = [refused(40, 5 * MINUTE, MINUTE, status, in_row=0) for status in (400, 401, 408, 413)]
    assert codes(facts(refused=strange, accepted_at=NOW - 30 * DAY), PUSHED) == ["webhooks_some_refused"]
    assert codes(facts(refused=[one for one in strange if one.status != 401]), PUSHED) == ["webhooks_some_refused"]
    assert codes(facts(refused=strange), PUSHED) == ["webhooks_refused"], "unsigned, and none was ever taken"


def test_what_fails_is_told_with_its_reason() -> None:
    known = facts(failing=2, failing_why="503", dead=1, dead_why="closed", over_budget=STARVED)
    assert codes(known, POLLED) == ["reads_fail", "writes_stuck", "starving"]
    assert codes(facts(over_budget=STARVED - 1), POLLED) == []


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)), st.floats(60, 10**7))
def test_an_account_is_silent_exactly_when_its_last_word_is_older_than_that(quiet: timedelta, limit: float) -> None:
    found = codes(facts(last_heard=NOW - quiet, created_at=NOW - 500 * DAY), Expected(max_silence=limit))
    assert (found == ["silent_pushed"]) is (quiet.total_seconds() > limit)
