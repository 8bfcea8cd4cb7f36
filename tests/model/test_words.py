"""The book of words is whole: a label for every word, a status for every state, a rule for every fact."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from hub.model.language import reasons, words
from hub.model.language.labels import LABELS
from hub.model.merge import status
from hub.model.plan.rules import DEFAULTS, FACTS, OPERATIONS
from hub.model.schema.returns import Axes, Decision

AXES = {
    "origin": words.Origin,
    "goods": words.Goods,
    "resolution": words.Resolution,
    "authorization": words.Authorization,
    "receipt": words.Receipt,
    "acceptance": words.Acceptance,
    "settlement": words.Settlement,
    "exchange": words.Exchange,
    "dispute": words.Dispute,
    "closure": words.Closure,
    "condition": words.Condition,
    "inspection": words.InspectionResult,
    "disposition": words.Disposed,
    "posting": words.PostingState,
    "direction": words.Direction,
    "purpose": words.Purpose,
    "shipment": words.ShipmentState,
    "method": words.Method,
    "payment": words.PaymentState,
    "credit": words.CreditState,
    "fee": words.FeeKind,
    "speaker": words.Speaker,
    "deadline": words.Deadline,
    "relation": words.Relation,
    "system": words.SystemKind,
    "operation": words.OperationKind,
}


@pytest.mark.parametrize("axis", AXES)
def test_every_word_has_its_labels(axis: str) -> None:
    assert set(LABELS[axis]) == set(get_args(AXES[axis]))
    assert all(zh and en for zh, en in LABELS[axis].values())


def test_every_axis_of_a_return_has_labels() -> None:
    assert set(Axes.__struct_fields__) <= set(LABELS)


def test_every_state_has_a_status_and_every_status_a_state() -> None:
    seen = set()
    for authorization, receipt, settlement, exchange, closure in product(
        get_args(words.Authorization),
        get_args(words.Receipt),
        get_args(words.Settlement),
        get_args(words.Exchange),
        get_args(words.Closure),
    ):
        for dispute, acceptance, transit, origin in (
            ("none", "none", "none", "request"),
            ("open", "none", "none", "request"),
            ("none", "rejected", "none", "request"),
            ("none", "none", "in_transit", "request"),
            ("none", "none", "delivered", "request"),
            ("none", "none", "lost", "request"),
            ("none", "none", "none", "undelivered"),
        ):
            axes = Axes(
                authorization=Decision(value=authorization),
                receipt=receipt,
                settlement=settlement,
                exchange=exchange,
                closure=Decision(value=closure),
                dispute=Decision(value=dispute),
                acceptance=Decision(value=acceptance),
                transit=transit,
            )
            seen |= {status.status_of(axes, "return_refund", origin, drafted=word) for word in (False, True)}
    assert seen == set(LABELS["status"])


def test_reasons_are_two_levels_with_a_responsible_party() -> None:
    assert {code.group for code in reasons.REASONS.values()} == set(reasons.GROUPS)
    assert {code.party for code in reasons.REASONS.values()} <= set(reasons.PARTIES)
    assert reasons.REASONS["damaged_in_transit"] == ("transport", "运输破损", "Damaged in transit", "carrier")
    assert reasons.known("late")
    assert not reasons.known("whatever")


def test_every_fact_and_operation_of_the_rules_is_known() -> None:
    assert set(OPERATIONS) == set(get_args(words.SystemKind)) == set(DEFAULTS)
    for kinds in OPERATIONS.values():
        assert set(kinds) <= set(FACTS)
        assert set(kinds.values()) <= set(get_args(words.OperationKind))
