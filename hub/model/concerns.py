"""What is not well with an account, from what is known of it: each concern a sentence that says what to do. Pure.

A state (`degraded`, `needs_reauth`) says that calls do not get through now. These say what no single call shows: that
nothing is heard, that everything is refused, that an account never worked at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from hub.model.language.sentences import Sentence, sentence

RECENT = timedelta(days=1)
"""Refused webhooks older than this are history."""
NEW = timedelta(minutes=10)
"""An account may take so long until its first call succeeds."""
TRIES = 3
"""Failures in a row after which a read counts as failing, and so do webhooks: fewer may be a stranger's doing, or a
message that is not well formed."""
FORGED = 401
"""The status of a webhook that did not prove where it comes from."""
AGAIN = 503
"""The status of a webhook whose sender is to come again: the hub could not take it."""
STARVED = 10
"""Calls that our own budget put off within a quarter of an hour; some are usual."""

SILENT = frozenset({"silent_polled", "silent_pushed", "never_worked"})
GRAVE = SILENT | {"reads_fail", "webhooks_refused"}
"""Concerns with which an account is not ready; the others are about single things, or may be a stranger's doing."""
ENDED = frozenset({"paused", "needs_reauth"})
"""States in which nobody calls, and a person knows: only what others send is still looked at."""


class Expected(Struct, frozen=True, kw_only=True):
    """What an account's connector lets us expect."""

    max_silence: float = 0.0
    """Seconds without a word that are worth an alert; 0: never."""
    polls: bool = False
    calls: bool = False
    """There is something that the hub asks of it: reads, or writes."""


class RefusedWebhooks(Struct, frozen=True, kw_only=True):
    """Webhooks of an account that were answered with one status since `first_at`, the last of them because of `why`."""

    status: int
    count: int
    in_row: int
    """Of these so many since one of the account's was taken, without those that anybody may have sent: unsigned, cut
    off, too large, too slow."""
    why: str
    first_at: datetime
    last_at: datetime


class Facts(Struct, frozen=True, kw_only=True):
    """What the tables say of one account."""

    name: str
    state: str
    now: datetime
    created_at: datetime
    last_success: datetime | None = None
    last_heard: datetime | None = None
    refused: Sequence[RefusedWebhooks] = ()
    accepted_at: datetime | None = None
    """The last webhook that was taken."""
    failing: int = 0
    """Reads that failed TRIES times in a row or more."""
    failing_why: str = ""
    dead: int = 0
    """Writes that were refused, or whose outcome is unknown."""
    dead_why: str = ""
    over_budget: int = 0
    """Calls that our own budget put off lately, and writes that have waited for it for long."""


def concerns(facts: Facts, expected: Expected) -> tuple[Sentence, ...]:
    """All of them, the gravest first; their codes are what an alert is about."""
    return tuple(_concerns(facts, expected))


def _concerns(facts: Facts, expected: Expected) -> Iterator[Sentence]:
    name = facts.name
    quiet = facts.now - _last_word(facts, expected)
    never = expected.calls and facts.last_success is None and facts.now - facts.created_at > NEW
    if facts.state not in ENDED:
        if never and facts.last_heard is None:
            yield sentence("never_worked", account=name, span=span(facts.now - facts.created_at))
        elif expected.max_silence and quiet.total_seconds() > expected.max_silence:
            limit = span(timedelta(seconds=expected.max_silence))
            if expected.polls:
                yield sentence("silent_polled", account=name, span=span(quiet), limit=limit)
            else:
                yield sentence("silent_pushed", account=name, span=span(quiet), limit=limit)
        if facts.failing:
            yield sentence("reads_fail", account=name, count=facts.failing, why=facts.failing_why or None)
    yield from _webhooks(facts)
    if facts.dead:
        yield sentence("writes_stuck", account=name, count=facts.dead, why=facts.dead_why or None)
    if facts.over_budget >= STARVED:
        yield sentence("starving", account=name, count=facts.over_budget)


def _webhooks(facts: Facts) -> Iterator[Sentence]:
    """Refused ones, the last reason with them. Few of them, or among taken ones, may be a stranger's.

    Whom we told to come again (503) has come again once one was taken.
    """
    recent = [one for one in facts.refused if facts.now - one.last_at < RECENT and (one.in_row or one.status != AGAIN)]
    if not recent:
        return
    counting = [(one, count) for one in recent if (count := _in_row(one, facts))]
    in_row = sum(count for _, count in counting)
    known = [one for one, _ in counting] if in_row >= TRIES else recent
    last, first = max(known, key=lambda one: one.last_at), min(one.first_at for one in known)
    about: dict[str, str | int | Sentence] = {"account": facts.name, "status": last.status, "why": last.why}
    if in_row >= TRIES:
        since = span(facts.now - max(first, facts.accepted_at or first))
        yield sentence("webhooks_refused", count=in_row, since=since, **about)
    else:
        count = sum(one.count for one in recent)
        yield sentence("webhooks_some_refused", count=count, since=span(facts.now - first), **about)


def _in_row(refused: RefusedWebhooks, facts: Facts) -> int:
    """How many of them speak against the account: where none was ever taken, unsigned ones may be its own system's."""
    return refused.count if refused.status == FORGED and facts.accepted_at is None else refused.in_row


def _last_word(facts: Facts, expected: Expected) -> datetime:
    """When it was heard last. Whom we poll is heard whenever it answers, also that nothing is new."""
    words = (facts.last_heard, facts.last_success if expected.polls else None)
    return max((word for word in words if word is not None), default=facts.created_at)


def span(time: timedelta) -> Sentence:
    """A length of time in the unit that fits."""
    seconds = max(time.total_seconds(), 0.0)
    if seconds >= 2 * 86400:
        return sentence("span_days", count=int(seconds // 86400))
    if seconds >= 2 * 3600:
        return sentence("span_hours", count=int(seconds // 3600))
    if seconds >= 120:
        return sentence("span_minutes", count=int(seconds // 60))
    return sentence("span_seconds", count=int(seconds))
