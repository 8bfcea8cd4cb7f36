"""What the hub says, as a code and values, so that every reader gets it in their own language.

The tables in `texts` hold each sentence in Chinese and English. In a text `{name}` is a value, `{name:table}` a word of
ours as that table of labels calls it (several, with blanks between, are a list), and `[...]` is left out where a value
in it is missing. A table may be named by another value: `{value:axis}` with axis = receipt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Union

from msgspec import Struct

from hub.model.labels import LABELS, Label
from hub.model.lifecycle import STATUSES
from hub.model.numbers import number
from hub.model.reasons import REASONS
from hub.model.texts import doubts, people, residues, story, telling

TEXTS: Mapping[str, Label] = {
    **doubts.TEXTS,
    **residues.TEXTS,
    **telling.TEXTS,
    **people.TEXTS,
    **story.TEXTS,
}
"""Per code: (zh, en)."""

TABLES: Mapping[str, Mapping[str, Label]] = {
    **LABELS,
    "status": STATUSES,
    "reason": {code: (reason.zh, reason.en) for code, reason in REASONS.items()},
    "transit": {**LABELS["shipment"], **LABELS["transit"]},
}
"""Every word of the model, by its table: (zh, en)."""

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
    """A word of ours as people read it; one that the table does not know stands in quotes."""
    found = TABLES.get(table, {}).get(word)
    return f"“{word}”" if found is None else found[index]


def _say(said: Sentence, index: int, *, coded: bool) -> str:
    texts = TEXTS.get(said.code)
    if texts is None:
        return f"“{said.code}” " + ", ".join(f"{name} {value}" for name, value in said.values.items())

    def option(found: re.Match[str]) -> str:
        return found[1] if all(place[1] in said.values for place in _PLACE.finditer(found[1])) else ""

    def place(found: re.Match[str]) -> str:
        value = said.values.get(found[1], "?")
        if isinstance(value, Sentence):
            return _say(value, index, coded=coded)
        if found[2] is None or coded:
            return value
        table = found[2] if found[2] in TABLES else str(said.values.get(found[2]))
        words = [_label(word, table, index) for word in value.split(" ")]
        if index and found.start():
            words = [word if word[1:2].isupper() else f"{word[:1].lower()}{word[1:]}" for word in words]
        return (", " if index else "、").join(words)

    return _PLACE.sub(place, _OPTION.sub(option, texts[index]))
