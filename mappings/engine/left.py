"""What an account's dictionary leaves behind: it reads a list elsewhere, and a field that it takes over does not."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.engine.document import Document
from mappings.engine.parsing import Node
from mappings.engine.shapes import Each, Expr, Field, Obj, Shape
from mappings.engine.tree import Remarks

_BEGIN_HERE = frozenset(("subexpression", "index_expression", "projection", "filter_projection"))
"""Only the first part of these is about the record; the others are about what it found."""


def left_behind(document: Document, parent: Document, remarks: Remarks) -> None:
    """Warn of each field that `document` takes over from `parent` as it is, and that will find nothing any more.

    A record in their shape does not have what the parent reads: such a field is silent for ever.
    """
    for name in document.inbound.keys() & parent.inbound.keys():
        mine, old = document.inbound[name].body, parent.inbound[name].body
        for their, field, now in _moved(mine, old):
            for other, expr in _taken_over(mine, old):
                if _reads(expr.tree, their):
                    still = f"{other!r} ({expr.mark}) still reads {their}: write it here, too"
                    remarks.warning(mine.marks[field], f"{field} is read from {now}, but {still}")


def _moved(mine: Obj, old: Obj) -> Iterator[tuple[str, str, str]]:
    """(what their list was called, the field of ours that was read from it, from where it is read now)."""
    for field, shape in mine.fields.items():
        before = old.fields.get(field)
        if not isinstance(shape, Each) or not isinstance(before, Each):
            continue
        source = before.source
        if shape.source.text != source.text and source.tree["type"] == "field":
            yield source.tree["value"], field, shape.source.text


def _taken_over(mine: Obj, old: Obj) -> Iterator[tuple[str, Expr]]:
    for field, shape in mine.fields.items():
        expr = _expression(shape)
        if expr is not None and expr == _expression(old.fields.get(field)):
            yield field, expr


def _expression(shape: Shape | None) -> Expr | None:
    """What a field or a list of ours is read from."""
    if isinstance(shape, Field):
        return shape.expr
    return shape.source if isinstance(shape, Each) else None


def _reads(node: Node, name: str) -> bool:
    """Whether the expression takes this field of the record; a field of another object is called the same by chance."""
    if node["type"] == "field":
        return bool(node["value"] == name)
    children = node.get("children", [])
    if node["type"] in _BEGIN_HERE:
        children = children[1:2] if children[0].get("value") == "$root" else children[:1]
    return any(_reads(child, name) for child in children if isinstance(child, dict))
