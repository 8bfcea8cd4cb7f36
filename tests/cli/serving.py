"""`hub serve` as a user starts it, with the database it brings along, and a shop that pushes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from connectors.generic.sandbox import SECRET
from connectors.kit.signing import sign_standard
from hub.postgres import pidfile
from tests.databases import CHECKOUT

ACCOUNTS = f"accounts: {{web: {{connector: generic, settings: {{kind: storefront, webhook_secret: '{SECRET}'}}}}}}\n"
RETURN = {
    "version": 1,
    "currency": "EUR",
    "order": {"id": "5001", "number": "#5001"},
    "requested_at": "2026-03-01T10:00:00Z",
    "lines": [{"id": "1", "order_line": "L1", "sku": "MUG", "quantity": 1}],
}


class Serve:
    """`hub serve` with the database it brings along, in a folder of this test's own."""

    def __init__(self, folder: Path, accounts: str = ACCOUNTS, module: str = "hub", **env: str) -> None:
        folder.chmod(0o711)  # the database's user has to get through
        self.env = {**os.environ, **env, "HUB_DATA": str(folder), "HUB_LISTEN": "127.0.0.1:0", "HUB_LEASE": "10"}
        self.env.pop("HUB_DATABASE_URL", None)
        self.data = folder / "postgres" / "data"
        self.log = folder / "serve.log"
        (folder / "accounts.yaml").write_text(accounts)
        self.hub("accounts", "apply", str(folder / "accounts.yaml"))
        with self.log.open("w") as log:
            command = [sys.executable, "-m", module, "serve"]
            self.process = subprocess.Popen(command, cwd=CHECKOUT, env=self.env, stdout=log, stderr=log)
        (self.url,) = self.until(lambda: re.findall(r"Returns Hub: (http://\S+)/", self.said))
        self.until(lambda: self.health() == 200)

    def hub(self, *words: str) -> str:
        command = [sys.executable, "-m", "hub", *words]
        return subprocess.run(command, cwd=CHECKOUT, env=self.env, check=True, capture_output=True, text=True).stdout

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until(self, holds: Callable[[], Any], seconds: float = 90) -> Any:
        end = time.monotonic() + seconds
        while not (found := holds()):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.05)
        return found

    def ask(self, request: urllib.request.Request | str) -> int:
        """The status; 0 while nobody listens."""
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            answer.close()
            return answer.code
        except OSError:
            return 0

    def health(self) -> int:
        return self.ask(f"{self.url}/health")

    def push(self, name: str) -> int:
        body = msgspec.json.encode({"type": "return.upsert", "data": {"id": name, "number": name, **RETURN}})
        headers = {"Content-Type": "application/json", **sign_standard(SECRET, name, body, time.time())}
        return self.ask(urllib.request.Request(f"{self.url}/hooks/web", body, headers))

    def server(self) -> int:
        """The database server's process; 0 while there is none."""
        running = pidfile.read(self.data)
        return running.pid if running and running.is_ours(self.data) else 0

    def returns(self) -> int:
        with urllib.request.urlopen(f"{self.url}/api/returns", timeout=30) as answer:
            return len(json.load(answer)["returns"])

    def children(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split() if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.said
        assert "Traceback" not in self.said, self.said
