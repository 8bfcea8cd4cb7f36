"""Which orders a return is about: an id decides, a number only as far as it is unique; nothing is summed over two."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.merge.merger import merge
from hub.model.schema.observation import MergeInputs, Observation, Sibling
from hub.model.schema.returns import Return
from tests.model.records import D, said
from tests.model.simulated import ACCOUNTS

SPELLINGS = ("#12", "12", " # 12", "\uff03\uff11\uff12")


def number(value: str = "#12", issuer: str = "web") -> dict[str, str]:
    return {"issuer": issuer, "type": "order_number", "value": value}


def order(name: str, account: str = "web", stream: str = "order", spelled: str = "#12", **more: Any) -> Observation:
    lines = [{"id": f"{name}-L", "quantity": 2, "sku": "MUG", "price": D(10)}]
    payments = [{"id": f"pay-{name}", "captured": D(20), "currency": "EUR"}] if account == "web" else []
    return said(
        account,
        stream,
        name,
        keys=[number(spelled)],
        order={"number": spelled, "lines": lines, "payments": payments},
        **more,
    )


def request(*orders: dict[str, str], account: str = "web", line: dict[str, str] | None = None) -> Observation:
    lines = [{"line": "1", **(line or {"sku": "MUG"}), "quantity": 1}]
    return said(account, "return", f"{account}-1", origin="request", orders=list(orders), lines=lines)


def together(*seen: Observation, others: tuple[Sibling, ...] = ()) -> Return:
    return merge(seen, MergeInputs(parties=ACCOUNTS, number="R1", others=others))


A, B, SALE = order("a"), order("b"), order("s", "erp", "sale")
B_ID = {"type": "order", "value": "b"}


@pytest.mark.parametrize("seen", list(permutations([A, B, SALE, request(B_ID, number())])))
def test_the_id_decides_which_of_two_orders_of_one_number_it_is(seen: tuple[Observation, ...]) -> None:
    ret = together(*seen)
    (ref,) = ret.orders
    assert (ref.number, ref.ids, ref.shared) == ("#12", {"web": "b"}, True)
    assert [payment.id for payment in ret.payments] == ["pay-b"]
    assert ret.money.captured == 20
    assert [line.key for line in ret.lines] == ["web/b/b-L"]
    assert ret.discrepancies == ()


def test_a_number_of_two_orders_alone_is_asked_and_pays_from_neither() -> None:
    ret = together(A, B, request(number("12"), account="erp"))
    (discrepancy,) = [discrepancy for discrepancy in ret.discrepancies if discrepancy.kind == "shared_number"]
    assert discrepancy.freezes
    assert discrepancy.values == ("web/order/a", "web/order/b")
    assert ret.payments == ()
    assert ret.money.captured is None


def test_a_persons_word_answers_it() -> None:
    word = said("hub", "act", "1", orders=[{"issuer": "web", "type": "order", "value": "b"}])
    ret = together(A, B, request(number("12"), account="erp"), word)
    assert [discrepancy.kind for discrepancy in ret.discrepancies] == []
    assert [payment.id for payment in ret.payments] == ["pay-b"]


def test_the_erps_copy_of_the_order_is_taken_for_the_one_that_the_return_names() -> None:
    clerk = request({"type": "sale", "value": "s"}, number("12"), account="erp", line={"order_line": "s-L"})
    ret = together(A, B, SALE, request(B_ID, number(), line={"order_line": "b-L"}), clerk)
    assert [order.ids for order in ret.orders] == [{"erp": "s", "web": "b"}]
    assert [line.key for line in ret.lines] == ["web/b/b-L"]
    alone = together(A, B, SALE, clerk)
    assert "shared_number" in [discrepancy.kind for discrepancy in alone.discrepancies], (
        "whose copy it is nobody can say"
    )


def test_two_sales_of_the_erp_for_one_order_are_not_both_it() -> None:
    more = order("s2", "erp", "sale")
    ret = together(A, SALE, more, request(number(), account="web"))
    assert [order.ids for order in ret.orders] == [{"web": "a"}]
    named = together(A, SALE, more, request({"type": "sale", "value": "s2"}, number(), account="erp"))
    assert [order.ids for order in named.orders] == [{"erp": "s2", "web": "a"}]


def test_an_id_that_is_not_told_yet_is_not_the_order_whose_number_stands_beside_it() -> None:
    ret = together(A, request(B_ID, number()))
    assert [order.ids for order in ret.orders] == [{"web": "b"}]
    assert ret.payments == ()


def test_what_went_back_on_the_other_order_is_not_this_ones() -> None:
    refund = {"id": "f", "currency": "EUR", "parts": [{"amount": D(20), "state": "succeeded"}]}
    sibling = said(
        "web", "return", "w2", origin="request", orders=[{"type": "order", "value": "a"}, number()], refunds=[refund]
    )
    ret = together(A, B, request(B_ID, number()), others=(Sibling("R2", (sibling,)),))
    assert ret.money.refundable == 20
    assert ret.refunds == ()


@given(st.lists(st.sampled_from(SPELLINGS), min_size=3, max_size=3), st.permutations(range(3)))
def test_however_the_number_is_written_it_is_one_order_and_stays_as_the_shop_wrote_it(
    spelled: list[str], way: list[int]
) -> None:
    seen = [
        order("a", spelled=spelled[0]),
        order("s", "erp", "sale", spelled[1]),
        request(number(spelled[2]), account="erp"),
    ]
    ret = together(*[seen[index] for index in way])
    (ref,) = ret.orders
    assert ref.ids == {"web": "a", "erp": "s"}
    assert ref.number == spelled[0]


@given(st.integers(1, 4), st.data())
def test_nothing_is_ever_summed_over_two_orders(count: int, data: st.DataObject) -> None:
    names = [f"o{i}" for i in range(count)]
    orders = [order(name, spelled=data.draw(st.sampled_from(SPELLINGS))) for name in names]
    named = data.draw(st.sampled_from([None, *names]))
    ids = [] if named is None else [{"type": "order", "value": named}]
    ret = together(*orders, request(*ids, number()))
    assert len(ret.payments) <= 1
    assert ret.money.captured in (None, 20)
    if named is not None:
        assert [payment.id for payment in ret.payments] == [f"pay-{named}"]
    elif count > 1:
        assert any(discrepancy.kind == "shared_number" and discrepancy.freezes for discrepancy in ret.discrepancies)
