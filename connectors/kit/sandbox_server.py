"""The HTTP server under a sandbox: threads, loopback, hanging on demand; and running it as a process of its own."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BODILESS = frozenset((204, 304))
"""Answers that have no body; bytes after them would be read as the next answer."""


class Hangup(Exception):
    """Close the connection without an answer."""


class Server:
    """Serves `answer(method, target, headers, body) -> (Answer, pause)` on a free port of the loopback."""

    def __init__(self, port: int, answer: Callable[..., Any]) -> None:
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._http = _Threads(("127.0.0.1", port), type("Handler", (_Handler,), {"answer": staticmethod(answer)}))
        self._http.stopping = self._stopping
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def start(self) -> None:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="sandbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
        self._http.cut()
        self._http.server_close()

    def wait(self, seconds: float) -> None:
        """Pause this request; hang up if the server stops meanwhile."""
        if self._stopping.wait(seconds):
            raise Hangup

    def hang(self, seconds: float) -> None:
        """Say nothing for a while, then hang up."""
        self.wait(seconds)
        raise Hangup


class _Threads(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True
    request_queue_size = 128
    stopping: threading.Event

    def __init__(self, *args: Any) -> None:
        self._open: set[Any] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """Close every connection, so that no thread waits for a client that keeps it alive."""
        for request in list(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(2)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is not worth a word; everything else is a bug of the sandbox and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answer: Callable[..., Any]
    server: _Threads

    def log_message(self, *_: Any) -> None:
        """A sandbox keeps its own logs."""

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        try:
            answer, pause = self.answer(self.command, self.path, headers, body)
        except Hangup:
            self.close_connection = True
            return
        raw = answer.raw()
        self.send_response_only(answer.status)
        usual = {"Date": self.date_time_string(), "Content-Type": "application/json"}
        for name, value in {**usual, **answer.headers}.items():
            self.send_header(name, value)
        if answer.status not in BODILESS:
            self.send_header("Content-Length", str(len(raw)))
        if self.close_connection:  # else the client keeps what is closed under its next request (RFC 9112, 9.6)
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD" or answer.status in BODILESS:
            return
        if not pause:
            self.wfile.write(raw)
            return
        for byte in raw:
            self.wfile.write(bytes((byte,)))
            if self.server.stopping.wait(pause):
                self.close_connection = True
                return

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve


SECRET = "SANDBOX_SECRET"  # noqa: S105 the name of a variable
"""Where a sandbox's process finds its secret: no list of processes shows it, and it may begin with a dash."""


def run(sandbox: Callable[..., Any], argv: list[str] | None) -> None:
    """The command line of a sandbox: prints its URL, serves until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=f"A local stand-in for {sandbox.name}.")  # type: ignore[attr-defined]
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--webhook", help="where to send webhooks")
    parser.epilog = f"What webhooks are signed with is taken from the environment's {SECRET}."
    options = parser.parse_args(argv)
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    with sandbox(options.port, webhook=options.webhook, secret=os.environ.get(SECRET, "simulated-secret")) as running:
        print(running.url, flush=True)
        stopped.wait()
