"""The console: one Flask application, one blueprint per area."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from pathlib import Path

from flask import Flask, request

from hub.boot import Hub
from hub.web import guard, language, raw, story, words
from hub.web.counts import Counts
from hub.web.pages import BLUEPRINTS
from hub.web.pages.base import badges, errors

HERE = Path(__file__).parent


def create_console(hub: Hub, counts: Counts) -> Flask:
    """The console of this hub; `counts` are those of the webhooks, for the health pages."""
    app = Flask("hub.web", root_path=str(HERE), static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),  # a restart makes open forms ask to be loaded again
        SESSION_COOKIE_NAME="hub",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        MAX_CONTENT_LENGTH=256 * 1024,
        BABEL_DEFAULT_TIMEZONE="UTC",
        SEND_FILE_MAX_AGE_DEFAULT=365 * 24 * 3600,
    )
    app.extensions["hub"] = hub
    app.extensions["hub_counts"] = counts
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(badges=badges)
    language.install(app)
    guard.install(app)
    words.install(app)
    raw.install(app)
    story.install(app)
    errors(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)

    @app.context_processor
    def page() -> dict[str, object]:
        return {"page": request.blueprint or ""}

    @app.url_defaults
    def versioned(endpoint: str, values: dict[str, object]) -> None:
        if endpoint == "static":
            values["v"] = _digest(str(values["filename"]))

    return app


@cache
def _digest(filename: str) -> str:
    """A static file may be kept for a year because its address changes with its content."""
    return hashlib.sha256((HERE / "static" / filename).read_bytes()).hexdigest()[:10]
