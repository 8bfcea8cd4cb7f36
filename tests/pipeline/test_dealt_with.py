"""What was refused and a person has dealt with is over with one answer: no row, no letter and no account waits any more."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.sandbox import Call, Refuse
from tests.pipeline.queries import rows
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario
from tests.pipeline.test_no_such_step import depot, letters, row, unwell


def test_a_refused_write_that_was_done_by_hand_is_over(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    number, asked = depot(scenario, monkeypatch, 422)
    (rest,) = scenario.untold(number, "depot")
    assert (rest.said.code, row(scenario, number), letters(scenario), len(unwell(scenario))) == (
        "refused",
        "blocked",
        1,
        1,
    )

    scenario.hub.answering.answer(number, rest.question, "by_hand", "Li")
    scenario.work()
    assert (scenario.untold(number, "depot"), row(scenario, number), letters(scenario), unwell(scenario)) == (
        [],
        "in_sync",
        0,
        (),
    )
    assert asked.count("receive") == 1


def test_taken_back_the_letter_is_there_again(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    number, asked = depot(scenario, monkeypatch, 422)
    before = scenario.untold(number, "depot")
    letter = rows(scenario.hub, "SELECT id, operation FROM intents WHERE state = 'dead'")
    scenario.hub.answering.answer(number, before[0].question, "by_hand", "Li")
    (given,) = scenario.doc(number).answers
    scenario.hub.answering.take_back(number, given.act, "Wang")
    scenario.work()
    assert (scenario.untold(number, "depot"), row(scenario, number), asked.count("receive")) == (before, "blocked", 1)
    assert rows(scenario.hub, "SELECT id, operation FROM intents WHERE state = 'dead'") == letter


def test_given_up_as_a_letter_it_is_over_as_well(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    number, _ = depot(scenario, monkeypatch, 422)
    ((letter,),) = rows(scenario.hub, "SELECT id FROM intents WHERE state = 'dead'")
    scenario.hub.dead_letters.give_up(letter, "Li", "booked there by hand")
    assert (scenario.untold(number, "depot"), row(scenario, number), letters(scenario), unwell(scenario)) == (
        [],
        "in_sync",
        0,
        (),
    )


def test_what_comes_after_a_piece_that_was_booked_by_hand_is_told(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, asked = depot(scenario, monkeypatch, 422, pieces=2)
    ((letter,),) = rows(scenario.hub, "SELECT id FROM intents WHERE state = 'dead'")
    scenario.hub.dead_letters.give_up(letter, "Li", "booked there by hand")
    scenario.work()
    assert asked.count("receive") == 1
    scenario.came("till", number, id="GR-2")
    scenario.work()
    assert asked.count("receive") == 2


@pytest.mark.parametrize("taken_back", [False, True])
def test_money_that_was_refused_and_paid_otherwise_counts_once(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, taken_back: bool
) -> None:
    def refuses(call: Call) -> Any:
        raise Refuse(422, {"message": "not on this card"})

    monkeypatch.setattr(scenario.payer, "carry_out", refuses)
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    assert scenario.paid() == 0
    (rest,) = [rest for rest in scenario.untold(number, "web") if rest.fact.startswith("money_due")]
    assert (rest.said.code, letters(scenario)) == ("refused", 1)
    scenario.hub.answering.answer(number, rest.question, "by_hand", "Li")
    scenario.work()
    assert (scenario.doc(number).money.due, scenario.doc(number).money.refunded, letters(scenario)) == (
        0,
        D("10.00"),
        0,
    )
    if taken_back:
        (given,) = scenario.doc(number).answers
        scenario.hub.answering.take_back(number, given.act, "Wang")
        scenario.work()
        assert (scenario.doc(number).money.due, letters(scenario)) == (D("10.00"), 1)
        assert rest.question in {one.question for one in scenario.untold(number, "web")}
