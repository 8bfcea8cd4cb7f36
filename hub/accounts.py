"""A configured login: its connector, its dictionary, and what it may say and be asked."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.kit.api import Connector, Login
from connectors.kit.attempt import Attempt
from connectors.kit.manifest_parts import OperationSpec
from connectors.kit.masking import Mask, bare
from connectors.kit.registry import Entry, secret_values
from hub.model.concerns import Expected
from hub.model.identity.marks import Checks, unmarked
from hub.model.language import spelling
from hub.model.language.spelling import OrderNumbers
from hub.model.plan.rules import DEFAULTS, OPERATIONS
from hub.model.schema.observation import HUB, Party
from hub.model.schema.operation import Terms
from hub.store import accounts as account_store
from hub.store import health
from hub.store.budgets import Priority
from hub.store.database import Database, DBAPIError
from mappings.engine import Mapping as Dictionary

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What an account may be called: its name is a part of its address for webhooks."""
KEPT = 15.0
"""Seconds for which nobody else asks after a thread that keeps them fresh has begun to: longer than a connection to the
database may take to fail."""
WHERE_IT_HAS_THAT_STEP = frozenset(
    {"authorized", "rejected", "accepted", "refused", "disposed", "closed", "reopened", "amended", "tracking", "number"}
)
"""Facts that concern only systems with a step for them; where the connector has none there is nothing to tell."""


@dataclass(frozen=True)
class Account:
    """One login, ready to be used. `connect(wire, until, priority, attempt)` gives a connector whose exchanges are
    recorded in `wire`; it sends nothing after `until` (time.monotonic), where that is given, takes its share of the
    budget, and tells `attempt` what may have had an effect."""

    name: str
    entry: Entry
    dictionary: Dictionary
    settings: Mapping[str, Any]
    """Without secrets: what mappings may read."""
    party: Party
    terms: Terms
    state: str
    connect: Callable[..., Connector]
    routes: frozenset[str] = frozenset()
    """Shops whose returns it hears; empty: all of them."""
    settle: float = 60.0
    """Seconds before a return is created here, so that one cancelled at once never appears, and for which a record
    bound without proof has to stand alone before it counts."""
    serialise_by: str = "return"
    poll: float = 0.0
    """Seconds between two polls, where the account does not go by its manifest."""
    sweep: float = 0.0
    checks: Checks = unmarked
    """What shows that a number of ours was written for this account (`hub.model.identity.marks`)."""
    numbers: Mapping[str, OrderNumbers] = field(default_factory=dict)
    """How the orders of each account are numbered that says so."""
    mask: Mask = field(default_factory=Mask)
    """What no text about this account may hold."""
    stamp: str | None = None
    """Changes with the stored configuration."""

    def spec(self, operation: str) -> OperationSpec:
        """What the manifest says of an operation; its defaults where it says nothing."""
        return self.entry.manifest.operations.get(operation) or OperationSpec(operation)


@dataclass
class Accounts:
    """The accounts of this hub, read again when they change. While the database is away the last known ones stay."""

    read: Callable[[], Mapping[str, Account]]
    """Loads all accounts from the database."""
    age: float = 2.0
    """Seconds after which a change made by another process is seen."""
    _known: Mapping[str, Account] | None = None
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def all(self) -> Mapping[str, Account]:
        """Every account by name. While one thread reads them again, the others get the last known ones."""
        known = self._known
        if known is not None and time.monotonic() < self._until:
            return known
        if not self._lock.acquire(blocking=known is None):
            return known or {}
        try:
            if self._known is None or time.monotonic() >= self._until:
                self._renew()
            return self._known or {}
        finally:
            self._lock.release()

    def _renew(self) -> None:
        try:
            self._known = self.read()
        except DBAPIError:
            if self._known is None:
                raise
        self._until = time.monotonic() + self.age

    def extend(self) -> None:
        """A thread keeps the accounts fresh: for a while nobody else reads them, or waits for whoever does."""
        if self._known is not None and self._until:
            self._until = max(self._until, time.monotonic() + KEPT)

    def renew(self) -> None:
        """Read them now. Raises what the database raises."""
        self._known = self.read()
        self._until = time.monotonic() + KEPT

    def now(self) -> Mapping[str, Account]:
        """Every account as it is at this moment, whoever changed it: waits for the reading, where `all` does not."""
        with self._lock:
            self._renew()
            return self._known or {}

    def knowing(self, names: Iterable[str]) -> Mapping[str, Account]:
        """Every account; a name that is not known may have been added just now, so they are read again for it."""
        known = self.all()
        return known if all(name in known for name in names) else self.now()

    def get(self, name: str) -> Account:
        """One account. Raises KeyError with a letter when there is none of this name."""
        known = self.knowing([name])
        if name not in known:
            raise KeyError(f"there is no account {name!r}; known are {', '.join(sorted(known)) or 'none'}")
        return known[name]

    def forget(self) -> None:
        """Something was changed here: read again at once."""
        with self._lock:
            self._until = 0.0


class Watch:
    """Looks at the accounts for a process whose requests must not wait for the database (`web/pulse.py`)."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self.database = database
        self.accounts = accounts
        self._last: object = None

    def __call__(self) -> dict[str, str]:
        """The state of each account, by name; all are read anew where any changed. Raises what the database raises."""
        self.accounts.extend()
        with self.database.begin() as conn:
            stamps, states = account_store.stamps(conn), health.states(conn)
        if (stamps, states) != self._last:
            self.accounts.renew()
            self._last = stamps, states
        return states


def expected(accounts: Mapping[str, Account]) -> dict[str, Expected]:
    """What each account's connector lets us expect of it."""
    found = {}
    for name, account in accounts.items():
        able, streams = account.entry.capabilities, account.entry.manifest.streams
        polls = any(stream.name in able.polls and stream.every for stream in streams.values())
        writes = bool(account.terms.can & account.terms.asked)
        found[name] = Expected(max_silence=account.entry.manifest.max_silence, polls=polls, calls=polls or writes)
    return found


def parties(accounts: Mapping[str, Account]) -> dict[str, Party]:
    """Who is who, for the model; the hub's own people are one of them."""
    return {HUB: Party(name=HUB, kind="hub"), **{name: account.party for name, account in accounts.items()}}


def assemble(
    name: str,
    entry: Entry,
    dictionary: Dictionary,
    settings: Mapping[str, Any],
    secrets: Mapping[str, Any],
    configured: Mapping[str, Any],
    state: str,
    connect: Callable[[Login, list[dict[str, Any]] | None, float | None, Priority, Attempt | None], Connector],
    stamp: str | None = None,
    checks: Checks = unmarked,
) -> Account:
    """Build an account from its stored parts. `configured` is the account's `terms` column."""
    entry = entry.of(settings)
    manifest = entry.manifest
    asked, listens = DEFAULTS[manifest.kind]
    login = Login(name, {**settings, **secrets})
    settings = {key: bare(value) if isinstance(value, str) else value for key, value in settings.items()}
    locations = frozenset(configured.get("locations", ()))
    party = Party(
        name=name,
        kind=manifest.kind,
        decides=bool(configured.get("decides", False)),
        auto_authorize=bool(configured.get("auto_authorize", False)),
        holds_money=bool(configured.get("holds_money", manifest.kind in ("storefront", "marketplace", "pos"))),
        unplaced_refunds=configured.get("unplaced_refunds", "ask"),
        locations=locations,
        orders_of=settings.get("orders_of"),
        ranks=configured.get("ranks", {}),
    )
    operations = manifest.operations
    can = frozenset(entry.capabilities.operations)
    steps = OPERATIONS[manifest.kind]
    # Where nobody approves, a rejection is told as a cancellation.
    endings = {"rejected"} if "authorization" in manifest.silent and "cancel" in can else set()
    sells = manifest.kind in ("storefront", "marketplace", "pos")
    # A seller without returns of its own has nothing to hear of one; it may be asked for money all the same.
    optional = WHERE_IT_HAS_THAT_STEP | ({"opened"} if sells else frozenset())
    heard = frozenset(f for f in listens if f not in optional or steps.get(f) in can or f in endings)
    terms = Terms(
        account=name,
        kind=manifest.kind,
        can=can,
        asked=frozenset(configured["asked"]) if "asked" in configured else asked,
        listens=frozenset(configured["listens"]) if "listens" in configured else heard,
        deaf=heard - frozenset(configured["listens"]) if "listens" in configured else frozenset(),
        silent=frozenset(manifest.silent),
        moves_money={operation: spec.moves_money for operation, spec in operations.items()},
        money=bool(configured.get("money", False)),
        notify=bool(configured.get("notify", False)),
        sells=sells,
        locations=locations,
        carriers=frozenset(spelling.carrier(str(name)) for name in configured.get("carriers", ())),
        stored=lambda field, value: dictionary.stored(field, manifest.stored(field, value)),
    )
    by = {spec.serialise_by for spec in operations.values()}
    return Account(
        name=name,
        entry=entry,
        dictionary=dictionary,
        settings=settings,
        party=party,
        terms=terms,
        state=state,
        connect=lambda wire, until=None, priority="live", attempt=None: connect(login, wire, until, priority, attempt),
        routes=frozenset(configured.get("routes", ())),
        settle=float(configured.get("settle", 60.0)),
        poll=float(configured.get("poll", 0.0)),
        sweep=float(configured.get("sweep", 0.0)),
        checks=checks,
        mask=Mask(secret_values(manifest, login.settings)),
        stamp=stamp,
        serialise_by=next((scope for scope in ("account", "order", "return") if scope in by), "return"),
    )
