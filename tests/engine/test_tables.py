"""Word tables: lookups, words that set several fields, the way back."""

from __future__ import annotations

from decimal import Decimal
from textwrap import dedent
from typing import Any

import pytest

from mappings.engine import Mapping, UnknownWord, Untranslatable
from tests.engine.build import inbound, read

TABLES = """
tables:
  state:
    open: {authorization: {value: requested}, closure: {value: open}}
    done: {authorization: {value: authorized, by: them}, closure: {value: closed}}
    draft: null
  reason: {small: size_too_small, "7": changed_mind, "true": yes_indeed, "null": unknown_reason}
  pair: {done/refund: paid, done/*: done, "*/x": x, "null/a": nothing, "*": other}
  any: {"*": other, none: null}
"""


def test_one_word_sets_several_fields_and_what_is_written_beside_it_wins() -> None:
    fields = "\"*\": lookup('state', state)\nauthorization: {by: who}\nid: id"
    made = read(fields, {"id": 1, "state": "done", "who": "Ann"}, TABLES)
    assert made == {"id": 1, "authorization": {"value": "authorized", "by": "Ann"}, "closure": {"value": "closed"}}
    assert read(fields, {"id": 1, "state": "draft"}, TABLES) == {"id": 1}
    assert read(fields, {"id": 1}, TABLES) == {"id": 1}
    assert read("a: lookup('state', state).closure.value", {"state": "open"}, TABLES) == {"a": "open"}


def test_spreading_never_changes_the_table() -> None:
    mapping = inbound("\"*\": lookup('state', state)\nauthorization: {by: who}", TABLES)
    mapping.read("s", {"state": "open", "who": "Ann"})
    assert mapping.read("s", {"state": "open"}) == {
        "authorization": {"value": "requested"},
        "closure": {"value": "open"},
    }


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("lookup('reason', 'small')", "size_too_small"),
        ("lookup('reason', `7`)", "changed_mind"),
        ("lookup('reason', `true`)", "yes_indeed"),
        ("lookup('reason', missing)", "unknown_reason"),
        ("lookup('any', missing)", None),
        ("lookup('any', 'none')", None),
        ("lookup('any', 'x')", "other"),
        ("lookup('pair', 'done', 'refund')", "paid"),
        ("lookup('pair', 'done', 'x')", "done"),
        ("lookup('pair', 'done', missing)", "done"),
        ("lookup('pair', 'y', 'x')", "other"),
        ("lookup('pair', missing, 'a')", "nothing"),
        ("lookup('pair', missing, 'b')", None),
    ],
)
def test_lookup(expression: str, word: str | None) -> None:
    assert read(f'a: {{from: "{expression}", null: none}}', {}, TABLES) == {"a": word}


def test_an_unknown_word_stops_the_message_and_says_where() -> None:
    mapping = inbound("lines: {each: items, code: \"lookup('reason', reason.code)\"}", TABLES, name="shop")
    with pytest.raises(UnknownWord) as caught:
        mapping.read("s", {"items": [{"reason": {"code": "small"}}, {"reason": {"code": "weird"}}]})
    error = caught.value
    assert (error.table, error.word, error.field) == ("reason", "weird", "lines[1].code")
    assert (error.file, error.line) == ("mappings/shop.yaml", 11)
    assert "mappings/shop.yaml, line 11: lines[1].code: table 'reason' has no entry for 'weird'" in str(error)


@pytest.mark.parametrize("word", [[], {}, ["small"]])
def test_what_is_no_word_is_refused(word: Any) -> None:
    with pytest.raises(Untranslatable, match="is no word; a table is asked with a text or a number"):
        read("a: lookup('reason', w)", {"w": word}, TABLES)


OUTWARDS = """
    system: x
    inbound:
      s:
        lines: {each: items, reason: {code: "lookup('reason', code)"}}
        condition: lookup('condition', grade)
        other: lookup('inward', x)
    outbound:
      receive:
        note: join(' ', ['Return', number])
        items: {each: lines, id: order_line, reason: "reverse('reason', words.reason)", sub: "reverse('twice', words.reason)"}
        grade: reverse('condition', words.condition)
        \\each: number
    tables:
      reason: {small: size_too_small, tight: size_too_small, large: size_too_large, "*": other}
      condition: {A: good, B: damaged, "null": unknown}
      twice: {a: size_too_small, b: size_too_large}
      inward: {a: b}
    reverse:
      reason: {size_too_small: small, fit_other: tight}
      twice: {"*": c}
    stores:
      note: {trim: true, max: 10}
      sku: {upper: true}
      grade: {table: condition}
"""


def test_the_way_back() -> None:
    mapping = Mapping.load(dedent(OUTWARDS))
    lines = (
        {"order_line": "1", "words": {"reason": "size_too_small"}},
        {"order_line": "2", "words": {"reason": "late"}},
    )
    assert mapping.write("receive", {"number": "R1", "lines": lines, "words": {"condition": "used"}}) == {
        "note": "Return R1",
        "items": [{"id": "1", "reason": "small", "sub": "a"}, {"id": "2", "sub": "c"}],
        "each": "R1",
    }


@pytest.mark.parametrize(
    ("field", "word", "back"),
    [
        ("reason", "size_too_small", "size_too_small"),
        ("lines.reason", "size_too_large", "size_too_large"),
        ("reason", "fit_other", "size_too_small"),
        ("reason", "late", None),
        ("condition", "good", "good"),
        ("grade", "damaged", "damaged"),
        ("condition", "used", None),
        ("other", "anything", "anything"),
        ("quantity", Decimal(2), Decimal(2)),
        ("note", "  a very long note ", "a very lon"),
        ("note", "nine char x", "nine char"),
        ("sku", "a-1", "A-1"),
        ("note", None, None),
    ],
)
def test_what_stands_there_after_a_round_trip(field: str, word: Any, back: Any) -> None:
    assert Mapping.load(dedent(OUTWARDS)).stored(field, word) == back
