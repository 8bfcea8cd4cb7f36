"""Steps of the plan that tell of goods: on the way, judged, put away, replaced (received: tell_receipts.py)."""

from __future__ import annotations

from hub.model.language.sentences import sentence
from hub.model.language.spelling import barcode
from hub.model.merge.goods import by_hand
from hub.model.plan.context import PlanContext
from hub.model.plan.own_pieces import own_pieces
from hub.model.schema.fragment import Zero


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
    own = own_pieces(ctx, "dispositions", booked)
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
