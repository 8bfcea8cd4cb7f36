"""Inbox to returns: translate, observe, identify, merge, plan, in one transaction for a batch of objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from connectors.kit.versions import Kind
from hub.accounts import Account, Accounts
from hub.model.identity.names import own_name
from hub.model.language.sentences import sentence
from hub.model.merge.merger import merge_fragments
from hub.model.merge.outward import face
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import Observation
from hub.pipeline.process import provisional
from hub.pipeline.process.combine import combine, whole
from hub.pipeline.process.erased import Forgotten
from hub.pipeline.process.identify import Bound, identify
from hub.pipeline.process.privacy_requests import asked
from hub.pipeline.process.translate import Untranslatable, names_in, translate
from hub.pipeline.writes import awaited
from hub.store import accounts as account_store
from hub.store import inbox, intents, invalid, jobs, journal, observations, parcels, returns
from hub.store.database import Connection, Database, next_read_seq
from hub.store.jobs import Job
from hub.store.observations import Name, Stored

BUSY_AGAIN = 3.0
"""Seconds until a record that joins two returns is tried again while one of them is being written to."""


HANDFUL = 2_000_000
"""Bytes of records that are understood in one transaction: it must not stand still for long (store/database.py)."""


class _News(NamedTuple):
    job: Job
    stored: Stored


class Process:
    """The handler of `process` jobs."""

    def __init__(self, database: Database, accounts: Accounts, forgotten: Forgotten) -> None:
        self.database = database
        self.accounts = accounts
        self.forgotten = forgotten

    def __call__(self, batch: Sequence[Job]) -> None:
        whole(self.database, lambda conn: self._process(conn, batch))

    def _process(self, conn: Connection, batch: Sequence[Job]) -> None:
        held = jobs.fence(conn, batch)
        batch = [job for job in batch if job.id in held]
        if not batch:
            return
        waiting = inbox.rows(conn, batch)
        accounts = self.accounts.knowing({job.account for job in batch})
        batch, others = _handful(batch, waiting)
        for job in others:
            waiting.pop(job.id, None)
            jobs.reschedule(conn, job, 0.0, "large records come before it", attempt=False)
        messages = self.forgotten.clean(conn, accounts, waiting)
        names = {(row.account, row.stream, row.external_id) for mine in messages.values() for row in mine}
        current = observations.of_objects(conn, names)
        drawn = iter(_read_seqs(conn, messages))
        news: list[_News] = []
        consumed: list[tuple[Job, inbox.Row]] = []
        same: dict[Name, int] = {}
        reads: dict[Name, int] = {}
        again: set[tuple[str, str]] = set()
        refused: dict[int, invalid.Refused] = {}
        for job in batch:
            latest: Stored | None = None
            for row in messages.get(job.id, ()):
                at = row.read_seq if row.read_seq is not None else next(drawn)
                name = (row.account, row.stream, row.external_id)
                before = latest or current.get(name)
                try:
                    after = _observe(accounts, row, at, before)
                except Untranslatable as problem:
                    refused[row.id] = invalid.Refused(name, problem.errors, _named(accounts, row))
                    continue
                consumed.append((job, row._replace(read_seq=at)))
                if row.via != "push" or not _fetchable(accounts, row):
                    reads[name] = max(at, reads.get(name, 0))
                    if after is None:
                        same[name] = at
                if before is not None and _doubted(accounts, row, at, before):
                    again.add((row.account, job.key))
                latest = after or latest
            if latest is not None:
                news.append(_News(job, latest))
        bound = identify(conn, [entry.stored for entry in news], current)
        postponed = {news[index].job.id for index in bound.postponed}
        for index in bound.postponed:
            reads.pop(own_name(news[index].stored.observation), None)
        observations.save(conn, bound.news)
        observations.touch(conn, same)
        asked(conn, bound.news)
        invalid.keep(conn, refused)
        spoken = {name for one in refused.values() for name in one.names} | inbox.superseded(conn, reads)
        spoken |= {name for _, row in consumed for name in invalid.named(row.names)}
        invalid.outlived(conn, _versioned(accounts, bound.news))
        _archive(conn, [row for job, row in consumed if job.id not in postponed], current, bound)
        jobs.want(conn, "fetch", again)
        _enrich(conn, accounts, bound)
        because = _because(bound.news)
        for survivor, other in bound.linked:
            said = sentence("same_key", one=f"R{survivor}", other=f"R{other}")
            journal.write(conn, [journal.entry(survivor, None, "link", said)])
        bound.returns |= parcels.returns_of(conn, bound.parcels)
        ids = bound.returns | _read_back(conn, current, reads) | invalid.concerned(conn, spoken)
        heard = {own_name(r.observation): current.get(own_name(r.observation)) for r in bound.news}
        loud = bound.loud | _loud(conn, bound.news, heard)
        weighed = provisional.weigh(conn, accounts, loud, bound.news, bound.fresh)
        told = weighed.of(ids)
        why, loud_now = weighed.renumbered(because), weighed.of(loud)
        combine(conn, told, accounts, why, reads=reads, fresh=weighed.fresh, loud=loud_now)
        awaited.unreadable(conn, accounts, [(one.name, one.errors) for one in refused.values()])
        for job in batch:
            if job.id in postponed:
                jobs.reschedule(conn, job, BUSY_AGAIN, "joins two returns, one is being written to", attempt=False)
        jobs.finish(conn, [(job, job.wanted) for job in batch if job.id not in postponed])


def _handful(batch: Sequence[Job], rows: Mapping[int, Sequence[inbox.Row]]) -> tuple[list[Job], list[Job]]:
    """What is understood in one transaction, one job at least, and what is left to others."""
    taken: list[Job] = []
    size = 0
    for index, job in enumerate(batch):
        size += sum(len(row.body or b"") for row in rows.get(job.id, ()))
        if taken and size > HANDFUL:
            return taken, list(batch[index:])
        taken.append(job)
    return taken, []


def _archive(conn: Connection, done: Sequence[inbox.Row], current: Mapping[Name, Stored], bound: Bound) -> None:
    """What was understood goes into the archive, under its return where it has one."""
    known = {name: stored.return_id for name, stored in current.items()}
    known |= {own_name(record.observation): record.return_id for record in bound.news}
    of = {row.id: known.get((row.account, row.stream, row.external_id)) for row in done}
    inbox.consumed(conn, done, {row_id: return_id for row_id, return_id in of.items() if return_id is not None})
    account_store.heard(conn, {row.account for row in done})


def _read_seqs(conn: Connection, rows: Mapping[int, Sequence[inbox.Row]]) -> list[int]:
    """Pushes did not draw a read_seq when they left; they get one now, after every read that has begun."""
    without = sum(row.read_seq is None for mine in rows.values() for row in mine)
    return next_read_seq(conn, without) if without else []


def _observe(accounts: Mapping[str, Account], row: inbox.Row, at: int, before: Stored | None) -> Stored | None:
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


def _named(accounts: Mapping[str, Account], row: inbox.Row) -> Sequence[Name]:
    """Whose record this may be, although it cannot be read."""
    account = accounts.get(row.account)
    if account is None:
        return [(row.account, row.stream, row.external_id)]
    return names_in(account, row.stream, row.external_id, row.body or b"")


def _fetchable(accounts: Mapping[str, Account], row: inbox.Row) -> bool:
    account = accounts.get(row.account)
    return account is not None and row.stream in account.entry.capabilities.fetches


def _doubted(accounts: Mapping[str, Account], row: inbox.Row, at: int, before: Stored) -> bool:
    """A read that came in after one that left later, or that fell behind its own version, and a push that says
    something else than is known under an older version: nobody knows which saw the newer state. So it is read."""
    if not _fetchable(accounts, row):
        return False
    known, differs = before.observation, before.digest != observations.digest(row.body)
    if row.via == "push":
        return differs and _stale(accounts[row.account], row, known)
    if at < known.read_seq:
        return differs
    kind = _ordering(accounts[row.account], row.stream)
    return kind is not None and kind.before(row.version, known.version)


def _enrich(conn: Connection, accounts: Mapping[str, Account], bound: Bound) -> None:
    """A return names an order that its system did not tell of: ask for it (Content Enricher)."""
    told = {own_name(record.observation) for record in bound.news}
    wanted = [
        (account, jobs.object_key(stream, external_id))
        for account, stream, external_id in bound.heard_of - told
        if stream in accounts[account].entry.capabilities.fetches
    ]
    jobs.want(conn, "fetch", wanted)


def _stale(account: Account, row: inbox.Row, before: Observation) -> bool:
    """A push older than what we know. Versions reject nothing else: among reads they stand still, or fall back."""
    kind = _ordering(account, row.stream) if row.via == "push" else None
    return kind is not None and kind.outdated((row.version, row.at), (before.version, before.seen_at or row.at))


def _versioned(accounts: Mapping[str, Account], news: Iterable[Stored]) -> set[Name]:
    """Those whose versions tell which of two pushes is older."""
    seen = [record.observation for record in news]
    return {own_name(o) for o in seen if o.account in accounts and _ordering(accounts[o.account], o.stream)}


def _ordering(account: Account, name: str) -> Kind | None:
    """How versions of this stream compare, where they order."""
    manifest = account.entry.manifest
    stream = manifest.streams.get(name)
    return stream.kind(manifest.tz) if stream is not None and stream.version == "ordering" else None


def _loud(conn: Connection, news: Sequence[Stored], before: Mapping[Name, Stored | None]) -> set[int]:
    """The returns of which others may see something new."""
    told: set[int] = set()
    orders: set[int] = set()
    for record in news:
        old = before[own_name(record.observation)]
        same = old is not None and (old.return_id, old.order_id) == (record.return_id, record.order_id)
        if old is None or not same or face(old.observation) != face(record.observation):
            if record.return_id is not None:
                told.add(record.return_id)
            elif record.order_id is not None:
                orders.add(record.order_id)
    return told | {return_id for return_id, _ in returns.of_orders(conn, orders)}


def _because(news: Sequence[Stored]) -> dict[int, list[str]]:
    """Per return: the records that brought news of it."""
    because: dict[int, list[str]] = {}
    for record in news:
        if record.return_id is not None:
            o = record.observation
            because.setdefault(record.return_id, []).append(f"{o.account} {o.stream} {o.external_id}")
    return because


def _read_back(conn: Connection, current: Mapping[Name, Stored], reads: Iterable[Name]) -> set[int]:
    """Returns whose write was awaited, also where the read-back turned out to say what we knew already."""
    records = [current[name] for name in reads if name in current]
    ids = {record.return_id for record in records if record.return_id is not None}
    orders = {record.order_id for record in records if record.order_id is not None}
    ids |= {return_id for return_id, _ in returns.of_orders(conn, orders)}
    return intents.awaiting(conn, ids) if ids else set()
