"""The canonical return, as merged: what everybody should know. Written by `merge` only.

In JSON a field that has its default is left out: most of a return's fields are not told by anybody.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from hub.model.language import words
from hub.model.language.sentences import Sentence, say
from hub.model.schema import fragment as canonical
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import FactId, Untaken


class Source(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Provenance of one field: who said so, in which object and version, and when we read it."""

    account: str
    stream: str
    object: str
    version: str | None = None
    at: datetime | None = None


class OrderRef(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """An order this return belongs to. `ids`: its object id by account; `home`: the account that sold it."""

    home: str
    number: str | None
    ids: dict[str, str]
    streams: dict[str, str] = {}
    """The stream of that object, by account."""
    shared: bool = False
    """Another order of its home goes by this number, too: nobody can be asked for it by that."""


class ReturnLine(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One line. `key` is ours and stable for given bindings; `order_lines`: the order line's id by account."""

    key: str
    order: str | None = None
    order_lines: dict[str, str] = {}
    ids: dict[str, str] = {}
    """This return line's own id by account."""
    sku: str | None = None
    gtin: str | None = None
    name: str | None = None
    unit: str | None = None
    quantity: Decimal = Zero
    cancelled: Decimal = Zero
    price: Decimal | None = None
    amount: Decimal | None = None
    """What all of its pieces cost, where somebody says: exact where the price of one had to be rounded."""
    stated: canonical.Reason | None = None
    found: canonical.Reason | None = None
    round: int = 1
    goods: words.Goods = "expected"
    resolution: words.Resolution = "refund"
    unexpected: bool = False
    wanted_sku: str | None = None
    received: Decimal = Zero
    by_condition: dict[str, Decimal] = {}
    accepted: Decimal = Zero
    rejected: Decimal = Zero
    damaged: Decimal = Zero
    missing: Decimal = Zero
    disposed: dict[str, Decimal] = {}
    refunded: Decimal | None = None
    """None: unknown, which is not zero."""
    undisposed: Decimal = Zero
    """Received and not yet put anywhere; never negative."""
    said_by: dict[str, int] = {}
    """Field -> who said so, as a place in the return's `sources`."""


class Fact(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One event, told by one system or by several (its duplicates). `value` is the speaker's version of it."""

    id: str
    """Ours: the speaker's name of it (FactId.text), so it does not depend on order."""
    kind: str
    line: str | None = None
    speaker: FactId
    also: tuple[FactId, ...] = ()
    """The same event as other records tell it."""
    quantity: Decimal | None = None
    knows: tuple[str, ...] = ()
    """Further accounts that know it: they said it themselves, or a write of ours told them."""

    @property
    def duplicates(self) -> tuple[FactId, ...]:
        """Every telling of this event, the speaker's included; the same for each fact of one event."""
        return tuple(sorted((self.speaker, *self.also))) if self.also else (self.speaker,)

    @property
    def known_to(self) -> tuple[str, ...]:
        """Every account that knows it."""
        return (self.speaker.account, *self.knows)


class ReceiptFact(Fact, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    condition: words.Condition = "unknown"
    location: str | None = None
    at: datetime | None = None
    by: str | None = None


class InspectionFact(Fact, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    result: words.InspectionResult = "accepted"
    found: canonical.Reason | None = None
    at: datetime | None = None


class DispositionFact(Fact, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    disposition: words.Disposed = "unknown"
    location: str | None = None
    state: words.PostingState = "posted"
    at: datetime | None = None


class ShipmentFact(Fact, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    value: canonical.Shipment


class RefundFact(Fact, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    value: canonical.Refund
    amount: Decimal = Zero
    """Of this return: its allocation, else the whole."""
    state: words.PaymentState = "pending"


class CreditFact(Fact, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    value: canonical.Credit


class ReplacementFact(Fact, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    value: canonical.Replacement


class NoteFact(Fact, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    value: canonical.Note


class Decision(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The value of one axis and who set it."""

    value: str
    account: str | None = None
    by: str | None = None
    at: datetime | None = None
    round: int = 1
    ruling: bool = False
    ours: bool = False
    """In the view of an account: it says so because we wrote it there."""


class Money(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The sums, in one currency. due = agreed - refunds succeeded or pending in all accounts, never below zero.

    It may be more than `refundable`: then it has to be paid some other way.
    """

    currency: str | None = None
    agreed: Decimal | None = None
    credited: Decimal = Zero
    refunded: Decimal = Zero
    pending: Decimal = Zero
    due: Decimal = Zero
    captured: Decimal | None = None
    refundable: Decimal | None = None
    """What may still be paid on the order's payments, over all accounts."""
    unplaced: Decimal = Zero
    """What went back on the orders and nobody knows for what."""


class Axes(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    authorization: Decision = Decision(value="none")
    transit: str = "none"
    receipt: words.Receipt = "none"
    acceptance: Decision = Decision(value="none")
    settlement: words.Settlement = "none"
    exchange: words.Exchange = "none"
    dispute: Decision = Decision(value="none")
    closure: Decision = Decision(value="open")


class Choice(Struct, frozen=True, gc=False, omit_defaults=True):
    """One answer that a question offers. `labels.LABELS["choice"]` says what its word means to people."""

    word: str
    to: str = ""
    """Which of several is meant: a return's number, a line's key, an object's id."""
    names: str = ""
    """How people call that."""
    takes: str = ""
    """What a person has to add: "amount" (of money, in the return's currency), or nothing."""

    @property
    def text(self) -> str:
        """The answer as it is given; an amount follows behind another colon."""
        return f"{self.word}:{self.to}" if self.to else self.word


class GivenAnswer(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """An answer that was given, until it is taken back. `act`: the hub's own record of it."""

    act: str
    kind: str
    about: tuple[str, ...]
    answer: str
    by: str
    at: datetime


class Discrepancy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Two systems disagree, or something cannot be: shown to a person, never overwritten."""

    kind: str
    said: Sentence
    field: str = ""
    line: str | None = None
    accounts: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    freezes: bool = False
    """While it stands nothing is told or paid on what it touches: a question, with its answers in `choices`."""
    question: str = ""
    """A short name of the question, the same as long as it asks the same."""
    about: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def text(self) -> str:
        """In English; `say(discrepancy.said, language)` for people."""
        return say(self.said)


class Provisional(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Records that belong here as far as anybody can tell, and not by a strong name."""

    ours: str
    """The number of the return they are taken for."""
    was: str
    """The number they had by themselves."""
    why: str
    """number | line"""
    objects: tuple[tuple[str, str, str], ...]
    waits: bool = False
    """It has not stood alone long enough: nothing is told yet that rests on it."""
    entry: int
    """The journal's line of it, to be undone."""
    confirmed: bool = False
    """A person said so."""
    told: tuple[str, ...] = ()
    """Accounts in whose records our number stands."""


class Return(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One real-world return, as all systems together tell it."""

    origin: words.Origin | None = None
    kind: str = "return_refund"
    status: str = "draft"
    round: int = 1
    origin_account: str | None = None
    """The account whose record opened it: the side that asked."""
    numbers: dict[str, str] = {}
    """The number people use, by account."""
    objects: dict[str, dict[str, str]] = {}
    """Its objects: account -> stream -> external id."""
    tombstones: dict[str, dict[str, str]] = {}
    """Objects that their system says are gone."""
    rest_cancelled: bool = False
    """It was cancelled after part of it had come: what came stays, the rest is off."""
    ready: bool | None = None
    """Whether the accounts merged here can receive goods against it; None where nobody says."""
    orders: tuple[OrderRef, ...] = ()
    channel: str | None = None
    location: str | None = None
    customer: canonical.Customer | None = None
    requested_at: datetime | None = None
    axes: Axes = Axes()
    money: Money = Money()
    lines: tuple[ReturnLine, ...] = ()
    receipts: tuple[ReceiptFact, ...] = ()
    inspections: tuple[InspectionFact, ...] = ()
    dispositions: tuple[DispositionFact, ...] = ()
    shipments: tuple[ShipmentFact, ...] = ()
    refunds: tuple[RefundFact, ...] = ()
    credits: tuple[CreditFact, ...] = ()
    replacements: tuple[ReplacementFact, ...] = ()
    notes: tuple[NoteFact, ...] = ()
    evidence: tuple[canonical.Evidence, ...] = ()
    deadlines: tuple[canonical.Deadline, ...] = ()
    payments: tuple[canonical.Payment, ...] = ()
    relations: tuple[tuple[str, str], ...] = ()
    """(words.Relation, the number of the other return)."""
    provisional: tuple[Provisional, ...] = ()
    discrepancies: tuple[Discrepancy, ...] = ()
    answers: tuple[GivenAnswer, ...] = ()
    """What people answered to what froze this return."""
    untaken: tuple[Untaken, ...] = ()
    """Goods that writes should have told and did not, and what their accounts showed of their own since."""
    states: dict[str, str] = {}
    """Each object's raw status word, by "account/stream"."""
    urls: dict[str, str] = {}
    sources: tuple[Source, ...] = ()
    said_by: dict[str, int] = {}
    """Field path -> who said so, as a place in `sources`; lines have their own."""

    def matched(self) -> dict[tuple[str, str], str]:
        """Which of these lines each order line is, by (account, id)."""
        return {name: line.key for line in self.lines for name in line.order_lines.items()}

    @property
    def provenance(self) -> dict[str, Source]:
        """Field path -> who said so."""
        found = {path: self.sources[place] for path, place in self.said_by.items()}
        for line in self.lines:
            found |= {f"lines.{line.key}.{name}": self.sources[place] for name, place in line.said_by.items()}
        return found
