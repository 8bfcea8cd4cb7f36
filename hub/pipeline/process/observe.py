"""The newest that each object says, in our words; or why that cannot be understood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from connectors.kit.versions import Kind
from hub.accounts import Account
from hub.model.merge.fragments import merge_fragments
from hub.model.schema.bindings import Name
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import Observation
from hub.pipeline.process.batch import Batch, Newest, Observed
from hub.pipeline.process.translate import Untranslatable, names_in, translate
from hub.store import inbox, invalid, observations
from hub.store.database import Connection, next_read_seq
from hub.store.jobs import Job
from hub.store.observations import Stored


def observe(conn: Connection, batch: Batch) -> Batch:
    """Translate every message, and keep the newest of each object."""
    rows = [row for job in batch.jobs for row in batch.messages.get(job.id, ())]
    observed = Observed(before=observations.of_objects(conn, {row.name for row in rows}))
    read_seqs = _read_seqs(conn, rows)
    for job in batch.jobs:
        newest: Stored | None = None
        for row in batch.messages.get(job.id, ()):
            newest = _understand(batch.accounts, job, row, next(read_seqs), newest, observed) or newest
        if newest is not None:
            observed.news.append(Newest(job, newest))
    return replace(batch, observed=observed)


def _understand(
    accounts: Mapping[str, Account], job: Job, row: inbox.InboxRow, at: int, newest: Stored | None, observed: Observed
) -> Stored | None:
    """One message; the object's newest observation, where it says something new."""
    before = newest or observed.before.get(row.name)
    try:
        after = observation(accounts, row, at, before)
    except Untranslatable as problem:
        observed.refused[row.id] = invalid.RefusedMessage(row.name, problem.errors, _named(accounts, row))
        return None
    observed.understood.append((job, row._replace(read_seq=at)))
    if row.via != "push" or not _fetchable(accounts, row):
        observed.reads[row.name] = max(at, observed.reads.get(row.name, 0))
        if after is None:
            observed.repeated[row.name] = at
    if before is not None and _is_unsure(accounts, row, at, before):
        observed.unsure.add((row.account, job.key))
    return after


def _read_seqs(conn: Connection, rows: Sequence[inbox.InboxRow]) -> Iterator[int]:
    """Of each message. Pushes did not draw one when they left; they get it now, after every read that has begun."""
    without = sum(row.read_seq is None for row in rows)
    drawn = iter(next_read_seq(conn, without) if without else ())
    return (next(drawn) if row.read_seq is None else row.read_seq for row in rows)


def observation(accounts: Mapping[str, Account], row: inbox.InboxRow, at: int, before: Stored | None) -> Stored | None:
    """The object's newest observation, or None where this row says nothing new. Raises Untranslatable."""
    digest = observations.digest(row.body)
    if before is not None and before.digest == digest and before.observation.gone == row.deleted:
        return None
    account = accounts.get(row.account)
    if account is None:
        raise Untranslatable.account(row.account)
    if before is not None and _stale(account, row, before.observation):
        return None
    if row.deleted:
        fragment = before.observation.fragment if before is not None else Fragment()
    else:
        fragment = translate(account, row.stream, row.body or b"")
    new = Observation(
        account=row.account,
        stream=row.stream,
        external_id=row.external_id,
        fragment=fragment,
        read_seq=at,
        version=row.version,
        seen_at=row.at,
        mapping=account.dictionary.version,
        gone=row.deleted,
    )
    united = merge_fragments(before.observation if before is not None else None, new)
    if united is None:
        return None
    if before is None:
        return Stored(united, digest, None, None)
    # The digest is that of the newest body, so that its coming back later is news.
    newest = digest if united.read_seq == at else before.digest
    return Stored(united, newest, before.return_id, before.order_id)


def _named(accounts: Mapping[str, Account], row: inbox.InboxRow) -> Sequence[Name]:
    """Whose record this may be, although it cannot be read."""
    account = accounts.get(row.account)
    if account is None:
        return [row.name]
    return names_in(account, row.stream, row.external_id, row.body or b"")


def _fetchable(accounts: Mapping[str, Account], row: inbox.InboxRow) -> bool:
    account = accounts.get(row.account)
    return account is not None and row.stream in account.entry.capabilities.fetches


def _is_unsure(accounts: Mapping[str, Account], row: inbox.InboxRow, at: int, before: Stored) -> bool:
    """A read that came in after one that left later, or that fell behind its own version, and a push that says
    something else than is known under an older version: nobody knows which saw the newer state. So it is read."""
    if not _fetchable(accounts, row):
        return False
    known, differs = before.observation, before.digest != observations.digest(row.body)
    if row.via == "push":
        return differs and _stale(accounts[row.account], row, known)
    if at < known.read_seq:
        return differs
    kind = ordering(accounts[row.account], row.stream)
    return kind is not None and kind.before(row.version, known.version)


def _stale(account: Account, row: inbox.InboxRow, before: Observation) -> bool:
    """A push older than what we know. Versions reject nothing else: among reads they stand still, or fall back."""
    kind = ordering(account, row.stream) if row.via == "push" else None
    return kind is not None and kind.outdated((row.version, row.at), (before.version, before.seen_at or row.at))


def ordering(account: Account, name: str) -> Kind | None:
    """How versions of this stream compare, where they order."""
    manifest = account.entry.manifest
    stream = manifest.streams.get(name)
    return stream.kind(manifest.tz) if stream is not None and stream.version == "ordering" else None
