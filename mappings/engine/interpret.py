"""The slow, explaining path: a section through the stock interpreter.

It is the oracle of the compiled one, finds the field that failed, and shows per field which path matched or why none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from jmespath import visitor
from jmespath.exceptions import JMESPathError

from mappings.engine.compiler import over, spread
from mappings.engine.errors import Mark, UnknownWord, Untranslatable
from mappings.engine.functions import Catalogue
from mappings.engine.parsing import Node
from mappings.engine.shapes import Each, Expr, Field, Items, Obj, Section, Shape
from mappings.engine.values import shown

FAILURES = (JMESPathError, TypeError, ValueError, ArithmeticError, AttributeError, LookupError, RecursionError)


class Here(NamedTuple):
    """A value, and the path in the record that leads to it."""

    value: Any
    path: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One field of one message: what was asked, what came, and from where, or why nothing."""

    field: str
    expression: str
    value: Any
    path: str = ""
    why: str = ""


class Interpreter(visitor.TreeInterpreter):
    """The stock interpreter, knowing the roots."""

    def __init__(self, catalogue: Catalogue, roots: dict[str, Here]) -> None:
        super().__init__(visitor.Options(custom_functions=catalogue))
        self.roots = roots

    def evaluate(self, node: Node, value: Any) -> Any:
        """The node's value for the current `value`."""
        return self.visit(node, value)  # type: ignore[arg-type]

    def visit_root(self, node: Node, value: Any) -> Any:
        return self.roots[node["value"]].value


class Spared(NamedTuple):
    """A row that was left out: of which list of ours, its place in the record, itself, and what is wrong with it."""

    list: str
    path: str
    row: Any
    why: str


class Walk:
    """One walk over one section for one record.

    `spare`: lists of ours (`order.lines.components`) of which a row that cannot be read is left out. A word that no
    table lists stops the message all the same: the mapping is to be mended, not the record.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        record: Any,
        settings: dict[str, Any],
        account: str,
        spare: Collection[str] = (),
    ) -> None:
        self.catalogue = catalogue
        self.spare = spare
        self.spared: list[Spared] = []
        record = Here(record, "")
        self.roots = {
            "$root": record,
            "$item": record,
            "$parent": Here(None, "$parent"),
            "$settings": Here(settings, "$settings"),
            "$account": Here(account, "$account"),
        }
        self.explained: list[Explained] = []

    def section(self, section: Section) -> dict[str, Any]:
        """What the section makes of the record; `explained` grows on the way."""
        made = self._object(section.body, self.roots["$root"], "")
        if section.partial:
            made["partial"] = list(section.partial)
        return made

    def _value(self, expr: Expr, current: Here, field: str) -> Here:
        interpreter = Interpreter(self.catalogue, self.roots)
        try:
            value = interpreter.evaluate(expr.tree, current.value)
        except UnknownWord as error:
            mark = Mark(error.file, error.line)
            raise UnknownWord(error.table, error.word, mark=mark, field=field, expression=expr.text) from error
        except Untranslatable as error:
            raise Untranslatable(error.reason, mark=expr.mark, field=field, expression=expr.text) from error
        except FAILURES as error:
            raise Untranslatable(str(error), mark=expr.mark, field=field, expression=expr.text) from error
        path, why = trace(expr.tree, current, interpreter)
        self.explained.append(Explained(field, expr.text, value, path, why if value is None else ""))
        return Here(value, path)

    def _object(self, obj: Obj, current: Here, field: str) -> dict[str, Any]:
        if obj.source is not None:
            current = self._value(obj.source, current, field)
        made = spread(*(self._value(expr, current, _join(field, "*")).value for expr in obj.spreads))
        constants: dict[str, Any] = {}
        for name, shape in obj.fields.items():
            inner = _join(field, name)
            if _is_constant(shape):
                value = self._shape(shape, current, inner)
                if value is not None or (isinstance(shape, Field) and shape.clears):
                    constants[name] = value
                continue
            value = self._shape(shape, current, inner)
            if isinstance(shape, Obj) and value:
                over(made, name, value)
            elif not isinstance(shape, Obj) and value is not None:
                made[name] = value
            elif not isinstance(shape, Items) and shape.clears:
                made[name] = None
        alone = not obj.path or (not obj.spreads and all(map(_is_constant, obj.fields.values())))
        return {**made, **constants} if made or alone else {}

    def _shape(self, shape: Shape, current: Here, field: str) -> Any:
        if isinstance(shape, Field):
            return self._value(shape.expr, current, field).value
        if isinstance(shape, Obj):
            return self._object(shape, current, field)
        if isinstance(shape, Each):
            return self._each(shape, current, field, 0)
        made: list[Any] | None = None
        for item in shape.items:
            count = len(made or ())
            if isinstance(item, Each):
                more = self._each(item, current, field, count)
                made = made if more is None else [*(made or []), *more]
                continue
            value = self._shape(item, current, f"{field}[{count}]")
            if value if isinstance(item, Obj) else value is not None:
                made = [*(made or []), value]
        return made

    def _each(self, each: Each, current: Here, field: str, count: int) -> list[Any] | None:
        source = self._value(each.source, current, f"{field}[]")
        if source.value is None:
            return None
        if not isinstance(source.value, list):
            reason = f"each: {each.source.text} gives {shown(source.value)}, which is no list"
            raise Untranslatable(reason, mark=each.source.mark, field=field)
        outer, made = self.roots, list[Any]()
        for number, element in enumerate(source.value):
            here = Here(element, f"{source.path.removesuffix('[*]')}[{number}]")
            self.roots = {**outer, "$parent": outer["$item"], "$item": here}
            place = f"{field}[{count + len(made)}]"
            try:
                if each.where is None or _is_true(self._value(each.where, here, f"{place}?").value):
                    item = self._object(each.item, here, place)
                    made += [item] if item else []
            except Untranslatable as error:
                name = _INDEX.sub("", field)
                if isinstance(error, UnknownWord) or name not in self.spare:
                    raise
                self.spared.append(Spared(name, here.path, element, error.letter))
        self.roots = outer
        return made


_INDEX = re.compile(r"\[\d+\]")


def _join(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _is_constant(shape: Shape) -> bool:
    return isinstance(shape, Field) and shape.expr.constant


def _is_true(value: Any) -> bool:
    return not (value is None or value is False or value in ("", [], {}))


def trace(node: Node, current: Here, interpreter: Interpreter) -> tuple[str, str]:
    """(the path that was followed, why it ends in nothing), of an expression that the interpreter could evaluate."""
    here, why = _follow(node, current, interpreter)
    return here.path, why


Step = tuple[Here, str]


def _follow(node: Node, current: Here, interpreter: Interpreter) -> Step:
    kind, children = node["type"], node.get("children", [])
    step = _STEPS.get(kind)
    if step is not None:
        return step(node, current, interpreter)
    if kind in ("subexpression", "index_expression", "pipe"):
        why = ""
        for child in children:
            current, found = _follow(child, current, interpreter)
            why = why or found
        return current, why if current.value is None else ""
    if kind in ("or_expression", "and_expression"):
        left, no_left = _follow(children[0], current, interpreter)
        if _is_true(left.value) == (kind == "or_expression"):  # the other side is not evaluated
            return left, no_left
        right, no_right = _follow(children[1], current, interpreter)
        return right, "; ".join(filter(None, (no_left, no_right))) if right.value is None else ""
    value = interpreter.evaluate(node, current.value)
    evaluated = [] if current.value is None and kind.startswith("multi_select") else _operands(node)
    inner = [_follow(child, current, interpreter) for child in evaluated]
    path = ", ".join(dict.fromkeys(here.path for here, _ in inner if here.path))
    if kind in _LOOPS and value is not None:
        return Here(value, f"{path}[*]"), ""
    return Here(value, path), "; ".join(filter(None, (why for _, why in inner))) if value is None else ""


_LOOPS = ("projection", "filter_projection", "value_projection")
_SILENT = ("literal", "expref", "key_val_pair")


def _operands(node: Node) -> list[Node]:
    if node["type"] in _LOOPS or node["type"] == "flatten":
        return [node["children"][0]]
    children = [child for child in node.get("children", []) if isinstance(child, dict)]
    return [child for child in children if child["type"] not in _SILENT]


def _field(node: Node, current: Here, interpreter: Interpreter) -> Step:
    name, value = node["value"], current.value
    path = _join(current.path, name)
    if value is None:
        return Here(None, path), ""
    here = current.path or "the record"
    if not isinstance(value, dict):
        return Here(None, path), f"{here} is no object"
    if name not in value:
        return Here(None, path), f"{here} has no {name}"
    return Here(value[name], path), f"{path} is null" if value[name] is None else ""


def _index(node: Node, current: Here, interpreter: Interpreter) -> Step:
    number, values = node["value"], current.value
    found = Here(interpreter.evaluate(node, values), f"{current.path}[{number}]")
    if found.value is not None or values is None:
        return found, ""
    if not isinstance(values, list):
        return found, f"{current.path or 'the record'} is no list"
    within = -len(values) <= number < len(values)
    return found, f"{found.path} is null" if within else f"{current.path} has no element {number}"


def _current(node: Node, current: Here, interpreter: Interpreter) -> Step:
    return current, "" if current.value is not None else f"{current.path} is null"


def _root(node: Node, current: Here, interpreter: Interpreter) -> Step:
    return interpreter.roots[node["value"]], ""


def _literal(node: Node, current: Here, interpreter: Interpreter) -> Step:
    return Here(node["value"], ""), ""


_STEPS: dict[str, Callable[[Node, Here, Interpreter], Step]] = {
    "field": _field,
    "index": _index,
    "current": _current,
    "identity": _current,
    "root": _root,
    "literal": _literal,
}
