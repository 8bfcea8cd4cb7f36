"""A sandbox's webhooks: sent one after the other from a thread, with told losses, doubles and swaps."""

from __future__ import annotations

import http.client
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.kit.faults import Faults

TRIES = 3
PATIENCE = 0.2


class Sender:
    """Sends to `url` what `send` is given; `url` may be changed, or be None: nobody listens."""

    def __init__(self, url: str | None, sign: Callable[[str, bytes], Mapping[str, str]], faults: Faults) -> None:
        self.url = url
        self.sent: list[dict[str, Any]] = []
        """Each delivery that was tried to the end: topic, and the status it got (0: no answer)."""
        self._sign = sign
        self._faults = faults
        self._queue: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self._held: list[tuple[str, bytes]] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="sandbox-webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def send(self, topic: str, body: bytes) -> None:
        """Queue one webhook, as its topic's next told fault wants it."""
        if self.url is None:
            return
        fault = self._faults.take_webhook(topic)
        if fault == "webhook_reorder":
            self._held.append((topic, body))
            return
        for _ in range({"webhook_drop": 0, "webhook_duplicate": 2}.get(fault, 1)):
            self._queue.put((topic, body))
        while self._held:
            self._queue.put(self._held.pop(0))

    def _work(self) -> None:
        while (item := self._queue.get()) is not None and not self._stopping.is_set():
            topic, body = item
            self.sent.append({"topic": topic, "status": self._deliver(topic, body)})

    def _deliver(self, topic: str, body: bytes) -> int:
        """Three tries; the signature is made anew for each, as vendors do."""
        status = 0
        for attempt in range(TRIES):
            if attempt and self._stopping.wait(PATIENCE):
                break
            try:
                status = post(self.url or "", body, self._sign(topic, body))
            except (OSError, http.client.HTTPException):
                status = 0
            if 200 <= status < 300:
                break
        return status


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """POST a body and return the status."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=10)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target or "/", body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
