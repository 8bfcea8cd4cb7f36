"""Sync: who still has to be told what, and the log of every conversation down to the wire."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _

from hub.store import console, health
from hub.web import paging
from hub.web.pages.base import database, page_key

blueprint = Blueprint("sync", __name__, url_prefix="/sync")


@blueprint.get("")
def listing() -> str:
    state, account = request.args.get("state", ""), request.args.get("account", "")
    after = paging.read(request.args.get("after"), int, str)
    with database() as conn:
        found = console.sync_rows(conn, state, account, after=after)
        names = health.account_names(conn)
    return render_template(
        "sync.html", found=found, names=names, state=state, account=account, next=paging.write(found.after)
    )


@blueprint.get("/log")
def log() -> str:
    account, outcome = request.args.get("account", ""), request.args.get("outcome", "")
    of_return = page_key("return")
    with database() as conn:
        found = console.calls(conn, account, outcome, of_return, before=page_key("before"))
        names, outcomes = health.account_names(conn), console.outcomes(conn)
    return render_template(
        "log.html",
        found=found,
        names=names,
        outcomes=outcomes,
        account=account,
        outcome=outcome,
        of_return=of_return,
    )


@blueprint.get("/log/<int:attempt_id>")
def wire(attempt_id: int) -> str:
    with database() as conn:
        call = console.call(conn, attempt_id) if attempt_id < 2**63 else None
    if call is None:
        abort(404, _("This conversation is not in the log any more."))
    return render_template("wire.html", call=call)
