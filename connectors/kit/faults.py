"""Told faults of a sandbox: what the next matching requests, or webhooks, suffer."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

Kind = Literal[
    "pass",  # do it as ever; worth telling for what comes `then`
    "answer",  # answer `status` with `headers` and `body`; nothing is done
    "answer_after",  # do it, then answer `status` instead of the truth
    "hang",  # do nothing and say nothing for `seconds`, then hang up
    "hang_after",  # do it, then say nothing for `seconds`
    "late",  # wait `seconds`, then do it: the client may have given up before it is committed
    "drop",  # hang up at once; nothing is done
    "drop_after",  # do it, then hang up without an answer
    "drip",  # do it and send the answer a byte at a time, `seconds` between two
    "lag",  # answer reads from the state as it was when the fault was told, for `seconds` (or `times` reads)
    "stuck",  # give every matching request the answer that the first one got: a list whose paging leads nowhere
    "webhook_drop",  # do not send the next webhook
    "webhook_duplicate",  # send it twice
    "webhook_reorder",  # hold it back until the one after it was sent
]
AFTER = frozenset(("answer_after", "hang_after", "drop_after"))
READS = frozenset(("GET", "QUERY"))
"""What lag concerns; QUERY is what a sandbox of a GraphQL system calls a query."""


@dataclass(slots=True)
class Fault:
    """One told fault. `method` and `path` are regular expressions that must match in full; `path` may carry a query."""

    kind: Kind
    times: int = 1
    method: str = ".*"
    path: str = ".*"
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    seconds: float = 30.0
    then: Mapping[str, Any] | None = None
    """A fault that is told when this one is used up: the read after the write, say."""
    state: Any = None
    """`lag`: the state that reads see, taken when the fault is told. `stuck`: the first answer."""
    until: float = float("inf")

    @classmethod
    def read(cls, spec: Mapping[str, Any]) -> Fault:
        """A fault from JSON. Raises ValueError with a letter when it makes no sense."""
        known = {f.name for f in fields(cls)} - {"state", "until"}
        if unknown := set(spec) - known:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")
        lasting = {"times": 1_000_000} if spec.get("kind") in ("stuck", "lag") else {}
        fault = cls(**{"kind": "", **lasting, **spec})
        if fault.kind not in get_args(Kind):
            raise ValueError(f"unknown kind of fault {fault.kind!r}; known are {', '.join(get_args(Kind))}")
        for pattern in (fault.method, fault.path):
            re.compile(pattern)
        if fault.then is not None and cls.read(fault.then).kind == "lag":
            raise ValueError("lag cannot come `then`: it shows the state as it was when it was told")
        return fault

    def matches(self, method: str, path: str, query: str) -> bool:
        """Whether this request suffers it."""
        if not re.fullmatch(self.method, method):
            return False
        return bool(re.fullmatch(self.path, path) or (query and re.fullmatch(self.path, f"{path}?{query}")))


class Faults:
    """The faults still to come, in the order they were added; each is used up by its matches."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        if fault.kind == "lag":
            fault.until = time.monotonic() + fault.seconds
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def open(self) -> list[dict[str, Any]]:
        """What is still to come, for the control plane."""
        with self._lock:
            return [{"kind": f.kind, "times": f.times, "method": f.method, "path": f.path} for f in self._faults]

    def take(self, method: str, path: str, query: str) -> Fault | None:
        """The first fault for this request, used up once."""
        return self._use(
            lambda fault: (
                not fault.kind.startswith("webhook_")
                and (fault.kind != "lag" or method in READS)
                and fault.matches(method, path, query)
            )
        )

    def take_webhook(self, topic: str) -> str:
        """What the next webhook of this topic suffers (`path` is matched against the topic), or ""."""
        fault = self._use(lambda fault: fault.kind.startswith("webhook_") and bool(re.fullmatch(fault.path, topic)))
        return fault.kind if fault else ""

    def _use(self, wanted: Any) -> Fault | None:
        with self._lock:
            self._faults = [fault for fault in self._faults if fault.until > time.monotonic()]
            fault = next((fault for fault in self._faults if wanted(fault)), None)
            if fault is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                    self._faults += [Fault.read(fault.then)] if fault.then is not None else []
            return fault
