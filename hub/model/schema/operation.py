"""What `plan` asks for, and what it has to know of the account it asks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec import Struct

from hub.model.language import spelling, words
from hub.model.language.sentences import Sentence, say


class LineTarget(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One line of an operation. `totals` are the quantities that should stand there afterwards."""

    line: str
    """Our line key."""
    quantity: Decimal
    order_line: str | None = None
    """The order line's id at the target, where we know it."""
    sku: str | None = None
    own_line: str | None = None
    """This return's own line at the target, where it has one."""
    totals: dict[str, Decimal] = {}
    """For receive: received, damaged; for dispose: by disposition."""
    had: Decimal | None = None
    """Of goods: pieces of its own that the target showed when this was planned (None: planned by an older hub)."""
    lacks: Decimal = Decimal(0)
    """Pieces that it was to be told of."""
    facts: tuple[str, ...] = ()
    """Ids of our facts that this line tells."""
    words: dict[str, Any] = {}
    """Reason, condition, location, resolution ... in our words, for the outbound mapping."""


class PlannedOperation(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One legal next step at one account, in our words. Equal operations have equal `fingerprint`s."""

    kind: words.OperationKind
    account: str
    round: int = 1
    lines: tuple[LineTarget, ...] = ()
    facts: tuple[str, ...] = ()
    """Our facts that it tells (a refund, a note, a disposition): entities, never coalesced."""
    objects: dict[str, str] = {}
    """The return's and its order's objects at the target, by stream."""
    order_number: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    payment: str | None = None
    moves_money: bool = False
    gone: Decimal | None = None
    """Of a payment: what had gone back on the return, or was about to, when it was planned."""
    words: dict[str, Any] = {}
    fingerprint: str = ""


class Undeliverable(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Something this account cannot be told, and why; shown, never counted as in sync."""

    fact: str
    said: Sentence
    operation: str | None = None
    question: str = ""
    """Its name as a question: has somebody dealt with it by hand? Empty where another answer settles it."""
    amount: Decimal | None = None
    """The sum it is about."""

    @property
    def why(self) -> str:
        """In English; `say(undeliverable.said, language)` for people."""
        return say(self.said)


class Outstanding(Struct, frozen=True, gc=False, kw_only=True):
    """An operation already sent (or being sent) that no observation shows yet."""

    operation: PlannedOperation
    state: str
    """open | sent | unknown: under way · refused: nothing was done, the same would be refused again · tried_out: that,
    too often · dead: a person decides · no_way: they have no such step · given_up: a person has dealt with it"""
    since: Decimal = Decimal(0)
    """Of a payment or a credit that a person has dealt with: what we paid or credited on the same return after it."""


class Terms(Struct, frozen=True, gc=False, kw_only=True):
    """What one account can do, listens to, may be asked to do, and whether money is on."""

    account: str
    kind: words.SystemKind
    can: frozenset[str] = frozenset()
    """Operations its connector carries out (read off the code)."""
    asked: frozenset[str] = frozenset()
    """Operations it may be asked for (configuration; defaults by kind)."""
    listens: frozenset[str] = frozenset()
    """Facts it wants to hear (configuration; defaults by kind)."""
    deaf: frozenset[str] = frozenset()
    """Facts that a system of its kind hears, and this account does not want to."""
    silent: frozenset[str] = frozenset()
    """Axes this system has no notion of; nothing to tell, no undeliverable."""
    moves_money: dict[str, str] = {}
    """Operation -> yes | may | no, from the manifest; may counts as yes."""
    money: bool = False
    reserved: Decimal = Decimal(0)
    """What writes under way for other returns of the same orders may still take from the payments."""
    notify: bool = False
    sells: bool = False
    """It is the home of orders: it hears only returns of orders it sold."""
    locations: frozenset[str] = frozenset()
    carriers: frozenset[str] = frozenset()
    """Whose parcels it follows, in small letters, by how their names begin; empty: everybody's."""
    stored: Callable[[str, Any], Any] = lambda field, value: value
    """(field, our value) -> our value as it would read after a round trip through that system's words."""

    def follows(self, carrier: str | None) -> bool:
        """Whether a parcel of this carrier, as somebody wrote it, is its to follow."""
        return not self.carriers or spelling.carrier(carrier or "").startswith(tuple(self.carriers))
