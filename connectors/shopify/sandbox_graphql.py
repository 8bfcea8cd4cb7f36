"""The part of GraphQL that a small stand-in needs: read a document, and give of its records what was asked, no more.

So a document that forgets a field shows in the tests, and one that asks for a field which nothing has is refused, as
the vendor does. Records are dicts with `__typename`; a `Ref` stands for another record; a list is a connection where
`nodes` or `edges` are asked of it. Values are not checked against a schema: that is the published schema's business.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

TOKEN = re.compile(r'(?:[\s,]|#[^\n]*)*(?:("(?:[^"\\]|\\.)*")|(\.\.\.|[!$&()\[\]{}:=@|])|(-?\d+(?:\.\d+)?)|(\w+)|(\Z))')
INTERFACES = {"ReturnLineItemType": ("ReturnLineItem", "UnverifiedReturnLineItem")}
MOST = 250
"""A page of a connection has no more; `first` above it is refused."""


class Bad(Exception):
    """A document or its variables are wrong: answered with `errors` and status 200. `code` is the vendor's."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Ref(NamedTuple):
    """Another record, by its id."""

    id: str


@dataclass(slots=True)
class Field:
    name: str
    alias: str
    args: Mapping[str, Any] = field(default_factory=dict)
    parts: Sequence[Any] = ()
    directives: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Spread:
    """`...Name`, or `... on Type { }`."""

    fragment: str = ""
    of: str = ""
    parts: Sequence[Any] = ()


@dataclass(slots=True)
class Variable:
    name: str


@dataclass(slots=True)
class Request:
    """One operation ready to be carried out: `kind` query or mutation, its fields and the fragments beside it."""

    kind: str
    name: str
    parts: Sequence[Any]
    fragments: Mapping[str, Spread]
    variables: Mapping[str, Any]

    def value(self, given: Any) -> Any:
        """An argument with its variables filled in."""
        if isinstance(given, Variable):
            return self.variables.get(given.name)
        if isinstance(given, Mapping):
            return {name: self.value(item) for name, item in given.items()}
        return [self.value(item) for item in given] if isinstance(given, list) else given

    def args(self, asked: Field) -> dict[str, Any]:
        return {name: self.value(given) for name, given in asked.args.items()}

    def fields(self, parts: Sequence[Any], kind: str) -> Iterator[Field]:
        """The fields asked of a record of this type, those of fragments that fit it included."""
        for part in parts:
            if isinstance(part, Field):
                yield part
                continue
            spread = self.fragments[part.fragment] if part.fragment else part
            if not spread.of or spread.of == kind or kind in INTERFACES.get(spread.of, ()):
                yield from self.fields(spread.parts, kind)


class Shape:
    """Gives of a value what was asked. `look` finds a Ref's record; `search` keeps what a `query` argument finds."""

    def __init__(
        self, request: Request, load: Callable[[str], Any], search: Callable[[list[Any], str], list[Any]]
    ) -> None:
        self.request = request
        self.load = load
        self.search = search

    def of(self, value: Any, asked: Field) -> Any:
        if isinstance(value, Ref):
            value = self.load(value.id)
        if value is None or not asked.parts:
            return value
        if isinstance(value, list):
            wanted = {part.name for part in asked.parts if isinstance(part, Field)}
            if wanted & {"nodes", "edges"}:
                return self.connection(value, asked)
            return [self.of(item, asked) for item in value[: self.request.args(asked).get("first") or None]]
        kind = value.get("__typename", "")
        found: dict[str, Any] = {}
        for part in self.request.fields(asked.parts, kind):
            if part.name not in value:
                raise Bad(f"Field '{part.name}' doesn't exist on type '{kind}'", "undefinedField")
            given = self.of(value[part.name], part)
            both = isinstance(given, dict) and isinstance(found.get(part.alias), dict)
            found[part.alias] = {**found[part.alias], **given} if both else given
        return found

    def connection(self, value: list[Any], asked: Field) -> Any:
        args = self.request.args(asked)
        bulk = self.request.name == "bulk"  # which has no pages
        first = len(value) if bulk else args.get("first") or 0
        if not bulk and not 0 < first <= MOST:
            raise Bad(f"you must provide one of first or last, between 1 and {MOST}", "BAD_REQUEST")
        items = [self.load(item.id) if isinstance(item, Ref) else item for item in value]
        items = self.search(items, args["query"]) if args.get("query") else items
        marks = [mark(item, index) for index, item in enumerate(items)]
        start = marks.index(args["after"]) + 1 if args.get("after") in marks else 0
        page, info = items[start : start + first], marks[start : start + first]
        shown: dict[str, Any] = {}
        for part in self.request.fields(asked.parts, "Connection"):
            if part.name == "pageInfo":
                whole = {"hasNextPage": start + first < len(items), "endCursor": info[-1] if info else None}
                shown[part.alias] = self.of({**whole, "hasPreviousPage": start > 0}, part)
            elif part.name == "nodes":
                shown[part.alias] = [self.of(item, part) for item in page]
            else:
                edges = [{"node": item, "cursor": cursor} for item, cursor in zip(page, info, strict=True)]
                shown[part.alias] = [self.of(edge, part) for edge in edges]
        return shown


def mark(item: Any, index: int) -> str:
    """An opaque cursor."""
    name = item.get("id", index) if isinstance(item, dict) else index
    return base64.b64encode(f'{{"last_id":"{name}"}}'.encode()).decode()


def read(text: str, variables: Mapping[str, Any] | None, name: str | None = None) -> Request:
    """The named operation of a document, or its only one. Raises Bad."""
    parser = _Parser(text)
    operations, fragments = parser.document()
    if name and name not in operations:
        raise Bad(f"No operation named '{name}'", "operationNotFound")
    kind, parts = operations[name or next(iter(operations))]
    return Request(kind, name or next(iter(operations)), parts, fragments, variables or {})


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [found[found.lastindex or 0] for found in TOKEN.finditer(text)]
        self._at = 0

    @property
    def next(self) -> str:
        return self._tokens[self._at]

    def take(self, wanted: str = "") -> str:
        token = self.next
        if wanted and token != wanted:
            raise Bad(f"Expected {wanted}, actual: {token or 'end of document'}", "parseError")
        self._at += 1
        return token

    def document(self) -> tuple[dict[str, tuple[str, Sequence[Any]]], dict[str, Spread]]:
        operations: dict[str, tuple[str, Sequence[Any]]] = {}
        fragments: dict[str, Spread] = {}
        while self.next:
            kind = self.take() if self.next != "{" else "query"
            if kind == "fragment":
                name = self.take()
                self.take("on")
                of = self.take()
                fragments[name] = Spread(of=of, parts=self.selections())
                continue
            name = self.take() if self.next not in ("{", "(") else ""
            if self.next == "(":
                while self.take() != ")":
                    """Types of variables are the published schema's business."""
            operations[name] = (kind, self.selections())
        return operations, fragments

    def selections(self) -> list[Any]:
        self.take("{")
        parts: list[Any] = []
        while self.next != "}":
            parts.append(self.spread() if self.next == "..." else self.field())
        self.take("}")
        return parts

    def spread(self) -> Spread:
        self.take("...")
        if self.next == "on":
            self.take()
            return Spread(of=self.take(), parts=self.selections())
        return Spread(fragment=self.take())

    def field(self) -> Field:
        name = alias = self.take()
        if self.next == ":":
            self.take()
            name = self.take()
        found = Field(name, alias, self.arguments())
        directives: dict[str, Mapping[str, Any]] = {}
        while self.next == "@":
            self.take()
            directive = self.take()
            directives[directive] = self.arguments()
        found.directives = directives
        found.parts = self.selections() if self.next == "{" else ()
        return found

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.next == "(":
            self.take()
            while self.next != ")":
                name = self.take()
                self.take(":")
                found[name] = self.value()
            self.take(")")
        return found

    def value(self) -> Any:
        word = self.take()
        if word == "$":
            return Variable(self.take())
        if word == "[":
            items = []
            while self.next != "]":
                items.append(self.value())
            self.take("]")
            return items
        if word == "{":
            made: dict[str, Any] = {}
            while self.next != "}":
                name = self.take()
                self.take(":")
                made[name] = self.value()
            self.take("}")
            return made
        if word.startswith('"'):
            return word[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        plain = {"true": True, "false": False, "null": None}
        return plain[word] if word in plain else int(word) if word.lstrip("-").isdigit() else word
