"""The lane for webhooks (Channel Adapter): a bare WSGI callable, durable before it says 202.

It stands before Flask because a framework costs more than everything else done here together. The answer decides what
the other system does next: 2xx it forgets the message, 401/404/405/411/413 it gives up, 503 it comes again.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import InputStream, StartResponse, WSGIEnvironment

from msgspec import MsgspecError

from connectors.kit.api import WebhookRequest
from connectors.kit.errors import InvalidWebhook, Unsupported
from hub.accounts import NAME
from hub.store.inbox import Full
from hub.store.writer import Unstorable
from hub.web.services import Services

log = logging.getLogger(__name__)

PREFIX = "/hooks/"

_CHUNK = 65536
_DRAIN = 64 * 2**20
"""Bytes of a refused body that we still read, so that the sender hears our answer instead of a reset."""

_REASONS = {
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Counts:
    """How many webhooks were answered how, since this process began; unknown accounts share one name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, int]] = Counter()

    def add(self, account: str, status: int) -> None:
        with self._lock:
            self._counts[account, status] += 1

    def all(self) -> dict[tuple[str, int], int]:
        with self._lock:
            return dict(self._counts)


class Refusal(Exception):
    """An answer other than 202, as a letter: what happened, probably why, what to do now."""

    def __init__(self, status: int, error: str, why: str, what_now: str, **headers: str) -> None:
        super().__init__(error)
        self.status = status
        self.letter = {"error": error, "why": why, "what_now": what_now}
        self.headers = headers


class Lane:
    """`/hooks/<account>`: read a bounded body, have it checked, make it durable, say so."""

    def __init__(self, services: Services, counts: Counts) -> None:
        self.services = services
        self.counts = counts

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        account = environ["PATH_INFO"][len(PREFIX) :]
        headers: Mapping[str, str] = {}
        kind = "application/json"
        try:
            status, kind, body = self.taken(account, self.take(account, environ))
        except Refusal as refusal:
            status, body, headers = refusal.status, json.dumps(refusal.letter).encode(), refusal.headers
        except Exception:
            log.exception("webhook for account %s failed", account[:64])
            status, body = 500, json.dumps(_OURS).encode()
        self.counts.add("" if status == 404 else account, status)
        start_response(
            f"{status} {_REASONS.get(status, 'OK')}",
            [
                ("Content-Type", kind),
                ("Content-Length", str(len(body))),
                *((name.replace("_", "-"), value) for name, value in headers.items()),
            ],
        )
        return [body]

    def taken(self, account: str, messages: int) -> tuple[int, str, bytes]:
        """What the sender hears of messages that are durable: the words its manifest asks for, or ours."""
        wanted = self.services.answer(account)
        if wanted is None:
            return 202, "application/json", b'{"accepted": %d}' % messages
        return wanted.status, wanted.content_type, wanted.body.encode()

    def take(self, account: str, environ: WSGIEnvironment) -> int:
        """The number of messages that are durable now."""
        if not NAME.fullmatch(account):
            raise _unknown(account)
        if environ["REQUEST_METHOD"] != "POST":
            raise Refusal(
                405,
                f"{environ['REQUEST_METHOD'][:16]} is not possible here",
                "webhooks are delivered with POST",
                "set the webhook's method to POST in the other system",
                Allow="POST",
            )
        body = self.read(environ)
        arrivals = self.accept(account, _request(environ, body, self.services.public_url))
        try:
            self.services.writer.put(arrivals)
        except Full as full:
            raise _busy(full) from full
        except Unstorable as error:
            raise _unreadable(str(error)) from error
        self.services.wake("inbox")
        return len(arrivals)

    def read(self, environ: WSGIEnvironment) -> bytes:
        """The raw bytes, never more than we are willing to hold; a chunked body without a length is read just so."""
        largest = self.services.largest_body
        stated = environ.get("CONTENT_LENGTH") or ""
        if stated and not (stated.isascii() and stated.isdigit()):
            raise Refusal(
                400, "Content-Length is not a number", "the request is malformed", "send it again, well-formed"
            )
        if not stated and not environ.get("wsgi.input_terminated"):
            return b""  # a server that does not end the stream for us has no body for us either
        stream = environ["wsgi.input"]
        left = min(int(stated), largest + 1) if stated else largest + 1
        if stated and int(stated) > largest:
            _drain(stream, min(int(stated), _DRAIN))
            raise _too_large(largest)
        parts = []
        while left > 0 and (part := stream.read(min(_CHUNK, left))):
            parts.append(part)
            left -= len(part)
        body = b"".join(parts)
        if len(body) > largest:
            _drain(stream, _DRAIN)
            raise _too_large(largest)
        if stated and len(body) < int(stated):
            raise Refusal(
                400,
                f"only {len(body)} of {stated} bytes arrived",
                "the sender stopped in the middle of the body",
                "send it again",
            )
        return body

    def accept(self, account: str, request: WebhookRequest) -> Sequence[Any]:
        """Genuine and unpacked, or a refusal that says which of the two it is not."""
        try:
            return self.services.accept(account, request)
        except InvalidWebhook as error:
            log.warning("webhook for account %s refused: %s", account, error)
            raise Refusal(
                401,
                str(error),
                "the request does not prove that it comes from the system this address belongs to",
                "compare the webhook secret in both systems, and both clocks; after a change of secret keep the old one"
                " in the list until the sender uses the new one",
            ) from error
        except Unsupported as error:
            raise Refusal(
                404,
                f"account {account!r} takes no webhooks",
                str(error),
                "remove the webhook in the other system: this account is polled",
            ) from error
        except KeyError as error:
            if f"{account!r}" in str(error):
                raise _unknown(account) from error
            raise _unreadable(f"the body has no {error}") from error
        except (ValueError, MsgspecError) as error:
            raise _unreadable(str(error)) from error


_OURS = {
    "error": "the hub failed on this message; nothing was stored",
    "why": "a fault of the hub, its log has the details",
    "what_now": "send it again; if it fails again, tell whoever runs the hub",
}


def _unknown(account: str) -> Refusal:
    return Refusal(
        404,
        f"there is no account {account[:64]!r}",
        "the address names an account that was never made here, or was renamed",
        "take the webhook address from the account's page, or run `hub accounts list`",
    )


def _unreadable(error: str) -> Refusal:
    return Refusal(
        400,
        f"the body cannot be read: {error[:500]}",
        "it is genuine, but not the JSON that this system sends",
        "compare what is sent with the documentation of the other system's webhooks",
    )


def _too_large(largest: int) -> Refusal:
    return Refusal(
        413,
        f"the body is larger than {largest} bytes",
        "a webhook carries one record; a batch or a file may have been sent",
        "send single records, or let the account be polled",
        Connection="close",
    )


def _busy(full: Full) -> Refusal:
    return Refusal(
        503,
        "the message was not taken: it could not be made durable now",
        str(full),
        "send it again after the time that Retry-After names; nothing is lost if you do",
        Retry_After=str(max(1, math.ceil(full.retry_after))),
    )


def _drain(stream: InputStream, limit: int) -> None:
    while limit > 0 and (part := stream.read(min(_CHUNK, limit))):
        limit -= len(part)


def _request(environ: WSGIEnvironment, body: bytes, public_url: str) -> WebhookRequest:
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    base = public_url.rstrip("/") or f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if value := environ.get(key):
            headers[key.replace("_", "-").lower()] = value
    return WebhookRequest(
        method=environ["REQUEST_METHOD"],
        path=path,
        headers=headers,
        body=body,
        query=dict(parse_qsl(query, keep_blank_values=True)) if query else {},
        url=f"{base}{path}{'?' + query if query else ''}",
        received_at=datetime.now(UTC),
    )
