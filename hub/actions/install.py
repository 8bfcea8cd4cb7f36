"""A person grants the hub access on the other system's page, and comes back with a code (OAuth 2).

What bindings the answer to the question: `state`, random and good once, and a sealed cookie with it in the browser that
began, for this account and for ten minutes.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping, Sequence

from connectors.kit import authorize
from connectors.kit.api import Connector, Health
from connectors.kit.errors import ConnectorError, InvalidWebhook
from hub.accounts import Account, Accounts
from hub.actions.people import NotNow
from hub.grants import StoredGrants
from hub.pipeline.remote import call
from hub.secrets import SecretsError, Vault
from hub.store import accounts as account_store
from hub.store import arrival, seen
from hub.store.database import Database

WITHIN = 600
"""Seconds in which the person has to come back."""


class Install:
    """Begins an installation and finishes it."""

    def __init__(self, database: Database, accounts: Accounts, vault: Vault) -> None:
        self.database = database
        self.accounts = accounts
        self.vault = vault

    def offered(self) -> frozenset[str]:
        """The accounts whose access is granted on a page."""
        return frozenset(name for name, account in self.accounts.all().items() if _offers(account))

    def begin(self, name: str, redirect: str) -> tuple[str, str]:
        """Where the person goes, and the cookie to keep meanwhile. Raises NotNow or KeyError."""
        account = self.accounts.get(name)
        if not _offers(account):
            raise NotNow("no_install", account=name)
        state = secrets.token_urlsafe(24)
        settings = account.connect([]).account.settings
        to = authorize.address(account.entry.manifest, settings, redirect=redirect, state=state, label=name)
        return to, self.vault.encrypt({"account": name, "state": state, "at": time.time()}).decode()

    def finish(self, name: str, query: Sequence[tuple[str, str]], cookie: str) -> None:
        """They came back: prove it, and keep what was granted. Raises NotNow or KeyError."""
        account, params = self.accounts.get(name), dict(query)
        self._begun_here(name, params.get("state", ""), cookie)
        connector = account.connect([])
        try:
            connector.granted(query)
        except InvalidWebhook as problem:
            raise NotNow("install_forged", why=str(problem)) from problem
        if "code" not in params:
            raise NotNow(
                "install_denied", account=name, why=params.get("error_description") or params.get("error", "?")
            )
        self._exchange(account, connector, params["code"])
        with self.database.begin() as conn:
            account_store.resume(conn, name)
        self.accounts.forget()

    def check(self, name: str) -> Health:
        """What the account can do now. Raises KeyError."""
        outcome = call(self.accounts.get(name), lambda connector: connector.check())
        return outcome.value or Health(ok=False, problems=(str(outcome.error),))

    def _begun_here(self, name: str, state: str, cookie: str) -> None:
        try:
            begun: Mapping[str, object] = self.vault.decrypt(cookie.encode())
        except SecretsError:
            begun = {}
        ours = hmac.compare_digest(str(begun.get("state", "")).encode(), state.encode()) and bool(state)
        age = time.time() - float(str(begun.get("at", 0)))
        if not ours or begun.get("account") != name or age > WITHIN:
            raise NotNow("install_stale")
        with self.database.begin() as conn:
            if not seen.take(conn, name, arrival.digest(b"install", state)):
                raise NotNow("install_stale")

    def _exchange(self, account: Account, connector: Connector, code: str) -> None:
        grants = StoredGrants(self.database, self.vault, account.name)
        try:
            authorize.exchange(account.entry.manifest, connector.account.settings, code, grants, account.name)
        except ConnectorError as problem:
            account.mask.also([code]).error(problem)
            raise NotNow("install_refused", account=account.name, why=str(problem)) from problem


def _offers(account: Account) -> bool:
    manifest = account.entry.manifest
    return "authorize" in manifest.auth and authorize.offered(manifest, account.connect([]).account.settings)
