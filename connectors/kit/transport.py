"""One HTTP exchange under one absolute deadline: connecting, sending, waiting and reading together.

A per-read timeout is no deadline: a server that sends a byte a second never trips it. So every read from the socket
gets only what is left. It also knows whether a single byte of the request left, which decides what a failed write
means. (Resolving a host name is bounded by the system's resolver only; nothing is sent after the deadline.)
"""

from __future__ import annotations

import http.client
import io
import threading
import time
from typing import Any

from requests import PreparedRequest
from requests import Response as RequestsResponse
from requests.adapters import HTTPAdapter
from requests.exceptions import ReadTimeout, RequestException
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError

CONNECT = 10.0
"""Seconds for connecting, if the deadline leaves that much."""
IDLE = 3.0
"""Seconds after which an idle connection is not used again: Node closes after 5, and a write into that is unknown."""
CHUNK = 65_536


class Now(threading.local):
    """The exchange of this thread: its deadline (monotonic), and whether any of it left."""

    deadline: float = float("inf")
    sent: bool = False

    def left(self) -> float:
        """Seconds left; raises TimeoutError when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left


now = Now()


class DeadlineReader(io.RawIOBase):
    """Reads from a socket, each time with what is left of the deadline as timeout."""

    def __init__(self, raw: Any, sock: Any) -> None:
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(now.left())
        got: int | None = self._raw.readinto(buffer)
        return got

    def close(self) -> None:
        self._raw.close()
        super().close()


class DeadlineResponse(http.client.HTTPResponse):
    """An answer whose head and body are read under the deadline."""

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(DeadlineReader(raw, sock))


class _Watched(HTTPConnection):
    response_class = DeadlineResponse
    used_at = 0.0

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        try:
            self.sock.settimeout(now.left())
        except TimeoutError as late:
            raise ConnectTimeoutError(self, "the deadline passed while connecting; nothing was sent") from late
        now.sent = True
        super().send(data)
        self.used_at = time.monotonic()

    @property
    def is_connected(self) -> bool:
        return time.monotonic() - self.used_at < IDLE and super().is_connected


class _WatchedTLS(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTLS


class Adapter(HTTPAdapter):
    """requests' adapter without what a session does around it: no redirects, cookies, netrc or proxy look-ups."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


class Lost(Exception):
    """No usable answer. `sent`: whether the request, or a part of it, had left."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class TooLong(Exception):
    """The answer is longer than allowed; `status` is known."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def exchange(
    adapter: HTTPAdapter, request: PreparedRequest, deadline: float, verify: bool | str, limit: int
) -> tuple[int, dict[str, str], bytes]:
    """Send `request` and read the whole answer before `deadline` (monotonic). Raises Lost or TooLong."""
    now.deadline, now.sent = deadline, False
    try:
        left = now.left()
        answer = adapter.send(request, stream=True, timeout=(min(CONNECT, left), left), verify=verify, proxies=None)
        try:
            return answer.status_code, dict(answer.headers), _body(answer, limit)
        finally:
            answer.close()
    except (RequestException, HTTPError, OSError) as error:
        sent = now.sent or isinstance(error, ReadTimeout)
        raise Lost(_words(error, deadline), sent=sent) from error
    finally:
        now.deadline = float("inf")


def _body(answer: RequestsResponse, limit: int) -> bytes:
    chunks, size = [], 0
    while chunk := answer.raw.read(CHUNK, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise TooLong(answer.status_code)
    return b"".join(chunks)


def _words(error: Exception, deadline: float) -> str:
    if time.monotonic() >= deadline:
        return "no complete answer before the deadline"
    reason = getattr(error.args[0], "reason", error) if error.args else error
    return f"{type(reason).__name__}: {reason}" if str(reason) else type(reason).__name__
