"""Questions that only a person can answer: those of one return with their answers, those of several side by side."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from hub.model.merge.questions import waiting
from hub.store import console
from hub.web.pages.base import database, page_key

blueprint = Blueprint("review", __name__)


@blueprint.get("/review")
def listing() -> str:
    state = "answered" if request.args.get("state") == "answered" else "open"
    after, before = page_key("after"), page_key("before")
    with database() as conn:
        found = console.Slice((), None) if after else console.review_queue(conn, state=state, before=before)
        asking = console.Slice((), None)
        if state == "open" and not before:
            asking = console.asking(conn, after=after or 0)
        named = {return_id for row in found.rows for return_id in row.returns}
        candidates = console.find(conn, sorted(named)) if named else {}
    candidates |= {one.id: one for one in asking.rows}
    return render_template(
        "review.html", found=found, asking=asking, waiting=waiting, candidates=candidates, state=state
    )
