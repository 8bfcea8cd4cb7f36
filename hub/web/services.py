"""What the web needs of the rest of the hub, handed in when everything is wired: web knows no scheduler."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from connectors.kit.api import Health, WebhookRequest
from connectors.kit.manifest import Answer
from hub.model.concerns import Expected
from hub.web.counts import Answered

MIB = 2**20


class Database(Protocol):
    """Gives a SQLAlchemy connection inside a transaction."""

    def begin(self) -> AbstractContextManager[Any]: ...


class Writer(Protocol):
    """Makes arrivals durable; raises `Full` (come again) or `Unstorable` (never)."""

    patience: float
    """Seconds a request waits at most."""

    def put(self, arrivals: Sequence[Any]) -> Any:
        """They are durable when this returns."""

    def offer(self, arrivals: Sequence[Any], told: Callable[[], None]) -> Any:
        """`told` is called, in any thread, when it is known what became of them; then `result(0)` says or raises it."""

    def close(self) -> None:
        """Write what is queued, take no more."""


class Install(Protocol):
    """Grants an account its access on its system's own page. Raises one of `refusals`, or KeyError."""

    def offered(self) -> Container[str]:
        """The accounts for which that can be done."""

    def begin(self, name: str, redirect: str) -> tuple[str, str]:
        """Where the person goes, and the cookie to keep until they come back to `redirect`."""

    def finish(self, name: str, query: Sequence[tuple[str, str]], cookie: str) -> None:
        """They came back with this query."""

    def check(self, name: str) -> Health:
        """What the account can do now."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """Injected once, in the process that serves.

    `accept(account, request)` raises `InvalidWebhook` when the request is not genuine, `Unsupported` when the system
    sends none, `KeyError(account)` when there is no such account, `ValueError` when the body cannot be read.

    `actions` are the names of what a person may do here (`hub/actions/registry.py`); a page hides the button of one
    that is absent. `perform(name, data)` does it, may return what it says itself, and raises `Wrong` when `data` is not
    what the action needs, or one of `refusals` with a letter when it cannot be done now.
    """

    database: Database
    accept: Callable[[str, WebhookRequest], Sequence[Any]]
    writer: Writer
    look: Callable[[], Mapping[str, str]] | None = None
    """Reads the accounts anew: the state of each, by name. Raises what the database raises."""
    keep: Callable[[list[Answered]], None] = lambda answered: None
    """Stores what webhooks were answered."""
    expected: Callable[[], Mapping[str, Expected]] = lambda: MappingProxyType({})
    """What each account's connector lets us expect of it."""
    answer: Callable[[str], Answer | None] = lambda account: None
    """What an account's system must hear when its webhook was taken; None: our own words will do."""
    connector: Callable[[str], str] = lambda account: "unknown"
    """The connector of an account: its README says what webhooks it takes."""
    actions: Container[str] = frozenset()
    perform: Callable[[str, Mapping[str, Any]], str | None] = lambda name, data: None
    refusals: tuple[type[Exception], ...] = (ValueError, LookupError)
    install: Install | None = None
    secret_key: bytes | None = None
    """Signs the console's cookies; without one a restart makes open forms ask to be loaded again."""
    zone: str = "UTC"
    """The time zone in which pages show time."""
    public_url: str = ""
    """The address under which other systems reach us, where a proxy stands before; some signatures cover it."""
    hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "[::1]"})
    """Names under which the console answers: another name on a loopback socket is somebody's rebound DNS."""
    largest_body: int = 10 * MIB
    """Bytes of a webhook that are read at most."""
    bodies: int = 32
    """Unfinished requests that one address may have."""
    sender_header: str = ""
    """The header (lower case) in which the reverse proxy says whose request it passes on; its last word counts."""
