"""The typed functions, one row per promise."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mappings.engine import Untranslatable
from mappings.engine.codes import COUNTRIES, EXPONENTS
from mappings.engine.functions import TYPED, Catalogue, arity, names
from mappings.engine.parsing import ExpressionError
from mappings.engine.patterns import MAX_TEXT, regex, safe
from tests.engine.oracle import dialect_pair

RECORD = {"list": [1, None, Decimal("2.5")], "at": datetime(2026, 7, 1, 12, tzinfo=UTC), "half": Decimal("0.5")}

WORTH = [
    ("money('12.50')", Decimal("12.50")),
    ("money(`12.5`, 'eur')", Decimal("12.5")),
    ("money(' -3 ')", Decimal(-3)),
    ("money('1e3')", Decimal("1e3")),
    ("money('47.60000000000001', 'EUR')", Decimal("47.60")),
    ("money('47.60000000000001')", Decimal("47.6000000000")),
    ("money('99.5', 'JPY')", Decimal(100)),
    ("money('1.1255', 'KWD')", Decimal("1.126")),
    ("money('7.5', 'EUR')", Decimal("7.5")),
    ("sum(['1.00000000000004', '2'])", Decimal("3.0000000000")),
    ("per_piece('100', `3`, 'JPY')", Decimal(33)),
    ("per_piece('1', `3`, 'KWD')", Decimal("0.333")),
    ("per_piece('1', `0`, 'EUR')", None),
    ("minor_units(`1250`, 'EUR')", Decimal("12.50")),
    ("minor_units(`1250`, 'JPY')", Decimal(1250)),
    ("minor_units('1250', 'kwd')", Decimal("1.250")),
    ("to_minor_units('12.5', 'EUR')", 1250),
    ("to_minor_units(`1250`, 'JPY')", 1250),
    ("currency(' usd ')", "USD"),
    ("country('deu')", "DE"),
    ("country('cn')", "CN"),
    ("country('')", None),
    ("decimal('0.10')", Decimal("0.10")),
    ("decimal(`123456789012345`)", Decimal(123456789012345)),
    ('decimal(`{"__class__": "Decimal", "decimal": "79.90"}`)', Decimal("79.90")),
    ("negate('2')", Decimal(-2)),
    ("abs(`-2.5`)", Decimal("2.5")),
    ("plus('0.1', '0.2')", Decimal("0.3")),
    ("minus(`3`, '1.5')", Decimal("1.5")),
    ("times('19.90', `3`)", Decimal("59.70")),
    ("divide('10', `3`, `2`)", Decimal("3.33")),
    ("divide('0.125', `1`, `2`)", Decimal("0.13")),
    ("divide(`1`, `0`, `2`)", None),
    ("sum(list)", Decimal("3.5")),
    ("sum(`[]`)", Decimal(0)),
    ("sum(['1', `2`])", Decimal(3)),
    ("text(`7`)", "7"),
    ("text(`true`)", "true"),
    ("text(half)", "0.5"),
    ("text(`1e5`)", "100000"),
    ("text(at)", "2026-07-01T12:00:00Z"),
    ("trim('  a ')", "a"),
    ("trim('   ')", None),
    ("upper('aß')", "ASS"),
    ("lower('ÄB')", "äb"),
    ("concat('R', `7`, '-', half)", "R7-0.5"),
    ("concat('R', missing)", None),
    ("split('a/b/c', '/', `1`)", "b"),
    ("split('a/b/c', '/', `-1`)", "c"),
    ("split('a', '/', `1`)", None),
    ("first(list)", 1),
    ("first(missing, 'a', 'b')", "a"),
    ("first(`[null]`)", None),
    ("distinct(['b', 'a', 'b'])", ["b", "a"]),
    ("distinct([`1`, `true`, 'a', `1`])", [1, True, "a"]),
    ("key('return', `7`)", {"type": "return", "value": "7"}),
    ("key('order_number', '#1', 'web')", {"type": "order_number", "value": "#1", "issuer": "web"}),
    ("key('order_number', '#1', missing)", {"type": "order_number", "value": "#1"}),
    ("key('return', '')", None),
    ("ref('sale.sale,6')", {"type": "sale.sale", "value": "6"}),
    ("ref('sale.sale,6', 'sale.sale')", "6"),
    ("ref('sale.sale,6', 'stock.move')", None),
    ("ref('sale.sale,-1')", None),
    ("ref('sale.sale,6').value", "6"),
    ("regex('RMA R1001', 'R(\\d+)')", "1001"),
    ("regex('RMA R1001', 'R\\d+')", "R1001"),
    ("regex('ab', '(a)(b)', `2`)", "b"),
    ("regex('ab', 'x')", None),
    ("instant('2026-03-29T02:00:00+08:00')", datetime(2026, 3, 28, 18, tzinfo=UTC)),
    ("instant('2026-07-01 14:00:00', 'Europe/Berlin')", datetime(2026, 7, 1, 12, tzinfo=UTC)),
    ("instant('2026-07-01T14:00:00Z', 'Europe/Berlin')", datetime(2026, 7, 1, 14, tzinfo=UTC)),
    ("instant('2026-11-24', 'Asia/Shanghai')", datetime(2026, 11, 23, 16, tzinfo=UTC)),
    ("instant('20261124T010203.5Z')", datetime(2026, 11, 24, 1, 2, 3, 500000, tzinfo=UTC)),
    ("instant('2026-03-01 09:00:01 UTC', 'Europe/Berlin')", datetime(2026, 3, 1, 9, 0, 1, tzinfo=UTC)),
    ("instant('Sun, 01 Mar 2026 09:00:01 +0200', 'Asia/Shanghai')", datetime(2026, 3, 1, 7, 0, 1, tzinfo=UTC)),
    ("instant('')", None),
    (
        'instant(`{"__class__": "datetime", "year": 2026, "month": 1, "day": 2, "hour": 3, "minute": 4, "second": 5}`, \'UTC\')',
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    ),
    ("epoch(`1795396289`, 's')", datetime(2026, 11, 23, 1, 11, 29, tzinfo=UTC)),
    ("epoch('1795396289000', 'ms')", datetime(2026, 11, 23, 1, 11, 29, tzinfo=UTC)),
    ("epoch(`1795396289.5`, 's')", datetime(2026, 11, 23, 1, 11, 29, 500000, tzinfo=UTC)),
    ("iso(at)", "2026-07-01T12:00:00Z"),
    ("iso(at, 'Asia/Shanghai')", "2026-07-01T20:00:00+08:00"),
    ("date(at)", "2026-07-01"),
    ("date('2026-07-01T20:00:00Z', 'Asia/Shanghai')", "2026-07-02"),
    ("date('2026-07-01')", "2026-07-01"),
    ('date(`{"__class__": "date", "year": 2026, "month": 1, "day": 2}`)', "2026-01-02"),
    ("avg(`[1, 2]`)", Decimal("1.5")),
    ("max(list[?@])", Decimal("2.5")),
    ("sort(list[?@])", [1, Decimal("2.5")]),
    ("to_number('2.50')", Decimal("2.50")),
    ("to_number('7')", 7),
    ("to_number('NaN')", None),
    ("to_number('1_000')", None),
    ("to_string(list)", "[1,null,2.5]"),
    ("type(half)", "number"),
    ("ceil(half)", 1),
    ("floor(half)", 0),
    ("reverse(`[1, 2]`)", [2, 1]),
    ("reverse('ab')", "ba"),
]


@pytest.mark.parametrize(("expression", "value"), WORTH, ids=[row[0] for row in WORTH])
def test_a_function_gives(expression: str, value: Any) -> None:
    for evaluate in dialect_pair(expression):
        got = evaluate(RECORD)
        assert got == value
        assert type(got) is type(value)
        assert str(got) == str(value)


REFUSED = [
    ("money('12,50')", "is no number"),
    ("money('NaN')", "is no number"),
    ("money('Infinity')", "is no number"),
    ("money('1e400')", "out of range"),
    ("money(`1e400`)", "out of range"),
    ("money('1000000000000000')", "out of range"),
    ("decimal('0.0000000000001')", "out of range"),
    ("money('١٢')", "is no number"),
    ("money(`true`)", "is no number"),
    ("money(`[]`)", "is no number"),
    ("money('1', 'EUX')", "there is no currency 'EUX'"),
    ("minor_units(`1`, missing)", "the unit of the amount is unknown"),
    ("to_minor_units('0.001', 'EUR')", "finer than the currency's smallest unit"),
    ("to_minor_units('0.5', 'JPY')", "finer than"),
    ("currency(`7`)", "no currency"),
    ("country('XX')", "no country"),
    ("country(`7`)", "no country"),
    ("text(`[]`)", "is no text"),
    ("concat('a', `{}`)", "is no text"),
    ("split('a', '', `0`)", "split takes"),
    ("sum('12')", "sum takes a list"),
    ("sum(['x'])", "is no number"),
    ("distinct('a')", "distinct takes a list"),
    ("divide(`1`, `2`, `99`)", "no number of places"),
    ("ref('6')", "is no reference"),
    ("instant('yesterday')", "is no point in time"),
    ("instant('2026-02-30T00:00:00Z')", "is no point in time"),
    ("instant('2026-03-01 09:00:01 CET', 'Europe/Berlin')", "is no point in time"),
    ("instant('Sun, 01 Mar 2026 09:00:01 CET', 'Asia/Shanghai')", "is no point in time"),
    ("instant('2026-03-01 UTC')", "is no point in time"),
    ("instant(`7`)", "is no point in time"),
    ("instant('2026-07-01T14:00:00')", "names no zone"),
    ("instant('0001-01-01T00:00:00+14:00')", "out of the calendar"),
    ("epoch(`7`, 'days')", "epoch's unit"),
    ("epoch('999999999999999', 's')", "out of the calendar"),
    ("regex('a', 'a', `9`)", "no such group"),
]


@pytest.mark.parametrize(("expression", "says"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_function_refuses(expression: str, says: str) -> None:
    for evaluate in dialect_pair(expression):
        with pytest.raises(Untranslatable, match=says):
            evaluate(RECORD)


def test_null_in_null_out() -> None:
    takes_null = {"key": ["'t'"], "first": [], "regex": []}
    for name in TYPED:
        least, _ = arity(name) or (1, 1)
        arguments = [*takes_null.get(name, []), *["missing"] * least][: max(least, 1)]
        assert dialect_pair(f"{name}({', '.join(arguments)})")[1]({}) is None, name


def test_a_text_out_of_proportion_is_refused() -> None:
    with pytest.raises(Untranslatable, match="the budget is 100,000"):
        dialect_pair("concat(a, a)")[1]({"a": "x" * 60_000})


def test_every_function_is_in_the_readme() -> None:
    from pathlib import Path

    import mappings

    readme = Path(mappings.__path__[0], "README.md").read_text("utf-8")
    assert [
        name for name in names() if f"`{name}(" not in readme and f" {name}" not in readme and f"`{name}" not in readme
    ] == []
    assert set(TYPED) | set(Catalogue.FUNCTION_TABLE) | {"lookup"} == set(names())


def test_codes() -> None:
    assert (EXPONENTS["EUR"], EXPONENTS["JPY"], EXPONENTS["KWD"], EXPONENTS["CNY"]) == (2, 0, 3, 2)
    assert (COUNTRIES["CHN"], COUNTRIES["DE"], COUNTRIES["ROU"], COUNTRIES["COD"]) == ("CN", "DE", "RO", "CD")
    assert len(set(COUNTRIES.values())) == 249
    assert len(COUNTRIES) == 2 * 249
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in EXPONENTS)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^R(\d+)$",
        r"(\w+)-(\d+)",
        r"^(\d{4})-(\d{2})$",
        r"#?(\d+)",
        r"[^,]+,(.*)",
        r"RMA:\s?([A-Z0-9]{4,12})",
        r"a|b",
        r"^(a|b)?c",
    ],
)
def test_useful_patterns(pattern: str) -> None:
    assert safe(pattern).pattern == pattern


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+",
        r"(a|a)*",
        r"(a*)*b",
        r"(.*a){20}",
        r"(a?){30}a",
        r"((a))",
        r".*.*.*",
        r"a+b+c+",
        r"^.*.*.*.*x",
        r"(?=a)",
        r"(?P<x>a)",
        r"(a)\1",
        r"(?i)a",
        r"a{1,9999}",
        r"[",
        r"(",
        r"a)",
        r"a**",
        "x" * 201,
    ],
)
def test_dangerous_patterns(pattern: str) -> None:
    with pytest.raises(ExpressionError):
        safe(pattern)


def test_a_pattern_looks_at_a_bounded_text() -> None:
    assert regex("x" * MAX_TEXT + "7", r"(\d)") is None
    assert regex("x" * (MAX_TEXT - 1) + "7", r"(\d)") == "7"
