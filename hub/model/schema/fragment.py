"""What one record at one account says, in our words.

A field left out is silence and never erases; `null` clears this account's own statement. Identifiers are text in the
account's own namespace. Mappings produce these shapes; nothing else does. The record of an order (or of a payment)
speaks of that order and of its refunds; everything else is said by the records of a return.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import UNSET, UnsetType

from hub.model.language import words
from hub.model.schema.order import Component as Component
from hub.model.schema.order import FragmentPart as FragmentPart
from hub.model.schema.order import Key as Key
from hub.model.schema.order import Once as Once
from hub.model.schema.order import Order as Order
from hub.model.schema.order import OrderLine as OrderLine
from hub.model.schema.order import Payment as Payment
from hub.model.schema.order import Sold as Sold

Zero = Decimal(0)


class Statement(FragmentPart, frozen=True, kw_only=True, gc=False):
    """A decision on an axis. `round`: the claim it answers; `ruling`: a platform's verdict or deadline, above all."""

    value: str
    by: str | None = None
    at: datetime | None = None
    round: int = 1
    ruling: bool = False


class Reason(FragmentPart, frozen=True, kw_only=True, gc=False):
    """Why it comes back: our code (see reasons.py), their raw word and the version of their list."""

    code: str
    raw: str | None = None
    version: str | None = None
    text: str | None = None


class LinePart(FragmentPart, frozen=True, kw_only=True, gc=False):
    """Which line is meant, in this account's ids: the order line if known, else this return's line, else the SKU."""

    order: str | None = None
    order_line: str | None = None
    line: str | None = None
    sku: str | None = None


class Line(LinePart, frozen=True, kw_only=True, gc=False):
    """A line of the return as this record states it. `line` is its own id here."""

    quantity: Decimal
    unit: str | None = None
    gtin: str | None = None
    name: str | None = None
    reason: Reason | None | UnsetType = UNSET
    found: Reason | None | UnsetType = UNSET
    round: int = 1
    goods: words.Goods | UnsetType = UNSET
    resolution: words.Resolution | UnsetType = UNSET
    cancelled: Decimal = Zero
    unexpected: bool = False
    wanted_sku: str | None = None  # for an exchange: what is to be sent instead
    amount: Decimal | None = None
    """What this line is worth to the customer, tax included, in the return's currency."""


class Receipt(LinePart, frozen=True, kw_only=True, gc=False):
    """Goods that arrived. `id` is the source's id of this very receipt."""

    id: str
    quantity: Decimal
    total: bool = False
    """It is all that came of its line, under one id, and grows: what other systems told of is part of it."""
    condition: words.Condition = "unknown"
    location: str | None = None
    at: datetime | None = None
    by: str | None = None


class Inspection(LinePart, frozen=True, kw_only=True, gc=False):
    id: str
    quantity: Decimal
    result: words.InspectionResult
    found: Reason | None = None
    at: datetime | None = None
    by: str | None = None


class Disposition(LinePart, frozen=True, kw_only=True, gc=False):
    id: str
    quantity: Decimal
    disposition: words.Disposed
    location: str | None = None
    state: words.PostingState = "posted"
    at: datetime | None = None
    by: str | None = None


class Shipment(FragmentPart, frozen=True, kw_only=True, gc=False):
    id: str
    direction: words.Direction
    purpose: words.Purpose
    state: words.ShipmentState = "unknown"
    carrier: str | None = None
    number: str | None = None
    url: str | None = None
    reason: str | None = None
    raw: str | None = None
    at: datetime | None = None
    lines: tuple[LinePart, ...] = ()


class RefundPart(FragmentPart, frozen=True, kw_only=True, gc=False):
    amount: Decimal
    state: words.PaymentState
    payment: str | None = None
    """The payment the money goes back to, by its id in this account."""
    method: words.Method = "original"
    by: str | None = None


class Fee(FragmentPart, frozen=True, kw_only=True, gc=False):
    kind: words.FeeKind
    amount: Decimal


class Breakdown(FragmentPart, frozen=True, kw_only=True, gc=False):
    goods: Decimal | None = None
    tax: Decimal | None = None
    shipping: Decimal | None = None
    duties: Decimal | None = None
    fees: tuple[Fee, ...] = ()
    adjustment: Decimal | None = None


class Allocation(LinePart, frozen=True, kw_only=True, gc=False):
    """What an amount is for: a return (its id at this account), pieces of a line, or (`kind`) what beside goods.

    A fee that the shop keeps is no allocation: it stands in the breakdown and lowers what the goods got."""

    amount: Decimal
    return_id: str | None = None
    kind: words.PaidFor = "goods"
    quantity: Decimal | None = None


class Refund(FragmentPart, frozen=True, kw_only=True, gc=False):
    """Money that went back, or is about to. Amounts are positive."""

    id: str
    currency: str
    parts: tuple[RefundPart, ...]
    breakdown: Breakdown | None = None
    presentment: str | None = None
    allocations: tuple[Allocation, ...] = ()
    reference: str | None = None
    """A text the hub wrote into it (its number), where the system keeps one."""
    at: datetime | None = None
    note: str | None = None


class Credit(FragmentPart, frozen=True, kw_only=True, gc=False):
    """The document, not the money. `settles`: ids of refunds it accounts for. `paid`: it is balanced there, somehow."""

    id: str
    state: words.CreditState
    amount: Decimal
    currency: str
    number: str | None = None
    tax: Decimal | None = None
    settles: tuple[str, ...] = ()
    paid: bool = False
    at: datetime | None = None


class Note(FragmentPart, frozen=True, kw_only=True, gc=False):
    id: str
    text: str
    speaker: words.Speaker = "system"
    at: datetime | None = None


class Evidence(FragmentPart, frozen=True, kw_only=True, gc=False):
    id: str
    url: str
    kind: str = "image"
    at: datetime | None = None


class Deadline(FragmentPart, frozen=True, kw_only=True, gc=False):
    at: datetime
    who: words.Speaker
    then: words.Deadline


class Customer(FragmentPart, frozen=True, kw_only=True, gc=False):
    """Personal data; shown to people who may see it, never used to identify a return."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    reference: str | None = None


class PrivacyRequest(FragmentPart, frozen=True, kw_only=True, gc=False):
    """What a system asks about a person's data, of which it names the orders (`Fragment.orders`) and its own id."""

    asks: words.Asked
    due: datetime
    customer: str | None = None


class Replacement(FragmentPart, frozen=True, kw_only=True, gc=False):
    """What is sent instead (换货): an order or a parcel of its own in this account."""

    id: str
    sku: str | None = None
    quantity: Decimal = Decimal(1)
    state: words.Exchange = "due"
    order_line: str | None = None
    amount: Decimal | None = None  # what the customer pays for it, tax included, in the return's currency


class Answer(FragmentPart, frozen=True, kw_only=True, gc=False):
    """A person's answer to a question of a discrepancy (model/merge/questions.py); only the hub's own acts say it."""

    kind: str
    """The discrepancy's kind."""
    about: tuple[str, ...]
    """What it asks about: names of facts, of a line, of objects."""
    answer: str
    """The word of the choice, and after a colon what it names: "same", "of:R2"."""
    by: str
    at: datetime


class Fragment(FragmentPart, frozen=True, kw_only=True, gc=False):
    """One record, translated. Lists are complete unless named in `partial`: then they add to what was said before."""

    keys: tuple[Key, ...] = ()
    """Strong: other objects that are this return ({"type": stream, "value": id}), or our own number (issuer "hub")."""
    weak: tuple[Key, ...] = ()
    """Hints for a person, or for a provisional binding (an RMA text)."""
    orders: tuple[Key, ...] = ()
    """The orders this record belongs to: {"type": stream of the order, "value": id}, or by number with its issuer."""

    origin: words.Origin | None | UnsetType = UNSET
    """Said by records that can found a return; records without it never do."""
    number: str | None | UnsetType = UNSET  # what people use for this return there
    currency: str | None | UnsetType = UNSET
    requested_at: datetime | None | UnsetType = UNSET
    location: str | None | UnsetType = UNSET
    channel: str | None | UnsetType = UNSET
    customer: Customer | None | UnsetType = UNSET
    url: str | None | UnsetType = UNSET  # where a person can look at it
    state: str | None | UnsetType = UNSET  # their raw status word, for people

    authorization: Statement | None | UnsetType = UNSET
    ready: bool | None | UnsetType = UNSET
    """Whether goods can be received against it there. False: authorized, but `authorize` has more steps to go."""
    acceptance: Statement | None | UnsetType = UNSET
    exchange: Statement | None | UnsetType = UNSET
    dispute: Statement | None | UnsetType = UNSET
    closure: Statement | None | UnsetType = UNSET

    agreed: Decimal | None | UnsetType = UNSET
    """What this system says is owed to the customer in all, tax included, fees deducted."""

    lines: tuple[Line, ...] | None | UnsetType = UNSET
    receipts: tuple[Receipt, ...] | None | UnsetType = UNSET
    inspections: tuple[Inspection, ...] | None | UnsetType = UNSET
    dispositions: tuple[Disposition, ...] | None | UnsetType = UNSET
    shipments: tuple[Shipment, ...] | None | UnsetType = UNSET
    refunds: tuple[Refund, ...] | None | UnsetType = UNSET
    credits: tuple[Credit, ...] | None | UnsetType = UNSET
    replacements: tuple[Replacement, ...] | None | UnsetType = UNSET
    notes: tuple[Note, ...] | None | UnsetType = UNSET
    evidence: tuple[Evidence, ...] | None | UnsetType = UNSET
    deadlines: tuple[Deadline, ...] | None | UnsetType = UNSET

    privacy: PrivacyRequest | None | UnsetType = UNSET

    answers: tuple[Answer, ...] = ()
    """Kept by the hub's own acts, never said by a mapping."""

    order: Order | None | UnsetType = UNSET
    """This record is an order, or (a payment) speaks for one named in `orders`."""
    partial: tuple[str, ...] = ()
    since: dict[str, int] = {}
    refunds_once: tuple[Refund, ...] = ()
    payments_once: tuple[Once, ...] = ()
    """Kept by `merge_fragments`, never by a mapping: `since` (what an earlier read said, and when), the refunds and
    totals of payments of which more was told to be back with the customer than is told now."""
