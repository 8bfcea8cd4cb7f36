"""Differential fuzz: random expressions and mutilated records, compiled against the interpreter.

A fixed share runs always; HUB_FUZZ=100000 (evaluations) runs as many as wanted. The seed is the run's (HUB_SEED).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jmespath
import pytest

from mappings.engine.parsing import ExpressionError
from tests.engine.corpus import RECORD, expressions
from tests.engine.oracle import dialect_pair, outcome, stock_pair

EVALUATIONS = int(os.environ.get("HUB_FUZZ", "10000"))
PER_EXPRESSION = 10

pytestmark = pytest.mark.filterwarnings("ignore:deprecated string literal syntax:PendingDeprecationWarning")

FIELDS = [*RECORD, "code", "text", "quantity", "price", "tags", "reason", "ok", "v", "hub", "deep"]
LITERALS = ["`0`", "`1`", "`true`", "`false`", "`null`", "`[]`", "`{}`", "''", "'a'", "'x'", "`2.5`", '`[1, "a"]`']
ONE = ["abs", "length", "keys", "values", "sort", "reverse", "to_array", "to_string", "to_number", "type", "sum", "max"]
BY = ["sort_by", "max_by", "min_by"]


class Writer:
    """Writes random expressions of bounded depth."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def name(self) -> str:
        name = self.dice.choice(FIELDS)
        return name if name.isidentifier() and name.isascii() else f'"{name}"'

    def expression(self, depth: int) -> str:
        if depth <= 0:
            return self.dice.choice([self.name(), self.name(), "@", self.dice.choice(LITERALS)])
        kinds: list[Callable[[int], str]] = [
            self.chain, self.chain, self.chain, self.logic, self.compare, self.filter, self.select, self.call, self.pipe
        ]  # fmt: skip
        return self.dice.choice(kinds)(depth - 1)

    def chain(self, depth: int) -> str:
        """A path, mostly one that exists in the record."""
        text, value = self.step("", RECORD)
        for _ in range(self.dice.randint(0, 4)):
            text, value = self.step(text, value)
        return text

    def step(self, text: str, value: Any) -> tuple[str, Any]:
        if isinstance(value, dict) and value and self.dice.random() < 0.85:
            name = self.dice.choice(list(value))
            field = name if name.isidentifier() and name.isascii() else f'"{name}"'
            return f"{text}.{field}" if text else field, value[name]
        if isinstance(value, list) and value and self.dice.random() < 0.85:
            bracket = self.dice.choice(["[0]", "[-1]", "[*]", "[]", "[1:]", "[::-1]"])
            return text + bracket, value[-1] if bracket == "[-1]" else value[0]
        blind = self.dice.choice([f".{self.name()}", "[*]", "[]", "[0]", ".*"]) if text else self.name()
        return text + blind, None

    def logic(self, depth: int) -> str:
        sign = self.dice.choice(["||", "&&"])
        text = f"({self.expression(depth)} {sign} {self.expression(depth)})"
        return self.dice.choice(["", "!"]) + text

    def compare(self, depth: int) -> str:
        sign = self.dice.choice(["==", "!=", "<", "<=", ">", ">="])
        return f"({self.expression(depth)} {sign} {self.expression(depth)})"

    def filter(self, depth: int) -> str:
        return f"{self.chain(depth)}[?{self.expression(depth)}]{self.dice.choice(['', '.id', '[0]', '[]'])}"

    def select(self, depth: int) -> str:
        one, other = self.expression(depth), self.expression(depth)
        return self.chain(depth) + self.dice.choice([f".[{one}, {other}]", f".{{a: {one}, b: {other}}}"])

    def call(self, depth: int) -> str:
        inner = self.expression(depth)
        return self.dice.choice(
            [
                f"{self.dice.choice(ONE)}({inner})",
                f"{self.dice.choice(BY)}({self.chain(depth)}, &{self.name()})",
                f"map(&{self.expression(depth - 1)}, {self.chain(depth)})",
                f"not_null({inner}, {self.expression(depth)})",
                f"contains({inner}, {self.expression(depth - 1)})",
                f"join(',', {inner})",
                f"merge({inner}, {self.name()})",
            ]
        )

    def pipe(self, depth: int) -> str:
        return f"{self.expression(depth)} | {self.expression(depth)}"


def mutilated(value: Any, dice: random.Random) -> Any:
    """A copy in which some parts are lost, of another type, or where they do not belong."""
    if dice.random() < 0.06:
        return dice.choice(
            [None, "", 0, 1, True, False, [], {}, "x", -5, 10**25, 2.5, [[]], {"id": 1}, RECORD["items"]]
        )
    if isinstance(value, dict):
        return {name: mutilated(part, dice) for name, part in value.items() if dice.random() > 0.04}
    if isinstance(value, list):
        return [mutilated(part, dice) for part in value if dice.random() > 0.04]
    return value


def exact(value: Any) -> Any:
    """As our JSON reader gives it: decimals, no floats."""
    if isinstance(value, dict):
        return {name: exact(part) for name, part in value.items()}
    if isinstance(value, list):
        return [exact(part) for part in value]
    return Decimal(str(value)) if isinstance(value, float) else value


@pytest.mark.parametrize("dialect", [False, True], ids=["stock", "dialect"])
def test_random_expressions_on_mutilated_records(dialect: bool, seed: int) -> None:
    dice = random.Random(f"{seed}/{dialect}")
    writer, known = Writer(dice), expressions()
    done = 0
    while done < EVALUATIONS // 2:
        expression = dice.choice(known) if dice.random() < 0.3 else writer.expression(dice.randint(1, 4))
        try:
            interpreted, compiled = (dialect_pair if dialect else stock_pair)(expression)
        except (jmespath.exceptions.JMESPathError, ExpressionError):
            continue
        for _ in range(PER_EXPRESSION):
            document = mutilated(RECORD, dice)
            document = exact(document) if dialect else document
            expected, got = outcome(interpreted, document), outcome(compiled, document)
            assert got == expected, f"seed {seed}: {expression!r} on {document!r}"
            done += 1
