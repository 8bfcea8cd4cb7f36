"""What becomes of a remote write: one table, read from above, the first row that fits counts.

An intent is a write as it was committed before its first request left; its id is the idempotency key of all its calls.
`settle` and `deliver` carry out what this table says, and `hub/README.md` shows it (`shown`; a test compares them).

Laws (tests/pipeline/test_delivery_laws.py plays them against a remote that does everything wrong):
what may have had an effect keeps its key until an observation, a refusal that proves the contrary, or a person ends it;
a repetition follows a look and a glance at the age of the key; every intent has a last call and then asks a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

Ended = Literal["call", "look", "read"]
Outcome = Literal[
    "answered", "step", "unknown", "refused", "unsupported", "conflict", "not_yet", "later", "denied", "over_budget",
    "found", "not_found", "cannot", "broken", "shown", "not_shown", "unreadable", "overdue",
]  # fmt: skip

OUTCOMES: Mapping[Outcome, str] = {
    "answered": "it is done over there",
    "step": "one step of several is done",
    "unknown": "no answer, a crash, or an error after a changing request had left",
    "refused": "they said no; nothing of this call was done",
    "unsupported": "they have no such step; nothing of this call was done",
    "conflict": "the record has changed since we read it, or is not there (yet); nothing of this call was done",
    "not_yet": "this record is not ready; nothing of this call was done",
    "later": "they are away or busy, or the hub failed; nothing of this call was done",
    "denied": "our credentials are not accepted; nothing of this call was done",
    "over_budget": "our own budget is used up, or our database away; nothing was sent, so it is no call and no look",
    "found": "the look found the effect",
    "not_found": "the look found nothing",
    "cannot": "they offer no way to look",
    "broken": "the look itself failed",
    "shown": "its records were read and show it",
    "not_shown": "its records were read and do not show the money",
    "unreadable": "its record came and cannot be understood",
    "overdue": "its records were not read in time",
}

LOOKS = 2
"""An effect not found is looked for once more before the write is repeated: it may be late."""
MISSES = 8
"""Looks that failed, after which we count as blind."""
LAST_KEYED, LAST_KEYLESS = 5, 3
"""Calls whose outcome nobody told us: the last one where their key covers it, and where only looking does."""
LAST_CONFLICT, LAST_WAIT = 5, 12
"""Calls that did nothing, after which somebody has to look."""
LAST_STEP = 60
"""Calls of one intent in all, the steps of a saga and their repetitions."""
GROWING = (2.0, 10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)
"""Seconds before the next call or look after so many that did nothing."""
REAUTH_AGAIN = 60.0
"""Seconds after which it is looked whether somebody has renewed the credentials."""
READ_BACK, PUSHED_BACK = 900.0, 86400.0
"""Seconds in which the records of an answered write have to be read again, or told by them where we cannot read."""


class Known(Struct, frozen=True, kw_only=True):
    """What is known of an intent at the moment something of it has ended."""

    possible: bool = False
    """An earlier call may have had an effect that nothing has shown or ruled out."""
    refused: bool = False
    """A repetition of such a call was refused, which says nothing of the first."""
    begun: bool = False
    """Steps of it are answered."""
    covered: bool = False
    """Their idempotency key still covers a repetition, by its age now."""
    money: bool = False
    once: bool = False
    """A repetition would be a second event (a create), not the same state once more."""
    readable: bool = False
    """The records it is about can be fetched, and show a state."""
    fetched: bool = True
    """The records of its answer can be fetched, or else come by themselves."""
    tries: int = 1
    """Calls since the last answered step, this one included."""
    calls: int = 1
    """Calls in all."""
    looks: int = 0
    """Looks since the last call that found nothing; for `read`: how often its records were asked for once more."""
    misses: int = 0
    """Looks since the last call that failed."""
    settles: float = 10.0
    """Seconds within which an effect over there becomes visible."""
    after: float | None = None
    """Seconds that they asked us to wait."""


Wait = Literal["", "settles", "grows", "asked", "reauth", "read back"]
Next = Literal["", "look", "repeat", "next step", "plan", "read", "read, plan"]


class Rule(Struct, frozen=True):
    """One row: when it fits, and what follows. `asks`: the reason (model/language/texts) that a person is given."""

    ended: Ended
    outcomes: tuple[Outcome, ...]
    where: tuple[str, ...]
    intent: Literal["open", "waiting", "held", "sent", "unknown", "dead", "no_way", "done"]
    row: Literal["", "pending", "awaiting", "blocked"]
    wait: Wait = ""
    next: Next = ""
    asks: str = ""


NO: tuple[Outcome, ...] = ("refused", "unsupported")
NOTHING_DONE: tuple[Outcome, ...] = ("conflict", "not_yet", "later", "denied")
BLIND: tuple[Outcome, ...] = ("cannot", "broken", "later", "denied")

IS: Mapping[str, str] = {
    "possible": "an earlier call may have had an effect",
    "begun": "a step of it is answered",
    "covered": "their key still covers a repetition",
    "money": "it moves money",
    "once": "a repetition would be a second event",
    "readable": "its records can be fetched",
    "refused": "a repetition was refused",
    "looks left": f"fewer than {LOOKS} looks found nothing",
    "misses left": f"fewer than {MISSES} looks failed",
    "keyed calls left": f"fewer than {LAST_KEYED} calls",
    "keyless calls left": f"fewer than {LAST_KEYLESS} calls",
    "conflicts left": f"fewer than {LAST_CONFLICT} calls",
    "waits left": f"fewer than {LAST_WAIT} calls",
    "steps left": f"fewer than {LAST_STEP} calls in all",
}
"""The conditions of the table; `not` before one turns it round."""

TABLE: tuple[Rule, ...] = (
    # what ended, with which outcome, where; the intent, the row, the wait, what follows, what a person is asked
    Rule("call", ("answered",), (), "sent", "awaiting", "read back", "read"),
    Rule("call", ("step",), ("steps left",), "open", "", "", "next step"),
    Rule("call", ("step",), (), "dead", "blocked", "", "", "endless"),
    Rule("call", ("unknown",), (), "unknown", "awaiting", "settles", "look"),
    Rule("call", NO, ("possible",), "unknown", "awaiting", "settles", "look"),
    Rule("call", ("unsupported",), ("not begun",), "no_way", "pending", "", "plan"),
    Rule("call", NO, (), "dead", "blocked"),
    Rule("call", ("over_budget",), ("possible",), "unknown", "awaiting", "asked", "look"),
    Rule("call", ("over_budget",), ("begun",), "waiting", "pending", "asked", "repeat"),
    Rule("call", ("over_budget",), (), "held", "pending", "asked", "plan"),
    Rule("call", NOTHING_DONE, ("possible",), "unknown", "awaiting", "grows", "look"),
    Rule("call", ("conflict",), ("begun", "readable"), "sent", "awaiting", "read back", "read, plan"),
    Rule("call", ("conflict",), ("not conflicts left",), "dead", "blocked", "", "", "conflicts"),
    Rule("call", ("not_yet", "later"), ("not waits left",), "dead", "blocked", "", "", "not_taken"),
    Rule("call", ("denied",), ("not waits left",), "dead", "blocked", "", "", "not_taken"),
    Rule("call", ("denied",), ("begun",), "waiting", "pending", "reauth", "repeat"),
    Rule("call", ("denied",), (), "held", "pending", "reauth", "plan"),
    Rule("call", NOTHING_DONE, ("begun",), "waiting", "pending", "grows", "repeat"),
    Rule("call", ("conflict",), (), "held", "pending", "grows", "read, plan"),
    Rule("call", ("not_yet", "later"), (), "held", "pending", "grows", "plan"),
    Rule("look", ("found",), (), "sent", "awaiting", "read back", "read"),
    Rule("look", ("over_budget",), (), "unknown", "awaiting", "asked", "look"),
    Rule("look", ("not_found",), ("looks left",), "unknown", "awaiting", "settles", "look"),
    Rule("look", ("broken", "later", "denied"), ("misses left",), "unknown", "awaiting", "grows", "look"),
    Rule("look", ("not_found", *BLIND), ("refused",), "dead", "blocked", "", "", "refused_later"),
    Rule("look", ("not_found", *BLIND), ("covered", "keyed calls left"), "open", "", "", "repeat"),
    Rule("look", ("not_found",), ("not money", "keyless calls left"), "open", "", "", "repeat"),
    Rule("look", ("not_found",), ("money",), "dead", "blocked", "", "", "looked_twice"),
    Rule("look", ("not_found",), (), "dead", "blocked", "", "", "tried_often"),
    Rule("look", BLIND, ("not money", "not once", "readable"), "sent", "awaiting", "read back", "read, plan"),
    Rule("look", BLIND, (), "dead", "blocked", "", "", "cannot_look"),
    Rule("read", ("shown",), (), "done", "", "", "plan"),
    Rule("read", ("not_shown", "overdue"), ("looks left",), "sent", "awaiting", "read back", "read"),
    Rule("read", ("not_shown",), (), "dead", "blocked", "", "", "money_not_shown"),
    Rule("read", ("unreadable",), (), "dead", "blocked", "", "", "unreadable"),
    Rule("read", ("overdue",), (), "dead", "blocked", "", "", "never_read_back"),
)
"""`dead` without a question is a dead letter: refused, and nothing was done. `no_way` is none: what they have no step
for is what they cannot be told (it is undeliverable), like what their connector has no way to say."""


class Verdict(Struct, frozen=True):
    """What is to be done: the rule, and its wait in seconds."""

    rule: Rule
    wait: float = 0.0


def decide(ended: Ended, outcome: Outcome, known: Known) -> Verdict:
    """The row of the table that fits."""
    facts = _facts(known)
    for rule in TABLE:
        if rule.ended == ended and outcome in rule.outcomes and all(_holds(word, facts) for word in rule.where):
            return Verdict(rule, _wait(rule, known))
    raise LookupError(f"no rule for {outcome} after a {ended}")  # a test walks all combinations


def _holds(word: str, facts: Mapping[str, bool]) -> bool:
    return not facts[word.removeprefix("not ")] if word.startswith("not ") else facts[word]


def _facts(known: Known) -> Mapping[str, bool]:
    return {
        "possible": known.possible,
        "begun": known.begun,
        "covered": known.covered,
        "money": known.money,
        "once": known.once,
        "readable": known.readable,
        "refused": known.refused,
        "looks left": known.looks + 1 < LOOKS,
        "misses left": known.misses + 1 < MISSES,
        "keyed calls left": known.tries < LAST_KEYED,
        "keyless calls left": known.tries < LAST_KEYLESS,
        "conflicts left": known.tries < LAST_CONFLICT,
        "waits left": known.tries < LAST_WAIT,
        "steps left": known.calls < LAST_STEP,
    }


def _wait(rule: Rule, known: Known) -> float:
    match rule.wait:
        case "settles":
            return known.settles
        case "asked":
            return GROWING[0] if known.after is None else known.after
        case "reauth":
            return max(REAUTH_AGAIN, known.after or 0.0)
        case "read back":
            return read_back(known.fetched)
        case "grows":
            return growing(known.misses if rule.ended == "look" else known.tries - 1, known.after)
        case _:
            return 0.0


def read_back(fetched: bool) -> float:
    """Seconds in which the records of an answer have to be read: by us, or where we cannot, told by them."""
    return READ_BACK if fetched else PUSHED_BACK


def growing(before: int, after: float | None) -> float:
    """Seconds to wait after so many that did nothing and one more; what they asked for, where that is longer.

    The first time what they asked for is enough, however short it is.
    """
    if after is not None and before == 0:
        return after
    return max(GROWING[min(before, len(GROWING) - 1)], after or 0.0)


def shown() -> str:
    """The table in Markdown, as `hub/README.md` has it."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "| what ended | with | where | the intent | the row | wait | then | a person |"
    yield "|---|---|---|---|---|---|---|---|"
    for rule in TABLE:
        asked = "dead letter" if rule.intent == "dead" and not rule.asks else rule.asks and f"asked: {rule.asks}"
        cells = (
            rule.ended,
            ", ".join(rule.outcomes),
            ", ".join(rule.where),
            rule.intent,
            rule.row,
            rule.wait,
            rule.next,
            asked,
        )
        yield "| " + " | ".join(cell or "-" for cell in cells) + " |"
    yield ""
    yield from (f"- *{word}*: {text}" for word, text in OUTCOMES.items())
    yield from (f"- *{word}*: {text}" for word, text in IS.items())
