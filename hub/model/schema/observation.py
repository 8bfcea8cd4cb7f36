"""What each system last said, and who the systems are: the whole input of `merge`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote, unquote

from msgspec import Struct

from hub.model.language import words
from hub.model.schema.bindings import Bindings
from hub.model.schema.fragment import Fragment

_PLAIN = " :#,;=+@|()[]<>!$&*'?"
_as_it_is = re.compile(rf"[\w.~{re.escape(_PLAIN)}-]*", re.ASCII).fullmatch

HUB = "hub"
"""The built-in account whose observations are what people did in the console, one append-only object per act."""


class Observation(Struct, frozen=True, gc=False, kw_only=True):
    """One object at one account, as last told. Of reads the higher `read_seq` is newer, whatever the version says."""

    account: str
    stream: str
    external_id: str
    fragment: Fragment
    read_seq: int
    version: str | None = None
    seen_at: datetime | None = None
    mapping: str = ""
    """The mapping version that made the fragment."""
    gone: bool = False
    """A tombstone: the system says that the object does not exist any more."""


class FactId(Struct, frozen=True, gc=False, order=True, array_like=True):
    """A fact in one system: `kind` is the fragment's list (receipts, refunds, ...), `id` the fact's id there.

    In JSON it is a list of the five, in this order.
    """

    account: str
    stream: str
    object: str
    kind: str
    id: str

    @property
    def text(self) -> str:
        """Its name as one text, unambiguous whatever the parts hold."""
        parts = (self.account, self.stream, self.object, self.kind, self.id)
        return "/".join(parts if _as_it_is("".join(parts)) else [quote(part, safe=_PLAIN) for part in parts])

    @staticmethod
    def parse(text: str) -> FactId:
        """The fact that `text` names; ValueError if it names none."""
        parts = text.split("/")
        if len(parts) != 5:
            raise ValueError(f"{text!r} does not name a fact: account/stream/object/kind/id is wanted")
        return FactId(*(unquote(part) for part in parts))


class DuplicateFacts(Struct, frozen=True, gc=False):
    """Facts in two systems that are the same event. Several on one side: their sum is the event."""

    facts: frozenset[FactId]
    total: FactId | None = None
    """Of these the one that is all that came of a line there: it is no event, so many of its pieces are the others'."""
    pieces: Decimal = Decimal(0)
    own: Decimal = Decimal(0)
    """Of a total: how many pieces of its account's own it held when it was told."""
    source: str = ""
    """Of a total: which write told it; each tells of pieces of its own."""


class DistinctFacts(Struct, frozen=True, gc=False):
    """A person's word that these facts look alike and are different events."""

    facts: frozenset[FactId]


class Party(Struct, frozen=True, gc=False, kw_only=True):
    """What the model has to know of an account."""

    name: str
    kind: words.SystemKind
    decides: bool = False
    """Its word on authorization counts above the other systems'."""
    auto_authorize: bool = False
    """It has no approval step and its requests count as approved."""
    holds_money: bool = False
    unplaced_refunds: words.Unplaced = "ask"
    """Whose a refund is that names nothing: ask | oldest (the oldest open return's)."""
    locations: frozenset[str] = frozenset()
    orders_of: str | None = None
    """The account whose order numbers this one repeats (an ERP's sale reference is the shop's order number)."""
    ranks: Mapping[str, int] = {}
    """Per fact kind, a rank of its own instead of its kind's default (higher speaks)."""


class Sibling(Struct, frozen=True, gc=False):
    """Another return of the same orders: its number and what is known of it."""

    number: str
    observations: tuple[Observation, ...]
    duplicates: tuple[DuplicateFacts, ...] = ()
    """What is known of its facts: which refunds were made for it."""


class Unread(Struct, frozen=True, gc=False, order=True):
    """A record that cannot be read: its object."""

    account: str
    stream: str
    object: str
    says: str = ""
    """A name of what it may say of money that went back and that nobody here knows of; empty: nothing of the kind."""


class Untaken(Struct, frozen=True, gc=False, order=True):
    """Goods of a line that an account was to be told of, and whose write it did not take, or a person dealt with."""

    account: str
    kind: str
    """receipts | dispositions"""
    line: str
    had: Decimal
    """Pieces of its own that it showed when the write was planned."""
    facts: tuple[str, ...]
    """The facts of ours that tell of them."""
    fine: tuple[tuple[Decimal, Decimal], ...] = ()
    """From which to which piece it showed more while it lacked none."""


class MergeInputs(Struct, frozen=True, gc=False, kw_only=True):
    """All that `merge` needs besides observations: who is who, and which facts are known to be the same."""

    parties: Mapping[str, Party]
    duplicates: tuple[DuplicateFacts, ...] = ()
    distinct: tuple[DistinctFacts, ...] = ()
    number: str = ""
    """Our own number of the return: money that names it belongs to it."""
    others: tuple[Sibling, ...] = ()
    """The other returns of the same orders. Only their money, their claim on lines and their replacements count."""
    made: Mapping[tuple[str, str, str], tuple[tuple[int, Decimal], ...]] = {}
    """(number of a return, account, payment): what we had paid back there for it, as far as it was answered, each with
    the read_seq of its answer."""
    answers: Mapping[tuple[str, tuple[str, ...]], str] = {}
    """(kind of question, what it is about) -> what a person answered, here or on another return of the orders."""
    echoes: frozenset[tuple[str, str]] = frozenset()
    """(account, authorization): what it says there because we wrote it, last of all: no word of its own."""
    bindings: Bindings = Bindings()
    """What people and weak names decided of the return as a whole."""
    matched: Mapping[tuple[str, str], str] = {}
    """Which line each order line, by (account, id), was when this return was last merged."""
    unread: tuple[Unread, ...] = ()
    """Records that wait, because they cannot be read."""
    untaken: tuple[Untaken, ...] = ()
    """What writes of ours should have told and did not, now or when this return was last merged."""
    strays: tuple[tuple[str, str, str, str], ...] = ()
    """Records (account, stream, id) of this return that name a number of ours which is none, and that number."""
    immature: frozenset[int] = frozenset()
    """Of the weak bindings those (by guest) that have not stood alone for their settle time."""
