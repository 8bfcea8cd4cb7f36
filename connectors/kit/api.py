"""The contract between the hub and a system: what a connector is given and what it gives back.

A connector never sees a canonical return. It hands over raw records and carries out operations that are
already in its system's words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from msgspec import Struct

from connectors.kit.errors import Unsupported


@dataclass(frozen=True, slots=True)
class Login:
    """One configured login at a system. `settings` are the manifest's, secrets included; repr hides them."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Message(Struct, frozen=True):
    """One raw record as the system told it. `body` is its JSON in UTF-8; `version` orders or hints (manifest)."""

    stream: str
    external_id: str
    body: bytes
    version: str | None = None
    deleted: bool = False
    delivery_id: str | None = None


class Changed(Struct, frozen=True):
    """A change notification: the record has to be fetched. `Reply.read_back` names records in the same way."""

    stream: str
    external_id: str
    topic: str = ""


class Unreadable(Struct, frozen=True):
    """One record of an answer that cannot be read: it is shown to a person with its error, and stops nothing else.

    `external_id` is empty where the answer does not even say which record it is; `body` is what there is of it.
    """

    stream: str
    external_id: str
    error: str
    body: bytes = b""


Item = Message | Changed | Unreadable
"""What a system told of one record."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the cursor (text, opaque to the hub) from which the next poll goes on."""

    messages: Sequence[Item]
    cursor: str


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A webhook as it came. Signatures are checked over `body`, the raw bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    received_at: datetime | None = None

    def header(self, name: str) -> str | None:
        """The header's value, whatever the case of its name."""
        wanted = name.lower()
        value = self.headers.get(wanted)  # as our own door writes them
        if value is not None:
            return value
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Health:
    """What `check` found: problems as sentences for a person, facts for the console (version, scopes, clock skew)."""

    ok: bool
    problems: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OperationLine:
    """One line in the target's own ids. `totals`: target quantities by our word (received, damaged), never deltas."""

    quantity: Decimal
    order_line: str | None = None
    line: str | None = None
    sku: str | None = None
    totals: Mapping[str, Decimal] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    """Our ids of the facts that this line tells; echoed in `Made.fact`."""
    words: Mapping[str, Any] = field(default_factory=dict)
    """Further words of this line, translated by the outbound mapping (reason, condition, location, ...)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One change to carry out, in the system's words.

    `progress` holds what earlier calls of the same operation returned (ids of a draft, the step reached); a crash may
    have lost the last of it, so a connector finds its own draft before it creates one.
    """

    kind: str
    id: str
    """The intent's id: the idempotency key. Two equal refunds have two."""
    reference: str
    """The hub's number of the return with its check (R1001-k7f3qa), to be written into the other system where it has a
    place for it: read again, it proves that the hub wrote it there."""
    objects: Mapping[str, str] = field(default_factory=dict)
    """The target's own ids by stream, e.g. {"return": "return_01M8", "order": "order_01M8"}."""
    order_number: str | None = None
    lines: tuple[OperationLine, ...] = ()
    facts: tuple[str, ...] = ()
    """Our ids of the facts that it tells as a whole (a refund, a note); echoed in `Made.fact`."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """The outbound mapping's result."""
    amount: Decimal | None = None
    currency: str | None = None
    round: int = 1
    expected: Mapping[str, Any] = field(default_factory=dict)
    """What we believe stands there now (compare-and-set)."""
    version: str | None = None
    progress: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    notify: bool = False
    """Whether the system may write to the customer because of this."""

    @property
    def number(self) -> str:
        """The hub's number of the return as people use it, which proves nothing: R1001."""
        return self.reference.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Made:
    """A fact that now stands in the other system, so that the hub knows the twin: `fact` ours, `id` theirs."""

    kind: str
    id: str
    fact: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call of `perform` brought. Not `finished`: call again with `progress`, this was one step of several."""

    finished: bool = True
    progress: Mapping[str, Any] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    """Objects of ours there, by stream: {"complaint": "7"}. They become strong keys of the return."""
    made: tuple[Made, ...] = ()
    read_back: tuple[Changed, ...] = ()
    """The records that show the effect; the hub fetches them."""
    messages: tuple[Message, ...] = ()
    """Records that the answer carried whole, as they stand after the change: a read-back without another call."""
    detail: str = ""


class Connector:
    """A system we can talk to. Override what the system can do; capabilities are read off the code.

    Besides these five, a connector may offer `find(operation) -> Reply | None`: look for the effect of a write whose
    outcome is unknown. None means: not found now; and `abandon(operation) -> Reply | None`: take back what a write of
    several calls had begun there and nobody goes on with. Methods named `do_<operation>` are found by `perform`;
    overriding one is the capability to carry out that operation.
    """

    manifest: ClassVar[Any] = None
    topics: ClassVar[Collection[str]] = ()
    """The webhook topics (or the kinds of push, where they have no such word) that `accept` understands."""

    def __init__(self, account: Login, http: Any) -> None:
        self.account = account
        self.http = http

    def check(self) -> Health:
        """Credentials, scopes, and what it can do here. Clocks and the webhook address are the hub's to look at."""
        raise Unsupported("this connector has no check")

    def poll(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """What changed since `cursor`, oldest first; `None` is the beginning. Each page carries the cursor after it."""
        raise Unsupported(f"stream {stream!r} is not polled")

    def begin(self, stream: str, since: datetime) -> str:
        """The cursor of a poll that begins at this moment (aware), for a backfill."""
        raise Unsupported(f"stream {stream!r} cannot be read from a moment in the past")

    def accept(self, request: WebhookRequest) -> Sequence[Message | Changed]:
        """Is it genuine (else InvalidWebhook)? then unpack it. Several threads call this at once on one connector."""
        raise Unsupported("this system sends no webhooks")

    def granted(self, query: Sequence[tuple[str, str]]) -> None:
        """A person came back from the system's page with this query: raises InvalidWebhook where the system did not
        send them, or they come from another login of it. Nothing to check where the system signs nothing."""

    def fetch(self, stream: str, external_id: str) -> Message | Unreadable:
        """Read back one record; a record that is gone is a Message with `deleted`."""
        raise Unsupported(f"stream {stream!r} cannot be fetched")

    def perform(self, operation: Operation) -> Reply:
        """Carry out one state change; safe to call twice with one id."""
        method = getattr(self, f"do_{operation.kind}", None)
        if method is None:
            raise Unsupported(f"{type(self).__name__} cannot {operation.kind}")
        reply: Reply = method(operation)
        return reply

    def find(self, operation: Operation) -> Reply | None:
        """Look for the effect of `operation`, whose outcome is unknown; `None` when it is not there."""
        raise Unsupported("this system offers no way to find an earlier write")

    def abandon(self, operation: Operation) -> Reply | None:
        """A person ended this write between two of its calls: take back what it left open there, its draft or lock.

        `None` where there is none. Never anything that took effect, and nothing of anybody else's.
        """
        raise Unsupported("writes leave nothing open in this system")
