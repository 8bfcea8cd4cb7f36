"""One expression tree to Python statements, meaning exactly what the stock interpreter means by it.

Everything of one section is written into one function. An expression met before under the same current value is not
computed again; the fields of one object are read together, under one check that it is an object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mappings.engine.blocks import Block, Group, Scope
from mappings.engine.functions import TYPED
from mappings.engine.parsing import Node
from mappings.engine.runtime import NUMBERS, RUNTIME

MAX_LEVEL = 16
"""Python refuses 20 nested loops and 100 levels of indentation; below this a part becomes a function of its own."""

_INLINE = (str, type(None))
SIGNS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}

ARITHMETIC = {
    ("decimal", 1): "{}",
    ("money", 1): "{}",
    ("abs", 1): "abs({})",
    ("negate", 1): "-{}",
    ("plus", 2): "{} + {}",
    ("minus", 2): "{} - {}",
    ("times", 2): "f_decimal({} * {})",
}
"""(typed function, arguments) -> what it is where its arguments are numbers; null when one of them is."""


class Emitter:
    """Writes expressions. `call(name, arguments)` is how a function that is not inlined is called at run time."""

    def __init__(
        self, call: Callable[[str, list[Any]], Any], tables: Mapping[tuple[str, str], Any] | None = None
    ) -> None:
        self.namespace: dict[str, Any] = {**RUNTIME, "CALL": call}
        self.functions: list[str] = []
        self.tables = tables
        self.groups: dict[str, Group] = {}
        self.truths: set[str] = set()
        self._count = 0
        self._literals: dict[tuple[type, str], str] = {}
        self._identities: dict[int, tuple[Any, ...]] = {}

    def name(self, prefix: str = "v") -> str:
        """A fresh variable."""
        self._count += 1
        return f"{prefix}{self._count}"

    def bind(self, value: Any, prefix: str = "k") -> str:
        """A constant object under a fresh global name."""
        name = self.name(prefix)
        self.namespace[name] = value
        return name

    def define(self, block: Block, expression: str, *, truth: bool = False) -> str:
        """A new variable, and a place for the fields that will be read of it."""
        variable = self.name()
        block.add(f"{variable} = {expression}")
        self.place(block, variable)
        if truth:
            self.truths.add(variable)
        return variable

    def place(self, block: Block, variable: str) -> None:
        """From here on `variable` is final: its fields are read here."""
        group = self.groups[variable] = Group(variable)
        block.items.append(group)

    def value(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        """The Python expression (a variable or a constant) that holds the node's value for `current`."""
        kind = node["type"]
        if kind in ("current", "identity"):
            return current
        if kind == "root":
            return scope.roots[node["value"]]
        if kind == "literal":
            return self._literal(node["value"])
        if kind in ("subexpression", "index_expression", "pipe"):
            for child in node["children"]:
                current = self.value(child, current, block, scope)
            return current
        if kind == "field":
            return self._field(node["value"], current, block)
        key = (current, self._identity(node), tuple(scope.roots.values()))
        found = block.find(key)
        if found is None:
            write = getattr(self, f"_{kind}")
            outlined = block.level >= MAX_LEVEL and kind not in ("index", "slice", "comparator", "expref")
            found = self._outline(node, current, block, scope) if outlined else write(node, current, block, scope)
            block.known[key] = found
        return found

    def test(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        """A Python condition: is the node's value true in JMESPath's sense?"""
        return self.truth(self.value(node, current, block, scope))

    def truth(self, value: str) -> str:
        """False are null, false, '', [] and {}; 0 is true."""
        return value if value in self.truths else f"{value} or {value}.__class__ in NUMBERS"

    def _literal(self, value: Any) -> str:
        # Bound, not written out: Python warns of things like 'text' is None or 7[0].
        key = (value.__class__, repr(value))
        if key not in self._literals:
            self._literals[key] = self.bind(value)
        return self._literals[key]

    def _argument(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        """The node's value where a written-out constant is harmless."""
        if node["type"] == "literal" and node["value"].__class__ in _INLINE:
            return repr(node["value"])
        return self.value(node, current, block, scope)

    def _field(self, name: str, current: str, block: Block) -> str:
        group = self.groups.get(current)
        if group is None:  # a constant
            return self.define(block, f"{current}.get({name!r}) if {current}.__class__ is dict else None")
        if name not in group.fields:
            variable = self.name()
            self.groups[variable] = Group(variable)
            group.fields[name] = (variable, self.groups[variable])
        return group.fields[name][0]

    def _index(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        if node["value"] == 0:
            return self.define(block, f"{current}[0] if {current}.__class__ is list and {current} else None")
        return self.define(block, f"INDEX({current}, {node['value']})")

    def _slice(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        start, stop, step = node["children"]
        return self.define(block, f"{current}[{start}:{stop}:{step}] if {current}.__class__ is list else None")

    def _comparator(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        name, (one, other) = node["value"], node["children"]
        left = self._argument(one, current, block, scope)
        right = self._argument(other, current, block, scope)
        if name not in ("eq", "ne"):
            return self.define(block, self._order(name, left, right, (one, other)))
        literals = [side["value"] for side in (one, other) if side["type"] == "literal"]
        if any(value.__class__ in _INLINE for value in literals):  # no number, so 1 == true cannot happen
            sign = "==" if name == "eq" else "!="
        else:
            negation = "" if name == "eq" else "not "
            return self.define(block, f"{negation}EQUALS({left}, {right})", truth=name == "ne")
        return self.define(block, f"{left} {sign} {right}", truth=True)

    @staticmethod
    def _order(name: str, left: str, right: str, sides: tuple[Node, Node]) -> str:
        """A number against a literal one, which most comparisons are, needs no call."""
        asked = f"ORDER({name}, {left}, {right})"
        for literal, value in zip(sides, (right, left), strict=True):
            if literal["type"] == "literal" and literal["value"].__class__ in NUMBERS:
                return f"{left} {SIGNS[name]} {right} if {value}.__class__ in NUMBERS else {asked}"
        return asked

    def _or_expression(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        return self._choice(node, current, block, scope, negation="not ")

    def _and_expression(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        return self._choice(node, current, block, scope, negation="")

    def _choice(self, node: Node, current: str, block: Block, scope: Scope, negation: str) -> str:
        one, other = node["children"]
        left = self.value(one, current, block, scope)
        chosen = self.name()
        block.add(f"{chosen} = {left}")
        inner = block.under(f"if {negation}({self.truth(left)}):")
        inner.add(f"{chosen} = {self.value(other, current, inner, scope)}")
        self.place(block, chosen)
        return chosen

    def _not_expression(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        return self.define(block, f"not ({self.test(node['children'][0], current, block, scope)})", truth=True)

    def _multi_select_list(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        def display(inner: Block) -> str:
            return f"[{', '.join(self.value(child, current, inner, scope) for child in node['children'])}]"

        return self._unless_null(current, block, display)

    def _multi_select_dict(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        def display(inner: Block) -> str:
            pairs = [
                f"{pair['value']!r}: {self.value(pair['children'][0], current, inner, scope)}"
                for pair in node["children"]
            ]
            return f"{{{', '.join(pairs)}}}"

        return self._unless_null(current, block, display)

    def _unless_null(self, current: str, block: Block, display: Callable[[Block], str]) -> str:
        made = self.name()
        block.add(f"{made} = None")
        inner = block.under(f"if {current} is not None:")
        inner.add(f"{made} = {display(inner)}")
        self.place(block, made)
        return made

    def _flatten(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        base = self.value(node["children"][0], current, block, scope)
        return self.define(block, f"FLATTEN({base}) if {base}.__class__ is list else None")

    def _projection(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        base = self.value(node["children"][0], current, block, scope)
        return self._loop(base, "list", "", node["children"][1], None, block, scope)

    def _value_projection(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        base = self.value(node["children"][0], current, block, scope)
        return self._loop(base, "dict", ".values()", node["children"][1], None, block, scope)

    def _filter_projection(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        base = self.value(node["children"][0], current, block, scope)
        return self._loop(base, "list", "", node["children"][1], node["children"][2], block, scope)

    def _loop(
        self, base: str, kind: str, method: str, body: Node, condition: Node | None, block: Block, scope: Scope
    ) -> str:
        made, element = self.name(), self.name("e")
        block.add(f"{made} = None")
        inside = block.under(f"if {base}.__class__ is {kind}:")
        inside.add(f"{made} = []")
        loop = inside.under(f"for {element} in {base}{method}:")
        self.place(loop, element)
        if condition is not None:
            loop = loop.under(f"if {self.test(condition, element, loop, scope)}:")
        result = self.value(body, element, loop, scope)
        loop.under(f"if {result} is not None:").add(f"{made}.append({result})")
        self.place(block, made)
        return made

    def _function_expression(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        name, children = node["value"], node["children"]
        if self.tables is not None and name in ("lookup", "reverse") and len(children) > 1:
            return self._table(name, children, current, block, scope)
        arguments = [self._argument(child, current, block, scope) for child in children]
        if self.tables is not None and (name, len(arguments)) in ARITHMETIC:
            return self._arithmetic(ARITHMETIC[name, len(arguments)], arguments, block)
        if self.tables is not None and name in TYPED:
            self.namespace[f"f_{name}"] = TYPED[name]
            made = f"f_{name}({', '.join(arguments)})"
            if name == "text" and children[0]["type"] != "literal":  # of a text, itself
                value = arguments[0]
                made = f"{value} if {value}.__class__ is str or {value} is None else {made}"
            return self.define(block, made)
        return self.define(block, f"CALL({name!r}, [{', '.join(arguments)}])")

    def _arithmetic(self, text: str, arguments: list[str], block: Block) -> str:
        numbers = [self._number(argument, block) for argument in arguments]
        if text == "{}":
            return numbers[0]
        absent = " or ".join(f"{number} is None" for number in dict.fromkeys(numbers))
        return self.define(block, f"None if {absent} else {text.format(*numbers)}")

    def _number(self, value: str, block: Block) -> str:
        """What `decimal` makes of a value; a price or a quantity that several fields count with is read once."""
        key = ("decimal", value)
        found = block.find(key)
        if found is None:
            self.namespace["f_decimal"] = TYPED["decimal"]
            found = block.known[key] = self.define(block, f"f_decimal({value})")
        return found

    def _table(self, name: str, children: list[Node], current: str, block: Block, scope: Scope) -> str:
        table = self.tables[name, children[0]["value"]] if self.tables else None
        words = [self.value(child, current, block, scope) for child in children[1:]]
        variable = f"t_{name}_{self.bind(table)}"
        self.namespace[variable] = table
        if len(words) > 1:
            return self.define(block, f"{variable}.ask({', '.join(words)})")
        word = words[0]
        return self.define(block, f"{variable}[{word}] if {word}.__class__ is str else {variable}.ask({word})")

    def _expref(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        function = self._function(node["children"][0], scope)
        roots = "".join(f", {variable}" for variable in _arguments(scope))
        return self.define(block, f"EXPREF(lambda v{roots and _defaults(scope)}: {function}(v{roots}))")

    def _outline(self, node: Node, current: str, block: Block, scope: Scope) -> str:
        function = self._function(node, scope)
        return self.define(block, f"{function}({', '.join([current, *_arguments(scope)])})")

    def _function(self, node: Node, scope: Scope) -> str:
        """A function of its own for one part: it gets the current value and the roots."""
        function, parameters, block = self.name("part"), {}, Block()
        self.place(block, current := self.name("e"))
        for variable in _arguments(scope):
            parameters[variable] = self.name("r")
            self.place(block, parameters[variable])
        inner = Scope()
        inner.roots = {root: parameters.get(variable, variable) for root, variable in scope.roots.items()}
        block.add(f"return {self.value(node, current, block, inner)}")
        header = f"def {function}({', '.join([current, *parameters.values()])}):"
        self.functions += [header, *block.lines()]
        return function

    def _identity(self, node: Node) -> tuple[Any, ...]:
        """Equal for trees that mean the same; 1, true and 1.0 are three things."""
        found = self._identities.get(id(node))
        if found is None:
            children = node.get("children", [])
            parts = [self._identity(child) if isinstance(child, dict) else repr(child) for child in children]
            found = self._identities[id(node)] = (node["type"], repr(node.get("value")), *parts)
        return found

    def source(self, header: str, block: Block) -> str:
        """The whole module text: the outlined parts, then the function."""
        return "\n".join([*self.functions, header, *block.lines()])


def _arguments(scope: Scope) -> list[str]:
    return list(dict.fromkeys(variable for variable in scope.roots.values() if variable != "None"))


def _defaults(scope: Scope) -> str:
    # A lambda made in a loop must keep this round's values.
    return "".join(f", {variable}={variable}" for variable in _arguments(scope))
