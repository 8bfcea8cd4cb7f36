"""The journal in the person's language.

It is written in short English sentences (`hub.pipeline.story`); those we know are said in both languages, any other
line is shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from flask_babel import gettext as _

from hub.web.words import LABELLED, TITLES, WORDS, word

Said = Callable[[re.Match[str]], str]

_TABLES = {
    "receipt": "condition",
    "inspection": "inspection",
    "disposition": "disposition",
    "shipment": "shipment",
    "refund": "payment",
    "credit": "credit",
    "replacement": "exchange",
}
"""Per fact, the table that holds its state."""


def _axis(found: re.Match[str]) -> str:
    said = f"{TITLES[found[1]]}: {word(found[2], found[1])}"
    return f"{said} ({found['by']})" if "by" in found.re.groupindex and found["by"] else said


def _line(found: re.Match[str]) -> str:
    said = f"{found[2]} × {found[1]}"
    return f"{said}, {word(found[3], 'reason')}" if found[3] else said


def _fact(found: re.Match[str]) -> str:
    title = str(WORDS["fact"][f"{found[1]}s"])
    what = " ".join(_part(part, _TABLES[found[1]]) for part in found["what"].split())
    return f"{title}: {what}" + (f" ({found['who']})" if found["who"] else "")


def _part(part: str, table: str) -> str:
    if part == "at":
        return "@"
    known = next((name for name in (table, "posting") if part in LABELLED[name]), None)
    return word(part, known) if known else part


_AXES = "authorization|acceptance|dispute|closure"
_DERIVED = "transit|receipt|settlement|exchange"

SENTENCES: tuple[tuple[re.Pattern[str], Said], ...] = tuple(
    (re.compile(f"{pattern}\\Z", re.DOTALL), said)
    for pattern, said in (
        (r"noted", lambda m: _("Nothing new for this return")),
        (r"new return (R\d+)", lambda m: _("New return %(number)s", number=m[1])),
        (r"status (\w+)", lambda m: _("Now: %(status)s", status=word(m[1], "status"))),
        (rf"({_AXES}) (\w+)(?: \(by (?P<by>.+)\))?", _axis),
        (rf"({_DERIVED}) (\w+)", _axis),
        (r"line (.+) x ([\d.]+)(?:, (\w+))?", _line),
        (r"line (.+) now x ([\d.]+)()", _line),
        (rf"({'|'.join(_TABLES)}) (?:now )?(?P<what>.+?)(?: \((?P<who>[^()]*)\))?", _fact),
        (r"DISCREPANCY (\w+): (.+)", lambda m: f"{word(m[1], 'discrepancy')}: {m[2]}"),
        (r"resolved: (\w+)", lambda m: _("Resolved: %(what)s", what=word(m[1], "discrepancy"))),
        (r"told \S+: (\w+)(?: \((.+)\))?", lambda m: word(m[1], "operation") + (f" ({m[2]})" if m[2] else "")),
        (
            r"\S+ refused (\w+): (.+)",
            lambda m: _("Refused: %(what)s. %(why)s", what=word(m[1], "operation"), why=m[2]),
        ),
    )
)


def phrase(text: str) -> str | None:
    """One sentence in the person's language, or None when it is none of those we know."""
    for pattern, said in SENTENCES:
        if found := pattern.match(text):
            return said(found)
    return None


def phrases(stage: str, text: str) -> tuple[str, list[str]]:
    """(the records that brought it, what it brought). A line that is not understood as a whole stays as it is."""
    if stage != "merge":
        return "", [phrase(text) or text]
    source, _colon, rest = text.partition(": ")
    said = [phrase(part) for part in rest.split("; ")] if rest else [None]
    if None in said[:1]:
        return "", [text]
    return source, [new or old for new, old in zip(said, rest.split("; "), strict=True)]


def install(app: Flask) -> None:
    """Make it the templates' filter."""
    app.jinja_env.filters["phrases"] = lambda line: phrases(line.stage, line.text)
