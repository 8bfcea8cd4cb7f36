"""Bombs are refused when a mapping is loaded, from their text alone, with a clear sentence; useful expressions are not."""

from __future__ import annotations

import pytest

from mappings.engine import Mapping, MappingError
from mappings.engine.budget import check
from mappings.engine.parsing import ExpressionError, parse

BOMBS = {
    "28 doublings, written out": ("[@,@]|" * 28 + "to_string(@)", "268,435,456|grow its input"),
    "hidden behind a small result": ("[@,@]|" * 28 + "to_string(@) | length(@)", "grow its input"),
    "hidden behind a constant": ("to_string(" + "[@,@]|" * 28 + "@) | 'small'", "grow its input"),
    "doubled by an object": ("{a: @, b: @} | " * 20 + "to_string(@)", "grow its input"),
    "doubled by merge": ("merge({a: @}, {b: @}) | " * 20 + "@", "grow its input"),
    "doubled by join": ("join('', [@, @]) | " * 24 + "@", "grow its input"),
    "doubled by our own concat": ("concat(@, @) | " * 24 + "@", "grow its input"),
    "multiplied by a separator": ("join(@, [@, @]) | " * 5 + "@", "grow its input"),
    "in a filter": ("items[?" + "[@,@]|" * 20 + "to_string(@)]", "grow its input"),
    "in sort_by": ("sort_by(items, &(" + "[@,@]|" * 20 + "to_string(@)))", "grow its input"),
    "a condition doubled": ("[@,@]|" * 20 + "@ == @", "grow its input"),
    "the record in every element, thrice": ("items[*].tags[*].x[*].{a: $root}", "grow its input"),
    "loops over the record in loops over it": (
        "$root.a[?$root.a[?$root.a[?$root.a[?x]]]]",
        "4 loops over a whole record",
    ),
    "5,000 parentheses": ("(" * 5_000 + "a" + ")" * 5_000, "10,001 characters"),
    "900 parentheses": ("(" * 900 + "a" + ")" * 900, "nested more than 48"),
    "1,900 negations": ("!" * 1_900 + "a", "nested too deeply|levels deep"),
    "many projections": ("a" + "[*].b" * 380, "nested too deeply|levels deep"),
    "a long chain of pipes": ("a" + "|a" * 900, "levels deep|parts"),
    "too many parts": ("[" + ",".join(["a"] * 900) + "]", "parts"),
    "too many characters": ("'" + "x" * 2_000 + "'", "2,002 characters"),
}


@pytest.mark.parametrize(("expression", "says"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_at_load(expression: str, says: str) -> None:
    quoted = expression.replace("'", "''")
    text = f"system: x\ninbound:\n  return:\n    lines:\n      each: items\n      name: '{quoted}'\n"
    with pytest.raises(MappingError, match=says) as caught:
        Mapping.load(text)
    assert caught.value.findings[0].line == 6


@pytest.mark.parametrize(
    "expression",
    [
        "[@, @] | [@, @]",
        "items[?id == $item.item_id] | [0].sku",
        "$root.items[?id == $item.item_id].{a: sku, b: title, c: $root.currency, d: $root.number}",
        "items[].tags[].words[].letters[].{a: @, b: x}",
        "{a: a, b: b, c: c, d: {e: e, f: [g, h, i]}}",
        "join(', ', items[].reason.code)",
        "sort_by(items, &quantity)[-1].id",
        "to_string(@)",
        "(((((((((a || b)))))))))",
    ],
)
def test_useful_expressions_are_within_the_budget(expression: str) -> None:
    check(parse(expression))


@pytest.mark.parametrize("weight", [2, 4, 8])
def test_the_weight_is_the_number_of_copies(weight: int) -> None:
    assert check(parse("[" + ",".join(["@"] * weight) + "]")).weight == weight
    assert check(parse("[@,@]|" * weight + "@")).weight == 2**weight


@pytest.mark.parametrize(
    "text",
    ["x: " + "[" * 5_000 + "]" * 5_000, "x:\n" + "".join(f"{' ' * n}- \n" for n in range(1, 200)), "a: " * 5_000],
)
def test_a_deep_file_is_refused_without_recursion(text: str) -> None:
    with pytest.raises(MappingError, match="nested deeper|no YAML"):
        Mapping.load(text)


def test_aliases_cannot_multiply_a_file() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(MappingError, match="anchors and aliases"):
        Mapping.load("\n".join(lines))


def test_nested_lists_over_the_whole_record_count_together() -> None:
    text = "system: x\ninbound:\n  s:\n    a:\n" + "".join(
        f"{' ' * (6 + 2 * n)}each: $root.items\n{' ' * (6 + 2 * n)}b{n}:\n" for n in range(4)
    )
    text += f"{' ' * 14}each: $root.items\n{' ' * 14}c: id\n"
    with pytest.raises(MappingError, match="loops over a whole record"):
        Mapping.load(text)


def test_the_parser_says_where_it_stumbled() -> None:
    with pytest.raises(ExpressionError, match="a number is written in backticks: `5`") as caught:
        parse("quantity > 5")
    assert caught.value.offset == 11
