"""Simulated systems for the properties: what a shop, an ERP, a warehouse and a till may say of one return."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from hub.model.language.words import Condition
from hub.model.schema.observation import DuplicateFacts, FactId, MergeInputs, Observation, Party
from tests.model.records import at, said

ACCOUNTS = {
    "web": Party(name="web", kind="storefront", holds_money=True),
    "erp": Party(name="erp", kind="erp", decides=True, orders_of="web"),
    "wms": Party(name="wms", kind="wms"),
    "till": Party(name="till", kind="pos", holds_money=True),
}
LINES = ("A", "B", "C")
PRICE = Decimal("10.00")

conditions: st.SearchStrategy[Condition] = st.sampled_from(["good", "damaged", "unknown"])


@dataclass
class Simulation:
    """Observations and the duplicates that are known among their facts."""

    observations: list[Observation]
    inputs: MergeInputs
    older: list[Observation] = field(default_factory=list)
    """Earlier readings of the same objects; they may arrive late."""


def _order_lines(account: str) -> list[dict[str, Any]]:
    return [
        {"id": f"{account}_{name}", "quantity": 4, "sku": f"SKU-{name}", "price": PRICE if account == "web" else None}
        for name in LINES
    ]


def orders(captured: Decimal = Decimal(120), refunds: Any = (), refunded: Decimal | None = None) -> list[Observation]:
    """The order as the shop and the ERP tell it, and its payment."""
    return [
        said("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
             order={"number": "12", "currency": "EUR", "lines": _order_lines("web")}),
        said("web", "payment", "p1", orders=[{"type": "order", "value": "o1"}], refunds=refunds,
             order={"payments": [{"id": "p1", "captured": captured, "currency": "EUR", "refunded": refunded}]}),
        said("erp", "sale", "s1", keys=[{"issuer": "web", "type": "order_number", "value": "12"}],
             order={"number": "12", "lines": _order_lines("erp")}),
    ]  # fmt: skip


def _line(account: str, name: str) -> dict[str, str]:
    """The line as this account names it: the warehouse and the till know only what the label says."""
    return {"order_line": f"{account}_{name}"} if account in ("web", "erp") else {"sku": f"SKU-{name}"}


@st.composite
def receipts(draw: Any, account: str) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(LINES), max_size=3))
    return [
        {"id": f"r{i}", **_line(account, name), "quantity": draw(st.integers(1, 2)), "condition": draw(conditions)}
        for i, name in enumerate(names)
    ]


@st.composite
def requests(draw: Any, account: str) -> dict[str, Any]:
    """A record that may found the return."""
    names = draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=3, unique=True))
    stream, order = ("order", "o1") if account == "web" else ("sale", "s1")
    fields: dict[str, Any] = {
        "origin": "request",
        "requested_at": at(9, draw(st.integers(0, 30))),
        "orders": [{"type": stream, "value": order}],
        "lines": [{"line": f"l{n}", **_line(account, n), "quantity": draw(st.integers(1, 4))} for n in names],
    }
    value = draw(st.sampled_from([None, "requested", "authorized", "rejected", "cancelled", "needs_info"]))
    if value is not None:
        fields["authorization"] = {
            "value": value,
            "at": draw(st.sampled_from([None, at(10), at(11)])),
            "round": draw(st.integers(1, 2)),
            "ruling": draw(st.booleans()) and account == "web",
        }
    if draw(st.booleans()):
        fields["agreed"] = draw(st.integers(0, 150).map(Decimal))
    return fields


@st.composite
def money(draw: Any) -> list[dict[str, Any]]:
    states = st.sampled_from(["succeeded", "pending", "failed"])
    return [
        {
            "id": f"m{index}",
            "currency": draw(st.sampled_from(["EUR", "EUR", "EUR", "USD"])),
            "at": at(12),
            "parts": [{"amount": draw(st.integers(1, 60)), "state": draw(states)}],
        }
        for index in range(draw(st.integers(0, 2)))
    ]


@st.composite
def simulations(draw: Any) -> Simulation:
    """Up to four systems, each with several objects; some facts are known to be duplicates."""
    first = draw(requests("web"))
    made = [*orders(refunds=draw(money())), said("web", "return", "w1", 5, **first, receipts=draw(receipts("web")))]
    older = []
    if draw(st.booleans()):
        older.append(said("web", "return", "w1", 3, **draw(requests("web")), receipts=draw(receipts("web"))))
        older.append(said("web", "return", "w1", 4, **draw(requests("web")), receipts=draw(receipts("web"))))
    key = [{"issuer": "hub", "type": "return", "value": "R1"}]
    if draw(st.booleans()):
        made.append(said("erp", "complaint", "c1", 6, **draw(requests("erp")), keys=key))
        for number in range(draw(st.integers(0, 2))):
            made.append(said("erp", "shipment", f"s{number}", keys=key, receipts=draw(receipts("erp"))))
        if draw(st.booleans()):
            state, amount = draw(st.sampled_from(["draft", "posted"])), draw(st.integers(1, 150))
            credit = {"id": "n1", "state": state, "amount": amount, "currency": "EUR"}
            made.append(said("erp", "note", "n1", keys=key, credits=[credit]))
    if draw(st.booleans()):
        sku, count = f"SKU-{draw(st.sampled_from(LINES))}", draw(st.integers(1, 3))
        put = [{"id": "d0", "sku": sku, "quantity": count, "disposition": "restock"}]
        made.append(said("wms", "arrival", "a1", keys=key, receipts=draw(receipts("wms")), dispositions=put))
    if draw(st.booleans()):
        made.append(said("till", "counter", "t1", keys=key, refunds=draw(money()), receipts=draw(receipts("till"))))
    if draw(st.booleans()):
        word = {"value": draw(st.sampled_from(["authorized", "rejected"])), "by": "ann", "at": at(13)}
        made.append(said("hub", "act", "h1", authorization=word))
    return Simulation(made, MergeInputs(parties=ACCOUNTS, duplicates=tuple(draw(duplicates(made))), number="R1"), older)


def _goods(fact: Any) -> str:
    """Which goods a fact is about, whatever the account calls them; money is about none."""
    return str(getattr(fact, "order_line", None) or getattr(fact, "sku", None) or "")[-1:]


@st.composite
def duplicates(draw: Any, observations: list[Observation]) -> list[DuplicateFacts]:
    """Some pairs of facts of different accounts, as a write of ours would have recorded them."""
    result = []
    for kind in ("receipts", "refunds"):
        facts: list[tuple[FactId, str]] = [
            (FactId(o.account, o.stream, o.external_id, kind, fact.id), _goods(fact))
            for o in observations
            for fact in getattr(o.fragment, kind) or ()
        ]
        pairs = [(a, b) for a, x in facts for b, y in facts if a.account < b.account and x == y]
        for one, other in draw(st.lists(st.sampled_from(pairs), max_size=2)) if pairs else ():
            result.append(DuplicateFacts(frozenset({one, other})))
    return result
