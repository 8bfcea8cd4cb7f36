"""The step of the plan that tells of goods received: the totals that should stand there, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.model.language.sentences import sentence
from hub.model.merge.goods import by_hand
from hub.model.plan.context import PlanContext
from hub.model.plan.own_pieces import own_pieces
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import FactId
from hub.model.schema.operation import LineTarget, Terms
from hub.model.schema.returns import ReceiptFact, ReturnLine

_BROKEN = frozenset({"damaged", "defective"})


def received(ctx: PlanContext) -> bool:
    """Goods that arrived elsewhere: the totals that should stand there, line by line."""
    ret, view, terms = ctx.ret, ctx.view, ctx.terms
    if not ctx.has or not ctx.listens("received") or not ret.receipts:
        return True
    at_home, shown, on_the_way = _by_line(ctx), _shown(view.receipts), _on_the_way(ctx)
    own = own_pieces(ctx, "receipts", by_hand.by_line(ctx.ret.answers, ctx.account, "receipts"))
    targets: list[LineTarget] = []
    for line in ret.lines:
        concerned = at_home[line.key]
        target = _target(ctx, line, concerned, shown, on_the_way, own) if concerned else None
        if target is not None:
            targets.append(target)
    if not targets:
        return True
    ended_there = view.axes.authorization.value in ("rejected", "cancelled")
    if ctx.under_way("authorize", "reopen") or any(o.kind in ("authorize", "reopen") for o in ctx.operations):
        return True
    if ended_there:
        said = sentence("ended_there", account=ctx.account, value=view.axes.authorization.value)
        ctx.cannot("received", said, "receive")
        return True
    if "authorization" not in terms.silent and (view.axes.authorization.value != "authorized" or view.ready is False):
        ctx.cannot("received", sentence("not_authorized_there", account=ctx.account), "receive")
        return True
    if any(o.state != "sent" for o in ctx.under_way("receive")):
        return True
    facts = [fact for target in targets for fact in target.facts]
    ctx.ask("receive", "received", lines=targets, facts=facts, words={"location": ret.location} if ret.location else {})
    return True


def _by_line(ctx: PlanContext) -> dict[str, list[ReceiptFact]]:
    """Per line the receipts that count here, those of a kit's components with the kit."""
    found: dict[str, list[ReceiptFact]] = {line.key: [] for line in ctx.ret.lines}
    for receipt in ctx.ret.receipts:
        key = receipt.line
        if key is None or not _at_home(ctx.terms, receipt):
            continue
        if key not in found:
            parts = key.split("#")  # either side may have one of its own
            key = next((kit for n in range(1, len(parts)) if (kit := "#".join(parts[:n])) in found), None)
        if key is not None:
            found[key].append(receipt)
    return found


def _target(
    ctx: PlanContext,
    line: ReturnLine,
    concerned: Sequence[ReceiptFact],
    shown: Mapping[FactId, Decimal],
    on_the_way: Mapping[str, Sequence[Mapping[str, Decimal]]],
    own: Mapping[str, Decimal],
) -> LineTarget | None:
    """The totals of one line, if they are news there. `concerned`: the receipts of it that count there."""
    total = damaged = Zero
    if any(r.line != line.key for r in concerned):
        total, damaged = line.received, sum((line.by_condition.get(word, Zero) for word in _BROKEN), Zero)
    else:
        for receipt in concerned:
            quantity = receipt.quantity or Zero
            total += quantity
            if receipt.condition in _BROKEN:
                damaged += quantity
    there = ctx.here.get(line.key)
    has = there.received if there else Zero
    has_damaged = sum((there.by_condition.get(word, Zero) for word in _BROKEN), Zero) if there else Zero
    for totals in on_the_way.get(line.key, ()):
        has = max(has, totals.get("received", Zero))
        has_damaged = max(has_damaged, totals.get("damaged", Zero))
    wanted = ctx.terms.stored("quantity", total)
    if wanted <= has:
        _cannot_correct(ctx, line, wanted, has, damaged, has_damaged)
        return None
    if line.key in ctx.frozen_lines:
        ctx.waits(f"received {line.sku or line.key}", ctx.frozen_lines[line.key], "receive")
        return None
    sums = _sums(concerned)
    new = [r for r in concerned if _short(ctx, r, shown, sums) and not ctx.under_way_of(r, "receive")]
    # What was booked there by hand is not told; of a total that is behind nobody knows which it lacks.
    lacks = total - has
    whole = all(r.line == line.key for r in new)
    while whole and len(new) > 1 and sum((r.quantity or Zero for r in new[1:]), Zero) >= lacks:
        new.pop(0)
    new = new or [r for r in concerned if r.speaker.account != ctx.account]
    words = {}
    conditions = sorted({r.condition for r in new})
    if len(conditions) == 1:
        words["condition"] = conditions[0]
    return ctx.target(
        line,
        quantity=total,
        totals={"received": total, "damaged": damaged},
        had=own.get(line.key, Zero),
        lacks=lacks,
        facts=tuple(sorted(r.id for r in new)),
        words=words,
    )


def _short(
    ctx: PlanContext, receipt: ReceiptFact, shown: Mapping[FactId, Decimal], sums: Mapping[Sequence[FactId], Decimal]
) -> bool:
    """Whether the account shows less of this event than its speaker tells: then what it adds is of this event, too."""
    if ctx.account not in receipt.known_to:
        return True
    if all(duplicate.account != ctx.account for duplicate in receipt.duplicates):
        return False  # it is a part of a total there
    return sum((shown.get(duplicate, Zero) for duplicate in receipt.duplicates), Zero) < sums[receipt.duplicates]


def _shown(receipts: Sequence[ReceiptFact]) -> dict[FactId, Decimal]:
    """The pieces of each fact, by its name."""
    found: dict[FactId, Decimal] = {}
    for receipt in receipts:
        found[receipt.speaker] = found.get(receipt.speaker, Zero) + (receipt.quantity or Zero)
    return found


def _sums(receipts: Sequence[ReceiptFact]) -> dict[Sequence[FactId], Decimal]:
    """The pieces of each event, by its duplicates."""
    found: dict[Sequence[FactId], Decimal] = {}
    for receipt in receipts:
        found[receipt.duplicates] = found.get(receipt.duplicates, Zero) + (receipt.quantity or Zero)
    return found


def _on_the_way(ctx: PlanContext) -> dict[str, list[Mapping[str, Decimal]]]:
    """Per line the totals that writes under way will bring about there."""
    found: dict[str, list[Mapping[str, Decimal]]] = {}
    for sent in ctx.under_way("receive"):
        for said in sent.operation.lines:
            found.setdefault(said.line, []).append(said.totals)
    return found


def _cannot_correct(
    ctx: PlanContext, line: ReturnLine, wanted: Decimal, has: Decimal, damaged: Decimal, has_damaged: Decimal
) -> None:
    """What receiving more cannot put right: too many pieces there, or another count of damaged ones."""
    goods, account = line.sku or line.key, ctx.account
    if wanted < has:
        said = sentence("too_many_there", line=goods, account=account, has=has, wanted=wanted)
    elif damaged != has_damaged and _BROKEN & set(line.by_condition):
        said = sentence("damage_differs", line=goods, account=account, has=has_damaged, damaged=damaged)
    else:
        return
    ctx.cannot(f"received {goods}", said, "receive")


def _at_home(terms: Terms, receipt: ReceiptFact) -> bool:
    """A warehouse books only goods that lie at one of its locations; a channel hears of all."""
    if terms.kind not in ("erp", "wms", "pos") or not terms.locations or receipt.location is None:
        return True
    return receipt.location in terms.locations or receipt.speaker.account == terms.account
