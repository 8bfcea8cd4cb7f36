"""How much of an order may still come back, and which return loses where together they ask for more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from hub.model.case import Case
from hub.model.fragment import Zero
from hub.model.identity import founds
from hub.model.numbers import number
from hub.model.observation import Observation
from hub.model.returns import ReturnLine
from hub.model.sentences import sentence

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class Claim(NamedTuple):
    """A return asks for some pieces of an order line. `held`: something of it has been received or paid."""

    id: str
    line: str
    quantity: Decimal
    authority: int = 0
    at: datetime | None = None
    held: bool = False


class Loss(NamedTuple):
    """A claim that goes short: `granted` of what it asked for is left for it."""

    claim: Claim
    granted: Decimal


def allocate(order: Mapping[str, Decimal], returns: Iterable[Claim]) -> tuple[Loss, ...]:
    """The claims that go short. `order`: pieces per line that can come back at all.

    What is received or paid keeps its pieces; then authority decides, then the source's time, never the arrival.
    """
    left = dict(order)
    losses = []
    for claim in sorted(returns, key=_standing):
        open_ = left.get(claim.line)
        if open_ is None:
            continue
        granted = min(claim.quantity, max(open_, Zero))
        left[claim.line] = open_ - granted
        if granted < claim.quantity:
            losses.append(Loss(claim, granted))
    return tuple(losses)


def _standing(claim: Claim) -> tuple[bool, int, datetime, str, str]:
    return (not claim.held, -claim.authority, claim.at or _NEVER, claim.id, claim.line)


def over_return(case: Case, lines: Sequence[ReturnLine]) -> None:
    """Say so where this return and the others of its orders ask for more than was shipped, and this one goes short."""
    order = {}
    for line in lines:
        book = case.book.lines.get(line.key)
        if book is not None and book.line.quantity > 0:
            order[line.key] = book.line.quantity if book.line.shipped is None else book.line.shipped
    if not order or case.founding is None:
        return
    began = case.founding.fragment.requested_at
    authority = case.rank(case.founding.account, "case")
    at = began if isinstance(began, datetime) else None
    claims = [
        Claim("", line.key, line.quantity - line.cancelled, authority, at, line.received > 0 or bool(line.refunded))
        for line in lines
        if not line.unexpected and line.goods == "expected"
    ]
    claims += (claim for other in case.ground.others for claim in _claims(case, other))
    for claim, granted in allocate(order, claims):
        if claim.id == "":
            case.doubt(
                "over_return",
                sentence("over_return", quantity=claim.quantity, granted=granted),
                field="quantity",
                line=claim.line,
                values=(number(claim.quantity), number(granted)),
                freezes=not claim.held,
            )


_OVER = frozenset({"rejected", "cancelled", "voided", "expired"})


def _claims(case: Case, other: Observation) -> list[Claim]:
    """What another return of the order asks for, told once: by the account that sold the order."""
    fragment = other.fragment
    if other.gone or not founds(fragment) or other.account not in {ref.home for ref in case.book.refs}:
        return []
    if any(getattr(said, "value", None) in _OVER for said in (fragment.authorization, fragment.closure)):
        return []
    at = fragment.requested_at if isinstance(fragment.requested_at, datetime) else None
    return [
        Claim(
            f"{other.stream}/{other.external_id}",
            key,
            line.quantity - line.cancelled,
            case.rank(other.account, "case"),
            at,
            any(case.book.key(other, receipt) == key for receipt in fragment.receipts or ()),
        )
        for line in fragment.lines or ()
        if (key := case.book.key(other, line, line.gtin)) is not None
    ]
