"""Every question, most of which freeze goods or money, and what a person can answer to it: one row per kind.

An answer is an act of the built-in account `hub`: an observation of its own that can be taken back. What it changes is
worked out where the question was asked: `ctx.ask(kind, ...)` gives the answer instead of asking. Some answers are acts
that have a way of their own (a link, a split); ACTS names those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b

from msgspec.structs import replace

from hub.model.identity.names import own_name
from hub.model.language.numbers import rounded
from hub.model.schema.observation import HUB, DistinctFacts, DuplicateFacts, FactId, MergeInputs, Observation
from hub.model.schema.returns import Choice, Discrepancy, GivenAnswer, Return

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "possible_duplicates": ("same", "apart"),
    "booked_by_hand": ("same", "apart"),
    "total_grew": ("own", "same"),
    "unallocated_refund": ("of", "oldest", "goodwill"),
    "exchange_sum": ("pay", "all", "aside"),
    "refund_came_back": ("again", "elsewhere"),
    "credit_paid": ("elsewhere", "owed"),
    "currency": ("counts", "aside"),
    "ambiguous_line": ("line",),
    "over_return": ("allow", "rest", "refuse"),
    "unread": ("nothing",),
    "cancelled_there": ("cancel", "goes_on"),
    "gone": ("stands", "void"),
    "left_out": ("aside",),
    "shared_number": ("order",),
    "doubled": ("with", "split"),
    "provisional": ("confirm", "part"),
    "two_candidates": ("is", "none"),
    "untold": ("by_hand",),
}
"""Kind of discrepancy -> the words of its answers. A kind that is asked and has no row here fails a test."""

ACTS = frozenset({"split", "confirm", "part", "is", "none", "refuse", "cancel"})
"""Answers that are acts with a way of their own: people.py carries them out, and they are undone as those acts are."""

QUEUED = frozenset({"two_candidates"})
"""Questions about several returns, which the review queue asks once for all of them."""

UNTOLD = "untold"
"""The kind of question that every undeliverable is: it has no discrepancy of its own."""

OF_THE_ORDER = frozenset({"unallocated_refund"})
"""Questions whose answer, given on one return, counts on the other returns of the order."""


def waiting(ret: Return) -> tuple[Discrepancy, ...]:
    """The questions that this return alone waits for."""
    return tuple(one for one in ret.discrepancies if one.question and one.kind not in QUEUED)


def question(kind: str, about: Sequence[str]) -> str:
    """A short name for this question; each part is preceded by its length, so ("a", "bc") is not ("ab", "c")."""
    text = "".join(f"{len(part)}:{part}" for part in (kind, *about))
    return blake2b(text.encode(), digest_size=4).hexdigest()


def chosen(choices: Iterable[Choice], text: str) -> Choice | None:
    """The choice that this answer takes: as it is, or with the amount that it wants."""
    for choice in choices:
        if not choice.takes:
            if text == choice.text:
                return choice
            continue
        found = amount(text) if text.startswith(f"{choice.text}:") else None
        if found is not None and rounded(found, choice.names) == found:
            return choice
    return None


_amount = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII).fullmatch


def amount(answer: str) -> Decimal | None:
    """The amount that an answer names behind its word; None where it names none that could be paid."""
    said = answer.partition(":")[2]
    return Decimal(said) if _amount(said) else None


def heard(observations: Iterable[Observation], inputs: MergeInputs) -> MergeInputs:
    """What people answered, of which the newest word on each question counts."""
    own, others = _acts(observations), _acts(o for sibling in inputs.others for o in sibling.observations)
    if not own and not others:
        return inputs
    dated = [(o.read_seq, a) for o in own for a in o.fragment.answers]
    dated += [(o.read_seq, a) for o in others for a in o.fragment.answers if a.kind in OF_THE_ORDER]
    said = {(a.kind, a.about): a.answer for _, a in sorted(dated, key=lambda one: one[0])}
    pairs = [
        (answer, frozenset(map(FactId.parse, about)))
        for (kind, about), answer in said.items()
        if kind == "possible_duplicates"
    ]
    return replace(
        inputs,
        answers=said,
        duplicates=(*inputs.duplicates, *(DuplicateFacts(facts) for answer, facts in pairs if answer == "same")),
        distinct=(*inputs.distinct, *(DistinctFacts(facts) for answer, facts in pairs if answer == "apart")),
    )


def given(observations: Iterable[Observation]) -> tuple[GivenAnswer, ...]:
    """The answers that stand on this return, oldest first."""
    return tuple(
        GivenAnswer(act=act.external_id, kind=said.kind, about=said.about, answer=said.answer, by=said.by, at=said.at)
        for act in sorted(_acts(observations), key=lambda act: (act.read_seq, act.external_id))
        for said in act.fragment.answers
    )


def standing(observations: Sequence[Observation], inputs: MergeInputs) -> list[Observation]:
    """The records, of which those that are gone count all the same where a person said so."""
    return [
        replace(o, gone=False) if o.gone and inputs.answers.get(("gone", own_name(o))) == "stands" else o
        for o in observations
    ]


def _acts(observations: Iterable[Observation]) -> list[Observation]:
    return [o for o in observations if o.account == HUB and o.fragment.answers and not o.gone]
