"""Word tables, usable both ways. A plain hit is one dictionary access; all else comes to `__missing__`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings.engine.errors import Mark, UnknownWord, Untranslatable
from mappings.engine.values import shown

OTHERS = "*"


def as_word(value: Any) -> str:
    """How a JSON value is written as a key of a table: true, 7, null."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise Untranslatable(f"{shown(value)} is no word; a table is asked with a text or a number")
    return str(value)


class Table(dict[Any, Any]):
    """Their word -> our word (or several, as an object). Their null is null, unless it is listed."""

    def __init__(self, name: str, words: Mapping[str, Any], mark: Mark, places: Mapping[str, Mark]) -> None:
        super().__init__(words)
        self.name = name
        self.mark = mark
        self.places = places
        self.words = words
        self.others = OTHERS in words
        self.pop(OTHERS, None)
        self[None] = words.get("null")
        self._default = words.get(OTHERS)

    def __missing__(self, word: Any) -> Any:
        if not isinstance(word, str):
            text = as_word(word)
            if text in self:
                return self[text]
            word = text
        if self.others:
            return self._default
        raise UnknownWord(self.name, word, mark=self.mark)

    def ask(self, *words: Any) -> Any:
        """Several words at once: `done/refund`, then `done/*`, then `*`. A null first word not listed is null."""
        if len(words) == 1:
            return self._one(words[0])
        parts = [as_word(word) for word in words]
        for known in range(len(parts), 0, -1):
            name = "/".join(parts[:known] + [OTHERS] * (len(parts) - known))
            if name in self:
                return self[name]
        if words[0] is None:
            return None
        if self.others:
            return self._default
        raise UnknownWord(self.name, "/".join(parts), mark=self.mark)

    def _one(self, word: Any) -> Any:
        try:
            return self[word]
        except TypeError as error:
            raise Untranslatable(f"{shown(word)} is no word; a table is asked with a text or a number") from error


class Reverse(dict[Any, Any]):
    """Our word -> their word. A word they have no word for is null: there is nothing to tell them."""

    def __init__(self, forward: Table, wins: Mapping[str, Any]) -> None:
        super().__init__()
        self.wins = wins
        self.ambiguous: dict[str, list[str]] = {}
        """Our words that two of theirs mean and nobody said which is written."""
        for theirs, ours in forward.words.items():
            if isinstance(ours, str) and OTHERS not in theirs and theirs != "null":
                if ours in self and ours not in wins:
                    self.ambiguous.setdefault(ours, [self[ours]]).append(theirs)
                self.setdefault(ours, theirs)
        self.update(wins)
        self._default = self.pop(OTHERS, None)
        self[None] = None

    def __missing__(self, word: Any) -> Any:
        return self._default if isinstance(word, str) else self.get(as_word(word), self._default)

    def ask(self, word: Any) -> Any:
        """Their word for ours."""
        try:
            return self[word]
        except TypeError as error:
            raise Untranslatable(f"{shown(word)} is no word") from error
