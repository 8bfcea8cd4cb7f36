"""The console under Granian's event loop: each request has a thread of a small pool, and none waits in a long row.

Its own few lines, because only Granian's RSGI lets an answer leave before the body was read (web servers' gateways
for WSGI read it first), and the console's forms are short.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

THREADS = 16
WAITING = 64
"""Requests that may wait for a thread; more are told to come again."""

Headers = list[tuple[str, str]]


class Bridge:
    """Runs a WSGI callable in threads."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="console")
        self._inside = 0

    @property
    def full(self) -> bool:
        return self._inside >= THREADS + WAITING

    async def answer(self, scope: Any, body: bytes) -> tuple[int, Headers, bytes]:
        """What the callable says to this request."""
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, environ(scope, body))
        finally:
            self._inside -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        begun: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: Headers, exc_info: Any = None) -> Any:
            begun.append((int(status.split(" ", 1)[0]), headers))

        parts = self.app(environ, start_response)
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return *begun[-1], body


def environ(scope: Any, body: bytes) -> WSGIEnvironment:
    """PEP 3333 of an RSGI scope and its body."""
    host, _colon, port = scope.server.rpartition(":")
    found: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if name == "content-type":
            found["CONTENT_TYPE"] = value
        elif name not in ("content-length", "transfer-encoding") and "_" not in name:  # x_y is not x-y
            key = f"HTTP_{name.replace('-', '_').upper()}"
            found[key] = f"{found[key]},{value}" if key in found else value
    return found
