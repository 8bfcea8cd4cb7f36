"""What is bound without proof, and what is asked: by example, and free of order (simulated)."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.model.identity.candidates import Candidate, candidate, typed_references
from hub.model.identity.provisional import Judgement, decide
from hub.model.merge.merger import merge
from hub.model.schema.observation import DuplicateFacts, FactId, Party
from tests.model.records import inputs, said

INPUTS = inputs(
    Party(name="web", kind="storefront"), Party(name="erp", kind="erp", orders_of="web"),
    Party(name="till", kind="pos"),
)  # fmt: skip
ORDER = said("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
             order={"number": "12", "lines": [{"id": "A", "quantity": 4, "sku": "SHIRT"}, {"id": "B", "quantity": 1, "sku": "MUG"}]})  # fmt: skip
NUMBER = {"issuer": "web", "type": "order_number", "value": "12"}


def one(id: int, account: str, *, settled: bool = False, merge_inputs: Any = INPUTS, **fields: Any) -> Candidate:
    """A return that one record tells, as a candidate."""
    fields.setdefault("origin", "request")
    fields.setdefault("orders", [NUMBER])
    record = said(account, "return", str(id), **fields)
    return candidate(
        id, merge([record, ORDER], merge_inputs), [record], [1], settled=settled, duplicates=merge_inputs.duplicates
    )


def shirts(quantity: int) -> list[dict[str, Any]]:
    return [{"sku": "SHIRT", "quantity": quantity}]


def came(quantity: int) -> list[dict[str, Any]]:
    return [{"id": "r", "sku": "SHIRT", "quantity": quantity}]


def bound(decision: Judgement) -> list[tuple[tuple[int, ...], str]]:
    return [(binding.ids, binding.why) for binding in decision.bindings]


def asked(decision: Judgement) -> list[tuple[int, tuple[int, ...]]]:
    return [(question.seeks, question.candidates) for question in decision.questions]


WEB = one(1, "web", number="W-1", lines=shirts(2))
COUNTER = one(2, "till", origin="counter", lines=shirts(1), receipts=came(1))


def test_what_came_over_the_counter_is_the_open_piece_of_the_request() -> None:
    assert bound(decide([COUNTER, WEB])) == [((1, 2), "line")]
    blind = one(3, "erp", origin="blind", receipts=came(2))
    assert bound(decide([blind, WEB])) == [((1, 3), "line")]


def test_what_has_come_already_is_not_open() -> None:
    done = one(1, "web", lines=shirts(1), receipts=came(1))
    assert decide([done, COUNTER]) == Judgement((), ())
    more = one(4, "till", origin="counter", lines=shirts(3), receipts=came(3))
    assert decide([WEB, more]) == Judgement((), ()), "it is more than was asked for"
    off = one(1, "web", lines=shirts(2), authorization={"value": "cancelled"})
    assert decide([off, COUNTER]) == Judgement((), ())


def test_a_receipt_that_was_told_there_does_not_close_the_claim() -> None:
    """The counter's piece, entered at the shop by us: the duplicates are one event."""
    duplicate = DuplicateFacts(
        frozenset({FactId("web", "return", "1", "receipts", "r"), FactId("till", "return", "2", "receipts", "r")})
    )
    with_duplicate = inputs(*INPUTS.parties.values(), duplicates=(duplicate,))
    web = one(1, "web", merge_inputs=with_duplicate, lines=shirts(1), receipts=came(1))
    assert bound(decide([web, COUNTER])) == [((1, 2), "line")]


def test_two_candidates_are_asked_and_bind_nothing() -> None:
    other = one(5, "web", lines=shirts(1))
    decision = decide([WEB, COUNTER, other])
    assert bound(decision) == []
    assert asked(decision) == [(2, (1, 5))]
    assert decision.questions[0].around == (1, 2, 5)
    assert bound(decide([WEB, COUNTER, other], [frozenset((2, 5))])) == [((1, 2), "line")], (
        "a person said: not that one"
    )


def test_another_record_of_the_same_account_is_another_return() -> None:
    assert decide([WEB, one(5, "web", lines=shirts(1))]) == Judgement((), ())


def test_a_number_that_somebody_typed_binds_and_speaks_before_lines() -> None:
    other = one(5, "web", number="W-5", lines=shirts(1))
    typed = one(6, "erp", orders=[], weak=[{"issuer": "web", "type": "rma", "value": " w-5 "}], lines=shirts(9))
    assert bound(decide([WEB, other, typed])) == [((5, 6), "number")]
    near = one(7, "erp", weak=[{"issuer": "web", "type": "rma", "value": "W-5"}], lines=shirts(1))
    assert bound(decide([WEB, other, near])) == [((5, 7), "number")]
    garbage = [one(i, who, orders=[], weak=[{"issuer": "web", "type": "rma", "value": "see mail"}]) for i, who in ((8, "erp"), (9, "till"))]  # fmt: skip
    assert decide(garbage) == Judgement((), ()), "a text that is nobody's number says nothing"


def test_two_records_of_one_account_with_the_same_number_are_asked() -> None:
    typed = [one(i, "erp", orders=[], weak=[{"issuer": "web", "type": "rma", "value": "W-1"}]) for i in (6, 7)]
    decision = decide([WEB, *typed])
    assert (bound(decision), asked(decision)) == ([], [(1, (6, 7))])


def test_our_own_number_needs_no_guessing() -> None:
    record = said("erp", "complaint", "7", keys=[{"issuer": "hub", "type": "return", "value": "R1"}],
                  weak=[{"issuer": "web", "type": "rma", "value": "R1"}])  # fmt: skip
    assert typed_references(record) == frozenset()
    both = [one(1, "web", settled=True, lines=shirts(1)), one(2, "erp", settled=True, lines=shirts(1))]
    assert decide(both) == Judgement((), ())


def test_an_address_or_a_name_never_identifies() -> None:
    jane = {"name": "Jane", "email": "jane@example.test", "phone": "1"}
    web = one(1, "web", customer=jane, lines=shirts(1))
    till = one(2, "till", origin="counter", customer=jane, lines=shirts(1), receipts=came(1))
    assert bound(decide([web, till])) == [((1, 2), "line")]
    nobody_knows = [replace(candidate, orders=frozenset()) for candidate in (web, till)]
    assert decide(nobody_knows) == Judgement((), ()), "without the order there is only Jane"


# -- free of order


counts = st.dictionaries(st.sampled_from("AB"), st.integers(1, 2).map(Decimal), max_size=2)


@st.composite
def parts(draw: Any) -> list[Candidate]:
    found = []
    for id_ in range(1, draw(st.integers(2, 6)) + 1):
        wanted = draw(counts)
        found.append(
            Candidate(
                id=id_,
                typed_references=frozenset(
                    draw(st.lists(st.tuples(st.just("web"), st.sampled_from("xy")), max_size=1))
                ),
                names=frozenset(draw(st.lists(st.tuples(st.just("web"), st.sampled_from("xyz")), max_size=1))),
                orders=frozenset(draw(st.lists(st.integers(1, 2), max_size=2))),
                wanted=wanted,
                open=wanted if draw(st.booleans()) else {},
                accounts=frozenset(
                    draw(st.lists(st.sampled_from(["web", "erp", "till", "wms"]), min_size=1, max_size=2))
                ),
                settled=draw(st.booleans()),
            )
        )
    return found


@given(parts(), st.randoms(use_true_random=False))
def test_the_decision_does_not_know_the_order(found: list[Candidate], chance: random.Random) -> None:
    expected = decide(found)
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert decide(shuffled) == expected


@given(parts())
def test_nothing_is_in_two_bindings_and_who_is_asked_about_is_not_bound_by_that(found: list[Candidate]) -> None:
    decision = decide(found)
    ids = [i for binding in decision.bindings for i in binding.ids]
    assert len(ids) == len(set(ids))
    for question in decision.questions:
        assert question.seeks not in question.candidates
        for binding in decision.bindings:
            assert not {question.seeks, *question.candidates} <= set(binding.ids)


@given(parts(), st.data())
def test_what_a_person_parted_is_never_bound(found: list[Candidate], data: st.DataObject) -> None:
    ids = [p.id for p in found]
    pair = frozenset(data.draw(st.lists(st.sampled_from(ids), min_size=2, max_size=2, unique=True)))
    assert not any(pair <= set(binding.ids) for binding in decide(found, [pair]).bindings)


def test_an_undelivered_parcel_is_asked_about_only_where_its_goods_may_be_wanted_back() -> None:
    box = Candidate(id=1, orders=frozenset({1}), accounts=frozenset({"carrier"}), parcel=True)
    open_ = {"L1": Decimal(2)}
    wanted = Candidate(id=2, orders=frozenset({1}), accounts=frozenset({"web"}), wanted=open_, open=open_)
    (question,) = decide([box, wanted]).questions
    assert (question.seeks, question.candidates, question.why) == (1, (2,), "parcel")
    for other in (replace(wanted, orders=frozenset({2})), replace(wanted, open={})):
        assert decide([box, other]) == ((), ())
    assert decide([replace(box, holds=frozenset({"L2"})), wanted]) == ((), ()), "it holds something else"
    assert decide([replace(box, holds=frozenset({"L1", "L2"})), wanted]).questions
    assert decide([box, wanted], [frozenset({1, 2})]) == ((), ()), "a person said so"


def test_a_number_of_ours_that_somebody_typed_binds_only_across_accounts_and_within_an_order() -> None:
    ours = Candidate(id=7, names=frozenset({("hub", "r7")}), orders=frozenset({1}), accounts=frozenset({"web"}))
    typed = Candidate(id=8, typed_references=frozenset({("hub", "r7")}), accounts=frozenset({"erp"}))
    assert [binding.ids for binding in decide([ours, typed]).bindings] == [(7, 8)]
    assert decide([ours, replace(typed, orders=frozenset({2}))]) == ((), ())
    assert decide([ours, replace(typed, accounts=frozenset({"web"}))]) == ((), ())
