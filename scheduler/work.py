"""Claiming and working off jobs, the same for every engine: bisects a failed batch, gives back what did not work.

It holds no rule about returns. The handlers are handed in; each completes its jobs itself, in its own transactions.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hub.store import inbox, jobs
from hub.store.database import IDLE_TIMEOUT, Connection, Database, DBAPIError, sqlstate
from hub.store.jobs import Job, Quarantine
from hub.store.low_water import LowWater
from hub.store.outage import away

log = logging.getLogger(__name__)

Handler = Callable[[Sequence[Job]], None]

INBOX = "inbox"
"""Not a kind of job: new messages that have none yet."""
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


BATCHES = {"process": 200}
"""CPU only: the more at once, the cheaper each. Remote jobs are taken one per idle slot."""


def terms(leases: Mapping[str, float]) -> Mapping[str, JobTerms]:
    """By kind; `leases` are the seconds its handler asks for."""
    return {kind: JobTerms(BATCHES.get(kind, 1), lease) for kind, lease in leases.items()}


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

    def dispatch(self) -> int:
        """Give new messages their jobs; how many there were."""
        return self.database.run(lambda conn: inbox.dispatch(conn, DISPATCHED)).total

    def claim(self, kind: str, quarantine: Quarantine) -> list[Job] | None:
        """Take due jobs of this kind, for `run`. None: one that may kill its worker is due first, and was left."""
        terms = self._terms.get(kind, JobTerms())
        look = time.monotonic() - self._looked.get(kind, -LOOK) >= LOOK
        if look:
            self._looked[kind] = time.monotonic()

        def take(conn: Connection) -> list[Job] | None:
            if look:
                self._low_water.advance(conn, kind)
            low_water = self._low_water
            found = jobs.claim(
                conn, [kind], self.worker, terms.batch, terms.lease, low_water=low_water, quarantine=quarantine
            )
            left = quarantine == "leave" and not found and jobs.quarantine_waits(conn, kind, low_water=low_water)
            return None if left else found

        return self.database.run(take)

    def end_quarantine(self, job: Job) -> None:
        """Something else is about to begin beside this job, which was claimed alone."""
        self.database.run(lambda conn: jobs.end_quarantine(conn, job))

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
