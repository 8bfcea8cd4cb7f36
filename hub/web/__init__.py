"""The hub on the web: webhooks come in, people look and act.

`create_app(hub)` is the whole site, for Granian (RSGI) as it is served, and a WSGI callable for every other
server. Webhooks are taken in front of it (`webhooks.py`), the rest is Flask.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from hub.boot import Hub
from hub.web.console import create_console
from hub.web.counts import Counts
from hub.web.front import Front
from hub.web.pulse import Pulse
from hub.web.webhooks import PREFIX, WebhookIntake

__all__ = ["create_app"]


class Site:
    """Call it in the process that serves it."""

    def __init__(self, hub: Hub) -> None:
        counts = Counts()
        pulse = Pulse(hub, counts)
        self._webhooks = WebhookIntake(hub, counts, pulse)
        self._console = create_console(hub, counts)
        self._front = Front(hub, self._webhooks, self._console, pulse)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(PREFIX):
            return self._webhooks(environ, start_response)
        return self._console(environ, start_response)

    def __rsgi_init__(self, loop: Any) -> None:
        self._front.start()

    def __rsgi_del__(self, loop: Any) -> None:
        self._front.stop()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        await self._front.serve(scope, protocol)


def create_app(hub: Hub) -> Site:
    """The whole site."""
    return Site(hub)
