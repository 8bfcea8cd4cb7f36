"""Steps of the plan that tell where the case stands: opened, decided, changed, closed."""

from __future__ import annotations

from typing import Any

from hub.model.language.sentences import sentence
from hub.model.language.words import STAYS
from hub.model.plan.context import PlanContext
from hub.model.plan.refusals import UNTAKEN
from hub.model.schema.operation import LineTarget
from hub.model.schema.returns import ReturnLine

ENDED = ("rejected", "cancelled")


def opened(ctx: PlanContext) -> bool:
    """A return that does not stand there is created first; nothing else can be said before."""
    ret, account = ctx.ret, ctx.account
    if (ctx.has and not _anew(ctx)) or ctx.operation_for("opened") is None:
        return True
    if not ctx.listens("opened"):
        return True
    if account in ret.tombstones:
        if not ctx.ended:
            ctx.cannot("opened", sentence("deleted_there", account=account), "create_return")
        return False
    if ctx.ended or ret.axes.closure.value == "closed" or ctx.under_way("create_return"):
        return _holds_none(ctx)
    asked = [
        line
        for line in ret.lines
        if line.quantity > line.cancelled and not line.unexpected and line.goods != "deduction"
    ]
    wanted = [line for line in asked if line.goods not in STAYS]
    if asked and not wanted and ctx.terms.sells:
        return True  # Nothing comes back, so there is no return to make: the money alone is told.
    if asked and not wanted:
        wanted = asked
    if not wanted:
        ctx.cannot("opened", sentence("no_line"), "create_return")
    elif not ret.orders:
        ctx.cannot("opened", sentence("no_order", account=account), "create_return")
    elif not any(order.number or account in order.ids for order in ret.orders):
        ctx.cannot("opened", sentence("no_order_number", account=account), "create_return")
    elif not any(account in order.ids or (order.number and not order.shared) for order in ret.orders):
        number = next(order.number for order in ret.orders if order.shared)
        ctx.cannot("opened", sentence("number_shared", account=account, number=number), "create_return")
    elif frozen := next((ctx.frozen_lines[line.key] for line in wanted if line.key in ctx.frozen_lines), None):
        ctx.waits("opened", frozen, "create_return")
    elif any(account in order.ids for order in ret.orders) and (
        unplaced := [line for line in wanted if account not in line.order_lines]
    ):
        named = ", ".join(line.sku or line.name or line.key for line in unplaced)
        ctx.cannot("opened", sentence("no_line_there", lines=named, account=account), "create_return")
    else:
        lines = [ctx.target(line, words=line_words(ctx, line)) for line in wanted]
        ctx.ask("create_return", "opened", lines=lines, words=case_words(ctx))
    return _holds_none(ctx) and not ctx.operations


def _anew(ctx: PlanContext) -> bool:
    """We ended it there, it goes on after all, and nothing can be reopened there: then another one takes its place."""
    there = ctx.view.axes.authorization
    if ctx.ended or not there.ours or there.value not in ENDED or "reopen" in ctx.terms.can:
        return False
    return not any(line.received > 0 for line in ctx.view.lines)


def _holds_none(ctx: PlanContext) -> bool:
    """A seller that has no returns, or refused this one, can pay all the same: only the return cannot stand there."""
    terms = ctx.terms
    refused = any(o.operation.kind == "create_return" and o.state in UNTAKEN for o in ctx.mine)
    return terms.sells and (refused or "create_return" not in terms.can & terms.asked)


def decided(ctx: PlanContext) -> bool:
    """Authorized, rejected or cancelled, each only where it is news and still possible."""
    ret, view, terms = ctx.ret, ctx.view, ctx.terms
    if not ctx.has:
        return True
    wanted, there = ret.axes.authorization, view.axes.authorization
    value = wanted.value
    if ret.axes.closure.value in ("voided", "expired") and value not in ("rejected", "cancelled"):
        value = "cancelled"
    if value not in ("authorized", "rejected", "cancelled"):
        # The one who decides took it back: what we ended for that is open again, too.
        if there.ours and there.value in ENDED and ctx.listens("reopened") and not ctx.under_way("reopen"):
            ctx.ask("reopen", "reopened", words=_because(ctx, value))
        return True
    ended_there = there.value in ENDED or view.axes.closure.value in ("voided", "expired")
    if value == "authorized":
        return _authorized(ctx, ended_there)
    if ended_there or not ctx.listens(value):
        return True
    kind = "reject" if value == "rejected" else "cancel"
    if any(line.received > 0 for line in view.lines):
        ctx.cannot(value, sentence("received_there", account=ctx.account, value=value), kind)
        return True
    # A system without an approval step knows only one way to end a return.
    if kind == "reject" and "authorization" in terms.silent and "reject" not in terms.can:
        kind = "cancel"
    if not ctx.under_way("reject", "cancel"):
        ctx.ask(kind, value, words=_because(ctx, value))
    return True


def _authorized(ctx: PlanContext, ended_there: bool) -> bool:
    there = ctx.view.axes.authorization
    if ended_there:
        if ctx.under_way("reopen"):
            return False
        said = len(ctx.undeliverable)
        when = f"reopened {there.at:%Y-%m-%d %H:%M:%S}" if there.at else "reopened"  # each end is asked about once
        if ctx.listens("reopened"):
            ctx.ask("reopen", "reopened", words=_because(ctx, "authorized"), name=when)
        else:
            ctx.cannot(when, sentence("stays_ended", account=ctx.account), "reopen")
        # A person has looked and nothing is told: what it does not hold is no reason not to pay.
        return not ctx.operations and len(ctx.undeliverable) == said
    stored = ctx.terms.stored("authorization", "authorized")
    known = there.value == stored and ctx.view.ready is not False
    if known or "authorization" in ctx.terms.silent or not ctx.listens("authorized"):
        return True
    if not ctx.under_way("authorize"):
        words = _because(ctx, "authorized")
        if there.value == stored and not there.ours:
            words["decided_by"] = ctx.account  # its own word, which is only carried through there
        ctx.ask("authorize", "authorized", words=words)
    return True


def amended(ctx: PlanContext) -> bool:
    """Lines whose quantity or reason stands there otherwise than the highest authority says."""
    if not ctx.has or ctx.ended or not ctx.listens("amended"):
        return True
    changed: list[LineTarget] = []
    stored = ctx.terms.stored
    unknown_order = any(line.order is None for line in ctx.view.lines)
    for line in ctx.ret.lines:
        if line.unexpected or line.goods == "deduction" or line.key in ctx.frozen_lines:
            continue
        there = ctx.here.get(line.key)
        rest = line.quantity - line.cancelled
        if there is None and line.goods in STAYS and ctx.terms.sells:
            continue
        if there is None:
            # One of the two whose order we have not read yet may be the other.
            unread = line.order is None and bool(line.order_lines)
            unplaced = unread or (line.order is not None and unknown_order)
            differs = rest > 0 and bool(ctx.view.lines) and not unplaced
        else:
            differs = stored("quantity", rest) != there.quantity - there.cancelled or _reason_differs(ctx, line, there)
        if differs and there is not None and ctx.view.rest_cancelled and rest > there.quantity - there.cancelled:
            goods = line.sku or line.key
            ctx.cannot(f"amended {goods}", sentence("rest_cancelled_there", line=goods, account=ctx.account), "amend")
        elif differs:
            totals = {"quantity": line.quantity, "cancelled": line.cancelled}
            changed.append(ctx.target(line, totals=totals, words=line_words(ctx, line)))
    if not changed:
        return True
    on_the_way = ctx.under_way("amend")
    if any(o.state != "sent" for o in on_the_way):
        return True
    planned = ctx.ask("amend", "amended", lines=changed, mark=_reasons(changed))
    if planned is not None and any(o.operation.fingerprint == planned.fingerprint for o in on_the_way):
        ctx.operations.remove(planned)
    return True


def _reason_differs(ctx: PlanContext, line: ReturnLine, there: ReturnLine) -> bool:
    if line.stated is None or there.stated is None:
        return False
    return bool(ctx.terms.stored("reason", line.stated.code) != there.stated.code)


def _reasons(lines: list[LineTarget]) -> str:
    return ",".join(str(line.words.get("reason", "")) for line in lines)


def numbered(ctx: PlanContext) -> bool:
    """Whose record was taken for an open return is told its number, once that counts."""
    if not ctx.has or not ctx.listens("number") or any(bound.waits for bound in ctx.ret.provisional):
        return True
    for bound in ctx.ret.provisional:
        if ctx.account not in {name[0] for name in bound.objects} or ctx.account in bound.told:
            continue
        if not any(o.operation.fingerprint.endswith(bound.ours) for o in ctx.under_way("note")):
            ctx.ask("note", "number", words={"text": bound.ours, "speaker": "system"}, mark=bound.ours)
    return True


def noted(ctx: PlanContext) -> bool:
    """Notes, one by one, only to an account that asked to hear them."""
    if not ctx.has or not ctx.listens("note"):
        return True
    for note in ctx.ret.notes:
        if ctx.account not in note.known_to and not ctx.under_way_of(note, "note"):
            ctx.ask("note", "note", facts=[note.id], words={"text": note.value.text, "speaker": note.value.speaker})
    return True


def closed(ctx: PlanContext) -> bool:
    """The case holder closed it, and everything else has been told."""
    if not ctx.has or "closure" in ctx.terms.silent or not ctx.listens("closed") or ctx.operations:
        return True
    wanted, there = ctx.ret.axes.closure, ctx.view.axes.closure
    if wanted.value != "closed" or there.value != "open" or ctx.under_way("close"):
        return True
    if ctx.terms.stored("closure", "closed") != there.value:
        ctx.ask("close", "closed", words={"by": wanted.by})
    return True


PLAIN = ("wanted_sku", "name", "unit", "gtin", "price")
"""Fields of a line that are told as they are."""


def line_words(ctx: PlanContext, line: ReturnLine) -> dict[str, Any]:
    """What the outbound mapping may want to say of a line, in our words."""
    words: dict[str, Any] = {"resolution": line.resolution, "goods": line.goods}
    if line.stated is not None:
        words["reason"] = line.stated.code
        if line.stated.text:
            words["comment"] = line.stated.text
    words |= {field: value for field in PLAIN if (value := getattr(line, field)) is not None}
    if line.amount is not None and not line.cancelled:
        words["amount"] = line.amount
    return words


def case_words(ctx: PlanContext) -> dict[str, Any]:
    """What the outbound mapping may want to say of the case. No personal data: systems have their own customers."""
    ret = ctx.ret
    words: dict[str, Any] = {"origin": ret.origin, "kind": ret.kind, "authorization": ret.axes.authorization.value}
    if ret.money.currency:
        words["currency"] = ret.money.currency
    if ret.requested_at is not None:
        words["requested_at"] = ret.requested_at.isoformat()
    number = ret.numbers.get(ret.origin_account or "")
    if number:
        words["number"] = number
    return words


def _because(ctx: PlanContext, value: str) -> dict[str, Any]:
    decision = ctx.ret.axes.authorization
    words: dict[str, Any] = {"authorization": value}
    if decision.account:
        words["decided_by"] = decision.account
    if decision.by:
        words["by"] = decision.by
    return words
