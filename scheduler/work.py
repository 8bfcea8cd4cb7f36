"""Claiming and working off jobs, the same for every engine: bisects a failed batch, gives back what did not work.

It holds no rule about returns. The handlers are handed in; each completes its jobs itself, in its own transactions.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.store import claims, inbox, jobs
from hub.store.claims import Claim, Quarantine
from hub.store.database import IDLE_TIMEOUT, Connection, Database, DBAPIError, sqlstate
from hub.store.jobs import INBOX as INBOX
from hub.store.jobs import Job
from hub.store.low_water import LowWater
from hub.store.outage import away

log = logging.getLogger(__name__)

Handler = Callable[[Sequence[Job]], None]

PROCESS = "process"
"""The kind of job that a message is given."""
DISPATCHED = 500
LOOK = 1.0
"""Seconds between two looks where the first job is."""
STOOD_STILL = "25P03"
"""PostgreSQL ended a transaction that said nothing for long (IDLE_TIMEOUT): what it was about takes too much time."""


class TooSlow(Exception):
    """Why a job is given back whose work takes longer than a transaction may."""

    def __init__(self) -> None:
        super().__init__(f"more work than fits into the {IDLE_TIMEOUT:.0f} s that a transaction may stand still")


@dataclass(frozen=True)
class JobTerms:
    """How many jobs of a kind one worker takes at once, and for how many seconds they are its own."""

    batch: int = 1
    lease: float = 60.0


BATCHES = {"process": 200, "deliver": 16, "fetch": 8}
"""Of `process` the more at once, the cheaper each. Remote jobs are claimed together and done by a thread each."""


def terms(leases: Mapping[str, float]) -> Mapping[str, JobTerms]:
    """By kind; `leases` are the seconds its handler asks for."""
    return {kind: JobTerms(BATCHES.get(kind, 1), lease) for kind, lease in leases.items()}


class Found(NamedTuple):
    """What a look brought: so many jobs or new messages, and what was taken of them, jobs of `kind`."""

    kind: str
    number: int = 0
    claim: Claim = Claim()


class Work:
    """One process's hands. Safe to be used by many threads."""

    def __init__(
        self, database: Database, handlers: Mapping[str, Handler], worker: str, terms: Mapping[str, JobTerms]
    ) -> None:
        self.database = database
        self.handlers = handlers
        self.worker = worker
        self._terms = terms
        self._low_water = LowWater()
        self._looked: dict[str, float] = {}

    def lease(self, kind: str) -> float:
        """For how many seconds jobs of this kind are ours."""
        return self._terms.get(kind, JobTerms()).lease

    def most(self, kind: str) -> int:
        """How many jobs of this kind are taken at once."""
        return self._terms.get(kind, JobTerms()).batch

    def look(self, kind: str, quarantine: Quarantine, most: int) -> Found:
        """Take due jobs of this kind, for `run`; of new messages, give them their jobs and take those to be read."""
        if kind != INBOX:
            claim = self.database.run(lambda conn: self._claim(conn, kind, quarantine, most))
            return Found(kind, len(claim.jobs), claim)

        def dispatch(conn: Connection) -> Found:
            new = inbox.dispatch(conn, DISPATCHED).total
            if not new or PROCESS not in self.handlers:
                return Found(kind, new)
            claim = self._claim(conn, PROCESS, quarantine, self.most(PROCESS))
            if len(claim.jobs) < self.most(PROCESS) and not claim.left:
                conn.due.discard(PROCESS)
            return Found(PROCESS, new, claim)

        return self.database.run(dispatch)

    def _claim(self, conn: Connection, kind: str, quarantine: Quarantine, most: int) -> Claim:
        if time.monotonic() - self._looked.get(kind, -LOOK) >= LOOK:
            self._looked[kind] = time.monotonic()
            self._low_water.advance(conn, kind)
        return claims.claim_kind(
            conn, kind, self.worker, most, self.lease(kind), low_water=self._low_water, quarantine=quarantine
        )

    def end_quarantine(self, job: Job) -> None:
        """Something else is about to begin beside this job, which was claimed alone."""
        self.database.run(lambda conn: claims.end_quarantine(conn, job))

    def run(self, kind: str, claimed: Sequence[Job]) -> None:
        """Have the handler do these. Where it raises, halves are tried down to the one that it cannot do."""
        try:
            self.handlers[kind](claimed)
        except Exception as error:
            slow = isinstance(error, DBAPIError) and sqlstate(error) == STOOD_STILL
            if away(error):
                raise  # its leases run out and it is done again
            if len(claimed) == 1:
                self._give_back(claimed[0], TooSlow() if slow else error)
            else:
                log.warning("%s of %d jobs failed, trying halves: %s", kind, len(claimed), type(error).__name__)
                middle = len(claimed) // 2
                for half in (claimed[:middle], claimed[middle:]):
                    if mine := self._still_mine(kind, half):
                        self.run(kind, mine)

    def _still_mine(self, kind: str, claimed: Sequence[Job]) -> list[Job]:
        """These get a fresh lease, as far as they are ours; a half before them may have taken long."""
        held = self.database.run(lambda conn: jobs.renew(conn, claimed, self.lease(kind)))
        return [job for job in claimed if job.id in held]

    def _give_back(self, job: Job, error: Exception) -> None:
        """One job that its handler cannot do: later, and in the end a person has to look."""
        futile = isinstance(error, jobs.Futile)
        why = str(error) if futile else f"{type(error).__name__}: {error}".split("\n[SQL:")[0][:2000]
        log.error("%s %s/%s failed: %s", job.kind, job.account, job.key, why, exc_info=None if futile else error)

        def work(conn: Connection) -> None:
            wait = jobs.wait(job.attempts)
            if isinstance(error, jobs.Futile):
                jobs.dead_letter(conn, job, why, error.about)
            elif wait is None:
                jobs.dead_letter(conn, job, f"{job.attempts + 1} attempts failed, the last: {why}")
            else:
                jobs.reschedule(conn, job, wait, why)

        self.database.run(work)
