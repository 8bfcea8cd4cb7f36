"""Order lines of several accounts: an exchange, an edit or a split never makes a line twice, and none is guessed."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.identity.line_matching import BookLine, Memory, match
from hub.model.merge.merger import merge
from hub.model.schema.fragment import OrderLine
from hub.model.schema.observation import MergeInputs, Observation
from hub.model.schema.returns import Return
from tests.model.records import D, said
from tests.model.simulated import ACCOUNTS

NUMBER = {"issuer": "web", "type": "order_number", "value": "#12"}


def sold(*lines: tuple[str, int], sku: str = "MUG") -> Observation:
    """The shop's order."""
    return said("web", "order", "o", keys=[NUMBER], order={"number": "#12", "lines": _lines(lines, sku)})


def booked(*lines: tuple[str, int], sku: str = "MUG") -> Observation:
    """The ERP's sale of it."""
    return said("erp", "sale", "s", keys=[NUMBER], order={"number": "#12", "lines": _lines(lines, sku)})


def _lines(lines: tuple[tuple[str, int], ...], sku: str) -> list[dict[str, Any]]:
    return [{"id": name, "quantity": quantity, "sku": sku, "shipped": quantity} for name, quantity in lines]


def asked(*lines: tuple[str, int], **more: Any) -> Observation:
    rows = [{"line": f"r{name}", "order_line": name, "quantity": quantity} for name, quantity in lines]
    return said("web", "return", "w", origin="request", orders=[{"type": "order", "value": "o"}], lines=rows, **more)


def case(*lines: dict[str, Any], **more: Any) -> Observation:
    """The ERP's record of the return."""
    keys = [{"issuer": "hub", "type": "return", "value": "R1"}, {"issuer": "web", "type": "return", "value": "w"}]
    return said("erp", "complaint", "c", keys=keys, orders=[{"type": "sale", "value": "s"}], lines=list(lines), **more)


def together(*seen: Observation, **inputs: Any) -> Return:
    return merge(seen, MergeInputs(parties=ACCOUNTS, number="R1", **inputs))


def pairs(ret: Return) -> list[tuple[str, str | None, int]]:
    return [(line.key, line.order_lines.get("erp"), int(line.quantity)) for line in ret.lines]


SENT = {"replacements": [{"id": "x", "order_line": "B", "quantity": 1, "state": "due"}]}


@pytest.mark.parametrize("way", list(permutations(range(4))))
def test_a_line_that_an_exchange_adds_does_not_compete(way: tuple[int, ...]) -> None:
    theirs = case({"line": "1", "order_line": "S", "quantity": 1})
    seen = [sold(("A", 1), ("B", 1)), booked(("S", 1)), asked(("A", 1), **SENT), theirs]
    assert pairs(together(*[seen[index] for index in way])) == [("web/o/A", "S", 1)]


def test_two_lines_of_one_article_are_told_apart_by_their_quantities() -> None:
    ret = together(sold(("A", 2), ("B", 1)), booked(("S", 1), ("T", 2)), asked(("A", 1), ("B", 1)))
    assert pairs(ret) == [("web/o/A", "T", 1), ("web/o/B", "S", 1)]


def test_as_many_lines_of_one_article_on_both_sides_are_those_lines() -> None:
    ret = together(sold(("A", 1), ("B", 1)), booked(("S", 1), ("T", 1)), asked(("A", 1), ("B", 1)))
    assert pairs(ret) == [("web/o/A", "S", 1), ("web/o/B", "T", 1)]


def test_one_and_one_fit_for_two() -> None:
    theirs = case({"line": "1", "order_line": "S", "quantity": 2}, receipts=[
        {"id": "a", "order_line": "S", "quantity": 1, "condition": "good"},
        {"id": "b", "order_line": "S", "quantity": 1, "condition": "damaged"}])  # fmt: skip
    ret = together(sold(("A", 1), ("B", 1)), booked(("S", 2)), asked(("A", 1), ("B", 1)), theirs)
    assert pairs(ret) == [("web/o/A", "S", 1), ("web/o/B", "S", 1)]
    assert [line.received for line in ret.lines] == [1, 1]
    assert ret.discrepancies == ()


def test_two_of_the_erps_lines_are_one_of_the_shops() -> None:
    theirs = case({"line": "1", "order_line": "S", "quantity": 1}, {"line": "2", "order_line": "T", "quantity": 1})
    ret = together(sold(("A", 2)), booked(("S", 1), ("T", 1)), asked(("A", 2)), theirs)
    assert [(line.key, line.quantity) for line in ret.lines] == [("web/o/A", 2)]
    assert ret.discrepancies == ()


def test_what_was_matched_once_stays_matched() -> None:
    seen = (sold(("A", 1), ("B", 1)), booked(("S", 1)), asked(("A", 1)))
    assert pairs(together(*seen)) == [("web/o/A", None, 1)], "an edit added one; nobody guesses"
    assert pairs(together(*seen, matched={("erp", "S"): "web/o/A"})) == [("web/o/A", "S", 1)]


@pytest.mark.parametrize(("theirs", "ours"), [("mug ", "MUG"), ("\uff2d\uff35\uff27", "mug")])
def test_an_article_is_the_same_however_it_is_written(theirs: str, ours: str) -> None:
    ret = together(sold(("A", 1), sku=ours), booked(("S", 1), sku=theirs), asked(("A", 1)))
    assert pairs(ret) == [("web/o/A", "S", 1)]
    assert ret.lines[0].sku == ours


def test_articles_that_differ_in_spelling_only_are_told_apart_by_it() -> None:
    shop = said(
        "web", "order", "o", keys=[NUMBER], order={"lines": _lines((("A", 1),), "mug") + _lines((("B", 1),), "MUG")}
    )
    erp = said(
        "erp", "sale", "s", keys=[NUMBER], order={"lines": _lines((("T", 1),), "MUG") + _lines((("S", 1),), "mug")}
    )
    ret = together(shop, erp, asked(("A", 1), ("B", 1)))
    assert pairs(ret) == [("web/o/A", "S", 1), ("web/o/B", "T", 1)]


line_lists = st.lists(st.integers(1, 3), min_size=1, max_size=5)


@given(line_lists, line_lists, st.booleans())
def test_no_line_is_matched_twice_unless_the_sums_agree(ours: list[int], theirs: list[int], late: bool) -> None:
    known = [
        BookLine(key=f"k{n}", order="o", line=OrderLine(id=f"A{n}", quantity=D(q), sku="MUG"), ids={"web": f"A{n}"})
        for n, q in enumerate(ours)
    ]
    rows = [OrderLine(id=f"S{n}", quantity=D(q), sku="MUG") for n, q in enumerate(theirs)]
    added = frozenset({("web", "A0")}) if late else frozenset()
    found = match("erp", rows, known, Memory(added=added))
    once: dict[str, list[str]] = {}
    for name, lines in found.items():
        for line in lines:
            once.setdefault(line.key, []).append(name)
    quantity = {line.id: line.quantity for line in rows}
    for key, names in once.items():
        if len(names) > 1:
            assert sum(quantity[name] for name in names) == next(k.line.quantity for k in known if k.key == key)
    for name, lines in found.items():
        if len(lines) > 1:
            assert sum(line.line.quantity for line in lines) == quantity[name]
    if sorted(ours) == sorted(theirs) and not late:
        assert all(len(lines) == 1 and lines[0].line.quantity == quantity[name] for name, lines in found.items())
        assert len(once) == len(ours)


def test_a_line_that_fits_several_is_asked_about_and_is_the_one_that_a_person_names() -> None:
    theirs = case({"line": "1", "order_line": "S", "quantity": 1})
    seen = (sold(("A", 1), ("B", 1)), booked(("S", 1)), asked(("A", 1)), theirs)
    (discrepancy,) = [discrepancy for discrepancy in together(*seen).discrepancies if discrepancy.freezes]
    assert (discrepancy.kind, discrepancy.line) == ("ambiguous_line", "erp/s/S")
    assert [choice.to for choice in discrepancy.choices] == ["web/o/A", "web/o/B"]
    answer = {
        "kind": discrepancy.kind,
        "about": list(discrepancy.about),
        "answer": discrepancy.choices[0].text,
        "by": "ann",
        "at": "2026-11-01T10:00:00Z",
    }
    ret = together(*seen, said("hub", "act", "1", answers=[answer]))
    assert pairs(ret) == [("web/o/A", "S", 1)]
    assert ret.discrepancies == ()
