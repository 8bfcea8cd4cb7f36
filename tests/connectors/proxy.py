"""A proxy in front of a real server: it counts the requests, and lets them suffer told faults as a sandbox does."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from connectors.kit.sandbox import Call, Sandbox, SandboxAnswer

HOP = frozenset(
    ("connection", "keep-alive", "transfer-encoding", "host", "content-length", "te", "upgrade", "server", "date")
)
READS = frozenset(("GET", "HEAD", "OPTIONS"))


class Proxy(Sandbox):
    """Forwards to `upstream`; `calls` is every request that came, `effects` every write that was answered with 2xx."""

    name = "proxy"

    def __init__(self, upstream: str, port: int = 0, timeout: float = 60.0) -> None:
        self._parts = urlsplit(upstream)
        self._timeout = timeout
        super().__init__(port)

    def is_write(self, call: Call) -> bool:
        """Whether this request may change something; override where a POST only reads."""
        return call.method not in READS

    def answer(self, call: Call) -> SandboxAnswer:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        upstream = kind(self._parts.hostname or "", self._parts.port, timeout=self._timeout)
        target = self._parts.path.rstrip("/") + call.path + (f"?{call.query_string}" if call.query_string else "")
        headers = {name: value for name, value in call.headers.items() if name not in HOP}
        try:
            upstream.request(call.method, target, call.body or None, headers)
            got = upstream.getresponse()
            body = got.read()
        finally:
            upstream.close()
        if self.is_write(call) and 200 <= got.status < 300:
            self.effect(call.method, path=call.path)
        kept = {name: value for name, value in got.getheaders() if name.lower() not in HOP}
        return SandboxAnswer(got.status, body, kept)
