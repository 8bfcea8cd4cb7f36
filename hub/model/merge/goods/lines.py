"""The lines of a return: who states what of them, and the lines that come of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import UNSET
from msgspec.structs import replace

from hub.model.identity.line_matching import deducts
from hub.model.language.numbers import number
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.merge.goods.sums import Sums
from hub.model.schema.fragment import Line, OrderLine, Zero
from hub.model.schema.observation import HUB, Observation
from hub.model.schema.returns import ReturnLine

Statement = tuple[Observation, Line]


def statements(ctx: MergeContext) -> dict[str, list[Statement]]:
    """Per line key what each account says of it, the highest authority first; one statement per account."""
    found: dict[str, list[Statement]] = {}
    several: list[tuple[Observation, Line, Sequence[str]]] = []
    for observation in ctx.own or ctx.gone:
        for line in observation.fragment.lines or ():
            keys = ctx.book.keys(observation, line, line.gtin)
            if len(keys) > 1:
                several.append((observation, line, keys))
            elif keys:
                _add(found.setdefault(keys[0], []), observation, line)
    for observation, line, keys in several:
        asked = {key: max((s[1].quantity for s in found.get(key, ())), default=line.quantity) for key in keys}
        for key, part in _spread(line, asked):
            _add(found.setdefault(key, []), observation, part)
    for key, said in found.items():
        if len(said) > 1:
            said.sort(key=lambda s: _standing(ctx, s))
            seen: set[str] = set()
            found[key] = [s for s in said if s[0].account not in seen and not seen.add(s[0].account)]  # type: ignore[func-returns-value]
    return found


def _add(said: list[Statement], observation: Observation, line: Line) -> None:
    """Two lines of one record that are one line of the order add up, if they are of one claim."""
    if said and said[-1][0] is observation and said[-1][1].round == line.round:
        first = said[-1][1]
        worth = None if first.amount is None or line.amount is None else first.amount + line.amount
        quantity, cancelled = first.quantity + line.quantity, first.cancelled + line.cancelled
        said[-1] = (observation, replace(first, quantity=quantity, cancelled=cancelled, amount=worth))
    else:
        said.append((observation, line))


def _spread(line: Line, asked: Mapping[str, Decimal]) -> Iterable[tuple[str, Line]]:
    """One line of theirs that is several of ours: each gets what others say of it, the last one what is left."""
    left, called_off = line.quantity, line.cancelled
    for place, (key, most) in enumerate(asked.items(), 1):
        share = left if place == len(asked) else min(left, most)
        off = min(share, called_off)
        left, called_off = left - share, called_off - off
        if share:
            yield key, replace(line, quantity=share, cancelled=off)


def _standing(ctx: MergeContext, said: Statement) -> tuple[int, str, bool, int, str, str]:
    """A record that opens outranks the account's other records; of equals the newest claim speaks."""
    observation = said[0]
    return (
        -ctx.rank(observation.account, "lines"),
        observation.account,
        observation.fragment.origin in (UNSET, None),
        -said[1].round,
        observation.stream,
        observation.external_id,
    )


def build(ctx: MergeContext, said: Mapping[str, list[Statement]], total: Mapping[str, Sums]) -> list[ReturnLine]:
    """The lines in a fixed order; what came and was not asked for is marked."""
    asked = bool(said)
    _added(ctx, said)
    keys = sorted({*said, *(key for key, of in total.items() if of.received or of.inspected or of.disposed)})
    return [_line(ctx, key, said.get(key, ()), total.get(key), asked) for key in keys]


def _added(ctx: MergeContext, said: Mapping[str, list[Statement]]) -> None:
    """Goods that neither who asked nor who decides has on the return: somebody else put them there."""
    asking = {ctx.origin_account, HUB, *ctx.decided_by}
    if not any(observation.account == ctx.origin_account for voices in said.values() for observation, _ in voices):
        return
    asked = {key for key, voices in said.items() if not asking.isdisjoint(one.account for one, _ in voices)}
    asked |= {kit.parent for key in asked if (kit := ctx.book.lines.get(key)) and kit.parent}
    for key, voices in sorted(said.items()):
        home = ctx.book.lines.get(key)
        if key not in asked and (home is None or home.parent not in asked):
            observation, line = voices[0]
            goods = line.name or line.sku or (home and (home.line.name or home.line.sku)) or key
            words = {"account": observation.account, "line": goods, "origin_account": ctx.origin_account}
            values = (number(line.quantity),)
            ctx.report(
                "unasked",
                sentence("line_added", quantity=line.quantity, **words),
                field="lines",
                line=key,
                values=values,
            )


_NOTHING = Sums()

FIRST = ("unit", "wanted_sku")
"""Fields of a line that are as the highest authority says who says anything."""


def _line(ctx: MergeContext, key: str, said: Sequence[Statement], facts: Sums | None, asked: bool) -> ReturnLine:
    book = ctx.book.lines.get(key)
    home = book.line if book else None
    of = facts or _NOTHING
    order_lines = dict(sorted(book.ids.items())) if book else {}
    ids: dict[str, str] = {}
    said_by: dict[str, int] = {}
    sku, gtin, name = (home.sku, home.gtin, home.name) if home else (None, None, None)
    if home is None and key.startswith("sku:"):
        sku = key[4:]
    stated = found = None
    goods = resolution = None
    quantity, cancelled, round_ = (Zero if asked else of.received), Zero, 1
    unexpected = asked and not said
    for index, (observation, line) in enumerate(said):
        account = observation.account
        if line.line is not None:
            ids[account] = line.line
        if index == 0:
            quantity, cancelled, round_, unexpected = line.quantity, line.cancelled, line.round, line.unexpected
            said_by["quantity"] = ctx.source(observation)
        else:
            if line.quantity != quantity:
                _disagree(ctx, key, said[0], (observation, line))
            if line.cancelled > cancelled and ctx.may_cancel(account):
                cancelled = line.cancelled
        sku, gtin, name = sku or line.sku, gtin or line.gtin, name or line.name
        if stated is None and line.reason is not UNSET and line.reason is not None:
            stated = line.reason
            said_by["stated"] = ctx.source(observation)
        if found is None and line.found is not UNSET and line.found is not None:
            found = line.found
        if goods is None and line.goods is not UNSET:
            goods = line.goods
        if resolution is None and line.resolution is not UNSET:
            resolution = line.resolution
    if (home is not None and deducts(home)) or any((line.amount or Zero) < 0 for _, line in said):
        goods = "deduction"
    put = (
        sum((amount for word, amount in of.disposed.items() if word != "keep_by_customer"), Zero)
        if of.disposed
        else Zero
    )
    if put > of.received:
        ctx.report(
            "over_disposed",
            sentence("over_disposed", put=put, received=of.received),
            line=key,
            values=(number(put), number(of.received)),
        )
    undelivered = ctx.opening is not None and ctx.opening.fragment.origin == "undelivered"
    return ReturnLine(
        key=key,
        order=book.order or None if book else None,
        order_lines=order_lines,
        ids=ids,
        sku=sku,
        gtin=gtin,
        name=name,
        quantity=quantity,
        cancelled=min(cancelled, quantity),
        price=home.price if home else None,
        amount=_worth(said, quantity, home),
        stated=stated,
        found=of.found or found,
        round=round_,
        goods=goods or ("refused" if undelivered else "expected"),
        resolution=resolution or "refund",
        unexpected=unexpected,
        received=of.received,
        by_condition=of.by_condition,
        accepted=of.inspected.get("accepted", Zero),
        rejected=of.inspected.get("rejected", Zero),
        damaged=of.inspected.get("damaged", Zero),
        missing=of.inspected.get("missing", Zero),
        disposed=of.disposed,
        refunded=of.refunded,
        undisposed=max(of.received - put, Zero) if put else of.received,
        said_by=said_by,
        **{field: next((value for _, line in said if (value := getattr(line, field))), None) for field in FIRST},
    )


def _worth(said: Sequence[Statement], quantity: Decimal, home: OrderLine | None) -> Decimal | None:
    """What so many pieces cost: as whoever speaks of them says, else the order where all of the line comes back."""
    stated = (line.amount for _, line in said if line.amount is not None and line.quantity == quantity)
    whole = home.amount if home is not None and home.quantity == quantity else None
    return next(stated, whole)


def _disagree(ctx: MergeContext, key: str, higher: Statement, lower: Statement) -> None:
    ctx.report(
        "quantity",
        sentence(
            "quantities_differ",
            one=higher[0].account,
            quantity=higher[1].quantity,
            other=lower[0].account,
            otherwise=lower[1].quantity,
        ),
        field="quantity",
        line=key,
        accounts=(higher[0].account, lower[0].account),
        values=(number(higher[1].quantity), number(lower[1].quantity)),
    )
