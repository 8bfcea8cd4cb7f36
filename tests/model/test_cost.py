"""What a return costs grows with its lines and facts, and no faster: counted in steps of Python, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from hub.model.merge.merger import Merger
from hub.model.plan.planner import plan
from hub.model.schema.observation import DistinctFacts, DuplicateFacts, FactId, Observation, Party, Sibling
from hub.model.schema.operation import Outstanding
from hub.pipeline.process.story import changes
from tests.model.records import at, inputs, said, terms

SMALL, LARGE = 40, 160
MOST = 1.35
"""How much more than four times the lines may cost four times the lines: sorting has its logarithm."""
PARTIES = (Party(name="web", kind="storefront"), Party(name="erp", kind="erp", decides=True, orders_of="web"))
World = tuple[list[Observation], dict[str, Any]]


def shop_order(n: int, **more: Any) -> Observation:
    lines = [{"id": f"L{i}", "sku": f"S{i}", "quantity": 2, "shipped": 2, "price": "10"} for i in range(n)]
    paid = [{"id": "P", "captured": 20 * n, "currency": "EUR"}]
    return said(
        "web", "order", "O", 1, order={"number": "#1", "currency": "EUR", "lines": lines, "payments": paid}, **more
    )


def asked(n: int, id_: str = "R", *, sku: bool = False, **more: Any) -> Observation:
    lines = [
        {"line": f"{id_}{i}", "quantity": 1, **({"sku": f"S{i}"} if sku else {"order_line": f"L{i}"})} for i in range(n)
    ]
    order = {} if sku else {"orders": [{"type": "order", "value": "O"}]}
    return said(
        "web",
        "return",
        id_,
        2,
        **{"origin": "request", "authorization": {"value": "authorized"}, "lines": lines, **order, **more},
    )


def received(n: int, account: str = "erp", stream: str = "receipt", **more: Any) -> Observation:
    goods = [{"id": f"{i}", "sku": f"S{i}", "quantity": 1, "condition": "good"} for i in range(n)]
    return said(
        account, stream, "G", 3, receipts=goods, keys=[{"type": "return", "value": "R1", "issuer": "hub"}], **more
    )


def duplicates(n: int, kind: str) -> tuple[DuplicateFacts, ...]:
    names = (("web", "return", "R"), ("erp", "receipt", "G"))
    return tuple(DuplicateFacts(facts=frozenset(FactId(*name, kind, str(i)) for name in names)) for i in range(n))


def of_goods(n: int) -> World:
    return [asked(n, sku=True)], {}


def of_order(n: int) -> World:
    return [shop_order(n), asked(n), received(n)], {}


def ordered_twice(n: int) -> World:
    lines = [{"id": str(i), "sku": f"S{i}", "quantity": 2} for i in range(n)]
    sale = said("erp", "sale", "7", 1, order={"number": "#1", "lines": lines}, orders=[])
    refs = [
        {"id": str(i), "quantity": 2, "refs": [{"issuer": "web", "type": "order_line", "value": f"L{i}"}]}
        for i in range(n)
    ]
    other = said("pos", "order", "8", 1, order={"number": "#1", "lines": refs})
    return [shop_order(n), sale, other, asked(n), received(n)], {}


def of_kits(n: int) -> World:
    lines = [
        {"id": f"L{i}", "sku": f"K{i}", "quantity": 1, "components": [{"sku": f"S{i}", "quantity": 1}]}
        for i in range(n)
    ]
    order = said("web", "order", "O", 1, order={"number": "#1", "currency": "EUR", "lines": lines})
    return [order, asked(n), received(n)], {}


def refunded(n: int) -> World:
    parts = [{"amount": 10, "state": "succeeded", "payment": "P"}]
    allocated = [
        {
            "id": f"F{i}",
            "currency": "EUR",
            "parts": parts,
            "at": at(9),
            "allocations": [{"order_line": f"L{i}", "amount": 10}],
        }
        for i in range(n)
    ]
    whole = {
        "id": "F",
        "currency": "EUR",
        "parts": [{"amount": 10 * n, "state": "succeeded"}],
        "allocations": [{"order_line": f"L{i}", "amount": 10} for i in range(n)],
    }
    order = shop_order(n, refunds=[*allocated, whole])
    beside = Sibling("R2", (asked(n, "R2"), order))
    loose = said(
        "erp", "refund", "B", 4, refunds=[{"id": f"B{i}", "currency": "EUR", "parts": parts} for i in range(n)]
    )
    return [order, asked(n), loose], {"others": (beside,)}


def received_at_both(n: int) -> World:
    goods = [{"id": str(i), "order_line": f"L{i}", "quantity": 1, "condition": "good"} for i in range(n)]
    return [shop_order(n), asked(n, receipts=goods), received(n)], {"duplicates": duplicates(n, "receipts")}


def received_twice(n: int) -> World:
    """All of it one article, and nobody linked anything."""
    goods = [{"id": str(i), "order_line": "L0", "quantity": 1, "condition": "good"} for i in range(n)]
    more = [{"id": str(i), "sku": "S0", "quantity": 1, "condition": "good"} for i in range(n)]
    again = said("erp", "receipt", "G", 3, receipts=more, keys=[{"type": "return", "value": "R1", "issuer": "hub"}])
    apart = tuple(DistinctFacts(facts=one.facts) for one in duplicates(n, "receipts"))
    return [shop_order(n), asked(n, receipts=goods), again], {"distinct": apart}


def with_everything(n: int) -> World:
    lists: dict[str, Any] = {
        "evidence": [{"id": str(i), "url": f"https://h.test/{i}"} for i in range(n)],
        "notes": [{"id": str(i), "text": f"note {i}"} for i in range(n)],
        "deadlines": [{"at": at(9), "who": "system", "then": "auto_close"}],
        "shipments": [
            {"id": str(i), "direction": "return", "purpose": "return", "number": f"1Z{i}", "state": "lost"}
            for i in range(n)
        ],
        "inspections": [{"id": str(i), "order_line": f"L{i}", "quantity": 1, "result": "accepted"} for i in range(n)],
        "dispositions": [
            {"id": str(i), "order_line": f"L{i}", "quantity": 1, "disposition": "restock"} for i in range(n)
        ],
    }
    replaced = [{"id": str(i), "sku": f"S{i}", "quantity": 1} for i in range(n)]
    credits = [{"id": str(i), "state": "posted", "amount": 1, "currency": "EUR"} for i in range(n)]
    return [shop_order(n), asked(n, **lists), received(n, replacements=replaced, credits=credits)], {}


WORLDS = (of_goods, of_order, ordered_twice, of_kits, refunded, received_at_both, received_twice, with_everything)


def steps(do: Callable[[], object]) -> int:
    """How many instructions of Python's machine it takes."""
    count = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += event == "opcode"
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)
    return count


def cost(world: Callable[[int], World], n: int) -> dict[str, int]:
    observations, more = world(n)
    merger = Merger(observations, inputs(*PARTIES, number="R1", **more))
    counted = {"book": steps(lambda: Merger(observations, merger.inputs)), "merged": steps(merger.merged)}
    merged = merger.merged()
    for account, kind in (("web", "storefront"), ("erp", "erp")):
        counted[f"view of {account}"] = steps(lambda account=account: merger.of(account))
        view, agreed = merger.of(account), terms(account, kind, money=True)
        counted[f"plan for {account}"] = steps(lambda view=view, agreed=agreed: plan(merged, view, agreed, ()))
        operations = plan(merged, view, agreed, ())[0]
        for state in ("sent", "dead"):
            others = [Outstanding(operation=one, state=state) for one in operations]
            what = f"plan for {account}, {state}"
            counted[what] = steps(lambda v=view, t=agreed, o=others: plan(merged, v, t, o))
    counted["story"] = steps(lambda: changes(None, merged))
    return counted


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.__name__)
def test_four_times_the_lines_cost_four_times_the_steps(world: Callable[[int], World]) -> None:
    small, large = cost(world, SMALL), cost(world, LARGE)
    grown = {what: round(large[what] / small[what], 1) for what in small if large[what] > 20_000}
    assert {what: ratio for what, ratio in grown.items() if ratio > LARGE / SMALL * MOST} == {}
