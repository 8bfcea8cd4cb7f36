"""Money: in parts, in one currency, owed against paid over all accounts. A document is not money."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import UNSET
from msgspec.structs import replace

from hub.model.language import words
from hub.model.language.numbers import amount as money_text
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.merge.facts import each, events, named
from hub.model.merge.money import exchanges
from hub.model.merge.money.currencies import other_currency
from hub.model.merge.money.refunds import Paid
from hub.model.schema import fragment as canonical
from hub.model.schema import returns
from hub.model.schema.authority import rank
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import Observation
from hub.model.schema.returns import Money, ReturnLine


def currency_of(ctx: MergeContext) -> str | None:
    """The currency of what was paid, else the one stated by the highest authority."""
    for observation in ctx.shared:
        order = observation.fragment.order
        if order:
            for payment in order.payments:
                return payment.currency
    for observation in sorted(ctx.own, key=lambda o: (-ctx.rank(o.account, "case"), o.account, o.external_id)):
        if observation.fragment.currency:
            return str(observation.fragment.currency)
    for observation in ctx.shared:
        order = observation.fragment.order
        if order and order.currency:
            return order.currency
    for observation in [*ctx.own, *ctx.shared]:
        for kind in ("credits", "refunds"):
            for item in getattr(observation.fragment, kind) or ():
                return str(item.currency)
    return None


def payments(ctx: MergeContext, currency: str | None) -> dict[str, list[canonical.Payment]]:
    """The captured payments by account that holds them; one telling of each, the newest."""
    found: dict[tuple[str, str], tuple[int, canonical.Payment]] = {}
    for observation in ctx.shared:
        order = observation.fragment.order
        for payment in order.payments if order else ():
            key = (observation.account, payment.id)
            if key not in found or observation.read_seq > found[key][0]:
                found[key] = (observation.read_seq, payment)
    by_account: dict[str, list[canonical.Payment]] = {}
    for (account, _), (_, payment) in sorted(found.items(), key=lambda item: item[0]):
        if currency is not None and payment.currency != currency:
            other_currency(ctx, account, "payment", payment.id, payment.captured, payment.currency, currency)
            continue
        by_account.setdefault(account, []).append(payment)
    if ctx.alone is None and len(by_account) > 1:
        by_account = _holders(ctx, by_account)
    return by_account


def _holders(ctx: MergeContext, by_account: dict[str, list[canonical.Payment]]) -> dict[str, list[canonical.Payment]]:
    """Who holds the money: an account that says so, else each order's home; others only repeat what it captured."""
    marked = {a: p for a, p in by_account.items() if ctx.party(a).holds_money}
    if marked:
        return marked
    homes = {ref.home for ref in ctx.book.refs}
    at_home = {a: p for a, p in by_account.items() if a in homes}
    if at_home:
        return at_home
    best = min(by_account, key=lambda a: (-rank(ctx.party(a), "payments"), a))
    return {best: by_account[best]}


def credits(ctx: MergeContext, currency: str | None) -> list[returns.CreditFact]:
    result = []
    for event in events(each(ctx.own, "credits"), "credits", ctx.links, ctx.inputs):
        for one in event.stated:
            fact, value, _ = one
            if currency is not None and value.currency != currency:
                name = value.number or value.id
                worth = other_currency(ctx, fact.account, "credit", name, value.amount, value.currency, currency)
                if worth is None:
                    continue
                value = replace(value, amount=worth, currency=currency, tax=None)
            result.append(returns.CreditFact(**named(event, one), value=value))
    return result


def agreed(
    ctx: MergeContext, credited: Sequence[returns.CreditFact], lines: Sequence[ReturnLine]
) -> tuple[Decimal | None, Decimal]:
    """What is owed in all, and what of it is documented. Goods that are exchanged leave only a stated difference."""
    posted = [c for c in credited if c.value.state == "posted"]
    documented = sum((c.value.amount for c in posted), Zero)
    goods = [line for line in lines if line.goods != "deduction"]
    swapped = bool(goods) and all(line.resolution in ("exchange", "repair", "reship") for line in goods)
    if posted and (due := exchanges.owed(ctx, posted, swapped=swapped)) is not None:
        return due, documented
    best: Observation | None = None
    for observation in ctx.own:
        stated = observation.fragment.agreed
        if stated is UNSET or stated is None:
            continue
        if best is None:
            best = observation
            continue
        order = [best, observation]
        order.sort(key=lambda o: (-ctx.rank(o.account, "agreed"), o.account, -o.read_seq, o.external_id))
        best, other = order
        if other.fragment.agreed != best.fragment.agreed and other.account != best.account:
            currency = currency_of(ctx)
            one, two = (money_text(o.fragment.agreed or Zero, currency) for o in order)
            ctx.report(
                "agreed",
                sentence("sums_differ", one=best.account, amount=one, other=other.account, otherwise=two),
                field="agreed",
                accounts=(best.account, other.account),
                values=(one, two),
            )
    if best is None:
        return None, documented
    ctx.said_by["money.agreed"] = ctx.source(best)
    amount = best.fragment.agreed
    return (amount if isinstance(amount, Decimal) else None), documented


def settle(
    ctx: MergeContext,
    currency: str | None,
    sums: Paid,
    held: dict[str, list[canonical.Payment]],
    owed: Decimal | None,
    documented: Decimal,
    owed_now: bool,
) -> Money:
    """The sums. `owed_now`: what was agreed is owed now (goods are back, or need not come)."""
    captured = refundable = None
    if held:
        captured = sum((p.captured - (p.charged_back or Zero) for ps in held.values() for p in ps), Zero)
        out = Zero
        for account in sorted({*held, *sums.at}):
            known = sum((p.refunded or Zero for p in held.get(account, ())), Zero)
            # A payment's own total knows nothing yet of what is pending.
            out += max(known + sums.at_pending.get(account, Zero), sums.at.get(account, Zero))
        refundable = max(captured - out, Zero)
    due = Zero
    gone = sums.refunded + sums.pending
    if owed is not None:
        if owed_now or documented:
            due = max(owed - gone, Zero)
            if refundable is not None and due > refundable:
                one, two = money_text(due, currency), money_text(refundable, currency)
                said = sentence("above_captured", due=one, refundable=two)
                ctx.report("above_captured", said, field="due", values=(one, two))
        if gone > owed:
            one, two = money_text(gone, currency), money_text(owed, currency)
            said = sentence("over_refunded", gone=one, agreed=two)
            ctx.report("over_refunded", said, field="refunded", values=(one, two))
    return Money(
        currency=currency,
        agreed=owed,
        credited=documented,
        refunded=sums.refunded,
        pending=sums.pending,
        due=due,
        captured=captured,
        refundable=refundable,
        unplaced=sums.unplaced,
    )


def settlement(money: Money, refunds: Sequence[returns.RefundFact]) -> words.Settlement:
    """Derived: where the money is."""
    if money.pending > 0:
        return "pending"
    failed = any(r.state == "failed" for r in refunds)
    if money.due > 0:
        return "partial" if money.refunded > 0 else "failed" if failed else "due"
    if money.refunded > 0:
        return "settled"
    return "failed" if failed else "none"
