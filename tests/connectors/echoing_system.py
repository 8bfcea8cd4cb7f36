"""A system that answers with what it was told, secrets included: as proxies, debug pages and careless vendors do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

SCENES = ("json", "text", "redirect", "drop", "401", "422", "500")
"""How it answers: 200 with JSON or text that it does not mean, elsewhere, not at all, or with an error."""


class Mirror:
    """`url` is its address, `scene` what it does next."""

    def __init__(self) -> None:
        self.scene = "json"
        self.heard = 0
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode(errors="replace")
                mirror.heard += 1
                echo = f"{self.path} {dict(self.headers)} {body}"
                mirror.answer(self, echo)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, handler: BaseHTTPRequestHandler, echo: str) -> None:
        if self.scene == "drop":
            handler.close_connection = True
            return
        status = int(self.scene) if self.scene.isdigit() else 302 if self.scene == "redirect" else 200
        raw = echo.encode()
        if self.scene != "text":
            error = {"code": echo, "message": echo, "detail": echo, "type": echo}
            raw = json.dumps({"message": echo, "error": error, "errors": [error], "returnCode": "500"}).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(raw)))
        handler.send_header("X-Echo", quote(echo, safe=""))
        if self.scene == "redirect":
            handler.send_header("Location", f"{self.url}/login?access_token={quote(echo, safe='')}")
        handler.end_headers()
        handler.wfile.write(raw)


@contextmanager
def mirror() -> Iterator[Mirror]:
    made = Mirror()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()
