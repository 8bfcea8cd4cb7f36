"""The other side of a flow: makes a return at once when it is told to, and says when it was told what.

    python -m benchmarks.flow_receiver

Prints its port, then a line for each call at the moment it has arrived: the time (time.monotonic), its key, the number
of the return's order. It checks no signature and keeps nothing, so that it takes next to no time.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import orjson

from benchmarks import home

END = b"\r\n\r\n"


class Arrival(NamedTuple):
    """One call."""

    at: float
    key: str
    order: str


class Receiver:
    """What a receiver's process has told so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._said = process.stdout
        self.url = f"http://127.0.0.1:{self._said.readline().strip()}/"
        self.arrivals: list[Arrival] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._said:
            at, key, order = line.split()
            with self._changed:
                self.arrivals.append(Arrival(float(at), key, order))
                self._changed.notify_all()

    def wait(self, count: int, patience: float = 60.0) -> list[Arrival]:
        """All arrivals, once there are so many, or once nothing came for so many seconds."""
        with self._changed:
            while (before := len(self.arrivals)) < count:
                self._changed.wait(patience)
                if len(self.arrivals) == before:
                    break
            return list(self.arrivals)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver of one's own."""
    command = [sys.executable, "-m", "benchmarks.flow_receiver"]
    process = subprocess.Popen(command, cwd=home.CHECKOUT, stdout=subprocess.PIPE, text=True)
    try:
        yield Receiver(process)
    finally:
        process.terminate()
        process.wait(20)


class _Connection(asyncio.Protocol):
    """HTTP as far as it is needed here: POST with a length, kept alive."""

    transport: Any

    def __init__(self) -> None:
        self.got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        self.got += data
        while True:
            head, end, rest = self.got.partition(END)
            if not end:
                return
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(rest) < length:
                return
            self.got = rest[length:]
            self.transport.write(answer(at, orjson.loads(rest[:length])))


def answer(at: float, message: Any) -> bytes:
    """The whole answer to one message; its line is printed."""
    data = message["data"]
    if message["type"] != "create_return":
        return _http(b"410 Gone", {"message": f"nothing but returns is made here, no {message['type']}"})
    print(at, message["id"], data["order"]["number"], flush=True)
    lines = [{"id": str(n), **line} for n, line in enumerate(data["lines"], 1)]
    made = {
        **{"id": f"D-{message['id']}", "version": 1, "hub_number": data["hub_number"], "order": data["order"]},
        **{"authorization": {"value": data["authorization"]}, "lines": lines},
    }
    return _http(b"200 OK", {"objects": {"return": made["id"]}, "records": [{"type": "return.upsert", "data": made}]})


def _http(status: bytes, said: Any) -> bytes:
    body = orjson.dumps(said)
    return b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
