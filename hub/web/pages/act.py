"""What a person does here: one address for every action; a form becomes the data that the action reads."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hub.actions.fields import Wrong
from hub.actions.people import REFUSALS
from hub.actions.registry import ACTIONS
from hub.web.pages.base import WHO, hub
from hub.web.story import say
from hub.web.words import spoken

log = logging.getLogger(__name__)

blueprint = Blueprint("act", __name__, url_prefix="/do")


@blueprint.post("/<name>")
def act(name: str) -> Response:
    if name not in ACTIONS:
        abort(404, _("The hub cannot do that here."))
    action = ACTIONS[name]
    given = action.gather(pair for pair in request.form.items(multi=True) if pair[0] in action.fields)
    try:
        flash(action.says(hub().perform(name, given, WHO), spoken()), "good")
    except Wrong as wrong:
        abort(400, _("The form is incomplete: %(error)s", error=wrong.letter(spoken())))
    except REFUSALS as error:
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
