"""A reverse proxy between the hub and one real server: it counts, it can go away, and it can hold a request.

Only the hub goes through it; people in the shop and in the ERP go to the servers themselves. So its list of writes is
what the hub did, whatever the hub believes.
"""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOP = frozenset(("connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host", "content-length"))
FORWARD_SECONDS = 60.0
READING_POSTS = ("/model/res.user/get_preferences",)
"""Questions that travel as POST and change nothing (connectors/tryton/client.py: `ask`)."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request that came; `status` is what the server answered, 0: it never reached the server."""

    method: str
    path: str
    status: int

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and not self.path.endswith(READING_POSTS)


@dataclass
class Held:
    """Requests that wait in the proxy, from the `after`-th match on."""

    method: str
    pattern: re.Pattern[str]
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    forwards: bool = True

    def wait(self, seconds: float) -> None:
        """Until such a request is here."""
        assert self.arrived.wait(seconds), f"no {self.method} {self.pattern.pattern} came within {seconds:.0f} s"

    def release(self, *, forward: bool) -> None:
        """Let it go on, or lose it: then the server never sees it."""
        self.forwards = forward
        self.released.set()


class Proxy:
    """Forwards everything to `upstream`, and writes down every request."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.calls: list[Call] = []
        self.written = 0
        """How many of them may have changed something there."""
        self._held: list[Held] = []
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._port = 0
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def up(self) -> None:
        """Listen (again), always on the same port."""
        if self._server is not None:
            return
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def down(self) -> None:
        """Refuse connections, as a server that is not there does."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            self._thread.join()
            server.server_close()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Not there for a while."""
        self.down()
        try:
            yield
        finally:
            self.up()

    @contextmanager
    def holding(self, method: str, pattern: str) -> Iterator[Held]:
        """Hold the next request that matches; what still waits at the end is lost."""
        held = Held(method, re.compile(pattern))
        with self._lock:
            self._held.append(held)
        try:
            yield held
        finally:
            held.released.set() if held.released.is_set() else held.release(forward=False)
            with self._lock:
                self._held = [other for other in self._held if other is not held]

    def close(self) -> None:
        self.down()

    def count(self) -> int:
        """How many requests there were: a mark for `writes`."""
        with self._lock:
            return len(self.calls)

    def writes(self, since: int = 0) -> list[Call]:
        """Every request since then that may change something there and reached the server, in order."""
        with self._lock:
            return [call for call in self.calls[since:] if call.is_write and call.status]

    def handle(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Forward one request; status 0 where it was lost on its way."""
        answer: tuple[int, list[tuple[str, str]], bytes] = (0, [], b"")
        if self._let_go(method, path):
            answer = self._forward(method, path, headers, body)
        with self._lock:
            self.calls.append(call := Call(method, path.partition("?")[0], answer[0]))
            self.written += call.is_write and bool(call.status)
        return answer

    def _let_go(self, method: str, path: str) -> bool:
        with self._lock:
            held = next((h for h in self._held if _fits(h, method, path) and not h.arrived.is_set()), None)
            if held is not None:
                held.arrived.set()
        if held is None:
            return True
        held.released.wait(FORWARD_SECONDS)
        return held.forwards

    def _forward(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(self.upstream.hostname or "", self.upstream.port, timeout=FORWARD_SECONDS)
        kept = {name: value for name, value in headers.items() if name.lower() not in HOP}
        try:
            upstream.request(method, path, body or None, kept)
            got = upstream.getresponse()
            content = got.read()
            return got.status, [(n, v) for n, v in got.getheaders() if n.lower() not in HOP], content
        except OSError:
            return 0, [], b""
        finally:
            upstream.close()


def _fits(held: Held, method: str, path: str) -> bool:
    return held.method == method and held.pattern.search(path.partition("?")[0]) is not None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.0, so that every connection ends with its answer and `down` leaves none open."""

    proxy: Proxy

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        status, headers, content = self.proxy.handle(self.command, self.path, self.headers, body)
        if not status:
            self.close_connection = True
            return
        try:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # whoever asked is gone
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _do

    def log_message(self, *_: Any) -> None:
        """The calls are kept; nobody reads a log."""
