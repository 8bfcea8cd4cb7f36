"""What every area needs: the database, the numbers beside the menu, and errors as letters."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Flask, Response, abort, current_app, g, render_template, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from hub.boot import Hub
from hub.store import health
from hub.store.outage import away

log = logging.getLogger(__name__)


WHO = "console"
"""Until there are users, everybody at the console is the same person."""


def hub() -> Hub:
    """The application whose console this is."""
    ours: Hub = current_app.extensions["hub"]
    return ours


def database() -> AbstractContextManager[Any]:
    """A connection for one page."""
    return hub().database.begin()


def badges() -> health.Badges | None:
    """The numbers beside the menu: work that waits for a person. None where nobody can say: the menu still stands."""
    if "badges" not in g:
        try:
            with database() as conn:
                g.badges = health.badges(conn)
        except Exception as error:
            if not away(error):
                log.exception("the numbers beside the menu cannot be had")
            g.badges = None
    numbers: health.Badges | None = g.badges
    return numbers


def number(text: str) -> int:
    """The id in a return's number (R1001, or 1001), else 404."""
    digits = text[1:] if text[:1] in "Rr" else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        abort(404, _("%(number)s is not the number of a return. They look like R1001.", number=text[:40]))
    return int(digits)


def page_key(name: str) -> int | None:
    """A whole number in the query, or None."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def as_json(value: Any, status: int = 200) -> Response:
    """An answer for machines; decimals are text, times are ISO 8601."""
    return Response(msgspec.json.encode(value), status, mimetype="application/json")


def errors(app: Flask) -> None:
    """Every error is a page (or JSON below /api) that says what happened and where to go on."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _failed)


def _refused(error: HTTPException) -> Any:
    code = error.code or 500
    own_words = error.description if error.description != type(error).description else None
    return _answer(code, own_words or _PLAIN.get(code, lambda: HTTPStatus(code).phrase)())


def _failed(error: Exception) -> Any:
    if away(error):
        return _answer(503, _("The database is away; the hub tries again by itself. Nothing was changed."))
    log.exception("%s %s failed", request.method, request.path)
    return _answer(500, _("The hub failed on this page; its log has the details. Nothing was changed."))


_PLAIN = {
    404: lambda: _("There is nothing at this address."),
    405: lambda: _("This address cannot be asked that way."),
    413: lambda: _("That is too much for a form."),
}


def _answer(code: int, text: str) -> Any:
    if request.path.startswith("/api/") or request.path in ("/health", "/metrics"):
        return as_json({"error": text}, code)
    return render_template("error.html", code=code, text=text), code
