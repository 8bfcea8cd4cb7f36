"""What outbound expressions find in an operation: a field that no operation has would be silence for ever."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from mappings.engine.errors import Mark
from mappings.engine.parsing import Node
from mappings.engine.shapes import Each, Field, Items, Obj, Shape
from mappings.engine.tree import Remarks

Kind = Mapping[str, Any] | None
"""What a value may hold: {"type", "fields"?}; None: anything."""


class Reach:
    """Follows the kinds through shapes and expressions."""

    def __init__(self, remarks: Remarks, operation: Kind) -> None:
        self.remarks = remarks
        self.operation = operation
        self.roots: dict[str, Kind] = {"$root": operation, "$item": operation}

    def object(self, obj: Obj, current: Kind | str = "") -> None:
        here = self.operation if isinstance(current, str) else current
        if obj.source is not None:
            here = self.follow(obj.source.tree, here, obj.source.mark)
        for expr in obj.spreads:
            self.follow(expr.tree, here, expr.mark)
        for shape in obj.fields.values():
            self.shape(shape, here)

    def shape(self, shape: Shape, current: Kind) -> None:
        if isinstance(shape, Field):
            self.follow(shape.expr.tree, current, shape.expr.mark)
        elif isinstance(shape, Obj):
            self.object(shape, current)
        elif isinstance(shape, Items):
            for item in shape.items:
                self.shape(item, current)
        elif isinstance(shape, Each):
            element = _element(self.follow(shape.source.tree, current, shape.source.mark))
            outer = self.roots
            self.roots = {**outer, "$parent": outer["$item"], "$item": element}
            if shape.where is not None:
                self.follow(shape.where.tree, element, shape.where.mark)
            self.object(shape.item, element)
            self.roots = outer

    def follow(self, node: Node, current: Kind, mark: Mark) -> Kind:
        """The kind of the node's value; an unknown field is remarked."""
        kind, children = node["type"], node.get("children", [])
        if kind == "field":
            return self._field(node["value"], current, mark)
        if kind == "root":
            return self.roots.get(node["value"])
        if kind in ("current", "identity"):
            return current
        if kind in ("subexpression", "index_expression", "pipe"):
            for child in children:
                current = self.follow(child, current, mark)
            return current
        if kind == "index":
            return _element(current)
        if kind == "slice":
            return current
        if kind in ("projection", "filter_projection"):
            element = _element(self.follow(children[0], current, mark))
            for condition in children[2:]:
                self.follow(condition, element, mark)
            inner = self.follow(children[1], element, mark)
            return None if inner is None else {**inner, "type": "list"}
        for child in children:
            if isinstance(child, dict) and child["type"] != "expref":
                self.follow(child, current, mark)
        return None

    def _field(self, name: str, current: Kind, mark: Mark) -> Kind:
        fields = None if current is None or current.get("type") != "object" else current.get("fields")
        if fields is None or name in ("null",):
            return None
        if name not in fields:
            close = get_close_matches(name, list(fields), 1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(fields)}"
            self.remarks.error(mark, f"an operation has no {name!r} here{hint}")
            return None
        found: Kind = fields[name]
        return found


def _element(kind: Kind) -> Kind:
    if kind is None or kind.get("type") != "list" or "fields" not in kind:
        return None
    return {**kind, "type": "object"}
