"""How returns stand to each other: what people decided, and what order lines tell (simulated)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from hub.model.schema.bindings import Bindings, ProvisionalLink
from hub.model.schema.observation import Party, Sibling
from tests.model.records import World, at, inputs, said, terms

NEW_LINE = [{"id": "A", "quantity": 1, "sku": "SHIRT-M"}, {"id": "A2", "quantity": 1, "sku": "SHIRT-L"}]


def world(line: str) -> World:
    """A return of one line of an order; an exchange added its second line."""
    made = World(
        inputs(Party(name="web", kind="storefront"), Party(name="till", kind="pos"), Party(name="erp", kind="erp")),
        terms("web", "storefront"),
        terms("till", "pos"),
        terms("erp", "erp"),
    )
    made.inputs = replace(made.inputs, number="R1001")
    made.hears(
        "web", "order", "o1", keys=[{"type": "order_number", "value": "12"}], order={"number": "12", "lines": NEW_LINE}
    )
    made.hears("web", "return", "w2", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o1"}],
               lines=[{"order_line": line, "quantity": 1}])  # fmt: skip
    return made


@pytest.mark.parametrize(("line", "expected"), [("A2", (("caused_by", "R1000"),)), ("A", ())])
def test_what_was_sent_instead_comes_back_too(line: str, expected: Any) -> None:
    found = world(line)
    earlier = said("web", "exchange", "e1", orders=[{"type": "order", "value": "o1"}], keys=[{"type": "return", "value": "w1"}],
                   replacements=[{"id": "r1", "sku": "SHIRT-L", "order_line": "A2", "state": "sent"}])  # fmt: skip
    found.inputs = replace(found.inputs, others=(Sibling("R1000", (earlier,)),))
    assert found.merged.relations == expected
    assert found.view("web").relations == ()


def test_what_people_decided_is_shown() -> None:
    found = world("A")
    found.inputs = replace(found.inputs, bindings=Bindings(relations=(("split_from", "R7"), ("merged_from", "R9"))))
    assert found.merged.relations == (("merged_from", "R9"), ("split_from", "R7"))


def bound(found: World, **more: Any) -> World:
    """The till's record is taken for this return."""
    found.hears("till", "return", "t1", origin="counter", requested_at=at(10), lines=[{"sku": "SHIRT-M", "quantity": 1}],
                receipts=[{"id": "r", "sku": "SHIRT-M", "quantity": 1}])  # fmt: skip
    link = ProvisionalLink(
        guest=1002, why="line", objects=(("till", "return", "t1"),), names=(), beside=(), entry=1, matures_at=at(9)
    )
    found.inputs = replace(found.inputs, bindings=Bindings(links=(replace(link, **more),)), immature=frozenset({1002}))
    return found


def test_nothing_is_told_that_rests_on_a_guess() -> None:
    found = bound(world("A"))
    assert found.discrepancies() == ["provisional"]
    assert [found.asks(account) for account in ("web", "till", "erp")] == [[], [], []]
    assert "opened" in found.undeliverable("erp")
    found.inputs = replace(found.inputs, immature=frozenset())
    assert found.discrepancies() == []
    assert (found.asks("erp"), found.asks("till")) == (["create_return"], ["note"])
    assert bound(world("A"), confirmed=True).asks("erp") == ["create_return"], "a person knows"


def test_the_number_is_told_once() -> None:
    found = bound(world("A"), confirmed=True)
    (note,), _ = found.plan("till")
    assert note.words["text"] == "R1001"
    found.hears("till", "return", "t1", origin="counter", lines=[{"sku": "SHIRT-M", "quantity": 1}],
                notes=[{"id": "n", "text": "this is R1001 at the hub"}])  # fmt: skip
    assert found.asks("till") == []


def test_what_may_be_another_return_is_neither_created_nor_paid_nor_received() -> None:
    found = world("A")
    assert found.asks("erp") == ["create_return"]
    found.inputs = replace(found.inputs, bindings=Bindings(asks=(1002, 1003)))
    assert found.discrepancies() == ["two_candidates"]
    assert (found.asks("erp"), found.undeliverable("erp")) == ([], ["opened"])
