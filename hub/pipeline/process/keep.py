"""What was understood is stored, what was not waits with its reason, and what is missing is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hub.accounts import Account
from hub.model.identity.names import own_name
from hub.model.language.sentences import sentence
from hub.model.schema.bindings import Name
from hub.pipeline.process.batch import Batch
from hub.pipeline.process.observe import ordering
from hub.pipeline.process.privacy_requests import asked
from hub.store import accounts as account_store
from hub.store import inbox, invalid, jobs, journal, observations
from hub.store.database import Connection
from hub.store.observations import Stored


def keep(conn: Connection, batch: Batch) -> Batch:
    """Observations, questions about persons, invalid messages, the archive, and which returns were joined."""
    observed, bound = batch.observed, batch.bound
    observations.save(conn, bound.news)
    observations.touch(conn, observed.repeated)
    asked(conn, bound.news)
    invalid.keep(conn, observed.refused)
    unclear = {name for one in observed.refused.values() for name in one.names}
    unclear |= inbox.superseded(conn, observed.reads)
    unclear |= {name for _, row in observed.understood for name in invalid.named(row.names)}
    invalid.outlived(conn, _versioned(batch.accounts, bound.news))
    _archive(conn, batch)
    for survivor, other in bound.linked:
        said = sentence("same_key", one=f"R{survivor}", other=f"R{other}")
        journal.write(conn, [journal.entry(survivor, None, "link", said)])
    return replace(batch, unclear=unclear)


def fetch(conn: Connection, batch: Batch) -> Batch:
    """Records to be read again, and orders that a record names and nobody told of (Content Enricher)."""
    jobs.want(conn, "fetch", batch.observed.unsure)
    brought = {own_name(record.observation) for record in batch.bound.news}
    wanted = [
        (account, jobs.object_key(stream, external_id))
        for account, stream, external_id in batch.bound.heard_of - brought
        if stream in batch.accounts[account].entry.capabilities.fetches
    ]
    jobs.want(conn, "fetch", wanted)
    return batch


def _archive(conn: Connection, batch: Batch) -> None:
    """What was understood goes into the archive, under its return where it has one."""
    postponed = batch.postponed
    done = [row for job, row in batch.observed.understood if job.id not in postponed]
    known = {name: stored.return_id for name, stored in batch.observed.before.items()}
    known |= {own_name(record.observation): record.return_id for record in batch.bound.news}
    inbox.consumed(conn, done, {row.id: return_id for row in done if (return_id := known.get(row.name)) is not None})
    account_store.heard(conn, {row.account for row in done})


def _versioned(accounts: Mapping[str, Account], news: Iterable[Stored]) -> set[Name]:
    """Those whose versions tell which of two pushes is older."""
    seen = [record.observation for record in news]
    return {own_name(o) for o in seen if o.account in accounts and ordering(accounts[o.account], o.stream)}
