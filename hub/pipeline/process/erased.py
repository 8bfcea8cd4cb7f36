"""What was erased stays erased: a record about a person whose data is gone is masked before it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectors.kit import places
from connectors.kit.manifest_parts import Stream
from hub.accounts import Account
from hub.model.privacy.erasing import Eraser, addresses, may_hold
from hub.model.privacy.personal import MASK, PersonName, names, spoken
from hub.model.privacy.phones import Phone
from hub.model.schema.bindings import Name as Object
from hub.pipeline.process import masking
from hub.secrets import Vault
from hub.store import inbox, personal
from hub.store.database import Connection


class Forgotten:
    """Whose data was erased, known by keyed digests alone."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    def remember(self, conn: Connection, people: Iterable[PersonName] = (), objects: Iterable[Object] = ()) -> None:
        """From now on what these people's records and these objects say of a person is masked."""
        texts = [*map(_person, people), *map(_object, objects)]
        personal.remember(conn, (self.vault.digests(text)[0] for text in texts))

    def tokens(self, mails: Iterable[str]) -> dict[str, str]:
        """What stands where these e-mail addresses stood: the same for the same address, so that names stay apart."""
        return {mail: f"{MASK}{self.vault.digests(_person(PersonName('mail', mail)))[0].hex()[:8]}" for mail in mails}

    def clean(
        self, conn: Connection, accounts: Mapping[str, Account], rows: Mapping[int, list[inbox.InboxRow]]
    ) -> Mapping[int, list[inbox.InboxRow]]:
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
            row.id: self._masked(accounts, row, erased)
            for mine in rows.values()
            for row in mine
            if digests[row.id] & erased
        }
        personal.rewrite(conn, "inbox", [(row.id, row.body) for row in masked.values()])
        personal.rename(conn, {row.id: row.external_id for row in masked.values()})
        return {job: [masked.get(row.id, row) for row in mine] for job, mine in rows.items()}

    def _masked(self, accounts: Mapping[str, Account], row: inbox.InboxRow, erased: set[bytes]) -> inbox.InboxRow:
        """A message without the addresses that were erased; without its whole person where it is about one of those."""
        stream = stream_of(accounts, row.account, row.stream)
        about = {
            _object(row.name),
            *map(_person, people(row.account, stream, row.body)),
        }
        text = _text(row)
        gone = [mail for mail in addresses(text) if erased.intersection(self._of_mail(mail))]
        eraser = Eraser(self.tokens(gone), personal_texts(stream, row.body))
        if erased.isdisjoint(digest for text in about for digest in self.vault.digests(text)):
            body = masking.mention(row.body, eraser)
        else:
            account = accounts.get(row.account)
            body = None if account is None else masking.body(account, row.stream, stream, row.body, eraser)
        return row._replace(body=body, external_id=eraser.address(row.external_id))

    def _digests(self, accounts: Mapping[str, Account], row: inbox.InboxRow) -> Iterator[bytes]:
        yield from self.vault.digests(_object(row.name))
        stream = stream_of(accounts, row.account, row.stream)
        for name in people(row.account, stream, row.body):
            yield from self.vault.digests(_person(name))
        text = _text(row)
        for mail in addresses(text) if may_hold(text) else ():
            yield from self._of_mail(mail)

    def _of_mail(self, mail: str) -> Iterator[bytes]:
        """Whoever has it was erased, or it goes as one of somebody who was."""
        for kind in ("mail", "address"):
            yield from self.vault.digests(_person(PersonName(kind, mail)))


def _text(row: inbox.InboxRow) -> str:
    """All that a message says, and how it is called."""
    return f"{row.external_id} {(row.body or b'').decode('utf-8', 'surrogateescape')}"


def stream_of(accounts: Mapping[str, Account], account: str, stream: str) -> Stream | None:
    """What the manifest says of a stream; None where the account or the stream is gone."""
    known = accounts.get(account)
    return None if known is None else known.entry.manifest.streams.get(stream)


def people(account: str, stream: Stream | None, body: bytes | None) -> set[PersonName]:
    """Everybody whom a record is about."""
    return {name for place, value in _customer(stream, body) for name in names(account, place, value)}


def numbers(stream: Stream | None, body: bytes | None) -> set[Phone]:
    """Their telephone numbers."""
    return {phone for place, value in _customer(stream, body) if (phone := spoken(place, value)) is not None}


def _customer(stream: Stream | None, body: bytes | None) -> Iterator[tuple[str, str]]:
    """What stands at each of a customer's places."""
    record = masking.record(body) if stream is not None and stream.customer else None
    for place in stream.customer if stream is not None and record is not None else ():
        for value in places.values(record, [place]):
            yield place, value


def personal_texts(stream: Stream | None, body: bytes | None) -> set[str]:
    """What a record says of a person."""
    record = masking.record(body) if stream is not None and stream.personal else None
    return set() if stream is None or record is None else set(places.values(record, stream.personal))


def _person(name: PersonName) -> str:
    return f"{name.kind}\x1f{name.text}"


def _object(name: Sequence[str]) -> str:
    return "\x1f".join(("object", *name))
