"""An error of a record that cannot be understood, as it is kept: in English for machines, as sentences for a page."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.model.language.sentences import Sentence, say


def error(why: str | Sentence, what_now: Sentence, *, field: str = "", said: Sentence | None = None) -> dict[str, Any]:
    """`why` as text is somebody else's own words, or exacter than what we have to say of it (`said`)."""
    known = said if isinstance(why, str) else why
    return {
        "field": field,
        "why": why if isinstance(why, str) else say(why),
        "what_now": say(what_now),
        "said": {"what_now": msgspec.to_builtins(what_now)} | ({"why": msgspec.to_builtins(known)} if known else {}),
    }
