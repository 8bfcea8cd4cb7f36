"""What each level asks of a connector. Only code, files and tests that passed count; nobody can declare a level.

A rule is kept when its `check` finds nothing short, and each of its proofs is shown: by at least one test marked
`@pytest.mark.proves("<proof>")` for this connector, and by every such test. A skipped test shows nothing. A rule or a
proof is exempt where what it is about is absent: `unless` looks at the code for that, never at a word of anybody's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.kit.grading import checks
from connectors.kit.grading.subject import Subject

LEVELS = ("bronze", "silver", "gold", "platinum")


@dataclass(frozen=True, slots=True)
class Absent:
    """Something that this connector has not, as `holds` sees for itself."""

    holds: Callable[[Subject], bool]
    why: str


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that tests have to show; `name` is the marker's word."""

    name: str
    asks: str
    unless: Absent | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a connector's grade."""

    name: str
    level: str
    asks: str
    check: Callable[[Subject], checks.Shortcomings] | None = None
    proofs: tuple[Proof, ...] = ()
    unless: Absent | None = None


UNHEARD = Absent(lambda subject: not subject.can.webhook, "its code takes no webhooks")
READ_ONLY = Absent(lambda subject: not subject.can.operations, "its code writes nothing")
UNPOLLED = Absent(lambda subject: not subject.can.polls, "it is not polled, so there is no past to fill in")
NOBODY = Absent(checks.no_person, "no person's data is in its recordings, its mapping or its manifest's lists")

RULES = (
    Rule(
        "check",
        "bronze",
        "credentials can be checked, and what is wrong with them is said",
        checks.check,
        (Proof("check", "`check` finds good credentials good, and says what is wrong with others"),),
    ),
    Rule("settings", "bronze", "every setting is explained in both languages", checks.settings),
    Rule(
        "recordings",
        "bronze",
        "there is a recording of every stream, and every webhook topic is understood",
        checks.recordings,
        (
            Proof("recordings", "every recording means what stands beside it"),
            Proof("topics", "a genuine webhook of every topic brings a record, or says which one to fetch", UNHEARD),
        ),
    ),
    Rule(
        "signature",
        "bronze",
        "a webhook proves that it is theirs",
        checks.signature,
        (Proof("signature", "a genuine webhook is taken; changed, or without its signature, it is refused"),),
        UNHEARD,
    ),
    Rule("limits", "bronze", "its README says what it cannot do", checks.limits),
    Rule(
        "re-authorisation",
        "silver",
        "refused credentials stop everything, and renewed ones go on",
        None,
        (Proof("re-authorisation", "refused credentials are Unauthorized, nothing is written; the next ones work"),),
    ),
    Rule(
        "budgets",
        "silver",
        "nothing is sent beyond its own budget",
        checks.budgets,
        (Proof("budgets", "without budget nothing is sent"),),
    ),
    Rule(
        "errors",
        "silver",
        "every kind of error means what happens next",
        None,
        (
            Proof("errors: later", "a wait that they ask for, a lost connection and a hanging read are for later"),
            Proof("errors: gone", "a record that is gone is told as deleted"),
            Proof(
                "errors: refused",
                "a refusal is one in their words, whatever its status",
                READ_ONLY,
            ),
            Proof("errors: unknown", "a write without an answer is OutcomeUnknown", READ_ONLY),
            Proof("errors: word", "a word that no table lists stops the message, with file and table"),
        ),
    ),
    Rule(
        "ordering",
        "silver",
        "of two records of one object the newer one is known",
        checks.ordering,
        (Proof("ordering", "what orders by its version carries one, and what does not can be read again"),),
    ),
    Rule(
        "silence",
        "silver",
        "it is known how long hearing nothing is normal, and said when it is longer",
        checks.silence,
        (Proof("silence", "hearing nothing for longer than `max_silence` is a concern of the account's"),),
    ),
    Rule(
        "write-back",
        "gold",
        "what is told to it is done once, and its echo changes nothing",
        None,
        (
            Proof("write-back", "a write has its effect and says where to look for it"),
            Proof("echo", "through the hub: after a write came back as news, nothing is planned and nothing written"),
        ),
        READ_ONLY,
    ),
    Rule(
        "reconcile",
        "gold",
        "what no event told is found by asking",
        checks.reconcile,
        (Proof("reconcile", "a change of which no event came is found by polling or reading again"),),
    ),
    Rule(
        "personal",
        "gold",
        "a person's data is listed and can be found and erased",
        checks.personal,
        (Proof("personal", "a person's records are found, and their data is erased"),),
        NOBODY,
    ),
    Rule(
        "backfill",
        "gold",
        "a backfill that stopped goes on where it was",
        None,
        (Proof("backfill", "reading goes on from a page's cursor, and no record is left out"),),
        UNPOLLED,
    ),
    Rule(
        "conformance",
        "platinum",
        "it stands kills, doubles and any order",
        None,
        (
            Proof("kill", "a write that was cut off anywhere is one effect in the end", READ_ONLY),
            Proof("duplicates", "the same write twice is one effect", READ_ONLY),
            Proof("order", "through the hub: pushes doubled and in any order end in the same return", UNHEARD),
        ),
    ),
    Rule(
        "outside",
        "platinum",
        "something that is not ours agrees",
        None,
        (Proof("outside", "the vendor's own software, or a library that others wrote, agrees with us"),),
    ),
)
PROOFS = {proof.name: proof for rule in RULES for proof in rule.proofs}


def table() -> str:
    """The rules as a Markdown table."""
    rows = ["| level | rule | asks that |", "| --- | --- | --- |"]
    return "\n".join([*rows, *(f"| {rule.level} | {rule.name} | {rule.asks} |" for rule in RULES)])
