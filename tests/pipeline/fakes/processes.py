"""Around the hub: the fake remotes' processes, the hub's own, and the courier who brings webhooks (all simulated)."""

from __future__ import annotations

import heapq
import http.client
import json
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import IO, Any

from tests.pipeline.fakes.connector import signature

SECRET = "s3cret"


class Process:
    """A process that ends when its standard input closes, and says on which port it listens."""

    def __init__(self, *words: str, errors: IO[str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )

    @cached_property
    def port(self) -> int:
        """Waits until it listens."""
        assert self.process.stdout
        return int(self.process.stdout.readline())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        """Close it, or bury it if it was killed."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        code = self.process.wait(30)
        self.process.stdout.close()
        return code


class Remote(Process):
    """A fake remote: `do` plays its people, `get` reads its books."""

    def __init__(self, kind: str, **options: Any) -> None:
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        super().__init__("tests.pipeline.fakes.remote", "--kind", kind, *words)

    def do(self, what: str, **words: Any) -> Any:
        request = urllib.request.Request(f"{self.url}/__{what}", json.dumps(words).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def get(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/__{what}", timeout=20) as answer:
            return json.load(answer)


class HubProcess(Process):
    """A hub that stands by until `go`, then works and takes webhooks until it is killed."""

    def __init__(self, database_url: str, data: Path, lease: float, errors: IO[str]) -> None:
        super().__init__("tests.pipeline.fakes.hub_process", database_url, str(data), "0", str(lease), errors=errors)

    def go(self) -> HubProcess:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self


@dataclass
class Courier:
    """Brings every message until a hub says 202: a tenth twice, a tenth late, so that others overtake it."""

    dice: random.Random
    ports: list[int] = field(default_factory=list)
    """Where a hub may be listening now."""
    acknowledged: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    doubled: int = 0
    delayed: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self._due: list[tuple[float, int, str, dict[str, Any]]] = []
        self._number = count()
        self._changed = threading.Condition()
        self._open = 0
        self._stopping = False
        self._threads = [threading.Thread(target=self._carry, daemon=True) for _ in range(6)]
        for thread in self._threads:
            thread.start()

    def take(self, account: str, record: dict[str, Any]) -> None:
        late = self.dice.uniform(0.5, 4.0) if self.dice.random() < 0.1 else 0.0
        again = self.dice.random() < 0.1
        self.delayed += bool(late)
        self.doubled += again
        for wait in (late, self.dice.uniform(0, 4.0))[: 1 + again]:
            self._put(wait, account, record)

    @property
    def idle(self) -> bool:
        with self._changed:
            return not self._open

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _put(self, wait: float, account: str, record: dict[str, Any], new: bool = True) -> None:
        with self._changed:
            self._open += new
            heapq.heappush(self._due, (time.monotonic() + wait, next(self._number), account, record))
            self._changed.notify()

    def _carry(self) -> None:
        while (found := self._next()) is not None:
            account, record = found
            if self._deliver(account, record):
                with self._changed:
                    self._open -= 1
                    self.acknowledged.append(found)
            else:
                self.refused += 1
                self._put(0.5, account, record, new=False)
                time.sleep(0.2)  # nobody there: the others need not be tried at once

    def _next(self) -> tuple[str, dict[str, Any]] | None:
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    _, _, account, record = heapq.heappop(self._due)
                    return account, record
                self._changed.wait(min(self._due[0][0] - now, 1.0) if self._due else 1.0)
            return None

    def _deliver(self, account: str, record: dict[str, Any]) -> bool:
        body = json.dumps(record).encode()
        headers = {"Content-Type": "application/json", "X-Signature": signature(SECRET, body)}
        if not self.ports:
            return False
        connection = http.client.HTTPConnection("127.0.0.1", random.choice(self.ports), timeout=2)
        try:
            connection.request("POST", f"/hooks/{account}", body, headers)
            return connection.getresponse().status == 202
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass
class People:
    """Many customers, a clerk, a warehouse and a bookkeeper; nobody of them asks the hub."""

    shop: Remote
    stock: Remote
    courier: Courier
    dice: random.Random
    returns: int
    pace: float
    """Seconds in which all customers ask."""
    problem: Exception | None = None

    def __post_init__(self) -> None:
        self._asked = 0
        self._stages: dict[str, int] = {}
        self._plans: dict[str, Plan] = {}
        self._began = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Everybody asked, and the books say all they will ever say of their own."""
        ended = sum(stage == len(self._plans[record]) for record, stage in self._stages.items())
        return self._asked == self.returns == ended

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _live(self) -> None:
        try:
            while not self._stopping.wait(0.2):
                self._ask()
                for record in self.stock.get("state").values():
                    if self.dice.random() < 0.5:
                        self._go_on(record)
                for account, remote in (("web", self.shop), ("erp", self.stock)):
                    for news in remote.do("outgoing"):
                        self.courier.take(account, news)
        except Exception as problem:
            self.problem = problem

    def _ask(self) -> None:
        due = min(self.returns, int((time.monotonic() - self._began) / self.pace * self.returns) + 1)
        while self._asked < due:
            self._asked += 1
            order = f"{1000 + self._asked}"
            lines = [{"id": f"L{order}", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}]
            self.shop.do("buy", order=order, lines=lines)
            asked = self.shop.do("request", order=order, lines=lines)
            self.shop.do("note", id=asked["id"], text="where do I send it?")

    def _go_on(self, record: dict[str, Any]) -> None:
        stage = self._stages.setdefault(record["id"], 0)
        plan = self._plans.setdefault(record["id"], PLANS[int(record["order"]) % len(PLANS)])
        if stage < len(plan):
            what, words = plan[stage]
            if what == "arrive":
                words = {**words, "condition": self.dice.choice(["good", "damaged"])}
            self.stock.do(what, id=record["id"], **words)
            self._stages[record["id"]] = stage + 1


Plan = tuple[tuple[str, dict[str, Any]], ...]
ONE: tuple[str, dict[str, Any]] = ("arrive", {"line": "SHIRT-M", "quantity": 1})
BOTH: tuple[str, dict[str, Any]] = ("arrive", {"line": "SHIRT-M", "quantity": 2})
PLANS: tuple[Plan, ...] = (
    (("authorize", {}), ("note", {"text": "dock 3"}), ONE, ("note", {"text": "one more to come"}), ONE,
     ("post_credit", {"amount": "158.00"})),
    (("authorize", {}), ONE, ("post_credit", {"amount": "79.00"}), ONE, ("post_credit", {"amount": "79.00"})),
    (("authorize", {}), BOTH, ("post_credit", {"amount": "100.50"}), ("post_credit", {"amount": "57.50"})),
    (("authorize", {}), ("note", {"text": "a fee is kept"}), ONE, ONE, ("post_credit", {"amount": "149.50"})),
)  # fmt: skip
"""What happens to a return over there, one after the other; which of these, says its order's number."""
