"""Claiming and working off lanes, the same for every engine: bisects a failed batch, gives back what did not work.

It holds no rule about returns. The handlers are handed in; each completes its lanes itself, in its own transactions.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hub.store import inbox, lanes
from hub.store.database import IDLE_TIMEOUT, Connection, Database, DBAPIError, sqlstate
from hub.store.horizon import Horizon
from hub.store.lanes import Lane, Suspects
from hub.store.outage import away

log = logging.getLogger(__name__)

Handler = Callable[[Sequence[Lane]], None]

INBOX = "inbox"
"""Not a kind of lane: new messages that have none yet."""
DISPATCHED = 500
LOOK = 1.0
"""Seconds between two looks where the first lane is."""
STOOD_STILL = "25P03"
"""PostgreSQL ended a transaction that said nothing for long (IDLE_TIMEOUT): what it was about takes too much time."""


class TooSlow(Exception):
    """Why a lane is given back whose work takes longer than a transaction may."""

    def __init__(self) -> None:
        super().__init__(f"more work than fits into the {IDLE_TIMEOUT:.0f} s that a transaction may stand still")


@dataclass(frozen=True)
class Terms:
    """How many lanes of a kind one worker takes at once, and for how many seconds they are its own."""

    batch: int = 1
    lease: float = 60.0


BATCHES = {"read": 200}
"""CPU only: the more at once, the cheaper each. Remote lanes are taken one per idle slot."""


def terms(leases: Mapping[str, float]) -> Mapping[str, Terms]:
    """By kind; `leases` are the seconds its handler asks for."""
    return {kind: Terms(BATCHES.get(kind, 1), lease) for kind, lease in leases.items()}


class Work:
    """One process's hands. Safe to be used by many threads."""

    def __init__(
        self, database: Database, handlers: Mapping[str, Handler], worker: str, terms: Mapping[str, Terms]
    ) -> None:
        self.database = database
        self.handlers = handlers
        self.worker = worker
        self._terms = terms
        self._horizon = Horizon()
        self._looked: dict[str, float] = {}

    def lease(self, kind: str) -> float:
        """For how many seconds lanes of this kind are ours."""
        return self._terms.get(kind, Terms()).lease

    def dispatch(self) -> int:
        """Give new messages their lanes; how many there were."""
        return self.database.run(lambda conn: inbox.dispatch(conn, DISPATCHED)).total

    def claim(self, kind: str, suspects: Suspects) -> list[Lane] | None:
        """Take due lanes of this kind, for `run`. None: one that may kill its worker is due first, and was left."""
        terms = self._terms.get(kind, Terms())
        look = time.monotonic() - self._looked.get(kind, -LOOK) >= LOOK
        if look:
            self._looked[kind] = time.monotonic()

        def take(conn: Connection) -> list[Lane] | None:
            if look:
                self._horizon.advance(conn, kind)
            horizon = self._horizon
            found = lanes.claim(conn, [kind], self.worker, terms.batch, terms.lease, horizon=horizon, suspects=suspects)
            left = suspects == "leave" and not found and lanes.suspected(conn, kind, horizon=horizon)
            return None if left else found

        return self.database.run(take)

    def accompanied(self, lane: Lane) -> None:
        """Something else is about to begin beside this lane, which was claimed alone."""
        self.database.run(lambda conn: lanes.accompanied(conn, lane))

    def run(self, kind: str, claimed: Sequence[Lane]) -> None:
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
                log.warning("%s of %d lanes failed, trying halves: %s", kind, len(claimed), type(error).__name__)
                middle = len(claimed) // 2
                for half in (claimed[:middle], claimed[middle:]):
                    if mine := self._still_mine(kind, half):
                        self.run(kind, mine)

    def _still_mine(self, kind: str, claimed: Sequence[Lane]) -> list[Lane]:
        """These get a fresh lease, as far as they are ours; a half before them may have taken long."""
        held = self.database.run(lambda conn: lanes.renew(conn, claimed, self.lease(kind)))
        return [lane for lane in claimed if lane.id in held]

    def _give_back(self, lane: Lane, error: Exception) -> None:
        """One lane that its handler cannot do: later, and in the end a person has to look."""
        futile = isinstance(error, lanes.Futile)
        why = str(error) if futile else f"{type(error).__name__}: {error}".split("\n[SQL:")[0][:2000]
        log.error("%s %s/%s failed: %s", lane.kind, lane.account, lane.key, why, exc_info=None if futile else error)

        def work(conn: Connection) -> None:
            wait = lanes.wait(lane.attempts)
            if isinstance(error, lanes.Futile):
                lanes.park(conn, lane, why, error.about)
            elif wait is None:
                lanes.park(conn, lane, f"{lane.attempts + 1} attempts failed, the last: {why}")
            else:
                lanes.later(conn, lane, wait, why)

        self.database.run(work)
