"""The base of a sandbox: a small local stand-in for a system, with told faults and its own log of what was done.

    class Loopline(Sandbox):
        name = "loopline"

        def setup(self):
            self.state = {"returns": {}}

        @route("POST", "/returns/{id}/approve")
        def approve(self, call, id):
            self.state["returns"][id]["state"] = "ok"
            self.effect("approve", id=id)
            self.webhook("return.updated", {"id": id})
            return {"data": self.state["returns"][id]}

    if __name__ == "__main__":
        Loopline.main()

In a test: `with Loopline() as sandbox: ... sandbox.url`. As a process: `python -m connectors.loopline.sandbox
--port 0 --webhook URL`, its secret in the environment as SANDBOX_SECRET; the first line it prints is its URL.
Its control plane, for whoever tells faults:

    POST /__faults   {"kind": "answer", "status": 429, "headers": {"Retry-After": "1"}, "method": "GET", "times": 2}
    DELETE /__faults    GET /__effects    GET /__calls    GET /__sent    POST /__webhook {"url": ..., "secret": ...}
"""

from __future__ import annotations

import copy
import re
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import msgspec

from connectors.kit.faults import AFTER, Fault, Faults
from connectors.kit.sandbox_routes import Call, Refuse, SandboxAnswer, as_answer, pattern, route
from connectors.kit.sandbox_server import Hangup, Server, run
from connectors.kit.sandbox_webhooks import Sender


class Sandbox:
    """A stand-in for one system. Keep all records in `self.state`; handlers run one at a time, under `self.lock`.

    A handler returns a body (200), a (status, body) pair, or a SandboxAnswer; it may raise Refuse. Every change it
    makes it reports with `effect`, which is this system's own word on what was done and how often.
    """

    name: ClassVar[str] = "sandbox"
    _routes: ClassVar[list[tuple[str, re.Pattern[str], str]]] = []

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._routes = [
            (method, pattern(path), name)
            for name in dir(cls)
            for method, path in getattr(getattr(cls, name), "routes", ())
        ]
        # Fixed paths come before those with names, so that /returns/count is not the return "count".
        cls._routes.sort(key=lambda entry: entry[1].groups)

    def __init__(self, port: int = 0, *, webhook: str | None = None, secret: str = "simulated-secret") -> None:  # noqa: S107
        self.state: Any = {}
        self.lock = threading.RLock()
        self.faults = Faults()
        self.effects: list[dict[str, Any]] = []
        """Every write that was done, in order. It outlives `self.state` being replaced; nobody but us writes it."""
        self.calls: list[dict[str, Any]] = []
        """Every request that came, with the status it got (0: none)."""
        self.secret = secret
        self.webhooks = Sender(webhook, self.sign, self.faults)
        self._server = Server(port, self.serve)
        self.setup()

    def setup(self) -> None:
        """Fill `self.state`. Called once, before the first request."""

    def allow(self, call: Call) -> None:
        """Check the credentials of a request; raise Refuse(401, ...) when they are wrong."""

    def known_as(self, call: Call) -> tuple[str, str, str]:
        """(method, path, query) under which faults know a call; one address for everything needs a name in them."""
        return call.method, call.path, call.query_string

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        """The headers of a webhook with this body, signature included, as this system sends them."""
        return {"X-Topic": topic}

    def effect(self, kind: str, **details: Any) -> None:
        """Write down that something was done."""
        with self.lock:
            self.effects.append({"n": len(self.effects) + 1, "at": time.time(), "kind": kind, **details})

    def webhook(self, topic: str, body: Any) -> None:
        """Send a webhook soon, from a thread of its own, unless nobody wants it."""
        self.webhooks.send(topic, body if isinstance(body, bytes) else msgspec.json.encode(body))

    def fault(self, kind: str, **spec: Any) -> None:
        """Tell a fault (see faults.py), as POST /__faults does."""
        fault = Fault.read({"kind": kind, **spec})
        if fault.kind == "lag":
            with self.lock:
                fault.state = copy.deepcopy(self.state)
        self.faults.add(fault)

    # -- its life

    @property
    def url(self) -> str:
        return self._server.url

    def start(self) -> Sandbox:
        """Serve from a thread, on loopback."""
        self._server.start()
        self.webhooks.start()
        return self

    def stop(self) -> None:
        """Stop serving; hanging answers are cut, webhooks not yet sent are forgotten."""
        self._server.stop()
        self.webhooks.stop()

    def __enter__(self) -> Any:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @classmethod
    def main(cls, argv: list[str] | None = None) -> None:
        """Serve as a process of its own until SIGTERM or Ctrl-C."""
        run(cls, argv)

    # -- one request

    def serve(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[SandboxAnswer, float]:
        """The answer, and how long to pause between its bytes. Raises Hangup when there shall be none."""
        parts = urlsplit(target)
        call = Call(method, parts.path, parts.query, headers, body)
        if call.path.startswith("/__"):
            return self._control(call), 0.0
        entry = {"at": time.time(), "method": method, "path": target, "status": 0}
        with self.lock:
            self.calls.append(entry)
        answer, pause = self._suffer(call, self.faults.take(*self.known_as(call)))
        entry["status"] = answer.status
        return answer, pause

    def _suffer(self, call: Call, fault: Fault | None) -> tuple[SandboxAnswer, float]:
        kind = fault.kind if fault else ""
        if fault is None:
            return self.answer(call), 0.0
        if kind in ("hang", "drop"):
            self._server.hang(fault.seconds if kind == "hang" else 0.0)
        if kind == "answer":
            return SandboxAnswer(fault.status, fault.body, fault.headers), 0.0
        if kind == "late":
            self._server.wait(fault.seconds)
        if kind == "lag":
            return self._from_the_past(call, fault.state), 0.0
        if kind == "stuck" and fault.state is not None:
            return fault.state, 0.0
        answer = self.answer(call)
        if kind == "stuck":
            fault.state = answer
        if kind in AFTER:
            if kind == "answer_after":
                return SandboxAnswer(fault.status, fault.body, fault.headers), 0.0
            self._server.hang(fault.seconds if kind == "hang_after" else 0.0)
        return answer, fault.seconds if kind == "drip" else 0.0

    def _from_the_past(self, call: Call, state: Any) -> SandboxAnswer:
        with self.lock:
            present, self.state = self.state, state
            try:
                return self.answer(call)
            finally:
                self.state = present

    def answer(self, call: Call) -> SandboxAnswer:
        """Find the handler and let it answer."""
        with self.lock:
            try:
                self.allow(call)
                known = False
                for method, path, name in self._routes:
                    found = path.fullmatch(call.path)
                    known = known or found is not None
                    if found is not None and method == call.method:
                        return as_answer(
                            getattr(self, name)(call, **{k: unquote(v) for k, v in found.groupdict().items()})
                        )
                return self.unknown(call, 405 if known else 404)
            except Refuse as refused:
                return refused.answer

    def unknown(self, call: Call, status: int) -> SandboxAnswer:
        """What a path or method that nothing serves gets."""
        return SandboxAnswer(status, {"message": f"{self.name} sandbox: nothing serves {call.method} {call.path}"})

    def _control(self, call: Call) -> SandboxAnswer:
        try:
            match call.method, call.path:
                case "GET", "/__effects":
                    return SandboxAnswer(200, list(self.effects))
                case "GET", "/__calls":
                    return SandboxAnswer(200, list(self.calls))
                case "GET", "/__sent":
                    return SandboxAnswer(200, list(self.webhooks.sent))
                case "GET", "/__faults":
                    return SandboxAnswer(200, self.faults.open())
                case "POST", "/__faults":
                    sent = call.json()
                    for fault in sent if isinstance(sent, list) else [sent]:
                        self.fault(**fault)
                case "DELETE", "/__faults":
                    self.faults.clear()
                case "POST", "/__webhook":
                    sent = call.json()
                    self.webhooks.url, self.secret = sent.get("url"), sent.get("secret", self.secret)
                case _:
                    return SandboxAnswer(
                        404, {"message": "the control plane has __faults, __effects, __calls, __sent and __webhook"}
                    )
        except (ValueError, TypeError, re.error) as error:
            return SandboxAnswer(400, {"message": str(error)})
        return SandboxAnswer(204)


__all__ = ["SandboxAnswer", "Call", "Hangup", "Refuse", "Sandbox", "route"]
