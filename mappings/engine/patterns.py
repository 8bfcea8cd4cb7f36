"""regex(text, pattern): only patterns that cannot run away, found out by reading them.

Allowed: characters, classes, ^ $ \\b, groups one level deep that are not repeated (only `?`), alternatives, and
repetitions of single characters or classes. No look-around, no back-reference. So matching takes at most
len(text) to the power of (repetitions + 1 when the beginning is not anchored), and that power is bounded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from mappings.engine.errors import Untranslatable
from mappings.engine.parsing import ExpressionError
from mappings.engine.values import text as as_text

MAX_PATTERN = 200
MAX_TEXT = 500
MAX_POWER = 3

_TOKEN = re.compile(
    r"""(?P<klass>\[\^?\]?(?:\\.|[^\]\\])*\])
      | (?P<escape>\\[dDwWsSbB.^$*+?()\[\]{}|\\/-])
      | (?P<open>\((?:\?:)?(?!\?))
      | (?P<close>\))
      | (?P<repeat>(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})\??)
      | (?P<plain>[^\\()\[\]{}*+?])""",
    re.VERBOSE,
)


@lru_cache(maxsize=1024)
def safe(pattern: str) -> re.Pattern[str]:
    """The compiled pattern; ExpressionError when it is none, or is not of the safe kind."""
    if len(pattern) > MAX_PATTERN:
        raise ExpressionError(f"the pattern has {len(pattern)} characters; the budget is {MAX_PATTERN}")
    position, depth, power, before = 0, 0, 0 if pattern.startswith("^") and "|" not in pattern else 1, ""
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            raise ExpressionError(f"{pattern[position:]!r} in a pattern is not allowed (see mappings/README.md, regex)")
        kind = str(token.lastgroup)
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif kind == "repeat" and _varies(token[0]):
            power += 1
            if before == "close":
                raise ExpressionError(f"a group cannot be repeated in a pattern ({pattern!r}): that can take for ever")
        elif kind == "repeat" and before == "close" and token[0] not in ("?", "??"):
            raise ExpressionError(f"a group cannot be repeated in a pattern ({pattern!r}): that can take for ever")
        if depth > 1:
            raise ExpressionError(f"groups cannot be nested in a pattern ({pattern!r})")
        before, position = kind, token.end()
    if power > MAX_POWER:
        raise ExpressionError(
            f"the pattern {pattern!r} has too many repetitions; anchor it with ^ or use fewer of * + {{,}}"
        )
    try:
        return re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise ExpressionError(f"{pattern!r} is no pattern: {error}") from error


def _varies(repeat: str) -> bool:
    body = repeat.rstrip("?")
    if not body.startswith("{"):
        return bool(body)  # "?" and "??" have an empty body
    low, comma, high = body.strip("{}").partition(",")
    return bool(comma) and (not high or int(high) > int(low) + 1)


def regex(value: Any, pattern: Any, group: Any = None) -> str | None:
    """The group's text (default: the first group, else the whole match) in the first 500 characters, or null."""
    words = as_text(value)
    if words is None or not isinstance(pattern, str):
        return None
    try:
        found = safe(pattern).search(words[:MAX_TEXT])
        if found is None:
            return None
        chosen: str | None = found.group((1 if found.re.groups else 0) if group is None else group)
    except (ExpressionError, IndexError, TypeError) as error:
        raise Untranslatable(str(error)) from error
    return chosen
