"""Flows of money: at a counter, failed and made good, with fees, twice the same, on one order with two returns."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from hub.model.merge.goods.allocation import Claim, allocate
from hub.model.schema.observation import DistinctFacts, DuplicateFacts, FactId, Party, Sibling
from tests.model.records import D, World, at, inputs, said, terms

WEB = Party(name="web", kind="storefront", holds_money=True, auto_authorize=True)
ERP = Party(name="erp", kind="erp")
TILL = Party(name="till", kind="pos", holds_money=True)
KEY = [{"issuer": "hub", "type": "return", "value": "R1"}]
SILENT = frozenset({"authorization", "closure", "acceptance"})


def paid_order(captured: str = "100", refunds: Any = (), refunded: str | None = None) -> World:
    """Order 12, paid; one shoe of it came back and everybody knows."""
    world = World(
        inputs(WEB, ERP, TILL, number="R1"),
        terms("web", "storefront", sells=True, money=True, silent=SILENT),
        terms("erp", "erp", silent=SILENT),
        terms("till", "pos", money=True),
    )
    world.hears("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
                order={"number": "12", "currency": "EUR", "lines": [{"id": "A", "quantity": 2, "sku": "SHOE"}]})  # fmt: skip
    payment(world, captured, refunds, refunded)
    world.hears("web", "return", "w1", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o1"}],
                lines=[{"order_line": "A", "quantity": 1}], receipts=[{"id": "1", "order_line": "A", "quantity": 1}])  # fmt: skip
    return world


def payment(world: World, captured: str = "100", refunds: Any = (), refunded: str | None = None) -> None:
    world.hears("web", "payment", "p1", orders=[{"type": "order", "value": "o1"}], refunds=refunds,
                order={"payments": [{"id": "p1", "captured": captured, "currency": "EUR", "refunded": refunded}]})  # fmt: skip


def refund(ident: str, amount: str, state: str = "succeeded", hour: int = 12, **more: Any) -> dict[str, Any]:
    return {"id": ident, "currency": "EUR", "at": at(hour), "parts": [{"amount": amount, "state": state}], **more}


def credit(world: World, *amounts: str, currency: str = "EUR") -> None:
    credits = [{"id": str(i), "state": "posted", "amount": a, "currency": currency} for i, a in enumerate(amounts)]
    world.hears("erp", "note", "1", keys=KEY, credits=credits)


def test_a_counter_return_of_an_online_order_whose_refund_names_no_line() -> None:
    world = paid_order()
    del world.records["web", "return", "w1"]
    world.hears("till", "counter", "t1", origin="counter", requested_at=at(10), orders=[{"issuer": "web", "type": "order_number", "value": "12"}],
                lines=[{"sku": "SHOE", "quantity": 1}], receipts=[{"id": "1", "sku": "SHOE", "quantity": 1}],
                refunds=[refund("t-9", "50")])  # fmt: skip
    merged = world.merged
    assert (merged.axes.authorization.value, merged.axes.receipt, merged.axes.settlement) == (
        "authorized",
        "full",
        "settled",
    )
    assert merged.lines[0].key == "web/o1/A"
    assert merged.lines[0].refunded is None
    assert merged.refunds[0].amount == 50
    assert merged.money.refundable == 50, "what the till paid cannot be paid by the shop once more"
    assert world.asks("web") == ["create_return"]
    assert "record_refund" not in world.asks("till")


def test_a_refund_without_an_allocation_founds_nothing() -> None:
    world = paid_order(refunds=[refund("r1", "50")])
    del world.records["web", "return", "w1"]
    assert world.merged.origin is None
    assert world.plan("erp") == ((), ())


def test_a_failed_refund_is_still_owed_and_store_credit_settles_it() -> None:
    world = paid_order(refunds=[refund("r1", "50", "failed")])
    credit(world, "50")
    assert (world.merged.axes.settlement, world.merged.status, world.merged.money.due) == (
        "failed",
        "refund_failed",
        50,
    )
    operations, undeliverable = world.plan("web")
    assert operations == ()
    assert "failed" in undeliverable[0].why, "whether to try again is a person's decision"
    voucher = {
        "id": "r2",
        "currency": "EUR",
        "at": at(13),
        "parts": [{"amount": "50", "state": "succeeded", "method": "store_credit"}],
        "reference": "R1",
    }
    payment(world, refunds=[refund("r1", "50", "failed"), voucher])
    merged = world.merged
    assert (merged.money.due, merged.axes.settlement, merged.status) == (0, "settled", "completed")
    assert world.plan("web") == ((), ())


def test_fees_and_return_shipping_are_deducted_from_what_is_owed() -> None:
    world = paid_order()
    breakdown = {
        "goods": "50",
        "fees": [{"kind": "restocking", "amount": "5"}, {"kind": "return_shipping", "amount": "3"}],
    }
    credit(world, "42")
    (pay,), _ = world.plan("web")
    assert pay.amount == 42
    payment(world, refunds=[refund("r1", "42", breakdown=breakdown, reference="R1")], refunded="42")
    fees = world.merged.refunds[0].value.breakdown
    assert fees is not None
    assert [(fee.kind, fee.amount) for fee in fees.fees] == [("restocking", 5), ("return_shipping", 3)]
    assert (world.merged.axes.settlement, world.discrepancies()) == ("settled", [])


def test_two_equal_refunds_are_two() -> None:
    world = paid_order()
    credit(world, "20")
    (first,), _ = world.plan("web")
    payment(world, refunds=[refund("r1", "20")])
    world.links(
        DuplicateFacts(frozenset({FactId.parse(first.facts[0]), FactId("web", "payment", "p1", "refunds", "r1")}))
    )
    assert world.plan("web") == ((), ())
    credit(world, "20", "20")
    (second,), _ = world.plan("web")
    assert (second.amount, second.fingerprint == first.fingerprint) == (20, False)
    payment(world, refunds=[refund("r1", "20"), refund("r2", "20")])
    world.links(
        DuplicateFacts(frozenset({FactId.parse(second.facts[0]), FactId("web", "payment", "p1", "refunds", "r2")}))
    )
    assert (world.merged.money.refunded, world.merged.money.due) == (40, 0)


def test_the_same_amount_in_two_systems_may_be_one_refund() -> None:
    world = paid_order(refunds=[refund("r1", "50", reference="R1")])
    credit(world, "50")
    world.hears("till", "counter", "t1", keys=KEY, refunds=[refund("t9", "50")])
    assert "possible_duplicates" in world.discrepancies()
    one, other = FactId("web", "payment", "p1", "refunds", "r1"), FactId("till", "counter", "t1", "refunds", "t9")
    parties = world.inputs.parties.values()
    world.inputs = inputs(*parties, number="R1", distinct=(DistinctFacts(frozenset({one, other})),))
    assert (world.merged.money.refunded, world.discrepancies()) == (100, ["over_refunded"])
    world.inputs = inputs(*parties, number="R1", duplicates=(DuplicateFacts(frozenset({one, other})),))
    assert (world.merged.money.refunded, world.discrepancies()) == (50, [])


def test_a_second_currency_is_a_discrepancy_and_nothing_is_paid_on_it() -> None:
    world = paid_order()
    credit(world, "50", currency="USD")
    assert (world.merged.money.credited, world.discrepancies(), world.asks("web")) == (0, ["currency"], [])


def test_never_more_than_was_captured() -> None:
    world = paid_order(captured="40")
    credit(world, "50")
    assert (world.merged.money.due, world.discrepancies()) == (50, ["above_captured"]), "what is owed is owed"
    assert world.plan("web")[0][0].amount == 40
    world.terms["web"] = replace(world.terms["web"], reserved=D(15))
    operations, undeliverable = world.plan("web")
    assert (operations, [r.said.code for r in undeliverable]) == ((), ["money_in_flight"]), (
        "neither too much nor a part"
    )
    world.terms["web"] = replace(world.terms["web"], reserved=D(0))
    assert world.plan("web")[0][0].amount == 40


def test_no_part_is_paid_while_money_of_the_payment_is_in_flight() -> None:
    """What is in flight may be in the payment's sums already, and may still come back."""
    goodwill = refund("r0", "35", allocations=[{"kind": "adjustment", "amount": "35"}])
    world = paid_order(captured="40", refunds=[goodwill], refunded="35")
    world.hears("web", "payment", "p2", orders=[{"type": "order", "value": "o1"}],
                order={"payments": [{"id": "p2", "captured": "60", "currency": "EUR", "refunded": "0"}]})  # fmt: skip
    credit(world, "30")
    assert [o.amount for o in world.plan("web")[0]] == [5], "what is left of the first payment"
    world.terms["web"] = replace(world.terms["web"], reserved=D(1))
    operations, undeliverable = world.plan("web")
    assert (operations, [r.said.code for r in undeliverable]) == ((), ["money_in_flight"])


def test_two_returns_of_one_order_share_what_was_captured() -> None:
    world = paid_order(captured="60", refunds=[refund("r1", "50", allocations=[{"return_id": "w2", "amount": "50"}])])
    other = said("web", "return", "w2", origin="request", requested_at=at(8), orders=[{"type": "order", "value": "o1"}],
                 lines=[{"order_line": "A", "quantity": 1}])  # fmt: skip
    world.inputs = replace(world.inputs, others=(Sibling("R2", (other,)),))
    credit(world, "50")
    merged = world.merged
    assert (merged.refunds, merged.money.refunded, merged.money.refundable, merged.money.due) == ((), 0, 10, 50)
    (pay,), _ = world.plan("web")
    assert pay.amount == 10

    payment(world, captured="160", refunds=[refund("r1", "50")])
    assert world.discrepancies() == ["unallocated_refund"], "for which of the two?"
    assert world.asks("web") == []


def test_money_that_went_back_before_the_return_began_may_be_its_own_and_is_asked_about() -> None:
    world = paid_order(refunds=[refund("r0", "10", hour=8)])
    credit(world, "50")
    assert (world.merged.money.refunded, world.merged.money.due, world.merged.money.refundable) == (0, 50, 90)
    assert (world.discrepancies(), world.asks("web"), world.merged.money.unplaced) == (["unallocated_refund"], [], 10)
    (text,) = (discrepancy.text for discrepancy in world.merged.discrepancies)
    assert "40.00 EUR" in text, "what is left to pay if it was for this return"
    assert "50.00 EUR" in text, "and if it was not"


def test_one_line_over_two_returns_and_which_of_them_goes_short() -> None:
    early, late = Claim("R1", "A", D(2), authority=5, at=at(9)), Claim("R2", "A", D(1), authority=5, at=at(10))
    assert allocate({"A": D(3)}, [late, early]) == ()
    for arrival in ([early, late], [late, early]):
        assert [(loss.claim.id, loss.granted) for loss in allocate({"A": D(2)}, arrival)] == [("R2", 0)]
    marketplace = Claim("R3", "A", D(2), authority=6, at=at(11))
    assert [(loss.claim.id, loss.granted) for loss in allocate({"A": D(3)}, [early, marketplace])] == [("R1", 1)]
    received = early._replace(held=True)
    assert [(loss.claim.id, loss.granted) for loss in allocate({"A": D(3)}, [marketplace, received])] == [("R3", 1)]


def test_the_return_that_is_left_nothing_is_refused_while_nothing_of_it_is_here() -> None:
    world = paid_order()
    other = said("web", "return", "w0", origin="request", requested_at=at(8), orders=[{"type": "order", "value": "o1"}],
                 lines=[{"order_line": "A", "quantity": 2}])  # fmt: skip
    world.hears("web", "return", "w1", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o1"}],
                lines=[{"order_line": "A", "quantity": 1}])  # fmt: skip
    assert world.asks("erp") == ["create_return"]
    world.inputs = replace(world.inputs, others=(Sibling("R2", (other,)),))
    assert world.discrepancies() == ["over_return"]
    assert (world.asks("erp"), world.undeliverable("erp")) == ([], [])
    decided = world.merged.axes.authorization
    assert (decided.value, decided.account, decided.by) == ("rejected", "hub", "rule")
    assert world.asks("web") == ["reject"]
    world.hears("web", "return", "w1", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o1"}],
                lines=[{"order_line": "A", "quantity": 1}], receipts=[{"id": "r", "order_line": "A", "quantity": 1}])  # fmt: skip
    assert world.merged.axes.authorization.value != "rejected", "its piece is here"
    assert "reject" not in world.asks("web")


def test_who_asks_for_more_than_was_sold_is_a_question_and_not_refused() -> None:
    """Nobody else asks; and of two pieces one is left: a person decides."""
    world = paid_order()
    lines = [{"order_line": "A", "quantity": 9}]
    world.hears("web", "return", "w1", origin="request", orders=[{"type": "order", "value": "o1"}], lines=lines)
    assert (world.discrepancies(), world.merged.axes.authorization.value == "rejected") == (["over_return"], False)
    one_left = said("web", "return", "w0", origin="request", requested_at=at(8), orders=[{"type": "order", "value": "o1"}],
                    lines=[{"order_line": "A", "quantity": 1}])  # fmt: skip
    world.hears("web", "return", "w1", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o1"}],
                lines=[{"order_line": "A", "quantity": 2}])  # fmt: skip
    world.inputs = replace(world.inputs, others=(Sibling("R2", (one_left,)),))
    assert (world.discrepancies(), world.merged.axes.authorization.value == "rejected") == (["over_return"], False)


def test_a_refund_that_two_records_of_a_system_tell_keeps_its_name_whichever_was_read_last() -> None:
    world = paid_order()
    refund = {"id": "rf1", "currency": "EUR", "parts": [{"amount": "20", "state": "pending"}]}
    done = {**refund, "parts": [{"amount": "20", "state": "succeeded"}]}
    back = {"keys": KEY, "orders": [{"type": "order", "value": "o1"}]}
    world.hears("till", "order", "t1", **back, origin="counter", refunds=[refund])
    world.hears("till", "refund", "rf1", **back, refunds=[done])
    ((name, state),) = {(fact.id, fact.state) for fact in world.merged.refunds}
    assert state == "succeeded", "what was read last counts"
    world.hears("till", "order", "t1", **back, origin="counter", refunds=[done])
    assert [fact.id for fact in world.merged.refunds] == [name]


def test_one_refund_that_settles_two_credits_makes_them_no_twins_and_a_credit_that_was_answered_is_let_be() -> None:
    world = paid_order()
    credit(world, "20", "30")
    (pay,) = (operation for operation in world.plan("web")[0] if operation.kind == "refund")
    assert [FactId.parse(fact).id for fact in pay.facts] == ["0", "1"]
    payment(world, refunds=[refund("r1", "50")])
    two = [FactId("erp", "note", "1", "credits", ident) for ident in ("0", "1")]
    world.links(DuplicateFacts(frozenset({*two, FactId("web", "payment", "p1", "refunds", "r1")})))
    assert [(c.id, [duplicate.id for duplicate in c.duplicates]) for c in world.merged.credits] == [
        (f.text, [f.id]) for f in two
    ]
    credit(world, "20", "30", "7")
    (pay,) = (operation for operation in world.plan("web")[0] if operation.kind == "refund")
    assert (pay.amount, [FactId.parse(fact).id for fact in pay.facts]) == (7, ["2"])


def test_a_return_is_not_completed_while_its_credit_note_is_a_draft() -> None:
    """The first credit was paid; the second is a draft, so more is to come."""
    world = paid_order(refunds=[refund("m-1", "50", reference="R1")])
    credit(world, "50")
    assert world.merged.status == "completed"
    drafts = [{"id": "9", "state": "draft", "amount": "20", "currency": "EUR"}]
    world.hears("erp", "note", "2", keys=KEY, credits=drafts)
    assert (world.merged.axes.settlement, world.merged.status) == ("settled", "credit_open")
    world.hears("erp", "note", "2", keys=KEY, credits=[{**drafts[0], "state": "cancelled"}])
    assert world.merged.status == "completed"
