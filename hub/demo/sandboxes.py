"""A connector's sandbox as a process of its own, and the people and parcels of the world around it (simulated)."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self


class Sandbox:
    """The running sandbox of one system. `get` and `post` are for whoever lives in that world; nobody tells the hub."""

    def __init__(self, system: str, webhook: str = "", secret: str = "") -> None:
        told = [*(("--webhook", webhook) if webhook else ()), *(("--secret", secret) if secret else ())]
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", f"connectors.{system}.sandbox", *told],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
        )
        self.secret = secret
        self.url = (self.process.stdout or sys.stdin).readline().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stdin):
            if pipe is not None:
                pipe.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Any:
        """What it answers to a GET, decoded."""
        return _answer(urllib.request.Request(f"{self.url}{path}", headers=dict(headers or {})))  # noqa: S310

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
        """What it answers to a POST of this as JSON, decoded; None where it says nothing."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        return _answer(urllib.request.Request(f"{self.url}{path}", json.dumps(body).encode(), sent))  # noqa: S310

    def effects(self, *kinds: str) -> list[dict[str, Any]]:
        """What was really done there, by its own log: of these kinds, of any if none is named."""
        return [effect for effect in self.get("/__effects") if not kinds or effect["kind"] in kinds]

    def fault(self, kind: str, **told: Any) -> None:
        """Have it misbehave (connectors/kit/faults.py)."""
        self.post("/__faults", {"kind": kind, **told})

    def behave(self) -> None:
        """No more faults."""
        _answer(urllib.request.Request(f"{self.url}/__faults", method="DELETE"))  # noqa: S310


def _answer(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        body = answer.read()
    return json.loads(body) if body else None
