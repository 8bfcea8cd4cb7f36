"""Whatever goes back on an order, by whom and however it is named: the hub never pays twice, and never leaves unpaid in silence.

Simulated: an order with lines, two returns of it, and refunds that people made for one return, for the other, or for
neither, at the shop or at a till, naming as much of that as their system can say. What they were really for is known here
and not to the hub.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.model.merge.merger import merge, view
from hub.model.plan.planner import plan
from hub.model.schema.observation import DuplicateFacts, FactId, MergeInputs, Observation, Party, Sibling
from hub.model.schema.operation import Terms
from hub.model.schema.returns import Return
from tests.model.records import at, said, terms

PRICE = {"A": Decimal(10), "B": Decimal("12.50")}
SOLD = {"A": 4, "B": 2}
LEVELS = ("return", "line", "order", "total")
"""What a refund names: the return, the lines, only the order; or a payment's total moves and nothing names it."""


@dataclass
class Paid:
    """Money that people gave back. `true`: the return it was for; None: something else."""

    id: str
    account: str
    level: str
    true: str | None
    pieces: dict[str, int]
    hour: int
    amount: Decimal

    def record(self) -> dict[str, Any]:
        word = "order_line" if self.account == "web" else "sku"
        lines = [{word: line, "quantity": n, "amount": PRICE[line] * n} for line, n in self.pieces.items()]
        if self.level == "return":
            lines = [{**line, "return_id": self.true} for line in lines]
        part = {"amount": self.amount, "state": "succeeded", "payment": "p1" if self.account == "web" else None}
        allocations = lines if self.level in ("return", "line") else []
        return {"id": self.id, "currency": "EUR", "at": at(self.hour), "parts": [part], "allocations": allocations}


@dataclass
class Case:
    """An order with its returns, and the hub that pays by its plan."""

    returns: dict[str, dict[str, int]]
    began: dict[str, int]
    paid: list[Paid]
    oldest: bool
    by_hub: list[tuple[str, Decimal]] = field(default_factory=list)

    def owed(self, name: str) -> Decimal:
        return sum((PRICE[line] * n for line, n in self.returns[name].items()), Decimal(0))

    def records(self, name: str) -> list[Observation]:
        """What is this return's own: the request at the shop, its receipt, the ERP's credit."""
        lines = [{"order_line": line, "quantity": n} for line, n in self.returns[name].items()]
        came = [{"id": f"{name}{line}", "order_line": line, "quantity": n} for line, n in self.returns[name].items()]
        number = f"R{name[-1]}"
        credit = {"id": f"c{name}", "state": "posted", "amount": self.owed(name), "currency": "EUR"}
        key = [{"issuer": "hub", "type": "return", "value": number}]
        return [
            said("web", "return", name, origin="request", requested_at=at(self.began[name]),
                 orders=[{"type": "order", "value": "o1"}], lines=lines, receipts=came,
                 authorization={"value": "authorized"}),
            said("erp", "note", f"n{name}", keys=key, credits=[credit]),
        ]  # fmt: skip

    def shared(self) -> list[Observation]:
        lines = [{"id": line, "quantity": n, "sku": line, "price": PRICE[line]} for line, n in SOLD.items()]
        web = [paid for paid in self.paid if paid.account == "web"]
        at_shop = [paid.record() for paid in web if paid.level != "total"]
        at_shop += [
            {"id": f"h{i}", "currency": "EUR", "at": at(20), "reference": number,
             "parts": [{"amount": amount, "state": "succeeded", "payment": "p1"}]}
            for i, (number, amount) in enumerate(self.by_hub)
        ]  # fmt: skip
        moved = sum((p.amount for p in web), Decimal(0)) + sum((a for _, a in self.by_hub), Decimal(0))
        captured = sum(PRICE[line] * n for line, n in SOLD.items())
        order = [{"type": "order", "value": "o1"}]
        records = [
            said("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
                 order={"number": "12", "currency": "EUR", "lines": lines}),
            said("web", "payment", "p1", orders=order, refunds=at_shop,
                 order={"payments": [{"id": "p1", "captured": captured, "currency": "EUR", "refunded": moved}]}),
        ]  # fmt: skip
        here = [{"issuer": "web", "type": "order_number", "value": "12"}]
        return records + [
            said("till", "refund", paid.id, orders=here, refunds=[paid.record()])
            for paid in self.paid
            if paid.account == "till"
        ]

    def inputs(self, name: str) -> MergeInputs:
        parties = {
            "web": Party(name="web", kind="storefront", holds_money=True, auto_authorize=True,
                         unplaced_refunds="oldest" if self.oldest else "ask"),
            "till": Party(name="till", kind="pos", orders_of="web", unplaced_refunds="oldest" if self.oldest else "ask"),
            "erp": Party(name="erp", kind="erp", orders_of="web"),
        }  # fmt: skip
        others = tuple(Sibling(f"R{other[-1]}", tuple(self.records(other))) for other in self.returns if other != name)
        duplicates = tuple(
            DuplicateFacts(frozenset({FactId("web", "payment", "p1", "refunds", f"h{i}")}))
            for i, (number, _) in enumerate(self.by_hub)
            if number == f"R{name[-1]}"
        )
        return MergeInputs(parties=parties, number=f"R{name[-1]}", others=others, duplicates=duplicates)

    def seen(self, name: str) -> list[Observation]:
        return [*self.records(name), *self.shared()]

    def merged(self, name: str) -> Return:
        return merge(self.seen(name), self.inputs(name))

    def run(self) -> None:
        """The hub pays what it plans, return by return, until nothing is planned."""
        for _ in range(6):
            before = len(self.by_hub)
            for name in self.returns:
                seen, inputs = self.seen(name), self.inputs(name)
                operations, _ = plan(merge(seen, inputs), view(seen, inputs, "web"), WEB, ())
                for operation in operations:
                    if operation.kind == "refund":
                        assert operation.amount is not None
                        self.by_hub.append((f"R{name[-1]}", operation.amount))
            if len(self.by_hub) == before:
                return
        raise AssertionError("the hub never comes to rest")

    def given(self, name: str) -> Decimal:
        hub = sum((amount for number, amount in self.by_hub if number == f"R{name[-1]}"), Decimal(0))
        return hub + sum((paid.amount for paid in self.paid if paid.true == name), Decimal(0))


WEB: Terms = terms("web", "storefront", sells=True, money=True, silent=frozenset({"authorization", "closure"}))


@st.composite
def cases(draw: Any, *, oldest: bool = False) -> Case:
    names = ["w1", "w2"][: draw(st.integers(1, 2))]
    free = dict(SOLD)
    returns: dict[str, dict[str, int]] = {}
    for name in names:
        lines = {}
        for line in draw(st.lists(st.sampled_from(sorted(SOLD)), min_size=1, max_size=2, unique=True)):
            if free[line]:
                lines[line] = draw(st.integers(1, free[line]))
                free[line] -= lines[line]
        if lines:
            returns[name] = lines
    assume(returns)
    began = {name: draw(st.sampled_from([9, 12])) for name in returns}
    paid: list[Paid] = []
    rest = {name: dict(lines) for name, lines in returns.items()} | {"": free}
    for index in range(draw(st.integers(0, 3))):
        true = draw(st.sampled_from(["", *returns]))
        pieces = {line: draw(st.integers(0, n)) for line, n in rest[true].items()}
        pieces = {line: n for line, n in pieces.items() if n}
        if not pieces:
            continue
        for line, n in pieces.items():
            rest[true][line] -= n
        level = draw(st.sampled_from(LEVELS if true else LEVELS[1:]))
        account = "web" if level in ("return", "total") else draw(st.sampled_from(["web", "till"]))
        amount = sum((PRICE[line] * n for line, n in pieces.items()), Decimal(0))
        hour = draw(st.sampled_from([7, 10, 14]))
        paid.append(Paid(f"x{index}", account, level, true or None, pieces, hour, amount))
    return Case(returns, began, paid, oldest)


def asked(merged: Return) -> bool:
    return any(discrepancy.freezes for discrepancy in merged.discrepancies)


@given(cases())
def test_never_paid_twice_and_never_left_unpaid_in_silence(case: Case) -> None:
    case.run()
    # For pieces of one line it is all the same to the customer which of two returns they were paid under.
    given, owed = sum(map(case.given, case.returns), Decimal(0)), sum(map(case.owed, case.returns), Decimal(0))
    assert given <= owed, "paid twice"
    if given < owed:
        open_ = [merged for name in case.returns if asked(merged := case.merged(name)) or merged.money.due > 0]
        shown = any(r.value.allocations for name in case.returns for r in case.merged(name).refunds)
        assert open_ or (shown and any(paid.level == "line" and not paid.true for paid in case.paid)), "left unpaid"
    for name in case.returns:
        if all(paid.level == "return" for paid in case.paid if paid.true):
            assert case.given(name) <= case.owed(name)
    total = sum((amount for _, amount in case.by_hub), Decimal(0)) + sum((p.amount for p in case.paid), Decimal(0))
    assert total <= sum(PRICE[line] * n for line, n in SOLD.items())


@given(cases())
def test_what_names_its_return_needs_no_question_and_the_rest_is_paid(case: Case) -> None:
    assume(all(paid.true for paid in case.paid))
    for paid in case.paid:
        paid.level, paid.account = "return", "web"
    case.run()
    for name in case.returns:
        merged = case.merged(name)
        assert case.given(name) == case.owed(name)
        assert (merged.money.due, asked(merged), merged.axes.settlement) == (0, False, "settled")


@given(cases(oldest=True))
def test_the_terms_that_answer_in_advance_leave_no_question_and_no_sum_above_what_is_owed(case: Case) -> None:
    for paid in case.paid:
        if paid.level == "line":
            paid.level = "order"
    case.run()
    for name in case.returns:
        merged = case.merged(name)
        asks = {discrepancy.kind for discrepancy in merged.discrepancies if discrepancy.freezes}
        assert asks <= {"possible_duplicates"}, "two systems that tell the same sum are another question"
        assert merged.money.due == 0 or asks
        assert merged.money.refunded == merged.money.agreed or asks


@given(cases(), st.randoms(use_true_random=False))
def test_in_whatever_order_it_is_heard_the_money_is_placed_alike(case: Case, chance: random.Random) -> None:
    name = next(iter(case.returns))
    seen, inputs = case.seen(name), case.inputs(name)
    expected = msgspec.json.encode(merge(seen, inputs))
    chance.shuffle(seen)
    others = list(inputs.others)
    chance.shuffle(others)
    inputs = msgspec.structs.replace(inputs, others=tuple(others))
    assert msgspec.json.encode(merge(seen, inputs)) == expected


@given(cases())
def test_no_piece_of_money_counts_for_two_returns(case: Case) -> None:
    counted: dict[str, Decimal] = {}
    for name in case.returns:
        for refund in case.merged(name).refunds:
            counted[refund.id] = counted.get(refund.id, Decimal(0)) + refund.amount
    for fact, amount in counted.items():
        whole = next((paid.amount for paid in case.paid if fact.endswith(f"/{paid.id}")), None)
        assert whole is None or amount <= whole, fact
