"""Short ways to say what went back, for the tests of money (simulated)."""

from __future__ import annotations

from typing import Any

from tests.pipeline.scenario import Scenario


def part(amount: str, **more: Any) -> dict[str, Any]:
    return {"amount": amount, "state": "succeeded", **more}


def total(scenario: Scenario, *payments: str) -> None:
    """What the payments say went back."""
    paid = [{"id": f"P{n}", "captured": "30.00", "refunded": amount} for n, amount in enumerate(payments)]
    scenario.order(payments=paid)


def answer(scenario: Scenario, number: int, kind: str, word: str) -> None:
    question = next(asked.question for found, asked in scenario.frozen(kind) if found == number)
    scenario.hub.answering.answer(number, question, word, "Li")


def begun(scenario: Scenario) -> int:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    return number


def two(scenario: Scenario) -> tuple[int, int]:
    """A mug and the teapot, in a return each; both are here."""
    one = begun(scenario)
    other = scenario.asked("RET-2", {"L2": 1}, at="11:00")
    scenario.came("erp", other, "GR-2", "TEAPOT")
    return one, other


def kinds(scenario: Scenario) -> set[tuple[int, str]]:
    return {(number, asked.kind) for number, asked in scenario.frozen()}


BOTH = [{"order_line": line, "quantity": 1, "amount": "10.00"} for line in ("L1", "L2")]
