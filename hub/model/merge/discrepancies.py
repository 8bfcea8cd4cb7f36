"""Discrepancies that only show when everything is added up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.model.identity.line_matching import BookLine
from hub.model.identity.names import own_name
from hub.model.language.numbers import amount as money_text
from hub.model.language.numbers import number
from hub.model.language.sentences import sentence
from hub.model.language.words import STAYS
from hub.model.merge.context import MergeContext
from hub.model.schema.fragment import Zero
from hub.model.schema.returns import Choice, Fact, Money, ReturnLine, ShipmentFact


def unasked(ctx: MergeContext, lines: Sequence[ReturnLine]) -> None:
    """Goods came that nobody asked for, or more than that: nothing is wrong with them but that somebody has to know."""
    in_question = {
        discrepancy.line
        for discrepancy in ctx.discrepancies
        if discrepancy.kind in ("possible_duplicates", "ambiguous_line")
    }
    asked = any(not line.unexpected for line in lines)
    for line in lines:
        wanted = Zero if line.unexpected or line.goods in STAYS else line.quantity - line.cancelled
        if asked and line.received > max(wanted, Zero) and line.key not in in_question:
            goods = line.name or line.sku or line.key
            said = sentence("unasked", line=goods, received=line.received, wanted=wanted)
            values = (number(line.received), number(wanted))
            ctx.report("unasked", said, field="receipts", line=line.key, values=values)


def unplaced(ctx: MergeContext, facts: Sequence[Fact]) -> None:
    """Goods that arrived and name no line: counted nowhere, so said aloud."""
    for fact in facts:
        if fact.line is None:
            ctx.report(
                "unplaced",
                sentence("unplaced", account=fact.speaker.account, quantity=fact.quantity),
                field=fact.kind,
                accounts=(fact.speaker.account,),
                values=(fact.id,),
            )


def ambiguous(ctx: MergeContext, lines: Sequence[ReturnLine]) -> None:
    """An SKU that several lines share, told without saying which: nothing may be said on it until a person does."""
    sold: dict[str | None, list[ReturnLine]] = {}
    for line in lines:
        sold.setdefault(line.sku, []).append(line)
    for line in lines:
        if line.key.startswith("sku:") and len(sold[line.sku]) > 1:
            others = [other for other in sold[line.sku] if other is not line]
            ctx.ask(
                "ambiguous_line",
                sentence("ambiguous_line", sku=line.sku),
                about=(line.key,),
                choices=[Choice("line", other.key, _named(other)) for other in others],
                line=line.key,
            )


def unmatched(ctx: MergeContext, lines: Sequence[ReturnLine]) -> None:
    """A line of the order as another account has it, of an article that the shop sold in several lines: which is it?"""
    for line in lines:
        rivals = ctx.book.rivals(line.key)
        if rivals:
            account = line.key.partition("/")[0]
            ctx.ask(
                "ambiguous_line",
                sentence("unmatched_line", account=account, line=line.name or line.sku or line.key),
                about=(line.key,),
                choices=[Choice("line", one.key, _sold(one)) for one in rivals],
                line=line.key,
                accounts=(account,),
            )


def _sold(line: BookLine) -> str:
    """An order line as people tell it from others."""
    home = line.line
    return f"{number(home.quantity)} × {home.name or home.sku or line.key} ({line.key.rpartition('/')[2]})"


def shared_number(ctx: MergeContext) -> None:
    """The order is named by a number that two orders of its shop have: nothing may rest on either of them.

    The answer is kept with the order's id, which decides as any record's would.
    """
    for name, orders in sorted(ctx.book.unclear.items()):
        account, _, key = name
        named = ctx.book.written.get(name, key)
        ctx.ask(
            "shared_number",
            sentence("shared_number", account=account, number=named, ids=", ".join(order[2] for order in orders)),
            about=(account, key),
            choices=[Choice("order", "/".join(order), order[2]) for order in orders],
            field="orders",
            accounts=(account,),
            values=tuple("/".join(order) for order in orders),
        )


def _named(line: ReturnLine) -> str:
    """A line as people tell it from others: what it is, how much of it, and its id at its order's home."""
    return f"{number(line.quantity)} × {line.name or line.sku or line.key} ({line.key.rpartition('/')[2]})"


def doubled(ctx: MergeContext) -> dict[tuple[str, str], str]:
    """Two cases in one system for one return, after a link: shown, never cancelled by us.

    Returns the record that a person chose, by account and stream.
    """
    chosen: dict[tuple[str, str], str] = {}
    seen: dict[tuple[str, str], list[str]] = {}
    for observation in ctx.own:
        if isinstance(observation.fragment.origin, str):
            seen.setdefault((observation.account, observation.stream), []).append(observation.external_id)
    for (account, stream), ids in sorted(seen.items()):
        if len(ids) < 2:
            continue
        answer = ctx.ask(
            "doubled",
            sentence("doubled", account=account, count=len(ids), stream=stream, ids=", ".join(ids)),
            about=(account, stream, *ids),
            choices=[Choice(word, one) for word in ("with", "split") for one in ids],
            field="objects",
            accounts=(account,),
            values=tuple(ids),
        )
        if answer is not None:
            chosen[account, stream] = answer.partition(":")[2]
    return chosen


def lost(ctx: MergeContext, lines: Sequence[ReturnLine], shipments: Sequence[ShipmentFact]) -> None:
    """A parcel that was coming back will not come, and something is still waited for: somebody has to act."""
    waited = [
        line.sku or line.name or line.key
        for line in lines
        if line.goods == "expected" and line.quantity - line.cancelled > line.received
    ]
    for parcel in shipments:
        if waited and parcel.value.direction == "return" and parcel.value.state == "lost":
            account, label = parcel.speaker.account, parcel.value.number or parcel.value.id
            ctx.report(
                "parcel_lost",
                sentence("parcel_lost", account=account, number=label, lines=", ".join(waited)),
                field="shipments",
                accounts=(account,),
                values=(label,),
            )


def unread(ctx: MergeContext, money: Money, ended: bool) -> None:
    """The newest record of something that this return rests on, or that names it, cannot be read.

    Where it may tell of money that went back and is not known (model/merge/unread.py), and money is due, a person has
    to look before it is paid.
    """
    for one in ctx.inputs.unread:
        shown: dict[str, Any] = {"accounts": (one.account,), "values": (one.object,)}
        names = {"account": one.account, "stream": one.stream, "object": one.object}
        if one.says and money.due and not ended:
            due = money_text(money.due, money.currency)
            about = (one.account, one.stream, one.object, one.says)
            said = sentence("unread_money", due=due, **names)
            answer = ctx.ask("unread", said, about=about, choices=(Choice("nothing"),), field="money", **shown)
            if answer is None:
                continue
        ctx.report("unread", sentence("unread", **names), field="objects", **shown)


def gone(ctx: MergeContext) -> None:
    """A record of the return was deleted in its system."""
    for observation in ctx.gone:
        fragment = observation.fragment
        held = [kind for kind in ("receipts", "refunds", "credits") if getattr(fragment, kind)]
        held += ["refunds"] if fragment.refunds_once and "refunds" not in held else []
        said = sentence(
            "gone",
            account=observation.account,
            stream=observation.stream,
            object=observation.external_id,
            held=" ".join(kind[:-1] for kind in held),
        )
        shown: dict[str, Any] = {
            "field": "objects",
            "accounts": (observation.account,),
            "values": (observation.external_id,),
        }
        if held:
            about, choices = own_name(observation), (Choice("stands"), Choice("void"))
            ctx.ask("gone", said, about=about, choices=choices, **shown)
        else:
            ctx.report("gone", said, **shown)
