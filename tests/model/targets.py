"""Simulated systems that do what they are told, or not quite: what `plan` has to come to rest with."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from hub.model.language import words
from hub.model.merge.merger import Merger
from hub.model.plan.planner import plan
from hub.model.schema import fragment as canonical
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import DuplicateFacts, FactId, Observation
from hub.model.schema.operation import LineTarget, Outstanding, PlannedOperation, Terms, Undeliverable
from hub.model.schema.returns import Return
from tests.model.simulated import Simulation

STREAMS = {"web": "return", "erp": "complaint", "wms": "case", "till": "counter"}
_OBJECTS = {"web": "w1", "erp": "c1", "wms": "k1", "till": "t1"}

Planned = tuple[tuple[PlannedOperation, ...], tuple[Undeliverable, ...]]

Flaw = Callable[[PlannedOperation, Fragment, Fragment], Fragment]
"""(what was asked, what stood there, what should stand there) -> what really stands there afterwards."""


class Remotes:
    """All systems of a simulation, the hub's knowledge of duplicates, and a log of the writes."""

    def __init__(self, world: Simulation, terms: list[Terms], flaw: Flaw | None = None) -> None:
        self.records = {(o.account, o.stream, o.external_id): o for o in world.observations}
        self.inputs = world.inputs
        self.terms = {one.account: one for one in terms}
        self.flaw = flaw
        self.writes: list[PlannedOperation] = []
        self.read_seq = 100

    def merger(self) -> Merger:
        return Merger(list(self.records.values()), self.inputs)

    @property
    def merged(self) -> Return:
        return self.merger().merged()

    def plan(
        self, account: str, outstanding: tuple[Outstanding, ...] = ()
    ) -> tuple[tuple[PlannedOperation, ...], tuple[Undeliverable, ...]]:
        merger = self.merger()
        return plan(merger.merged(), merger.of(account), self.terms[account], outstanding)

    def perform(self, operation: PlannedOperation) -> None:
        """Carry it out, read it back, and remember which fact there is the duplicate of which of ours."""
        self.writes.append(operation)
        merged = self.merged
        name = (operation.account, STREAMS[operation.account], _OBJECTS[operation.account])
        if operation.kind == "refund":
            name = (operation.account, "payment", operation.payment or "")
        old = self.records.get(name)
        before = old.fragment if old else Fragment()
        made: list[tuple[str, FactId]] = []

        def note(fact: str, kind: str, ident: str) -> None:
            made.append((fact, FactId(*name, kind, ident)))

        after = _DO[operation.kind](
            operation, before, merged, lambda fact, kind, i: made.append((fact, FactId(*name, kind, i)))
        )
        if self.flaw is not None:
            after = self.flaw(operation, before, after)
        self.read_seq += 1
        self.records[name] = Observation(
            account=name[0], stream=name[1], external_id=name[2], fragment=after, read_seq=self.read_seq
        )
        facts = {fact.id: fact.duplicates for kind in _LISTS for fact in getattr(merged, kind)}
        shown = {(kind, item.id) for kind in _LISTS for item in getattr(after, kind) or ()}
        duplicates = [
            DuplicateFacts(frozenset({*facts[f], i})) for f, i in made if f in facts and (i.kind, i.id) in shown
        ]
        self.inputs = replace(self.inputs, duplicates=(*self.inputs.duplicates, *duplicates))


_LISTS = ("receipts", "dispositions", "shipments", "refunds", "credits", "replacements", "notes")

Made = Callable[[str, str, str], None]


def _create(operation: PlannedOperation, old: Fragment, merged: Return, made: Made) -> Fragment:
    stream = {"web": ("order", "o1")}.get(operation.account, ("sale", "s1"))
    lines = tuple(
        canonical.Line(line=f"l{i}", order_line=line.order_line, sku=line.sku, quantity=line.quantity)
        for i, line in enumerate(operation.lines)
    )
    return replace(
        old,
        origin="request",
        keys=(canonical.Key(issuer="hub", type="return", value="R1"),),
        orders=(canonical.Key(type=stream[0], value=stream[1]),) if operation.account in ("web", "erp") else (),
        lines=lines,
        authorization=canonical.Statement(value="requested"),
    )


def _decide(value: str) -> Callable[[PlannedOperation, Fragment, Return, Made], Fragment]:
    def do(operation: PlannedOperation, old: Fragment, merged: Return, made: Made) -> Fragment:
        return replace(
            old, authorization=canonical.Statement(value=value, round=operation.round), ready=value == "authorized"
        )

    return do


def _receive(operation: PlannedOperation, old: Fragment, merged: Return, made: Made) -> Fragment:
    """Books what is missing to the totals, one receipt per fact it is told."""
    facts = {fact.id: fact for fact in merged.receipts}
    receipts = list(old.receipts or ())
    for line in operation.lines:
        missing = line.totals["received"] - sum((r.quantity for r in receipts if _same(r, line)), Decimal(0))
        for fact_id in line.facts:
            fact = facts[fact_id]
            quantity = min(fact.quantity or Decimal(0), missing)
            if quantity > 0:
                missing -= quantity
                ident = f"h{len(receipts)}"
                made(fact_id, "receipts", ident)
                receipts.append(_receipt(ident, quantity, fact.condition, line))
    return replace(old, receipts=tuple(receipts))


def _receipt(ident: str, quantity: Decimal, condition: words.Condition, line: LineTarget) -> canonical.Receipt:
    return canonical.Receipt(
        id=ident,
        quantity=quantity,
        condition=condition,
        order_line=line.order_line,
        sku=None if line.order_line else line.sku,
    )


def _same(receipt: canonical.Receipt, line: LineTarget) -> bool:
    return (receipt.order_line or receipt.sku) in (line.order_line, line.sku)


def _amend(operation: PlannedOperation, old: Fragment, merged: Return, made: Made) -> Fragment:
    changed = {line.own_line or line.order_line or line.sku: line for line in operation.lines}
    lines = []
    for line in old.lines or ():
        new = next((changed.pop(name) for name in (line.line, line.order_line, line.sku) if name in changed), None)
        if new is not None:
            line = replace(line, quantity=new.totals["quantity"], cancelled=new.totals["cancelled"])
        lines.append(line)
    for new in changed.values():
        quantity, cancelled = new.totals["quantity"], new.totals["cancelled"]
        lines.append(canonical.Line(order_line=new.order_line, sku=new.sku, quantity=quantity, cancelled=cancelled))
    return replace(old, lines=tuple(lines))


def _dispose(operation: PlannedOperation, old: Fragment, merged: Return, made: Made) -> Fragment:
    (line,) = operation.lines
    ident = f"h{len(old.dispositions or ())}"
    made(operation.facts[0], "dispositions", ident)
    put = canonical.Disposition(
        id=ident,
        quantity=line.quantity,
        disposition=line.words["disposition"],
        order_line=line.order_line,
        sku=line.sku,
    )
    return replace(old, dispositions=(*(old.dispositions or ()), put))


def _refund(operation: PlannedOperation, old: Fragment, merged: Return, made: Made) -> Fragment:
    refunds = old.refunds or ()
    ident = f"h{len(refunds)}"
    for fact in operation.facts:
        made(fact, "refunds", ident)
    assert operation.amount is not None
    part = canonical.RefundPart(amount=operation.amount, state="succeeded", payment=operation.payment)
    refund = canonical.Refund(id=ident, currency=operation.currency or "", parts=(part,), reference="R1")
    return replace(old, refunds=(*refunds, refund))


def _credit(operation: PlannedOperation, old: Fragment, merged: Return, made: Made) -> Fragment:
    credits = old.credits or ()
    ident = f"h{len(credits)}"
    for fact in operation.facts:
        made(fact, "credits", ident)
    assert operation.amount is not None
    credit = canonical.Credit(id=ident, state="posted", amount=operation.amount, currency=operation.currency or "")
    return replace(old, credits=(*credits, credit))


def _exchange(operation: PlannedOperation, old: Fragment, merged: Return, made: Made) -> Fragment:
    return replace(old, replacements=(canonical.Replacement(id="h0"),))


_DO: dict[str, Callable[[PlannedOperation, Fragment, Return, Made], Fragment]] = {
    "create_return": _create,
    "authorize": _decide("authorized"),
    "reopen": _decide("authorized"),
    "reject": _decide("rejected"),
    "cancel": _decide("cancelled"),
    "receive": _receive,
    "amend": _amend,
    "dispose": _dispose,
    "refund": _refund,
    "record_refund": _refund,
    "credit": _credit,
    "exchange": _exchange,
}


def ignores(operation: PlannedOperation, before: Fragment, after: Fragment) -> Fragment:
    return before


def trims(operation: PlannedOperation, before: Fragment, after: Fragment) -> Fragment:
    """Keeps one piece at most of whatever it is told to receive, and no reasons."""
    receipts = tuple(replace(r, quantity=min(r.quantity, Decimal(1))) for r in after.receipts or ())
    return replace(after, receipts=receipts)


def reverts(operation: PlannedOperation, before: Fragment, after: Fragment) -> Fragment:
    """Takes it, and puts the decision back."""
    return replace(after, authorization=before.authorization, ready=before.ready)


def one_word(operation: PlannedOperation, before: Fragment, after: Fragment) -> Fragment:
    """Knows only one word for rejected and cancelled."""
    statement = after.authorization
    if isinstance(statement, canonical.Statement) and statement.value in ("rejected", "cancelled"):
        return replace(after, authorization=replace(statement, value="cancelled"))
    return after


FLAWS: list[Flaw] = [ignores, trims, reverts, one_word]
