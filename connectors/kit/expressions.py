"""The expressions of a manifest (JMESPath), and what they find in records, answers and webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import jmespath

from connectors.kit.api import WebhookRequest
from connectors.kit.errors import RetryLater
from connectors.kit.templates import WORD

Failed = jmespath.exceptions.JMESPathError
"""An expression cannot read this value."""


@cache
def _compiled(expression: str) -> Any:
    return jmespath.compile(expression)


def search(expression: str, value: Any) -> Any:
    """What the expression finds in a value; None where it finds nothing. Raises Failed."""
    return _compiled(expression).search(value)


def search_with(expression: str, words: Mapping[str, Any], value: Any) -> Any:
    """The same with words filled in. Not kept compiled: each reference would make an expression of its own."""
    return jmespath.search(_quoted(expression, words), value)


def _quoted(expression: str, words: Mapping[str, Any]) -> str:
    """A JMESPath with `'$reference'` and the like filled in, so that a value cannot end its quotes."""
    return WORD.sub(
        lambda hit: str(words.get(hit[1] or hit[2], "")).replace("\\", "\\\\").replace("'", "\\'"), expression
    )


def records_of(expression: str, page: Any) -> Sequence[Any]:
    """The records of a page; none is an empty list. Raises RetryLater where they are no list."""
    found = search(expression, page)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise RetryLater(
            f"{expression!r} should be a list of records, but is {type(found).__name__}; has their answer changed?"
        )
    return found


def word_of(where: str, request: WebhookRequest, body: Any) -> Any:
    """What stands there in a webhook: in a header (`header:Name`), else in its body."""
    return request.header(where.removeprefix("header:")) if where.startswith("header:") else search(where, body)


def as_text(value: Any) -> str | None:
    """An id or version as text; what is no text, number or flag is none."""
    return str(value) if isinstance(value, str | int | Decimal) and value != "" else None
