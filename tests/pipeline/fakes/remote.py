"""A remote system that exists only here: own process, own state, own log of effects, and bad manners (simulated).

It plays a shop (customers ask for returns; it receives and refunds when told) and a stock book (a return is created
when told; its warehouse receives and credits). Every change is told by a signed webhook with the whole record and a
version that orders it. `GET /__effects` is the log that counts, kept before any answer is sent.

It can be robbed: it pays whatever it is asked for, above what was captured, too, and creates as often as it is told.
All it may know is a key (`--keys 0`: not even that), and its lists show what was written only after a while (`--lag`).

    python -m tests.pipeline.fakes.remote --kind shop --seed 7 --faults 0.12 --late 1.5 --slow 0.1 --lag 0.8 --keys 0
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FAULTS = {
    "429": (429, "slow down"),
    "401": (401, "who are you?"),
    "409": (409, "somebody else has it open"),
    "503": (503, "back soon"),
    "500 before": (500, "it broke before anything was done"),
    "drop before": (0, ""),
    "500 after": (500, "it broke after it was done"),
    "503 after": (503, "it was done, and the gateway does not know"),
    "drop after": (0, ""),
    "hang after": (200, ""),
    "late": (200, ""),
}
"""What a call of the hub may suffer: the status that is answered (0: none, the connection is cut). A read suffers only
what needs nothing to be done."""
READ_FAULTS = tuple(fault for fault in FAULTS if not fault.endswith("after") and fault not in ("late", "409"))

WRITES_SUFFER = 3.0
"""How much more often than a read: there are fewer of them."""


class Refused(Exception):
    """A business error: the remote understood and says no."""


@dataclass
class Book:
    """The state: returns by id, what was done, and the changes still to be told."""

    kind: str
    keys: bool = True
    """Whether a refund's key is remembered."""
    lag: float = 0.0
    """Seconds until its lists show what was written, at the most."""
    dice: random.Random = field(default_factory=random.Random)
    listed: dict[str, float] = field(default_factory=dict)
    """When an object appears in the lists."""
    well: bool = False
    """It has no more faults."""
    returns: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    effects: list[dict[str, Any]] = field(default_factory=list)
    outgoing: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    faults: Counter[str] = field(default_factory=Counter)
    clock: int = 0

    def changed(self, record: dict[str, Any]) -> dict[str, Any]:
        self.clock += 1
        record["version"] = self.clock
        self.outgoing.append(json.loads(json.dumps(record)))
        return record

    def did(self, what: str, record: dict[str, Any], **detail: Any) -> None:
        self.effects.append({"what": what, "id": record["id"], "reference": record["reference"], **detail})

    # What people over there do; nobody asks the hub.
    def buy(self, order: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        paid = str(sum(Decimal(line["price"]) * line["quantity"] for line in lines))
        payments = [{"id": f"pay-{order}", "captured": paid}]
        self.orders[order] = {"stream": "order", "id": order, "lines": lines, "payments": payments}
        return self.changed(self.orders[order])

    def request(self, order: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        record = self._new(order, lines, reference=None)
        return self.changed(record)

    def open(self, order: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        return self.changed(self._new(order, lines, reference=None))

    def authorize(self, id: str) -> dict[str, Any]:
        self.returns[id]["status"] = "authorized"
        return self.changed(self.returns[id])

    def note(self, id: str, text: str) -> dict[str, Any]:
        self.returns[id]["comment"] = text
        return self.changed(self.returns[id])

    def ask_for(self, id: str, quantity: int) -> dict[str, Any]:
        record = self.returns[id]
        record["lines"] = [{**record["lines"][0], "quantity": quantity}]
        return self.changed(record)

    def capture(self, order: str, amount: str) -> dict[str, Any]:
        self.orders[order]["payments"][0]["captured"] = amount
        for record in self.returns.values():
            record["paid"] = amount
        return self.changed(self.orders[order])

    def arrive(self, id: str, line: str, quantity: int, condition: str) -> dict[str, Any]:
        record = self.returns[id]
        self._receive(record, line, quantity, condition)
        return self.changed(record)

    def post_credit(self, id: str, amount: str) -> dict[str, Any]:
        record = self.returns[id]
        record["credits"].append({"id": f"cn-{id}-{len(record['credits'])}", "amount": amount, "currency": "EUR"})
        return self.changed(record)

    # What the hub asks for.
    def create(self, reference: str, order: str | None, lines: list[dict[str, Any]]) -> dict[str, Any]:
        if order is None:
            raise Refused("which order?")
        record = self._new(order, lines, reference=reference)
        self.did("create", record)
        return self.changed(record)

    def receive(self, id: str, totals: list[dict[str, Any]]) -> dict[str, Any]:
        """State that should stand there; the difference to what stands is received."""
        record, made = self.returns[id], []
        for total in totals:
            have = sum(
                r["quantity"]
                for r in record["receipts"]
                if r["line"] == total["line"] and r["condition"] == total["condition"]
            )
            if total["quantity"] > have:
                made.append(
                    self._receive(record, total["line"], total["quantity"] - have, total["condition"], total.get("for"))
                )
                self.did("receive", record, line=total["line"], quantity=total["quantity"] - have,
                         condition=total["condition"])  # fmt: skip
        return self.changed(record) if made else record

    def recover(self) -> dict[str, Any]:
        self.well = True
        return {}

    def refund(self, id: str, key: str, amount: str) -> dict[str, Any]:
        """Pays, whatever was paid before."""
        record = self.returns[id]
        if self.keys and any(refund["key"] == key for refund in record["refunds"]):
            return record
        refund = {"id": f"rf-{id}-{len(record['refunds'])}", "key": key, "amount": amount}
        record["refunds"].append(refund)
        self.appears(refund["id"])
        self.did("refund", record, amount=amount, key=key)
        return self.changed(record)

    def appears(self, id: str) -> None:
        self.listed[id] = time.monotonic() + (self.dice.uniform(0, self.lag) if self.dice.random() < 0.5 else 0.0)

    def shown(self, id: str) -> bool:
        """Whether the lists have caught up with this object."""
        return self.listed.get(id, 0.0) <= time.monotonic()

    def _new(self, order: str, lines: list[dict[str, Any]], reference: str | None) -> dict[str, Any]:
        record = {
            "id": f"{self.kind}-{len(self.returns) + 1}",
            "reference": reference,
            "order": order,
            "status": "requested",
            "comment": "",
            "lines": lines,
            "receipts": [],
            "refunds": [],
            "credits": [],
            "paid": str(sum(Decimal(line["price"]) * line["quantity"] for line in lines)),
        }
        self.returns[record["id"]] = record
        self.appears(record["id"])
        return record

    def _receive(
        self, record: dict[str, Any], line: str, quantity: int, condition: str, for_: list[str] | None = None
    ) -> dict[str, Any]:
        receipt = {
            "id": f"rc-{record['id']}-{len(record['receipts'])}",
            "line": line,
            "quantity": quantity,
            "condition": condition,
            "for": for_ or [],
        }
        record["receipts"].append(receipt)
        return receipt


class Handler(BaseHTTPRequestHandler):
    """JSON over HTTP. Calls of the hub are slow at times and meet the faults; those of the test (/__...) never do."""

    protocol_version = "HTTP/1.1"
    book: Book
    dice: random.Random
    faults: float
    late: float
    patience: float
    slow: float

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if not path.startswith("/__"):
            time.sleep(self.dice.uniform(0, self.slow))
            if fault := self._fault(READ_FAULTS):
                return self._suffer(fault)
        with self.book.lock:
            if path == "/__effects":
                return self._send(200, self.book.effects)
            if path == "/__faults":
                return self._send(200, self.book.faults)
            if path == "/__state":
                return self._send(200, self.book.returns)
            if path.startswith("/returns/by-reference/"):
                wanted = path.rpartition("/")[2]
                listed = [r for r in self.book.returns.values() if r["reference"] == wanted]
                return self._send(200, [record for record in listed if self.book.shown(record["id"])])
            if path.endswith("/refunds"):
                record = self.book.returns[path.split("/")[2]]
                return self._send(200, [refund for refund in record["refunds"] if self.book.shown(refund["id"])])
            known = self.book.orders if path.startswith("/orders/") else self.book.returns
            found = known.get(path.rpartition("/")[2])
            return self._send(200, found) if found else self._send(404, {"message": "no such return"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/__outgoing":
            with self.book.lock:
                outgoing, self.book.outgoing = self.book.outgoing, []
            return self._send(200, outgoing)
        if self.path.startswith("/__"):
            with self.book.lock:
                return self._send(200, getattr(self.book, self.path[3:])(**body))
        time.sleep(self.dice.uniform(0, self.slow))
        fault = self._fault(tuple(FAULTS), WRITES_SUFFER)
        if fault in ("429", "401", "409", "503", "500 before", "drop before"):
            return self._suffer(fault)
        if fault == "late":
            time.sleep(self.patience + self.late)
        try:
            with self.book.lock:
                record = self._write(body)
        except Refused as no:
            return self._send(422, {"message": str(no)})
        if fault in ("500 after", "503 after", "drop after"):
            return self._suffer(fault)
        if fault == "hang after":
            time.sleep(self.patience + self.late)
        return self._send(200, record)

    def _fault(self, of: tuple[str, ...], times: float = 1.0) -> str:
        if self.book.well or self.dice.random() >= self.faults * times:
            return ""
        fault = self.dice.choice(of)
        self.book.faults[fault] += 1
        return fault

    def _suffer(self, fault: str) -> None:
        status, words = FAULTS[fault]
        self.close_connection = not status  # and not a word
        if status:
            self._send(status, {"message": words}, {"Retry-After": "0.2"} if status == 429 else {})

    def _write(self, body: dict[str, Any]) -> dict[str, Any]:
        parts = self.path.strip("/").split("/")
        if len(parts) == 1:
            return self.book.create(**body)
        return getattr(self.book, parts[2])(parts[1], **body)  # type: ignore[no-any-return]

    def _send(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        payload = json.dumps(answer).encode()
        try:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)
        except OSError:
            self.close_connection = True  # the client gave up; what was done is done

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """Quiet: clients that die in the middle of a request are what this is for."""


def main() -> None:
    """Serve until standard input closes, so that a killed test leaves nothing behind."""
    options = argparse.ArgumentParser()
    options.add_argument("--kind", choices=("shop", "stock"), required=True)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--faults", type=float, default=0.0)
    options.add_argument("--late", type=float, default=1.0)
    options.add_argument("--patience", type=float, default=1.0)
    options.add_argument("--slow", type=float, default=0.0)
    options.add_argument("--lag", type=float, default=0.0)
    options.add_argument("--keys", type=int, default=1)
    given = options.parse_args()
    Handler.dice = random.Random(given.seed)
    Handler.book = Book(given.kind, bool(given.keys), given.lag, Handler.dice)
    Handler.faults, Handler.late, Handler.patience = given.faults, given.late, given.patience
    Handler.slow = given.slow
    server = _Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
