"""Short ways to say what went back, for the tests of money (simulated)."""

from __future__ import annotations

from typing import Any

from tests.pipeline.desk import Desk


def part(amount: str, **more: Any) -> dict[str, Any]:
    return {"amount": amount, "state": "succeeded", **more}


def total(desk: Desk, *payments: str) -> None:
    """What the payments say went back."""
    told = [{"id": f"P{n}", "captured": "30.00", "refunded": amount} for n, amount in enumerate(payments)]
    desk.order(payments=told)


def answer(desk: Desk, number: int, kind: str, word: str) -> None:
    question = next(asked.question for found, asked in desk.frozen(kind) if found == number)
    desk.hub.answering.answer(number, question, word, "Li")


def begun(desk: Desk) -> int:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    return number


def two(desk: Desk) -> tuple[int, int]:
    """A mug and the teapot, in a return each; both are here."""
    one = begun(desk)
    other = desk.asked("RET-2", {"L2": 1}, at="11:00")
    desk.came("erp", other, "GR-2", "TEAPOT")
    return one, other


def kinds(desk: Desk) -> set[tuple[int, str]]:
    return {(number, asked.kind) for number, asked in desk.frozen()}


BOTH = [{"order_line": line, "quantity": 1, "amount": "10.00"} for line in ("L1", "L2")]
