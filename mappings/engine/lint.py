"""Lint: what is wrong or dangerous in a mapping file, with line and column.

The vocabulary is plain data, so that this package knows nothing of the hub:
{"inbound": {field: {"type": ..., "words": [...], "fields": {...}}}, "outbound": {...}}. `type` is one of list, object,
word, str, int, bool, decimal, datetime, any; `words` are the legal words of a value; `fields` those of an object or of
a list's elements. `inbound` is what a section may say; `outbound` what its expressions find in an operation, whose
names are the words of its field `kind`. Of a half that is missing nothing is known, and nothing is checked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mappings.engine import files
from mappings.engine.document import Document, read_document
from mappings.engine.errors import Finding, Mark
from mappings.engine.left import left_behind
from mappings.engine.parsing import Node
from mappings.engine.reach import Reach
from mappings.engine.shapes import Each, Expr, Field, Items, Obj, Section, Shape
from mappings.engine.tree import Remarks, Scalar

Words = Mapping[str, Any]


def lint(
    text: str,
    vocabulary: Words,
    *,
    file: str = "mappings/mapping.yaml",
    folder: Path | None = None,
    parents: Mapping[str, str | Path] | None = None,
    settings: Collection[str] | None = None,
) -> list[Finding]:
    """Every finding of this text, by place. What it extends is sought in `parents`, then in `folder`; with `settings`
    (the names an account may have, without secrets) unknown ones are found, too."""
    find = files.finder(folder, parents)
    tree, remarks = files.joined(text, file, Path(file).stem, find)
    if tree is not None:
        document = read_document(tree, remarks)
        _Check(document, remarks).all(vocabulary)
        link = tree.get("extends")
        above = find(link.text) if isinstance(link, Scalar) else None
        parent, _ = files.joined(*above, find) if above else (None, remarks)
        if parent is not None:
            left_behind(document, read_document(parent, Remarks()), remarks)
        for name, mark in document.settings.items():
            if settings is not None and name not in settings:
                remarks.error(mark, f"there is no setting {name!r} (or it is a secret){_meant(name, settings)}")
    return sorted(set(remarks.findings))


def _meant(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


class _Check:
    def __init__(self, document: Document, remarks: Remarks) -> None:
        self.document = document
        self.remarks = remarks
        self.said: set[str] = set()

    def all(self, vocabulary: Words) -> None:
        inbound, outbound = vocabulary.get("inbound"), vocabulary.get("outbound")
        for section in self.document.inbound.values():
            self.object(section.body, {"type": "object", "fields": inbound})
            if inbound is not None:
                self.partial(section, inbound)
        operations = (outbound or {}).get("kind", {}).get("words", ())
        for name, section in self.document.outbound.items():
            if operations and name not in operations:
                self.remarks.error(section.mark, f"there is no operation {name!r}{_meant(name, operations)}")
            Reach(self.remarks, {"type": "object", "fields": outbound}).object(section.body)
        self.tables()

    def partial(self, section: Section, inbound: Words) -> None:
        for name in section.partial:
            if inbound.get(name, {}).get("type") != "list":
                self.remarks.error(section.mark, f"partial: {name!r} is no list of a return{_meant(name, inbound)}")

    def tables(self) -> None:
        used = {use.table for use in self.document.uses}
        for name, table in self.document.catalogue.tables.items():
            if name not in used:
                self.remarks.warning(table.mark, f"table {name!r} is used by no expression")
                continue
            for ours, theirs in self.document.catalogue.reverses[name].wins.items():
                if isinstance(theirs, str) and theirs not in table and not table.others:
                    self.remarks.warning(
                        table.mark, f"reverse: {ours!r} is written as {theirs!r}, which the table cannot read back"
                    )

    def object(self, obj: Obj, words: Words) -> None:
        fields = words.get("fields")
        if fields is None:
            return
        for expr in obj.spreads:
            for value, mark in self.results(expr.tree, expr.mark):
                self.spread(value, words, mark)
        for name, shape in obj.fields.items():
            if name not in fields:
                self.remarks.error(
                    obj.marks[name], f"there is no canonical field {_path(obj.path, name)!r}{_meant(name, fields)}"
                )
            else:
                self.shape(shape, fields[name], obj.marks[name], _path(obj.path, name))

    def shape(self, shape: Shape, words: Words, mark: Mark, path: str) -> None:
        kind = words.get("type")
        if isinstance(shape, Field):
            self.value(shape.expr, words, path)
        elif isinstance(shape, Obj):
            if kind == "list":
                self.remarks.error(mark, f"{path} is a list: write `each:`, or `- ` before each element")
            elif kind not in ("object", "any"):
                self.remarks.error(mark, f"{path} is one value ({kind}), not an object")
            self.object(shape, words)
        elif kind not in ("list", "any"):
            self.remarks.error(mark, f"{path} is no list")
        elif isinstance(shape, Each):
            self.object(shape.item, words)
        elif isinstance(shape, Items):
            for item in shape.items:
                self.item(item, words)

    def item(self, item: Shape, words: Words) -> None:
        if isinstance(item, Each):
            self.object(item.item, words)
        elif isinstance(item, Obj):
            self.object(item, words)

    def value(self, expr: Expr, words: Words, path: str) -> None:
        kind = words.get("type")
        if kind == "datetime" and _bare(expr.tree):
            self.remarks.warning(
                expr.mark, f"{path} is a point in time: write instant({expr.text}), with a zone if the text has none"
            )
        for value, mark in self.results(expr.tree, expr.mark):
            self.constant(value, words, mark, path)

    def constant(self, value: Any, words: Words, mark: Mark, path: str) -> None:
        legal, kind = words.get("words"), words.get("type")
        if value is None:
            return
        if legal is not None and value not in legal:
            self._once(
                mark, f"{value!r} is no word of {path}{_meant(str(value), legal)}; the words are {', '.join(legal)}"
            )
        elif isinstance(value, Mapping) and kind not in ("object", "list", "any"):
            self._once(
                mark, f"{path} is one value ({kind}); pick it out of the entry: lookup(…).{path.rpartition('.')[2]}"
            )
        elif isinstance(value, Mapping):
            self.spread(value, words, mark)
        elif kind in ("object", "list") and not isinstance(value, list):
            self._once(mark, f"{path} is {'an object' if kind == 'object' else 'a list'}, and {value!r} is not")

    def spread(self, value: Any, words: Words, mark: Mark) -> None:
        if value is None:
            return
        if not isinstance(value, Mapping):
            self._once(mark, f"'*' spreads an object of fields; {value!r} is one word")
            return
        for name, part in value.items():
            inner = words.get("fields", {}).get(name)
            if inner is None:
                self._once(mark, f"there is no canonical field {name!r}{_meant(name, words.get('fields', {}))}")
            else:
                self.constant(part, inner, mark, name)

    def results(self, node: Node, mark: Mark) -> Iterator[tuple[Any, Mark]]:
        """The constants that an expression can give, as far as they can be known, and where each is written."""
        kind, children = node["type"], node.get("children", [])
        if kind == "literal":
            yield node["value"], mark
        elif kind in ("or_expression", "and_expression"):
            if kind == "or_expression":
                yield from self.results(children[0], mark)
            yield from self.results(children[1], mark)
        elif kind == "function_expression":
            if node["value"] in ("first", "not_null"):
                for child in children:
                    yield from self.results(child, mark)
            elif node["value"] == "lookup":
                table = self.document.catalogue.tables[children[0]["value"]]
                yield from ((value, table.places[word]) for word, value in table.words.items())
        elif kind == "subexpression" and all(child["type"] == "field" for child in children[1:]):
            for value, place in self.results(children[0], mark):
                for child in children[1:]:
                    value = value.get(child["value"]) if isinstance(value, Mapping) else None
                yield value, place

    def _once(self, mark: Mark, message: str) -> None:
        # A table that ten fields look into is wrong once.
        if f"{mark} {message}" not in self.said:
            self.said.add(f"{mark} {message}")
            self.remarks.error(mark, message)


def _path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _bare(node: Node) -> bool:
    if node["type"] == "subexpression":
        return all(_bare(child) or child["type"] == "root" for child in node["children"])
    return bool(node["type"] == "field")
