"""One Medusa, real or sandbox, as the suite sees it: a shop with people in it, our connector, and its webhooks."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from connectors.kit.api import Changed, Login, Message, Operation, OperationLine, Reply, WebhookRequest
from connectors.kit.manifest import load
from connectors.kit.sessions import make_http
from connectors.kit.wire import Recorder
from connectors.medusa.connector import Medusa
from connectors.medusa.sandbox import MedusaSandbox
from hub.model.schema.fragment import Fragment
from mappings.engine import Mapping as Dictionary
from mappings.engine import read_json
from tests.peers.medusa.client import Client
from tests.peers.medusa.shop import Shop

ROOT = Path(__file__).resolve().parents[3]
MANIFEST = Medusa.manifest = load(ROOT / "connectors" / "medusa" / "manifest.yaml")
DICTIONARY = Dictionary.load(ROOT / "mappings" / "medusa.yaml")
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"simulated secret of the peer tests").decode()
STEPS = 12


class Hooks:
    """Takes webhooks on loopback and keeps them; `up = False` refuses them."""

    def __init__(self) -> None:
        self.requests: list[WebhookRequest] = []
        self.up = True
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if hooks.up:
                    pushed = WebhookRequest("POST", self.path, dict(self.headers), body, received_at=datetime.now(UTC))
                    hooks.requests.append(pushed)
                self.send_response(202 if hooks.up else 503)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """The requests are kept; nobody reads a log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/web"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def named(self, topic: str) -> list[WebhookRequest]:
        """Those that told this event."""
        return [request for request in self.requests if msgspec.json.decode(request.body)["name"] == topic]


class SandboxShop(Shop):
    """The same people; only buying is shorter."""

    def place_order(self, lines: Mapping[str, int], *, ship: bool = True, coupon: str = "") -> dict[str, Any]:
        order = self.admin("POST", "/shop/orders", {"lines": dict(lines), "ship": ship})["order"]
        items = {item["variant_sku"]: item["id"] for item in order["items"]}
        payment = order["payment_collections"][0]["payments"][0]["id"]
        return {"id": order["id"], "number": f"#{order['display_id']}", "items": items, "payment": payment}


@dataclass
class Side:
    """`shop` is theirs, `connector` is ours, between them `wire`: what our connector asked, redacted."""

    shop: Shop
    connector: Medusa
    hooks: Hooks
    wire: list[dict[str, Any]]
    settings: Mapping[str, Any]
    is_real: bool
    sandbox: MedusaSandbox | None = None
    intents: Iterator[int] = field(default_factory=lambda: count(1))

    def operation(self, kind: str, reference: str = "R1001", **more: Any) -> Operation:
        """An operation with the payload that the mapping makes of it."""
        made = Operation(kind=kind, id=str(next(self.intents)), reference=reference, **more)
        words = {
            "reference": reference,
            "facts": ["fact-1"],
            "lines": [{"order_line": line.order_line, "words": dict(line.words)} for line in made.lines],
        }
        return replace(made, payload=DICTIONARY.write(kind, words, {}))

    def step(self, operation: Operation) -> Reply:
        """One call of `perform`; it may write once."""
        before = len(self.wire)
        reply = self.connector.perform(operation)
        writes = [entry for entry in self.wire[before:] if entry["request"]["method"] != "GET"]
        assert len(writes) <= 1, f"{operation.kind} wrote {len(writes)} times in one call"
        return reply

    def active(self, order: str) -> list[str]:
        """The changes of an order that lock it for everybody."""
        changes = self.shop.admin("GET", f"/admin/orders/{order}/changes")["order_changes"]
        return [change["id"] for change in changes if change["status"] in ("pending", "requested")]

    def carry_out(self, operation: Operation) -> Reply:
        """All steps of an operation, as the hub does them."""
        for _ in range(STEPS):
            reply = self.step(operation)
            if reply.finished:
                return reply
            operation = replace(operation, progress={**operation.progress, **reply.progress})
        raise AssertionError(f"{operation.kind} is not finished after {STEPS} steps")

    def writes(self) -> list[str]:
        """Every write our connector sent: method and path without ids."""
        return [
            f"{entry['request']['method']} {entry['request']['url'].split('/admin/')[-1]}"
            for entry in self.wire
            if entry["request"]["method"] != "GET"
        ]

    def fetch(self, stream: str, external_id: str) -> Fragment:
        """Read back, and in our words."""
        return in_our_words(self.connector.fetch(stream, external_id))

    def polled(self, stream: str, cursor: str | None = None) -> tuple[dict[tuple[str, str], Message], str | None]:
        """Everything a poll brings, by (stream, id), and the cursor after it."""
        found: dict[tuple[str, str], Message] = {}
        for page in self.connector.poll(stream, cursor):
            cursor = page.cursor
            found.update({(m.stream, m.external_id): m for m in page.messages if isinstance(m, Message)})
        return found, cursor

    def notifications(self, topic: str) -> set[tuple[str, str]]:
        """What our connector makes of the webhooks of this event."""
        accepted = [item for request in self.hooks.named(topic) for item in self.connector.accept(request)]
        return {(item.stream, item.external_id) for item in accepted if isinstance(item, Changed)}


def in_our_words(message: Message) -> Fragment:
    """What the mapping makes of a record."""
    return msgspec.convert(DICTIONARY.read(message.stream, read_json(message.body), {}, account="web"), Fragment)


def line(order_line: str, quantity: int, damaged: int | None = None, **words: Any) -> OperationLine:
    """A line of an operation; with `damaged`, its totals are of a receipt."""
    totals = {} if damaged is None else {"received": Decimal(quantity), "damaged": Decimal(damaged)}
    return OperationLine(Decimal(quantity), order_line=order_line, totals=totals, facts=("fact-1",), words=words)


@contextmanager
def sandbox_side() -> Iterator[Side]:
    """The suite's side with our sandbox."""
    hooks = Hooks()
    with MedusaSandbox(webhook=hooks.url, secret=WEBHOOK_SECRET) as sandbox:
        visitor = Client(sandbox.url)
        facts = visitor("GET", "/shop")
        visitor.close()
        shop = SandboxShop(sandbox.url, facts)
        with side(shop, sandbox.url, facts, hooks, sandbox) as made:
            yield made


@contextmanager
def side(
    shop: Shop, url: str, facts: Mapping[str, Any], hooks: Hooks, sandbox: MedusaSandbox | None = None
) -> Iterator[Side]:
    """Our connector beside a shop that runs."""
    settings = MANIFEST.complete(
        {
            "base_url": url,
            "secret_key": facts["secret_key"],
            "webhook_secret": [WEBHOOK_SECRET],
            "location": facts["location"],
            "shipping_option": facts["shipping_option"],
        }
    )
    wire: list[dict[str, Any]] = []
    http = make_http(MANIFEST, "web", settings)
    connector = Medusa(Login("web", settings), http.view(wire=Recorder(wire, [facts["secret_key"]])))
    try:
        yield Side(shop, connector, hooks, wire, settings, sandbox is None, sandbox)
    finally:
        http.close()
        shop.close()
        hooks.close()
