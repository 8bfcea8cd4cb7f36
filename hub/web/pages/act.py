"""What a person does here: one address for every action, one row of this table for each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from hub.web.pages.base import services
from hub.web.story import say
from hub.web.words import DECISIONS

log = logging.getLogger(__name__)

blueprint = Blueprint("act", __name__, url_prefix="/do")


def _id(text: str) -> int:
    digits = text[1:] if text[:1] in "Rr" else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise ValueError(text)
    return int(digits)


def _name(text: str) -> str:
    if not text or len(text) > 500:
        raise ValueError(text)
    return text


def _note(text: str) -> str:
    return text.strip()[:2000]


def _choice(text: str) -> str:
    """The answer's word, and what the person typed beside it."""
    typed = request.form.get("typed", "").strip()
    return _name(f"{text}:{typed}" if typed else text)


def _objects(_text: str) -> list[tuple[str, ...]]:
    chosen = [tuple(value.split("\x1f")) for value in request.form.getlist("objects")]
    if not chosen or any(len(name) != 3 for name in chosen):
        raise ValueError(_("choose the objects that belong to the other return"))
    return chosen


def _words(decision: str) -> dict[str, Any]:
    """A fragment: the decision on the claim that the person saw, and the note beside it."""
    axis, value, _label = DECISIONS[decision]
    at = datetime.now(UTC).isoformat()
    words: dict[str, Any] = {axis: {"value": value, "round": _id(request.form.get("round", "1")), "at": at}}
    if note := _note(request.form.get("note", "")):
        words["notes"] = [{"id": uuid4().hex, "text": note, "speaker": "merchant", "at": at}]
    return words


ACTIONS: Mapping[str, tuple[Mapping[str, Callable[[str], Any]], Any]] = {
    "replay_inbox": ({"id": _id}, _l("The message is read again.")),
    "retry_sync": ({"return": _id, "account": _name}, _l("This account is asked again.")),
    "resend": ({"id": _id}, _l("It is sent again.")),
    "again": ({"id": _id}, _l("It is tried again.")),
    "give_up": ({"id": _id, "note": _note}, _l("Given up; the return says so from now on.")),
    "dealt": ({"id": _id, "note": _note}, _l("Noted; it is not told again.")),
    "pause": ({"account": _name}, _l("Paused. Webhooks are still taken.")),
    "resume": ({"account": _name}, _l("Resumed.")),
    "reconcile": ({"account": _name}, _l("The account is compared with the hub, return by return.")),
    "link": ({"a": _id, "b": _id}, _l("Linked: the two are one return.")),
    "keep_apart": ({"id": _id}, _l("They stay two returns.")),
    "carry_out": ({"id": _id}, _l("Done; the request is answered.")),
    "split": ({"return": _id, "objects": _objects}, _l("Split: a new return was made of these objects.")),
    "confirm": ({"return": _id}, _l("Confirmed: it belongs here.")),
    "undo": ({"act": _id}, _l("Undone.")),
    "answer": ({"return": _id, "question": _name, "choice": _choice}, _l("Answered. What waited for it goes on.")),
    "take_back": ({"return": _id, "act": _name}, _l("Taken back: it is asked again.")),
    "say": ({"return": _id, "decision": _words}, _l("Noted; whoever should know is told.")),
}
"""Per action: its form fields in the order of its arguments, and what a person reads when it says nothing itself."""


@blueprint.post("/<name>")
def act(name: str) -> Response:
    action = services().actions.get(name)
    if action is None or name not in ACTIONS:
        abort(404, _("The hub cannot do that here."))
    fields, done = ACTIONS[name]
    try:
        arguments = [read(request.form.get(field, "")) for field, read in fields.items()]
    except (ValueError, LookupError) as error:
        abort(400, _("The form is incomplete: %(error)s", error=str(error) or "?"))
    try:
        flash(action(*arguments) or str(done), "good")
    except services().refusals as error:
        log.info("%s refused: %s", name, error)
        said = say(getattr(error, "said", None)) or (str(error.args[0]) if error.args else "")
        flash(said or _("The hub cannot do that here."), "bad")
    return redirect(_back(), 303)


def _back() -> str:
    """The page the form stood on, if it is one of ours."""
    wanted = request.form.get("next", "")
    parts = urlsplit(wanted)
    own = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return wanted if own and wanted.isprintable() else url_for("overview.page")
