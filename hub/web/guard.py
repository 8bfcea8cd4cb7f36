"""What keeps strangers out of the console: host names, same origin, form tokens, content security policy.

The console has no users yet and therefore listens on loopback only (`serve.py`). A web page elsewhere can still make
this browser send requests here, so every change needs proof that it began on one of our own pages.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request, session
from flask_babel import gettext as _

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names under which the console answers: another name on a loopback socket is somebody's rebound DNS."""
TOKEN = "form_token"  # noqa: S105 - a field's name
_SAFE = {"GET", "HEAD", "OPTIONS"}


def token() -> str:
    """The token that every form of this browser carries."""
    if TOKEN not in session:
        session[TOKEN] = secrets.token_urlsafe(24)
    return str(session[TOKEN])


def install(app: Flask) -> None:
    """Guard every request of this application."""
    app.jinja_env.globals["form_token"] = token
    app.before_request(_host)
    app.before_request(_storable)
    app.before_request(_own_form)
    app.after_request(_headers)


def _storable() -> None:
    """Nothing that no text of the database can be: there is nothing of that name."""
    given = (*request.args.values(), *(request.view_args or {}).values(), *request.form.values())
    if any("\0" in str(value) for value in given):
        abort(400, _("This address cannot be asked that way."))


def _host() -> None:
    if (urlsplit(f"//{request.host}").hostname or "") not in HOSTS:
        abort(
            421,
            _("The console does not answer under the name %(host)s. Open it under the address it printed at start.",
              host=request.host[:100]),
        )  # fmt: skip


def _own_form() -> None:
    if request.method in _SAFE:
        return
    origin = request.headers.get("Origin")
    own = f"{request.scheme}://{request.host}"
    from_elsewhere = (origin is not None and origin != own) or request.headers.get(
        "Sec-Fetch-Site", "same-origin"
    ) not in ("same-origin", "none")
    if from_elsewhere:
        abort(403, _("This request came from another site (%(origin)s). Nothing was done.", origin=origin or "?"))
    if request.path.startswith("/api/") and request.is_json:
        return  # No form can send JSON, and a script elsewhere would have to ask first: nobody answers that.
    sent = request.form.get(TOKEN, "")
    if not hmac.compare_digest(sent.encode(), token().encode()):
        abort(403, _("This page is too old to act from. Nothing was done; load it again and repeat the click."))


def _headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
