"""Both ways of evaluating one thing, side by side: the compiled function and the stock interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jmespath import functions, parser, visitor

from mappings.engine.compiler import compile_expression
from mappings.engine.functions import Catalogue
from mappings.engine.interpret import Here, Interpreter
from mappings.engine.parsing import parse

STOCK = functions.Functions()
CATALOGUE = Catalogue({}, {})
Outcome = tuple[str, Any]


def outcome(search: Callable[[Any], Any], document: Any) -> Outcome:
    """('value', it) or ('error', its type and text): two evaluations agree when their outcomes do, types included."""
    try:
        value = search(document)
    except Exception as error:  # whatever the interpreter raises, the compiled function has to raise
        return "error", (type(error).__name__, str(error))
    return "value", typed(value)


def typed(value: Any) -> Any:
    """1, 1.0 and true compare equal in Python; here they do not. Order of keys counts, too."""
    if isinstance(value, dict):
        return ["object", *((name, typed(part)) for name, part in value.items())]
    if isinstance(value, list):
        return ["list", *map(typed, value)]
    return type(value).__name__, str(value)


def stock_pair(expression: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """(interpreter, compiled) of the untouched language, floats and all."""
    tree = parser.Parser().parse(expression).parsed
    interpreter = visitor.TreeInterpreter(visitor.Options(custom_functions=STOCK))
    return lambda document: interpreter.visit(tree, document), compile_expression(tree, STOCK.call_function)


def dialect_pair(expression: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """(interpreter, compiled) of the mapping language: exact decimals, our catalogue."""
    tree = parse(expression)

    def interpreted(document: Any) -> Any:
        here = Here(document, "")
        return Interpreter(CATALOGUE, {"$root": here, "$item": here}).evaluate(tree, document)

    return interpreted, compile_expression(tree, CATALOGUE.call_function)
