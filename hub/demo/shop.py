"""The storefront of the demo: Medusa's sandbox as its own process, and the customers who shop there (simulated)."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from connectors.medusa.sandbox import PUBLISHABLE_KEY, SECRET_KEY
from connectors.medusa.sandbox_shop import LOCATION


class Shop:
    """A running sandbox. `place` and `ask_back` are what customers do; nobody tells the hub."""

    def __init__(self, webhook_url: str) -> None:
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "connectors.medusa.sandbox", "--webhook", webhook_url, "--secret", self.secret],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
        )
        self.url = (self.process.stdout or sys.stdin).readline().strip()

    def __enter__(self) -> Shop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stdin):
            if pipe is not None:
                pipe.close()

    @property
    def settings(self) -> dict[str, Any]:
        """The connector's account settings for this shop."""
        return {"base_url": self.url, "secret_key": SECRET_KEY, "webhook_secret": self.secret, "location": LOCATION}

    def place(self, lines: Mapping[str, int]) -> dict[str, Any]:
        """An order, paid and shipped: SKU -> pieces."""
        made: dict[str, Any] = self._post("/shop/orders", {"lines": dict(lines)})["order"]
        return made

    def ask_back(self, order: str, items: Mapping[str, int], reason: str) -> dict[str, Any]:
        """The customer wants to return pieces: order line id -> pieces."""
        with urllib.request.urlopen(f"{self.url}/shop", timeout=10) as answer:  # noqa: S310
            reason = json.load(answer)["reasons"][reason]
        wanted = [{"id": line, "quantity": quantity, "reason_id": reason} for line, quantity in items.items()]
        made: dict[str, Any] = self._post("/store/returns", {"order_id": order, "items": wanted})["return"]
        return made

    def order(self, order: str) -> dict[str, Any]:
        """The order as the shop keeps it."""
        token = base64.b64encode(f"{SECRET_KEY}:".encode()).decode()
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/admin/orders/{order}?fields=*items.detail,*summary",
            headers={"Authorization": f"Basic {token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)["order"]
        return found

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "x-publishable-api-key": PUBLISHABLE_KEY}
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(body).encode(), headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            made: dict[str, Any] = json.load(answer)
        return made
