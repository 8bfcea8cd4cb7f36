"""One order and its return, as a test acts on it and asks after it: in the shop, in the ERP and in the hub."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hub.demo.tryton_people import Sold
from hub.model.schema.returns import Return
from hub.store import console as pages

if TYPE_CHECKING:
    from tests.peers.proxy import Proxy
    from tests.peers.two_systems import Between

BASE = ("/admin/", "/tryton/rest/model/")
IDLE = 90.0
"""Seconds until nothing is left to do: a worker that was killed in a poll keeps its job for twice its lease."""


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
        assert len(mine) < 2, f"one return became several: {mine}\n{self.report()}"
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

    def undeliverable(self, account: str) -> list[str]:
        """What this account cannot be told."""
        with self.between.hub.database.begin() as conn:
            rows = pages.telling(conn, self.id)
        return [entry.why for row in rows if row.account == account for entry in pages.cannot(row)]

    def story(self) -> list[str]:
        with self.between.hub.database.begin() as conn:
            return [line.text for line in pages.story(conn, self.id)]

    def operations(self) -> list[str]:
        """Our own writes, as the story tells them: "erp create_return"."""
        found: list[tuple[str, bool]] = []
        for text in self.story():
            if text.startswith("told "):
                name, in_part, _ = text.removeprefix("told ").partition(" (")[0].partition(", in part")
                if found and found[-1] == (name, True):  # the rest of what was begun
                    found.pop()
                found.append((name, bool(in_part)))
        return [name.replace(":", "") for name, _ in found]

    def tells(self, *parts: str) -> None:
        """The story tells all this, in this order."""
        story = iter(self.story())
        for part in parts:
            assert any(part in text for text in story), f"the story does not tell {part!r} there:\n{self.report()}"

    def report(self) -> str:
        """Everything worth reading when a test fails."""
        with self.between.hub.database.begin() as conn:
            rows = pages.search(conn, self.order["number"]).rows
            lines = [f"order {self.order['number']}, {len(rows)} return(s)"]
            for row in rows:
                lines += [f"R{row.id} is {row.doc.status}; {d.kind}: {d.text}" for d in row.doc.discrepancies]
                lines += [f"  {line.at:%H:%M:%S} {line.text}" for line in pages.story(conn, row.id)]
                for tell in pages.telling(conn, row.id):
                    lines.append(f"  {tell.account}: {tell.shown} {tell.why or ''} {tell.planned} {pages.cannot(tell)}")
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
        return self.between.wait(what, ready, report=self.report, **more)

    def settled(self, shown: Mapping[str, str] | None = None) -> Return:
        """Wait until everybody is told, look at everything once more (an echo would come now), and again."""
        wanted = dict(shown or {"web": "in_sync", "erp": "in_sync"})
        self.wait("everybody to be told", lambda: self.id and self.sync() == wanted)
        self.between.wait("the hub to be idle", self.between.idle, polls=(), report=self.report, seconds=IDLE)
        before = self.writes("web"), self.writes("erp")
        self.between.poll("web", "erp")
        self.between.sweep()
        self.between.wait("the hub to be idle", self.between.idle, polls=(), report=self.report, seconds=IDLE)
        assert (self.writes("web"), self.writes("erp")) == before, f"an echo\n{self.report()}"
        assert self.sync() == wanted, self.report()
        return self.merged

    # -- what people do

    def ask_back(self, lines: Mapping[str, int], reason: str = "too_small") -> str:
        """The customer asks in the shop."""
        asked = {self.order["items"][sku]: count for sku, count in lines.items()}
        self.in_web = self.between.shop.request_return(self.order["id"], asked, reason)
        return self.in_web

    def arrived_in_erp(self, polls: tuple[str, ...] = ("web",), **more: Any) -> int:
        """Wait for the hub's complaint, which comes of what the shop says."""
        found = self.wait("a complaint in Tryton", self.complaints, polls=polls, there=True, **more)
        waits = "the complaint to wait for a decision"
        self.wait(waits, lambda: self.complaint_state(found[0]) == "waiting", there=True, **more)
        self.complaint = found[0]
        return self.complaint

    def complaints(self) -> list[int]:
        """Every complaint in Tryton that carries our number."""
        if not self.id:
            return []
        return self.between.people.rpc.search("sale.complaint", [["reference", "like", f"R{self.id}-%"]])

    def approve(self) -> int:
        """A clerk approves; the hub brings it through to a shipment."""
        self.between.people.rpc.press("sale.complaint", self.complaint, "approve")
        self.wait("a return sale whose goods can come", lambda: self.merged.ready)
        self.return_sale = self.between.people.return_sale(self.complaint)
        return self.return_sale

    def arrive(self, good: Mapping[str, int], damaged: Mapping[str, int] | None = None) -> None:
        """The warehouse takes these pieces in."""
        self.between.people.arrive(self.return_sale, good, damaged)

    def received_in_shop(self, actions: int = 1, **more: Any) -> None:
        """Wait for the hub's receipts: so many confirmed actions in Medusa."""
        self.wait("the shop to have received it", lambda: len(self.shop_received()) == actions, there=True, **more)

    def credited_and_refunded(self, refunds: int = 1) -> None:
        """An accountant posts the credit note; wait for the hub's refund in the shop."""
        self.between.people.post_invoices(self.return_sale)
        self.wait("the refund in the shop", lambda: len(self.shop_refunds()) == refunds, there=True)

    # -- what the hub has to write for it, literally

    def entered(self) -> list[str]:
        """In Tryton, for a request."""
        return ["POST sale.complaint", f"POST sale.complaint/{self.complaint}/wait"]

    def brought_through(self) -> list[str]:
        """In Tryton, from a clerk's approval to a shipment."""
        return [f"POST sale.sale/{self.return_sale}/{step}" for step in ("quote", "confirm")]

    def received(self, *, placed: bool = False, items: Sequence[str] = ("receive-items",)) -> list[str]:
        """In Medusa, for one receipt; `placed`: the return had no location yet and is given one."""
        path = f"POST returns/{self.in_web}"
        place = [path] if placed else []
        return [f"{path}/receive", *place, *(f"{path}/{step}" for step in (*items, "receive/confirm"))]

    def refunded(self) -> list[str]:
        """In Medusa, for one refund."""
        return [f"POST payments/{self.order['payment']}/refund"]

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


def told_of(between: Between, number: int) -> str:
    """The story of one return, what is still to be told of it, and the last calls that failed."""
    with between.hub.database.begin() as conn:
        lines = [f"  {line.at:%H:%M:%S} {line.text}" for line in pages.story(conn, number)]
        for tell in pages.telling(conn, number):
            lines.append(f"  {tell.account}: {tell.shown} {tell.why or ''} {tell.planned} {pages.cannot(tell)}")
        failed = [call for call in pages.calls(conn, return_id=number, limit=60).rows if call.outcome != "ok"]
        lines += [f"  call {c.account} {c.what}: {c.outcome} {c.error}" for c in failed]
    return "\n".join([f"R{number}", *lines])
