"""A whole mapping document: sections, tables, the way back, and what that system does to a text.

Checked as far as it can be without knowing the canonical vocabulary (that is lint.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.engine import patterns, times
from mappings.engine.errors import Mark, Untranslatable
from mappings.engine.functions import Catalogue, arity, names
from mappings.engine.parsing import ExpressionError, Node
from mappings.engine.shapes import Reader, Section, Use
from mappings.engine.tables import Reverse, Table
from mappings.engine.tree import Map, Remarks, Scalar, Seq, Tree, digest

PARTS = ("system", "extends", "inbound", "outbound", "tables", "reverse", "stores")
_EXPREF_PLACE = {"map": 0, "sort_by": 1, "min_by": 1, "max_by": 1}
_ZONE_PLACE = {"instant": 1, "iso": 1, "date": 1}


@dataclass(slots=True)
class TableUse:
    """Where a table is asked: (direction is inbound, section, field)."""

    table: str
    function: str
    use: Use


@dataclass(slots=True)
class Document:
    """What a mapping file says, its parents already under it."""

    system: str
    inbound: dict[str, Section] = field(default_factory=dict)
    outbound: dict[str, Section] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=lambda: Catalogue({}, {}))
    stores: dict[str, dict[str, Any]] = field(default_factory=dict)
    uses: list[TableUse] = field(default_factory=list)
    settings: dict[str, Mark] = field(default_factory=dict)
    """Account settings that expressions read, and where first."""
    version: str = ""
    reads_version: str = ""


class _Approval:
    """What the parser lets through and the language does not: unknown functions, wrong counts, missing tables."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.read: set[str] = set()

    def __call__(self, tree: Node, use: Use) -> None:
        stack: list[tuple[Node, bool]] = [(tree, False)]
        while stack:
            node, reference_allowed = stack.pop()
            kind, children = node["type"], node.get("children", [])
            if kind == "expref" and not reference_allowed:
                raise ExpressionError("& stands only where sort_by, min_by, max_by and map expect it")
            if kind == "root" and node["value"] == "$parent" and not use.in_list:
                raise ExpressionError("there is no $parent outside an `each:`")
            if kind == "slice" and children[2] == 0:
                raise ExpressionError("a slice cannot have the step 0")
            if kind == "subexpression" and children[0].get("value") == "$settings" and children[1]["type"] == "field":
                self.read.add(children[1]["value"])
            place = None
            if kind == "function_expression":
                self._function(node["value"], children, use)
                place = _EXPREF_PLACE.get(node["value"])
            stack += [(child, number == place) for number, child in enumerate(children) if isinstance(child, dict)]

    def _function(self, name: str, children: list[Node], use: Use) -> None:
        bounds = arity(name)
        if bounds is None:
            raise ExpressionError(f"there is no function {name}; there are {', '.join(names())}")
        least, most = bounds
        if len(children) < least or (most is not None and len(children) > most):
            wanted = f"{least}" if most == least else f"at least {least}" if most is None else f"{least} to {most}"
            raise ExpressionError(f"{name} takes {wanted} arguments, not {len(children)}")
        if name == "lookup" or (name == "reverse" and len(children) == 2):
            table = self._literal(children, 0)
            if table not in self.document.catalogue.tables:
                known = ", ".join(self.document.catalogue.tables) or "none"
                raise ExpressionError(f"{name} names a table in quotes; the tables are: {known}")
            self.document.uses.append(TableUse(str(table), name, use))
        elif name == "regex":
            pattern = self._literal(children, 1)
            if not isinstance(pattern, str):
                raise ExpressionError("regex takes its pattern in quotes, so that it can be checked")
            patterns.safe(pattern)
        elif name in _ZONE_PLACE and isinstance(zone := self._literal(children, _ZONE_PLACE[name]), str):
            try:
                times.zone(zone)
            except Untranslatable as error:
                raise ExpressionError(error.reason) from error

    @staticmethod
    def _literal(children: list[Node], place: int) -> Any:
        return children[place]["value"] if place < len(children) and children[place]["type"] == "literal" else None


def read_document(tree: Map, remarks: Remarks) -> Document:
    """The document of a (joined) tree; what is wrong is remarked and left out."""
    for name, (key, _) in tree.entries.items():
        if name not in PARTS:
            remarks.error(key.mark, f"{name!r} is no part of a mapping; the parts are {', '.join(PARTS)}")
    system = tree.get("system")
    if not isinstance(system, Scalar) or not system.text:
        remarks.error(tree.mark, "`system:` is missing (an account's dictionary says `extends: <system>` instead)")
    document = Document(system.text if isinstance(system, Scalar) else "")
    document.catalogue.tables = _tables(_part(tree, "tables", remarks), remarks)
    document.catalogue.reverses = _reverses(_part(tree, "reverse", remarks), document.catalogue.tables, remarks)
    document.stores = _stores(_part(tree, "stores", remarks), remarks)
    for direction, sections in (("inbound", document.inbound), ("outbound", document.outbound)):
        for name, (key, body) in _part(tree, direction, remarks).items():
            if isinstance(body, Scalar) and body.kind == "null":
                continue  # an account takes a section out with `name: null`
            approval = _Approval(document)
            section = Reader(remarks, approval, inbound=direction == "inbound").section(key, body)
            if section is not None:
                sections[name] = section
            for setting in approval.read:
                document.settings.setdefault(setting, key.mark)
    _demand_winners(document, remarks)
    document.version = digest(tree)
    document.reads_version = digest(system, tree.get("inbound"), tree.get("tables"))
    return document


def _part(tree: Map, name: str, remarks: Remarks) -> dict[str, tuple[Scalar, Tree]]:
    part = tree.get(name)
    if part is None or (isinstance(part, Scalar) and part.kind == "null"):
        return {}
    if isinstance(part, Map):
        return part.entries
    remarks.error(part.mark, f"{name!r} holds names, each with what belongs to it")
    return {}


def _tables(part: Mapping[str, tuple[Scalar, Tree]], remarks: Remarks) -> dict[str, Table]:
    tables = {}
    for name, (key, body) in part.items():
        if isinstance(body, Map):
            words = {word: _constant(value) for word, (_, value) in body.entries.items()}
            places = {word: value.mark for word, (_, value) in body.entries.items()}
            tables[name] = Table(name, words, key.mark, places)
        else:
            remarks.error(body.mark, f"table {name!r} holds words: `theirs: ours`")
    return tables


def _constant(tree: Tree) -> Any:
    if isinstance(tree, Map):
        return {name: _constant(value) for name, (_, value) in tree.entries.items()}
    if isinstance(tree, Seq):
        return [_constant(item) for item in tree.items]
    return tree.constant


def _reverses(
    part: Mapping[str, tuple[Scalar, Tree]], tables: Mapping[str, Table], remarks: Remarks
) -> dict[str, Reverse]:
    wins: dict[str, dict[str, Any]] = {}
    for name, (key, body) in part.items():
        if name not in tables:
            remarks.error(key.mark, f"there is no table {name!r} to reverse")
        elif not isinstance(body, Map):
            remarks.error(body.mark, f"reverse of {name!r} holds words: `ours: theirs`")
        else:
            wins[name] = {ours: _constant(theirs) for ours, (_, theirs) in body.entries.items()}
    return {name: Reverse(table, wins.get(name, {})) for name, table in tables.items()}


def _demand_winners(document: Document, remarks: Remarks) -> None:
    for name in dict.fromkeys(use.table for use in document.uses if use.function == "reverse"):
        table = document.catalogue.tables[name]
        for ours, theirs in document.catalogue.reverses[name].ambiguous.items():
            remarks.error(
                table.places[theirs[1]],
                f"table {name!r} is used outwards and {', '.join(theirs)} all mean {ours!r}: "
                f"say which is written with `reverse: {{{name}: {{{ours}: {theirs[0]}}}}}`",
            )


def _stores(part: Mapping[str, tuple[Scalar, Tree]], remarks: Remarks) -> dict[str, dict[str, Any]]:
    stores: dict[str, dict[str, Any]] = {}
    allowed = {"trim": bool, "max": int, "table": str, "lower": bool, "upper": bool}
    for name, (key, body) in part.items():
        rules = _constant(body)
        known = isinstance(rules, dict) and all(type(value) is allowed.get(rule) for rule, value in rules.items())
        if not known:
            remarks.error(
                key.mark,
                f"stores {name!r}: rules are trim: true, lower: true, upper: true, max: <characters>, table: <name>",
            )
        else:
            stores[name] = rules
    return stores
