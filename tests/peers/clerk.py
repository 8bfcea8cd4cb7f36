"""A clerk of the hub who answers whatever a scenario left open, at random: in the end nothing may be left to answer."""

from __future__ import annotations

from collections.abc import Iterator

from hub.actions.people import NotNow
from hub.store import console as pages
from hub.store import intents, reviews
from tests.peers.scenario import Scenario

ROUNDS = 14
WHO = "Li"


def answer_everything(scenario: Scenario) -> list[str]:
    """Answer one thing after the other until nothing is open; what still is after so many rounds."""
    left: list[str] = []
    for _ in range(ROUNDS):
        left = list(_open(scenario))
        if not left:
            return []
        try:
            scenario.log.append(f"answered: {_answer(scenario)}")
        except NotNow as no:
            scenario.log.append(f"answered: no ({no})")
        scenario.pause(10)
    return left


def _numbers(scenario: Scenario) -> list[int]:
    with scenario.between.hub.database.begin() as conn:
        rows = pages.search(conn, scenario.order["number"]).rows
    return sorted(row.id for row in rows if any(o.ids.get("web") == scenario.order["id"] for o in row.doc.orders))


def _open(scenario: Scenario) -> Iterator[str]:
    """What freezes, what cannot be told, and what a person is asked."""
    numbers = _numbers(scenario)
    with scenario.between.hub.database.begin() as conn:
        found = pages.find(conn, numbers)
        for number in numbers:
            yield from (f"R{number} {d.kind}: {d.text}" for d in found[number].doc.discrepancies if d.question)
            for row in pages.telling(conn, number):
                yield from (f"R{number} {row.account} {r.fact}: {r.why}" for r in pages.cannot(row))
                if row.shown != "in_sync" and not pages.cannot(row):
                    yield f"R{number} {row.account} is {row.shown}: {row.why}"
        for question in reviews.open_reviews(conn):
            if set(numbers) & set(question["returns"]):
                yield f"question {question['kind']}: {question['text']}"


def _answer(scenario: Scenario) -> str:
    """One answer: to what freezes, else to a dead letter, else that something was dealt with by hand."""
    hub, dice = scenario.between.hub, scenario.dice
    for number in _numbers(scenario):
        with hub.database.begin() as conn:
            doc = pages.find(conn, [number])[number].doc
            dead = [i for i in intents.unfinished(conn, [number]).get(number, []) if i.state == "dead"]
            found = reviews.open_reviews(conn)
            asks = [(row.account, rest) for row in pages.telling(conn, number) for rest in pages.cannot(row)]
        for discrepancy in doc.discrepancies:
            if discrepancy.choices:
                choice = dice.choice(discrepancy.choices)
                text = f"{choice.text}:{doc.money.due or 10}" if choice.takes else choice.text
                hub.answering.answer(number, discrepancy.question, text, WHO)
                return f"R{number} {discrepancy.kind} {text}"
        for question in (q for q in found if number in q["returns"] and q["kind"] in ("no_effect", "unknown_outcome")):
            hub.dead_letters.dealt(question["id"], WHO, "booked by hand")
            return f"R{number} dealt with: {question['text']}"
        for intent in dead:
            hub.dead_letters.give_up(intent.id, WHO, "dealt with")
            return f"R{number} gave up {intent.account} {intent.kind}"
        for account, rest in asks:
            if rest.question:
                hub.answering.answer(number, rest.question, "by_hand", WHO)
                return f"R{number} {account} {rest.fact} by hand"
    return "nothing offers an answer"
