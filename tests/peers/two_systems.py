"""A hub between a real Medusa ("web") and a real Tryton ("erp").

Webhooks come in over the hub's own address, polls are opened by hand while something is waited for, money is on. Between
the hub and each server stands a counting proxy; the people in the shop and in the ERP do not go through it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from hub import configuration
from hub.boot import Hub, assemble_hub
from hub.demo.tryton_people import Goods, People
from hub.demo.tryton_server import Running as TrytonRunning
from hub.settings import Settings
from hub.store import jobs
from hub.store.database import Database
from hub.store.wake import Listener
from hub.web import create_app
from scheduler.threads import Engine
from scheduler.work import INBOX, terms
from tests.peers.case import Case
from tests.peers.medusa.seed import PRICES
from tests.peers.medusa.server import Running as MedusaRunning
from tests.peers.proxy import Proxy

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
"""Seconds one hop may take."""
POLL, SELDOM = 2.5, 10.0
"""Seconds between two polls while something is waited for: at first, and at most; each wait is twice the one before."""
LEASE = 15.0
"""Seconds after which the work of a process that was killed is taken over; a poll's after twice as many."""
PUSHES = {"web"}
"""Tells what happened there by itself; it is polled in case that was lost."""
VAT = Decimal("1.19")
POLLED = {"web": ("order", "return"), "erp": ("complaint", "return_sale", "shipment", "credit_note", "sale")}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Quiet."""


class Site:
    """The hub's web on a loopback port; `heard` counts the webhooks it took."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.heard = 0
        app = create_app(hub)

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
        self._hub.writer.close()


class Between:
    """Both servers, the proxies before them, and the hub."""

    def __init__(self, url: str, data: Path) -> None:
        self.hub = assemble_hub(Settings(data=data, database_url=url), Database(url))
        self.site = Site(self.hub)
        self._engine: Engine | None = None
        self._listener: Listener | None = None
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
        self._engine = Engine(self.hub.database, self.hub.handlers, workers=4, terms=terms(self.hub.leases))
        self._listener = Listener(self.hub.database, partial(self._engine.wake, [INBOX]))
        self._engine.start()
        self._listener.start()

    def rest(self) -> None:
        """The workers of this process end; webhooks go on."""
        engine, self._engine = self._engine, None
        listener, self._listener = self._listener, None
        if engine is not None and listener is not None:
            listener.stop()
            engine.stop()

    @contextmanager
    def other_process(self) -> Iterator[subprocess.Popen[bytes]]:
        """While inside, a process of its own (`hub worker`) does the work; it may be killed."""
        self.rest()
        data, url = self.hub.settings.data, self.hub.database.url
        env = {**os.environ, "HUB_DATA": str(data), "HUB_DATABASE_URL": url, "HUB_LEASE": f"{LEASE:.0f}"}
        process = subprocess.Popen([sys.executable, "-m", "hub", "worker"], cwd=ROOT, env=env)
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
        self.hub.database.run(lambda conn: jobs.want(conn, "poll", wanted))
        self._wake("poll")

    def sweep(self) -> None:
        """Both accounts' records of open returns are read back, as the timetable has it."""
        for account in ("web", "erp"):
            self.hub.database.run(lambda conn, name=account: self.hub.reconcile.sweep(conn, name))  # type: ignore[misc]
        self._wake("fetch")

    def _wake(self, kind: str) -> None:
        if self._engine is not None:
            self._engine.wake(kind)

    def idle(self, seconds: float = 3600.0) -> bool:
        """Nothing is to be done within so many seconds."""
        with self.hub.database.begin() as conn:
            row = conn.exec_driver_sql(
                "SELECT count(*) FROM jobs WHERE due < now() + make_interval(secs => %(s)s)", {"s": seconds}
            )
        return row.scalar_one() == 0

    def in_hand(self) -> str:
        """What is to be done and who does it, and where our threads are: why a wait may have been in vain."""
        with self.hub.database.begin() as conn:
            found = conn.exec_driver_sql(
                "SELECT kind, account, key, extract(epoch FROM due - clock_timestamp())::int, wanted, done, attempts,"
                " extract(epoch FROM lease_until - clock_timestamp())::int, why FROM jobs ORDER BY due LIMIT 40"
            ).all()
        lines = ["jobs: kind, account, key, due in, wanted, done, attempts, lease, why"]
        lines += ["  " + " ".join(str(value) for value in row) for row in found]
        frames = sys._current_frames()
        for thread in threading.enumerate():
            if thread.name.startswith("worker") and (frame := frames.get(thread.ident or 0)):
                lines += [f"thread {thread.name}", *traceback.format_stack(frame, limit=14)]
        return "\n".join(lines)

    def wait(
        self,
        what: str,
        ready: Callable[[], Any],
        *,
        polls: tuple[str, ...] = ("web", "erp"),
        seconds: float = PATIENCE,
        report: Callable[[], str] = str,
        there: bool = False,
    ) -> Any:
        """Until it is so; meanwhile these accounts are polled, when the hub has nothing to do. Fails with `report`.

        `there`: it comes of what the hub writes to a server, so that is asked only after something was written.
        """
        until, next_poll, pause, seen = time.monotonic() + seconds, 0.0, POLL, -1
        while True:
            at, written = time.monotonic(), self.web.written + self.erp.written
            poll = at >= next_poll and (self.idle(0) or not next_poll or at >= next_poll + SELDOM)
            if (poll or not there or written > seen) and (found := ready()):
                return found
            seen = written
            assert at < until, f"waited {seconds:.0f} s for {what}\n{report()}\n{self.in_hand()}"
            if poll:
                self.poll(*(polls if next_poll else set(polls) - PUSHES))
                next_poll, pause = at + pause, min(2 * pause, SELDOM)
            time.sleep(0.1)

    def sold(self, lines: Mapping[str, int]) -> Case:
        """A customer bought this in the shop; Tryton has the sale, shipped and invoiced it."""
        order = self.shop.place_order(lines)
        goods = [Goods(sku, Decimal(n), gross(sku)) for sku, n in lines.items()]
        return Case(self, order, self.people.sell(order["number"], goods))

    def requested(self, lines: Mapping[str, int], reason: str = "too_small") -> Case:
        """All that was bought is asked back in the shop, and its complaint waits in Tryton."""
        case = self.sold(lines)
        case.ask_back(lines, reason)
        case.arrived_in_erp()
        return case


def gross(sku: str, pieces: int = 1) -> Decimal:
    """What a customer pays for this."""
    return (Decimal(str(PRICES[sku])) * VAT).quantize(Decimal("0.01")) * pieces
