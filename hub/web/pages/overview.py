"""The first page: is everything well, and if not, whose turn is it?"""

from __future__ import annotations

from flask import Blueprint, render_template

from hub.store import health
from hub.web.pages.base import database, hub

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
def page() -> str:
    with database() as conn:
        view = health.overview(conn, hub().expected())
    return render_template("overview.html", view=view, installs=hub().install.offered())
