"""Tokens that accounts obtained, encrypted in the database, for all processes (the kit's `Grants`)."""

from __future__ import annotations

import msgspec

from connectors.kit.oauth import Grant
from hub.secrets import Vault
from hub.store import accounts
from hub.store.database import Database
from hub.unsent import unsent

msgspec.convert({}, Grant)  # prepared at import: see hub/README.md


class StoredGrants:
    """One account's grant; swapping is a compare-and-set, so two refreshes never destroy each other."""

    def __init__(self, database: Database, vault: Vault, account: str) -> None:
        self._database = database
        self._vault = vault
        self._account = account

    def read(self) -> Grant | None:
        """The grant as it stands now."""
        with unsent(self._account):
            return self._open(self._stored())

    def swap(self, old: Grant | None, new: Grant) -> bool:
        """Store `new` if the stored grant still is `old`; False when somebody was faster."""
        with unsent(self._account):
            stored = self._stored()
            if self._open(stored) != old:
                return False
            sealed = self._vault.encrypt(msgspec.to_builtins(new))
            with self._database.begin() as conn:
                return accounts.grant(conn, self._account, sealed, instead_of=stored)

    def _stored(self) -> bytes | None:
        with self._database.begin() as conn:
            row = accounts.get(conn, self._account)
        return None if row is None else row.grants

    def _open(self, sealed: bytes | None) -> Grant | None:
        return None if sealed is None else msgspec.convert(self._vault.decrypt(sealed), Grant)
