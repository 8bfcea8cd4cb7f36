"""Every sentence in both languages: the table is whole, and every call site says something that stands in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given

import hub
from connectors.kit import registry
from hub.model.language.numbers import amount, number
from hub.model.language.sentences import TABLES, TEXTS, THEIRS, Sentence, plain, say, sentence
from hub.model.language.texts import concerns, discrepancies, misread, people, story, telling, undeliverable
from hub.model.merge.merger import Merger
from hub.model.plan.planner import plan
from hub.model.schema.returns import Discrepancy, Return
from tests.model.records import terms
from tests.model.simulated import Simulation, simulations

HUB = Path(hub.__file__).parent
PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
OPTION = re.compile(r"\[[^][]*\]")
MACHINES = {"SKU", "JSON"}
"""Latin words that a Chinese sentence may have."""


def calls() -> Iterator[tuple[str, str, set[str] | None]]:
    """Every call of `sentence` (and of NotNow, which makes one): where, its code, its values; None: only known when run."""
    for path in sorted(HUB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("sentence", "NotNow")
            ):
                code, where = node.args[0], f"{path.relative_to(HUB)}:{node.lineno}"
                if isinstance(code, ast.Constant):
                    names = [keyword.arg for keyword in node.keywords]
                    yield where, str(code.value), None if None in names else {name for name in names if name}
                else:
                    assert where.startswith("actions/people.py"), f"{where}: a code that cannot be read off the source"


CALLS = list(calls())


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_says_the_same_in_both_languages(code: str) -> None:
    zh, en = TEXTS[code]
    assert set(PLACE.findall(zh)) == set(PLACE.findall(en))
    for _, table in PLACE.findall(zh):
        assert not table or table in TABLES or table in ("axis", "table"), "a table, or the value that names it"
    left = PLACE.sub("", zh)
    assert set(re.findall(r"[A-Za-z]+", left)) <= MACHINES, "a word of ours is left in English"
    assert re.search(r"[\u4e00-\u9fff×：]", left) or not left.strip(), "there is nothing Chinese in it"
    assert not re.search(r"[\u4e00-\u9fff]", en)
    assert not re.search(r"[,;:!?]", left), "Chinese has marks of its own"


def test_no_code_stands_in_two_tables() -> None:
    tables = [module.TEXTS for module in (concerns, discrepancies, misread, people, undeliverable, story, telling)]
    assert len(TEXTS) == sum(map(len, tables))


def test_every_label_has_both_languages() -> None:
    assert [(table, word) for table, words in TABLES.items() for word, label in words.items() if not all(label)] == []
    latin = {label[0] for words in TABLES.values() for label in words.values() if re.search("[A-Za-z]", label[0])}
    assert latin == {"ERP"}


def test_every_call_says_a_sentence_of_the_table_with_its_values() -> None:
    assert len(CALLS) > 60
    for where, code, values in CALLS:
        assert code in TEXTS, f"{where}: {code} is in no table"
        if values is not None:
            every = {name for place in PLACE.findall(TEXTS[code][1]) for name in place if name}
            needed = {name for name, _ in PLACE.findall(OPTION.sub("", TEXTS[code][1]))}
            assert needed <= values <= every, f"{where}: {code}"


def test_every_sentence_is_said_somewhere() -> None:
    assert set(TEXTS) - {code for _, code, _ in CALLS} == set()


def unknown(said: Sentence) -> list[str]:
    """What this sentence could not say: values that are missing, words that their table does not know."""
    found = []
    text = TEXTS[said.code][1]
    for name, _ in PLACE.findall(OPTION.sub("", text)):
        if name not in said.values:
            found.append(f"{said.code}: no {name}")
    for name, table in PLACE.findall(text):
        value = said.values.get(name)
        if isinstance(value, Sentence):
            found += unknown(value)
        elif value and table and table != THEIRS:
            words = TABLES[table if table in TABLES else str(said.values[table])]
            found += [f"{said.code}: {word} is not in {table}" for word in value.split(" ") if word not in words]
    return found


TERMS = [
    terms("web", "storefront", sells=True, money=True),
    terms("erp", "erp", money=False, can=frozenset({"create_return", "receive", "credit"})),
    terms("wms", "wms", asked=frozenset({"receive"})),
    terms("till", "pos"),
]


@given(simulations())
def test_whatever_the_model_says_of_a_return_can_be_said(world: Simulation) -> None:
    merger = Merger(world.observations, world.inputs)
    merged = merger.merged()
    said = [discrepancy.said for discrepancy in merged.discrepancies]
    for one in TERMS:
        said += [rest.said for rest in plan(merged, merger.of(one.account), one, ())[1]]
    assert [problem for one in said for problem in unknown(one)] == []
    encoded = msgspec.json.encode(merged)
    assert msgspec.json.decode(encoded, type=Return) == merged
    assert msgspec.json.encode(msgspec.json.decode(encoded, type=Return)) == encoded


def test_words_of_ours_are_translated_and_data_is_not() -> None:
    said = sentence(
        "decisions_differ", axis="authorization", one="erp", value="rejected", other="web", otherwise="none"
    )
    assert say(said, "zh-CN") == "审核结论，erp 是“已拒绝”，web 是“无”。请核对，并更正其中一方。"
    assert say(said) == "Authorization: erp says rejected, web says none."
    assert plain(sentence("told", account="erp", operation="create_return")) == "told erp: create_return"
    assert say(sentence("told", account="erp", operation="create_return")) == "told erp: create the return"
    gone = sentence("gone", account="erp", stream="complaint", object="7", held="receipt credit")
    assert say(gone, "zh") == "erp 中的 售后单 7 已不存在，上面记有收货、贷项凭证。请确认是否误删。"
    assert say(sentence("gone", account="erp", stream="complaint", object="7")).endswith("does not exist any more.")
    ours = sentence("gone", account="erp", stream="proforma", object="7")
    assert say(ours, "zh").startswith("erp 中的 proforma 7 "), "a connector's own word"
    assert "complaint 7" in say(gone)
    assert {stream for entry in registry.entries() for stream in entry.manifest.streams} <= set(TABLES[THEIRS])


def test_a_sentence_in_a_sentence() -> None:
    discrepancy = Discrepancy(
        kind="over_return", said=sentence("over_return", quantity=Decimal("3.0"), granted=Decimal(1))
    )
    waits = sentence("waits_for_person", about=discrepancy.said)
    assert say(waits).startswith("Waits for a person: 3 pieces are to come back, only 1")
    assert say(waits, "zh").startswith("等待人工处理：申请退回 3 件")
    assert msgspec.json.decode(msgspec.json.encode(waits), type=Sentence) == waits


def test_what_no_table_knows_is_shown_as_it_is() -> None:
    """A line of a journal outlives the code that wrote it."""
    assert say(Sentence("of_yore", {"account": "erp"}), "zh") == "“of_yore” account erp"
    assert say(sentence("no_way", account="erp", operation="teleport")) == "erp has no way to “teleport”."
    assert say(Sentence("no_way", {"account": "erp"})) == "erp has no way to “?”."


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("47.6", "EUR", "47.60 EUR"),
        ("47.600", "EUR", "47.60 EUR"),
        ("47.605", "EUR", "47.605 EUR"),
        ("1E+3", "CNY", "1000.00 CNY"),
        ("0", None, "0.00"),
        ("4760.00", "JPY", "4760 JPY"),
        ("0.5", "JPY", "0.5 JPY"),
    ],
)
def test_money_is_plain_with_its_currency(value: str, currency: str | None, text: str) -> None:
    assert amount(Decimal(value), currency) == text


@pytest.mark.parametrize(("value", "text"), [("2.000", "2"), ("0.50", "0.5"), ("1E+2", "100"), ("0E-3", "0")])
def test_quantities_have_no_needless_zeros(value: str, text: str) -> None:
    assert number(Decimal(value)) == text
    assert sentence("over_disposed", put=Decimal(value), received=1) == Sentence(
        "over_disposed", {"put": text, "received": "1"}
    )


def test_the_document_has_the_values_and_not_the_text() -> None:
    stored: dict[str, Any] = msgspec.to_builtins(
        Discrepancy(kind="unplaced", said=sentence("unplaced", account="erp", quantity=2))
    )
    assert stored["said"] == {"code": "unplaced", "values": {"account": "erp", "quantity": "2"}}
    assert "pieces" not in str(stored)
