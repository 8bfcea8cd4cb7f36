"""From events to the facts of the merged return."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from hub.model import by_hand, returns
from hub.model.case import Case
from hub.model.facts import Event, Told, each, events, named
from hub.model.fragment import Zero
from hub.model.numbers import number
from hub.model.observation import FactId
from hub.model.sentences import sentence


def receipts(case: Case) -> list[returns.Receipt]:
    return [
        returns.Receipt(
            **named(event, told),
            line=_place(case, told),
            quantity=told[1].quantity,
            condition=told[1].condition,
            location=told[1].location,
            at=told[1].at,
            by=told[1].by,
        )
        for event in _goods(case, "receipts")
        for told in event.said
    ]


def inspections(case: Case) -> list[returns.Inspection]:
    return [
        returns.Inspection(
            **named(event, told),
            line=_place(case, told),
            quantity=told[1].quantity,
            result=told[1].result,
            found=told[1].found,
            at=told[1].at,
        )
        for event in _goods(case, "inspections")
        for told in event.said
    ]


def dispositions(case: Case) -> list[returns.Disposition]:
    return [
        returns.Disposition(
            **named(event, told),
            line=_place(case, told),
            quantity=told[1].quantity,
            disposition=told[1].disposition,
            location=told[1].location,
            state=told[1].state,
            at=told[1].at,
        )
        for event in _goods(case, "dispositions")
        for told in event.said
    ]


def _place(case: Case, told: Told) -> str | None:
    """The line of these goods; where their account has one line for several of ours, the first that waits for more."""
    fact, part, observation = told
    keys = case.book.keys(observation, part)
    if len(keys) < 2:
        return keys[0] if keys else None
    came = case.placed.setdefault((fact.account, fact.kind), {})
    waits = [key for key in keys if came.get(key, Zero) < case.asked.get(key, Zero)]
    key = next((key for key in waits if case.asked[key] - came.get(key, Zero) >= part.quantity), [*waits, keys[-1]][0])
    came[key] = came.get(key, Zero) + part.quantity
    return key


def replacements(case: Case) -> list[returns.Replacement]:
    return [
        returns.Replacement(**named(event, told), quantity=told[1].quantity, value=told[1])
        for event in events(each(case.own, "replacements"), "replacements", case.links, case.ground)
        for told in event.said
    ]


def notes(case: Case) -> list[returns.Note]:
    return [
        returns.Note(**named(event, told), value=told[1])
        for event in events(each(case.own, "notes"), "notes", case.links, case.ground)
        for told in event.said[:1]
    ]


def _goods(case: Case, kind: str) -> list[Event]:
    told = list(each(case.own, kind))
    # A view shows a total as its account does.
    totals = {one[0]: one for one in told if one[0] in case.links.totals} if case.alone is None else {}
    own: dict[FactId, Decimal] = {}
    if totals:
        names = {one[0] for one in told}
        for name, (_, part, _) in totals.items():
            # What nobody tells any more counts where it is still shown.
            rows = [same for same in case.links.totals[name] if not names.isdisjoint(same.facts - {name})]
            rest = max(part.quantity - sum((same.pieces for same in rows), Zero), Zero)
            # What it grows by after it was told is another count of the same, until its account's own is known.
            own[name] = min(rest, max((same.own for same in rows), default=rest))
        told = [one if one[0] not in own else _less(one, own[one[0]]) for one in told]
    told = [one for one in told if one[0] not in own or one[1].quantity > 0]
    found = events(told, kind, case.links, case.ground)
    for event in found:
        if event.others:
            _compare(case, event, kind)
    for name, pieces in own.items():
        beside = [event for event in found if name in event.linked and name not in event.twins]
        _compare_total(case, totals[name], totals[name][1].quantity - pieces, beside)
    return found


def _less(told: Told, quantity: Decimal) -> Told:
    name, part, observation = told
    return name, replace(part, quantity=quantity), observation


def _compare_total(case: Case, total: Told, heard: Decimal, others: Sequence[Event]) -> None:
    """What it shows beside its own has to be what the others tell now; of parts of a kit, what it was told."""
    name, part, observation = total
    line = case.book.key(observation, part)
    spoken = sum((_sum(event.said) for event in others), Zero)
    if any(case.book.key(one[2], one[1]) != line for event in others for one in event.said):
        spoken = sum((same.pieces for same in case.links.totals[name]), Zero)
    speakers = sorted({event.speaker for event in others})
    booked = by_hand.booked(case, name.account, name.kind, line)
    if speakers and spoken != heard and not 0 < spoken - heard <= booked:
        case.doubt(
            "twins_differ",
            sentence("counts_differ", one=", ".join(speakers), quantity=spoken, other=name.account, otherwise=heard),
            field=name.kind,
            line=line,
            accounts=(*speakers, name.account),
            values=(number(spoken), number(heard)),
        )


def _compare(case: Case, event: Event, kind: str) -> None:
    """Twins are one event: their sums have to agree."""
    spoken = _sum(event.said)
    lines = {case.book.key(told[2], told[1]) for side in (event.said, *event.others.values()) for told in side}
    if len(lines) > 1:
        case.doubt(
            "twins_differ",
            sentence("lines_differ", one=event.speaker, others=", ".join(sorted(event.others))),
            field=kind,
            accounts=tuple(sorted(event.accounts)),
            values=tuple(sorted(str(line) for line in lines)),
        )
    for account in sorted(event.others):
        heard = _sum(event.others[account])
        line = case.book.key(event.said[0][2], event.said[0][1])
        if heard != spoken and not 0 < spoken - heard <= by_hand.booked(case, account, kind, line):
            case.doubt(
                "twins_differ",
                sentence("counts_differ", one=event.speaker, quantity=spoken, other=account, otherwise=heard),
                field=kind,
                line=line,
                accounts=(event.speaker, account),
                values=(number(spoken), number(heard)),
            )


def _sum(told: Sequence[Told]) -> Decimal:
    return sum((one[1].quantity for one in told if getattr(one[1], "state", "posted") == "posted"), Zero)
