"""What a manifest can say has an effect: every key is read by code that does something with it, or it is not there.

A grade counts what a manifest says (`kit/grading`), and a page shows it (`kit/docs`): neither makes it true, so neither counts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema

from connectors.kit import manifest_parts as parts
from connectors.kit import manifest_schema

ROOT = Path(__file__).parents[2]
SAY_ONLY = ("grading", "scaffold", "docs.py", "docs_words.py", "manifest.py", "manifest_schema.py", "manifest_rules.py")
CODE = [
    ast.parse(file.read_text("utf-8"))
    for folder in ("hub", "connectors", "scheduler")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if not set(file.relative_to(ROOT).parts) & set(SAY_ONLY)
]
HELD = {
    parts.Manifest: ("manifest", "self"),
    parts.Setting: ("setting", "settings", "spec"),
    parts.Stream: ("stream", "streams", "spec"),
    parts.Topic: ("topic",),
    parts.WebhookAnswer: ("wanted",),
    parts.Webhook: ("webhook", "hook"),
    parts.OperationSpec: ("operations", "operation", "spec"),
    parts.Budget: ("limit",),
    parts.Stores: ("self",),
}
"""How the code calls what it reads them off."""


def held(node: ast.expr) -> str:
    """The last name of an expression: `manifest.streams[name]` is held by `streams`."""
    while True:
        match node:
            case ast.Subscript(value=inner) | ast.Call(func=inner):
                node = inner
            case ast.Attribute(value=inner, attr="get" | "values"):
                node = inner
            case ast.Attribute(attr=name) | ast.Name(id=name):
                return name
            case _:
                return ""


def read_of() -> set[tuple[str, str]]:
    """(what it is held by, attribute) of every attribute that is read."""
    nodes = (node for tree in CODE for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return {(held(node.value), node.attr) for node in nodes if isinstance(node.ctx, ast.Load)}


def words() -> set[str]:
    """Every text in the code that is a word."""
    nodes = (node for tree in CODE for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if isinstance(node.value, str)}


READ, WORDS = read_of(), words()


def plain() -> Iterator[tuple[str, str]]:
    """(schema, key) of the sections that stay mappings."""
    made = {kind.__name__ for kind in HELD}
    for name, schema in vars(manifest_schema).items():
        own = isinstance(schema, type) and issubclass(schema, Schema) and schema is not Schema
        if own and name.removesuffix("Schema") not in made:
            yield from ((name, key) for key in schema._declared_fields)


@pytest.mark.parametrize(
    ("kind", "key"),
    [(kind, one.name) for kind in HELD for one in fields(kind)],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_a_key_is_read_by_code_that_acts_on_it(kind: Any, key: str) -> None:
    assert {(name, key) for name in HELD[kind]} & READ, f"{kind.__name__}.{key} is said by manifests and read by nobody"


@pytest.mark.parametrize(("section", "key"), list(plain()))
def test_a_key_of_a_section_is_named_by_code_that_acts_on_it(section: str, key: str) -> None:
    assert key in WORDS, f"{section}.{key} is said by manifests and read by nobody"


def test_a_key_that_nobody_reads_would_be_seen() -> None:
    assert not {(name, "parent") for name in HELD[parts.Stream]} & READ
    assert "since_when" not in WORDS
