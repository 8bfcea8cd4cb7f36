"""What lint finds, with its exact line and column."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from mappings.engine import Mapping, MappingError, lint

STATEMENT = {"value": {"type": "word", "words": ["requested", "authorized"]}, "at": {"type": "datetime"}}
VOCABULARY: dict[str, Any] = {
    "inbound": {
        "origin": {"type": "word", "words": ["request", "blind"]},
        "number": {"type": "str"},
        "authorization": {"type": "object", "fields": STATEMENT},
        "closure": {"type": "object", "fields": {"value": {"type": "word", "words": ["open", "closed"]}}},
        "lines": {
            "type": "list",
            "fields": {
                "sku": {"type": "str"},
                "quantity": {"type": "decimal"},
                "reason": {
                    "type": "object",
                    "fields": {"code": {"type": "word", "words": ["size_too_small", "other"]}},
                },
            },
        },
        "keys": {"type": "list", "fields": {"type": {"type": "str"}, "value": {"type": "str"}}},
        "extra": {"type": "any"},
    },
    "outbound": {
        "kind": {"type": "word", "words": ["receive", "note"]},
        "lines": {"type": "list", "fields": {"order_line": {"type": "str"}, "words": {"type": "any"}}},
        "words": {"type": "any"},
        "amount": {"type": "decimal"},
    },
}

CASES: dict[str, tuple[str, list[str]]] = {
    "nothing to say": (
        """
        system: x
        inbound:
          s:
            number: text(id)
            authorization: {value: "lookup('state', state)", at: instant(at)}
            lines: {each: items, sku: sku, reason: {code: "lookup('reason', r) || 'other'"}}
            keys: [{type: "'a'", value: a}, "key('b', b)"]
            partial: [lines]
        outbound:
          receive: {items: {each: lines, id: order_line, why: "reverse('reason', words.reason)"}, all: "lines[*].order_line"}
        tables:
          state: {open: requested, done: authorized}
          reason: {small: size_too_small}
        """,
        [],
    ),
    "unknown fields": (
        """
        system: x
        inbound:
          s:
            numbr: id
            lines:
              each: items
              quantty: quantity
            authorization: {by: who}
        """,
        [
            "5:5: error: there is no canonical field 'numbr'; did you mean 'number'?",
            "8:7: error: there is no canonical field 'lines.quantty'; did you mean 'quantity'?",
            "9:21: error: there is no canonical field 'authorization.by'",
        ],
    ),
    "words that do not exist": (
        """
        system: x
        inbound:
          s:
            origin: "'requested'"
            authorization: {value: "lookup('state', state).authorization"}
            "*": lookup('spread', state)
            lines:
              each: items
              reason: {code: "lookup('reason', r)"}
        tables:
          state:
            a: {authorization: authorised}
            b: {authorization: requested}
          spread:
            a: {closure: {value: shut}}
            b: {closure: open}
            c: {closed: true}
            d: closed
          reason: {small: size_too_small, large: to_large}
        """,
        [
            "5:13: error: 'requested' is no word of origin; did you mean 'request'?; the words are request, blind",
            "13:8: error: 'authorised' is no word of authorization.value; did you mean 'authorized'?; the words are requested, authorized",
            "16:8: error: 'shut' is no word of value; the words are open, closed",
            "17:8: error: closure is an object, and 'open' is not",
            "18:8: error: there is no canonical field 'closed'; did you mean 'closure'?",
            "19:8: error: '*' spreads an object of fields; 'closed' is one word",
            "20:42: error: 'to_large' is no word of lines.reason.code; the words are size_too_small, other",
        ],
    ),
    "shapes that do not fit": (
        """
        system: x
        inbound:
          s:
            number: {value: id}
            lines: {sku: sku}
            authorization: {each: items, value: v}
            partial: [number]
        """,
        [
            "4:3: error: partial: 'number' is no list of a return",
            "5:5: error: number is one value (str), not an object",
            "6:5: error: lines is a list: write `each:`, or `- ` before each element",
            "7:5: error: authorization is no list",
        ],
    ),
    "expressions that do not compile": (
        """
        system: x
        inbound:
          s:
            number: id..x
            origin: "lookup('nowhere', a)"
            extra: shout(a)
            lines:
              each: items[
              sku: concat()
              quantity: quantity > 5
        """,
        [
            "5:16: error: number: unexpected '.'",
            "6:14: error: origin: lookup names a table in quotes; the tables are: none",
            "7:12: error: extra: there is no function shout; there are",
            "9:19: error: lines: the expression ends too early",
            "10:12: error: lines.sku: concat takes at least 1 arguments, not 0",
            "11:28: error: lines.quantity: unexpected 5",
        ],
    ),
    "more expressions that do not compile": (
        """
        system: x
        inbound:
          s:
            number: $parent.id
            origin: $settngs.a
            extra: a.$root
            authorization: {at: "instant(a, 'Mars/Olympus')", value: instant(a, b)}
            closure: {value: "regex(a, '(a+)+')"}
            lines: {each: items, where: "[&a]", sku: "`x`"}
        """,
        [
            "5:13: error: number: there is no $parent outside an `each:`",
            "6:13: error: origin: unexpected '$settngs': there is no $settngs",
            "7:14: error: extra: unexpected '$root': $root stands only at a beginning",
            "8:26: error: authorization.at: there is no time zone 'Mars/Olympus'",
            "8:71: error: authorization.value: the expression ends too early (between { } and [ ] YAML ends it at a comma",
            "9:23: error: closure.value: a group cannot be repeated",
            "10:34: error: lines: & stands only where",
            "10:47: error: lines.sku: `x` is no JSON; text is written in single quotes: 'x'",
        ],
    ),
    "YAML's own traps": (
        """
        system: x
        inbound:
          s:
            number: 7
            origin: true
            extra: {a: yes, b: 2026-11-24, c: 1.10, d: 010, e: 12:30, f: "lookup('state', a)"}
            lines: {each: items, on: a}
        tables:
          state:
            NO: requested
            ~: authorized
            1.10: requested
            a: off
            "NO": fine
            7: fine
            true: fine
        """,
        [
            "5:13: error: 7 is no expression; for the constant write '`7`'",
            "6:13: error: true is no expression; for the constant write '`true`'",
            "7:16: error: YAML reads the unquoted yes as true; write 'yes'",
            "7:24: error: YAML reads the unquoted 2026-11-24 as a date; write '2026-11-24'",
            "7:39: error: YAML reads the unquoted 1.10 as a binary fraction; write '1.10'",
            "7:48: error: YAML reads the unquoted 010 as another number",
            "7:56: error: YAML reads the unquoted 12:30 as another number",
            "8:26: error: YAML reads the unquoted on as true; write 'on'",
            "8:26: error: there is no canonical field 'lines.on'",
            "11:5: error: YAML reads the unquoted NO as false; write 'NO'",
            "12:5: error: YAML reads the unquoted ~ as null; write '~'",
            "13:5: error: YAML reads the unquoted 1.10 as a binary fraction",
            "14:8: error: YAML reads the unquoted off as false; write 'off'",
            "15:5: error: 'NO' stands here twice (first in line 11); one is lost",
        ],
    ),
    "a lossy way back": (
        """
        system: x
        inbound:
          s: {number: "lookup('reason', a)", extra: "lookup('quiet', b)"}
        outbound:
          note: {why: "reverse('reason', words.reason)"}
        tables:
          reason: {small: size, tight: size, large: size, other: other}
          quiet: {a: same, b: same}
        """,
        [
            "8:32: error: table 'reason' is used outwards and small, tight, large all mean 'size': "
            "say which is written with `reverse: {reason: {size: small}}`"
        ],
    ),
    "a lossy way back that says which wins": (
        """
        system: x
        inbound:
          s: {number: "lookup('reason', a)"}
        outbound:
          note: {why: "reverse('reason', words.reason)"}
        tables:
          reason: {small: size, tight: size}
        reverse:
          reason: {size: tight, fit: loose}
        """,
        ["8:3: warning: reverse: 'fit' is written as 'loose', which the table cannot read back"],
    ),
    "what no operation has": (
        """
        system: x
        outbound:
          recieve: {a: amount}
          note:
            a: amonut
            b: lines[?order_lin == 'x'].words.any.thing
            c: {each: lines, id: orderline, d: $parent.amount, e: $root.nothing}
            f: words.free.deep
        """,
        [
            "4:3: error: there is no operation 'recieve'; did you mean 'receive'?",
            "6:8: error: an operation has no 'amonut' here; did you mean 'amount'?",
            "7:8: error: an operation has no 'order_lin' here; did you mean 'order_line'?",
            "8:26: error: an operation has no 'orderline' here; did you mean 'order_line'?",
            "8:59: error: an operation has no 'nothing' here; it has kind, lines, words, amount",
        ],
    ),
    "odds and ends": (
        """
        system: x
        inbuond: {}
        inbound:
          s:
            authorization: {at: created_at}
            number: $settings.ordrs_of
            extra: {where: a, "*": [a, {b: c}], b: {from: x, null: nothing}}
            lines: {each: items}
        tables: {idle: {a: b}}
        reverse: {missing: {a: b}}
        stores: {note: {trim: 7}}
        """,
        [
            "3:1: error: 'inbuond' is no part of a mapping; the parts are",
            "5:3: error: there is no setting 'ordrs_of' (or it is a secret); did you mean 'orders_of'?",
            "6:25: warning: authorization.at is a point in time: write instant(created_at)",
            "8:13: error: `where` stands beside `each` only",
            "8:28: error: '*' takes an expression that gives an object, or a list of such",
            "8:60: error: the only thing that null can do is `null: none`",
            "9:12: error: this list has no fields; a list of plain values is one expression: items",
            "10:10: warning: table 'idle' is used by no expression",
            "11:11: error: there is no table 'missing' to reverse",
            "12:10: error: stores 'note': rules are",
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_findings_stand_where_the_fault_is(text: str, expected: list[str]) -> None:
    findings = lint(dedent(text), VOCABULARY, file="mappings/x.yaml", settings=["orders_of"])
    got = [str(finding) for finding in findings]
    assert len(got) == len(expected), "\n".join(got)
    for line, start in zip(got, expected, strict=True):
        assert line.startswith(f"mappings/x.yaml:{start}"), line


@pytest.mark.parametrize("text", ["", "just text", "- a\n- b\n", "a: [b\n", "system: x\n\tb: c", "\x00"])
def test_what_is_no_mapping_at_all(text: str) -> None:
    findings = lint(text, VOCABULARY)
    assert findings
    assert all(finding.level == "error" for finding in findings)
    with pytest.raises(MappingError):
        Mapping.load(text)


def test_everything_that_keeps_a_mapping_from_loading_is_found_by_lint() -> None:
    for text, _ in CASES.values():
        errors = [str(finding) for finding in lint(dedent(text), {}) if finding.level == "error"]
        if not errors:
            assert Mapping.load(dedent(text)).system == "x"
            continue
        with pytest.raises(MappingError) as caught:
            Mapping.load(dedent(text))
        assert set(map(str, caught.value.findings)) <= set(errors)


def test_an_account_is_linted_over_what_it_extends(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("system: x\ninbound:\n  s: {number: id, oops: id}\n")
    text = "extends: shop\ninbound:\n  s: {origin: \"'nope'\"}\n"
    got = [str(finding) for finding in lint(text, VOCABULARY, file="mappings/me.yaml", folder=tmp_path)]
    assert len(got) == 2
    assert got[0].startswith("mappings/me.yaml:3:15: error: 'nope' is no word of origin")
    assert got[1].startswith(f"{tmp_path.name}/shop.yaml:3:19: error: there is no canonical field 'oops'")


SHOP = """\
system: x
inbound:
  s:
    origin: origin || (lines && 'request')
    number: joined.lines
    lines: {each: lines, sku: sku}
    keys: {each: "$root.lines[?joined.lines]", value: text(id)}
"""


def left(own: str) -> list[str]:
    return [str(f) for f in lint(own, VOCABULARY, file="mappings/me.yaml", parents={"shop": SHOP})]


def test_who_reads_a_list_elsewhere_is_told_what_still_reads_the_old_one() -> None:
    own = "extends: shop\ninbound:\n  s:\n    lines: {each: positions, sku: article}\n"
    places = ("'keys' (mappings/shop.yaml:7:18)", "'origin' (mappings/shop.yaml:4:13)")
    said = "mappings/me.yaml:4:5: warning: lines is read from positions, but {} still reads lines: write it here, too"
    assert left(own) == [said.format(place) for place in places]
    assert left(own + "    origin: \"'request'\"\n    keys: null\n") == []
    assert left("extends: shop\ninbound:\n  s:\n    lines: {sku: article}\n") == []
