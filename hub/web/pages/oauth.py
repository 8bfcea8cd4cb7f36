"""An account's access is granted on its system's own page: there, back, and what it may do now.

The console's own cookie stays at home when another site sends the browser back (SameSite=Strict), so an installation
has one of its own, for this one address and for ten minutes.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hub.actions.install import WITHIN, Install
from hub.actions.people import REFUSALS
from hub.web.pages.base import hub
from hub.web.story import say

blueprint = Blueprint("oauth", __name__, url_prefix="/oauth/<account>")

COOKIE = "hub_install"


def _install(account: str) -> Install:
    install = hub().install
    if account not in install.offered():
        abort(404, _("The access of %(account)s is not granted on a page.", account=account[:100]))
    return install


def _callback(account: str) -> str:
    """The address to come back to, as the system's settings must list it."""
    base = hub().settings.public_url or request.host_url
    return base.rstrip("/") + url_for("oauth.back", account=account)


@blueprint.get("/")
def page(account: str) -> str:
    health = _install(account).check(account)
    return render_template("oauth.html", account=account, health=health, callback=_callback(account))


@blueprint.get("/install")
def begin(account: str) -> Response:
    install = _install(account)
    try:
        there, cookie = install.begin(account, _callback(account))
    except REFUSALS as error:
        _refused(error)
    response = redirect(there, 303)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=WITHIN,
        path=url_for("oauth.page", account=account),
        httponly=True,
        secure=request.is_secure,
        samesite="Lax",
    )
    return response


@blueprint.get("/callback")
def back(account: str) -> Response:
    install = _install(account)
    try:
        install.finish(account, list(request.args.items(multi=True)), request.cookies.get(COOKIE, ""))
    except REFUSALS as error:
        _refused(error)
    response = redirect(url_for("oauth.page", account=account), 303)
    response.delete_cookie(COOKIE, path=url_for("oauth.page", account=account))
    return response


def _refused(error: Any) -> None:
    abort(400, say(getattr(error, "said", None)) or str(error))
