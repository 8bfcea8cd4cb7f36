"""Raw things made readable: payloads, JSON of any shape, errors of the translator."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask

from hub.web.story import say


def pretty(value: Any) -> str:
    """Any JSON with one thing per line; text that is JSON itself is opened, too."""
    return json.dumps(_opened(value), ensure_ascii=False, indent=2, default=str)


def _opened(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _opened(inner) for name, inner in value.items()}
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def payload(body: bytes | memoryview | None) -> str:
    """A body as text; what is not UTF-8 or not JSON is shown as far as it can be."""
    text = bytes(body or b"").decode("utf-8", "backslashreplace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def reasons(errors: Any) -> Iterator[tuple[str, str, str]]:
    """(field, why, what to do now) of each error that the translator noted, in the page's language where we say it."""
    for error in errors if isinstance(errors, list) else ():
        said = error.get("said") or {}
        why, what_now = (say(said.get(part)) or str(error.get(part) or "") for part in ("why", "what_now"))
        yield str(error.get("field") or ""), why or pretty(error), what_now


def install(app: Flask) -> None:
    """Make these the templates' filters."""
    app.jinja_env.filters.update(
        pretty=pretty,
        payload=payload,
        reasons=reasons,
        pair=lambda name: (name, name),
    )
