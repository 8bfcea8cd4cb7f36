"""Steps of the plan that tell of goods: on the way, received, judged, put away, replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.model.language.sentences import sentence
from hub.model.language.spelling import barcode
from hub.model.merge.goods import by_hand
from hub.model.plan.context import PlanContext
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import FactId
from hub.model.schema.operation import LineTarget, Terms
from hub.model.schema.returns import Fact, ReceiptFact, ReturnLine

_BROKEN = frozenset({"damaged", "defective"})


def tracked(ctx: PlanContext) -> bool:
    """Parcels whose number it does not know: coming back, or carrying the replacement."""
    if ctx.ended or not (ctx.has or ctx.terms.kind == "carrier"):
        return True
    for parcel in ctx.ret.shipments:
        value = parcel.value
        if not value.number or value.state == "cancelled" or ctx.account in parcel.known_to:
            continue
        if not ctx.terms.follows(value.carrier):
            continue
        if value.direction == "return":
            fact = "tracking"
        elif value.purpose == "replacement":
            fact = "replacement_sent"
        else:
            continue
        kind = ctx.operation_for(fact)
        if kind is None or not ctx.listens(fact) or ctx.under_way_of(parcel, kind):
            continue
        words = {"carrier": value.carrier, "number": value.number, "url": value.url, "direction": value.direction}
        words = {word: said for word, said in words.items() if said is not None}
        if ctx.terms.kind == "carrier":
            words["number"] = barcode(value.number)
        if kind == "note":
            words["text"] = f"{value.carrier or ''} {value.number}".strip()
        ctx.ask(kind, fact, facts=[parcel.id], words=words, name=f"{fact} {value.number}")
    return True


def received(ctx: PlanContext) -> bool:
    """Goods that arrived elsewhere: the totals that should stand there, line by line."""
    ret, view, terms = ctx.ret, ctx.view, ctx.terms
    if not ctx.has or not ctx.listens("received") or not ret.receipts:
        return True
    at_home, shown, on_the_way = _by_line(ctx), _shown(view.receipts), _on_the_way(ctx)
    own = _own(ctx, "receipts", by_hand.by_line(ctx.ret.answers, ctx.account, "receipts"))
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
        _say_rest(ctx, line, wanted, has, damaged, has_damaged)
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


def _own(ctx: PlanContext, kind: str, booked: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """By line, the pieces of its own that the account shows, those among them that are others', too."""
    goods: Sequence[Fact] = ctx.ret.receipts if kind == "receipts" else ctx.ret.dispositions
    own: dict[str, Decimal] = {}
    for fact in goods:
        posted = getattr(fact, "state", "posted") == "posted"
        if posted and fact.line is not None and fact.speaker.account == ctx.account and not fact.also:
            own[fact.line] = own.get(fact.line, Zero) + (fact.quantity or Zero)
    for line, pieces in booked.items():
        there = ctx.here.get(line)
        shown = Zero if there is None else there.received if kind == "receipts" else sum(there.disposed.values(), Zero)
        own[line] = own.get(line, Zero) + min(pieces, max(shown - own.get(line, Zero), Zero))
    return own


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
    """How much each fact is, by who tells it."""
    found: dict[FactId, Decimal] = {}
    for receipt in receipts:
        found[receipt.speaker] = found.get(receipt.speaker, Zero) + (receipt.quantity or Zero)
    return found


def _sums(receipts: Sequence[ReceiptFact]) -> dict[Sequence[FactId], Decimal]:
    """How much each event is, by its duplicates."""
    found: dict[Sequence[FactId], Decimal] = {}
    for receipt in receipts:
        found[receipt.duplicates] = found.get(receipt.duplicates, Zero) + (receipt.quantity or Zero)
    return found


def _on_the_way(ctx: PlanContext) -> dict[str, list[Mapping[str, Decimal]]]:
    """Per line the totals that writes under way will have there."""
    found: dict[str, list[Mapping[str, Decimal]]] = {}
    for sent in ctx.under_way("receive"):
        for said in sent.operation.lines:
            found.setdefault(said.line, []).append(said.totals)
    return found


def _say_rest(
    ctx: PlanContext, line: ReturnLine, wanted: Decimal, has: Decimal, damaged: Decimal, has_damaged: Decimal
) -> None:
    """What cannot be said by receiving more."""
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


def judged(ctx: PlanContext) -> bool:
    """Accepted or refused after inspection (二次同意)."""
    wanted, there = ctx.ret.axes.acceptance.value, ctx.view.axes.acceptance.value
    if not ctx.has or wanted not in ("accepted", "rejected") or "acceptance" in ctx.terms.silent:
        return True
    fact, kind = ("accepted", "accept_goods") if wanted == "accepted" else ("refused", "refuse_goods")
    if not ctx.listens(fact) or ctx.terms.stored("acceptance", wanted) == there or ctx.under_way(kind):
        return True
    if ctx.ret.axes.receipt in ("full", "over", "partial") and not any(line.received > 0 for line in ctx.view.lines):
        return True
    ctx.ask(kind, fact, words={"acceptance": wanted})
    return True


def disposed(ctx: PlanContext) -> bool:
    """Where goods were put, each disposition by itself, to a place that has received them."""
    if not ctx.has or not ctx.listens("disposed") or "disposition" in ctx.terms.silent:
        return True
    lines = {line.key: line for line in ctx.ret.lines}
    booked = by_hand.by_line(ctx.ret.answers, ctx.account, "dispositions")
    own = _own(ctx, "dispositions", booked)
    for put in ctx.ret.dispositions:
        line = lines.get(put.line or "")
        if put.state != "posted" or ctx.account in put.known_to or line is None:
            continue
        if ctx.terms.kind == "pos" and put.location is not None and put.location not in ctx.terms.locations:
            continue
        if ctx.under_way_of(put, "dispose"):
            continue
        if put.quantity and put.quantity <= booked.get(line.key, Zero):
            booked[line.key] -= put.quantity
            continue
        if line.key in ctx.frozen_lines:
            ctx.waits("disposed", ctx.frozen_lines[line.key], "dispose")
            continue
        there = ctx.here.get(line.key)
        if put.disposition != "keep_by_customer" and (there is None or there.received <= 0):
            continue
        target = ctx.target(
            line,
            quantity=put.quantity or Zero,
            totals={put.disposition: line.disposed.get(put.disposition, Zero)},
            had=own.get(line.key, Zero),
            lacks=put.quantity or Zero,
            facts=(put.id,),
            words={"disposition": put.disposition, **({"location": put.location} if put.location else {})},
        )
        ctx.ask("dispose", "disposed", lines=[target], facts=[put.id])
    return True


def replaced(ctx: PlanContext) -> bool:
    """What is sent instead (换货), once the return stands there and is authorized."""
    ret, view = ctx.ret, ctx.view
    if not ctx.has or ctx.ended or ret.axes.exchange == "none" or not ctx.listens("replacement"):
        return True
    if view.replacements or any(ctx.account in r.known_to for r in ret.replacements) or ctx.under_way("exchange"):
        return True
    if "exchange" in ctx.terms.silent or any(o.kind == "authorize" for o in ctx.operations):
        return True
    if "authorization" not in ctx.terms.silent and view.axes.authorization.value != "authorized":
        return True
    wanted = [
        line for line in ret.lines if line.resolution in ("exchange", "reship") and line.quantity > line.cancelled
    ]
    going = [r.value for r in ret.replacements if r.value.state != "none"]
    named = sorted({r.sku for r in going if r.sku})
    if len(named) > 1 and not all(line.wanted_sku for line in wanted):
        ctx.cannot("replacement", sentence("which_replacement", skus=", ".join(named)), "exchange")
        return True
    lines = []
    for line in wanted:
        sku = line.wanted_sku or (named[0] if named else None)
        if sku is None and line.resolution == "exchange":
            ctx.cannot("replacement", sentence("no_replacement", line=line.sku or line.key), "exchange")
            return True
        lines.append(ctx.target(line, words={"wanted_sku": sku} if sku else {}))
    facts = [r.id for r in ret.replacements]
    ctx.ask("exchange", "replacement", lines=lines, facts=facts)
    return True
