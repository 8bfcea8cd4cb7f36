"""The progress guard by example: go, wait, wait longer, park; money never twice; another fact is another matter."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.language.sentences import say
from hub.model.plan import progress
from hub.model.schema.observation import FactId
from hub.model.schema.operation import PlannedOperation
from tests.model.records import at

AUTHORIZE = PlannedOperation(kind="authorize", account="erp", fingerprint="authorize|round 1")
REFUND = PlannedOperation(
    kind="refund", account="web", amount=Decimal(5), moves_money=True, fingerprint="refund|5 EUR|c1"
)


def test_what_does_not_stick_is_tried_with_growing_waits_and_then_parked() -> None:
    now, history, waits = at(9), {}, []
    for _ in range(len(progress.WAITS)):
        verdict = progress.check(history, AUTHORIZE, now)
        assert not verdict.park
        waits.append(verdict.wait)
        now += timedelta(seconds=verdict.wait)
        assert progress.check(history, AUTHORIZE, now) == progress.GuardVerdict()
        history = progress.performed(history, AUTHORIZE, now)
    assert waits == list(progress.WAITS)
    assert progress.check(history, AUTHORIZE, now).park
    assert not progress.check(history, AUTHORIZE, now + progress.WINDOW).park, "a day later it may have changed"
    other = PlannedOperation(kind="authorize", account="erp", fingerprint="authorize|round 2")
    assert progress.check(history, other, now) == progress.GuardVerdict(), "an input that changes is a fresh start"


def test_money_is_never_sent_twice() -> None:
    history = progress.performed({}, REFUND, at(9))
    verdict = progress.check(history, REFUND, at(10))
    assert verdict.park
    assert verdict.why is not None
    assert "never sent twice" in say(verdict.why)


def test_two_systems_that_correct_each_other_are_stopped() -> None:
    cancel = PlannedOperation(kind="cancel", account="erp", fingerprint="cancel|round 1")
    now, history, writes = at(9), {}, 0
    for step in range(20):
        operation = (AUTHORIZE, cancel)[step % 2]
        now += timedelta(minutes=10)
        if not progress.check(history, operation, now).park:
            history, writes = progress.performed(history, operation, now), writes + 1
    assert writes == 2 * len(progress.WAITS)


@given(st.lists(st.text(max_size=6), min_size=5, max_size=5))
def test_a_fact_has_one_name_and_the_name_one_fact(parts: list[str]) -> None:
    fact = FactId(*parts)
    assert FactId.parse(fact.text) == fact


def test_what_names_no_fact_is_refused() -> None:
    with pytest.raises(ValueError, match="does not name a fact"):
        FactId.parse("web/return/1")
