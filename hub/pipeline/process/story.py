"""What changed, in sentences: the journal is written for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.model.language.numbers import amount
from hub.model.language.sentences import Sentence, sentence
from hub.model.merge.facts import ENTITIES
from hub.model.schema.returns import Fact, Return, ReturnLine

_AXES = ("authorization", "acceptance", "dispute", "closure")
_DERIVED = ("transit", "receipt", "settlement", "exchange")
_NOTHING = Return()


def changes(old: Return | None, new: Return) -> list[Sentence]:
    """What `new` says that `old` did not; one short sentence each, the most important first."""
    return list(_changes(old or _NOTHING, new))


def _changes(old: Return, new: Return) -> Iterator[Sentence]:
    if new.status != old.status:
        yield sentence("status", status=new.status)
    for axis in _AXES:
        before, after = getattr(old.axes, axis), getattr(new.axes, axis)
        if after.value != before.value:
            yield sentence("axis", axis=axis, value=after.value, account=after.account)
    for axis in _DERIVED:
        if getattr(new.axes, axis) != getattr(old.axes, axis):
            yield sentence("axis", axis=axis, value=getattr(new.axes, axis))
    yield from _lines(old, new)
    yield from _facts(old, new)
    if old.discrepancies or new.discrepancies:
        yield from _discrepancies(old, new)


def _discrepancies(old: Return, new: Return) -> Iterator[Sentence]:
    known = {(d.kind, d.text) for d in old.discrepancies}
    for discrepancy in new.discrepancies:
        if (discrepancy.kind, discrepancy.text) not in known:
            yield sentence("discrepancy", kind=discrepancy.kind, about=discrepancy.said)
    still = {(d.kind, d.text) for d in new.discrepancies}
    for discrepancy in old.discrepancies:
        if (discrepancy.kind, discrepancy.text) not in still:
            yield sentence("resolved", kind=discrepancy.kind)


def _lines(old: Return, new: Return) -> Iterator[Sentence]:
    before = {line.key: line for line in old.lines}
    for line in new.lines:
        known = before.get(line.key)
        what = _goods(line)
        if known is None:
            reason = line.stated.code if line.stated else None
            yield sentence("line", line=what, quantity=line.quantity, reason=reason)
            continue
        if known.quantity != line.quantity or known.cancelled != line.cancelled:
            yield sentence("line_now", line=what, quantity=line.quantity - line.cancelled)
        if line.stated and (known.stated is None or known.stated.code != line.stated.code):
            yield sentence("line_reason", line=what, reason=line.stated.code)
        if line.found and (known.found is None or known.found.code != line.found.code):
            yield sentence("line_found", line=what, reason=line.found.code)
        if known.resolution != line.resolution:
            yield sentence("line_resolution", line=what, resolution=line.resolution)


_WORDS: Mapping[str, tuple[str, str]] = {
    "receipts": ("condition", "condition"),
    "inspections": ("result", "inspection"),
    "dispositions": ("disposition", "disposition"),
    "shipments": ("state", "shipment"),
    "refunds": ("state", "payment"),
    "credits": ("state", "credit"),
    "replacements": ("state", "exchange"),
}
"""Per kind of fact, the field with the word for it, and the table that the word stands in."""


def _goods(line: ReturnLine) -> str:
    return line.sku or line.name or line.key


def _facts(old: Return, new: Return) -> Iterator[Sentence]:
    goods = {line.key: _goods(line) for line in new.lines}
    for kind in _WORDS:
        facts = getattr(new, kind)
        before = {name: fact for fact in getattr(old, kind) for name in _names(fact)} if facts else {}
        for fact in facts:
            described = _describe(kind, fact, goods)
            known = next((before[name] for name in _names(fact) if name in before), None)
            if known is None:
                yield sentence(
                    "fact",
                    **described,
                    who=", ".join(dict.fromkeys(duplicate.account for duplicate in fact.duplicates)),
                )
            elif described != _describe(kind, known, goods):
                yield sentence("fact_now", **described)


def _names(fact: Fact) -> list[tuple[str, ...]]:
    """All names of an event: another record or another system may speak for it from now on."""
    names = [(duplicate.account, duplicate.stream, duplicate.object, duplicate.id) for duplicate in fact.duplicates]
    return [*names, *((duplicate.account, duplicate.id) for duplicate in fact.duplicates if duplicate.kind in ENTITIES)]


def _describe(kind: str, fact: Fact, goods: Mapping[str, str]) -> dict[str, Any]:
    """What the story tells of a fact: of goods which and how many, of documents their number, of money how much."""
    field, table = _WORDS[kind]
    value = getattr(fact, "value", None)

    def of(name: str) -> Any:
        return getattr(fact, name, getattr(value, name, None))

    described = {"event": kind[:-1], "word": of(field), "table": table, "location": of("location")}
    if value is None:
        described["goods"] = goods.get(fact.line or "")
        described["quantity"] = fact.quantity
        described["posting"] = of("state")
    elif kind != "refunds":
        described["number"] = of("number") or value.id
    if of("amount") is not None:
        described["amount"] = amount(of("amount"), of("currency"))
    return described
