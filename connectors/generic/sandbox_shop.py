"""The custom shop's own books: orders, returns, and what it does when it is told something. Everything is simulated."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.kit.sandbox import Refuse

Record = dict[str, Any]
PRICES = {"MUG": "12.50", "TEAPOT": "39.00"}
BROKEN = ("damaged", "defective")


class Shop:
    """`changed(stream, record)` is called with every record that changed."""

    capped = True
    """Whether no more goes back than was paid; a test of who protects whom turns it off."""

    def __init__(self, changed: Callable[[str, Record], None]) -> None:
        self.orders: dict[str, Record] = {}
        self.returns: dict[str, Record] = {}
        self._changed = changed
        self._numbers = itertools.count(1)
        self.clock = 0
        self.ours = False
        """Whether it names what the hub tells by the hub's ids, instead of giving ids of its own."""

    def find(self, stream: str, name: str) -> Record:
        """The record, or 404."""
        books: Mapping[str, dict[str, Record]] = {"order": self.orders, "return": self.returns}
        if name not in books.get(stream, {}):
            raise Refuse(404, {"message": f"there is no {stream} {name}"})
        return books[stream][name]

    def changed(self, stream: str, record: Record) -> Record:
        """Its version moves, and whoever listens is told."""
        self.clock += 1
        record["version"] = self.clock
        self._changed(stream, record)
        return record

    # -- what people do

    def buy(self, lines: Mapping[str, int]) -> Record:
        """A customer buys, pays and gets it."""
        name = f"ORD-{next(self._numbers)}"
        bought = [
            {"id": f"{name}-{n}", "sku": sku, "quantity": count, "shipped": count, "price": PRICES[sku]}
            for n, (sku, count) in enumerate(lines.items(), 1)
        ]
        total = sum((Decimal(PRICES[sku]) * count for sku, count in lines.items()), Decimal(0))
        paid = {"id": f"PAY-{name}", "captured": str(total), "refunded": "0"}
        order: Record = {"id": name, "number": f"#{name}", "currency": "EUR", "placed_at": now(), "total": str(total)}
        self.orders[name] = {**order, "lines": bought, "payments": [paid]}
        return self.changed("order", self.orders[name])

    def ask_back(self, order_id: str, lines: Mapping[str, int], reason: str) -> Record:
        """A customer asks to return; `lines`: order line id to quantity."""
        asked = [{"order_line": line, "quantity": count, "reason": reason} for line, count in lines.items()]
        return self._open(self.find("order", order_id), asked, None)

    def _open(self, order: Record, asked: list[Record], hub_number: str | None) -> Record:
        name = f"RET-{next(self._numbers)}"
        sold = {line["id"]: line for line in order["lines"]}
        lines = []
        for n, wanted in enumerate(asked, 1):
            line = sold.get(wanted.get("order_line") or "") or next(
                (line for line in sold.values() if line["sku"] == wanted.get("sku")), None
            )
            if line is None:
                raise Refuse(422, {"message": f"order {order['number']} has no line {wanted}"})
            if Decimal(wanted["quantity"]) > line["quantity"]:
                raise Refuse(422, {"message": f"of {line['sku']} only {line['quantity']} were bought"})
            lines.append(
                {
                    "id": f"{name}-{n}",
                    "order_line": line["id"],
                    "sku": line["sku"],
                    "quantity": str(wanted["quantity"]),
                    "reason": wanted.get("reason"),
                    "resolution": wanted.get("resolution") or "refund",
                    "amount": str(Decimal(line["price"]) * Decimal(wanted["quantity"])),
                }
            )
        record: Record = {
            "id": name,
            "number": name,
            "hub_number": hub_number,
            "order": {"id": order["id"], "number": order["number"]},
            "currency": order["currency"],
            "requested_at": now(),
            "status": "requested",
            "authorization": {"value": "requested"},
            "closure": {"value": "open"},
            "lines": lines,
            **{kind: [] for kind in ("receipts", "dispositions", "shipments", "refunds", "replacements", "notes")},
        }
        self.returns[name] = record
        return self.changed("return", record)

    # -- what the hub tells: each gives the record that changed, and the twins it made

    def create_return(self, data: Record) -> tuple[Record, list[Record]]:
        number = (data.get("order") or {}).get("number")
        order = next((order for order in self.orders.values() if order["number"] == number), None)
        if order is None:
            raise Refuse(422, {"message": f"there is no order {number}"})
        return self._open(order, data["lines"], data["hub_number"]), []

    def decide(self, data: Record) -> tuple[Record, list[Record]]:
        record, value = self._mine(data), data["authorization"]
        if record["receipts"] and value in ("rejected", "cancelled"):
            raise Refuse(422, {"message": f"goods of {record['id']} have arrived; it cannot be {value} any more"})
        record["authorization"] = {"value": value, "by": data.get("by"), "at": now()}
        record["status"] = value
        return self.changed("return", record), []

    def judge(self, data: Record) -> tuple[Record, list[Record]]:
        record = self._mine(data)
        record["acceptance"] = {"value": data["acceptance"], "at": now()}
        return self.changed("return", record), []

    def close(self, data: Record) -> tuple[Record, list[Record]]:
        record = self._mine(data)
        record["closure"] = {"value": "closed", "at": now()}
        return self.changed("return", record), []

    def receive(self, data: Record) -> tuple[Record, list[Record]]:
        """Totals, never deltas: what stands there already is not booked again."""
        record = self._mine(data)
        made, booked = [], []
        for said in data["lines"]:
            line = self._line(record, said)
            before = [receipt for receipt in record["receipts"] if receipt["line"] == line["id"]]
            total, damaged = Decimal(said["totals"]["received"]), Decimal(said["totals"].get("damaged", 0))
            if total > Decimal(line["quantity"]):
                raise Refuse(422, {"message": f"only {line['quantity']} of {line['sku']} were to come back"})
            broken = sum((Decimal(r["quantity"]) for r in before if r["condition"] in BROKEN), Decimal(0))
            good = sum((Decimal(r["quantity"]) for r in before), Decimal(0)) - broken
            for condition, new in (("good", total - damaged - good), ("damaged", damaged - broken)):
                if new > 0:
                    name = self._named("RC", said)
                    booked.append(
                        {"id": name, "line": line["id"], "quantity": str(new), "condition": condition, "at": now()}
                    )
                    made += [{"kind": "receipts", "id": name, "fact": fact} for fact in said.get("facts", ())]
        record["receipts"] += booked
        return self.changed("return", record), made

    def refund(self, data: Record) -> tuple[Record, list[Record]]:
        record = self._mine(data)
        order = self.find("order", record["order"]["id"])
        payment = next((p for p in order["payments"] if p["id"] == data["payment"]), None)
        left = Decimal(payment["captured"]) - Decimal(payment["refunded"]) if payment else Decimal(0)
        if payment is None or (self.capped and Decimal(data["amount"]) > left):
            raise Refuse(422, {"message": f"{data['amount']} is more than was paid"})
        payment["refunded"] = str(Decimal(payment["refunded"]) + Decimal(data["amount"]))
        made = self._refunded(record, data, payment["id"], "original")
        self.changed("order", order)
        return self.changed("return", record), made

    def record_refund(self, data: Record) -> tuple[Record, list[Record]]:
        record = self._mine(data)
        made = self._refunded(record, data, None, data.get("method") or "offline")
        return self.changed("return", record), made

    def dispose(self, data: Record) -> tuple[Record, list[Record]]:
        record, made = self._mine(data), []
        for said in data["lines"]:
            name = self._named("DP", said)
            put = {key: said[key] for key in ("quantity", "disposition", "location") if key in said}
            record["dispositions"].append({"id": name, "line": self._line(record, said)["id"], **put, "at": now()})
            made += [{"kind": "dispositions", "id": name, "fact": fact} for fact in said["facts"]]
        return self.changed("return", record), made

    def add_tracking(self, data: Record) -> tuple[Record, list[Record]]:
        record, direction = self._mine(data), str(data.get("direction", "return"))
        name = self._named("PCL", data)
        purpose = "return" if direction == "return" else "replacement"
        parcel: Record = {key: data[key] for key in ("carrier", "number", "url") if key in data}
        record["shipments"].append({"id": name, "direction": direction, "purpose": purpose, **parcel})
        return self.changed("return", record), _twins("shipments", name, data)

    def note(self, data: Record) -> tuple[Record, list[Record]]:
        record, name = self._mine(data), self._named("NT", data)
        record["notes"].append({"id": name, "text": data["text"], "speaker": data.get("speaker", "system")})
        return self.changed("return", record), _twins("notes", name, data)

    # -- small ones

    def _named(self, kind: str, said: Record) -> str:
        facts = said.get("facts") or ()
        return str(facts[0]) if self.ours and facts else f"{kind}-{next(self._numbers)}"

    def _mine(self, data: Record) -> Record:
        name = data.get("return")
        if name not in self.returns:
            raise Refuse(422, {"message": f"there is no return {name}"})
        return self.returns[name]

    @staticmethod
    def _line(record: Record, said: Record) -> Record:
        for line in record["lines"]:
            if said.get("line") == line["id"] or not said.get("line") and said.get("order_line") == line["order_line"]:
                return line
        raise Refuse(422, {"message": f"{record['id']} has no line {said.get('line') or said.get('order_line')}"})

    def _refunded(self, record: Record, data: Record, payment: str | None, method: str) -> list[Record]:
        name = self._named("RF", data)
        part = {"amount": data["amount"], "state": "succeeded", "payment": payment, "method": method}
        record["refunds"].append({"id": name, "currency": data["currency"], "at": now(), "parts": [part]})
        return _twins("refunds", name, data)


def _twins(kind: str, name: str, data: Record) -> list[Record]:
    return [{"kind": kind, "id": name, "fact": fact} for fact in data.get("facts", ())]


def now() -> str:
    return datetime.now(UTC).isoformat()
