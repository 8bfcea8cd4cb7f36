"""The sender: so many keep-alive connections, each with one request in flight, from a process of its own.

    python -m benchmarks.load PORT REQUESTS IN_FLIGHT SEED

Prints the seconds it took and its own CPU seconds meanwhile. One thread, and bytes signed beforehand, since it shares
the processors with what it measures.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import selectors
import socket
import sys
import time

from benchmarks.home import WEBHOOK_SECRET

_KEY = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))


def message(number: int, seed: str, stamp: int) -> bytes:
    """An event as the subscriber in Medusa tells it (simulated), signed: a return was requested."""
    delivery = f"msg_{seed}_{number}"
    # Medusa's event names the order, too; only one id is named here, so that one row is stored on both sides.
    event = {
        "id": delivery,
        "name": "order.return_requested",
        "data": {"return_id": f"return_01M85M{seed}{number:012d}"},
        "objects": [],
        "at": "2026-11-20T09:15:42.940Z",
    }
    body = json.dumps(event).encode()
    signed = hmac.digest(_KEY, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256)
    head = (
        "POST /hooks/web HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nwebhook-id: {delivery}\r\nwebhook-timestamp: {stamp}\r\n"
        f"webhook-signature: v1,{base64.b64encode(signed).decode()}\r\n\r\n"
    )
    return head.encode() + body


def send(port: int, messages: list[bytes], in_flight: int) -> tuple[float, float]:
    """Seconds until every one is answered with 202, and the CPU seconds of asking; anything else ends it."""
    waiting = iter(messages)
    left = len(messages)
    with selectors.DefaultSelector() as selector:
        for _ in range(in_flight):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, bytearray())
        begin, used = time.perf_counter(), time.process_time()
        for key in list(selector.get_map().values()):
            _socket(key).sendall(next(waiting))
        while left:
            for key, _ in selector.select():
                connection, got = _socket(key), key.data
                got += connection.recv(65536)
                if not _whole(got):
                    continue
                if not got.startswith(b"HTTP/1.1 202"):
                    raise SystemExit(f"answered: {bytes(got[:300])!r}")
                got.clear()
                left -= 1
                if (following := next(waiting, None)) is not None:
                    connection.sendall(following)
        took = time.perf_counter() - begin, time.process_time() - used
        for key in list(selector.get_map().values()):
            _socket(key).close()
    return took


def _socket(key: selectors.SelectorKey) -> socket.socket:
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj


def _whole(got: bytearray) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    if not end:
        return False
    lower = head.lower()
    at = lower.find(b"content-length:")
    return len(body) >= int(lower[at + 15 :].split(b"\r\n", 1)[0])


def main() -> None:
    port, count, in_flight, seed = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    stamp = int(time.time())
    print(*send(port, [message(number, seed, stamp) for number in range(count)], in_flight))


if __name__ == "__main__":
    main()
