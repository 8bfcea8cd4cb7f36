"""What changed, in sentences: the journal is written for people."""

from __future__ import annotations

from collections.abc import Iterator

from hub.model.returns import Return

_AXES = ("authorization", "acceptance", "dispute", "closure")
_DERIVED = ("transit", "receipt", "settlement", "exchange")
_FACTS = ("receipts", "inspections", "dispositions", "shipments", "refunds", "credits", "replacements")
_NOTHING = Return()


def changes(old: Return | None, new: Return) -> list[str]:
    """What `new` says that `old` did not; one short sentence each, the most important first."""
    return list(_changes(old or _NOTHING, new))


def _changes(old: Return, new: Return) -> Iterator[str]:
    if new.status != old.status:
        yield f"status {new.status}"
    for axis in _AXES:
        before, after = getattr(old.axes, axis), getattr(new.axes, axis)
        if after.value != before.value:
            yield f"{axis} {after.value}" + (f" (by {after.account})" if after.account else "")
    for axis in _DERIVED:
        if getattr(new.axes, axis) != getattr(old.axes, axis):
            yield f"{axis} {getattr(new.axes, axis)}"
    yield from _lines(old, new)
    yield from _facts(old, new)
    if old.discrepancies or new.discrepancies:
        yield from _discrepancies(old, new)


def _discrepancies(old: Return, new: Return) -> Iterator[str]:
    known = {(d.kind, d.text) for d in old.discrepancies}
    for discrepancy in new.discrepancies:
        if (discrepancy.kind, discrepancy.text) not in known:
            yield f"DISCREPANCY {discrepancy.kind}: {discrepancy.text}"
    still = {(d.kind, d.text) for d in new.discrepancies}
    for discrepancy in old.discrepancies:
        if (discrepancy.kind, discrepancy.text) not in still:
            yield f"resolved: {discrepancy.kind}"


def _lines(old: Return, new: Return) -> Iterator[str]:
    before = {line.key: line for line in old.lines}
    for line in new.lines:
        known = before.get(line.key)
        what = line.sku or line.name or line.key
        if known is None:
            reason = f", {line.stated.code}" if line.stated else ""
            yield f"line {what} x {line.quantity.normalize():f}{reason}"
        elif known.quantity != line.quantity or known.cancelled != line.cancelled:
            yield f"line {what} now x {(line.quantity - line.cancelled).normalize():f}"


def _facts(old: Return, new: Return) -> Iterator[str]:
    for kind in _FACTS:
        facts = getattr(new, kind)
        before = {fact.id: fact for fact in getattr(old, kind)} if facts else {}
        for fact in facts:
            words = _describe(kind, fact)
            if fact.id not in before:
                yield f"{kind[:-1]} {words} ({', '.join(dict.fromkeys(t.account for t in fact.twins))})"
            elif words != _describe(kind, before[fact.id]):
                yield f"{kind[:-1]} now {words}"


def _describe(kind: str, fact: object) -> str:
    get = fact.__getattribute__
    quantity = f"{q.normalize():f} " if (q := get("quantity")) is not None else ""
    match kind:
        case "receipts":
            return f"{quantity}{get('condition')}" + (f" at {get('location')}" if get("location") else "")
        case "inspections":
            return f"{quantity}{get('result')}"
        case "dispositions":
            return f"{quantity}{get('disposition')} {get('state')}"
        case "refunds":
            return f"{get('amount')} {get('value').currency} {get('state')}"
        case "credits":
            value = get("value")
            return f"{value.number or value.id} {value.amount} {value.currency} {value.state}"
        case _:
            return f"{getattr(get('value'), 'number', None) or get('value').id} {get('value').state}"
