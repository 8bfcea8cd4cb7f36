"""A shop that tells of a return: so many signed webhooks at once, from a process of its own, or one after the other.

    python -m benchmarks.flow_sender PORT SEED COUNT IN_FLIGHT

Prints the time of the first (time.monotonic), once all are answered.
"""

from __future__ import annotations

import http.client
import json
import random
import secrets
import subprocess
import sys
import time

from benchmarks import home
from benchmarks.flow_receiver import Receiver
from benchmarks.load import send
from connectors.kit.signing import sign_standard

PATH = "/hooks/shop"
SECRET = home.WEBHOOK_SECRET
PAUSE = (0.2, 0.6)
"""Seconds from one call to the next webhook, drawn at random, so that no rhythm of anybody's is met."""
LINES = ("MUG", "TEAPOT", "PLATE")


def record(seed: str, number: int) -> dict[str, object]:
    """A return of three lines, approved by the shop (simulated); each has an order of its own."""
    name = f"{seed}-{number}"
    lines = [
        {"id": f"RET-{name}-{n}", "order_line": f"{name}-{n}", "sku": sku, "quantity": n, "amount": f"{n * 12}.50"}
        | {"reason": "damaged_in_transit", "resolution": "refund"}
        for n, sku in enumerate(LINES, 1)
    ]
    return {
        **{"id": f"RET-{name}", "version": 1, "number": f"RET-{name}", "currency": "EUR", "lines": lines},
        **{"order": {"id": f"ORD-{name}", "number": name}, "requested_at": "2026-03-01T10:00:00Z"},
        "authorization": {"value": "authorized", "by": "shop rules", "at": "2026-03-01T10:00:00Z"},
    }


def message(seed: str, number: int) -> tuple[bytes, dict[str, str]]:
    """One webhook's body and headers."""
    body = json.dumps({"type": "return.upsert", "data": record(seed, number)}).encode()
    signed = sign_standard(SECRET, f"msg-{seed}-{number}", body, time.time())
    return body, {"content-type": "application/json", "content-length": str(len(body)), **signed}


def whole(seed: str, number: int) -> bytes:
    """The same as a whole request."""
    body, headers = message(seed, number)
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\n{fields}\r\n".encode() + body


def crowd(port: int, count: int, in_flight: int) -> float:
    """So many at once; when the first was sent."""
    printed = subprocess.run(
        [sys.executable, "-m", "benchmarks.flow_sender", str(port), secrets.token_hex(4), str(count), str(in_flight)],
        cwd=home.CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(printed.stdout)


def one_by_one(port: int, count: int, receiver: Receiver) -> list[float]:
    """For each of so many flows the seconds from sending the webhook to the call at the receiver."""
    seed, took = secrets.token_hex(4), []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in range(count):
        time.sleep(random.uniform(*PAUSE))
        body, headers = message(seed, number)
        heard = len(receiver.arrivals)
        sent = time.monotonic()
        connection.request("POST", PATH, body, headers)
        with connection.getresponse() as answer:
            answer.read()
            assert answer.status == 202, f"answered: {answer.status}"
        arrivals = receiver.wait(heard + 1)
        assert len(arrivals) == heard + 1, "nobody called"
        took.append(arrivals[-1].at - sent)
    connection.close()
    return took


def main() -> None:
    port, seed, count, in_flight = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    messages = [whole(seed, number) for number in range(count)]
    begin = time.monotonic()
    send(port, messages, in_flight)
    print(begin)


if __name__ == "__main__":
    main()
