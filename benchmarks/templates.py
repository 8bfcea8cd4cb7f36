"""A few returns as the hub itself makes them of records that are pushed to it (simulated): what `grown.py` copies.

Each has a number of its own in all that names it, so a copy is the same rows with another number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from connectors.generic.sandbox import SECRET, GenericSandbox
from connectors.kit.api import WebhookRequest
from connectors.kit.sandbox import Call, Refuse, route
from connectors.kit.signing import sign_standard
from hub import configuration
from hub.boot import Hub, assemble_hub
from hub.model.language.sentences import sentence
from hub.pipeline.intake.accept import accept
from hub.settings import Settings
from hub.store import claims, inbox, reviews
from hub.store.database import Database

FIRST = 910_000_001
"""The number of the first template: long enough to stand nowhere by chance."""


KINDS = ("process", "recompute", "deliver", "fetch")


class Systems(GenericSandbox):
    """The far side of the accounts: makes returns, pays, has no other step, and refuses what it is told to."""

    refuses: frozenset[str] = frozenset()
    """Numbers of which it takes nothing."""
    pushes = False

    @route("POST", "/hub")
    def carry_out(self, call: Call) -> Any:
        said = call.json()
        data = said["data"]
        number = data["hub_number"].split("-")[0][1:]
        if number in self.refuses:
            raise Refuse(422, {"message": "this customer is blocked"})
        if said["type"] == "create_return":
            lines = [{"id": str(i), **line} for i, line in enumerate(data["lines"], 1)]
            made = {"id": f"C{number}", "version": 10**6, "hub_number": data["hub_number"], "lines": lines}
            made |= {"order": data["order"], "number": f"RMA-{number}"}
            return {"objects": {"return": made["id"]}, "records": [{"type": "return.upsert", "data": made}]}
        if said["type"] == "refund":
            part = {"amount": data["amount"], "state": "succeeded", "payment": data["payment"]}
            paid = {"id": f"F{number}", "version": 10**6, "hub_number": data["hub_number"], "parts": [part]}
            paid |= {"order": data["order"], "currency": data["currency"]}
            made_of = [{"kind": "refunds", "id": paid["id"], "fact": fact} for fact in data.get("facts", ())]
            return {"records": [{"type": "refund.upsert", "data": paid}], "made": made_of}
        raise Refuse(410, {"message": f"no {said['type']} here"})


class Site:
    """A hub with a shop, an ERP that decides and a till; what they say is pushed and worked off by hand."""

    def __init__(self, hub: Hub, systems: Systems) -> None:
        self.hub, self.systems = hub, systems
        self._numbers = count(1)

    def connect(self) -> None:
        """The three accounts."""
        door = {"url": f"{self.systems.url}/hub", "webhook_secret": SECRET}
        paying = {"money": True, "asked": ["create_return", "refund"], "settle": 0}
        self._account("web", {"kind": "storefront", **door}, paying)
        self._account("erp", {"kind": "erp", "orders_of": "web", **door}, {"decides": True, "settle": 0})
        self._account("till", {"kind": "pos", "orders_of": "web", **door}, {"settle": 0})

    def _account(self, name: str, settings: dict[str, Any], terms: dict[str, Any]) -> None:
        configuration.put(self.hub, name, {"connector": "generic", "settings": settings, "terms": terms})

    def push(self, account: str, kind: str, id: str, **record: Any) -> None:
        """A signed message of this account comes in."""
        number = next(self._numbers)
        body = msgspec.json.encode({"type": kind, "data": {"id": id, "version": number, **record}})
        headers = sign_standard(SECRET, f"msg-{id}-{number}", body, time.time())
        request = WebhookRequest("POST", f"/hooks/{account}", {"Content-Type": "application/json", **headers}, body)
        arrivals = accept(self.hub.accounts, account, request)
        with self.hub.database.begin() as conn:
            inbox.accept(conn, arrivals)

    def work(self) -> None:
        """Work off whatever is due."""
        while True:
            new = self.hub.database.run(inbox.dispatch).total
            taken = self.hub.database.run(lambda conn: claims.claim(conn, KINDS, "site", 10))
            if taken:
                self.hub.handlers[taken[0].kind](taken)
            elif not new:
                return

    # -- what they say

    def order(self, number: int) -> None:
        """Two mugs and a teapot, paid."""
        lines = [
            {"id": "L1", "sku": "MUG", "quantity": 2, "shipped": 2, "price": "10.00"},
            {"id": "L2", "sku": "TEAPOT", "quantity": 1, "shipped": 1, "price": "30.00"},
        ]
        paid = [{"id": f"PAY-{number}", "captured": "50.00"}]
        said = {"number": f"{number}", "currency": "EUR", "total": "50.00", "lines": lines, "payments": paid}
        self.push("web", "order.upsert", f"O{number}", **said)

    def asked(self, number: int, quantity: int) -> None:
        """So many mugs are to come back."""
        lines = [{"id": f"{number}-1", "order_line": "L1", "quantity": quantity, "sku": "MUG", "name": "a mug"}]
        said = {"number": f"RET-{number}", "order": {"id": f"O{number}", "number": f"{number}"}, "lines": lines}
        said |= {"currency": "EUR", "requested_at": "2026-03-01T10:00:00Z", "authorization": {"value": "authorized"}}
        self.push("web", "return.upsert", f"T{number}", **said)

    def came(self, number: int) -> None:
        """The ERP has it and posts what is owed."""
        line = {"id": "1", "sku": "MUG", "quantity": 1, "condition": "good"}
        self.push("erp", "receipt.upsert", f"G{number}", hub_number=f"R{number}", lines=[line])
        owed = {"state": "posted", "amount": "10.00", "currency": "EUR"}
        self.push("erp", "credit.upsert", f"N{number}", hub_number=f"R{number}", **owed)


@contextmanager
def site(url: str) -> Iterator[Site]:
    """On an empty store; the systems behind it are gone afterwards."""
    with TemporaryDirectory() as data, Systems(secret=SECRET) as systems:
        database = Database(url)
        try:
            made = Site(assemble_hub(Settings(data=Path(data), database_url=url), database), systems)
            made.connect()
            yield made
        finally:
            database.close()


def completed(site: Site, number: int) -> None:
    """Came back, is paid for, and over."""
    waiting(site, number)
    site.came(number)
    site.work()


def waiting(site: Site, number: int, quantity: int = 1) -> None:
    """Asked for; the goods are on their way."""
    site.order(number)
    site.asked(number, quantity)
    site.work()


def asking(site: Site, number: int) -> None:
    """More is asked for than was shipped: a person is asked."""
    waiting(site, number, quantity=3)


def stuck(site: Site, number: int) -> None:
    """The ERP refuses it: a dead letter."""
    site.systems.refuses |= {str(number)}
    waiting(site, number)


def unbound(site: Site, number: int) -> None:
    """A parcel of which nobody knows whose it is."""
    parcel = {
        "direction": "return",
        "purpose": "return",
        "state": "in_transit",
        "carrier": "SF",
        "number": f"SF{number}",
    }
    site.push("till", "shipment.upsert", f"P{number}", **parcel)
    site.work()


def typed(site: Site, number: int) -> None:
    """The till types the number of a return that nobody knows."""
    line = {"id": f"{number}-1", "quantity": 1, "sku": "MUG"}
    site.push("till", "return.upsert", f"K{number}", rma=f"X{number}", origin="counter", lines=[line])
    site.work()


def unread(site: Site, number: int) -> None:
    """A record with a word that no table lists."""
    site.push("till", "shipment.upsert", f"P{number}", direction="sideways", number=f"SF{number}")
    site.work()


def queued(site: Site, number: int) -> None:
    """A question about two returns."""
    waiting(site, number)
    said = sentence("may_be_same", one=f"R{number}", others="R1", why="number")
    with site.hub.database.begin() as conn:
        reviews.ask(conn, "two_candidates", [number], said, f"two_candidates:{number}:1", {"seeks": number})


SHARES = (
    (completed, 930),
    (waiting, 30),
    (asking, 10),
    (stuck, 5),
    (unbound, 10),
    (typed, 5),
    (unread, 5),
    (queued, 5),
)
"""How many of a thousand are like that: one in twenty is open."""


def make(site: Site) -> dict[int, int]:
    """One of each; how many of a thousand are like it, by its number."""
    for number, (said, _) in enumerate(SHARES, FIRST):
        one(site, said, number)
    return {number: share for number, (_, share) in enumerate(SHARES, FIRST)}


def one(site: Site, said: Callable[[Site, int], None], number: int) -> None:
    """A return of this number comes in."""
    with site.hub.database.begin() as conn:
        conn.exec_driver_sql("SELECT setval('returns_id_seq', %(n)s, false)", {"n": number})
    said(site, number)
