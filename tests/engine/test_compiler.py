"""The compiled expression means what the stock interpreter means: own corpus, official cases, deep nesting."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

import jmespath
import pytest

from mappings.engine.parsing import ExpressionError
from tests.engine.corpus import RECORD, expressions
from tests.engine.oracle import dialect_pair, outcome, stock_pair

pytestmark = pytest.mark.filterwarnings("ignore:deprecated string literal syntax:PendingDeprecationWarning")


def parses(expression: str) -> bool:
    try:
        jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError:
        return False
    return True


def test_the_corpus_holds_every_kind_of_node_and_every_stock_function() -> None:
    from jmespath import ast, functions

    seen: set[str] = set()
    called: set[str] = set()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            seen.add(node["type"])
            if node["type"] == "function_expression":
                called.add(node["value"])
            for child in node["children"]:
                collect(child)

    for expression in filter(parses, expressions()):
        collect(jmespath.compile(expression).parsed)
    kinds = {name for name, thing in vars(ast).items() if callable(thing)} - {"current_node"}
    assert kinds | {"current"} <= seen
    assert set(functions.Functions.FUNCTION_TABLE) <= called


@pytest.mark.parametrize("pair", [stock_pair, dialect_pair])
def test_the_corpus_evaluates_as_the_interpreter_does(pair: Any) -> None:
    documents = [RECORD, RECORD["items"], RECORD["metadata"], [], {}, None, 0, "text", [None, [1, {"id": 2}]]]
    compared, different = 0, []
    for expression in filter(parses, expressions()):
        try:
            interpreted, compiled = pair(expression)
        except ExpressionError:  # the dialect is stricter (literals, size); what it refuses is tested in test_language
            continue
        for document in documents:
            compared += 1
            expected, got = outcome(interpreted, document), outcome(compiled, document)
            if expected != got:
                different.append((expression, expected, got))
    assert not different, different[:3]
    assert compared > 4_000


def compliance() -> list[Path]:
    folder = Path(os.environ.get("HUB_TEST_DATA", "/nowhere")) / "jmespath_compliance"
    return sorted(folder.glob("*.json"))


@pytest.mark.skipif(
    not compliance(), reason="HUB_TEST_DATA names no folder with jmespath_compliance/: official cases NOT run"
)
def test_the_official_compliance_cases() -> None:
    count, different = 0, []
    for file in compliance():
        for suite in json.loads(file.read_text("utf-8")):
            for case in suite["cases"]:
                count += 1
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    got = official(case["expression"], suite["given"])
                expected = outcome(lambda _, case=case: case["result"], None) if "result" in case else "refused"
                if "bench" not in case and got != expected:
                    different.append((file.name, case, got))
    assert not different, different[:3]
    assert count > 700


def official(expression: str, document: Any) -> Any:
    try:
        interpreted, compiled = stock_pair(expression)
    except jmespath.exceptions.JMESPathError:
        return "refused"
    got = outcome(compiled, document)
    assert got == outcome(interpreted, document), expression
    return "refused" if got[0] == "error" else got


@pytest.mark.parametrize(
    "expression",
    [
        "a" + "[*].b" * 90,
        "[?" * 30 + "@" + "]" * 30,
        "{a: " * 40 + "@" + "}" * 40,
        "[" * 45 + "@" + "]" * 45,
        " || ".join(f"a{number}" for number in range(60)),
        "(a || " * 40 + "b" + ")" * 40,
        "(a && !" * 40 + "b" + ")" * 40,
        "map(&" * 20 + "@" + ", @)" * 20,
    ],
)
def test_deep_expressions_still_compile(expression: str) -> None:
    interpreted, compiled = stock_pair(expression)
    nested: Any = {"a": [], "b": 1}
    for _ in range(20):
        nested = {"a": [nested, nested["a"]], "b": [nested]} if len(str(nested)) < 10_000 else {"a": [nested], "b": []}
    for document in (nested, [nested], [[[[1]]]], {"a": {"b": {}}}, {"a1": "", "a59": 3}):
        assert outcome(compiled, document) == outcome(interpreted, document)


def test_compiled_expressions_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", SyntaxWarning)
        for expression in ("'a' == `null`", "'a'.b", "`1`[0]", "'a' | {b: @}", "`null`[0]", "`1` == `true`", "!'a'"):
            _, compiled = dialect_pair(expression)
            compiled({})
