"""The hub on the web: webhooks come in, people look and act.

`create_app(services)` is one WSGI callable. Webhooks take the bare lane in front (`webhooks.py`), the rest
is Flask.
"""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.web.console import create_console
from hub.web.services import Services
from hub.web.webhooks import PREFIX, Counts, Lane

__all__ = ["Services", "create_app"]


def create_app(services: Services) -> WSGIApplication:
    """The whole site; call it in the process that serves it."""
    counts = Counts()
    hooks = Lane(services, counts)
    console = create_console(services, counts)

    def site(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(PREFIX):
            return hooks(environ, start_response)
        return console(environ, start_response)

    return site
