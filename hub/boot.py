"""The application is put together here and nowhere else; web, scheduler, command line and actions are given `Hub`."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from connectors.kit import registry
from connectors.kit.api import Connector, Login, WebhookRequest
from connectors.kit.attempt import Attempt
from hub import configured
from hub.accounts import Account, Accounts, Watch, assemble, expected
from hub.actions.answering import Answering
from hub.actions.dead_letters import DeadLetters
from hub.actions.install import Install
from hub.actions.people import People
from hub.actions.privacy import Privacy
from hub.actions.reconcile import Reconcile
from hub.actions.registry import perform
from hub.grants import StoredGrants
from hub.model.concerns import Expected
from hub.model.language.spelling import OrderNumbers
from hub.pipeline.deliver.deliver import Deliver
from hub.pipeline.intake.accept import accept
from hub.pipeline.intake.poll import Fetch, Poll
from hub.pipeline.process.erased import Forgotten
from hub.pipeline.process.recompute import Recompute
from hub.pipeline.process.stages import Process
from hub.postgres import Server, kept
from hub.secrets import Vault
from hub.settings import Settings
from hub.store import accounts as account_store
from hub.store import budgets
from hub.store.arrival import Arrival
from hub.store.budgets import Priority
from hub.store.database import Database, check, upgrade
from hub.store.wake import Bell
from hub.store.writer import Writer
from hub.unsent import unsent
from mappings.engine import Mapping as Dictionary

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Hub:
    """The application, ready to work; what each part of it does is in the part."""

    settings: Settings
    database: Database
    vault: Vault
    accounts: Accounts
    watch: Watch
    writer: Writer
    process: Process
    recompute: Recompute
    poll: Poll
    fetch: Fetch
    deliver: Deliver
    people: People
    dead_letters: DeadLetters
    answering: Answering
    privacy: Privacy
    install: Install
    reconcile: Reconcile

    def accept(self, account: str, request: WebhookRequest) -> list[Arrival]:
        """What a webhook brought. Raises InvalidWebhook, Unsupported, KeyError(account) or ValueError."""
        return accept(self.accounts, account, request)

    def perform(self, name: str, data: Any, who: str) -> str | None:
        """What a person does; see `hub.actions.registry.perform`."""
        return perform(self, name, data, who)

    def expected(self) -> dict[str, Expected]:
        """What each account's connector lets us expect of it."""
        return expected(self.accounts.all())

    @property
    def handlers(self) -> Mapping[str, Callable[..., None]]:
        """Which stage works off which kind of job."""
        return {
            "process": self.process,
            "recompute": self.recompute,
            "poll": self.poll,
            "fetch": self.fetch,
            "deliver": self.deliver,
        }

    @property
    def leases(self) -> Mapping[str, float]:
        """For how many seconds a job of each kind is its worker's; a poll renews its own with every page."""
        remote = {"poll": self.poll.lease, "fetch": self.fetch.lease, "deliver": self.deliver.lease}
        return {"process": self.settings.lease, "recompute": self.settings.lease, **remote}


@contextmanager
def hub(settings: Settings, progress: Progress = lambda text: None, *, stays: bool = False) -> Iterator[Hub]:
    """Start what is needed and take it down again; the database is upgraded first.

    `stays`: for a process that does not end by itself; our own database server is started again where it ends.
    """
    with database_url(settings, progress, stays=stays) as url:
        upgrade(url, progress)
        database = Database(url)
        try:
            with database.begin() as conn:
                check(conn)
            ready = assemble_hub(settings, database)
            settle_memory()
            yield ready
        finally:
            registry.close()
            database.close()


def settle_memory() -> None:
    """What was made until now stays: Python's cycle collector need not walk it again with every batch of records."""
    gc.collect()
    gc.freeze()


@contextmanager
def database_url(settings: Settings, progress: Progress = lambda text: None, *, stays: bool = False) -> Iterator[str]:
    """The database to work on: the configured one, else our own server for as long as somebody needs it."""
    if settings.database_url:
        yield settings.database_url
        return
    server = Server(settings.data / "postgres", progress=progress)
    with server.hold() as url, kept(server, progress) if stays else nullcontext():
        yield url


def assemble_hub(settings: Settings, database: Database) -> Hub:
    """The parts on an existing database (tests begin here)."""
    vault = Vault.open(settings)
    accounts = Accounts(lambda: read_accounts(database, vault))
    forgotten = Forgotten(vault)
    people = People(database, accounts)
    return Hub(
        settings=settings,
        database=database,
        vault=vault,
        accounts=accounts,
        watch=Watch(database, accounts),
        writer=Writer(database, committed=Bell(database).ring),
        process=Process(database, accounts, forgotten),
        recompute=Recompute(database, accounts),
        poll=Poll(database, accounts, lease=2 * settings.lease),
        fetch=Fetch(database, accounts, lease=settings.lease),
        deliver=Deliver(database, accounts, lease=settings.lease),
        people=people,
        dead_letters=DeadLetters(database, accounts),
        answering=Answering(people),
        privacy=Privacy(database, accounts, forgotten),
        install=Install(database, accounts, vault),
        reconcile=Reconcile(database, accounts),
    )


def read_accounts(database: Database, vault: Vault) -> dict[str, Account]:
    """All accounts with their connectors and dictionaries, as the database knows them."""
    with database.begin() as conn:
        rows, stamps = account_store.all_(conn), account_store.stamps(conn)
    numbers = {row.name: OrderNumbers(**row.terms["order_numbers"]) for row in rows if "order_numbers" in row.terms}
    made = {row.name: _account(row, vault, database, stamps.get(row.name)) for row in rows}
    return {name: replace(account, numbers=numbers) for name, account in made.items()}


def _account(row: account_store.AccountRow, vault: Vault, database: Database, stamp: str | None) -> Account:
    entry = registry.load(row.connector).paced(configured.budget(row.terms))
    secrets: Mapping[str, Any] = vault.decrypt(row.secrets) if row.secrets else {}
    grants = StoredGrants(database, vault, row.name)

    def checks(number: str) -> list[str]:
        return vault.checks(f"{row.name}\x1f{number}")

    def connect(
        login: Login,
        wire: list[dict[str, Any]] | None,
        until: float | None,
        priority: Priority,
        attempt: Attempt | None,
    ) -> Connector:
        attempt = attempt or Attempt()
        budget = _budget(database, row.name, entry, priority, attempt)
        return entry.connect(login, wire=wire, grants=grants, budget=budget, until=until, attempt=attempt)

    dictionary = _dictionary(row, entry)
    return assemble(row.name, entry, dictionary, row.settings, secrets, row.terms, row.state, connect, stamp, checks)


def _budget(
    database: Database, account: str, entry: registry.Entry, priority: Priority, attempt: Attempt
) -> Callable[[str], float]:
    """Takes one request from a bucket that all workers share; seconds to wait where it is empty."""
    buckets = entry.manifest.budgets

    def take(bucket: str) -> float:
        if bucket not in buckets:
            return 0.0
        limit, must = buckets[bucket], attempt.changed
        with unsent(account), database.begin() as conn:
            return budgets.take(conn, account, bucket, 1, limit.rate, limit.burst, priority, must=must)

    return take


def _dictionary(row: account_store.AccountRow, entry: registry.Entry) -> Dictionary:
    """The system's dictionary, or the account's own, which extends it."""
    own = entry.mapping.with_name(f"{row.mapping}.yaml")
    return dictionary(entry.mapping if row.mapping == entry.name else own)


@cache
def dictionary(file: Path) -> Dictionary:
    """A dictionary, compiled once."""
    return Dictionary.load(file)
