"""One message on its way into the inbox, checked for what the database could not store."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from hub.model.language.sentences import sentence
from hub.model.schema import misread
from hub.store import documents, jobs

LONGEST = 512
"""Characters of an external id; more is not an id."""


class Arrival(NamedTuple):
    """One message on its way in. Make it with `of` or `changed`: they check what the database could not store."""

    account: str
    stream: str
    external_id: str
    via: str
    notification: bool
    body: bytes | None
    version: str | None
    deleted: bool
    read_seq: int | None
    dedupe: bytes | None
    error: str | None = None
    """Why it cannot even be read, as JSON: invalid from the beginning. With `notification` it is fetched again."""

    @classmethod
    def of(
        cls,
        *,
        account: str,
        stream: str,
        external_id: str,
        via: str,
        body: bytes,
        version: str | None = None,
        deleted: bool = False,
        read_seq: int | None = None,
        delivery_id: str | None = None,
        moves: bool = False,
    ) -> Arrival:
        """A record with its body. `moves`: its version changes with every change, so the same again is no news.

        Only a push is ever a duplicate: by its delivery id, or by content and version where that moves. What was read
        never is, since the state of an object may come back (approved, draft, approved). Raises ValueError.
        """
        dedupe = None
        if via == "push" and delivery_id:
            dedupe = digest(b"delivery", stream, external_id, delivery_id)
        elif via == "push" and moves and version is not None:
            dedupe = digest(b"content", stream, external_id, version, body, b"gone" if deleted else b"")
        _storable(stream=stream, external_id=external_id, version=version or "")
        return cls(account, stream, external_id, via, False, body, version, deleted, read_seq, dedupe)

    @classmethod
    def changed(cls, account: str, stream: str, external_id: str) -> Arrival:
        """A change notification: the record has to be fetched. It is never a duplicate. Raises ValueError."""
        _storable(stream=stream, external_id=external_id)
        return cls(account, stream, external_id, "push", True, None, None, False, None, None)

    @classmethod
    def unreadable(
        cls,
        account: str,
        stream: str,
        external_id: str,
        via: str,
        error: str,
        *,
        body: bytes = b"",
        read_seq: int | None = None,
        fetch: bool = False,
    ) -> Arrival:
        """A record that alone could not be read. One that does not say which it is gets a name by its content."""
        try:
            _storable(external_id=external_id)
            known = True
        except ValueError as problem:
            error, known = (f"{error} ({problem})" if external_id else error), False
        name = external_id if known else f"?{digest(body, external_id.encode(errors='replace')).hex()}"
        what_now = sentence("read_again") if fetch and known else sentence("mend_there")
        text = documents.text([misread.error(error.replace("\0", ""), what_now)])
        return cls(account, stream, name, via, fetch and known, body, None, False, read_seq, None, text)

    @property
    def job(self) -> tuple[str, str]:
        """The job in which it is read: account and key."""
        return self.account, jobs.object_key(self.stream, self.external_id)

    @property
    def size(self) -> int:
        """Bytes it takes in memory, roughly."""
        return 200 + len(self.body or b"")


def digest(*parts: str | bytes) -> bytes:
    """What tells two messages apart. Each part is preceded by its length: ("a", "bc") is not ("ab", "c")."""
    mixed = blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        mixed.update(len(data).to_bytes(8))
        mixed.update(data)
    return mixed.digest()


def _storable(**texts: str) -> None:
    for name, text in texts.items():
        if not text and name != "version":
            raise ValueError(f"{name} is empty: a record without it cannot be told from others")
        if len(text) > LONGEST:
            raise ValueError(f"{name} has {len(text)} characters, more than {LONGEST}: that is no {name}")
        if "\0" in text or (not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)):
            raise ValueError(f"{name} {text[:40]!a} holds a character that is no text (NUL or half a surrogate pair)")
