"""Texts with a $ in a manifest: `$api_key` is a setting, `${id}` what a call knows; `{id}` in a path is one segment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.kit.errors import Rejected
from connectors.kit.http import segment

WORD = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
HOLE = re.compile(r"\{(\w+)\}")


def fill(value: Any, words: Mapping[str, Any]) -> Any:
    """A text, or texts in lists and mappings, with each word filled in; a text that is one word keeps its type.

    A word without a value makes a whole text None, which a query leaves out.
    """
    if isinstance(value, Mapping):
        return {key: fill(item, words) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, words) for item in value]
    if not isinstance(value, str):
        return value
    whole = WORD.fullmatch(value)
    if whole:
        return words.get(whole[1] or whole[2])
    names = [a or b for a, b in WORD.findall(value)]
    if any(words.get(name) is None for name in names):
        return None
    return WORD.sub(lambda found: str(words[found[1] or found[2]]), value)


def text(value: str, words: Mapping[str, Any], what: str) -> str:
    """A text that must be there. Raises Rejected with a letter when a word has no value."""
    filled = fill(value, words)
    if filled in (None, ""):
        raise Rejected(f"{what}: {value!r} has no value; set it in the account's settings", code="missing_setting")
    return str(filled)


def path(value: str, words: Mapping[str, Any]) -> str:
    """A path with `{id}` and the like filled in, each as one segment of it."""

    def one(hole: re.Match[str]) -> str:
        found = words.get(hole[1])
        if found in (None, ""):
            raise Rejected(f"{value} needs {hole[1]!r}, which this return does not have there yet", code="missing_id")
        return segment(found)

    return HOLE.sub(one, value)
