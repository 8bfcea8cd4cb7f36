"""What of a record may bind it without proof: the numbers that somebody typed, its orders, its open pieces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from hub.model.language.spelling import gtin, return_number, sku, typed
from hub.model.schema.fragment import Fragment, Zero
from hub.model.schema.observation import HUB, DuplicateFacts, Observation
from hub.model.schema.returns import Return

Title = tuple[str, str]
"""A number as people write it: who gave it out, and the text in its normal form."""


def titles(observation: Observation) -> frozenset[Title]:
    """Under which number people know this record."""
    number = observation.fragment.number
    return frozenset({(observation.account, typed(number))}) if isinstance(number, str) and number else frozenset()


def typed_references(observation: Observation) -> frozenset[Title]:
    """The numbers that somebody typed into this record. One that bears our own number needs no guessing."""
    fragment = observation.fragment
    if not fragment.weak or bears_ours(fragment):
        return frozenset()
    return frozenset(_title(key.issuer or observation.account, key.value) for key in fragment.weak if key.value)


def _title(issuer: str, number: str) -> Title:
    ours = return_number(number) if issuer == HUB else None
    return (issuer, typed(ours or number))


def bears_ours(fragment: Fragment) -> bool:
    """Whether a number of ours was written into this record."""
    return any(key.issuer == HUB for key in fragment.keys)


class Candidate(Struct, frozen=True, kw_only=True):
    """Records that are one return by strong names, seen as a candidate."""

    id: int
    """The number it has by itself."""
    typed_references: frozenset[Title] = frozenset()
    names: frozenset[Title] = frozenset()
    orders: frozenset[int] = frozenset()
    wanted: Mapping[str, Decimal] = {}
    """Per line: how many pieces it speaks of."""
    open: Mapping[str, Decimal] = {}
    """Per line: how many of them have not come back."""
    articles: frozenset[tuple[str, str]] = frozenset()
    """What it is about: (sku | gtin, text in its normal form)."""
    accounts: frozenset[str] = frozenset()
    """Who has a record of it: another record of the same account is another return, unless a number says so."""
    settled: bool = False
    """It bears our number: it is some return already, and looks for none."""
    parcel: bool = False
    """It is a parcel that comes back undelivered: perhaps what the customer asked to return."""
    holds: frozenset[str] = frozenset()
    """Lines that its parcels are said to hold; none where nobody says."""


_ENDED = frozenset({"rejected", "cancelled", "voided", "expired"})


def candidate(
    id: int,
    ret: Return,
    observations: Sequence[Observation],
    orders: Iterable[int],
    *,
    settled: bool,
    duplicates: Iterable[DuplicateFacts] = (),
    holds: Iterable[str] = (),
) -> Candidate:
    """These records as a candidate; `ret` is what they alone merge to, `holds` the lines that its parcels name.

    A receipt with a duplicate in another part's record came there; it does not close this one's claim.
    """
    mine = {(o.account, o.stream, o.external_id) for o in observations}
    elsewhere = {
        fact for group in duplicates if any((t.account, t.stream, t.object) not in mine for t in group.facts)
        for fact in group.facts
    }  # fmt: skip
    came: dict[str, Decimal] = {}
    for receipt in ret.receipts:
        if receipt.line is not None and elsewhere.isdisjoint(receipt.duplicates):
            came[receipt.line] = came.get(receipt.line, Zero) + (receipt.quantity or Zero)
    wanted = {}
    decided = ret.axes.authorization
    # What the hub refused because others ask for the same pieces is not ended for that reason here.
    if (decided.value not in _ENDED or decided.by == "rule") and ret.axes.closure.value not in _ENDED:
        wanted = {
            line.key: line.quantity - line.cancelled
            for line in ret.lines
            if line.goods in ("expected", "refused") and not line.unexpected and line.quantity > line.cancelled
        }
    return Candidate(
        id=id,
        typed_references=frozenset() if settled else frozenset().union(*(typed_references(o) for o in observations)),
        names=frozenset({(HUB, f"r{id}")}).union(*(titles(o) for o in observations)),
        orders=frozenset(orders),
        wanted=wanted,
        open={key: left for key, count in wanted.items() if (left := count - came.get(key, Zero)) > 0},
        articles=frozenset(
            [("sku", sku(line.sku)) for line in ret.lines if line.sku]
            + [("gtin", gtin(line.gtin)) for line in ret.lines if line.gtin]
        ),
        accounts=frozenset(o.account for o in observations if o.account != HUB),
        settled=settled,
        parcel=ret.origin == "undelivered",
        holds=frozenset(holds),
    )
