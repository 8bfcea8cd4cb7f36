"""JSON for jsonb columns, which refuse two things that other systems do send: NUL, and half a surrogate pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hub.model.language.sentences import Sentence, say

_encode = msgspec.json.Encoder().encode


def text(value: Any) -> str:
    """`value` as JSON that PostgreSQL takes; a character it refuses becomes the replacement character."""
    try:
        encoded = _encode(value)
    except UnicodeEncodeError:
        return _encode(_storable(value)).decode()
    if b"\\u0000" in encoded:
        encoded = _encode(_storable(value))
    return encoded.decode()


def equal(stored: Any, value: Any) -> bool:
    """Whether a stored document says what `value` would be stored as."""
    return bool(msgspec.json.decode(text(value)) == stored)


def plain(value: str) -> str:
    """A text that PostgreSQL takes."""
    if value.isascii() and "\0" not in value:
        return value
    return "".join("\N{REPLACEMENT CHARACTER}" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)


def both(words: str | Sentence | None) -> tuple[str | None, str | None]:
    """A column of text and the `said` beside it: English, and where it is a sentence of ours that sentence as JSON."""
    if words is None or isinstance(words, str):
        return (None if words is None else plain(words)), None
    return plain(say(words)), text(words)


def _storable(value: Any) -> Any:
    found = value if isinstance(value, (str, dict, list)) else msgspec.to_builtins(value, str_keys=True)
    if isinstance(found, str):
        return plain(found)
    if isinstance(found, Mapping):
        return {_storable(key): _storable(entry) for key, entry in found.items()}
    if isinstance(found, list):
        return [_storable(entry) for entry in found]
    return found
