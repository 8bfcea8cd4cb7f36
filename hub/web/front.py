"""The site under Granian (RSGI): one event loop reads all bodies, so a slow sender costs a timer and not a thread.

Connections that send nothing, headers that do not end and idle keep-alive connections are ended by Granian
(`serve.py`); bodies by `bodies.py`; `/health` is answered here, from what the pulse knows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import msgspec

from hub.boot import Hub
from hub.store.inbox import Full
from hub.web import refusals
from hub.web.bodies import Bodies
from hub.web.bridge import Bridge
from hub.web.pulse import LATE, Pulse
from hub.web.refusals import LAST, Refusal
from hub.web.webhooks import LARGEST, PREFIX, Response, WebhookIntake, request

log = logging.getLogger(__name__)

INLINE = 64 * 1024
"""Bytes of a body that are checked at once; larger ones in a thread, since others wait meanwhile."""
REQUESTS = 1000
"""Answers on one connection, before it is ended, as web servers do. So answers that nobody reads end, too: Granian has
no deadline for writing, but so few of ours fit into the system's own buffers, and nothing is held for them."""
KNOWN = 16 * 1024
"""Connections whose answers are counted; more than can be open."""
FORM = 256 * 1024
"""Bytes of a form of the console."""
AWAY = "数据库暂时无法访问；中枢会自动重试。\nThe database is away; the hub tries again by itself.\n".encode()
"""What people read meanwhile: a page that asked it would hold a thread for as long as a connection takes to fail."""


class Front:
    """Every request of the process; `scope` and `protocol` are RSGI's."""

    def __init__(self, hub: Hub, webhooks: WebhookIntake, console: Any, pulse: Pulse) -> None:
        self.hub = hub
        self.webhooks = webhooks
        self.pulse = pulse
        self.bridge = Bridge(console)
        self.bodies = Bodies(hub.settings.bodies)
        self.forms = Bodies(hub.settings.bodies)
        self._answers: dict[str, int] = {}
        self._checks = ThreadPoolExecutor(2, thread_name_prefix="large webhook")

    def start(self) -> None:
        self.pulse.start()

    def stop(self) -> None:
        self.pulse.stop()
        self.bridge.close()
        self.hub.writer.close()

    async def serve(self, scope: Any, protocol: Any) -> None:
        """Answer one request, whatever happens."""
        status, headers, body = await self._answer(scope, protocol, scope.path)
        if self._is_last(scope.client) and LAST not in headers:
            headers.append(LAST)
        protocol.response_bytes(status, headers, body)

    async def _answer(self, scope: Any, protocol: Any, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
        if path.startswith(PREFIX):
            status, headers, body = await self._webhook(scope, protocol, path[len(PREFIX) :])
            return status, list(headers.items()), body
        if path == "/health" and self.pulse.beats:
            status, said = self.pulse.health()
            kind = ("Content-Type", "application/json")
            return status, [kind, ("Cache-Control", "no-store")], msgspec.json.encode(said)
        return await self._page(scope, protocol)

    def _is_last(self, connection: str) -> bool:
        """Whether this connection, named by its other end, has had as many answers as it gets."""
        answers = self._answers.pop(connection, 0) + 1
        if answers >= REQUESTS:
            return True
        self._answers[connection] = answers
        if len(self._answers) > KNOWN:
            del self._answers[next(iter(self._answers))]
        return False

    async def _webhook(self, scope: Any, protocol: Any, account: str) -> Response:
        try:
            headers = scope.headers
            if self.webhooks.may_be_new(account):
                await self._renewed()
            stated = self.webhooks.admit(account, scope.method, headers.get("content-length", ""))
            body = await self.bodies.read(protocol, self._sender(scope), stated, LARGEST)
            base = self.hub.settings.public_url or f"{scope.scheme}://{scope.authority or headers.get('host', '')}"
            asked = request(scope.method, scope.path, scope.query_string, headers.items(), body, base)
            if len(body) <= INLINE:
                arrivals = self.webhooks.check(account, asked)
            else:
                loop = asyncio.get_running_loop()
                arrivals = await loop.run_in_executor(self._checks, self.webhooks.check, account, asked)
            await self._store(arrivals)
            response = self.webhooks.taken(account, len(arrivals))
            self.webhooks.counts.add(account, response[0])
        except Exception as error:
            return self.webhooks.refuse(account, error)
        return response

    async def _renewed(self) -> None:
        """The accounts were looked at again, or the database does not answer in time."""
        loop = asyncio.get_running_loop()
        known: asyncio.Future[None] = loop.create_future()
        self.pulse.soon(lambda: loop.call_soon_threadsafe(_settle, known))
        with suppress(TimeoutError):
            await asyncio.wait_for(known, LATE)

    async def _store(self, arrivals: Sequence[Any]) -> None:
        """Durable when this returns. Raises Full or Unstorable."""
        if not arrivals:
            return
        loop = asyncio.get_running_loop()
        known: asyncio.Future[None] = loop.create_future()

        def settled() -> None:
            loop.call_soon_threadsafe(_settle, known)

        waiting = self.hub.writer.offer(arrivals, settled)
        try:
            await asyncio.wait_for(known, self.hub.writer.patience)
        except TimeoutError:
            raise Full("the database does not answer; the messages may or may not be kept", 5.0) from None
        waiting.result(0)

    async def _page(self, scope: Any, protocol: Any) -> tuple[int, list[tuple[str, str]], bytes]:
        if self.pulse.away() and not scope.path.startswith(("/static/", "/metrics")):
            return 503, [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "5"), LAST], AWAY
        try:
            if self.bridge.full:
                raise refusals.busy(Full("the console has more to answer than it gets done", 5.0))
            length = scope.headers.get("content-length", "")
            stated = int(length) if length.isascii() and length.isdigit() else None
            body = await self.forms.read(protocol, self._sender(scope), stated, FORM)
            return await self.bridge.answer(scope, body)
        except Refusal as refusal:
            return refusal.status, [("Content-Type", "application/json"), *refusal.headers.items()], refusal.body
        except Exception:
            log.exception("%s %s failed", scope.method, scope.path)
            return 500, [("Content-Type", "text/plain"), LAST], b"the hub failed on this page; its log has the details"

    def _sender(self, scope: Any) -> str:
        """Whose request it is: as our proxy says in the last word of its header, else who is connected."""
        wanted = self.hub.settings.sender_header
        if wanted and (named := [value for name, value in scope.headers.items() if name == wanted]):
            return str(named[-1]).rpartition(",")[2].strip()[:64]
        return str(scope.client).rpartition(":")[0]


def _settle(known: asyncio.Future[None]) -> None:
    if not known.done():  # nobody waits any more
        known.set_result(None)
