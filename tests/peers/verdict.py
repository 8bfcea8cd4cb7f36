"""What a scenario came to, asked of both servers: right, differing with a way out, without one, or wrong and silent.

The hub's own journal is no witness for what happened; it is only asked what it tells a person, and what that person
could do about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.kit.marks import Mark
from hub.demo.tryton_people import RETURN
from hub.model.schema.returns import Return
from hub.store import console as pages
from hub.store import intents, reviews
from tests.peers.scenario import Scenario

RIGHT, ASKED, STUCK, SILENT = "right", "differs, with a way out", "explained, no way out", "wrong and silent"
ENDED = ("cancelled", "rejected")


@dataclass
class Verdict:
    word: str
    differences: list[str]
    ways_out: list[str]
    words: list[str]
    """What is said without a way out."""
    found: list[tuple[int, Return]] = field(repr=False)

    def text(self) -> str:
        parts = [self.word.upper()]
        for title, listed in (("differs", self.differences), ("way out", self.ways_out), ("says", self.words)):
            parts += [f"  {title}: {one}" for one in listed]
        return "\n".join(parts)


def judge(scenario: Scenario) -> Verdict:
    """Compare both servers, then see what a person is told and offered."""
    found = list(_returns(scenario))
    differences = [*_goods(scenario), *_money(scenario), *_cases(scenario), *_statuses(found), *_drafts(scenario)]
    ways, words = _told(scenario, found)
    if not differences:
        word = RIGHT
    elif ways:
        word = ASKED
    else:
        word = STUCK if words else SILENT
    return Verdict(word, differences, ways, words, found)


# -- what both servers say


def _goods(scenario: Scenario) -> Iterator[str]:
    """What came, by article: in the shop and in the warehouse."""
    sku_of = {item: sku for sku, item in scenario.order["items"].items()}
    for item in scenario.shop.order(scenario.order["id"])["items"]:
        sku_of[item["id"]] = item["variant_sku"]
    shop: Counter[str] = Counter()
    # The returns' own items hold the last round alone (2.21.2); what was confirmed stands in the order's changes.
    for change in scenario.shop.admin("GET", f"/admin/orders/{scenario.order['id']}/changes")["order_changes"]:
        for action in change["actions"] if change["status"] == "confirmed" else ():
            if action["action"].startswith("RECEIVE_"):
                item, quantity = action["details"]["reference_id"], action["details"]["quantity"]
                shop[sku_of.get(item, item)] += int(quantity)
    erp = _arrived(scenario)
    for sku in sorted({*shop, *erp}):
        if shop[sku] != erp[sku]:
            yield f"goods {sku}: the shop received {shop[sku]}, the warehouse {erp[sku]}"


def _arrived(scenario: Scenario) -> Counter[str]:
    rpc, found = scenario.rpc, Counter[str]()
    for sale in scenario.return_sales():
        for shipment in rpc.read("sale.sale", sale, "shipment_returns")["shipment_returns"]:
            for move in rpc.read(RETURN, shipment, "incoming_moves")["incoming_moves"]:
                said = rpc.read("stock.move", move, "product.code", "quantity", "state")
                if said["state"] == "done":
                    found[said["product."]["code"]] += int(said["quantity"])
    return found


def credited(scenario: Scenario) -> Decimal:
    """What the posted credit notes of this order come to, less what is sent instead of goods that came back."""
    rpc, total, seen = scenario.rpc, Decimal(0), set()
    for sale in scenario.return_sales():
        seen |= set(rpc.search("account.invoice", [["sales", "=", sale], ["state", "in", ["posted", "paid"]]]))
        for line in rpc.read("sale.sale", sale, "lines")["lines"]:
            sent = rpc.read("sale.line", line, "quantity", "amount")
            if (sent["quantity"] or 0) > 0:  # sent instead of what came back: invoiced, not paid out
                total -= Decimal(sent["amount"]["decimal"])
    for complaint in scenario.complaints():
        for action in complaint["actions"]:
            result = rpc.read("sale.complaint.action", action, "result")["result"] or ""
            if result.startswith("account.invoice"):
                wanted = [["id", "=", int(result.split(",")[1])], ["state", "in", ["posted", "paid"]]]
                seen |= set(rpc.search("account.invoice", wanted))
    for invoice in seen:
        total -= Decimal(rpc.read("account.invoice", invoice, "total_amount")["total_amount"]["decimal"])
    return total


def refunded(scenario: Scenario) -> Decimal:
    """What went back on the order's payment."""
    found = scenario.shop.refunds(scenario.order["payment"])
    return sum((Decimal(str(amount)) for amount, _ in found), Decimal(0))


def by_hand(scenario: Scenario) -> Decimal:
    """What a clerk refunded in the shop: it bears no mark of ours."""
    found = scenario.shop.refunds(scenario.order["payment"])
    return sum((Decimal(str(amount)) for amount, note in found if not Mark.read(note)), Decimal(0))


def _money(scenario: Scenario) -> Iterator[str]:
    """Paid is what the books credit, up to what was captured; a clerk's own refund is not paid a second time."""
    paid, owed, given = refunded(scenario), credited(scenario), by_hand(scenario)
    captured = scenario.shop.admin("GET", f"/admin/payments/{scenario.order['payment']}")["payment"]["amount"]
    wanted = min(max(owed, given), Decimal(str(captured)))
    if paid != wanted:
        yield f"money: {paid} went back (by hand {given}), the books owe {owed}"


def _cases(scenario: Scenario) -> Iterator[str]:
    """Each case on one side stands on the other, alive or ended alike. A mere credit needs no return in the shop."""
    alive = [r for r in scenario.returns_there() if r["status"] not in ("canceled", "open")]
    cases = [c for c in scenario.complaints() if c["origin"].startswith("sale.sale")]
    going = [c for c in cases if c["state"] not in ENDED]
    called_off = [c for c in going if c["state"] == "done" and _called_off(scenario, c)]
    if len(alive) != len(going) - len(called_off):
        there = ", ".join(f"{r['id'][-6:]} {r['status']}" for r in scenario.returns_there())
        here = ", ".join(f"{c['id']} {c['state']}" for c in cases)
        yield f"cases: the shop has {len(alive)} alive ({there}), the ERP {len(going)} ({here})"


def _called_off(scenario: Scenario, complaint: dict[str, Any]) -> bool:
    sales = scenario.rpc.search("sale.sale", [["origin", "=", f"sale.complaint,{complaint['id']}"]])
    states = [scenario.rpc.read("sale.sale", sale, "state")["state"] for sale in sales]
    return bool(states) and all(state == "cancelled" for state in states)


def _drafts(scenario: Scenario) -> Iterator[str]:
    """Nothing of the hub's may stay open in the shop: it would lock the order for everybody."""
    changes = scenario.shop.admin("GET", f"/admin/orders/{scenario.order['id']}/changes")["order_changes"]
    for change in changes:
        if change["status"] in ("pending", "requested") and Mark.read(change["internal_note"]):
            yield f"draft: {change['change_type']} {change['id']} is open in the shop ({change['internal_note']})"


def _statuses(found: list[tuple[int, Return]]) -> Iterator[str]:
    for number, ret in found:
        if ret.status == "completed" and ret.money.due > 0:
            yield f"status: R{number} is completed and {ret.money.due} are due"


# -- what a person is told


def _returns(scenario: Scenario) -> Iterator[tuple[int, Return]]:
    with scenario.between.hub.database.begin() as conn:
        for row in pages.search(conn, scenario.order["number"]).rows:
            if any(order.ids.get("web") == scenario.order["id"] for order in row.doc.orders):
                yield row.id, row.doc


def _told(scenario: Scenario, found: list[tuple[int, Return]]) -> tuple[list[str], list[str]]:
    """(what a person can act on, what is only said)."""
    ways, words = [], []
    numbers = {number for number, _ in found}
    with scenario.between.hub.database.begin() as conn:
        for question in reviews.open_reviews(conn):
            if numbers & set(question["returns"]):
                ways.append(f"question {question['kind']}: {question['text']}")
        for number, ret in found:
            for discrepancy in ret.discrepancies:
                if discrepancy.choices:
                    offered = ", ".join(choice.text for choice in discrepancy.choices)
                    ways.append(f"R{number} {discrepancy.kind}: {discrepancy.text} [{offered}]")
                else:
                    words.append(f"R{number} {discrepancy.kind}: {discrepancy.text}")
            for intent in intents.unfinished(conn, [number]).get(number, []):
                if intent.state == "dead":
                    ways.append(f"R{number} dead letter {intent.account} {intent.kind}: {intent.error}")
            for row in pages.telling(conn, number):
                for rest in pages.cannot(row):
                    said = f"R{number} {row.account} cannot hear {rest.fact}: {rest.why}"
                    (ways if rest.question else words).append(said)
                if row.shown in ("pending", "awaiting"):
                    words.append(f"R{number} {row.account} is {row.shown}: {row.why} {row.planned}")
    return ways, words
