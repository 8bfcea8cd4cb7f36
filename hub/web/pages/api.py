"""The same questions, answered for machines, and what a person does through one (English)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, request

from hub.actions.fields import Wrong
from hub.actions.people import REFUSALS
from hub.actions.registry import ACTIONS
from hub.store import console, health
from hub.web import paging
from hub.web.pages.base import WHO, as_json, database, hub, number

blueprint = Blueprint("api", __name__, url_prefix="/api")

PRIVATE = ("email", "phone")
"""Left out of answers: whoever needs them looks at the system that owns them."""


@blueprint.get("/returns")
def returns() -> Response:
    """Query: q, status, discrepant, limit (to 200), after (the `next` of the page before)."""
    limit = request.args.get("limit", "50")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:6]) <= 200):
        return as_json({"error": "limit is a whole number from 1 to 200"}, 400)
    with database() as conn:
        found = console.search(
            conn,
            request.args.get("q", "")[:200],
            request.args.get("status", ""),
            discrepant=bool(request.args.get("discrepant")),
            after=paging.read(request.args.get("after"), datetime, int),
            limit=int(limit),
        )
    return as_json({"returns": [_short(row) for row in found.rows], "next": paging.write(found.after)})


@blueprint.get("/returns/<name>")
def one(name: str) -> Response:
    with database() as conn:
        found = _found(conn, name)
        telling = [
            {
                "account": row.account,
                "state": row.shown,
                "planned": row.planned,
                "undeliverable": [_untold(rest) for rest in console.cannot(row)],
                "why": row.why,
                "code": row.said and row.said["code"],
            }
            for row in console.telling(conn, found.id)
        ]
    document = console.document(found.doc)
    for field in PRIVATE:
        (document["customer"] or {}).pop(field, None)
    return as_json({**_short(found), "telling": telling, "return": document})


@blueprint.get("/returns/<name>/story")
def story(name: str) -> Response:
    with database() as conn:
        found = _found(conn, name)
        lines = [
            {"at": row.at, "stage": row.stage, "account": row.account, "text": row.text, "detail": row.detail}
            for row in console.story(conn, found.id)
        ]
    return as_json({"number": f"R{found.id}", "story": lines})


@blueprint.post("/returns/<name>/answers")
def answer(name: str) -> Response:
    """Answer what freezes a return. JSON {"question", "choice"}, as its discrepancies name them ("of:R2"); 409 with the
    reason where that cannot be."""
    return _of_return(name, "answer", "question", "choice")


@blueprint.post("/returns/<name>/answers/take-back")
def take_back(name: str) -> Response:
    """Take an answer back. JSON {"act"}, as `answers` of the return names it."""
    return _of_return(name, "take_back", "act")


def _of_return(name: str, action: str, *fields: str) -> Response:
    return_id, wanted = number(name), request.get_json(silent=True)
    if not isinstance(wanted, dict):
        return as_json({"error": f"send JSON, an object with {' and '.join(fields)} as text"}, 400)
    given = {field: wanted[field] for field in fields if field in wanted}
    done = _done(action, {"return": return_id, **given})
    return one(name) if done.status_code == 200 else done


@blueprint.get("/actions")
def actions() -> Response:
    """What may be done here: each action with its fields, the permission it will need, and its texts."""
    return as_json({"actions": [action.described() for action in ACTIONS.values()]})


@blueprint.post("/actions/<name>")
def act(name: str) -> Response:
    """Do it. JSON, an object of the action's fields; 400 with what is wrong by field, 409 with the reason where it
    cannot be done now."""
    return _done(name, request.get_json(silent=True))


def _done(name: str, data: Any) -> Response:
    if name not in ACTIONS:
        return as_json({"error": "there is no such action here; GET /api/actions lists those that are"}, 404)
    try:
        done = ACTIONS[name].says(hub().perform(name, data, WHO))
    except Wrong as wrong:
        return as_json({"error": wrong.letter(), "errors": wrong.each()}, 400)
    except REFUSALS as error:
        return as_json({"error": str(error.args[0]) if error.args else "this cannot be done now"}, 409)
    return as_json({"done": done})


@blueprint.get("/accounts")
def accounts() -> Response:
    with database() as conn:
        return as_json({"accounts": health.overview(conn, hub().expected()).accounts})


def _found(conn: Any, name: str) -> console.ListedReturn:
    return_id = number(name)
    found = console.find(conn, [return_id]).get(return_id)
    if found is None:
        abort(404, f"there is no return R{return_id}")
    return found


def _untold(rest: Any) -> dict[str, Any]:
    code = rest.said.code
    return {"fact": rest.fact, "operation": rest.operation, "code": code, "why": rest.why, "question": rest.question}


def _short(found: console.ListedReturn) -> dict[str, Any]:
    return {
        "number": f"R{found.id}",
        "status": found.status,
        "kind": found.kind,
        "order_number": found.order_number,
        "numbers": found.doc.numbers,
        "discrepancies": found.discrepancies,
        "sync": found.sync,
        "opened_at": found.opened_at,
        "changed_at": found.at,
        "merged_into": f"R{found.merged_into}" if found.merged_into else None,
    }
