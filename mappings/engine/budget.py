"""How dear an expression can become, found out from its text alone: bombs are refused when a mapping is saved.

Two bounds are derived for every part of every expression, without any data:

* weight: how many copies of the record it can hold. `[@,@]` doubles, so 28 of them in a row hold 268 million copies,
  and `to_string` would write them all out. In a loop the elements together weigh what their list weighs, while
  `$root` weighs one copy per round; a list counts as NOMINAL rounds.
* rounds: how often loops over a whole record stand inside each other (`items[?$root.items[?…]]` is two). Loops over the
  current element's own parts are linear, however deep.
"""

from __future__ import annotations

from typing import NamedTuple

from mappings.engine.parsing import ExpressionError, Node

MAX_NODES = 600
MAX_DEPTH = 64
MAX_WEIGHT = 1_000.0
MAX_ROUNDS = 3
NOMINAL = 16.0

_LIGHT_ROOTS = frozenset(("$settings", "$account"))
_LIGHT = frozenset(
    ["type", "length", "contains", "starts_with", "ends_with", "lookup", "instant", "date", "iso", "epoch", "country"]
)
"""Functions whose result is small, whatever they are given."""
_LOOPS = frozenset(("projection", "value_projection", "filter_projection"))


class Value(NamedTuple):
    """`weight` in copies of the record; `fresh`: taken from a root, not from the current element."""

    weight: float
    fresh: bool = False


class Loop(NamedTuple):
    """Where we are: how many times this is evaluated, and how many rounds stand around it."""

    times: float = 1.0
    rounds: int = 0

    def into(self, base: Value) -> Loop:
        rounds = self.rounds + 1 if base.fresh else max(self.rounds, 1)
        if rounds > MAX_ROUNDS:
            raise ExpressionError(f"{rounds} loops over a whole record inside each other; the budget is {MAX_ROUNDS}")
        return Loop(self.times * NOMINAL, rounds)


ONCE = Loop()


def check(tree: Node, loop: Loop = ONCE) -> Value:
    """Refuse a tree that is too large, too deep or could explode; ExpressionError says which and by how much."""
    depth, nodes = _measure(tree)
    if nodes > MAX_NODES:
        raise ExpressionError(f"the expression has {nodes:,} parts; the budget is {MAX_NODES:,}")
    if depth > MAX_DEPTH:
        raise ExpressionError(f"the expression is {depth:,} levels deep; the budget is {MAX_DEPTH}")
    return _weigh(tree, Value(1.0), loop)


def _weigh(node: Node, current: Value, loop: Loop) -> Value:
    value = _rule(node, current, loop)
    if value.weight > MAX_WEIGHT:
        times = f"{value.weight:,.0f} times; the budget is {MAX_WEIGHT:,.0f}"
        raise ExpressionError(f"the expression can grow its input {times}")
    return value


def _rule(node: Node, current: Value, loop: Loop) -> Value:
    kind, children = node["type"], node.get("children", [])
    if kind == "root":
        return Value(0.0 if node["value"] in _LIGHT_ROOTS else loop.times, fresh=True)
    if kind == "literal":
        return Value(0.0)
    if kind in ("current", "identity", "field", "index", "slice"):
        return current
    if kind in _LOOPS:
        return _loop(_weigh(children[0], current, loop), children[1:], loop)
    if kind in ("subexpression", "index_expression", "pipe"):
        for child in children:
            current = _weigh(child, current, loop)
        return current
    if kind == "function_expression":
        return _function(node["value"], children, current, loop)
    parts = [_weigh(child, current, loop) for child in children]
    fresh = any(part.fresh for part in parts)
    if kind in ("comparator", "not_expression"):
        return Value(0.0)
    if kind in ("or_expression", "and_expression"):
        return Value(max(part.weight for part in parts), fresh)
    return Value(sum(part.weight for part in parts), fresh)


def _loop(base: Value, bodies: list[Node], loop: Loop) -> Value:
    inside = loop.into(base)
    weights = [_weigh(body, Value(base.weight), inside).weight for body in bodies]
    return Value(weights[0], base.fresh)


def _function(name: str, children: list[Node], current: Value, loop: Loop) -> Value:
    if name == "map" and len(children) == 2:
        return _loop(_weigh(children[1], current, loop), children[:1], loop)
    if name in ("sort_by", "min_by", "max_by") and len(children) == 2:
        base = _weigh(children[0], current, loop)
        _loop(base, children[1:], loop)
        return base
    parts = [_weigh(child, current, loop) for child in children]
    weight = sum(part.weight for part in parts)
    if name == "join" and parts:
        weight += parts[0].weight * (NOMINAL - 1)
    return Value(0.0 if name in _LIGHT else weight, any(part.fresh for part in parts))


def _measure(tree: Node) -> tuple[int, int]:
    deepest, count, stack = 0, 0, [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        count += 1
        deepest = max(deepest, depth)
        stack.extend((child, depth + 1) for child in node.get("children", []) if isinstance(child, dict))
    return deepest, count
