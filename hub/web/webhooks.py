"""Where webhooks arrive (Channel Adapter): durable before it says 202, and never slower than its own sender.

It stands before Flask because a framework costs more than everything else done here together. The answer decides what
the other system does next: 2xx it forgets the message, 401/404/405/411/413 it gives up, 503 it comes again.

Account, method and stated size are looked at before a byte of the body is read. Nothing here waits: `front.py` reads
bodies and awaits the commit on Granian's event loop, `__call__` does both in a thread of any WSGI server.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import InputStream, StartResponse, WSGIEnvironment

from msgspec import MsgspecError

from connectors.kit.api import WebhookRequest
from connectors.kit.errors import InvalidWebhook, Unsigned, Unsupported
from hub.accounts import NAME
from hub.boot import Hub
from hub.store.inbox import Full
from hub.store.writer import Unstorable
from hub.web import refusals
from hub.web.bodies import DRAIN
from hub.web.counts import Counts
from hub.web.pulse import Pulse
from hub.web.refusals import REASONS, Refusal

log = logging.getLogger(__name__)

PREFIX = "/hooks/"

LARGEST = 10 * 2**20
"""Bytes of a webhook that are read at most."""

_CHUNK = 65536

Response = tuple[int, Mapping[str, str], bytes]
"""An answer: status, headers, body."""


class WebhookIntake:
    """`/hooks/<account>`: a bounded body, checked, made durable; then the answer says so."""

    def __init__(self, hub: Hub, counts: Counts, pulse: Pulse) -> None:
        self.hub = hub
        self.counts = counts
        self.pulse = pulse

    # -- before the body

    def may_be_new(self, account: str) -> bool:
        """Whether this could be the name of an account that was added since the last look."""
        known = self.pulse.known
        unknown = self.pulse.beats and known is not None and account not in known
        return unknown and NAME.fullmatch(account) is not None and not self.pulse.away()

    def admit(self, account: str, method: str, length: str) -> int | None:
        """The stated length, once the account is known and may be sent to. Raises Refusal."""
        if method != "POST":  # whatever the account: whoever sets up an address asks so whether it leads here
            raise refusals.wrong_method(method)
        self.pulse.fresh()
        known = self.pulse.known
        if not NAME.fullmatch(account):
            raise refusals.unknown(account)
        if known is not None and account not in known:
            raise refusals.unknown(account)
        if known is None and (why := self.pulse.away()):
            raise refusals.busy(Full(why, self.pulse.again))
        if length and not (length.isascii() and length.isdigit()):
            raise refusals.senseless_length()
        return int(length) if length else None

    # -- with the body

    def check(self, account: str, request: WebhookRequest) -> Sequence[Any]:
        """What it brought, genuine and unpacked, to be made durable next. Raises Refusal."""
        try:
            arrivals = self.hub.accept(account, request)
        except InvalidWebhook as error:
            raise refusals.forged(str(error), signed=not isinstance(error, Unsigned)) from error
        except Unsupported as error:
            raise refusals.deaf(account, str(error)) from error
        except KeyError as error:
            if f"{account!r}" in str(error):
                raise refusals.unknown(account) from error
            raise self._unreadable(account, f"the body has no {error}") from error
        except (ValueError, MsgspecError) as error:
            raise self._unreadable(account, str(error)) from error
        if why := self.pulse.away():
            raise refusals.busy(Full(why, self.pulse.again))
        return arrivals

    def taken(self, account: str, messages: int) -> Response:
        """What the sender hears of messages that are durable: the words its manifest asks for, or ours."""
        webhook = self.hub.accounts.get(account).entry.manifest.webhook
        wanted = webhook and webhook.answer
        if not wanted:
            return 202, {"Content-Type": "application/json"}, b'{"accepted": %d}' % messages
        return wanted.status, {"Content-Type": wanted.content_type}, wanted.body.encode()

    # -- any of it failed

    def refuse(self, account: str, error: Exception) -> Response:
        """The letter, counted. What is nobody's account has no name: else whoever guesses names fills the memory."""
        if isinstance(error, Full):
            error = refusals.busy(error)
        elif isinstance(error, Unstorable):
            error = self._unreadable(account, str(error))
        elif not isinstance(error, Refusal):
            log.error("webhook for account %s failed", account[:64], exc_info=error)
            error = refusals.ours()
        known = self.pulse.known
        named = account in known if known is not None else error.status != 404
        posted = error.status != 405  # a look at the address is no webhook: it says nothing of the account's health
        strange = isinstance(error, refusals.Strange)
        self.counts.add(account if named and posted else "", error.status, str(error), strange=strange)
        return error.status, {"Content-Type": "application/json", **error.headers}, error.body

    def _unreadable(self, account: str, why: str) -> Refusal:
        return refusals.unreadable(why, self.hub.accounts.get(account).entry.name)

    # -- under WSGI

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        account = environ["PATH_INFO"][len(PREFIX) :]
        try:
            stated = self.admit(account, environ["REQUEST_METHOD"], environ.get("CONTENT_LENGTH") or "")
            arrivals = self.check(account, _request(environ, self._body(environ, stated), self.hub.settings.public_url))
            self.hub.writer.put(arrivals)
            status, headers, body = self.taken(account, len(arrivals))
            self.counts.add(account, status)
        except Exception as error:
            status, headers, body = self.refuse(account, error)
        start_response(f"{status} {REASONS.get(status, 'OK')}", [*headers.items(), ("Content-Length", str(len(body)))])
        return [body]

    def _body(self, environ: WSGIEnvironment, stated: int | None) -> bytes:
        """The raw bytes, never more than we are willing to hold; a chunked body without a length is read just so."""
        if stated is None and not environ.get("wsgi.input_terminated"):
            return b""  # a server that does not end the stream for us has no body for us either
        stream: InputStream = environ["wsgi.input"]
        if stated is not None and stated > LARGEST:
            _drain(stream, min(stated, DRAIN))
            raise refusals.too_large(LARGEST)
        left = LARGEST + 1 if stated is None else stated
        parts = []
        while left > 0 and (part := stream.read(min(_CHUNK, left))):
            parts.append(part)
            left -= len(part)
        body = b"".join(parts)
        if len(body) > LARGEST:
            _drain(stream, DRAIN)
            raise refusals.too_large(LARGEST)
        if stated is not None and len(body) < stated:
            raise refusals.cut_short(len(body), stated)
        return body


def _drain(stream: InputStream, limit: int) -> None:
    while limit > 0 and (part := stream.read(min(_CHUNK, limit))):
        limit -= len(part)


def _request(environ: WSGIEnvironment, body: bytes, public_url: str) -> WebhookRequest:
    headers = [(key[5:].replace("_", "-"), value) for key, value in environ.items() if key.startswith("HTTP_")]
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if value := environ.get(key):
            headers.append((key.replace("_", "-"), value))
    return request(
        environ["REQUEST_METHOD"],
        environ["PATH_INFO"],
        environ.get("QUERY_STRING", ""),
        headers,
        body,
        public_url or f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}",
    )


def request(
    method: str, path: str, query: str, headers: Iterable[tuple[str, str]], body: bytes, base: str
) -> WebhookRequest:
    """What connectors are handed; `base` is the address that other systems know us under."""
    return WebhookRequest(
        method=method,
        path=path,
        headers={name.lower(): value for name, value in headers},
        body=body,
        query=dict(parse_qsl(query, keep_blank_values=True)) if query else {},
        url=f"{base.rstrip('/')}{path}{'?' + query if query else ''}",
        received_at=datetime.now(UTC),
    )
