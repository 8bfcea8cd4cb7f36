"""Flows of decisions: a marketplace with rounds and a ruling, cancels that come late, re-opened, voided."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from hub.model.schema.observation import Party
from hub.model.schema.operation import Outstanding
from tests.model.records import World, at, inputs, terms

TMALL = Party(name="tmall", kind="marketplace", holds_money=True)
ERP = Party(name="erp", kind="erp", decides=True)
KEY = [{"issuer": "hub", "type": "return", "value": "R1"}]


def begun(goods: str = "expected", **more: Any) -> World:
    """A buyer asks a marketplace; the ERP decides and has its record."""
    world = World(
        inputs(TMALL, ERP, number="R1"), terms("tmall", "marketplace", sells=True, money=True), terms("erp", "erp")
    )
    world.hears("tmall", "order", "o1", keys=[{"type": "order_number", "value": "55"}],
                order={"number": "55", "currency": "CNY", "lines": [{"id": "A", "quantity": 3, "sku": "CUP"}],
                       "payments": [{"id": "p1", "captured": "300", "currency": "CNY"}]})  # fmt: skip
    claim(world, goods, **more)
    erp(world, "requested")
    return world


def claim(world: World, goods: str = "expected", round_: int = 1, quantity: int = 3, **more: Any) -> None:
    more.setdefault("authorization", {"value": "requested", "round": round_, "at": at(8 + round_)})
    world.hears("tmall", "refund", "f1", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o1"}],
                lines=[{"order_line": "A", "quantity": quantity, "round": round_, "goods": goods}], **more)  # fmt: skip


def erp(world: World, value: str, receipts: int = 0, **more: Any) -> None:
    world.hears("erp", "complaint", "7", origin="request", keys=KEY, orders=[{"issuer": "tmall", "type": "order", "value": "o1"}],
                lines=[{"sku": "CUP", "quantity": 3}], ready=value == "authorized", authorization={"value": value, **more},
                receipts=[{"id": str(i), "sku": "CUP", "quantity": 1} for i in range(receipts)])  # fmt: skip


def person(world: World, act: str, value: str, hour: int, axis: str = "authorization", **more: Any) -> None:
    world.hears("hub", "act", act, **{axis: {"value": value, "by": "ann", "at": at(hour), **more}})


def decision(world: World) -> tuple[str, str | None, int]:
    found = world.merged.axes.authorization
    return (found.value, found.account, found.round)


def test_a_rejection_a_new_round_and_a_ruling() -> None:
    world = begun()
    erp(world, "rejected", at=at(10))
    assert decision(world) == ("rejected", "erp", 1)
    assert world.asks("tmall") == ["reject"]
    rejected = world.plan("tmall")[0][0]

    claim(world, round_=2, authorization={"value": "requested", "round": 2, "at": at(11)})
    assert decision(world)[0] == "requested", "a changed claim makes older decisions void"
    assert world.merged.round == 2
    world.outstanding = [Outstanding(operation=rejected, state="dead")]
    erp(world, "rejected", at=at(12))
    assert decision(world) == ("rejected", "erp", 1), "who knows no rounds answers the claim that stood when it spoke"
    assert (world.plan("tmall")[0][0].kind, world.plan("tmall")[0][0].round) == ("reject", 2)

    claim(
        world,
        round_=2,
        authorization={"value": "authorized", "round": 2, "ruling": True, "by": "platform", "at": at(14)},
    )
    assert decision(world) == ("authorized", "tmall", 2)
    assert world.merged.axes.authorization.ruling
    assert world.discrepancies() == [], "what was said of the older claim is void, it contradicts nothing"
    assert world.asks("erp") == ["reopen"]
    erp(world, "rejected", at=at(15), round=2)
    assert world.discrepancies() == ["authorization"], "a lower authority that disagrees shows, and changes nothing"
    assert decision(world)[:2] == ("authorized", "tmall")


def test_refund_without_return() -> None:
    world = begun(goods="kept", agreed="120")
    merged = world.merged
    assert (merged.kind, merged.axes.receipt, merged.money.due) == ("refund_only", "not_expected", 0)
    erp(world, "authorized")
    assert (world.merged.money.due, world.merged.status) == (120, "refund_due")
    assert world.asks("tmall") == ["authorize", "refund"]
    assert world.asks("erp") == ["credit"], "no goods are waited for"


def test_a_dispute_is_an_axis_of_its_own() -> None:
    world = begun(dispute={"value": "open"})
    assert (world.merged.status, decision(world)[0]) == ("disputed", "requested")


def test_a_person_outranks_the_deciding_account_and_a_ruling_outranks_the_person() -> None:
    world = begun()
    erp(world, "rejected", at=at(10))
    person(world, "1", "authorized", 11)
    assert decision(world)[:2] == ("authorized", "hub")
    person(world, "2", "rejected", 12)
    assert decision(world)[:2] == ("rejected", "hub"), "of a person's acts the last one counts"
    claim(world, authorization={"value": "authorized", "ruling": True, "at": at(9)})
    assert decision(world)[:2] == ("authorized", "tmall")


def test_who_does_not_decide_proposes() -> None:
    world = begun(authorization={"value": "authorized"})
    assert decision(world)[0] == "requested", "the ERP is the one to say so"
    erp(world, "authorized")
    assert decision(world)[:2] == ("authorized", "erp")


def test_cancelled_by_the_side_that_asked_before_anything_came() -> None:
    world = begun()
    erp(world, "authorized")
    claim(world, authorization={"value": "cancelled", "at": at(11)})
    assert (decision(world)[0], world.merged.status, world.discrepancies()) == ("cancelled", "cancelled", [])
    assert world.asks("erp") == ["cancel"]


def test_a_cancel_after_a_partial_receipt_takes_back_only_the_rest() -> None:
    world = begun()
    erp(world, "authorized", receipts=1)
    claim(world, authorization={"value": "cancelled", "at": at(11)})
    merged = world.merged
    assert decision(world)[0] == "authorized"
    assert [(line.quantity, line.cancelled, line.received) for line in merged.lines] == [(3, 2, 1)]
    assert merged.axes.receipt == "full"
    (amend,) = (o for o in world.plan("erp")[0] if o.kind == "amend")
    assert amend.lines[0].totals == {"quantity": 3, "cancelled": 2}


def test_rejected_after_a_receipt_cannot_be_told_and_says_so() -> None:
    world = begun()
    erp(world, "authorized", receipts=1)
    person(world, "1", "rejected", 12)
    operations, undeliverable = world.plan("erp")
    assert operations == ()
    assert undeliverable[0].fact == "rejected"
    assert "received goods already" in undeliverable[0].why


def test_a_person_opens_again_what_was_cancelled() -> None:
    world = begun()
    claim(world, authorization={"value": "cancelled", "at": at(11)})
    erp(world, "cancelled")
    assert world.plan("erp") == ((), ())
    person(world, "1", "authorized", 12)
    assert decision(world)[:2] == ("authorized", "hub")
    assert (world.asks("erp"), world.asks("tmall")) == (["reopen"], ["reopen"])
    erp(world, "authorized")
    assert world.plan("erp") == ((), ())


def test_a_clerk_who_did_not_know_of_the_cancel_does_not_undo_it() -> None:
    world = begun()
    claim(world, authorization={"value": "cancelled", "at": at(11)})
    erp(world, "authorized", at=at(12))
    assert decision(world)[0] == "cancelled"


def test_void_within_minutes() -> None:
    world = begun(closure={"value": "voided"})
    assert world.merged.status == "voided"
    assert world.asks("erp") == ["cancel"]
    del world.records["erp", "complaint", "7"]
    assert world.plan("erp") == ((), ()), "a return that ended is not created any more"


def test_deleted_by_the_side_that_asked() -> None:
    world = begun()
    record = world.records["tmall", "refund", "f1"]
    del world.records["erp", "complaint", "7"]
    world.records["tmall", "refund", "f1"] = replace(record, gone=True)
    assert (world.merged.status, world.discrepancies()) == ("voided", ["gone"])
    assert (world.plan("erp"), world.plan("tmall")) == (((), ()), ((), ()))


def test_deleted_by_a_system_that_only_repeats_it() -> None:
    world = begun()
    world.records["erp", "complaint", "7"] = replace(world.records["erp", "complaint", "7"], gone=True)
    assert world.merged.status == "requested"
    operations, undeliverable = world.plan("erp")
    assert operations == ()
    assert "deleted" in undeliverable[0].why


def test_a_line_whose_order_nobody_has_read_yet_may_be_one_that_stands_there() -> None:
    """The ERP names its own order line before its order is read: the shop is not asked to add a line it has."""
    world = begun()
    world.hears("erp", "complaint", "7", keys=[{"issuer": "hub", "type": "return", "value": "R1"}], origin="request",
                orders=[{"type": "sale", "value": "1"}], lines=[{"order_line": "11", "quantity": 3}])  # fmt: skip
    assert "amend" not in world.asks("tmall")
