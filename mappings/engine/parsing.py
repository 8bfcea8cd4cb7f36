"""JMESPath text to a tree, with the installed package's own parser, and the roots of the mapping language.

Deviations from the stock grammar, on purpose: `$name` is a root (only where an expression begins), numbers with a point
in backticks are exact decimals, and the deprecated unquoted text in backticks is refused.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from jmespath import exceptions
from jmespath import lexer as stock_lexer
from jmespath import parser as stock_parser

from mappings.engine.errors import InvalidJson
from mappings.engine.reading import check_texts

Node = dict[str, Any]

# The package's type stubs leave out what a subclass needs.
_StockLexer: Any = stock_lexer.Lexer
_StockParser: Any = stock_parser.Parser

ROOTS = ("$root", "$parent", "$item", "$settings", "$account")
MAX_CHARACTERS = 2_000
MAX_BRACKETS = 48
_OPENING, _CLOSING = frozenset(("lparen", "lbrace", "lbracket", "filter")), frozenset(("rparen", "rbrace", "rbracket"))


class ExpressionError(Exception):
    """The text is no expression of the language; `offset` is the character it stumbles over, counted from 0."""

    def __init__(self, message: str, offset: int = 0) -> None:
        self.offset = offset
        super().__init__(message)


class _Lexer(_StockLexer):  # type: ignore[misc]
    START_IDENTIFIER = _StockLexer.START_IDENTIFIER | {"$"}

    def _consume_literal(self) -> dict[str, Any]:
        start = self._position
        lexeme = self._consume_until("`").replace("\\`", "`")
        try:
            value = json.loads(lexeme, parse_float=Decimal, parse_constant=_no_constant)
        except ValueError as error:
            hint = f"`{lexeme}` is no JSON; text is written in single quotes: '{lexeme}'"
            raise exceptions.LexerError(start, lexeme, hint) from error
        return {"type": "literal", "value": value, "start": start, "end": self._position}


def _no_constant(name: str) -> None:
    raise ValueError(name)


class _Parser(_StockParser):  # type: ignore[misc]
    def _parse(self, expression: str) -> stock_parser.ParsedResult:
        self.tokenizer = _Lexer().tokenize(expression)
        self._tokens = list(self.tokenizer)
        _bound(self._tokens)
        _demand_text(self._tokens)
        self._index = 0
        parsed = self._expression(binding_power=0)
        if self._current_token() != "eof":
            token = self._lookahead_token(0)
            raise exceptions.ParseError(token["start"], token["value"], token["type"], "this does not belong here")
        return stock_parser.ParsedResult(expression, parsed)

    def _token_nud_unquoted_identifier(self, token: dict[str, Any]) -> Node:
        name = token["value"]
        if not name.startswith("$"):
            return {"type": "field", "children": [], "value": name}
        if name not in ROOTS:
            raise exceptions.ParseError(
                token["start"], name, token["type"], f"there is no {name}, only {', '.join(ROOTS)}"
            )
        return {"type": "root", "children": [], "value": name}

    def _parse_dot_rhs(self, binding_power: int) -> Node:
        token = self._lookahead_token(0)
        if token["type"] == "unquoted_identifier" and token["value"].startswith("$"):
            raise exceptions.ParseError(
                token["start"], token["value"], token["type"], f"{token['value']} stands only at a beginning"
            )
        node: Node = super()._parse_dot_rhs(binding_power)
        return node


def parse(text: str) -> Node:
    """The expression's tree. Raises ExpressionError, never RecursionError."""
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"the expression has {len(text):,} characters; the budget is {MAX_CHARACTERS:,}")
    try:
        tree: Node = _Parser()._do_parse(text).parsed
    except exceptions.EmptyExpressionError as error:
        raise ExpressionError("the expression is empty") from error
    except exceptions.LexerError as error:
        raise ExpressionError(error.message, error.lex_position) from error
    except exceptions.ParseError as error:
        raise ExpressionError(_explain(error, text), max(error.lex_position, 0)) from error
    except RecursionError as error:
        raise ExpressionError("the expression is nested too deeply") from error
    return tree


def _explain(error: exceptions.ParseError, text: str) -> str:
    if isinstance(error, exceptions.IncompleteExpressionError) or error.token_type == "EOF":  # noqa: S105
        return "the expression ends too early (between { } and [ ] YAML ends it at a comma: quote it there)"
    number = error.token_type == "NUMBER"  # noqa: S105
    hint = f"; a number is written in backticks: `{error.token_value}`" if number else ""
    return f"unexpected {error.token_value!r}: {error.msg}{hint}"


def _bound(tokens: list[dict[str, Any]]) -> None:
    depth = 0
    for token in tokens:
        if token["type"] in _OPENING:
            depth += 1
        elif token["type"] in _CLOSING:
            depth -= 1
        if depth > MAX_BRACKETS:
            raise exceptions.ParseError(
                token["start"], token["value"], token["type"], f"brackets are nested more than {MAX_BRACKETS} deep"
            )


def _demand_text(tokens: list[dict[str, Any]]) -> None:
    # What a mapping composes holds no NUL either, so nobody has to look through a fragment made of a clean body.
    for token in tokens:
        try:
            check_texts(token["value"])
        except InvalidJson as error:
            raise exceptions.ParseError(token["start"], token["value"], token["type"], error.reason) from error
