"""What was erased stays erased: a record about a person whose data is gone is masked before it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from connectors.kit import places
from connectors.kit.manifest_parts import Stream
from hub.accounts import Account
from hub.model.personal import Name, names
from hub.secrets import Vault
from hub.store import inbox, personal
from hub.store.database import Connection
from hub.store.observations import Name as Object

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Forgotten:
    """Whose data was erased, known by keyed digests alone."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    def remember(self, conn: Connection, people: Iterable[Name] = (), objects: Iterable[Object] = ()) -> None:
        """From now on what these people's records and these objects say of a person is masked."""
        texts = [*map(_person, people), *map(_object, objects)]
        personal.remember(conn, (self.vault.digests(text)[0] for text in texts))

    def clean(
        self, conn: Connection, accounts: Mapping[str, Account], rows: Mapping[int, list[inbox.Row]]
    ) -> Mapping[int, list[inbox.Row]]:
        """These messages, masked where they are about somebody who was erased; so they stand in the inbox, too.

        Where nobody ever was, this is one question for the whole batch.
        """
        if not rows or not personal.anything_erased(conn):
            return rows
        digests = {row.id: set(self._digests(accounts, row)) for mine in rows.values() for row in mine}
        erased = personal.remembered(conn, (digest for mine in digests.values() for digest in mine))
        if not erased:
            return rows
        masked = {
            row.id: row._replace(body=without(stream_of(accounts, row.account, row.stream), row.body))
            for mine in rows.values()
            for row in mine
            if digests[row.id] & erased
        }
        personal.rewrite(conn, "inbox", [(row.id, row.body) for row in masked.values()])
        return {lane: [masked.get(row.id, row) for row in mine] for lane, mine in rows.items()}

    def _digests(self, accounts: Mapping[str, Account], row: inbox.Row) -> Iterator[bytes]:
        yield from self.vault.digests(_object((row.account, row.stream, row.external_id)))
        stream = stream_of(accounts, row.account, row.stream)
        for name in people(row.account, stream, row.body):
            yield from self.vault.digests(_person(name))


def stream_of(accounts: Mapping[str, Account], account: str, stream: str) -> Stream | None:
    """What the manifest says of a stream; None where the account or the stream is gone."""
    known = accounts.get(account)
    return None if known is None else known.entry.manifest.streams.get(stream)


def people(account: str, stream: Stream | None, body: bytes | None) -> set[Name]:
    """Everybody whom a record is about."""
    record = _record(body) if stream is not None and stream.customer else None
    if stream is None or record is None:
        return set()
    return {
        name
        for place in stream.customer
        for value in places.values(record, [place])
        for name in names(account, place, value)
    }


def said(stream: Stream | None, body: bytes | None) -> set[str]:
    """What a record says of a person."""
    record = _record(body) if stream is not None and stream.personal else None
    return set() if stream is None or record is None else set(places.values(record, stream.personal))


def without(stream: Stream | None, body: bytes | None) -> bytes | None:
    """A body without its person; None where nobody can say any more what in it is about one."""
    record = _record(body)
    if stream is None or record is None:
        return None
    return body if not stream.personal else _encode(places.masked(record, stream.personal))


def _record(body: bytes | None) -> Any:
    try:
        return _decode(body or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _person(name: Name) -> str:
    return f"{name.kind}\x1f{name.text}"


def _object(name: Sequence[str]) -> str:
    return "\x1f".join(("object", *name))
