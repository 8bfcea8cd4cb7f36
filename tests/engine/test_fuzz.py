"""Differential fuzz: random expressions and mutilated records, compiled against the interpreter.

Some run always; `--fuzz=200000` (evaluations, a third for each test) runs as many as wanted. The seed is the run's.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jmespath
import pytest

from mappings.engine import Mapping, MappingError
from mappings.engine.interpret import Walk
from mappings.engine.parsing import ExpressionError
from tests.engine.corpus import RECORD, expressions
from tests.engine.oracle import Outcome, dialect_pair, outcome, stock_pair

PER_EXPRESSION = 10

pytestmark = [
    pytest.mark.filterwarnings("ignore:deprecated string literal syntax:PendingDeprecationWarning"),
    pytest.mark.timeout(3600),  # --fuzz says how much; on a busy machine a full run takes minutes
]

FIELDS = [*RECORD, "code", "text", "quantity", "price", "tags", "reason", "ok", "v", "hub", "deep"]
LITERALS = ["`0`", "`1`", "`true`", "`false`", "`null`", "`[]`", "`{}`", "''", "'a'", "'x'", "`2.5`", '`[1, "a"]`']
ONE = ["abs", "length", "keys", "values", "sort", "reverse", "to_array", "to_string", "to_number", "type", "sum", "max"]
BY = ["sort_by", "max_by", "min_by"]
TYPED = [
    "abs({n})", "concat({t}, {n})", "country({l})", "currency({c})", "date({i})", "decimal({n})", "distinct({x})",
    "divide({n}, {n}, `2`)", "epoch({n}, 's')", "first({x}, {x})", "instant({i}, 'Asia/Shanghai')", "iso({i})",
    "key('order', {t})", "key({t}, {n}, $account)", "lookup('open', {t})", "lookup('closed', {t}, {n})", "lower({t})",
    "minor_units({n}, {c})", "minus({n}, {n})", "money({n})", "money({n}, {c})", "negate({n})", "per_piece({n}, {n}, {c})", "plus({n}, {n})",
    "ref({r}, 'sale')", "regex({t}, '^R(.)')", "reverse('open', {t})", "split({t}, ' ', `1`)", "sum([{n}, {n}])",
    "text({n})", "times({n}, {n})", "to_minor_units({n}, {c})", "trim({t})", "upper({t})",
]  # fmt: skip
"""Every function that is the mapping language's own, with the kind of each argument."""
KINDS = {
    "n": ["quantity", "price", "zero", "ratio", "total", "$root.id", "$root.total", "'12.5'", "`3`", "times(price, quantity)",
          "(nothing && plus(total, ratio))", "(ok && negate(quantity))"],
    "t": ["name", "status", "id", "reason.code", "$root.status", "empty", "concat(id, '-', name)", "'R 1'"],
    "i": ["when", "$root.when", "instant(when)"], "c": ["code", "$root.code", "'KWD'"], "l": ["land"], "r": ["sale"],
    "x": ["numbers", "words", "tags", "id"],
}  # fmt: skip
"""Expressions for SHOP and its items that mostly give what such an argument has to be, or null."""
TABLES = """
tables:
  open: {Return 7: seven, "7": number, "*": other}
  closed: {requested: asked, "requested/7": both, "2/*": two, "0": nought}
"""
SHOP = {**RECORD, "total": "59.70", "when": "2026-11-23T00:58:31.280Z", "code": "eur", "sale": "sale,6", "land": "AUT"}


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

    def typed(self) -> str:
        """A function of our own, mostly asked of something that it can answer."""
        return re.sub(r"{(.)}", self.argument, self.dice.choice(TYPED))

    def argument(self, kind: re.Match[str]) -> str:
        return self.expression(1) if self.dice.random() < 0.05 else self.dice.choice(KINDS[kind[1]])

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
def test_random_expressions_on_mutilated_records(dialect: bool, seed: int, pytestconfig: pytest.Config) -> None:
    dice = random.Random(f"{seed}/{dialect}")
    writer, known = Writer(dice), expressions()
    done = 0
    while done < pytestconfig.option.fuzz // 3:
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


def test_random_sections_of_typed_functions(seed: int, pytestconfig: pytest.Config) -> None:
    dice = random.Random(f"{seed}/typed")
    writer = Writer(dice)
    done = values = 0
    while done < pytestconfig.option.fuzz // 3:
        fields = {name: writer.typed() for name in "abc"}
        lines = {"each": "items", **{name: writer.typed() for name in "de"}}
        section = json.dumps({**fields, "lines": lines}, ensure_ascii=False)  # JSON is YAML
        try:
            mapping = Mapping.load(f"system: x\ninbound:\n  s: {section}\n{TABLES}")
        except MappingError:
            continue
        for _ in range(PER_EXPRESSION):
            document = exact(mutilated(SHOP, dice))
            expected, got = both(mapping, document)
            assert got == expected, f"seed {seed}: {fields} {lines} on {document!r}"
            done += 1
            values += got[0] == "value"
    assert values > done // 5, "nearly everything was refused: this compares too little"


def both(mapping: Mapping, document: Any) -> tuple[Outcome, Outcome]:
    """(by the walk, by the compiled section)."""
    catalogue, section = mapping.document.catalogue, mapping.document.inbound["s"]
    walked = outcome(lambda record: Walk(catalogue, record, {}, "main").section(section), document)
    return walked, outcome(lambda record: mapping.read("s", record, {}, account="main"), document)
