"""What was refused and a person has dealt with is over with one answer: no row, no letter and no account waits any more."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.sandbox import Call, Refuse
from tests.pipeline.desk import D, Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.look import rows
from tests.pipeline.test_no_such_step import depot, letters, row, unwell


def test_a_refused_write_that_was_done_by_hand_is_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number, asked = depot(desk, monkeypatch, 422)
    (rest,) = desk.untold(number, "depot")
    assert (rest.said.code, row(desk, number), letters(desk), len(unwell(desk))) == ("refused", "blocked", 1, 1)

    desk.hub.answering.answer(number, rest.question, "by_hand", "Li")
    desk.work()
    assert (desk.untold(number, "depot"), row(desk, number), letters(desk), unwell(desk)) == ([], "in_sync", 0, ())
    assert asked.count("receive") == 1


def test_taken_back_the_letter_is_there_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number, asked = depot(desk, monkeypatch, 422)
    before = desk.untold(number, "depot")
    letter = rows(desk.hub, "SELECT id, operation FROM intents WHERE state = 'dead'")
    desk.hub.answering.answer(number, before[0].question, "by_hand", "Li")
    (given,) = desk.doc(number).answers
    desk.hub.answering.take_back(number, given.act, "Wang")
    desk.work()
    assert (desk.untold(number, "depot"), row(desk, number), asked.count("receive")) == (before, "blocked", 1)
    assert rows(desk.hub, "SELECT id, operation FROM intents WHERE state = 'dead'") == letter


def test_given_up_as_a_letter_it_is_over_as_well(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number, _ = depot(desk, monkeypatch, 422)
    ((letter,),) = rows(desk.hub, "SELECT id FROM intents WHERE state = 'dead'")
    desk.hub.people.give_up(letter, "Li", "booked there by hand")
    assert (desk.untold(number, "depot"), row(desk, number), letters(desk), unwell(desk)) == ([], "in_sync", 0, ())


def test_what_comes_after_a_piece_that_was_booked_by_hand_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number, asked = depot(desk, monkeypatch, 422, pieces=2)
    ((letter,),) = rows(desk.hub, "SELECT id FROM intents WHERE state = 'dead'")
    desk.hub.people.give_up(letter, "Li", "booked there by hand")
    desk.work()
    assert asked.count("receive") == 1
    desk.came("till", number, id="GR-2")
    desk.work()
    assert asked.count("receive") == 2


@pytest.mark.parametrize("taken_back", [False, True])
def test_money_that_was_refused_and_paid_otherwise_counts_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, taken_back: bool
) -> None:
    def refuses(call: Call) -> Any:
        raise Refuse(422, {"message": "not on this card"})

    monkeypatch.setattr(desk.payer, "told", refuses)
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)
    assert desk.paid() == 0
    (rest,) = [rest for rest in desk.untold(number, "web") if rest.fact.startswith("money_due")]
    assert (rest.said.code, letters(desk)) == ("refused", 1)
    desk.hub.answering.answer(number, rest.question, "by_hand", "Li")
    desk.work()
    assert (desk.doc(number).money.due, desk.doc(number).money.refunded, letters(desk)) == (0, D("10.00"), 0)
    if taken_back:
        (given,) = desk.doc(number).answers
        desk.hub.answering.take_back(number, given.act, "Wang")
        desk.work()
        assert (desk.doc(number).money.due, letters(desk)) == (D("10.00"), 1)
        assert rest.question in {one.question for one in desk.untold(number, "web")}
