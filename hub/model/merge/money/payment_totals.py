"""What only the totals of payments tell of money that went back: beyond all refunds, by the bank, and not any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from hub.model.merge.facts import StatedFact
from hub.model.merge.money import order_edits
from hub.model.merge.money.placing import LIVE, Item
from hub.model.merge.money.reversals import sums
from hub.model.schema.fragment import Payment, Zero
from hub.model.schema.observation import FactId, Observation

ByPayment = dict[tuple[str, str], Decimal]
BEYOND, CHARGED_BACK, CAPTURED = "beyond", "charged_back", "captured"
"""What such money is called, beside its payment: it has no id of its own."""
FALLEN = "_once"
"""Behind such a name: by how much less is told than once was."""


def beyond(
    stated: Sequence[StatedFact],
    held: Mapping[str, Sequence[Payment]],
    records: Sequence[Observation],
    currency: str | None,
    made: Mapping[tuple[str, str, str], Sequence[tuple[int, Decimal]]],
    by_payment: ByPayment,
    waited: Callable[[], Mapping[str, Decimal] | None],
) -> list[Item]:
    """Money that names nothing at all.

    `made`: as in MergeInputs. `waited`: as in claimants. `by_payment`: filled with what the refunds say went back on
    each payment. What we paid after a total was read is not in it: the total is about something else.
    """
    somewhere, all_ = _shown(stated, by_payment)
    found = []
    read = _read_seqs(records)
    for account in sorted(held):
        known = somewhere.get(account, Zero)
        for payment in held[account]:
            name = (account, payment.id)
            read_seq, listed = read.get(name, 0), by_payment.get(name, Zero)
            writes = [one for (_, *where), those in made.items() if tuple(where) == name for one in those]
            later = sum((amount for drawn, amount in writes if drawn > read_seq), Zero)
            more = (payment.refunded or Zero) - max(listed - later, Zero)
            explained = min(max(more, Zero), known)
            known -= explained
            found.append(_item(account, payment.id, payment.currency, BEYOND, more - explained, read_seq=read_seq))
            found.append(_item(account, payment.id, payment.currency, CHARGED_BACK, payment.charged_back or Zero))
    for fall in _falls(records, held, currency, waited):
        now = held.get(fall.account, ())
        # Refunds that are told and that no total shows explain a fall: they failed, or are netted.
        known = max(all_.get(fall.account, Zero) - sum((p.refunded or Zero for p in now), Zero), Zero)
        where = (fall.account, now[0].id if len(now) == 1 else "", fall.currency)
        explained = min(known, fall.refunded)
        back = fall.refunded - explained
        found.append(_item(*where, BEYOND, back, fallen=True, dead=True, at=fall.at))
        found.append(_item(*where, CHARGED_BACK, fall.charged_back, fallen=True, dead=True, at=fall.at))
        if not back and not fall.charged_back:  # else its payment vanished with what was told of it
            found.append(_item(*where, CAPTURED, fall.captured - fall.edited - known + explained, fallen=True))
    return [item for item in found if item.amount > 0]


def _read_seqs(records: Iterable[Observation]) -> dict[tuple[str, str], int]:
    """Per account and payment the read that told its total last."""
    found: dict[tuple[str, str], int] = {}
    for record in records:
        at_read = record.fragment.since.get("order", record.read_seq)
        for payment in record.fragment.order.payments if record.fragment.order else ():
            name = (record.account, payment.id)
            found[name] = max(at_read, found.get(name, at_read))
    return found


def _shown(stated: Sequence[StatedFact], by_payment: ByPayment) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """By account, what refunds show: with the customer and of no known payment; and all there is, in any state."""
    seen: set[tuple[str, str]] = set()
    somewhere: dict[str, Decimal] = {}
    all_: dict[str, Decimal] = {}
    for fact, refund, _ in sorted(stated, key=lambda one: -one[2].read_seq):
        if (fact.account, fact.id) in seen:
            continue
        seen.add((fact.account, fact.id))
        for part in refund.parts:
            all_[fact.account] = all_.get(fact.account, Zero) + part.amount
            if part.state in LIVE and part.payment is None:
                somewhere[fact.account] = somewhere.get(fact.account, Zero) + part.amount
            elif part.state in LIVE and part.payment is not None:
                key = (fact.account, part.payment)
                by_payment[key] = by_payment.get(key, Zero) + part.amount
    return somewhere, all_


@dataclass
class _Fall:
    """By how much the totals of an account's payments fell, and when the most was last told."""

    account: str
    currency: str
    captured: Decimal = Zero
    refunded: Decimal = Zero
    charged_back: Decimal = Zero
    at: datetime | None = None
    edited: Decimal = Zero
    """How much of it was for pieces that were taken off the order before they left."""


def _falls(
    records: Sequence[Observation],
    held: Mapping[str, Sequence[Payment]],
    currency: str | None,
    waited: Callable[[], Mapping[str, Decimal] | None],
) -> list[_Fall]:
    """Records of one kind are about different payments, records of two kinds about the same ones.

    Of an account that only repeats another's payments nothing counts; of one that told of payments and tells of none
    any more, everything does.
    """
    found: dict[tuple[str, str], dict[str, _Fall]] = {}
    edits = any(once.goods for record in records for once in record.fragment.payments_once)
    asked = waited() if edits else None
    for record in records:
        order = record.fragment.order
        now = sums(order.payments) if order else {}
        if (order and order.left_out) or (held and now and record.account not in held):
            continue
        for once in record.fragment.payments_once:
            if currency not in (None, once.currency):
                continue
            streams = found.setdefault((record.account, once.currency), {})
            fall = streams.setdefault(record.stream, _Fall(record.account, once.currency))
            captured, refunded, charged_back = now.get(once.currency, (Zero, Zero, Zero))
            fall.captured += max(once.captured - captured, Zero)
            fall.refunded += max(once.refunded - refunded, Zero)
            fall.charged_back += max(once.charged_back - charged_back, Zero)
            if asked is not None:
                fall.edited += order_edits.worth(once, order or None, asked)
            fall.at = max(filter(None, (fall.at, once.at)), default=None)
    fallen = []
    for _, streams in sorted(found.items()):
        fall = max(streams.values(), key=lambda one: (one.refunded, one.charged_back, one.captured))
        fallen.append(replace(fall, edited=max(one.edited for one in streams.values())))
    return fallen


def _item(
    account: str,
    payment: str,
    currency: str,
    name: str,
    amount: Decimal,
    *,
    fallen: bool = False,
    dead: bool = False,
    at: datetime | None = None,
    read_seq: int = 0,
) -> Item:
    reported = FactId(account, "payment", payment, "refunds", name)
    subject = FactId(account, "payment", payment, "refunds", name + FALLEN) if fallen else reported
    return Item(
        subject=subject,
        names=frozenset((subject.text, reported.text)) if dead else frozenset((subject.text,)),
        account=account,
        at=at,
        currency=currency,
        amount=amount,
        unallocated=amount,
        dead=dead,
        read_seq=read_seq,
    )
