"""A hub between a real Medusa ("web") and a real Tryton ("erp"), and what a test says of one return in it.

Webhooks come in over the hub's own lane, polls are opened by hand while something is waited for, money is on. Between
the hub and each server stands a counting proxy; the people in the shop and in the ERP do not go through it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from hub import configuration
from hub.boot import Hub, assemble_hub
from hub.cli.site import services
from hub.demo.tryton_people import Goods, People, Sold
from hub.demo.tryton_server import Running as TrytonRunning
from hub.model.returns import Return
from hub.settings import Settings
from hub.store import console as pages
from hub.store import lanes
from hub.store.database import Database
from hub.web import create_app
from scheduler.threads import Engine
from tests.peers.medusa.seed import PRICES
from tests.peers.medusa.server import Running as MedusaRunning
from tests.peers.proxy import Proxy

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
"""Seconds one hop may take."""
POLL = 2.5
"""Seconds between two polls while something is waited for."""
VAT = Decimal("1.19")
POLLED = {"web": ("order", "return"), "erp": ("complaint", "return_sale", "shipment", "credit_note", "sale")}
BASE = ("/admin/", "/tryton/rest/model/")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Quiet."""


class Site:
    """The hub's web on a loopback port; `heard` counts the webhooks it took."""

    def __init__(self, hub: Hub) -> None:
        self._services = services(hub)
        self.heard = 0
        app = create_app(self._services)

        def counting(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
            self.heard += environ["PATH_INFO"].startswith("/hooks/")
            return app(environ, start)

        self._server = make_server("127.0.0.1", 0, counting, _Server, _Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._services.writer.close()  # type: ignore[attr-defined]


class Between:
    """Both servers, the proxies before them, and the hub."""

    def __init__(self, url: str, data: Path) -> None:
        self.hub = assemble_hub(Settings(data=data, database_url=url), Database(url))
        self.site = Site(self.hub)
        self._engine: Engine | None = None
        self.web: Proxy
        self.erp: Proxy

    def connect(self, medusa: MedusaRunning, tryton: TrytonRunning, secret: str) -> None:
        """Make both accounts, over the proxies, and begin to work."""
        self.shop = medusa.shop
        self.people = People(tryton.admin(), tryton.facts)
        self.web, self.erp = Proxy(medusa.url), Proxy(tryton.url)
        shop = {**medusa.settings, "base_url": self.web.url, "webhook_secret": [secret]}
        books = {**tryton.settings, "base_url": self.erp.url, "orders_of": "web"}
        terms = {"settle": 0, "money": True}
        configuration.put(self.hub, "web", {"connector": "medusa", "settings": shop, "terms": terms})
        configuration.put(
            self.hub, "erp", {"connector": "tryton", "settings": books, "terms": {**terms, "decides": True}}
        )
        self.work()

    def work(self) -> None:
        self._engine = Engine(self.hub.database, self.hub.handlers, workers=4, idle=0.2)
        self._engine.start()

    def rest(self) -> None:
        """The workers of this process end; webhooks go on."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.stop()

    @contextmanager
    def other_process(self) -> Iterator[subprocess.Popen[bytes]]:
        """While inside, a process of its own (`hub worker`) does the work; it may be killed."""
        self.rest()
        data, url = self.hub.settings.data, self.hub.database.url
        env = {**os.environ, "HUB_DATA": str(data), "HUB_DATABASE_URL": url}
        process = subprocess.Popen([sys.executable, "-m", "hub", "worker"], cwd=ROOT, env=env)  # noqa: S603
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(20)
            self.work()

    def close(self) -> None:
        self.rest()
        self.site.close()
        for proxy in (getattr(self, "web", None), getattr(self, "erp", None)):
            if proxy is not None:
                proxy.close()
        self.hub.database.close()

    def poll(self, *accounts: str) -> None:
        """Have these accounts' streams polled, as the clock does."""
        wanted = [(account, stream) for account in accounts for stream in POLLED[account]]
        self.hub.database.run(lambda conn: lanes.want(conn, "poll", wanted))
        if self._engine is not None:
            self._engine.wake("poll")

    def sweep(self) -> None:
        """Both accounts' records of open returns are read back, as the timetable has it."""
        for account in ("web", "erp"):
            self.hub.database.run(lambda conn, name=account: self.hub.reconcile.sweep(conn, name))  # type: ignore[misc]

    def idle(self) -> bool:
        """Nothing is to be done, now or soon."""
        with self.hub.database.begin() as conn:
            row = conn.exec_driver_sql("SELECT count(*) FROM lanes WHERE due < now() + interval '1 hour'").one()
        return row[0] == 0

    def wait(
        self,
        what: str,
        ready: Callable[[], Any],
        *,
        polls: tuple[str, ...] = ("web", "erp"),
        seconds: float = PATIENCE,
        told: Callable[[], str] = str,
    ) -> Any:
        """Until it is so; meanwhile these accounts are polled. Fails with what `told` knows."""
        until, next_poll = time.monotonic() + seconds, 0.0
        while True:
            if found := ready():
                return found
            at = time.monotonic()
            assert at < until, f"waited {seconds:.0f} s for {what}\n{told()}"
            if at >= next_poll:
                self.poll(*polls)
                next_poll = at + POLL
            time.sleep(0.1)

    def sold(self, lines: Mapping[str, int]) -> Case:
        """A customer bought this in the shop; Tryton has the sale, shipped and invoiced it."""
        order = self.shop.place_order(lines)
        goods = [Goods(sku, Decimal(n), gross(sku)) for sku, n in lines.items()]
        return Case(self, order, self.people.sell(order["number"], goods))


def gross(sku: str, pieces: int = 1) -> Decimal:
    """What a customer pays for this."""
    return (Decimal(str(PRICES[sku])) * VAT).quantize(Decimal("0.01")) * pieces


class Case:
    """One order and its return, asked after in all three systems."""

    def __init__(self, between: Between, order: dict[str, Any], sold: Sold) -> None:
        self.between, self.order, self.sold = between, order, sold
        self.marks = {"web": between.web.count(), "erp": between.erp.count()}
        self.in_web = ""
        self.complaint = 0
        self.return_sale = 0

    # -- what the hub says

    @property
    def id(self) -> int:
        with self.between.hub.database.begin() as conn:
            rows = pages.search(conn, self.order["number"]).rows
        mine = [int(row.id) for row in rows if any(o.ids.get("web") == self.order["id"] for o in row.doc.orders)]
        assert len(mine) < 2, f"one return became several: {mine}\n{self.told()}"
        return mine[0] if mine else 0

    @property
    def merged(self) -> Return:
        number = self.id
        assert number, f"the hub knows no return of order {self.order['number']}"
        with self.between.hub.database.begin() as conn:
            doc: Return = pages.find(conn, [number])[number].doc
        return doc

    def sync(self) -> dict[str, str]:
        """How far each account has been told."""
        with self.between.hub.database.begin() as conn:
            return {row.account: row.shown for row in pages.telling(conn, self.id)}

    def residue(self, account: str) -> list[str]:
        """What this account cannot be told."""
        with self.between.hub.database.begin() as conn:
            rows = pages.telling(conn, self.id)
        return [entry["why"] for row in rows if row.account == account for entry in row.residue]

    def story(self) -> list[str]:
        with self.between.hub.database.begin() as conn:
            return [line.text for line in pages.story(conn, self.id)]

    def said(self) -> list[str]:
        """Our own writes, as the story tells them: "erp create_return"."""
        told = [text.removeprefix("told ") for text in self.story() if text.startswith("told ")]
        return [text.partition(" (")[0].replace(":", "") for text in told]

    def tells(self, *parts: str) -> None:
        """The story tells all this, in this order."""
        story = iter(self.story())
        for part in parts:
            assert any(part in text for text in story), f"the story does not tell {part!r} there:\n{self.told()}"

    def told(self) -> str:
        """Everything worth reading when a test fails."""
        with self.between.hub.database.begin() as conn:
            rows = pages.search(conn, self.order["number"]).rows
            lines = [f"order {self.order['number']}, {len(rows)} return(s)"]
            for row in rows:
                lines += [f"R{row.id} is {row.doc.status}; {d.kind}: {d.text}" for d in row.doc.discrepancies]
                lines += [f"  {line.at:%H:%M:%S} {line.text}" for line in pages.story(conn, row.id)]
                for tell in pages.telling(conn, row.id):
                    lines.append(f"  {tell.account}: {tell.shown} {tell.why or ''} {tell.planned} {tell.residue}")
            failed = [call for call in pages.calls(conn, limit=40).rows if call.outcome != "ok"]
            lines += [f"  call {c.account} {c.what}: {c.outcome} {c.error}" for c in failed]
        return "\n".join([*lines, "writes: web", *self.writes("web"), "writes: erp", *self.writes("erp")])

    def writes(self, account: str) -> list[str]:
        """What the hub wrote there since this case began: method and path; the status, where it was refused."""
        proxy: Proxy = getattr(self.between, account)
        said = []
        for call in proxy.writes(self.marks[account]):
            path = call.path
            for base in BASE:
                path = path.removeprefix(base)
            said.append(f"{call.method} {path}" + (f" -> {call.status}" if call.status >= 300 else ""))
        return said

    def wait(self, what: str, ready: Callable[[], Any], **more: Any) -> Any:
        return self.between.wait(what, ready, told=self.told, **more)

    def settled(self, shown: Mapping[str, str] | None = None) -> Return:
        """Wait until everybody is told, look at everything once more (an echo would come now), and again."""
        wanted = dict(shown or {"web": "in_sync", "erp": "in_sync"})
        self.wait("everybody to be told", lambda: self.id and self.sync() == wanted)
        self.between.wait("the hub to be idle", self.between.idle, polls=(), told=self.told)
        before = self.writes("web"), self.writes("erp")
        self.between.poll("web", "erp")
        self.between.sweep()
        self.between.wait("the hub to be idle", self.between.idle, polls=(), told=self.told)
        assert (self.writes("web"), self.writes("erp")) == before, f"an echo\n{self.told()}"
        assert self.sync() == wanted, self.told()
        return self.merged

    # -- what people do

    def ask_back(self, lines: Mapping[str, int], reason: str = "too_small") -> str:
        """The customer asks in the shop."""
        asked = {self.order["items"][sku]: count for sku, count in lines.items()}
        self.in_web = self.between.shop.request_return(self.order["id"], asked, reason)
        return self.in_web

    def arrived_in_erp(self, **more: Any) -> int:
        """Wait for the hub's complaint."""
        found = self.wait("a complaint in Tryton", self.complaints, **more)
        self.wait("the complaint to wait for a decision", lambda: self.complaint_state(found[0]) == "waiting", **more)
        self.complaint = found[0]
        return self.complaint

    def complaints(self) -> list[int]:
        """Every complaint in Tryton that carries our number."""
        if not self.id:
            return []
        return self.between.people.rpc.search("sale.complaint", [["reference", "=", f"R{self.id}"]])

    def approve(self) -> int:
        """A clerk approves; the hub brings it through to a shipment."""
        self.between.people.rpc.press("sale.complaint", self.complaint, "approve")
        self.wait("a return sale whose goods can come", lambda: self.merged.ready)
        self.return_sale = self.between.people.return_sale(self.complaint)
        return self.return_sale

    # -- what the systems say

    def complaint_state(self, complaint: int | None = None) -> str:
        read = self.between.people.rpc.read("sale.complaint", complaint or self.complaint, "state")
        return str(read["state"])

    def shop_received(self) -> list[tuple[str, float]]:
        return self.between.shop.receipts(self.order["id"], self.in_web)

    def shop_returns(self) -> list[dict[str, Any]]:
        """Every return of the order in Medusa that somebody confirmed."""
        asked = {"order_id": self.order["id"], "fields": "id,status,metadata"}
        found = self.between.shop.admin("GET", "/admin/returns", **asked)["returns"]
        return [record for record in found if record["status"] != "open"]

    def shop_return(self) -> str:
        return str(self.between.shop.get_return(self.in_web)["status"])

    def shop_refunds(self) -> list[Decimal]:
        return [Decimal(str(amount)) for amount, _ in self.between.shop.refunds(self.order["payment"])]

    def replacement(self) -> int:
        """The confirmed sale in Tryton of what is sent instead, or 0."""
        rpc = self.between.people.rpc
        origin = f"sale.complaint,{self.complaint}"
        wanted = [["origin", "=", origin], ["id", "!=", self.return_sale], ["state", "=", "processing"]]
        return next(iter(rpc.search("sale.sale", wanted)), 0)

    def sold_lines(self, sale: int) -> list[tuple[str, float]]:
        """(SKU, pieces) of a sale in Tryton."""
        rpc = self.between.people.rpc
        lines = rpc.read("sale.sale", sale, "lines")["lines"]
        said = [rpc.read("sale.line", line, "product.code", "quantity") for line in lines]
        return [(line["product."]["code"], line["quantity"]) for line in said]

    def erp_stock(self) -> list[tuple[str, float, str]]:
        """(SKU, pieces, location) of everything that was put away of the return sale."""
        rpc = self.between.people.rpc
        shipments = rpc.read("sale.sale", self.return_sale, "shipment_returns")["shipment_returns"]
        found = []
        for shipment in sorted(shipments):
            for move in rpc.read("stock.shipment.out.return", shipment, "inventory_moves")["inventory_moves"]:
                said = rpc.read("stock.move", move, "product.code", "quantity", "to_location.code", "state")
                if said["state"] == "done":
                    found.append((said["product."]["code"], said["quantity"], said["to_location."]["code"]))
        return found
