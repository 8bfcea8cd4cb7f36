"""A sandbox that answers whatever a test tells it, for tests of the kit's own HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from connectors.kit.sandbox import Call, Sandbox, SandboxAnswer


class Scripted(Sandbox):
    """Gives the next of `answers` (the last one again and again); `seen` holds the requests."""

    name = "scripted"

    def setup(self) -> None:
        self.answers: list[SandboxAnswer | Callable[[Call], SandboxAnswer]] = [SandboxAnswer(200, {"ok": True})]
        self.seen: list[Call] = []

    def answer(self, call: Call) -> SandboxAnswer:
        with self.lock:
            self.seen.append(call)
            answer: Any = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(call) if callable(answer) else answer


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serves each connection with `talk`, byte by byte if it likes."""
    listening = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stopping.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
