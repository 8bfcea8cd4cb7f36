"""Whatever freezes money or goods is a question with answers, each of which ends the freeze and pays the right sum.

A kind that is asked and has no scene here fails; so does one that has no answers, or an answer that nobody plays.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import hub
from hub.actions.people import NotNow
from hub.model.language.labels import LABELS
from hub.model.merge.questions import ACTS, QUESTIONS, UNTOLD
from hub.store import console, health, reviews
from tests.pipeline.queries import story
from tests.pipeline.question_scenes import SCENES, Scene, credit_in_dollars, refund_of_the_order
from tests.pipeline.scenario import D, Scenario
from tests.pipeline.scenario import scenario as scenario

MERGE = Path(hub.__file__).parent / "model" / "merge"


def asked() -> set[str]:
    """The kinds that the source asks about, read off it. Nothing else may freeze."""
    kinds = set()
    for path in sorted(MERGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == "ask" and ast.unparse(node.func.value) == "ctx":
                (kind, *_) = node.args
                assert isinstance(kind, ast.Constant), f"{path.name}:{node.lineno}: the kind stands in the call"
                kinds.add(kind.value)
                continue
            named = {keyword.arg for keyword in node.keywords}
            inside = path.name == "context.py" and ast.unparse(node.func) == "self.report"
            assert "freezes" not in named or inside, f"{path.name}:{node.lineno}: whatever freezes asks (ctx.ask)"
    return kinds


def test_every_kind_that_is_asked_has_its_answers_and_a_scene() -> None:
    assert asked() | {UNTOLD} == set(QUESTIONS) == {*SCENES, UNTOLD}
    assert set(QUESTIONS) <= set(LABELS["discrepancy"])
    assert {word for words in QUESTIONS.values() for word in words} == set(LABELS["choice"])
    for kind, words in QUESTIONS.items() - {(UNTOLD, QUESTIONS[UNTOLD])}:
        assert {answer.partition(":")[0] for scene in SCENES[kind] for answer in scene.pays} == set(words), kind


def queued(scenario: Scenario) -> set[int]:
    """The returns that whoever looks for open questions is shown."""
    with scenario.hub.database.begin() as conn:
        asked = {number for row in reviews.open_reviews(conn) for number in row["returns"]}
        found = asked | {one.id for one in console.asking(conn).rows}
        assert bool(found) == bool(health.badges(conn).reviews) == bool(health.overview(conn).reviews)
    return found


PLAYED = [
    pytest.param(kind, scene, answer, id=f"{scene.begins.__name__}-{answer}")
    for kind, scenes in SCENES.items()
    for scene in scenes
    for answer in scene.pays
]


@pytest.mark.parametrize(("kind", "scene", "answer"), PLAYED)
def test_each_answer_ends_the_freeze_and_the_right_sum_is_paid(
    scenario: Scenario, kind: str, scene: Scene, answer: str
) -> None:
    scene.begins(scenario)
    (number, asked), *_ = scenario.frozen(kind)
    assert scenario.paid() == D(scene.before), "it was paid although it is asked about"
    asked = next(discrepancy for _, discrepancy in scenario.frozen(kind) if discrepancy.question == asked.question)
    assert number in queued(scenario), "it stands where nobody looks"
    offered = {choice.word for choice in asked.choices}
    assert offered <= set(QUESTIONS[kind])
    chosen = next(c for c in asked.choices if re.fullmatch(re.escape(answer).replace(r"\*", ".*"), c.text) or c.takes)
    text = answer if "*" not in answer else chosen.text

    scenario.hub.answering.answer(number, asked.question, text, "Li")
    assert scenario.frozen(kind) == []
    scene.then(scenario, answer.partition(":")[0])
    assert scenario.paid() == D(scene.pays[answer])
    assert [discrepancy for host, discrepancy in scenario.frozen(kind) if host == number] == []
    assert any("Li" in line for line in story(scenario.hub, number))
    assert {host for host, _ in scenario.frozen()} == queued(scenario), "answered, and still in the queue"


UNDONE = [played for played in PLAYED if str(played.values[2]).partition(":")[0] not in ACTS]


@pytest.mark.parametrize(("kind", "scene", "answer"), UNDONE)
def test_an_answer_that_is_taken_back_is_asked_again(scenario: Scenario, kind: str, scene: Scene, answer: str) -> None:
    scene.begins(scenario)
    before = scenario.frozen(kind)
    number, asked = before[0]
    scenario.hub.answering.answer(number, asked.question, answer, "Li")
    (given,) = scenario.doc(number).answers
    assert (given.kind, given.answer, given.by) == (kind, answer, "Li")
    with pytest.raises(NotNow, match="no question"):
        scenario.hub.answering.answer(number, asked.question, answer, "Li")

    scenario.hub.answering.take_back(number, given.act, "Wang")
    assert scenario.frozen(kind) == before
    assert scenario.doc(number).answers == ()
    assert scenario.paid() == D(scene.before)
    with pytest.raises(NotNow, match="no answer"):
        scenario.hub.answering.take_back(number, given.act, "Wang")


@pytest.mark.parametrize(
    "answer",
    [
        "yes",
        "counts",
        "counts:",
        "counts:NaN",
        "counts:-1",
        "counts:1e99",
        "counts:9.505",
        "counts:1_0",
        "counts: 9",
        "of:R9",
        "",
    ],
)
def test_only_an_offered_answer_counts(scenario: Scenario, answer: str) -> None:
    credit_in_dollars(scenario)
    ((number, asked),) = scenario.frozen()
    with pytest.raises(NotNow, match="counts:AMOUNT, aside"):
        scenario.hub.answering.answer(number, asked.question, answer, "Li")
    assert scenario.frozen() == [(number, asked)]


def test_an_answer_that_names_what_is_not_there_any_more_is_asked_again(scenario: Scenario) -> None:
    """The refund was said to be R2's; then R2 and R1 turned out to be one."""
    refund_of_the_order(scenario)
    (number, asked), *_ = scenario.frozen()
    scenario.hub.answering.answer(number, asked.question, "of:R1002", "Li")
    third = scenario.asked("RET-3", {"L1": 1}, at="12:00")
    scenario.hub.people.link(third, 1002, "Li")
    assert scenario.frozen("unallocated_refund") == [], "R2 is still R2"


def refused_there(scenario: Scenario) -> tuple[int, str]:
    """The shop pays nothing (its settings leave it out), and 10.00 are due: the question that this is."""
    scenario.accounts(asked=[])
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)
    assert scenario.paid() == 0
    (rest,) = [rest for rest in scenario.untold(number, "web") if rest.fact.startswith("money_due")]
    return number, rest.question


def test_what_cannot_be_told_is_dealt_with_by_hand_and_money_paid_otherwise_counts(scenario: Scenario) -> None:
    number, question = refused_there(scenario)
    scenario.hub.answering.answer(number, question, "by_hand", "Li")
    merged = scenario.doc(number)
    assert (merged.money.due, merged.money.refunded) == (0, D("10.00"))
    assert merged.axes.settlement == "settled"
    assert [part.method for refund in merged.refunds for part in refund.value.parts] == ["offline"]
    assert not any(rest.fact.startswith("money_due") for rest in scenario.untold(number, "web"))

    (given,) = merged.answers
    scenario.hub.answering.take_back(number, given.act, "Li")
    assert scenario.doc(number).money.due == D("10.00")
    assert question in {rest.question for rest in scenario.untold(number, "web")}


def test_all_that_is_undeliverable_has_its_way_out_and_none_of_what_waits_for_another_answer(
    scenario: Scenario,
) -> None:
    number, _ = refused_there(scenario)
    for _ in range(5):  # money that was paid by hand is told to whoever should know of it
        for rest in (scenario.untold(number, "web") + scenario.untold(number, "erp"))[:1]:
            scenario.hub.answering.answer(number, rest.question, "by_hand", "Li")
    assert scenario.untold(number, "web") + scenario.untold(number, "erp") == []
    scenario.came("till", number, "T-1")
    waits = scenario.untold(number, "web")
    assert [rest.question for rest in waits if rest.said.code == "waits_for_person"] == [""] * len(waits)
    with pytest.raises(NotNow, match="no question"):
        scenario.hub.answering.answer(number, "", "by_hand", "Li")


def test_a_credit_that_was_written_by_hand_counts_for_its_sum_and_not_for_later_ones(scenario: Scenario) -> None:
    """The books are not asked for credit notes; 10.00 went back, then 5.00 more."""
    scenario.accounts(asked=["create_return"])
    scenario.order()
    number = scenario.asked()
    books = {"order": {"id": "O1", "number": "5001"}, "lines": [{"id": "1", "order_line": "L1", "quantity": 1}]}
    scenario.push("erp", "return.upsert", "C1", hub_number=f"R{number}", **books)
    scenario.came("erp", number)

    def went_back(*amounts: str) -> list[str]:
        paid = [
            {"id": f"f{n}", "currency": "EUR", "parts": [{"amount": amount, "state": "succeeded", "payment": "PAY"}]}
            for n, amount in enumerate(amounts)
        ]
        scenario._add(("web", "return", "RET-1"), refunds=paid)
        return wanted()

    def wanted() -> list[str]:
        scenario.work()
        return [rest.fact for rest in scenario.untold(number, "erp") if rest.fact.startswith("credit")]

    assert went_back("10.00") == ["credit 10.00 EUR"]
    (rest,) = [rest for rest in scenario.untold(number, "erp") if rest.fact.startswith("credit")]
    scenario.hub.answering.answer(number, rest.question, "by_hand", "Li")
    assert wanted() == []
    assert went_back("10.00", "5.00") == ["credit 5.00 EUR"]
    (given,) = scenario.doc(number).answers
    scenario.hub.answering.take_back(number, given.act, "Li")
    assert wanted() == ["credit 15.00 EUR"]
