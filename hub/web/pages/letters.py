"""Two pages for two people: messages we do not understand, and what we have to say but cannot deliver."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from hub.store import console, health
from hub.web.pages.base import database, page_key

blueprint = Blueprint("letters", __name__)


@blueprint.get("/invalid")
def invalid() -> str:
    account = request.args.get("account", "")
    with database() as conn:
        found, names = console.invalid(conn, account, before=page_key("before")), health.account_names(conn)
    return render_template("invalid.html", found=found, names=names, account=account)


@blueprint.get("/dead")
def dead() -> str:
    account = request.args.get("account", "")
    with database() as conn:
        found, names = console.dead(conn, account, before=page_key("before")), health.account_names(conn)
    return render_template("dead.html", found=found, names=names, account=account)
