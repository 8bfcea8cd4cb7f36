"""Steps of the plan that tell where the case stands: founded, decided, changed, closed."""

from __future__ import annotations

from typing import Any

from hub.model.language.sentences import sentence
from hub.model.language.words import STAYS
from hub.model.plan.context import Desk
from hub.model.plan.refusals import UNTAKEN
from hub.model.schema.operation import LineTarget
from hub.model.schema.returns import ReturnLine

ENDED = ("rejected", "cancelled")


def founded(desk: Desk) -> bool:
    """A return that does not stand there is created first; nothing else can be said before."""
    ret, account = desk.ret, desk.account
    if (desk.has and not _anew(desk)) or desk.operation_for("founded") is None:
        return True
    if not desk.listens("founded"):
        return True
    if account in ret.tombstones:
        if not desk.ended:
            desk.cannot("founded", sentence("deleted_there", account=account), "create_return")
        return False
    if desk.ended or ret.axes.closure.value == "closed" or desk.under_way("create_return"):
        return _holds_none(desk)
    asked = [
        line
        for line in ret.lines
        if line.quantity > line.cancelled and not line.unexpected and line.goods != "deduction"
    ]
    wanted = [line for line in asked if line.goods not in STAYS]
    if asked and not wanted and desk.terms.sells:
        return True  # Nothing comes back, so there is no return to make: the money alone is told.
    if asked and not wanted:
        wanted = asked
    if not wanted:
        desk.cannot("founded", sentence("no_line"), "create_return")
    elif not ret.orders:
        desk.cannot("founded", sentence("no_order", account=account), "create_return")
    elif not any(order.number or account in order.ids for order in ret.orders):
        desk.cannot("founded", sentence("no_order_number", account=account), "create_return")
    elif not any(account in order.ids or (order.number and not order.shared) for order in ret.orders):
        number = next(order.number for order in ret.orders if order.shared)
        desk.cannot("founded", sentence("number_shared", account=account, number=number), "create_return")
    elif frozen := next((desk.frozen_lines[line.key] for line in wanted if line.key in desk.frozen_lines), None):
        desk.waits("founded", frozen, "create_return")
    elif any(account in order.ids for order in ret.orders) and (
        unplaced := [line for line in wanted if account not in line.order_lines]
    ):
        named = ", ".join(line.sku or line.name or line.key for line in unplaced)
        desk.cannot("founded", sentence("no_line_there", lines=named, account=account), "create_return")
    else:
        lines = [desk.target(line, words=line_words(desk, line)) for line in wanted]
        desk.ask("create_return", "founded", lines=lines, words=case_words(desk))
    return _holds_none(desk) and not desk.operations


def _anew(desk: Desk) -> bool:
    """We ended it there, it goes on after all, and nothing can be reopened there: then another one takes its place."""
    there = desk.view.axes.authorization
    if desk.ended or not there.ours or there.value not in ENDED or "reopen" in desk.terms.can:
        return False
    return not any(line.received > 0 for line in desk.view.lines)


def _holds_none(desk: Desk) -> bool:
    """A seller that has no returns, or refused this one, can pay all the same: only the return cannot stand there."""
    terms = desk.terms
    refused = any(o.operation.kind == "create_return" and o.state in UNTAKEN for o in desk.mine)
    return terms.sells and (refused or "create_return" not in terms.can & terms.asked)


def decided(desk: Desk) -> bool:
    """Authorized, rejected or cancelled, each only where it is news and still possible."""
    ret, view, terms = desk.ret, desk.view, desk.terms
    if not desk.has:
        return True
    wanted, there = ret.axes.authorization, view.axes.authorization
    value = wanted.value
    if ret.axes.closure.value in ("voided", "expired") and value not in ("rejected", "cancelled"):
        value = "cancelled"
    if value not in ("authorized", "rejected", "cancelled"):
        # The one who decides took it back: what we ended for that is open again, too.
        if there.ours and there.value in ENDED and desk.listens("reopened") and not desk.under_way("reopen"):
            desk.ask("reopen", "reopened", words=_because(desk, value))
        return True
    ended_there = there.value in ENDED or view.axes.closure.value in ("voided", "expired")
    if value == "authorized":
        return _authorized(desk, ended_there)
    if ended_there or not desk.listens(value):
        return True
    kind = "reject" if value == "rejected" else "cancel"
    if any(line.received > 0 for line in view.lines):
        desk.cannot(value, sentence("received_there", account=desk.account, value=value), kind)
        return True
    # A system without an approval step knows only one way to end a return.
    if kind == "reject" and "authorization" in terms.silent and "reject" not in terms.can:
        kind = "cancel"
    if not desk.under_way("reject", "cancel"):
        desk.ask(kind, value, words=_because(desk, value))
    return True


def _authorized(desk: Desk, ended_there: bool) -> bool:
    there = desk.view.axes.authorization
    if ended_there:
        if desk.under_way("reopen"):
            return False
        said = len(desk.residue)
        when = f"reopened {there.at:%Y-%m-%d %H:%M:%S}" if there.at else "reopened"  # each end is asked about once
        if desk.listens("reopened"):
            desk.ask("reopen", "reopened", words=_because(desk, "authorized"), name=when)
        else:
            desk.cannot(when, sentence("stays_ended", account=desk.account), "reopen")
        # A person has looked and nothing is told: what it does not hold is no reason not to pay.
        return not desk.operations and len(desk.residue) == said
    stored = desk.terms.stored("authorization", "authorized")
    told = there.value == stored and desk.view.ready is not False
    if told or "authorization" in desk.terms.silent or not desk.listens("authorized"):
        return True
    if not desk.under_way("authorize"):
        words = _because(desk, "authorized")
        if there.value == stored and not there.ours:
            words["decided_by"] = desk.account  # its own word, which is only carried through there
        desk.ask("authorize", "authorized", words=words)
    return True


def amended(desk: Desk) -> bool:
    """Lines whose quantity or reason stands there otherwise than the highest authority says."""
    if not desk.has or desk.ended or not desk.listens("amended"):
        return True
    changed: list[LineTarget] = []
    stored = desk.terms.stored
    unknown_order = any(line.order is None for line in desk.view.lines)
    for line in desk.ret.lines:
        if line.unexpected or line.goods == "deduction" or line.key in desk.frozen_lines:
            continue
        there = desk.here.get(line.key)
        rest = line.quantity - line.cancelled
        if there is None and line.goods in STAYS and desk.terms.sells:
            continue
        if there is None:
            # One of the two whose order we have not read yet may be the other.
            unread = line.order is None and bool(line.order_lines)
            unplaced = unread or (line.order is not None and unknown_order)
            differs = rest > 0 and bool(desk.view.lines) and not unplaced
        else:
            differs = stored("quantity", rest) != there.quantity - there.cancelled or _reason_differs(desk, line, there)
        if differs and there is not None and desk.view.rest_cancelled and rest > there.quantity - there.cancelled:
            goods = line.sku or line.key
            desk.cannot(f"amended {goods}", sentence("rest_cancelled_there", line=goods, account=desk.account), "amend")
        elif differs:
            totals = {"quantity": line.quantity, "cancelled": line.cancelled}
            changed.append(desk.target(line, totals=totals, words=line_words(desk, line)))
    if not changed:
        return True
    on_the_way = desk.under_way("amend")
    if any(o.state != "sent" for o in on_the_way):
        return True
    planned = desk.ask("amend", "amended", lines=changed, mark=_reasons(changed))
    if planned is not None and any(o.operation.fingerprint == planned.fingerprint for o in on_the_way):
        desk.operations.remove(planned)
    return True


def _reason_differs(desk: Desk, line: ReturnLine, there: ReturnLine) -> bool:
    if line.stated is None or there.stated is None:
        return False
    return bool(desk.terms.stored("reason", line.stated.code) != there.stated.code)


def _reasons(lines: list[LineTarget]) -> str:
    return ",".join(str(line.words.get("reason", "")) for line in lines)


def numbered(desk: Desk) -> bool:
    """Whose record was taken for an open return is told its number, once that counts."""
    if not desk.has or not desk.listens("number") or any(bound.waits for bound in desk.ret.weak):
        return True
    for bound in desk.ret.weak:
        if desk.account not in {name[0] for name in bound.objects} or desk.account in bound.told:
            continue
        if not any(o.operation.fingerprint.endswith(bound.ours) for o in desk.under_way("note")):
            desk.ask("note", "number", words={"text": bound.ours, "speaker": "system"}, mark=bound.ours)
    return True


def noted(desk: Desk) -> bool:
    """Notes, one by one, only to an account that asked to hear them."""
    if not desk.has or not desk.listens("note"):
        return True
    for note in desk.ret.notes:
        if desk.account not in note.told and not desk.told_under_way(note, "note"):
            desk.ask("note", "note", facts=[note.id], words={"text": note.value.text, "speaker": note.value.speaker})
    return True


def closed(desk: Desk) -> bool:
    """The case holder closed it, and everything else has been told."""
    if not desk.has or "closure" in desk.terms.silent or not desk.listens("closed") or desk.operations:
        return True
    wanted, there = desk.ret.axes.closure, desk.view.axes.closure
    if wanted.value != "closed" or there.value != "open" or desk.under_way("close"):
        return True
    if desk.terms.stored("closure", "closed") != there.value:
        desk.ask("close", "closed", words={"by": wanted.by})
    return True


def line_words(desk: Desk, line: ReturnLine) -> dict[str, Any]:
    """What the outbound mapping may want to say of a line, in our words."""
    words: dict[str, Any] = {"resolution": line.resolution, "goods": line.goods}
    if line.stated is not None:
        words["reason"] = line.stated.code
        if line.stated.text:
            words["comment"] = line.stated.text
    for name, value in (
        ("wanted_sku", line.wanted_sku),
        ("name", line.name),
        ("unit", line.unit),
        ("gtin", line.gtin),
        ("price", line.price),
        ("amount", line.amount if not line.cancelled else None),
    ):
        if value is not None:
            words[name] = value
    return words


def case_words(desk: Desk) -> dict[str, Any]:
    """What the outbound mapping may want to say of the case. No personal data: systems have their own customers."""
    ret = desk.ret
    words: dict[str, Any] = {"origin": ret.origin, "kind": ret.kind, "authorization": ret.axes.authorization.value}
    if ret.money.currency:
        words["currency"] = ret.money.currency
    if ret.requested_at is not None:
        words["requested_at"] = ret.requested_at.isoformat()
    number = ret.numbers.get(ret.founder or "")
    if number:
        words["number"] = number
    return words


def _because(desk: Desk, value: str) -> dict[str, Any]:
    decision = desk.ret.axes.authorization
    words: dict[str, Any] = {"authorization": value}
    if decision.account:
        words["decided_by"] = decision.account
    if decision.by:
        words["by"] = decision.by
    return words
