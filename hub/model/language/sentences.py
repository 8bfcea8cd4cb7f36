"""What the hub says, as a code and values, so that every reader gets it in their own language.

The tables in `texts` hold each sentence in Chinese and English. In a text `{name}` is a value, `{name:table}` a word of
ours as that table of labels calls it (several, with blanks between, are a list), and `[...]` is left out where a value
in it is missing. A table may be named by another value: `{value:axis}` with axis = receipt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import NamedTuple, Union

from msgspec import Struct

from hub.model.language.labels import LABELS, Label
from hub.model.language.numbers import number
from hub.model.language.reasons import REASONS
from hub.model.language.texts import concerns, discrepancies, misread, people, story, telling, undeliverable

TEXTS: Mapping[str, Label] = {
    **discrepancies.TEXTS,
    **undeliverable.TEXTS,
    **telling.TEXTS,
    **people.TEXTS,
    **story.TEXTS,
    **concerns.TEXTS,
    **misread.TEXTS,
}
"""Per code: (zh, en)."""

TABLES: Mapping[str, Mapping[str, Label]] = {
    **LABELS,
    "reason": {code: (reason.zh, reason.en) for code, reason in REASONS.items()},
    "transit": {**LABELS["shipment"], **LABELS["transit"]},
}
"""Every word of the model, by its table: (zh, en)."""

THEIRS = "record"
"""The table of words that a connector may add to: the streams of its manifest."""

Value = Union[str, "Sentence"]


class Sentence(Struct, frozen=True, gc=False, omit_defaults=True):
    """One thing said. A value is text, a word of ours, or another sentence."""

    code: str
    values: dict[str, Value] = {}


def sentence(code: str, /, **values: Value | Decimal | int | None) -> Sentence:
    """The sentence of this code; quantities as plain text, values that are None or empty left out."""
    return Sentence(code, {name: _stored(value) for name, value in values.items() if value is not None and value != ""})


def say(said: Sentence, language: str = "en") -> str:
    """The sentence in Chinese or English. A code that no table knows is shown as it is: it must be visible."""
    return _say(said, 0 if language.startswith("zh") else 1, coded=False)


def plain(said: Sentence) -> str:
    """English with our words left as they are in the schema: for the journal's text and the log."""
    return _say(said, 1, coded=True)


_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_OPTION = re.compile(r"\[([^][]*)\]")


def _stored(value: Value | Decimal | int | None) -> Value:
    if isinstance(value, Decimal):
        return number(value)
    return value if isinstance(value, Sentence) else str(value)


def _label(word: str, table: str, index: int) -> str:
    """A word of ours as people read it; one that the table does not know stands in quotes. A kind of record that it
    does not know is some connector's own word."""
    found = TABLES.get(table, {}).get(word)
    return found[index] if found is not None else word if table == THEIRS else f"“{word}”"


class _Piece(NamedTuple):
    """Text, and the value that follows it. `inside`: it does not begin the sentence."""

    before: str
    name: str | None = None
    table: str | None = None
    inside: bool = True


@cache
def _pieces(code: str, index: int, given: frozenset[str]) -> tuple[_Piece, ...]:
    """A sentence taken apart, without the options that lack a value: the journal says the same few all day."""

    def option(found: re.Match[str]) -> str:
        return found[1] if all(place[1] in given for place in _PLACE.finditer(found[1])) else ""

    text, end = _OPTION.sub(option, TEXTS[code][index]), 0
    pieces = []
    for place in _PLACE.finditer(text):
        pieces.append(_Piece(text[end : place.start()], place[1], place[2], place.start() > 0))
        end = place.end()
    return (*pieces, _Piece(text[end:]))


def _say(said: Sentence, index: int, *, coded: bool) -> str:
    if said.code not in TEXTS:
        return f"“{said.code}” " + ", ".join(f"{name} {value}" for name, value in said.values.items())
    parts = []
    for piece in _pieces(said.code, index, frozenset(said.values)):
        parts.append(piece.before)
        if piece.name is not None:
            parts.append(_value(said, piece, index, coded=coded))
    return "".join(parts)


def _value(said: Sentence, piece: _Piece, index: int, *, coded: bool) -> str:
    value = said.values.get(piece.name or "", "?")
    if isinstance(value, Sentence):
        return _say(value, index, coded=coded)
    if piece.table is None or coded:
        return value
    table = piece.table if piece.table in TABLES else str(said.values.get(piece.table))
    words = [_label(word, table, index) for word in value.split(" ")]
    if index and piece.inside:
        words = [word if word[1:2].isupper() else f"{word[:1].lower()}{word[1:]}" for word in words]
    return (", " if index else "、").join(words)
