"""Which language and zone a page is written in: `?lang=`, else the cookie, else what the browser asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import Flask, Response, request, url_for
from flask_babel import Babel, get_locale
from jinja2 import pass_context
from jinja2.runtime import Context

LANGUAGES = {"zh": "中文", "en": "English"}
COOKIE = "lang"
_YEAR = 365 * 24 * 3600


def chosen() -> str:
    """The language of this request; machines are answered in English."""
    if request.path.startswith("/api/"):
        return "en"
    for wanted in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    return request.accept_languages.best_match(LANGUAGES, "en")


def install(app: Flask) -> None:
    """Translate this application's pages, and remember the language that a person chose."""
    Babel(app, locale_selector=chosen)

    @app.after_request
    def remember(response: Response) -> Response:
        wanted = request.args.get("lang")
        if wanted in LANGUAGES and request.cookies.get(COOKIE) != wanted:
            response.set_cookie(COOKIE, wanted, max_age=_YEAR, httponly=True, samesite="Lax")
        if request.endpoint != "static":
            response.headers["Content-Language"] = chosen()
            response.vary.update(["Accept-Language", "Cookie"])
        return response

    @app.context_processor
    def language() -> dict[str, object]:
        return {"languages": LANGUAGES, "lang": str(get_locale()), "in_language": in_language}


def in_language(lang: str) -> str:
    """This page's address in another language."""
    if request.endpoint is None or request.method != "GET":
        return url_for("overview.page", lang=lang)
    return url_for(request.endpoint, **{**request.args, **(request.view_args or {}), "lang": lang})


def filters(app: Flask, **named: Callable[..., object]) -> None:
    """Give the templates filters whose answer depends on who reads.

    Jinja works a filter of a constant out once, while it compiles a template, so in the first reader's language for
    everybody; not one that asks for the context.
    """
    app.jinja_env.filters.update({name: _for_each_reader(function) for name, function in named.items()})


def _for_each_reader(function: Callable[..., object]) -> Callable[..., object]:
    @pass_context
    @wraps(function)
    def filtered(_context: Context, /, *args: object, **kwargs: object) -> object:
        return function(*args, **kwargs)

    return filtered
