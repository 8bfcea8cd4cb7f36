"""A connector's sandbox as a process of its own, and the people and parcels of the world around it (simulated)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from connectors.kit.sandbox_server import SECRET
from hub.demo.tale import StoryBroke


class Sandbox:
    """The running sandbox of one system. `get` and `post` are for whoever lives in that world; nobody tells the hub.

    One that ends is begun again, empty, at its old address; the story that needed it broke.
    """

    def __init__(self, system: str, webhook: str = "", secret: str = "") -> None:
        self.system, self.webhook, self.secret = system, webhook, secret
        self.process, self.url = self._begin(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        _ended(self.process)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Any:
        """What it answers to a GET, decoded."""
        return self._answer(path, headers=dict(headers or {}))

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
        """What it answers to a POST of this as JSON, decoded; None where it says nothing."""
        return self._answer(path, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})

    def effects(self, *kinds: str) -> list[dict[str, Any]]:
        """What was really done there, by its own log: of these kinds, of any if none is named."""
        return [effect for effect in self.get("/__effects") if not kinds or effect["kind"] in kinds]

    def fault(self, kind: str, **spec: Any) -> None:
        """Have it misbehave (connectors/kit/faults.py)."""
        self.post("/__faults", {"kind": kind, **spec})

    def behave(self) -> None:
        """No more faults."""
        self._answer("/__faults", method="DELETE")

    # -- its process

    def _begin(self, port: int) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(  # noqa: S603
            [
                *(sys.executable, "-m", f"connectors.{self.system}.sandbox", "--port", str(port)),
                *(("--webhook", self.webhook) if self.webhook else ()),
            ],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
            env={**os.environ, **({SECRET: self.secret} if self.secret else {})},
        )
        url = (process.stdout or sys.stdin).readline().strip()
        if not url:
            raise StoryBroke(
                f"the sandbox of {self.system} ended with code {_ended(process)}; its last words are above"
            )
        return process, url

    def _answer(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, method: str | None = None
    ) -> Any:
        request = urllib.request.Request(f"{self.url}{path}", body, dict(headers or {}), method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                said = answer.read()
        except urllib.error.HTTPError as refused:
            text = refused.read()[:300].decode(errors="replace")
            raise StoryBroke(f"the sandbox of {self.system} answered {refused.code} to {path}: {text}") from refused
        except OSError as problem:
            raise StoryBroke(f"the sandbox of {self.system} {self._gone(problem)}") from problem
        return json.loads(said) if said else None

    def _gone(self, problem: OSError) -> str:
        """Why it does not answer; where it has ended it is begun again."""
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            return f"does not answer: {problem}"
        code = _ended(self.process)
        self.process, self.url = self._begin(urlsplit(self.url).port or 0)
        return f"ended with code {code} and was begun again, empty"


def _ended(process: subprocess.Popen[str]) -> int:
    """The code of a process that ends."""
    code = process.wait()
    for pipe in (process.stdout, process.stdin):
        if pipe is not None:
            pipe.close()
    return code
