"""Reading: what changed since the cursor (Polling Consumer), and single records (Content Enricher)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from connectors.kit.alone import concerns_one, explained
from connectors.kit.api import Page, Unreadable
from hub.accounts import Account, Accounts
from hub.model.schema.observation import HUB
from hub.pipeline.intake.accept import arrivals
from hub.pipeline.remote import DEADLINE, call, note, postpone
from hub.store import cursors, inbox, invalid, jobs
from hub.store.arrival import Arrival
from hub.store.database import Connection, Database, next_read_seq
from hub.store.jobs import Job

ALONE_AGAIN = 60.0
"""Seconds until a record that alone could not be read is read once more by itself."""


class Poll:
    """The handler of `poll` jobs: key is the stream. A page and its cursor commit together, and renew the lease."""

    def __init__(self, database: Database, accounts: Accounts, *, lease: float) -> None:
        self.database = database
        self.accounts = accounts
        self.lease = lease

    def __call__(self, batch: Sequence[Job]) -> None:
        for job in batch:
            self._poll(job, self.accounts.get(job.account))

    def _poll(self, job: Job, account: Account) -> None:
        stream = job.key
        with self.database.begin() as conn:
            cursor = cursors.get(conn, account.name, stream)
        pages = call(account, lambda connector: iter(connector.poll(stream, cursor)), None, "poll")
        while True:
            # The read_seq is drawn before the page's request leaves: what is read later is newer.
            with self.database.begin() as conn:
                (drawn,) = next_read_seq(conn)
            page = pages
            if pages.value is not None:
                page = call(account, lambda _: next(pages.value, None))  # type: ignore[arg-type]
                page.wire, pages.wire[:] = list(pages.wire), []
            if not self.database.run(lambda conn, page=page, drawn=drawn: self._keep(conn, job, account, page, drawn)):  # type: ignore[misc]
                return

    def _keep(self, conn, job, account, page, drawn) -> bool:  # type: ignore[no-untyped-def]
        """Commit one page; True when there may be another."""
        if job.id not in jobs.fence(conn, [job]):
            return False
        if page.error is not None:
            note(conn, account, f"poll {job.key}", page)
            postpone(conn, job, page.error)
            return False
        if page.value is None:
            note(conn, account, f"poll {job.key}", page)
            jobs.finish(conn, [(job, job.wanted)])
            return False
        content: Page = page.value
        came = arrivals(account, content.messages, "poll", drawn)
        inbox.accept(conn, came)
        _recompute_waiting(conn, came)
        jobs.want(conn, "fetch", [a.job for a in came if a.error and a.notification], after=ALONE_AGAIN)
        cursors.page(conn, account.name, job.key, content.cursor)
        jobs.renew(conn, [job], self.lease)
        return True


def _recompute_waiting(conn: Connection, came: Sequence[Arrival]) -> None:
    """Returns that wait for a record that cannot be read say so: they are laid together again."""
    bad = [(one.account, one.stream, one.external_id) for one in came if one.error is not None]
    jobs.want(conn, "recompute", [(HUB, f"R{return_id}") for return_id in invalid.concerned(conn, bad)])


def backfill(
    database: Database, accounts: Accounts, name: str, stream: str, since: datetime
) -> Iterator[tuple[int, str]]:
    """Read a stream from a moment in the past into the inbox: records so far, and the cursor. Goes on where it stopped.

    Its cursor stands beside the live one's, so polling is not disturbed. Raises what the connector raises.
    """
    account = accounts.get(name)
    kept = f"{stream} since {since.isoformat()}"
    with database.begin() as conn:
        cursor = cursors.get(conn, name, kept)
    connector = account.connect(None, None, "backfill")
    pages = connector.poll(stream, cursor or connector.begin(stream, since))
    count = 0
    while True:
        with database.begin() as conn:
            (drawn,) = next_read_seq(conn)
        page = next(pages, None)
        if page is None:
            return
        count += len(page.messages)
        with database.begin() as conn:
            inbox.accept(conn, arrivals(account, page.messages, "poll", drawn))
            cursors.page(conn, name, kept, page.cursor)
        yield count, page.cursor


class Fetch:
    """The handler of `fetch` jobs: key is "stream/external id". Nothing is a duplicate: `wanted` was raised."""

    def __init__(self, database: Database, accounts: Accounts, *, lease: float) -> None:
        self.database = database
        self.accounts = accounts
        self.lease = lease

    def __call__(self, batch: Sequence[Job]) -> None:
        for job in batch:
            self._fetch(job, self.accounts.get(job.account))

    def _fetch(self, job: Job, account: Account) -> None:
        stream, external_id = job.key.split("/", 1)
        with self.database.begin() as conn:
            (drawn,) = next_read_seq(conn)
        until = time.monotonic() + self.lease * DEADLINE
        got = call(account, lambda connector: connector.fetch(stream, external_id), until)

        def keep(conn) -> None:  # type: ignore[no-untyped-def]
            if job.id not in jobs.fence(conn, [job]):
                return
            alone = got.error is not None and concerns_one(got.error)
            note(conn, account, f"fetch {stream} {external_id}", got, alone=alone)
            if got.error is not None and not alone:
                postpone(conn, job, got.error)
                return
            item = Unreadable(stream, external_id, explained(got.error)) if got.error is not None else got.value
            if item is not None:
                came = arrivals(account, [item], "fetch", drawn)
                inbox.accept(conn, came)
                _recompute_waiting(conn, came)
            jobs.finish(conn, [(job, job.wanted)])

        self.database.run(keep)
