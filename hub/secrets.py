"""Accounts' secrets at rest: encrypted in the database, the key in a file of its own."""

from __future__ import annotations

from base64 import b32encode, urlsafe_b64decode
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hub import folders
from hub.settings import Settings, SettingsError


class SecretsError(SettingsError):
    """The key, or what was encrypted with it, cannot be used; the text says what to do."""


class Vault:
    """Encrypts with the first key and decrypts with any: to rotate, put a new key above the old ones.

    An old key can go once every secret has been saved again; where a person's data was erased under it, it stays:
    without it nobody could tell whose that was, and the data would come back.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._plain = [urlsafe_b64decode(key) for key in keys]

    @classmethod
    def open(cls, settings: Settings) -> Vault:
        """The vault of this hub. A key file of our own is made once; a named one must be there."""
        if settings.secret_key_file:
            return cls(_keys(settings.secret_key_file))
        path = folders.make(settings.data) / "secret.key"
        if not path.exists():
            folders.write_once(path, Fernet.generate_key().decode() + "\n")
        return cls(_keys(path))

    def encrypt(self, value: Any) -> bytes:
        """A JSON value as an encrypted, authenticated text (a Fernet token)."""
        return self._fernet.encrypt(msgspec.json.encode(value))

    def digests(self, text: str) -> list[bytes]:
        """What `text` can be known by without being kept: 16 bytes under each key, the newest first."""
        return [blake2b(text.encode(), digest_size=16, key=key, person=b"erased").digest() for key in self._plain]

    def checks(self, text: str) -> list[str]:
        """What shows that `text` was written by this hub: six letters and digits under each key, the newest first."""
        made = (blake2b(text.encode(), digest_size=4, key=key, person=b"mark").digest() for key in self._plain)
        return [b32encode(digest).decode().lower()[:6] for digest in made]

    def decrypt(self, token: bytes) -> Any:
        """The value again. Raises SecretsError if no key fits or a byte was changed."""
        try:
            return msgspec.json.decode(self._fernet.decrypt(token))
        except InvalidToken:
            raise SecretsError(
                "A stored secret was encrypted with a key this hub does not have, or it was changed in the database."
                " Put the old key back (a line of its own in the file that HUB_SECRET_KEY_FILE names, else secret.key"
                " in HUB_DATA). If the key is lost, enter the account's secrets again: hub accounts apply."
            ) from None


def _keys(path: Path) -> list[str]:
    try:
        mode = path.stat().st_mode
        keys = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as problem:
        raise SecretsError(
            f"The key file {path} cannot be read ({problem}). HUB_SECRET_KEY_FILE must name a file that exists;"
            f" a new key: {_NEW_KEY}"
        ) from None
    if mode & 0o077:
        raise SecretsError(
            f"The key file {path} can be read by other users of this machine (mode {mode & 0o777:o}), so it keeps no"
            f" secret. Close it:  chmod 600 {path}"
        )
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        keys = []
    if not keys:
        raise SecretsError(
            f"The key file {path} holds no usable key. It should have one key per line, newest first, each 32 bytes in"
            f" URL-safe base64; a new key: {_NEW_KEY}"
        )
    return keys


_NEW_KEY = 'python3 -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
