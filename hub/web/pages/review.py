"""The review queue: questions that only a person can answer, candidates side by side."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from hub.store import console
from hub.web.pages.base import database, page_key

blueprint = Blueprint("review", __name__)


@blueprint.get("/review")
def listing() -> str:
    state = "answered" if request.args.get("state") == "answered" else "open"
    with database() as conn:
        found = console.review_queue(conn, state=state, before=page_key("before"))
        named = {return_id for row in found.rows for return_id in row.returns}
        candidates = console.find(conn, sorted(named)) if named else {}
    return render_template("review.html", found=found, candidates=candidates, state=state)
