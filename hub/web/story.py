"""What the hub says, in the person's language: the journal, discrepancies, undeliverable, questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Flask

from hub.model.language import sentences
from hub.model.language.sentences import Sentence
from hub.web.language import filters
from hub.web.words import spoken


def say(said: Sentence | Mapping[str, Any] | None) -> str:
    """A sentence, as a struct or as it is stored; "" where there is none."""
    if said is None:
        return ""
    return sentences.say(said if isinstance(said, Sentence) else msgspec.convert(said, Sentence), spoken())


def phrases(line: Any) -> tuple[str, list[str]]:
    """(what brought it, what it says). A line that was not written in sentences stays as it is."""
    said = [say(one) for one in line.said or ()]
    if not said:
        return "", [line.text]
    return (said[0], said[1:]) if line.stage == "merge" else ("", said)


def install(app: Flask) -> None:
    """Make these the templates' filters."""
    filters(app, say=say, phrases=phrases)
