"""The mapping language, one promise per test. Systems and records are invented (simulated)."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import mappings
from mappings.engine import Mapping, MappingError, UnknownWord, Untranslatable
from tests.engine.build import WHOLE, read


def test_an_object_without_a_word_of_its_own_is_left_out() -> None:
    fields = "reason: {code: r.code, raw: r.raw, version: \"'2'\"}\nfixed: {by: \"'system'\"}"
    assert read(fields, {"r": None}) == {"fixed": {"by": "system"}}
    assert read(fields, {"r": {"raw": "x"}})["reason"] == {"raw": "x", "version": "2"}


def test_a_silent_object_can_clear() -> None:
    fields = "reason: {null: none, code: r.code}"
    assert read(fields, {}) == {"reason": None}
    assert read(fields, {"r": {"code": "x"}}) == {"reason": {"code": "x"}}


def test_from_moves_the_start_of_an_object() -> None:
    assert read(
        "c: {from: order.customer, name: name, ours: $root.id}", {"id": 1, "order": {"customer": {"name": "J"}}}
    ) == {"c": {"name": "J", "ours": 1}}


def test_each_filters_and_knows_its_surroundings() -> None:
    fields = """
        lines:
          each: items
          where: quantity > `0`
          id: id
          of: $parent.id
          sku: $root.products[?id == $item.product] | [0].sku
          parts: {each: parts, id: id, line: $parent.id, of: $root.id, shop: $settings.shop, who: $account}
    """
    record = {
        "id": "r",
        "products": [{"id": 1, "sku": "A"}, {"id": 2, "sku": "B"}],
        "items": [
            {"id": "i1", "quantity": 1, "product": 2, "parts": [{"id": "p"}]},
            {"id": "i2", "quantity": 0},
            {"id": "i3", "quantity": 3, "product": 9},
        ],
    }
    part = {"id": "p", "line": "i1", "of": "r", "shop": "S", "who": "main"}
    assert read(fields, record, shop="S")["lines"] == [
        {"id": "i1", "of": "r", "sku": "B", "parts": [part]},
        {"id": "i3", "of": "r"},
    ]


@pytest.mark.parametrize(
    ("items", "said"),
    [(None, {}), ([], {"lines": []}), ([None, {}], {"lines": []}), ([{"id": 1}], {"lines": [{"id": 1}]})],
)
def test_a_list_is_said_when_there_is_one(items: Any, said: dict[str, Any]) -> None:
    assert read("lines: {each: items, id: id}", {"items": items}) == said


def test_a_list_that_is_none_is_refused() -> None:
    with pytest.raises(Untranslatable, match=r"line 4: lines: each: items gives \{'id': 1\}, which is no list"):
        read("lines: {each: items, id: id}", {"items": {"id": 1}})


def test_a_written_list_joins_what_is_said() -> None:
    fields = """
        keys:
          - key('return', id)
          - {type: "'x'", value: missing}
          - {type: "'rma'", value: rma}
          - {each: more, value: "@"}
          - {each: none, value: "@"}
    """
    assert read(fields, {"id": 3, "rma": "A", "more": ["m"]})["keys"] == [
        {"type": "return", "value": "3"},
        {"value": "A", "type": "rma"},
        {"value": "m"},
    ]
    assert read(fields, {}) == {}
    assert read(fields, {"more": []}) == {"keys": []}


def test_partial_names_the_lists_that_only_add() -> None:
    assert read("id: id\npartial: [notes, refunds]", {"id": 1})["partial"] == ["notes", "refunds"]


def test_an_account_says_only_what_differs() -> None:
    parent = (
        "system: x\ninbound:\n  s: {a: a, b: b, c: {d: d, e: e}}\n  t: {a: a}\ntables:\n  r: {one: 1st, two: 2nd}\n"
    )
    child = dedent("""
        extends: shop
        inbound:
          s: {a: "lookup('r', a)", b: null, c: {e: f}}
          t: null
        tables:
          r: {two: second, three: third}
    """)
    mapping = Mapping.load(child, name="main", parents={"shop": parent})
    assert mapping.streams == ("s",)
    record = {"a": "two", "b": 1, "d": 2, "e": 3, "f": 4}
    assert mapping.read("s", record) == {"a": "second", "c": {"d": 2, "e": 4}}
    assert mapping.read("s", {"a": "one"}) == {"a": "1st"}
    with pytest.raises(UnknownWord) as caught:
        mapping.read("s", {"a": "four"})
    assert (caught.value.file, caught.value.line) == ("mappings/main.yaml", 7)
    assert mapping.version != Mapping.load(parent, name="shop").version


def test_a_file_finds_its_parent_beside_it(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("system: shop\ninbound:\n  s: {a: a}\n")
    (tmp_path / "mine.yaml").write_text("extends: shop\ninbound:\n  s: {b: b}\n")
    mapping = Mapping.load(tmp_path / "mine.yaml")
    assert (mapping.name, mapping.system) == ("mine", "shop")
    assert mapping.read("s", {"a": 1, "b": 2}) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("parents", "says"),
    [
        ({}, "there is no mapping 'shop'"),
        ({"shop": "extends: me\n"}, "never leads back"),
        ({"shop": "[1]"}, "begins with"),
    ],
)
def test_a_parent_that_cannot_be_had(parents: dict[str, str], says: str) -> None:
    with pytest.raises(MappingError, match=says):
        Mapping.load("extends: shop\n", name="me", parents=parents)


def test_versions_follow_what_is_said_not_how() -> None:
    text = "system: x\ninbound:\n  s: {a: a, b: b}\noutbound:\n  note: {t: words.text}\n"
    base = Mapping.load(text)
    same = Mapping.load(
        "# a comment\nsystem: x\ninbound:\n  s:\n    b: 'b'\n    a: a\noutbound:\n  note: {t: words.text}\n"
    )
    outwards = Mapping.load(text.replace("words.text", "words.note"))
    inwards = Mapping.load(text.replace("b: b", "b: c"))
    assert base.version == same.version
    assert outwards.version != base.version
    assert outwards.reads_version == base.reads_version
    assert inwards.reads_version != base.reads_version
    assert Mapping.load(text) is base


def test_two_files_of_one_content_keep_their_own_lines() -> None:
    text = "system: x\ninbound:\n  s: {a: \"lookup('t', a)\"}\ntables: {t: {a: b}}\n"
    for name, shift in (("one", 0), ("two", 3)):
        with pytest.raises(UnknownWord, match=f"mappings/{name}.yaml, line {4 + shift}:"):
            Mapping.load("\n" * shift + text, name=name).read("s", {"a": "?"})


def test_threads_share_a_mapping() -> None:
    mapping = Mapping.load(WHOLE)
    wrong: list[Any] = []

    def work(number: int) -> None:
        for _ in range(200):
            made = mapping.read(
                "return", {"display_id": number, "items": [{"item_id": str(number), "quantity": number}]}
            )
            if made["number"] != str(number) or made["lines"][0]["quantity"] != number:
                wrong.append(made)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_readme_shows_a_mapping_that_works() -> None:
    readme = Path(mappings.__path__[0], "README.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", readme, re.DOTALL)
    assert example
    mapping = Mapping.load(example[1])
    record = {"display_id": 7, "status": "requested", "items": [{"item_id": "o1", "quantity": 1}]}
    made = mapping.read("return", record)
    assert (made["number"], made["authorization"], made["partial"]) == ("7", {"value": "authorized"}, ["notes"])
    assert mapping.write("receive", {"words": {"number": "R1"}, "lines": []}) == {"note": "Return R1", "items": []}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        (r"""a: "'x\0'" """, "4:8"),
        (r"""a: '`"\u0000"`' """, "4:9"),
        (r"""a: '`{"b": ["\ud800"]}`' """, "4:9"),
        (r"""a: 'keys({"\u0000": id})' """, "4:15"),
        (r"""a: lookup('t', "x\uD83D") """, "4:20"),
    ],
)
def test_a_mapping_holds_no_text_that_a_database_refuses(fields: str, place: str) -> None:
    with pytest.raises(MappingError, match=f":{place}: .*(NUL|half a character)"):
        read(fields, {"id": 1}, "tables: {t: {x: y}}")


def test_a_table_holds_no_text_that_a_database_refuses() -> None:
    with pytest.raises(MappingError, match=":5:17: .*NUL"):
        read("a: lookup('t', b)", {}, r'tables: {t: {x: "a\0"}}')
