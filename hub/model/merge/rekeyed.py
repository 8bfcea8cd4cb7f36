"""What was kept under a line's key, when the line has another one by now: its order was read since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from hub.model.identity.order_book import Book
from hub.model.schema.observation import MergeInputs, Untaken
from hub.model.schema.operation import PlannedOperation
from hub.model.schema.returns import GivenAnswer

LINE_AT: Mapping[str, int] = {"booked_by_hand": 2, "over_return": 0}
"""Questions that are about a line, and where in `about` its key stands."""


def inputs(known: MergeInputs, book: Book) -> MergeInputs:
    """With the answers and the untaken goods of lines under their keys of today."""
    if not known.untaken and not any(kind in LINE_AT for kind, _ in known.answers):
        return known
    answers = {(kind, _about(kind, about, book)): answer for (kind, about), answer in known.answers.items()}
    return replace(known, answers=answers, untaken=_untaken(known.untaken, book))


def given(answers: Iterable[GivenAnswer], book: Book) -> tuple[GivenAnswer, ...]:
    """The answers, about lines under their keys of today."""
    return tuple(replace(one, about=_about(one.kind, one.about, book)) for one in answers)


def operation(sent: PlannedOperation, book: Book) -> PlannedOperation:
    """A write of lines under their keys of today; its fingerprint is what it was sent under."""
    lines = tuple(replace(line, line=book.today(line.line)) for line in sent.lines)
    return sent if lines == sent.lines else replace(sent, lines=lines)


def _about(kind: str, about: tuple[str, ...], book: Book) -> tuple[str, ...]:
    at = LINE_AT.get(kind)
    return about if at is None else (*about[:at], book.today(about[at]), *about[at + 1 :])


def _untaken(rows: Sequence[Untaken], book: Book) -> tuple[Untaken, ...]:
    """Two that have become one line are one."""
    found: dict[tuple[str, str, str], Untaken] = {}
    for one in rows:
        name = (one.account, one.kind, book.today(one.line))
        same = found.get(name, replace(one, line=name[2], facts=(), fine=()))
        facts, fine = dict.fromkeys((*same.facts, *one.facts)), dict.fromkeys((*same.fine, *one.fine))
        found[name] = replace(same, had=min(same.had, one.had), facts=tuple(facts), fine=tuple(fine))
    return tuple(found[name] for name in sorted(found))
