"""One section to one Python function: (record, settings, account) -> the plain object that the section describes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mappings.engine.blocks import Block, Scope
from mappings.engine.emit import Emitter
from mappings.engine.errors import Untranslatable
from mappings.engine.functions import Catalogue
from mappings.engine.parsing import Node
from mappings.engine.shapes import Each, Field, Items, Obj, Section, Shape
from mappings.engine.values import shown

Translate = Callable[[dict[str, Any], dict[str, Any], str], dict[str, Any]]
Search = Callable[[Any], Any]


def compile_expression(tree: Node, call: Callable[[str, list[Any]], Any]) -> Search:
    """One expression by itself, with the functions that `call(name, arguments)` gives it."""
    emitter, block = Emitter(call), Block()
    emitter.place(block, "root")
    block.add(f"return {emitter.value(tree, 'root', block, Scope(root='root', item='root'))}")
    return _function(emitter, "def search(root):", block, "search")


def compile_section(section: Section, catalogue: Catalogue) -> Translate:
    """The whole section as one function. It raises what the functions in it raise; the caller finds out where."""
    tables: dict[tuple[str, str], Any] = {("lookup", name): table for name, table in catalogue.tables.items()}
    tables |= {("reverse", name): table for name, table in catalogue.reverses.items()}
    writer = _Writer(Emitter(catalogue.call_function, tables))
    block = Block()
    for variable in ("root", "settings"):
        writer.emitter.place(block, variable)
    scope = Scope(root="root", item="root", parent="None", settings="settings", account="account")
    made = writer.object(section.body, "root", block, scope)
    if section.partial:
        block.add(f"{made}['partial'] = list({writer.emitter.bind(section.partial)})")
    block.add(f"return {made}")
    return _function(writer.emitter, "def translate(root, settings, account):", block, "translate")


def _function(emitter: Emitter, header: str, block: Block, name: str) -> Callable[..., Any]:
    code = compile(emitter.source(header, block), f"<mapping {name}>", "exec")
    exec(code, emitter.namespace)  # noqa: S102 our own text: names and values of the mapping enter by repr or by reference
    function: Callable[..., Any] = emitter.namespace[name]
    return function


class _Writer:
    """Writes shapes; the variables of objects and lists are dicts, lists, or None for silence."""

    def __init__(self, emitter: Emitter) -> None:
        self.emitter = emitter
        emitter.namespace.update(NOT_A_LIST=_not_a_list, SPREAD=spread, OVER=over)

    def object(self, obj: Obj, current: str, block: Block, scope: Scope) -> str:
        """Writes the object's fields; the variable holds a dict, empty when nothing was said."""
        emitter, made = self.emitter, self.emitter.name("o")
        if obj.source is not None:
            current = emitter.value(obj.source.tree, current, block, scope)
        spreads = [emitter.value(expr.tree, current, block, scope) for expr in obj.spreads]
        block.add(f"{made} = SPREAD({', '.join(spreads)})" if spreads else f"{made} = {{}}")
        constants = []
        for name, shape in obj.fields.items():
            if isinstance(shape, Field) and shape.expr.constant:
                constants.append((name, shape))
            else:
                self._put(made, name, shape, current, block, scope, joined=bool(spreads))
        if constants:
            # Constants alone say nothing, unless there is nothing but constants.
            alone = not obj.path or not spreads and len(constants) == len(obj.fields)
            said = block if alone else block.under(f"if {made}:")
            for name, shape in constants:
                value = emitter.value(shape.expr.tree, current, said, scope)
                if shape.expr.tree["value"] is not None or shape.clears:
                    said.add(f"{made}[{name!r}] = {value}")
        return made

    def _put(self, made: str, name: str, shape: Shape, current: str, block: Block, scope: Scope, joined: bool) -> None:
        value = self.shape(shape, current, block, scope)
        clears = not isinstance(shape, Items) and shape.clears
        if isinstance(shape, Obj):
            line = f"OVER({made}, {name!r}, {value})" if joined else f"{made}[{name!r}] = {value}"
            block.under(f"if {value}:").add(line)
            if clears:
                block.under("else:").add(f"{made}[{name!r}] = None")
        elif clears:
            block.add(f"{made}[{name!r}] = {value}")
        else:
            block.under(f"if {value} is not None:").add(f"{made}[{name!r}] = {value}")

    def shape(self, shape: Shape, current: str, block: Block, scope: Scope) -> str:
        if isinstance(shape, Field):
            return self.emitter.value(shape.expr.tree, current, block, scope)
        if isinstance(shape, Obj):
            return self.object(shape, current, block, scope)
        made = self.emitter.name("l")
        if isinstance(shape, Each):
            block.add(f"{made} = None")
            self._each(shape, made, current, block, scope, fresh=True)
        else:
            block.add(f"{made} = None")
            for item in shape.items:
                self._item(item, made, current, block, scope)
        return made

    def _item(self, item: Shape, made: str, current: str, block: Block, scope: Scope) -> None:
        if isinstance(item, Each):
            self._each(item, made, current, block, scope, fresh=False)
            return
        value = self.shape(item, current, block, scope)
        said = block.under(f"if {value}:" if isinstance(item, Obj) else f"if {value} is not None:")
        said.under(f"if {made} is None:").add(f"{made} = []")
        said.add(f"{made}.append({value})")

    def _each(self, each: Each, made: str, current: str, block: Block, scope: Scope, *, fresh: bool) -> None:
        emitter = self.emitter
        source = emitter.value(each.source.tree, current, block, scope)
        inside = block.under(f"if {source} is not None:")
        inside.under(f"if {source}.__class__ is not list:").add(f"NOT_A_LIST({each.source.text!r}, {source})")
        (inside if fresh else inside.under(f"if {made} is None:")).add(f"{made} = []")
        element = emitter.name("e")
        loop = inside.under(f"for {element} in {source}:")
        emitter.place(loop, element)
        inner = scope.moved(element)
        if each.where is not None:
            loop = loop.under(f"if {emitter.test(each.where.tree, element, loop, inner)}:")
        item = self.object(each.item, element, loop, inner)
        loop.under(f"if {item}:").add(f"{made}.append({item})")


def _not_a_list(expression: str, value: Any) -> None:
    raise Untranslatable(f"each: {expression} gives {shown(value)}, which is no list")


def spread(*objects: Any) -> dict[str, Any]:
    """Objects laid over each other, copied; null is nothing."""
    made: dict[str, Any] = {}
    for found in objects:
        if isinstance(found, dict):
            for name, value in found.items():
                if value is not None:
                    over(made, name, spread(value) if isinstance(value, dict) else value)
        elif found is not None:
            raise Untranslatable(f"'*' takes an object, not {shown(found)}")
    return made


def over(made: dict[str, Any], name: str, value: Any) -> None:
    """`value` at `name`; two objects are joined and the newer one wins."""
    below = made.get(name)
    if isinstance(below, dict) and isinstance(value, dict):
        for inner, part in value.items():
            over(below, inner, part)
    else:
        made[name] = value
